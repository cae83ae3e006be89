"""The client for asyncio has the same verbs; its calls run at once and end with their tasks."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
from server import Server

import vectron
from vectron import AsyncClient, Point


@pytest.fixture
def play(server: Server, url: str) -> Callable[[Callable[[AsyncClient, str], Coroutine[Any, Any, None]]], None]:
    """Runs what is given a client and a collection."""

    async def run(work: Callable[[AsyncClient, str], Coroutine[Any, Any, None]]) -> None:
        name = f"a-{uuid.uuid4().hex[:12]}"
        async with AsyncClient(url, api_key=server.api_key) as db:
            await db.create_collection(name, dimension=3)
            await work(db, name)
            await db.delete_collection(name)

    return lambda work: asyncio.run(run(work))


Play = Callable[[Callable[[AsyncClient, str], Coroutine[Any, Any, None]]], None]


async def made(count: int) -> AsyncIterator[Point]:
    for i in range(count):
        yield Point(f"p-{i:04}", [1, i, 0], {"i": i})


def test_calls_run_at_once(play: Play) -> None:
    async def work(db: AsyncClient, name: str) -> None:
        assert await db.upsert_all(name, made(300), batch_size=50) == 300
        found = await asyncio.gather(*(db.search(name, [1, i, 0], top_k=1, exact=True) for i in range(20)))
        assert all(one.complete for one in found)
        assert [one.id async for one in db.points(name, page_size=77)] == [f"p-{i:04}" for i in range(300)]
        acks = [ack async for ack in db.upsert_stream(name, [[Point("a", [1, 0, 0])], [Point("b", [1])]])]
        assert acks[0].error is None and acks[1].error is not None

    play(work)


def test_changes_come_as_they_happen(play: Play) -> None:
    async def work(db: AsyncClient, name: str) -> None:
        async with await db.snapshot(name) as snapshot:
            assert [one async for one in snapshot.points()] == []
        stream = db.changes(name, cursor=snapshot.cursor)

        async def first() -> str:
            async for change in stream:
                assert change.point is not None
                return change.point.id
            raise AssertionError("the stream has ended")

        reading = asyncio.create_task(first())
        await asyncio.sleep(0)
        await db.upsert(name, [Point("new", [1, 0, 0])])
        assert await reading == "new"

    play(work)


def test_a_task_that_is_cancelled_ends_its_call(play: Play) -> None:
    async def work(db: AsyncClient, name: str) -> None:
        now = await db.list_changes(name, start="now")
        waiting = asyncio.create_task(db.list_changes(name, cursor=now.next_cursor, wait=60.0))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await db.count(name)).count == 0

    play(work)


def test_both_clients_have_the_same_verbs_and_options() -> None:
    pairs = [
        (vectron.Client, vectron.AsyncClient),
        (vectron.Admin, vectron.AsyncAdmin),
        (vectron.Snapshot, vectron.AsyncSnapshot),
    ]
    for one, other in pairs:
        verbs = {name: inspect.signature(value) for name, value in inspect.getmembers(one, inspect.isfunction) if name[0] != "_"}
        others = {name: inspect.signature(value) for name, value in inspect.getmembers(other, inspect.isfunction) if name[0] != "_"}
        assert verbs.keys() == others.keys()
        assert {n: list(s.parameters) for n, s in verbs.items()} == {n: list(s.parameters) for n, s in others.items()}
