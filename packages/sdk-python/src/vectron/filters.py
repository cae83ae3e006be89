"""
Conditions on points. ``where.field("year").gte(2020) & where.field("tags").eq("mail")`` is the same as ``{"all": [{"field": "year",
"gte": 2020}, {"field": "tags", "eq": "mail"}]}``, the JSON form that docs/data-model.md describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, TypeAlias, Union

__all__ = ["Condition", "Field", "Filter", "where"]

Scalar: TypeAlias = Union[str, int, float, bool]
Number: TypeAlias = Union[int, float]
Moment: TypeAlias = Union[str, datetime]


@dataclass(frozen=True)
class Condition:
    """A filter; ``&``, ``|`` and ``~`` combine and negate filters."""

    json: Mapping[str, Any]

    def __and__(self, other: Filter) -> Condition:
        return where.all(self, other)

    def __or__(self, other: Filter) -> Condition:
        return where.any(self, other)

    def __invert__(self) -> Condition:
        return where.none(self)

    def __bool__(self) -> bool:
        raise TypeError("a condition has no truth value; combine conditions with &, | and ~, not with and, or and not")


# Of the builder, or in JSON form.
Filter: TypeAlias = Union[Condition, Mapping[str, Any]]


def filter_json(given: Filter) -> Mapping[str, Any]:
    return given.json if isinstance(given, Condition) else given


@dataclass(frozen=True)
class Field:
    """Tests of the values at a path of the payload. Lists on the path are traversed; a test matches if it matches one value."""

    path: str

    def _test(self, **tests: Any) -> Condition:
        return Condition({"field": self.path, **{name: value for name, value in tests.items() if value is not None}})

    def eq(self, value: Scalar) -> Condition:
        return self._test(eq=value)

    def ne(self, value: Scalar) -> Condition:
        """Matches if no value equals the given one, also where there is no value."""
        return self._test(notIn=[value])

    def is_in(self, *values: Scalar) -> Condition:
        return self._test(**{"in": list(values)})

    def not_in(self, *values: Scalar) -> Condition:
        """Matches if no value is one of the given ones, also where there is no value."""
        return self._test(notIn=list(values))

    def gt(self, bound: Number) -> Condition:
        return self._test(gt=bound)

    def gte(self, bound: Number) -> Condition:
        return self._test(gte=bound)

    def lt(self, bound: Number) -> Condition:
        return self._test(lt=bound)

    def lte(self, bound: Number) -> Condition:
        return self._test(lte=bound)

    def range(
        self, *, gt: Number | None = None, gte: Number | None = None, lt: Number | None = None, lte: Number | None = None
    ) -> Condition:
        return self._test(gt=gt, gte=gte, lt=lt, lte=lte)

    def datetime(
        self, *, gt: Moment | None = None, gte: Moment | None = None, lt: Moment | None = None, lte: Moment | None = None
    ) -> Condition:
        """Matches times within the bounds: strings in a common form, or datetime objects; one without a time zone is in UTC."""
        return self._test(gt=_moment(gt), gte=_moment(gte), lt=_moment(lt), lte=_moment(lte))

    def within(self, lat: float, lon: float, meters: float) -> Condition:
        return self._test(geoRadius={"center": {"lat": lat, "lon": lon}, "meters": meters})

    def in_box(self, *, north: float, west: float, south: float, east: float) -> Condition:
        """
        Matches geographic points within the edges, in degrees. ``west`` can be greater than ``east``: the box then crosses the 180th
        meridian.
        """
        return self._test(geoBox={"north": north, "west": west, "south": south, "east": east})

    def starts_with(self, prefix: str) -> Condition:
        return self._test(prefix=prefix)

    def has_words(self, text: str) -> Condition:
        """Matches strings that contain every word of the text."""
        return self._test(text=text)

    def phrase(self, phrase: str) -> Condition:
        """Matches strings that contain the words next to each other in this order."""
        return self._test(phrase=phrase)

    def exists(self, exists: bool = True) -> Condition:
        return self._test(exists=exists)

    def is_null(self, is_null: bool = True) -> Condition:
        return self._test(isNull=is_null)


def _moment(bound: Moment | None) -> str | None:
    if not isinstance(bound, datetime):
        return bound
    return (bound if bound.tzinfo is not None else bound.replace(tzinfo=timezone.utc)).isoformat()


class where:
    """Builds filters."""

    @staticmethod
    def field(path: str) -> Field:
        """Starts a test of the values at a path: keys separated by dots, with a backslash before a dot that is part of a key."""
        return Field(path)

    @staticmethod
    def all(*filters: Filter) -> Condition:
        """Matches if every filter matches."""
        return Condition({"all": [filter_json(one) for one in filters]})

    @staticmethod
    def any(*filters: Filter) -> Condition:
        """Matches if at least one filter matches."""
        return Condition({"any": [filter_json(one) for one in filters]})

    @staticmethod
    def none(*filters: Filter) -> Condition:
        """Matches if none of the filters matches."""
        return Condition({"none": [filter_json(one) for one in filters]})

    @staticmethod
    def ids(*ids: str) -> Condition:
        """Matches the points with these ids."""
        return Condition({"ids": list(ids)})

    @staticmethod
    def nested(path: str, filter: Filter) -> Condition:
        """Matches if one object at ``path`` matches the whole filter, whose paths begin in that object."""
        return Condition({"nested": {"path": path, "filter": filter_json(filter)}})
