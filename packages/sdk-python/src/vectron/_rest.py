"""The wire of REST without its connections: routes of requests, and what answers say."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from ._forms import Fields, rest_body
from ._generated.decoders import DECODERS
from ._generated.methods import Method, Route
from .errors import Told, VectronError, error_of, internal, invalid, number_of


@dataclass(frozen=True, slots=True)
class RestCall:
    verb: str
    # With the query, behind the address of the server.
    path: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class RestAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def rest_call(method: Method, request: Fields) -> RestCall:
    route = _route(method.routes, request)
    fields = dict(request)
    try:
        named = {name: quote(str(fields.pop(name, "")), safe="") for name in _parameters(route.path)}
        path = route.path.format_map(named)
        if route.body:
            return RestCall(route.verb, path, rest_body(fields))
        query = urlencode(_query(fields))
    except UnicodeEncodeError as cause:
        raise invalid("request", "all strings of the request must be valid Unicode") from cause
    return RestCall(route.verb, f"{path}?{query}" if query else path, None)


def _parameters(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _route(routes: tuple[Route, ...], request: Fields) -> Route:
    """
    The first route whose path can carry the request: URLs resolve the segments . and .., encoded or not
    (https://url.spec.whatwg.org/#double-dot-path-segment). Lists are asked for by the route that takes every field.
    """
    first = routes[0]
    whole = next((one for one in routes[1:] if one.body), None)
    if whole is None:
        return first
    resolved = any(request.get(name) in (".", "..") for name in _parameters(first.path))
    asked = "order_by" in request or (first.verb == "GET" and "filter" in request)
    return whole if resolved or asked else first


def _query(fields: Fields, prefix: str = "") -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in fields.items():
        if name == "consistency":
            query |= {"consistency" if key == "level" else key: str(one) for key, one in value.items()}
        elif isinstance(value, dict):
            query |= _query(value, f"{prefix}{_camel(name)}.")
        else:
            query[prefix + _camel(name)] = _text(value)
    return query


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def rest_answer(method: Method, answer: RestAnswer) -> Any:
    """What the SDK gives of an answer. Raises the error that it tells."""
    try:
        read = json.loads(answer.body) if answer.body else {}
    except ValueError:
        read = None
    if not 200 <= answer.status < 300:
        raise rest_error(answer, read)
    if not isinstance(read, dict):
        raise internal("the answer of the server is not JSON")
    try:
        return DECODERS[method.response][1](read)
    except (AttributeError, KeyError, TypeError, ValueError) as cause:
        raise internal(f"the answer of the server is not a {method.response}: {cause}") from cause


# Codes for answers that are no google.rpc.Status: a proxy between client and server gave them.
_BY_STATUS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "PAYLOAD_TOO_LARGE",
    429: "OVERLOADED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def rest_error(answer: RestAnswer, body: Any) -> VectronError:
    status = body if isinstance(body, dict) else {}
    told = Told()
    for detail in status.get("details") or []:
        if not isinstance(detail, dict):
            continue
        if "reason" in detail:
            metadata = detail.get("metadata")
            told.reason, told.metadata = str(detail["reason"]), metadata if isinstance(metadata, dict) else {}
        if detail.get("fieldViolations"):
            told.field = detail["fieldViolations"][0].get("field")
        if "retryDelay" in detail:
            told.retry_after = number_of(str(detail["retryDelay"]).removesuffix("s"))
    if told.retry_after is None:
        told.retry_after = number_of(answer.headers.get("retry-after"))
    code = told.reason or _BY_STATUS.get(answer.status, "INTERNAL")
    message = status.get("message") or f"HTTP status {answer.status}"
    return error_of(code, message, told.details(answer.headers.get("x-request-id")))
