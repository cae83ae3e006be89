"""
Converts filters of Haystack to filters of Vectron. Invalid filters, and filters without an exact equivalent, are refused with
FilterError.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from haystack.errors import FilterError
from vectron import Condition, where
from vectron.filters import Field

from .converters import CONTENT, META

# Of a Document; other names without "meta." before them are of its meta, as in filters of Haystack 1.
_NOT_FILTERED = frozenset(("blob", "embedding", "score", "sparse_embedding"))


def condition_of(filters: Mapping[str, Any] | None) -> Condition | None:
    """Returns the condition; None: every document matches."""
    if filters is None or filters == {}:
        return None
    return _part(filters)


def path_of(name: str) -> str:
    """Returns the path in the payload of a field of meta, whose keys are separated by dots. Raises FilterError for any other name."""
    keys = name.removeprefix("meta.").split(".")
    if "" in keys:
        raise FilterError(f"{name!r} is not a field of meta; use 'meta.' and the name of the field")
    return ".".join([META, *(key.replace("\\", "\\\\") for key in keys)])


def key_path(key: str) -> str:
    """Returns the path of a key of meta that can contain dots."""
    return f"{META}." + key.replace("\\", "\\\\").replace(".", "\\.")


def _part(given: Any) -> Condition:
    if not isinstance(given, Mapping):
        raise FilterError(f"a filter must be a dictionary, not {given!r}")
    if "operator" not in given:
        raise FilterError(f"'operator' key missing in {given}")
    return _comparison(given) if "field" in given else _logic(given)


def _logic(given: Mapping[str, Any]) -> Condition:
    operator, conditions = given["operator"], given.get("conditions")
    if not isinstance(conditions, list):
        raise FilterError(f"'conditions' must be a list of filters in {given}")
    parts = [_part(one) for one in conditions]
    if operator == "AND":
        return where.all(*parts)
    if operator == "OR":
        return where.any(*parts)
    if operator == "NOT":
        return where.none(where.all(*parts))
    raise FilterError(f"Unknown logical operator {operator!r}. Valid operators are: AND, NOT, OR")


def _comparison(given: Mapping[str, Any]) -> Condition:
    name, operator = given["field"], given["operator"]
    if "value" not in given:
        raise FilterError(f"'value' key missing in {given}")
    if not isinstance(name, str):
        raise FilterError(f"'field' must be a string, not {name!r}")
    test = _TESTS.get(operator) if isinstance(operator, str) else None
    if test is None:
        raise FilterError(f"Unknown comparison operator {operator!r}. Valid operators are: {', '.join(_TESTS)}")
    if name in _NOT_FILTERED:
        raise FilterError(f"documents cannot be filtered by {name}; use 'id', 'content' or a field of meta")
    if name == "id":
        return _by_id(operator, given["value"])
    return test(where.field(CONTENT if name == CONTENT else path_of(name)), given["value"])


def _by_id(operator: str, value: Any) -> Condition:
    several = operator in ("in", "not in")
    ids = _listed(value) if several else [value]
    if operator not in ("==", "!=", "in", "not in") or not all(isinstance(one, str) for one in ids):
        raise FilterError(f"ids can only be compared with strings by '==', '!=', 'in' and 'not in', not by {operator!r} with {value!r}")
    chosen = where.ids(*ids) if ids else where.any()
    return where.none(chosen) if operator in ("!=", "not in") else chosen


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise FilterError(f"Filter value must be a `list` when using operator 'in' or 'not in', received type '{type(value)}'")
    return value


def _equal(field: Field, value: Any) -> Condition:
    if value is None:
        return where.none(field.exists())
    if isinstance(value, datetime):
        return field.datetime(gte=value, lte=value)
    if isinstance(value, str):
        # Two texts of one moment are equal.
        same = field.eq(value)
        return where.any(same, field.datetime(gte=value, lte=value)) if _is_date(value) else same
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return field.eq(value)
    raise FilterError(f"the value of a filter must be a string, a finite number, a bool, a datetime or None, not {value!r}")


def _in(field: Field, value: Any) -> Condition:
    return where.any(*(_equal(field, one) for one in _listed(value)))


def _bound(name: str) -> Callable[[Field, Any], Condition]:
    def test(field: Field, value: Any) -> Condition:
        if value is None:
            return where.any()
        if isinstance(value, datetime) or (isinstance(value, str) and _is_date(value)):
            return field.datetime(**{name: value})
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return field.range(**{name: value})
        raise FilterError(f"the value of this operator must be a finite number, a datetime or an ISO 8601 date, not {value!r}")

    return test


def _is_date(value: str) -> bool:
    # With a whole date: 2025 and 20250203 may be numbers, names or codes.
    if len(value) < 10 or value[4] != "-" or value[7] != "-":
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_TESTS: Mapping[str, Callable[[Field, Any], Condition]] = {
    "==": _equal,
    "!=": lambda field, value: where.none(_equal(field, value)),
    ">": _bound("gt"),
    ">=": _bound("gte"),
    "<": _bound("lt"),
    "<=": _bound("lte"),
    "in": _in,
    "not in": lambda field, value: where.none(_in(field, value)),
}
