"""A server that restarts, or is killed, below clients and streams that go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest
from server import Server

import vectron
from vectron import Point


@pytest.mark.parametrize(("wire", "how"), [("rest", signal.SIGTERM), ("grpc", signal.SIGKILL)])
def test_a_load_goes_on_over_a_restart(wire: str, how: signal.Signals) -> None:
    server = Server().start()
    try:
        url = server.rest_url if wire == "rest" else server.grpc_url
        with vectron.connect(url, api_key=server.api_key, timeout=300.0, retries=1000) as db:
            db.create_collection("kept", dimension=2)

            def restart() -> None:
                server.stop(how)
                server.start()

            restarting = threading.Thread(target=restart)

            def points() -> Iterator[Point]:
                for i in range(3000):
                    if i == 1000:
                        restarting.start()
                    yield Point(f"p-{i}", [1, i], {"i": i})

            assert db.upsert_all("kept", points(), batch_size=50) == 3000
            restarting.join()
            assert db.count("kept", consistency="linearizable").count == 3000
            assert db.get("kept", "p-2999") is not None
    finally:
        server.remove()
