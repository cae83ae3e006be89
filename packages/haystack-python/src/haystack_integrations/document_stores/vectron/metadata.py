"""Computes the fields and values of the meta of documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import vectron
from vectron.integrations import Steps, if_there_is_one, read_points

from .converters import meta_of
from .filters import path_of

# Values that one request for facets gives, at most.
MOST_FACETS = 10_000
_KINDS = {bool: "boolean", int: "integer", float: "float", str: "keyword", list: "list", dict: "object"}

Scalar = str | int | float | bool


def unique_values(collection: str, field: str, condition: vectron.Condition | None) -> Steps[list[Scalar]]:
    """Returns the distinct values of a field in a stable order. Values of different types are different."""
    options: dict[str, Any] = {"filter": condition, "limit": MOST_FACETS, "consistency": "linearizable"}
    found = yield from if_there_is_one(lambda db: db.facets(collection, path_of(field), **options), None)
    if found is None:
        return []
    values = [one.value for one in found.values]
    if found.more or any(isinstance(one, (int, float)) for one in values):
        # The server's facets have equal numbers as one, whatever their type.
        points = yield from read_points(collection, condition)
        values = [value for one in points for value in values_at(one.payload, field)]
    seen = {(type(value).__name__, value): value for value in values}
    return sorted(seen.values(), key=lambda one: (isinstance(one, str), type(one).__name__, one))


def values_at(payload: Mapping[str, Any], field: str) -> Iterator[Scalar]:
    """Returns the values at a path. Lists on the path are traversed, as by the server."""

    def walk(value: Any, keys: list[str]) -> Iterator[Scalar]:
        if isinstance(value, list):
            for item in value:
                yield from walk(item, keys)
        elif keys:
            if isinstance(value, dict) and keys[0] in value:
                yield from walk(value[keys[0]], keys[1:])
        elif isinstance(value, (str, int, float)):
            yield value

    return walk(meta_of(payload), field.removeprefix("meta.").split("."))


def fields_info(points: Iterable[vectron.StoredPoint]) -> dict[str, dict[str, str]]:
    """Returns the type of each field of meta; ``mixed`` if it has several types."""
    kinds: dict[str, str] = {}
    for point in points:
        for name, value in meta_of(point.payload).items():
            if value is not None:
                kind = _KINDS[type(value)]
                kinds[name] = kind if kinds.get(name, kind) == kind else "mixed"
    return {name: {"type": kind} for name, kind in kinds.items()}
