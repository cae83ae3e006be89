"""
The client of Vectron, a distributed vector database.

    import vectron

    with vectron.connect("grpc://127.0.0.1:8081", api_key="...") as db:
        db.create_collection("papers", dimension=4)
        db.upsert("papers", [{"id": "b", "vector": [4, 3, 2, 1], "payload": {"year": 2026}}])
        found = db.search("papers", [1, 2, 3, 5], top_k=3, filter=vectron.where.field("year").gte(2020))

:class:`AsyncClient` is the same for asyncio.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._acks import BatchAck, BatchProgress
from ._async.admin import AsyncAdmin
from ._async.client import AsyncClient
from ._async.reading import AsyncChangeStream, AsyncSnapshot
from ._connecting import Pem
from ._generated import answers
from ._generated.answers import *  # noqa: F403
from ._points import AtLeast, Bounded, Consistency, Point, PointInput
from ._results import CreatedApiKey, CreatedInvitation, Login, NumpyResults, QueryOutcome, SearchBatchResult, Tokens
from ._sync.admin import Admin
from ._sync.client import Client
from ._sync.reading import ChangeStream, Snapshot
from ._values import Floats, Payload, Value, Vector
from ._version import __version__
from .errors import (
    AlreadyExistsError,
    CancelledError,
    DataLossError,
    DeadlineExceededError,
    ErrorCode,
    ErrorDetails,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    LostChanges,
    LostShard,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
    VectronError,
)
from .filters import Condition, Filter, where
from .frames import hits_to_pandas, points_to_pandas

__all__ = [
    "Admin",
    "AlreadyExistsError",
    "AsyncAdmin",
    "AsyncChangeStream",
    "AsyncClient",
    "AsyncSnapshot",
    "AtLeast",
    "BatchAck",
    "BatchProgress",
    "Bounded",
    "CancelledError",
    "ChangeStream",
    "Client",
    "Condition",
    "Consistency",
    "CreatedApiKey",
    "CreatedInvitation",
    "DataLossError",
    "DeadlineExceededError",
    "ErrorCode",
    "ErrorDetails",
    "FailedPreconditionError",
    "Filter",
    "Floats",
    "InternalError",
    "InvalidArgumentError",
    "Login",
    "LostChanges",
    "LostShard",
    "NotFoundError",
    "NumpyResults",
    "Payload",
    "PermissionDeniedError",
    "Point",
    "PointInput",
    "QueryOutcome",
    "ResourceExhaustedError",
    "SearchBatchResult",
    "Snapshot",
    "Tokens",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
    "Value",
    "Vector",
    "VectronError",
    "__version__",
    "connect",
    "hits_to_pandas",
    "points_to_pandas",
    "where",
]
__all__ += answers.__all__


def connect(
    url: str | Sequence[str],
    *,
    api_key: str | None = None,
    timeout: float = 30.0,
    retries: int = 4,
    ca: Pem | None = None,
    client_certificate: tuple[Pem, Pem] | None = None,
) -> Client:
    """
    Returns a :class:`Client` of the server at ``url``, or of several equal ones; nothing is sent before the first call. Raises
    VectronError with INVALID_ARGUMENT if an option is invalid.
    """
    return Client(url, api_key=api_key, timeout=timeout, retries=retries, ca=ca, client_certificate=client_certificate)
