"""Converts documents to points and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import vectron
from haystack.dataclasses import ByteStream, Document, SparseEmbedding
from vectron.integrations import restore_floats, whole_floats

CONTENT = "content"
META = "meta"
BLOB = "blob"
FLOATS = "floats"
EMBEDDING = "embedding"
SPARSE = "sparse"

# Every point has a first vector, and a document may have no embedding: embeddings are a named vector, which a point may be without.
PLACEHOLDER = (1.0,)


def point_of(document: Document, *, if_version: int | None = None) -> vectron.Point:
    payload: dict[str, Any] = {META: document.meta}
    if document.content is not None:
        payload[CONTENT] = document.content
    floats = whole_floats(document.meta)
    if floats:
        payload[FLOATS] = floats
    if document.blob is not None:
        blob = document.blob
        payload[BLOB] = {"data": b64encode(blob.data).decode("ascii"), "meta": blob.meta, "mime_type": blob.mime_type}
    sparse = document.sparse_embedding
    return vectron.Point(
        document.id,
        PLACEHOLDER,
        payload,
        # Without an entry there is none of it.
        sparse=None if sparse is None or not sparse.indices else {SPARSE: {"indices": sparse.indices, "values": sparse.values}},
        vectors=None if document.embedding is None else {EMBEDDING: document.embedding},
        if_version=if_version,
    )


def meta_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the meta of a point. Points that another program wrote have their payload without the content as meta."""
    meta = payload.get(META)
    if not isinstance(meta, dict):
        return {key: value for key, value in payload.items() if key != CONTENT}
    restored: dict[str, Any] = restore_floats(meta, payload.get(FLOATS))
    return restored


def document_of_point(point: vectron.StoredPoint) -> Document:
    """Converts a point to a document, with its embeddings if it was read with vectors."""
    return document_of(point.id, point.payload, vector=point.vectors.get(EMBEDDING), sparse=point.sparse.get(SPARSE))


def document_of(
    id: str,
    payload: Mapping[str, Any],
    *,
    score: float | None = None,
    vector: vectron.Floats | None = None,
    sparse: vectron.SparseVector | None = None,
) -> Document:
    content, blob = payload.get(CONTENT), payload.get(BLOB)
    return Document(
        id=id,
        content=content if isinstance(content, str) else None,
        blob=ByteStream(b64decode(blob["data"]), blob["meta"], blob["mime_type"]) if isinstance(blob, dict) else None,
        meta=meta_of(payload),
        score=None if score is None else float(score),
        embedding=None if vector is None else list(vector),
        sparse_embedding=None if sparse is None else SparseEmbedding(list(sparse.indices), [float(one) for one in sparse.values]),
    )
