# Made of _async/bulk.py by scripts/sdk-python-sync.mjs.
"""Bulk loads: points of any iterable in batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Callable
from typing import TYPE_CHECKING

from .._acks import BatchProgress, point_bytes, whole
from .._points import Point, PointInput
from ..errors import VectronError, error_of
from .io import AnyIterable, iterate

if TYPE_CHECKING:
    from .client import Client


def upsert_all(
    client: Client,
    collection: str,
    points: AnyIterable[PointInput],
    *,
    batch_size: int,
    batch_bytes: int,
    max_in_flight: int,
    on_progress: Callable[[BatchProgress], object] | None,
) -> int:
    size = whole("batch_size", batch_size, 1, 1 << 31)
    most = whole("batch_bytes", batch_bytes, 1, 1 << 31)
    # Batches that have no ack, in their order: what is refused is written again.
    sent: deque[list[PointInput]] = deque()

    def batches() -> Iterator[list[PointInput]]:
        for batch in _cut(points, size, most):
            sent.append(batch)
            yield batch

    upserted = 0
    for ack in client.upsert_stream(collection, batches(), max_in_flight=max_in_flight):
        batch = sent.popleft()
        upserted += ack.upserted if ack.error is None else _again(client, collection, batch, ack.error)
        if on_progress is not None:
            on_progress(BatchProgress(upserted))
    return upserted


def _cut(points: AnyIterable[PointInput], size: int, most: int) -> Iterator[list[PointInput]]:
    batch: list[PointInput] = []
    length = 0
    for point in iterate(points):
        own = point_bytes(point)
        if batch and (len(batch) == size or length + own > most):
            yield batch
            batch, length = [], 0
        batch.append(point)
        length += own
    if batch:
        yield batch


def _again(client: Client, collection: str, batch: list[PointInput], error: VectronError) -> int:
    """Writes a batch again that was refused, in halves if it was too large. Raises the error if it cannot be written."""
    if error.code == "PAYLOAD_TOO_LARGE":
        return _halves(client, collection, batch, error)
    if not error.retryable:
        raise error
    return (client.upsert(collection, batch)).upserted


def _halves(client: Client, collection: str, batch: list[PointInput], error: VectronError) -> int:
    if len(batch) == 1:
        point = batch[0]
        name = point.id if isinstance(point, Point) else point.get("id")
        what = f"point {name!r} alone is larger than the server takes in one request"
        raise error_of(error.code, f"{what}: {error.message}", error.details) from error
    upserted = 0
    half = (len(batch) + 1) // 2
    for part in (batch[:half], batch[half:]):
        try:
            upserted += (client.upsert(collection, part)).upserted
        except VectronError as cause:
            if cause.code != "PAYLOAD_TOO_LARGE":
                raise
            upserted += _halves(client, collection, part, cause)
    return upserted
