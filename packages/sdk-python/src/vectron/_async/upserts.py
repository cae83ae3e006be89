"""Streams of upserts: batches one after the other, so many of them at a time, and what became of each in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import grpc

from .._acks import BatchAck, ids_of
from .._forms import message_bytes
from .._generated import methods as m
from .._grpc import grpc_error, status_error
from .._messages import message_class
from .._points import PointInput, points_fields
from .._requests import named
from .._retrying import WriteOrigins, backoff
from ..errors import VectronError, error_of
from .io import AnyIterable, Duplex, Task, Tasks, iterate, sleep
from .transport import AsyncCaller

Batches = AnyIterable[Sequence[PointInput]]
# Errors of a single upsert that any other would end with, too.
_OF_THE_CALLER = frozenset(("UNAUTHENTICATED", "PERMISSION_DENIED", "CANCELLED"))


class _Pending:
    """A batch without an ack. ``data``: its message; ``error``: it was refused before it was sent."""

    __slots__ = ("batch", "data", "error", "origin", "sequence")

    def __init__(self, batch: int, sequence: int) -> None:
        self.batch = batch
        self.sequence = sequence
        self.data: bytes | None = None
        self.error: VectronError | None = None
        self.origin: dict[str, Any] | None = None


class AsyncUpsertSession:
    """
    Batches in progress over a gRPC stream, and over the next stream if it is lost: batches without an ack are sent again with the same
    identifiers, so that they are applied only once.
    """

    def __init__(self, caller: AsyncCaller, collection: str, most: int) -> None:
        self._caller = caller
        self._collection = named(collection)
        self._most = most
        self._origins = WriteOrigins()
        self._pending: deque[_Pending] = deque()
        self._call: Duplex | None = None
        self._sequence = 0
        self._lost = 0

    async def acks(self, batches: Batches) -> AsyncIterator[BatchAck]:
        try:
            async for points in iterate(batches):
                while len(self._pending) >= self._most:
                    yield await self._next()
                await self._write(points)
            while self._pending:
                yield await self._next()
            if self._call is not None:
                await self._call.end()
                self._call = None
        finally:
            if self._call is not None:
                await self._call.cancel()

    async def _write(self, points: Sequence[PointInput]) -> None:
        self._sequence += 1
        pending = _Pending(self._sequence - 1, self._sequence)
        self._pending.append(pending)
        pending.origin = self._origins.take()
        try:
            upsert = {"collection": self._collection, "points": points_fields(points), "origin": pending.origin}
            pending.data = message_bytes("vectron.v1.UpsertBatch", {"sequence": pending.sequence, "upsert": upsert})
        except VectronError as error:
            pending.error = error
            return
        if self._call is not None:
            await self._send(self._call, pending)

    async def _send(self, call: Duplex, pending: _Pending) -> None:
        try:
            if pending.data is not None:
                await call.write(pending.data)
        except Exception:
            # The reader of the call is told why it has ended.
            return

    async def _next(self) -> BatchAck:
        """What became of the first batch without an ack."""
        first = self._pending[0]
        if first.error is not None:
            return self._done(BatchAck(first.batch, 0, "", first.error))
        while True:
            try:
                call = self._call or await self._open()
                data = await call.read()
            except grpc.RpcError as cause:
                failure = grpc_error(cause)
            else:
                if data is not None:
                    ack = self._ack(first, data)
                    if ack is not None:
                        return self._done(ack)
                    continue
                failure = error_of("UNAVAILABLE", "the server ended the stream")
            refused = await self._ended(first, failure)
            if refused is not None:
                return self._done(refused)

    async def _open(self) -> Duplex:
        if self._lost > 0:
            await sleep(backoff(self._lost))
        call = self._call = await self._caller.transport.duplex(m.UPSERT_STREAM)
        for pending in self._pending:
            await self._send(call, pending)
        return call

    def _ack(self, first: _Pending, data: bytes) -> BatchAck | None:
        """None: the answer is of a batch that has its ack."""
        answer = message_class(m.UPSERT_STREAM.response).FromString(data)
        if answer.sequence < first.sequence:
            return None
        if answer.sequence > first.sequence:
            raise error_of("INTERNAL", "the server answered the batches of a stream in the wrong order")
        self._lost = 0
        if answer.WhichOneof("outcome") == "error":
            return BatchAck(first.batch, 0, "", status_error(answer.error))
        return BatchAck(first.batch, answer.written.upserted, answer.written.write_token)

    def _done(self, ack: BatchAck) -> BatchAck:
        pending = self._pending.popleft()
        if pending.origin is not None:
            self._origins.release(pending.origin)
        return ack

    async def _ended(self, first: _Pending, failure: VectronError) -> BatchAck | None:
        """The ack of the first batch, when it is what ended the call; raises what ends the whole stream."""
        call, self._call = self._call, None
        if call is not None:
            await call.cancel()
        self._caller.transport.leave(failure)
        if failure.code == "PAYLOAD_TOO_LARGE":
            # All before it were answered: it is this one that is too large.
            return BatchAck(first.batch, 0, "", failure)
        self._lost += 1
        if not failure.retryable or self._lost > self._caller.retries:
            raise failure
        return None


class AsyncUpsertEach:
    """
    A stream of upserts for a protocol without streams: each batch is one upsert; batches that share a point are written in their order.
    """

    def __init__(self, write: Callable[[Sequence[PointInput]], Awaitable[Any]], most: int) -> None:
        self._write = write
        self._most = most
        self._last: dict[str, Task[BatchAck]] = {}

    async def acks(self, batches: Batches) -> AsyncIterator[BatchAck]:
        tasks: Tasks[BatchAck] = Tasks(self._most)
        begun: deque[tuple[Task[BatchAck], list[str]]] = deque()
        batch = 0
        try:
            async for points in iterate(batches):
                while len(begun) >= self._most:
                    yield await self._result(*begun.popleft())
                begun.append(self._begin(tasks, batch, points))
                batch += 1
            while begun:
                yield await self._result(*begun.popleft())
        finally:
            await tasks.close()

    def _begin(self, tasks: Tasks[BatchAck], batch: int, points: Sequence[PointInput]) -> tuple[Task[BatchAck], list[str]]:
        ids = ids_of(points)
        before = {id(self._last[one]): self._last[one] for one in ids if one in self._last}

        async def run() -> BatchAck:
            for other in before.values():
                await other.ended()
            try:
                written = await self._write(points)
            except VectronError as error:
                return BatchAck(batch, 0, "", error)
            return BatchAck(batch, written.upserted, written.write_token)

        task = tasks.begin(run)
        self._last.update(dict.fromkeys(ids, task))
        return task, ids

    async def _result(self, task: Task[BatchAck], ids: list[str]) -> BatchAck:
        ack = await task.result()
        for one in ids:
            if self._last.get(one) is task:
                del self._last[one]
        if ack.error is not None and ack.error.code in _OF_THE_CALLER:
            raise ack.error
        return ack
