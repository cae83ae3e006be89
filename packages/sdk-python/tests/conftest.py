"""One server for all tests; a client of each wire and of each kind, and a collection for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from server import Server

import vectron


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


@pytest.fixture
def db(server: Server, url: str) -> Iterator[vectron.Client]:
    with vectron.connect(url, api_key=server.api_key) as client:
        yield client


@pytest.fixture
def name(db: vectron.Client) -> Iterator[str]:
    """A collection of three dimensions."""
    made = f"t-{uuid.uuid4().hex[:12]}"
    db.create_collection(made, dimension=3)
    yield made
    db.delete_collection(made)
