"""Payloads as they are sent: what has no exact JSON form is refused at its place, and nothing is rounded or left out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from .errors import VectronError, invalid

# Levels of a payload; those of a server are as many.
MAX_DEPTH = 64
_SIMPLE = frozenset((str, bool, type(None)))


def document(value: Any, at: str) -> dict[str, Any]:
    """A JSON object with plain values alone. Raises INVALID_ARGUMENT naming the place of what has no JSON form."""
    if not isinstance(value, Mapping):
        raise invalid(at, f"{at} must be an object: a dict whose keys are strings")
    return _object(value, at, 1)


def _object(value: Mapping[Any, Any], at: str, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise invalid(at.split(".", 1)[0], f"{at.split('.', 1)[0]}: a payload can be nested at most {MAX_DEPTH} levels deep")
    made = {}
    for key, item in value.items():
        if type(key) is not str:
            raise invalid(at, f"{at}: the key {key!r} must be a string")
        made[key] = item if type(item) in _SIMPLE else plain(item, f"{at}.{key}", depth)
    return made


def plain(value: Any, at: str, depth: int = 0) -> Any:
    """A value of JSON of what was given."""
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is int:
        return value
    if kind is float:
        return _finite(value, at)
    if isinstance(value, Mapping):
        return _object(value, at, depth + 1)
    if isinstance(value, (list, tuple)):
        if depth >= MAX_DEPTH:
            raise invalid(at.split(".", 1)[0], f"a payload can be nested at most {MAX_DEPTH} levels deep")
        return [one if type(one) in _SIMPLE else plain(one, f"{at}[{i}]", depth + 1) for i, one in enumerate(value)]
    return _other(value, at)


def _finite(value: float, at: str) -> float:
    if not math.isfinite(value):
        raise invalid(at, f"{at} must be a finite number, not {value}")
    return value


def _other(value: Any, at: str) -> Any:
    # Enumerations of text and numbers, and what NumPy has of them, are what they stand for.
    for plain_kind in (str, bool, int):
        if isinstance(value, plain_kind):
            return plain_kind(value)
    if isinstance(value, float):
        return _finite(float(value), at)
    if type(value).__module__ == "numpy":
        if getattr(value, "ndim", None) == 0 and value.dtype.kind in "biuf":
            return plain(value.item(), at)
        if getattr(value, "ndim", 0) > 0:
            raise invalid(at, f"{at} must not be an array; send its tolist()")
    raise invalid(at, f"{at} has the type {type(value).__name__}, which cannot be converted to JSON{_hint(value)}")


def _hint(value: Any) -> str:
    if isinstance(value, (datetime, date, time)):
        return "; send its isoformat()"
    if isinstance(value, Decimal):
        return "; send it as a float or a string"
    if isinstance(value, (set, frozenset)):
        return ": send a list"
    return ""


def encoded(value: Any, at: str = "the request") -> bytes:
    """JSON text. Raises INVALID_ARGUMENT for text that is not valid Unicode."""
    return text_of(value, at).encode("utf-8")


def text_of(value: Any, at: str) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_bytes)
        text.encode("utf-8")
        return text
    except (UnicodeEncodeError, ValueError, RecursionError, TypeError) as cause:
        raise _refusal(cause, at) from cause


def _bytes(value: Any) -> str:
    from base64 import b64encode

    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    raise TypeError(f"a value of the type {type(value).__name__} cannot be converted to JSON")


def _refusal(cause: Exception, at: str) -> VectronError:
    if isinstance(cause, UnicodeEncodeError):
        return invalid(at, f"{at} has text that is not valid Unicode")
    return invalid(at, f"{at}: {cause}")
