"""The wire of gRPC without its connections: what answers and failures say."""

from __future__ import annotations

from typing import Any

import grpc

from ._generated.codes import GRPC_STATUS
from ._generated.decoders import DECODERS
from ._generated.methods import Method
from ._messages import message_class
from .errors import Told, VectronError, error_of, internal, number_of

# Retries are those of the SDK, which know what may be repeated. Messages may be as long as the server makes and takes them.
OPTIONS: list[tuple[str, int]] = [
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 5000),
]
# Codes for a status that came without details, from a proxy or from gRPC itself.
_WITHOUT_DETAILS = {
    "RESOURCE_EXHAUSTED": "OVERLOADED",
    "FAILED_PRECONDITION": "CONFLICT",
    "DATA_LOSS": "DATA_DAMAGED",
}
_TYPE = "type.googleapis.com/google.rpc."


def grpc_answer(method: Method, data: bytes) -> Any:
    try:
        return DECODERS[method.response][0](message_class(method.response).FromString(data))
    except Exception as cause:
        raise internal(f"the answer of the server is not a {method.response}: {cause}") from cause


def grpc_error(error: grpc.RpcError) -> VectronError:
    """Of a call that failed, of either API of grpcio."""
    failed: Any = error
    metadata = {key: value for key, value in failed.trailing_metadata() or ()}
    details = metadata.get("grpc-status-details-bin")
    pushback = metadata.get("grpc-retry-pushback-ms")
    status = None
    if isinstance(details, bytes):
        status = message_class("google.rpc.Status").FromString(details)
    asked = number_of(pushback if isinstance(pushback, str) else None)
    otherwise = None if asked is None else asked / 1000
    request_id = metadata.get("x-request-id")
    number = int(failed.code().value[0])
    message = failed.details() or "the call failed"
    return _error(number, message, status, otherwise, request_id if isinstance(request_id, str) else None)


def status_error(status: Any) -> VectronError:
    """Of a google.rpc.Status within a message."""
    return _error(status.code, status.message, status, None, None)


def _error(number: int, message: str, status: Any, otherwise: float | None, request_id: str | None) -> VectronError:
    name = GRPC_STATUS.get(number, "INTERNAL")
    told = Told(retry_after=None)
    for detail in () if status is None else status.details:
        if detail.type_url == f"{_TYPE}ErrorInfo":
            info = message_class("google.rpc.ErrorInfo").FromString(detail.value)
            told.reason, told.metadata = info.reason, dict(info.metadata)
        elif detail.type_url == f"{_TYPE}BadRequest":
            violations = message_class("google.rpc.BadRequest").FromString(detail.value).field_violations
            told.field = violations[0].field if violations else None
        elif detail.type_url == f"{_TYPE}RetryInfo":
            delay = message_class("google.rpc.RetryInfo").FromString(detail.value).retry_delay
            told.retry_after = delay.seconds + delay.nanos / 1e9
    if told.retry_after is None:
        told.retry_after = otherwise
    code = told.reason or _WITHOUT_DETAILS.get(name, name)
    return error_of(code, message, told.details(request_id))
