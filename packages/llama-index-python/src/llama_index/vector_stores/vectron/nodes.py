"""Converts nodes to points and back without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import vectron
from llama_index.core.schema import BaseNode, TextNode
from llama_index.core.vector_stores.utils import metadata_dict_to_node
from vectron import Point
from vectron.integrations import restore_floats, whole_floats

from .filters import METADATA, NODE, NODE_TYPE, REF_DOC_ID, TEXT


def point_of(node: BaseNode) -> Point:
    """Converts a node to a point. Raises ValueError for a node without an embedding."""
    # The embedding is a float32 in the point alone; text and metadata stand beside the rest, where they are filtered and searched.
    fields = node.model_dump(mode="json", exclude={"embedding"})
    metadata = fields.pop("metadata", {})
    payload: dict[str, Any] = {METADATA: metadata, NODE_TYPE: node.class_name()}
    text = _take_text(fields)
    if text is not None:
        payload[TEXT] = text
    if node.ref_doc_id is not None:
        payload[REF_DOC_ID] = node.ref_doc_id
    payload[NODE] = json.dumps({"floats": whole_floats(metadata), "fields": fields}, ensure_ascii=False)
    return Point(node.node_id, node.get_embedding(), payload)


def _take_text(fields: dict[str, Any]) -> str | None:
    """Of a TextNode, or of a Node with resources."""
    holder = fields if TEXT in fields else fields.get("text_resource") or {}
    text = holder.get(TEXT)
    if not isinstance(text, str):
        return None
    holder[TEXT] = None
    return text


def node_of(id: str, payload: Mapping[str, Any], vector: vectron.Floats | None = None) -> BaseNode:
    """Converts a point to a node. Points that another program wrote become text nodes with their payload as metadata."""
    node = _node(id, payload)
    if vector is not None:
        node.embedding = list(vector)
    return node


def _node(id: str, payload: Mapping[str, Any]) -> BaseNode:
    content, text = payload.get(NODE), payload.get(TEXT)
    if not isinstance(content, str):
        metadata = payload.get(METADATA)
        rest = metadata if isinstance(metadata, dict) else {key: value for key, value in payload.items() if key != TEXT}
        return TextNode(id_=id, text=text if isinstance(text, str) else "", metadata=dict(rest))
    kept = json.loads(content)
    fields = kept["fields"]
    fields["metadata"] = restore_floats(payload.get(METADATA) or {}, kept["floats"])
    if text is not None:
        (fields if TEXT in fields else fields["text_resource"])[TEXT] = text
    return metadata_dict_to_node({"_node_content": json.dumps(fields), "_node_type": payload.get(NODE_TYPE)})
