"""Servers that answer as a test says: refusals, silence, broken answers, lost connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc

from vectron._messages import message_class


class HttpPeer(ThreadingHTTPServer):
    """``answer(handler, body)`` answers a request; ``seen`` are the requests: their path, headers and bodies."""

    daemon_threads = True

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                peer.seen.append((self.path, dict(self.headers.items()), body))
                answer(self, body)

            do_GET = do_DELETE = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def http_peer(answer: Callable[[BaseHTTPRequestHandler, bytes], None]) -> Iterator[HttpPeer]:
    peer = HttpPeer(answer)
    thread = threading.Thread(target=peer.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield peer
    finally:
        peer.shutdown()
        peer.server_close()


@contextmanager
def grpc_peer(method: str, answer: Callable[..., Any], *, stream: bool = False) -> Iterator[str]:
    """A server of one method of VectronService, with messages as bytes; gives its address."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    handler: Any = grpc.stream_stream_rpc_method_handler if stream else grpc.unary_unary_rpc_method_handler
    service = grpc.method_handlers_generic_handler("vectron.v1.VectronService", {method: handler(answer)})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def refusal(code: str, message: str, retry_seconds: float | None = None) -> Any:
    """A google.rpc.Status with its details."""
    status = message_class("google.rpc.Status")(code=8, message=message)
    info = message_class("google.rpc.ErrorInfo")(reason=code, domain="vectron")
    status.details.add(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=info.SerializeToString())
    if retry_seconds is not None:
        nanos = round(retry_seconds * 1e9)
        delay = message_class("google.rpc.RetryInfo")(retry_delay={"seconds": nanos // 10**9, "nanos": nanos % 10**9})
        status.details.add(type_url="type.googleapis.com/google.rpc.RetryInfo", value=delay.SerializeToString())
    return status
