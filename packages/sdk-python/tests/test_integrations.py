"""What packages for frameworks are made of."""

from __future__ import annotations

import asyncio
import signal
import uuid

import pytest
from server import Server

import vectron
from vectron.integrations import (
    Clients,
    Steps,
    delete_points,
    everything,
    if_there_is_one,
    read_by_ids,
    read_points,
    restore_floats,
    whole_floats,
    write_points,
)


def settings() -> dict[str, object]:
    return {"dimension": 2}


def written_and_read(collection: str, count: int) -> Steps[list[str]]:
    points = [vectron.Point(f"{i:04}", [1.0, float(i)], {"even": i % 2 == 0}) for i in range(count)]
    written = yield from write_points(collection, points, settings)
    assert written == count
    found = yield from read_points(collection, vectron.where.field("even").eq(True))
    return [one.id for one in found]


def test_an_operation_is_the_same_on_both_clients(server: Server, url: str) -> None:
    clients = Clients(url, options={"api_key": server.api_key})
    names = [f"in-{uuid.uuid4().hex[:12]}" for _ in range(2)]
    expected = [f"{i:04}" for i in range(0, 2500, 2)]
    assert clients.run(written_and_read(names[0], 2500)) == expected

    async def of_asyncio() -> list[str]:
        try:
            return await clients.arun(written_and_read(names[1], 2500))
        finally:
            await clients.aclose()

    assert asyncio.run(of_asyncio()) == expected
    ids = ["0004", "absent", "0002", "0004"]
    assert [one.id for one in clients.run(read_by_ids(names[0], ids))] == ["0004", "0002"]
    for name in names:
        assert clients.run(delete_points(name, filter=everything())) == 2500
        clients.blocking.delete_collection(name)
        assert clients.run(delete_points(name, filter=everything())) == 0
    assert clients.run(if_there_is_one(lambda db: db.count(names[0]), "none")) == "none"
    clients.close()


def test_a_client_of_the_other_kind_is_made_of_the_one_that_is_given(server: Server, url: str) -> None:
    name = f"in-{uuid.uuid4().hex[:12]}"

    async def of_asyncio(blocking: vectron.Client) -> list[str]:
        clients = Clients(client=blocking)
        found = await clients.arun(written_and_read(name, 10))
        assert clients.of_this_loop is clients.of_this_loop
        await clients.aclose()
        assert (await asyncio.to_thread(blocking.count, name)).count == 10
        return found

    async def blocking_of_asyncio() -> int:
        async with vectron.AsyncClient(url, api_key=server.api_key) as given:
            clients = Clients(async_client=given)
            deleted = await asyncio.to_thread(clients.run, delete_points(name, filter=everything()))
            clients.close()
            assert clients.of_this_loop is given
            await given.delete_collection(name)
            return deleted

    with vectron.Client(url, api_key=server.api_key) as blocking:
        assert asyncio.run(of_asyncio(blocking)) == ["0000", "0002", "0004", "0006", "0008"]
    assert asyncio.run(blocking_of_asyncio()) == 10
    with pytest.raises(ValueError, match="no server was named"):
        Clients()


def test_what_makes_the_collection_writes_each_point_once(server: Server, url: str) -> None:
    clients = Clients(url, options={"api_key": server.api_key})
    points = [vectron.Point(f"{i:03}", [1.0, 0.0], if_version=0) for i in range(100)]

    async def write() -> int:
        name = f"in-{uuid.uuid4().hex[:12]}"
        written = await clients.arun(write_points(name, points, settings, batch_size=5))
        await clients.of_this_loop.delete_collection(name)
        return written

    async def often() -> list[int]:
        try:
            return await asyncio.gather(*(write() for _ in range(10)))
        finally:
            await clients.aclose()

    assert asyncio.run(often()) == [100] * 10


def test_several_writers_make_one_collection(server: Server) -> None:
    clients = Clients(server.rest_url, options={"api_key": server.api_key})
    name = f"in-{uuid.uuid4().hex[:12]}"

    async def race() -> list[int]:
        writers = (write_points(name, [vectron.Point(str(i), [1.0, 0.0])], settings) for i in range(8))
        try:
            return await asyncio.gather(*(clients.arun(one) for one in writers))
        finally:
            await clients.aclose()

    assert asyncio.run(race()) == [1] * 8
    assert clients.blocking.count(name).count == 8
    clients.blocking.delete_collection(name)
    clients.close()


def test_other_failures_are_raised_to_the_operation_and_from_it(server: Server) -> None:
    clients = Clients(server.rest_url, options={"api_key": server.api_key})

    def caught() -> Steps[str]:
        try:
            yield lambda db: db.search("absent", [1.0])
        except vectron.NotFoundError as error:
            return error.code
        return "found"

    assert clients.run(caught()) == "COLLECTION_NOT_FOUND"
    with pytest.raises(vectron.InvalidArgumentError):
        clients.run(write_points("no name for a collection!", [vectron.Point("a", [1.0])], settings))
    stranger = Clients(server.rest_url, options={"api_key": "wrong"})
    with pytest.raises(vectron.UnauthenticatedError):
        stranger.run(read_points("absent"))
    with pytest.raises(RuntimeError):
        _ = clients.of_this_loop
    for one in (clients, stranger):
        one.close()


def test_a_client_of_a_loop_that_is_gone_is_gone_too(server: Server) -> None:
    clients = Clients(server.grpc_url, options={"api_key": server.api_key})

    async def use() -> None:
        await clients.arun(read_points("absent"))

    for _ in range(3):
        asyncio.run(use())
    assert len(clients._made_async) == 1
    clients.close()


@pytest.mark.parametrize("wire", ["rest", "grpc"])
def test_a_server_that_was_killed_is_asked_again(wire: str) -> None:
    """What was written is there when the server is back, and clients go on."""
    server = Server().start()
    try:
        options = {"api_key": server.api_key, "timeout": 30.0}
        clients = Clients(server.rest_url if wire == "rest" else server.grpc_url, options=options)
        assert len(clients.run(written_and_read("kept", 100))) == 50
        server.stop(signal.SIGKILL)
        with pytest.raises(vectron.VectronError) as refused:
            clients.run(if_there_is_one(lambda db: db.count("kept", timeout=2.0), None))
        assert refused.value.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
        server.start()
        found = []
        # A channel of gRPC connects again after a pause of its own.
        for _ in range(100):
            try:
                found = clients.run(read_points("kept"))
                break
            except vectron.UnavailableError:
                continue
        assert len(found) == 100
        clients.close()
    finally:
        server.remove()


def test_floats_without_a_fraction_are_floats_again(db: vectron.Client, name: str) -> None:
    payload = {"a": 1.0, "b": 1, "c": [2.5, -0.0, {"d.e": 1e20, "f": [[3.0]]}], "g": True, "h": "1.0", "i": 2.0**60}
    places = whole_floats(payload)
    db.upsert(name, [vectron.Point("a", [1, 0, 0], {"of": payload, "places": places})])
    point = db.get(name, "a")
    assert point is not None
    restored = restore_floats(point.payload["of"], point.payload["places"])
    assert repr(restored) == repr(payload).replace("-0.0", "0.0")
    # Values that were changed meanwhile, and places that make no sense.
    for odd in ([["a", "x"]], [["c", 9]], [["c", "x"]], [5], "x", None, [["g"], ["h"]]):
        assert repr(restore_floats({"a": 1, "c": [], "g": True, "h": "1"}, odd)) == "{'a': 1, 'c': [], 'g': True, 'h': '1'}"
