"""The message of a filter in JSON form (proto/apigateway/filter.proto), as fields for its constructor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import invalid

_LISTS = ("all", "any", "none")
_BOUNDS = ("gt", "gte", "lt", "lte")
# Levels of filters below the first one.
_MAX_DEPTH = 16
_FORMS = "all, any, none, ids, nested, or field with a test"
_TESTS = "eq, in, notIn, gt, gte, lt, lte, geoRadius, geoBox, prefix, text, phrase, exists or isNull"
_CAMEL = {"not_in": "notIn", "geo_radius": "geoRadius", "geo_box": "geoBox", "is_null": "isNull"}
_SAFE = 2**53 - 1


def filter_fields(json: Any, at: str = "filter", depth: int = 0) -> dict[str, Any]:
    """Raises INVALID_ARGUMENT naming the place of what is wrong; an empty object is the empty filter."""
    if depth > _MAX_DEPTH:
        raise invalid("filter", f"filter: filters can be nested at most {_MAX_DEPTH} levels deep")
    given = {key: value for key, value in _object(json, at).items() if value is not None}
    if not given and depth == 0:
        return {}
    if "field" in given:
        return {"field": _field(given, at)}
    unknown = next((key for key in given if key not in (*_LISTS, "ids", "nested")), None)
    if unknown is not None:
        raise invalid(f"{at}.{unknown}", f'{at}: unknown filter "{unknown}"; use one of {_FORMS}')
    if len(given) != 1:
        raise invalid(at, f"{at}: a filter must have exactly one of {_FORMS}")
    [(key, value)] = given.items()
    here = f"{at}.{key}"
    if key in _LISTS:
        return {
            key: {
                "filters": [
                    filter_fields(one, f"{here}[{i}]", depth + 1) or _empty(f"{here}[{i}]") for i, one in enumerate(_list(value, here))
                ]
            }
        }
    if key == "ids":
        return {"ids": {"ids": [_text(one, f"{here}[{i}]") for i, one in enumerate(_list(value, here))]}}
    nested = _known(value, ("path", "filter"), here)
    inner = filter_fields(nested.get("filter"), f"{here}.filter", depth + 1)
    return {"nested": {"path": _text(nested.get("path"), f"{here}.path"), "filter": inner}}


def _empty(at: str) -> dict[str, Any]:
    raise invalid(at, f"{at}: a filter must have exactly one of {_FORMS}")


def _field(given: dict[str, Any], at: str) -> dict[str, Any]:
    path = _text(given.pop("field"), f"{at}.field")
    tests = {_CAMEL.get(key, key): value for key, value in given.items()}
    if tests and all(name in _BOUNDS for name in tests):
        return {"path": path, **_range(tests, at)}
    if len(tests) != 1:
        raise invalid(at, f"{at}: a field must have exactly one test: {_TESTS}")
    [(name, value)] = tests.items()
    return {"path": path, **_test(name, value, f"{at}.{name}", at)}


def _range(bounds: dict[str, Any], at: str) -> dict[str, Any]:
    if all(isinstance(one, str) for one in bounds.values()):
        return {"datetime": bounds}
    if not all(_is_number(one) for one in bounds.values()):
        raise invalid(at, f"{at}: all bounds must be numbers, or all must be times")
    made: dict[str, Any] = {}
    for name, value in bounds.items():
        if isinstance(value, int) and abs(value) > _SAFE:
            made[f"{name}_exact"] = _scalar(value, f"{at}.{name}")
        else:
            made[name] = float(value)
    return {"number": made}


def _test(name: str, value: Any, here: str, at: str) -> dict[str, Any]:
    if name == "eq":
        return {"in": {"values": [_scalar(value, here)]}}
    if name in ("in", "notIn"):
        values = [_scalar(one, f"{here}[{i}]") for i, one in enumerate(_list(value, here))]
        return {"in" if name == "in" else "not_in": {"values": values}}
    if name == "geoRadius":
        circle = _known(value, ("center", "meters"), here)
        center = _known(circle.get("center"), ("lat", "lon"), f"{here}.center")
        point = {side: _number(center.get(side), f"{here}.center.{side}") for side in ("lat", "lon")}
        return {"geo_radius": {"center": point, "meters": _number(circle.get("meters"), f"{here}.meters")}}
    if name == "geoBox":
        sides = ("north", "west", "south", "east")
        box = _known(value, sides, here)
        return {"geo_box": {side: _number(box.get(side), f"{here}.{side}") for side in sides}}
    if name in ("prefix", "text", "phrase"):
        return {name: _text(value, here)}
    if name in ("exists", "isNull"):
        if not isinstance(value, bool):
            raise invalid(here, f"{here} must be true or false")
        return {"exists" if name == "exists" else "is_null": value}
    raise invalid(here, f'{at}: unknown test "{name}"; use one of {_TESTS}')


def _scalar(value: Any, at: str) -> dict[str, Any]:
    if isinstance(value, str):
        return {"text": _text(value, at)}
    if isinstance(value, bool):
        return {"flag": value}
    if isinstance(value, float) and value.is_integer() and abs(value) <= _SAFE:
        value = int(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**64:
            raise invalid(at, f"{at} has no exact form as a 64-bit integer; send it as a string")
        return {"integer" if value < 2**63 else "unsigned": value}
    if not isinstance(value, float):
        raise invalid(at, f"{at} must be a string, a number, true or false")
    return {"number": value}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any, at: str) -> float:
    if not _is_number(value):
        raise invalid(at, f"{at} must be a number")
    return float(value)


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise invalid(at, f"{at} must be a string")
    return value


def _list(value: Any, at: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise invalid(at, f"{at} must be a list")
    return list(value)


def _object(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise invalid(at, f"{at} must be an object")
    return value


def _known(value: Any, names: tuple[str, ...], at: str) -> Mapping[str, Any]:
    given = _object(value, at)
    other = next((key for key in given if key not in names), None)
    if other is not None:
        raise invalid(f"{at}.{other}", f"{at}: unknown field {other}")
    return given
