"""Converts queries of LlamaIndex, by their mode, to calls of the client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.vector_stores.types import VectorStoreQuery, VectorStoreQueryMode
from vectron import Condition, where
from vectron.integrations import Step

from .filters import REF_DOC_ID, TEXT, condition_of

# Candidates of MMR for each node of the answer, and the most that the server chooses from.
CANDIDATES_PER_NODE = 4
MOST_CANDIDATES = 1000


def selected(query: VectorStoreQuery) -> Condition | None:
    """
    Returns the filter of a query: of its metadata, documents and nodes. An empty list is ignored, because retrievers of an index pass
    one.
    """
    parts = [condition_of(query.filters)]
    if query.doc_ids:
        parts.append(where.field(REF_DOC_ID).is_in(*query.doc_ids))
    if query.node_ids:
        parts.append(where.ids(*query.node_ids))
    given = [one for one in parts if one is not None]
    return None if not given else given[0] if len(given) == 1 else where.all(*given)


def step_of(collection: str, query: VectorStoreQuery, options: Mapping[str, Any]) -> Step | None:
    """
    Returns the call that answers a query; ``options`` are those of the client's ``search`` or ``query``. None: the answer is empty
    without a call. Raises ValueError for modes and options that are not supported.
    """
    if query.output_fields is not None:
        raise ValueError("output_fields is not supported: queries always return whole nodes; omit it")
    plan = _PLANS.get(query.mode)
    if plan is None:
        raise ValueError(f"Vectron does not support the query mode {query.mode.value!r}; use {', '.join(mode.value for mode in _PLANS)}")
    return plan(collection, query, dict(options))


def _nearest(collection: str, query: VectorStoreQuery, options: dict[str, Any]) -> Step | None:
    vector, limit = _vector(query), query.similarity_top_k
    given = {"top_k": limit, "filter": selected(query), "using": query.embedding_field, **options}
    return None if limit < 1 else lambda db: db.search(collection, vector, **given)


def _worded(collection: str, query: VectorStoreQuery, options: dict[str, Any]) -> Step | None:
    limit = _first(query.sparse_top_k, query.similarity_top_k)
    return _asked(collection, [_by_words(query)], limit, query, options)


def _hybrid(collection: str, query: VectorStoreQuery, options: dict[str, Any]) -> Step | None:
    """With ``alpha``, scores of each way are scaled to 0 to 1 and weighted by it; without, places in both are what counts (RRF)."""
    alpha = query.alpha
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be 0 (only words) to 1 (only vectors), not {alpha}")
    dense = _by_vector(query) | {"limit": query.similarity_top_k}
    words = _by_words(query) | {"limit": _first(query.sparse_top_k, query.similarity_top_k)}
    if alpha is not None:
        dense["weight"], words["weight"] = alpha, 1 - alpha
        options = {"fusion": "weighted", **options}
    # A way without weight adds nothing, and a limit of 0 would be the server's default.
    branches = [one for one in (dense, words) if one.get("weight") != 0 and one["limit"] > 0]
    return _asked(collection, branches, _first(query.hybrid_top_k, query.similarity_top_k), query, options)


def _diverse(collection: str, query: VectorStoreQuery, options: dict[str, Any]) -> Step | None:
    limit = query.similarity_top_k
    threshold = options.pop("mmr_threshold", query.mmr_threshold)
    threshold = 0.5 if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise ValueError(f"mmr_threshold must be 0 (only diversity) to 1 (only similarity), not {threshold}")
    factor = options.pop("mmr_prefetch_factor", None)
    candidates = options.pop("mmr_prefetch_k", None)
    if factor is not None and candidates is not None:
        raise ValueError("pass mmr_prefetch_factor or mmr_prefetch_k, not both")
    wanted = int(limit * (CANDIDATES_PER_NODE if factor is None else factor)) if candidates is None else candidates
    most = max(limit, min(wanted, MOST_CANDIDATES))
    options = {"diversity": {"share": 1 - threshold, "candidates": most}, **options}
    return _asked(collection, [_by_vector(query) | {"limit": most}], limit, query, options)


def _asked(collection: str, branches: list[dict[str, Any]], limit: int, query: VectorStoreQuery, options: Mapping[str, Any]) -> Step | None:
    given = {"top_k": limit, "filter": selected(query), **options}
    return None if limit < 1 or not branches else lambda db: db.query(collection, branches, **given)


def _by_vector(query: VectorStoreQuery) -> dict[str, Any]:
    return {"vector": _vector(query), "using": query.embedding_field}


def _by_words(query: VectorStoreQuery) -> dict[str, Any]:
    if not query.query_str:
        raise ValueError(f"a query of the mode {query.mode.value!r} requires a query_str")
    return {"text": {"query": query.query_str, "fields": [{"path": TEXT}]}}


def _vector(query: VectorStoreQuery) -> list[float]:
    if query.query_embedding is None:
        raise ValueError(f"a query of the mode {query.mode.value!r} requires a query_embedding")
    return query.query_embedding


def _first(given: int | None, otherwise: int) -> int:
    return otherwise if given is None else given


_PLANS = {
    VectorStoreQueryMode.DEFAULT: _nearest,
    VectorStoreQueryMode.SPARSE: _worded,
    VectorStoreQueryMode.TEXT_SEARCH: _worded,
    VectorStoreQueryMode.HYBRID: _hybrid,
    VectorStoreQueryMode.MMR: _diverse,
}
