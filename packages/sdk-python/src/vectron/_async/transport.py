"""Carries requests to servers and their answers back."""

from __future__ import annotations

import time
from typing import Any, Protocol

import grpc

from .._connecting import Connection, ServerAddress
from .._forms import Fields, message_bytes
from .._generated.methods import Method
from .._grpc import grpc_answer, grpc_error
from .._rest import rest_answer, rest_call
from .._retrying import ONCE, RetryBudget, WriteOrigins, is_named, pause_before
from ..errors import VectronError, error_of
from .io import Channel, Duplex, Http, sleep

# Failures after which the next call goes to another gateway.
_AWAY = frozenset(("UNAVAILABLE", "SHUTTING_DOWN", "DEADLINE_EXCEEDED"))
# Seconds that a retry needs to be worth it.
_LEAST = 0.001


class AsyncTransport(Protocol):
    """To one server, or to several equal ones. Failures raise VectronError, but for those of a Duplex."""

    streams: bool

    async def call(self, method: Method, request: Fields, timeout: float | None) -> Any:
        """The answer, decoded; ``timeout`` in seconds."""
        ...

    async def duplex(self, method: Method) -> Duplex:
        """Where there are streams."""
        ...

    def leave(self, error: VectronError) -> None:
        """A Duplex has failed with it."""
        ...

    async def close(self) -> None: ...


class AsyncRestTransport:
    """Each request as JSON, on the route that the contract gives its method."""

    streams = False

    def __init__(self, address: ServerAddress, connection: Connection) -> None:
        key = connection.api_key
        # Errors name fields as Python does, over both wires.
        headers = {"vectron-field-names": "snake_case"}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        self._http = Http(address.base, headers, connection.tls if address.secure else None)

    async def call(self, method: Method, request: Fields, timeout: float | None) -> Any:
        return rest_answer(method, await self._http.send(rest_call(method, request), timeout))

    async def duplex(self, method: Method) -> Duplex:
        raise error_of("UNIMPLEMENTED", f"REST does not support the stream {method.path}; use a grpc:// URL")

    def leave(self, error: VectronError) -> None:
        pass

    async def close(self) -> None:
        await self._http.close()


class AsyncGrpcTransport:
    """Each request as the message that it is."""

    streams = True

    def __init__(self, address: ServerAddress, connection: Connection) -> None:
        key = connection.api_key
        metadata = [] if key is None else [("authorization", f"Bearer {key}")]
        self._channel = Channel(address.host, metadata, connection.tls if address.secure else None)

    async def call(self, method: Method, request: Fields, timeout: float | None) -> Any:
        data = message_bytes(method.request, request)
        try:
            answer = await self._channel.call(method.path, data, timeout)
        except grpc.RpcError as error:
            raise grpc_error(error) from error
        return grpc_answer(method, answer)

    async def duplex(self, method: Method) -> Duplex:
        return await self._channel.duplex(method.path)

    def leave(self, error: VectronError) -> None:
        pass

    async def close(self) -> None:
        await self._channel.close()


class AsyncFirstReachable:
    """Calls go to the gateway that answered last; who fails is left for the next, so that a retry reaches another one."""

    def __init__(self, transports: list[AsyncTransport]) -> None:
        self._transports = transports
        self._current = 0
        self.streams = all(one.streams for one in transports)

    async def call(self, method: Method, request: Fields, timeout: float | None) -> Any:
        at = self._current
        try:
            return await self._transports[at].call(method, request, timeout)
        except VectronError as error:
            self._leave(at, error)
            raise

    async def duplex(self, method: Method) -> Duplex:
        return await self._transports[self._current].duplex(method)

    def leave(self, error: VectronError) -> None:
        self._leave(self._current, error)

    def _leave(self, at: int, error: VectronError) -> None:
        if error.code in _AWAY and self._current == at:
            self._current = (at + 1) % len(self._transports)

    async def close(self) -> None:
        for one in self._transports:
            await one.close()


class AsyncCaller:
    """
    Repeats calls that failed for a passing reason while there is time, after pauses with jitter that are no shorter than what the server has
    asked for, and as far as the client's budget of retries goes. A write has one name over all tries, so that a shard which has applied it
    answers as it did then: an ``if_version`` that the first try has met does not fail the second.
    """

    def __init__(self, connection: Connection) -> None:
        made = [_transport(one, connection) for one in connection.addresses]
        self.transport: AsyncTransport = made[0] if len(made) == 1 else AsyncFirstReachable(made)
        self.retries = connection.retries
        self._timeout = connection.timeout
        self._budget = RetryBudget()
        self._origins = WriteOrigins()

    async def call(self, method: Method, request: Fields, timeout: float | None = None, wait: float = 0.0) -> Any:
        """``timeout``: seconds of the call with its retries; None: the client's. ``wait``: that the server may wait besides."""
        given = self._timeout if timeout is None else timeout
        allowed = None if given is None or given == float("inf") else given + wait
        if allowed is not None and not allowed > 0:
            raise error_of("DEADLINE_EXCEEDED", "the timeout passed before the call was sent; increase timeout")
        if self.retries == 0 or method.path in ONCE:
            return await self.transport.call(method, request, allowed)
        if not is_named(method, request):
            return await self._send(method, request, allowed)
        origin = self._origins.take()
        try:
            return await self._send(method, {**request, "origin": origin}, allowed)
        finally:
            self._origins.release(origin)

    async def _send(self, method: Method, request: Fields, allowed: float | None) -> Any:
        deadline = None if allowed is None else time.monotonic() + allowed
        tries = 0
        self._budget.called()
        while True:
            left = None if deadline is None else max(_LEAST, deadline - time.monotonic())
            try:
                return await self.transport.call(method, request, left)
            except VectronError as error:
                tries += 1
                if not error.retryable or tries > self.retries:
                    raise
                pause = pause_before(tries, error)
                late = deadline is not None and time.monotonic() + pause + _LEAST > deadline
                if late or not self._budget.take():
                    raise
            await sleep(pause)

    async def close(self) -> None:
        await self.transport.close()


def _transport(address: ServerAddress, connection: Connection) -> AsyncTransport:
    made = AsyncRestTransport if address.wire == "rest" else AsyncGrpcTransport
    return made(address, connection)
