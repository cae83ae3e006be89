"""Requests of the contract, as :mod:`vectron._forms` takes them. What is None is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ._documents import document, plain
from ._points import Consistency, consistency_fields, settings_fields, sparse_fields
from ._vectors import vector_bytes, vectors_bytes
from .errors import invalid
from .filters import Filter, filter_json

Fields = dict[str, Any]


def given(**fields: Any) -> Fields:
    """The fields that are not None, with plain values."""
    return {name: one if type(one) is bytes else plain(one, name) for name, one in fields.items() if one is not None}


def selecting(collection: str, filter: Filter | None = None, consistency: Consistency | None = None, **others: Any) -> Fields:
    """What reads have in common."""
    request = given(collection=named(collection), **others)
    if filter is not None:
        request["filter"] = document(filter_json(filter), "filter")
    if consistency is not None:
        request["consistency"] = consistency_fields(consistency)
    return request


def named(collection: Any, at: str = "collection") -> str:
    """Before a path of REST is made of it."""
    if not isinstance(collection, str) or collection in ("", ".", ".."):
        raise invalid(at, f"{at} must be the name of a collection")
    return collection


def sought(vector: Any, text: str | None, like_id: str | None) -> Fields:
    """Exactly one of the three, as fields."""
    if sum(one is not None for one in (vector, text, like_id)) != 1:
        raise invalid("vector", "pass exactly one of vector, text and like_id")
    if vector is None:
        return given(text=text, like_id=like_id)
    return {"vector_f32": vector_bytes(vector, "vector")}


def batch_vectors(vectors: Any) -> list[bytes]:
    return vectors_bytes(vectors, "vectors")


_BRANCH = frozenset(
    ("vector", "embed", "like_id", "sparse", "text", "examples", "filter", "limit", "weight", "ef", "recall", "exact")
    + ("score_threshold", "using")
)


def branch_fields(branch: Mapping[str, Any], at: str) -> Fields:
    """One branch of a query: exactly one of vector, embed, like_id, sparse, text and examples, and its options."""
    if not isinstance(branch, Mapping):
        raise invalid(at, f"{at} must be a dict")
    unknown = next((name for name in branch if name not in _BRANCH), None)
    if unknown is not None:
        raise invalid(f"{at}.{unknown}", f"{at}: unknown field {unknown}")
    made: Fields = {}
    for name, value in branch.items():
        here = f"{at}.{name}"
        if value is None:
            continue
        if name == "vector":
            made["vector_f32"] = vector_bytes(value, here)
        elif name == "filter":
            made["filter"] = document(filter_json(value), here)
        elif name == "sparse":
            made["sparse"] = sparse_fields(value, here)
        elif name == "text" and isinstance(value, str):
            made["text"] = {"query": value}
        else:
            made[name] = plain(value, here)
    return made


def query_fields(query: Mapping[str, Any], at: str = "") -> Fields:
    """A query with its options by the names of :meth:`Client.query`, and its collection."""
    rest = dict(query)
    prefix = f"{at}." if at else ""
    branches = rest.pop("branches", None)
    if isinstance(branches, (str, bytes, Mapping)) or not isinstance(branches, Sequence):
        raise invalid(f"{prefix}branches", f"{prefix}branches must be a list of dicts")
    rescore = rest.pop("rescore_vector", None)
    include_payload = rest.pop("include_payload", True)
    budget = rest.pop("budget_ms", None)
    unknown = next((name for name in rest if name not in _QUERY), None)
    if unknown is not None:
        raise invalid(f"{prefix}{unknown}", f"unknown option {unknown} of a query")
    request = selecting(**{"collection": None, **rest}, include_metadata=include_payload, timeout_ms=budget)
    request["branches"] = [branch_fields(one, f"{prefix}branches[{i}]") for i, one in enumerate(branches)]
    if rescore is not None:
        request["rescore_vector_f32"] = vector_bytes(rescore, f"{prefix}rescore_vector")
    return request


_QUERY = frozenset(
    ("collection", "filter", "consistency", "top_k", "fusion", "rrf_k", "diversity", "group_by", "include_vectors") + ("score_threshold",)
)


def index_target(index: Any, sparse_vector: str | None, named_vector: Any) -> Fields:
    """Exactly one of the three."""
    if sum(one is not None for one in (index, sparse_vector, named_vector)) != 1:
        raise invalid("index", "pass exactly one of index, sparse_vector and named_vector")
    if index is not None:
        return {"index": settings_fields(index, "index")}
    if sparse_vector is not None:
        return {"sparse_vector": sparse_vector}
    return {"named_vector": settings_fields(named_vector, "named_vector")}


def seconds_of(at: datetime | None, name: str = "expires_at") -> int | None:
    """Seconds since 1970; a moment without a zone is refused, because it may be meant in several."""
    if at is None:
        return None
    if not isinstance(at, datetime) or at.tzinfo is None:
        raise invalid(name, f"{name} must be a datetime with a time zone")
    return int(at.timestamp())
