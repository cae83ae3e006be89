from __future__ import annotations

import inspect
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from haystack.utils import Secret
from served import server, url, wire
from server import Server

from haystack_integrations.document_stores.vectron import VectronDocumentStore

__all__ = ["play", "server", "store", "url", "wire"]


@pytest.fixture
async def store(server: Server, url: str) -> AsyncIterator[VectronDocumentStore]:
    made = VectronDocumentStore(
        url,
        collection=f"hs-{uuid.uuid4().hex[:12]}",
        api_key=Secret.from_token(server.api_key),
        language="english",
    )
    yield made
    made.delete_all_documents(recreate_collection=True)
    made.close()
    await made.close_async()


@pytest.fixture(params=["blocking", "asyncio"])
def play(request: pytest.FixtureRequest) -> Callable[..., Awaitable[Any]]:
    """Calls a method of a store or a component, of the one kind or of the other."""

    async def perform(owner: Any, verb: str, *args: Any, **options: Any) -> Any:
        if request.param == "blocking":
            return getattr(owner, verb)(*args, **options)
        method = getattr(owner, f"{verb}_async")
        assert inspect.iscoroutinefunction(method)
        return await method(*args, **options)

    return perform
