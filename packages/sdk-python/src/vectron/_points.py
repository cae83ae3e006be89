"""Points as they are written, and where reads look."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, Union

from ._documents import document, plain
from ._values import PayloadInput, Vector
from ._vectors import vector_bytes
from .errors import invalid


@dataclass(slots=True)
class Point:
    """
    A point to write; a dict with the same keys can be used instead. It has a vector, or a text from which the embedding provider of the
    collection computes the vector.
    """

    id: str
    """Id of the point, 1 to 512 bytes of UTF-8."""
    vector: Vector | None = None
    payload: PayloadInput | None = None
    text: str | None = None
    sparse: Mapping[str, Any] | None = None
    """Sparse vectors by name, as declared for the collection: each with ``indices`` and the same number of ``values``."""
    vectors: Mapping[str, Vector] | None = None
    """Named dense vectors in addition to ``vector``, as declared for the collection."""
    ttl_seconds: int | None = None
    """Seconds after which the point is deleted; None: it never expires."""
    if_version: int | None = None
    """Version that the stored point must have; 0: the point must not exist. Otherwise the batch fails with VERSION_CONFLICT."""


PointInput: TypeAlias = Union[Point, Mapping[str, Any]]
_FIELDS = frozenset(one.name for one in dataclasses.fields(Point))


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A read must see the write that returned this token."""

    write_token: str


@dataclass(frozen=True, slots=True)
class Bounded:
    """A read may use a state of at most this age."""

    max_staleness_ms: int


# Which writes a read must see. any: what the replica has; linearizable: every write acknowledged before the read began.
Consistency: TypeAlias = Union[Literal["any", "linearizable"], AtLeast, Bounded]


def consistency_fields(asked: Consistency | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    if isinstance(asked, AtLeast):
        return {"level": "at_least", "write_token": asked.write_token}
    if isinstance(asked, Bounded):
        return {"level": "bounded", "max_staleness_ms": asked.max_staleness_ms}
    return {"level": asked}


def points_fields(points: Iterable[PointInput]) -> list[dict[str, Any]]:
    """The points of a write, as their fields. Raises INVALID_ARGUMENT naming the place of what is wrong."""
    if isinstance(points, (str, bytes, Mapping, Point)) or not isinstance(points, Iterable):
        raise invalid("points", "points must be a list of points")
    return [_point(one, f"points[{at}]") for at, one in enumerate(points)]


def _point(point: PointInput, at: str) -> dict[str, Any]:
    given = _given(point, at)
    if not isinstance(given.get("id"), str):
        raise invalid(f"{at}.id", f"{at}.id must be a string")
    made: dict[str, Any] = {"id": given["id"]}
    for name in ("text", "ttl_seconds", "if_version"):
        if given.get(name) is not None:
            made[name] = plain(given[name], f"{at}.{name}")
    if given.get("vector") is not None:
        made["vector_f32"] = vector_bytes(given["vector"], f"{at}.vector")
    if given.get("payload") is not None:
        made["payload"] = document(given["payload"], f"{at}.payload")
    if given.get("vectors"):
        made["vectors"] = {name: vector_bytes(one, f"{at}.vectors.{name}") for name, one in given["vectors"].items()}
    if given.get("sparse"):
        made["sparse"] = {name: sparse_fields(one, f"{at}.sparse.{name}") for name, one in given["sparse"].items()}
    return made


def _given(point: PointInput, at: str) -> Mapping[str, Any]:
    if isinstance(point, Point):
        return {name: getattr(point, name) for name in _FIELDS}
    if not isinstance(point, Mapping):
        raise invalid(at, f"{at} must be a Point or a dict of its fields, not {type(point).__name__}")
    for name in point:
        if name not in _FIELDS:
            raise invalid(f"{at}.{name}", f"{at}: unknown field {name}")
    return point


def sparse_fields(sparse: Any, at: str) -> dict[str, Any]:
    """Indices and values, of a dict or an object that has both."""
    given = sparse if isinstance(sparse, Mapping) else {k: getattr(sparse, k, None) for k in ("indices", "values")}
    unknown = next((key for key in given if key not in ("indices", "values", "name")), None)
    if unknown is not None:
        raise invalid(f"{at}.{unknown}", f"{at}: unknown field {unknown}")
    made = dict(given)
    for key in ("indices", "values"):
        if given.get(key) is None:
            raise invalid(f"{at}.{key}", f"{at} must have {key}")
        made[key] = plain(_listed(given[key]), f"{at}.{key}")
    return made


def _listed(values: Any) -> Any:
    return values.tolist() if hasattr(values, "tolist") else list(values)


def settings_fields(settings: Any, at: str) -> Any:
    """What describes a collection: a dict, or one of the classes of answers without what it has the default of."""
    if dataclasses.is_dataclass(settings) and not isinstance(settings, type):
        return {key: one for key, one in dataclasses.asdict(settings).items() if one not in (None, "", 0, False, [], {})}
    return document(settings, at)
