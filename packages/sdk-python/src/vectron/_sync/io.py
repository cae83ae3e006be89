"""What threads do otherwise than asyncio: connections, pauses and tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import grpc
import httpx

from .._async.io import closed, credentials, late, unreachable
from .._connecting import Tls
from .._grpc import OPTIONS
from .._http import LIMITS, HttpClient, Requests
from .._rest import RestAnswer, RestCall

T = TypeVar("T")
AnyIterable = Iterable[T]


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def iterate(given: AnyIterable[T]) -> Iterator[T]:
    return iter(given)


class Http:
    """Connections to one server over HTTP/1.1, kept open between requests."""

    def __init__(self, base: str, headers: dict[str, str], tls: Tls | None) -> None:
        self._client = HttpClient(headers=headers, verify=True if tls is None else tls.context(), limits=LIMITS)
        self._requests = Requests(base, self._client.headers)

    def send(self, call: RestCall, timeout: float | None) -> RestAnswer:
        """
        Raises VectronError when there is no answer within ``timeout`` seconds. The time holds for each step of the request; an answer
        that comes in pieces is given up at the first piece beyond it.
        """
        ends = None if timeout is None else time.monotonic() + timeout
        try:
            answer = self._client.send(self._requests.made(call, timeout), stream=True)
            try:
                parts = []
                for part in answer.iter_bytes():
                    parts.append(part)
                    if ends is not None and time.monotonic() > ends:
                        raise late()
                return RestAnswer(answer.status_code, answer.headers, b"".join(parts))
            finally:
                answer.close()
        except httpx.TimeoutException as cause:
            raise late() from cause
        except httpx.TransportError as cause:
            raise unreachable(cause) from cause
        except RuntimeError as cause:
            raise closed(cause) from cause

    def close(self) -> None:
        self._client.close()


class Channel:
    """A channel of gRPC, opened by its first call."""

    def __init__(self, host: str, metadata: list[tuple[str, str]], tls: Tls | None) -> None:
        self._metadata = metadata
        ready = credentials(tls)
        self._channel = grpc.insecure_channel(host, options=OPTIONS) if ready is None else grpc.secure_channel(host, ready, options=OPTIONS)
        self._calls: dict[str, Callable[..., Any]] = {}

    def call(self, path: str, data: bytes, timeout: float | None) -> bytes:
        """Raises grpc.RpcError."""
        send = self._calls.get(path)
        if send is None:
            made: Any = self._channel.unary_unary
            send = self._calls[path] = made(path)
        try:
            answer: bytes = send(data, timeout=timeout, metadata=self._metadata)
        except ValueError as cause:
            raise closed(cause) from cause
        return answer

    def duplex(self, path: str) -> Duplex:
        return Duplex(self._channel.stream_stream(path), self._metadata)

    def close(self) -> None:
        self._channel.close()


class Duplex:
    """A call with messages both ways."""

    def __init__(self, open_call: Any, metadata: list[tuple[str, str]]) -> None:
        # None: nothing more is written. The caller bounds what is in it.
        self._written: SimpleQueue[bytes | None] = SimpleQueue()
        self._call = open_call(iter(self._written.get, None), metadata=metadata)

    def write(self, data: bytes) -> None:
        self._written.put(data)

    def read(self) -> bytes | None:
        """The next message; None when the server has ended the call. Raises grpc.RpcError."""
        read: bytes | None = next(self._call, None)
        return read

    def end(self) -> None:
        """Nothing more is written."""
        self._written.put(None)

    def cancel(self) -> None:
        self._call.cancel()
        self._written.put(None)


class Tasks(Generic[T]):
    """Tasks that run concurrently with their caller, at most ``most`` at a time."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="vectron")

    def begin(self, work: Callable[[], T]) -> Task[T]:
        return Task(self._pool.submit(work))

    def close(self) -> None:
        """Begins nothing more, and waits for what is running."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Task(Generic[T]):
    def __init__(self, future: Future[T]) -> None:
        self._future = future

    def result(self) -> T:
        return self._future.result()

    def ended(self) -> None:
        """When it has ended, in whatever way."""
        wait([self._future])
