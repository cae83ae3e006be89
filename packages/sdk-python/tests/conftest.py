"""A client of each wire, and a collection for each test, beside what all packages have."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from served import server, url, wire
from server import Server

import vectron

__all__ = ["db", "name", "server", "url", "wire"]


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
