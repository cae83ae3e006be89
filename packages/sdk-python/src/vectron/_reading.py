"""How single values of an answer are read, from messages and from the JSON of REST."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

from ._values import Floats, Payload, Value

_LEAST = -(2**63)
_BEYOND = 2**64


def number(value: float) -> int | float:
    """One number for what JSON writes in several ways: an integer of 64 bits is an int, and everything else a float."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and _LEAST <= value < _BEYOND else value
    return value if _LEAST <= value < _BEYOND else float(value)


def plain(value: Any) -> Any:
    """A value of JSON with its numbers as :func:`number` has them; lists and objects are changed in place."""
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(item) not in _AS_THEY_ARE:
                value[key] = plain(item)
        return value
    if kind is list:
        value[:] = [plain(item) for item in value]
        return value
    return number(value) if kind is float or kind is int else value


_AS_THEY_ARE = frozenset((str, bool, type(None)))


def payload_of(m: Any) -> Payload:
    """Of a Point or SearchResult. The text is there where google.protobuf.Struct cannot hold the payload."""
    if m.payload_json:
        read = plain(json.loads(m.payload_json))
        return read if isinstance(read, dict) else {}
    return _struct(m.document)


def _struct(struct: Any) -> Payload:
    return {key: _value(value) for key, value in struct.fields.items()}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return number(value.number_value)
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return _struct(value.struct_value)
    if kind == "list_value":
        return [_value(one) for one in value.list_value.values]
    return None


def value_of(value: Any, text: str) -> Value:
    """Of a google.protobuf.Value and its exact text, which counts when there is one."""
    read: Value = plain(json.loads(text)) if text else _value(value)
    return read


def enum_of(m: Any, field: str) -> str:
    values = m.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    known = values.get(getattr(m, field))
    return "" if known is None else str(known.name)


def floats_of(values: Any) -> Floats | None:
    return Floats(values) if values else None


def named_floats_of(vectors: Any) -> dict[str, Floats]:
    return {name: Floats(one.vector) if one.vector else Floats(one.vector_f32) for name, one in vectors.items()}


def time_of(seconds: int | str | None) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), timezone.utc) if seconds not in (None, 0, "0") else None


def time_of_ms(milliseconds: int | str | None) -> datetime | None:
    if milliseconds in (None, 0, "0"):
        return None
    return datetime.fromtimestamp(int(milliseconds) / 1000, timezone.utc)


def json_payload(value: Any) -> Payload:
    return plain(value) if value else {}


def json_value(value: Any) -> Value:
    read: Value = plain(value)
    return read


def json_floats(values: Any) -> Floats | None:
    return Floats(values) if values else None


def json_named_floats(vectors: Any) -> dict[str, Floats]:
    return {name: Floats(one) for name, one in (vectors or {}).items()}


def optional_int(value: Any) -> int | None:
    return None if value is None else int(value)
