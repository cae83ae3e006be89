"""Fixtures of every Python package: one server for all tests, asked over each wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from server import Server

__all__ = ["server", "url", "wire"]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    made = Server()
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.fixture(params=["rest", "grpc"])
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(server: Server, wire: str) -> str:
    return server.rest_url if wire == "rest" else server.grpc_url
