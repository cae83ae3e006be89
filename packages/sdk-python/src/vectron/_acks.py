"""What became of one batch of a stream of upserts, and of a bulk load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ._points import Point, PointInput
from .errors import VectronError, invalid

# Of a number as JSON text, about.
_NUMBER_BYTES = 12
_MAX_DEPTH = 64


@dataclass(slots=True)
class BatchAck:
    """The outcome of one batch. ``error``: why the batch was not written completely; None: all of it is on disk."""

    batch: int
    """Position of the batch in the stream, from 0."""
    upserted: int
    write_token: str
    error: VectronError | None = None


@dataclass(slots=True)
class BatchProgress:
    """The progress of a bulk load: the number of points that were acknowledged so far."""

    upserted: int


def whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise invalid(name, f"{name} must be an integer from {least} to {most}")
    return value


def ids_of(points: Any) -> list[str]:
    """Of a batch, which may be none: two batches that share an id are written one after the other."""
    if not isinstance(points, Sequence):
        return []
    ids = [one.id if isinstance(one, Point) else one.get("id") if isinstance(one, Mapping) else None for one in points]
    return [one for one in ids if isinstance(one, str)]


def point_bytes(point: PointInput) -> int:
    """Bytes of a point in a request, about: enough to cut batches by, at a small part of what it costs to write it."""
    if isinstance(point, Point):
        fields: Mapping[str, Any] = {name: getattr(point, name) for name in Point.__slots__}
    elif isinstance(point, Mapping):
        fields = point
    else:
        return _NUMBER_BYTES
    dense = [fields.get("vector"), *_values(fields.get("vectors"))]
    components = sum(_length(one) for one in dense)
    few = sum(_length(one.get("indices")) for one in _values(fields.get("sparse")) if isinstance(one, Mapping))
    texts = _length(fields.get("id")) + _length(fields.get("text"))
    return texts + 4 * components + 2 * _NUMBER_BYTES * few + _value_bytes(fields.get("payload"), _MAX_DEPTH)


def _values(given: Any) -> list[Any]:
    return list(given.values()) if isinstance(given, Mapping) else []


def _length(given: Any) -> int:
    return len(given) if hasattr(given, "__len__") else 0


def _value_bytes(value: Any, depth: int) -> int:
    if isinstance(value, str):
        return len(value) + 2
    if depth == 0:
        return _NUMBER_BYTES
    if isinstance(value, Mapping):
        return 2 + sum(len(str(key)) + 4 + _value_bytes(one, depth - 1) for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return 2 + sum(1 + _value_bytes(one, depth - 1) for one in value)
    return _NUMBER_BYTES
