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
    # The request is wrong in itself; the details name the field.
    "INVALID_ARGUMENT": CodeSpec("INVALID_ARGUMENT", 400, False),
    # A vector has another number of dimensions than the collection.
    "DIMENSION_MISMATCH": CodeSpec("INVALID_ARGUMENT", 400, False),
    # There is no token or key, or it is not valid any more.
    "UNAUTHENTICATED": CodeSpec("UNAUTHENTICATED", 401, False),
    # The caller is known and may not do this.
    "PERMISSION_DENIED": CodeSpec("PERMISSION_DENIED", 403, False),
    # What the request names does not exist.
    "NOT_FOUND": CodeSpec("NOT_FOUND", 404, False),
    # The tenant has no collection or alias of this name.
    "COLLECTION_NOT_FOUND": CodeSpec("NOT_FOUND", 404, False),
    # The collection has no point with this id.
    "POINT_NOT_FOUND": CodeSpec("NOT_FOUND", 404, False),
    # The tenant has a collection or alias of this name.
    "COLLECTION_EXISTS": CodeSpec("ALREADY_EXISTS", 409, False),
    # What the request would make exists.
    "ALREADY_EXISTS": CodeSpec("ALREADY_EXISTS", 409, False),
    # Something else changes the same thing, or has changed it.
    "CONFLICT": CodeSpec("FAILED_PRECONDITION", 409, True),
    # The point has another version than the write expects.
    "VERSION_CONFLICT": CodeSpec("FAILED_PRECONDITION", 412, False),
    # An index that the request needs is being built.
    "INDEX_BUILDING": CodeSpec("FAILED_PRECONDITION", 409, True),
    # The caller routes by an epoch of the shard that has passed.
    "STALE_EPOCH": CodeSpec("FAILED_PRECONDITION", 412, True),
    # Another replica leads the shard.
    "NOT_LEADER": CodeSpec("FAILED_PRECONDITION", 412, True),
    # The replica has no vote and serves no linearizable reads.
    "SEARCH_ONLY": CodeSpec("FAILED_PRECONDITION", 412, False),
    # The retry of a write comes after the write was forgotten; it is not applied.
    "RETRY_EXPIRED": CodeSpec("FAILED_PRECONDITION", 409, False),
    # The changes asked for are not kept any more; the collection has to be read again.
    "CHANGES_GONE": CodeSpec("FAILED_PRECONDITION", 410, False),
    # The request is larger than is allowed.
    "PAYLOAD_TOO_LARGE": CodeSpec("RESOURCE_EXHAUSTED", 413, False),
    # The key has used up its rate.
    "RATE_LIMITED": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # The tenant has used up its quota.
    "QUOTA_EXCEEDED": CodeSpec("RESOURCE_EXHAUSTED", 429, False),
    # Too many requests wait for work to be done.
    "OVERLOADED": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # Too many points wait for the index.
    "INDEX_BEHIND": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # The disk of a worker is nearly full: it takes deletes and reads only.
    "DISK_LOW": CodeSpec("RESOURCE_EXHAUSTED", 429, True),
    # The caller does not wait any more.
    "CANCELLED": CodeSpec("CANCELLED", 499, False),
    # A fault of Vectron, or a code that this version does not know.
    "INTERNAL": CodeSpec("INTERNAL", 500, False),
    # A file or the store could not be read or written.
    "STORAGE_FAILED": CodeSpec("INTERNAL", 500, False),
    # What is stored was made with other settings, or by another cluster.
    "SPEC_MISMATCH": CodeSpec("INTERNAL", 500, False),
    # What is stored is not what was written.
    "DATA_DAMAGED": CodeSpec("DATA_LOSS", 500, False),
    # This version does not do that.
    "UNIMPLEMENTED": CodeSpec("UNIMPLEMENTED", 501, False),
    # A service that is needed cannot be reached, or is not ready.
    "UNAVAILABLE": CodeSpec("UNAVAILABLE", 503, True),
    # The write may or may not have been applied.
    "COMMIT_UNKNOWN": CodeSpec("UNAVAILABLE", 503, True),
    # The replica lacks entries that the read must see.
    "NOT_CAUGHT_UP": CodeSpec("UNAVAILABLE", 503, True),
    # The replica was last known to be current longer ago than the read allows.
    "TOO_STALE": CodeSpec("UNAVAILABLE", 503, True),
    # The worker does not hold the shard.
    "SHARD_NOT_FOUND": CodeSpec("UNAVAILABLE", 503, True),
    # The shard has stopped after a failed write or a panic, until its worker restarts.
    "SHARD_POISONED": CodeSpec("UNAVAILABLE", 503, True),
    # The process is being stopped.
    "SHUTTING_DOWN": CodeSpec("UNAVAILABLE", 503, True),
    # No worker is healthy and takes replicas.
    "NO_WORKERS": CodeSpec("UNAVAILABLE", 503, True),
    # The answer was not there in time.
    "DEADLINE_EXCEEDED": CodeSpec("DEADLINE_EXCEEDED", 504, True),
    # The path is there, and is for other HTTP methods, which the header Allow names.
    "METHOD_NOT_ALLOWED": CodeSpec("UNIMPLEMENTED", 405, False),
    # The body is of a type, or compressed in a way, that is not supported.
    "UNSUPPORTED_MEDIA_TYPE": CodeSpec("INVALID_ARGUMENT", 415, False),
    # What is there does not allow it, and the same request will not succeed before something else is changed: the
    # message says what.
    "FAILED_PRECONDITION": CodeSpec("FAILED_PRECONDITION", 409, False),
    # The snapshot was closed, was not used for too long, or was lost when its worker restarted: open another one.
    "SNAPSHOT_GONE": CodeSpec("FAILED_PRECONDITION", 410, False),
    # The answer would be larger than is allowed: ask for fewer points, or for less of each.
    "ANSWER_TOO_LARGE": CodeSpec("RESOURCE_EXHAUSTED", 413, False),
}
