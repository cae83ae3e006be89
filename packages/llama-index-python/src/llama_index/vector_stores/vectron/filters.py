"""Converts metadata filters of LlamaIndex to filters of Vectron. A filter that has no exact equivalent is refused with ValueError."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from llama_index.core.vector_stores.types import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters
from vectron import Condition, where
from vectron.filters import Field

# Where a node's parts are in the payload of its point.
TEXT = "text"
METADATA = "metadata"
REF_DOC_ID = "ref_doc_id"
NODE = "node"
NODE_TYPE = "node_type"

# By these keys stores of LlamaIndex filter by the document that a node is of.
_OF_THE_DOCUMENT = frozenset(("doc_id", "document_id", "ref_doc_id"))


def condition_of(filters: MetadataFilters | None) -> Condition | None:
    """Returns the condition; None: every node matches. Raises ValueError for a filter that has no equivalent in Vectron."""
    if filters is None or not filters.filters:
        return None
    parts = [_part(one) for one in filters.filters]
    joined = filters.condition or FilterCondition.AND
    if joined == FilterCondition.AND:
        return parts[0] if len(parts) == 1 else where.all(*parts)
    if joined == FilterCondition.OR:
        return where.any(*parts)
    if joined == FilterCondition.NOT:
        return where.none(*parts)
    raise ValueError(f"the condition of filters must be AND, OR or NOT, not {joined!r}")


def _part(one: MetadataFilter | MetadataFilters) -> Condition:
    if isinstance(one, MetadataFilters):
        condition = condition_of(one)
        # Without any filter in it, AND is true of none, OR is false of none, and NOT is true of none.
        return condition if condition is not None else (where.any() if one.condition == FilterCondition.OR else where.all())
    field = where.field(REF_DOC_ID if one.key in _OF_THE_DOCUMENT else f"{METADATA}.{one.key}")
    test = _TESTS.get(one.operator)
    if test is None:
        raise ValueError(f"{one.key}: Vectron does not support the operator {one.operator.value!r}{_HINTS.get(one.operator, '')}")
    return test(field, one)


def _single(one: MetadataFilter) -> str | int | float:
    value = one.value
    if isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError(f"{one.key}: the operator {one.operator.value!r} requires one string or finite number, not {value!r}")


def _several(one: MetadataFilter) -> list[str | int | float]:
    if not isinstance(one.value, list):
        raise ValueError(f"{one.key}: the operator {one.operator.value!r} requires a list, not {one.value!r}")
    if any(isinstance(value, float) and not math.isfinite(value) for value in one.value):
        raise ValueError(f"{one.key}: the operator {one.operator.value!r} requires finite numbers, not {one.value!r}")
    return list(one.value)


def _alike(*values: str | int | float) -> list[str | int | float | bool]:
    """Values with what Python has as equal to them: a filter of LlamaIndex cannot hold True and False, which are 1 and 0."""
    made: list[str | int | float | bool] = []
    for value in values:
        made.append(value)
        if not isinstance(value, str) and value in (0, 1):
            made.append(bool(value))
    return made


def _is_one_of(field: Field, *values: str | int | float) -> Condition:
    return field.is_in(*_alike(*values)) if values else where.any()


def _is_none_of(field: Field, *values: str | int | float) -> Condition:
    return field.not_in(*_alike(*values)) if values else where.all()


def _bound(name: str) -> Callable[[Field, MetadataFilter], Condition]:
    def test(field: Field, one: MetadataFilter) -> Condition:
        value = _single(one)
        # Strings are compared when they are times; the server refuses others.
        return field.datetime(**{name: value}) if isinstance(value, str) else field.range(**{name: value})

    return test


def _every(field: Field, one: MetadataFilter) -> Condition:
    values = _several(one)
    return where.all(*(_is_one_of(field, value) for value in values)) if values else field.exists()


def _words(field: Field, one: MetadataFilter) -> Condition:
    if not isinstance(one.value, str):
        raise ValueError(f"{one.key}: the operator {one.operator.value!r} requires a string, not {one.value!r}")
    return field.phrase(one.value)


_TESTS: Mapping[FilterOperator, Callable[[Field, MetadataFilter], Condition]] = {
    FilterOperator.EQ: lambda field, one: _is_one_of(field, _single(one)),
    FilterOperator.NE: lambda field, one: _is_none_of(field, _single(one)),
    FilterOperator.GT: _bound("gt"),
    FilterOperator.GTE: _bound("gte"),
    FilterOperator.LT: _bound("lt"),
    FilterOperator.LTE: _bound("lte"),
    FilterOperator.IN: lambda field, one: _is_one_of(field, *_several(one)),
    FilterOperator.NIN: lambda field, one: _is_none_of(field, *_several(one)),
    FilterOperator.ANY: lambda field, one: _is_one_of(field, *_several(one)),
    FilterOperator.ALL: _every,
    FilterOperator.CONTAINS: lambda field, one: _is_one_of(field, _single(one)),
    FilterOperator.TEXT_MATCH_INSENSITIVE: _words,
    FilterOperator.IS_EMPTY: lambda field, _: where.any(where.none(field.exists()), field.eq("")),
}
_HINTS: Mapping[Any, str] = {
    FilterOperator.TEXT_MATCH: "; use text_match_insensitive, which compares words without regard to case",
}
