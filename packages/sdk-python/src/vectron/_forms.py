"""
Requests as each wire has them. A request is built as a dict of the fields of its message, with vectors as bytes and payloads and filters in
their JSON form. That is what REST takes, once bytes are base64; the functions here make the fields of a message of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._documents import encoded, text_of
from ._filter_message import filter_fields
from ._messages import message_class
from .errors import invalid

Fields = dict[str, Any]


def rest_body(request: Fields) -> bytes:
    return encoded(request)


def message_bytes(name: str, request: Fields) -> bytes:
    """The message ``name`` of a request. Raises INVALID_ARGUMENT for what it has no field of."""
    return _serialized(name, message_fields(name, request))


def _serialized(name: str, fields: Fields) -> bytes:
    kind = message_class(name)
    try:
        made: bytes = kind(**fields).SerializeToString()
        return made
    except (TypeError, ValueError, AttributeError, KeyError, UnicodeEncodeError) as cause:
        raise invalid("request", f"the request is not a valid {name}: {cause}") from cause


def message_fields(name: str, request: Fields) -> Fields:
    form = _FORMS.get(name)
    filtered = request if request.get("filter") is None else {**request, "filter": filter_fields(request["filter"])}
    return filtered if form is None else form(filtered)


def point_fields(point: Fields, at: str) -> Fields:
    made = dict(point)
    payload = made.pop("payload", None)
    if payload is not None:
        made["payload_json"] = text_of(payload, f"{at}.payload")
    if "vectors" in made:
        made["vectors"] = {name: _dense(one) for name, one in made["vectors"].items()}
    return made


def _dense(one: bytes) -> Fields:
    return {"vector_f32": one}


def _upsert(request: Fields) -> Fields:
    points = [point_fields(one, f"points[{at}]") for at, one in enumerate(request["points"])]
    return {**request, "points": points}


def _upsert_batch(request: Fields) -> Fields:
    return {**request, "upsert": _upsert(request["upsert"])}


def _search_batch(request: Fields) -> Fields:
    return {**request, "vectors": [_dense(one) for one in request["vectors"]]}


def _update_points(request: Fields) -> Fields:
    made = dict(request)
    for name in ("replace", "set"):
        if name in made:
            made[f"{name}_json"] = text_of(made.pop(name), name)
    return made


def _query(request: Fields) -> Fields:
    def branch(one: Fields, at: int) -> Fields:
        return one if one.get("filter") is None else {**one, "filter": filter_fields(one["filter"], f"branches[{at}].filter")}

    return {**request, "branches": [branch(one, at) for at, one in enumerate(request["branches"])]}


def _query_batch(request: Fields) -> Fields:
    return {"queries": [message_fields("vectron.v1.QueryRequest", one) for one in request["queries"]]}


_FORMS: dict[str, Callable[[Fields], Fields]] = {
    "vectron.v1.QueryBatchRequest": _query_batch,
    "vectron.v1.QueryRequest": _query,
    "vectron.v1.SearchBatchRequest": _search_batch,
    "vectron.v1.UpdatePointsRequest": _update_points,
    "vectron.v1.UpsertBatch": _upsert_batch,
    "vectron.v1.UpsertRequest": _upsert,
}
