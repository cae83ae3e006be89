"""What asyncio does otherwise than threads: connections, pauses and tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Generic, TypeVar, Union

import grpc
import grpc.aio
import httpx

from .._connecting import Tls
from .._grpc import OPTIONS
from .._http import LIMITS, AsyncHttpClient, Requests
from .._rest import RestAnswer, RestCall
from ..errors import VectronError, error_of

T = TypeVar("T")
# What grpc.aio says of a call when a message could not be written, and how long its status is waited for: turns of so many seconds.
_WRITE_FAILED = "Internal error from Core"
_TURNS = 20
_TURN = 0.05
AnyIterable = Union[Iterable[T], AsyncIterable[T]]


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def iterate(given: AnyIterable[T]) -> AsyncIterator[T]:
    """The items of an iterable of either kind."""
    if isinstance(given, AsyncIterable):
        async for one in given:
            yield one
    else:
        for one in given:
            yield one


class Http:
    """Connections to one server over HTTP/1.1, kept open between requests."""

    def __init__(self, base: str, headers: dict[str, str], tls: Tls | None) -> None:
        self._client = AsyncHttpClient(headers=headers, verify=True if tls is None else tls.context(), limits=LIMITS)
        self._requests = Requests(base, self._client.headers)

    async def send(self, call: RestCall, timeout: float | None) -> RestAnswer:
        """Raises VectronError when there is no answer within ``timeout`` seconds."""
        try:
            return await asyncio.wait_for(self._send(call), timeout)
        except (asyncio.TimeoutError, httpx.TimeoutException) as cause:
            raise late() from cause
        except httpx.TransportError as cause:
            raise unreachable(cause) from cause
        except RuntimeError as cause:
            raise closed(cause) from cause

    async def _send(self, call: RestCall) -> RestAnswer:
        answer = await self._client.send(self._requests.made(call, None))
        return RestAnswer(answer.status_code, answer.headers, answer.content)

    async def close(self) -> None:
        await self._client.aclose()


class Channel:
    """A channel of gRPC, opened by its first call."""

    def __init__(self, host: str, metadata: list[tuple[str, str]], tls: Tls | None) -> None:
        self._host = host
        self._metadata = metadata
        self._credentials = credentials(tls)
        self._channel: grpc.aio.Channel | None = None
        self._calls: dict[str, Callable[..., Any]] = {}

    def _open(self) -> grpc.aio.Channel:
        if self._channel is None:
            if self._credentials is None:
                self._channel = grpc.aio.insecure_channel(self._host, options=OPTIONS)
            else:
                self._channel = grpc.aio.secure_channel(self._host, self._credentials, options=OPTIONS)
        return self._channel

    async def call(self, path: str, data: bytes, timeout: float | None) -> bytes:
        """Raises grpc.RpcError."""
        send = self._calls.get(path)
        if send is None:
            made: Any = self._open().unary_unary
            send = self._calls[path] = made(path)
        answer: bytes = await send(data, timeout=timeout, metadata=self._metadata)
        return answer

    async def duplex(self, path: str) -> Duplex:
        opened: Any = self._open().stream_stream(path)
        return Duplex(opened(metadata=self._metadata))

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()


class Duplex:
    """A call with messages both ways."""

    def __init__(self, call: Any) -> None:
        self._call = call

    async def write(self, data: bytes) -> None:
        """Raises grpc.RpcError or asyncio.InvalidStateError when the call has ended, which ``read`` tells, too."""
        await self._call.write(data)

    async def read(self) -> bytes | None:
        """The next message; None when the server has ended the call. Raises grpc.RpcError."""
        try:
            data: Any = await self._call.read()
        except grpc.aio.AioRpcError as error:
            if error.details() != _WRITE_FAILED:
                raise
            raise await self._status() from error
        if data is grpc.aio.EOF:
            return None
        read: bytes = data
        return read

    async def _status(self) -> grpc.aio.AioRpcError:
        """A write that fails hides the status that the server ended the call with, until that has come, if it comes."""
        for _ in range(_TURNS):
            if await self._call.details() != _WRITE_FAILED:
                break
            await asyncio.sleep(_TURN)
        code, details = await self._call.code(), await self._call.details()
        if details == _WRITE_FAILED:
            code, details = grpc.StatusCode.UNAVAILABLE, "the connection was lost"
        sent = await self._call.initial_metadata(), await self._call.trailing_metadata()
        return grpc.aio.AioRpcError(code, *sent, details=details)

    async def end(self) -> None:
        """Nothing more is written."""
        await self._call.done_writing()

    async def cancel(self) -> None:
        self._call.cancel()


class Tasks(Generic[T]):
    """Tasks that run concurrently with their caller, at most as many as the caller starts."""

    def __init__(self, most: int) -> None:
        self._running: set[asyncio.Task[T]] = set()

    def begin(self, work: Callable[[], Awaitable[T]]) -> Task[T]:
        async def run() -> T:
            return await work()

        task = asyncio.ensure_future(run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return Task(task)

    async def close(self) -> None:
        """Ends what is running."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


class Task(Generic[T]):
    def __init__(self, task: asyncio.Task[T]) -> None:
        self._task = task

    async def result(self) -> T:
        return await self._task

    async def ended(self) -> None:
        """When it has ended, in whatever way."""
        await asyncio.wait([self._task])


def credentials(tls: Tls | None) -> grpc.ChannelCredentials | None:
    if tls is None:
        return None
    return grpc.ssl_channel_credentials(tls.authorities(), tls.key, tls.certificate)


def late() -> VectronError:
    return error_of("DEADLINE_EXCEEDED", "the server did not answer in time")


def unreachable(cause: Exception) -> VectronError:
    return error_of("UNAVAILABLE", f"the server cannot be reached: {cause or type(cause).__name__}")


def closed(cause: Exception) -> VectronError:
    return error_of("CANCELLED", f"the client cannot be used: {cause}")
