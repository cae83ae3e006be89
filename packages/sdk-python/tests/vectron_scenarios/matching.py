"""Whether an answer is as a scenario says it: what is named must be there and equal, what is not named may be anything."""

from __future__ import annotations

from typing import Any

_ABSENT = object()


def difference(wanted: Any, got: Any, kept: dict[str, Any], at: str = "answer") -> str | None:
    """The first place that differs; None: there is none."""
    if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted):
        return _matched(wanted, got, kept, at)
    if got is _ABSENT:
        return f"{at} is missing"
    if isinstance(wanted, dict):
        if not isinstance(got, dict):
            return f"{at} is no object: {got!r}"
        places = ((wanted[key], got.get(key, _ABSENT), f"{at}.{key}") for key in wanted)
        return _first(places, kept)
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(wanted) != len(got):
            return f"{at} is no list of {len(wanted)}: {got!r}"
        return _first(((one, got[i], f"{at}[{i}]") for i, one in enumerate(wanted)), kept)
    return None if _equal(wanted, got) else f"{at} is {got!r}, and not {wanted!r}"


def _first(places: Any, kept: dict[str, Any]) -> str | None:
    return next((found for w, g, at in places if (found := difference(w, g, kept, at)) is not None), None)


def _matched(wanted: dict[str, Any], got: Any, kept: dict[str, Any], at: str) -> str | None:
    kind = next(key for key in wanted if key.startswith("$"))
    value = wanted[kind]
    if kind == "$absent":
        return None if got is _ABSENT else f"{at} is there: {got!r}"
    if got is _ABSENT:
        return f"{at} is missing"
    if kind == "$any":
        return None if got is not None else f"{at} is null"
    if kind == "$near":
        return None if abs(got - value) <= wanted["within"] else f"{at} is {got!r}, and not near {value}"
    if kind == "$length":
        return None if len(got) == value else f"{at} has the length {len(got)}, and not {value}"
    if kind == "$from":
        return difference(kept[value], got, kept, at)
    if kind == "$unordered":
        return _unordered(value, got, kept, at)
    raise ValueError(f"{at}: the matcher {kind} is not known")


def _unordered(wanted: list[Any], got: Any, kept: dict[str, Any], at: str) -> str | None:
    if not isinstance(got, list) or len(got) != len(wanted):
        return f"{at} is no list of {len(wanted)}: {got!r}"
    left = list(got)
    for one in wanted:
        place = next((i for i, other in enumerate(left) if difference(one, other, kept, at) is None), None)
        if place is None:
            return f"{at} has no {one!r}"
        left.pop(place)
    return None


def _equal(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None or got is None:
        return wanted is got
    if isinstance(wanted, str) and isinstance(got, int):
        return wanted == str(got)
    if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
        if isinstance(wanted, int) and isinstance(got, int):
            return wanted == got
        return wanted == got or abs(wanted - got) <= 1e-5
    return type(wanted) is type(got) and bool(wanted == got)
