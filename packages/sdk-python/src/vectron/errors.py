"""The error class of the client, with a subclass for each family of codes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any

from ._generated.codes import ERROR_CODES, CodeSpec, ErrorCode

__all__ = [
    "AlreadyExistsError",
    "CancelledError",
    "DataLossError",
    "DeadlineExceededError",
    "ErrorCode",
    "ErrorDetails",
    "FailedPreconditionError",
    "InternalError",
    "InvalidArgumentError",
    "LostChanges",
    "LostShard",
    "NotFoundError",
    "PermissionDeniedError",
    "ResourceExhaustedError",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "VectronError",
]


@dataclass(frozen=True, slots=True)
class LostShard:
    """The first and the last log index of the changes that are missing in one shard."""

    shard_id: int
    first_log_index: int
    last_log_index: int


@dataclass(frozen=True, slots=True)
class LostChanges:
    """Changes that are no longer kept, and the cursor after them."""

    cursor: str
    shards: tuple[LostShard, ...]


@dataclass(frozen=True, slots=True)
class ErrorDetails:
    """The structured details of an error, besides its code and message."""

    # The field of the request that is wrong, such as points[3].vector.
    field: str | None = None
    # Seconds after which a retry makes sense.
    retry_after: float | None = None
    # With CHANGES_GONE, unless the collection was made anew.
    lost: LostChanges | None = None
    # Of the call that failed, as the server logs it; over REST.
    request_id: str | None = None


class VectronError(Exception):
    """
    A call that failed. ``code`` is stable; the message says what is wrong, where, and what to do. Calls that failed for a temporary
    reason (``retryable``) were already repeated, within the time limit of the call and the retry budget of the client.
    """

    def __init__(self, code: ErrorCode, message: str, details: ErrorDetails | None = None) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.details = details or ErrorDetails()

    @property
    def spec(self) -> CodeSpec:
        """How the code is represented in gRPC and HTTP."""
        return ERROR_CODES[self.code]

    @property
    def retryable(self) -> bool:
        """Whether the same request can succeed later."""
        return self.spec.retryable

    @property
    def retry_after(self) -> float | None:
        """Seconds after which a retry makes sense; None: a retry does not help, or the time is unknown."""
        return self.details.retry_after

    @property
    def request_id(self) -> str | None:
        """Id of the failed call in the logs of the server; None if no server answered."""
        return self.details.request_id

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return (error_of, (self.code, self.message, self.details))


class InvalidArgumentError(VectronError):
    """The request itself is invalid; ``details.field`` names the field. Also for DIMENSION_MISMATCH and similar codes."""


class UnauthenticatedError(VectronError):
    """The request has no key or token, or it has expired or was revoked."""


class PermissionDeniedError(VectronError):
    """The role of the caller, or the list of collections of its key, does not allow the operation."""


class NotFoundError(VectronError):
    """A collection, a point or another object does not exist."""


class AlreadyExistsError(VectronError):
    """The object that the request would create already exists."""


class FailedPreconditionError(VectronError):
    """The current state does not allow the operation: another version, an index that is being built, a snapshot that is no longer open."""


class ResourceExhaustedError(VectronError):
    """A limit is reached: overload, rate limit, quota or size. ``retry_after`` says when a retry makes sense."""


class UnavailableError(VectronError):
    """A server or a shard cannot be reached or is not ready."""


class DeadlineExceededError(VectronError, TimeoutError):
    """The answer did not arrive in time; a write may have been applied."""


class CancelledError(VectronError):
    """The caller cancelled the call."""


class UnimplementedError(VectronError):
    """This version, or this protocol, does not support the operation."""


class InternalError(VectronError):
    """An internal error of Vectron, or an answer that this client cannot decode."""


class DataLossError(VectronError):
    """The stored data differs from what was written."""


_FAMILIES: Mapping[str, type[VectronError]] = {
    "ALREADY_EXISTS": AlreadyExistsError,
    "CANCELLED": CancelledError,
    "DATA_LOSS": DataLossError,
    "DEADLINE_EXCEEDED": DeadlineExceededError,
    "FAILED_PRECONDITION": FailedPreconditionError,
    "INTERNAL": InternalError,
    "INVALID_ARGUMENT": InvalidArgumentError,
    "NOT_FOUND": NotFoundError,
    "PERMISSION_DENIED": PermissionDeniedError,
    "RESOURCE_EXHAUSTED": ResourceExhaustedError,
    "UNAUTHENTICATED": UnauthenticatedError,
    "UNAVAILABLE": UnavailableError,
    "UNIMPLEMENTED": UnimplementedError,
}


def error_of(code: str, message: str, details: ErrorDetails | None = None) -> VectronError:
    """The error of a code by the name a server gave it; a name that this version does not know becomes INTERNAL."""
    known: ErrorCode = code if code in ERROR_CODES else "INTERNAL"
    return _FAMILIES[ERROR_CODES[known].grpc](known, message, details)


def invalid(where: str, message: str) -> VectronError:
    """INVALID_ARGUMENT of a field."""
    return error_of("INVALID_ARGUMENT", message, ErrorDetails(field=where))


def internal(message: str) -> VectronError:
    return error_of("INTERNAL", message)


@dataclass(slots=True)
class Told:
    """What the details of a google.rpc.Status say, on either wire."""

    reason: str | None = None
    metadata: Mapping[str, str] = _field(default_factory=dict)
    field: str | None = None
    retry_after: float | None = None

    def details(self, request_id: str | None = None) -> ErrorDetails:
        named = number_of(self.metadata.get("retryAfterMs"))
        after = self.retry_after if named is None else named / 1000
        return ErrorDetails(self.field, after, _lost(self.metadata), request_id or None)


def number_of(text: str | None) -> float | None:
    """A number that is not negative; None: it is none."""
    try:
        number = float(text) if text is not None else math.nan
    except (TypeError, ValueError):
        return None
    return number if 0 <= number < math.inf else None


def _lost(metadata: Mapping[str, str]) -> LostChanges | None:
    cursor, lost = metadata.get("cursor"), metadata.get("lost")
    if cursor is None or lost is None:
        return None
    ranges = re.findall(r"(\d+):(\d+)-(\d+)", lost)
    return LostChanges(cursor, tuple(LostShard(int(a), int(b), int(c)) for a, b, c in ranges))
