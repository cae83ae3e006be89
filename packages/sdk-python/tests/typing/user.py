"""A file of a user, which mypy --strict and pyright find nothing wrong with; reveal_type's kin are checked by assert_type."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from typing_extensions import assert_type

import vectron
from vectron import AsyncClient, Client, Point, where


def blocking(db: Client) -> list[str]:
    db.create_collection("papers", dimension=2, distance="cosine", indexes=[vectron.PayloadIndex(path="year", type="integer")])
    assert_type(db.upsert("papers", [Point("a", [1.0, 2]), {"id": "b", "vector": (1, 2)}]), vectron.UpsertResult)
    found = db.search("papers", [1, 2], filter=where.field("year").gte(2020) & ~where.ids("a"), top_k=3)
    assert_type(found, vectron.SearchResult)
    assert_type(found.hits[0].score, float)
    assert_type(found.hits[0].vector, vectron.Floats | None)
    assert_type(db.search_batch("papers", [[1, 2]])[0], vectron.SearchResult)
    assert_type(db.get("papers", "a"), vectron.StoredPoint | None)
    assert_type(db.points("papers"), Iterator[vectron.StoredPoint])
    assert_type(db.admin.workers(), list[vectron.Worker])
    assert_type(db.upsert_all("papers", (Point(str(i), [i, 1]) for i in range(3))), int)
    for change in db.changes("papers"):
        assert_type(change, vectron.Change)
        break
    try:
        db.count("papers", timeout=1.5)
    except vectron.ResourceExhaustedError as error:
        assert_type(error.retry_after, float | None)
        if error.code == "OVERLOADED":
            return []
    return [hit.id for hit in found.hits]


async def with_asyncio() -> int:
    async with AsyncClient("grpc://127.0.0.1:8081", api_key="k", timeout=10) as db:
        assert_type(await db.upsert("papers", []), vectron.UpsertResult)
        assert_type(db.points("papers"), AsyncIterator[vectron.StoredPoint])
        async for ack in db.upsert_stream("papers", [[Point("a", [1.0])]]):
            assert_type(ack, vectron.BatchAck)
        async with await db.snapshot("papers") as snapshot:
            assert_type(snapshot.count, int)
        return (await db.count("papers")).count


def filters() -> vectron.Filter:
    return {"all": [{"field": "a", "eq": 1}]}


with vectron.connect(["http://127.0.0.1:8080", "http://127.0.0.1:8090"]) as client:
    assert_type(client, Client)
