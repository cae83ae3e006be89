"""The one vocabulary of errors. Made from proto/errors/errors.proto by scripts/sdk-python-protos.mjs."""

from typing import Final, Literal, NamedTuple

ErrorCode = Literal[
    "INVALID_ARGUMENT",
    "DIMENSION_MISMATCH",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "COLLECTION_NOT_FOUND",
    "POINT_NOT_FOUND",
    "COLLECTION_EXISTS",
    "ALREADY_EXISTS",
    "CONFLICT",
    "VERSION_CONFLICT",
    "INDEX_BUILDING",
    "STALE_EPOCH",
    "NOT_LEADER",
    "SEARCH_ONLY",
    "RETRY_EXPIRED",
    "CHANGES_GONE",
    "PAYLOAD_TOO_LARGE",
    "RATE_LIMITED",
    "QUOTA_EXCEEDED",
    "OVERLOADED",
    "INDEX_BEHIND",
    "DISK_LOW",
    "CANCELLED",
    "INTERNAL",
    "STORAGE_FAILED",
    "SPEC_MISMATCH",
    "DATA_DAMAGED",
    "UNIMPLEMENTED",
    "UNAVAILABLE",
    "COMMIT_UNKNOWN",
    "NOT_CAUGHT_UP",
    "TOO_STALE",
    "SHARD_NOT_FOUND",
    "SHARD_POISONED",
    "SHUTTING_DOWN",
    "NO_WORKERS",
    "DEADLINE_EXCEEDED",
    "METHOD_NOT_ALLOWED",
    "UNSUPPORTED_MEDIA_TYPE",
    "FAILED_PRECONDITION",
    "SNAPSHOT_GONE",
    "ANSWER_TOO_LARGE",
]

# Numbers of gRPC statuses (github.com/grpc/grpc/blob/master/doc/statuscodes.md) and their names.
GRPC_STATUS: Final[dict[int, str]] = {
    0: "OK",
    1: "CANCELLED",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
}


class CodeSpec(NamedTuple):
    """What a code means on each wire, and whether the same request may succeed later."""

    grpc: str
    http: int
    retryable: bool


ERROR_CODES: Final[dict[ErrorCode, CodeSpec]] = {
    # The request itself is invalid; the details name the field.
    "INVALID_ARGUMENT": CodeSpec("INVALID_ARGUMENT", 400, False),
    # The number of dimensions of a vector differs from that of the collection or its named vector.
    "DIMENSION_MISMATCH": CodeSpec("INVALID_ARGUMENT", 400, False),
    # The request has no token or key, or the token or key has expired or was revoked.
    "UNAUTHENTICATED": CodeSpec("UNAUTHENTICATED", 401, False),
    # The role of the caller, or the list of collections of its key, does not allow the operation.
    "PERMISSION_DENIED": CodeSpec("PERMISSION_DENIED", 403, False),
    # The object that the request names does not exist.
    "NOT_FOUND": CodeSpec("NOT_FOUND", 404, False),
    # The tenant has no collection or alias with this name.
    "COLLECTION_NOT_FOUND": CodeSpec("NOT_FOUND", 404, False),
    # The collection has no point with this id.
    "POINT_NOT_FOUND": CodeSpec("NOT_FOUND", 404, False),
    # The tenant already has a collection or alias with this name.
    "COLLECTION_EXISTS": CodeSpec("ALREADY_EXISTS", 409, False),
    # The object that the request would create already exists.
    "ALREADY_EXISTS": CodeSpec("ALREADY_EXISTS", 409, False),
    # Another request is changing the same object, or has just changed it.
    "CONFLICT": CodeSpec("FAILED_PRECONDITION", 409, True),
    # The version of the point differs from the one that the write requires.
    "VERSION_CONFLICT": CodeSpec("FAILED_PRECONDITION", 412, False),
    # An index that the request needs is still being built.
    "INDEX_BUILDING": CodeSpec("FAILED_PRECONDITION", 409, True),
    # The caller used an outdated epoch of the shard.
    "STALE_EPOCH": CodeSpec("FAILED_PRECONDITION", 412, True),
    # The replica that received the request is not the leader of the shard.
    "NOT_LEADER": CodeSpec("FAILED_PRECONDITION", 412, True),
    # The replica has no vote and serves no linearizable reads.
    "SEARCH_ONLY": CodeSpec("FAILED_PRECONDITION", 412, False),
    # The retry of a write came after the record of the first attempt was dropped; the retry is not applied.
    "RETRY_EXPIRED": CodeSpec("FAILED_PRECONDITION", 409, False),
    # The requested changes are no longer kept; the collection must be read again.
    "CHANGES_GONE": CodeSpec("FAILED_PRECONDITION", 410, False),
    # The request is larger than the server allows.
    "PAYLOAD_TOO_LARGE": CodeSpec("RESOURCE_EXHAUSTED", 413, False),
    # The key or the tenant has exceeded its rate limit.
    "RATE_LIMITED": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # The tenant has reached a quota.
    "QUOTA_EXCEEDED": CodeSpec("RESOURCE_EXHAUSTED", 429, False),
    # More requests wait than can be answered within their deadlines.
    "OVERLOADED": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # Points are written faster than they can be indexed.
    "INDEX_BEHIND": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # The disk of a worker is nearly full: the worker only accepts deletions and reads.
    "DISK_LOW": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # The caller cancelled the request.
    "CANCELLED": CodeSpec("CANCELLED", 499, False),
    # An internal error of Vectron, or a code that this version does not know.
    "INTERNAL": CodeSpec("INTERNAL", 500, False),
    # A file or the store could not be read or written.
    "STORAGE_FAILED": CodeSpec("INTERNAL", 500, False),
    # The stored data was created with other settings or by another cluster.
    "SPEC_MISMATCH": CodeSpec("INTERNAL", 500, False),
    # The stored data differs from what was written.
    "DATA_DAMAGED": CodeSpec("DATA_LOSS", 500, False),
    # This version does not support the operation.
    "UNIMPLEMENTED": CodeSpec("UNIMPLEMENTED", 501, False),
    # A required service cannot be reached or is not ready.
    "UNAVAILABLE": CodeSpec("UNAVAILABLE", 503, True),
    # The write may or may not have been applied.
    "COMMIT_UNKNOWN": CodeSpec("UNAVAILABLE", 503, True),
    # The replica has not yet applied entries that the read must see.
    "NOT_CAUGHT_UP": CodeSpec("UNAVAILABLE", 503, True),
    # The replica may be more outdated than the staleness that the read allows.
    "TOO_STALE": CodeSpec("UNAVAILABLE", 503, True),
    # The worker does not hold the shard.
    "SHARD_NOT_FOUND": CodeSpec("UNAVAILABLE", 503, True),
    # The shard has stopped after a failed write or a panic, until its worker restarts.
    "SHARD_POISONED": CodeSpec("UNAVAILABLE", 503, True),
    # The process is being stopped.
    "SHUTTING_DOWN": CodeSpec("UNAVAILABLE", 503, True),
    # No healthy worker accepts replicas.
    "NO_WORKERS": CodeSpec("UNAVAILABLE", 503, True),
    # The answer did not arrive within the deadline of the call.
    "DEADLINE_EXCEEDED": CodeSpec("DEADLINE_EXCEEDED", 504, True),
    # The path exists, but only for other HTTP methods, which the header Allow lists.
    "METHOD_NOT_ALLOWED": CodeSpec("UNIMPLEMENTED", 405, False),
    # The media type or the compression of the body is not supported.
    "UNSUPPORTED_MEDIA_TYPE": CodeSpec("INVALID_ARGUMENT", 415, False),
    # The current state does not allow the operation; the message says what must change first.
    "FAILED_PRECONDITION": CodeSpec("FAILED_PRECONDITION", 409, False),
    # The snapshot was closed, was unused for too long, or was lost when its worker restarted: open a new one.
    "SNAPSHOT_GONE": CodeSpec("FAILED_PRECONDITION", 410, False),
    # The answer would exceed the size limit: request fewer points, or less of each point.
    "ANSWER_TOO_LARGE": CodeSpec("RESOURCE_EXHAUSTED", 413, False),
}
