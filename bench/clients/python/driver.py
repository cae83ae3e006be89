"""Drives one client of Python; see ../README.md for what a driver is told and says."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, local
from typing import Any

SETTINGS = json.loads(sys.argv[1])
COLLECTION, K, BATCH, DIMENSION = (SETTINGS[one] for one in ("collection", "k", "batch", "dimension"))
DATA = Path(SETTINGS["data"])

Found = list[tuple[int, str]]


def rows(name: str) -> list[Any]:
    """Vectors as the form that is asked for: lists of Python's floats, or rows of a NumPy array of float32."""
    if SETTINGS["form"] == "numpy":
        import numpy

        return list(numpy.fromfile(DATA / name, dtype="<f4").reshape(-1, DIMENSION))
    values = array("f", (DATA / name).read_bytes()).tolist()
    return [values[at : at + DIMENSION] for at in range(0, len(values), DIMENSION)]


VECTORS = rows("points.f32")
QUERIES = rows("queries.f32")
PAYLOADS = [json.loads(line) for line in (DATA / "payloads.jsonl").read_text().splitlines()]


class Vectron:
    def __init__(self) -> None:
        import vectron

        self.client = vectron.connect(SETTINGS["url"], api_key=SETTINGS["token"])

    def search(self, at: int) -> Found:
        found = self.client.search(COLLECTION, QUERIES[at], top_k=K)
        return [(int(hit.id), hit.payload["name"]) for hit in found.hits]

    def upsert(self, begin: int, end: int) -> None:
        self.client.upsert(
            COLLECTION, [{"id": str(at), "vector": VECTORS[at], "payload": PAYLOADS[at]} for at in range(begin, end)]
        )


class AsyncVectron:
    def __init__(self) -> None:
        import vectron

        self.client = vectron.AsyncClient(SETTINGS["url"], api_key=SETTINGS["token"])

    async def search(self, at: int) -> Found:
        found = await self.client.search(COLLECTION, QUERIES[at], top_k=K)
        return [(int(hit.id), hit.payload["name"]) for hit in found.hits]

    async def upsert(self, begin: int, end: int) -> None:
        await self.client.upsert(
            COLLECTION, [{"id": str(at), "vector": VECTORS[at], "payload": PAYLOADS[at]} for at in range(begin, end)]
        )


class Predecessor:
    """Payloads of its clients are text."""

    def __init__(self) -> None:
        from vectron_client.client import ClientOptions, Point, VectronClient

        self.point = Point
        self.client = VectronClient(SETTINGS["url"], SETTINGS["token"], ClientOptions(timeout_seconds=60.0))
        self.payloads = [{key: str(value) for key, value in one.items()} for one in PAYLOADS]

    def search(self, at: int) -> Found:
        found = self.client.search(COLLECTION, QUERIES[at], top_k=K)
        return [(int(hit.id), hit.payload["name"]) for hit in found]

    def upsert(self, begin: int, end: int) -> None:
        self.client.upsert(
            COLLECTION, [self.point(id=str(at), vector=VECTORS[at], payload=self.payloads[at]) for at in range(begin, end)]
        )


def qdrant_address() -> dict[str, Any]:
    host, http = SETTINGS["http"].split(":")
    ports = {"port": int(http), "grpc_port": int(SETTINGS["grpc"].split(":")[1])}
    return {"host": host, **ports, "prefer_grpc": SETTINGS["wire"] == "grpc", "timeout": 60}


class Qdrant:
    def __init__(self) -> None:
        from qdrant_client import QdrantClient, models

        self.point = models.PointStruct
        self.client = QdrantClient(**qdrant_address())

    def search(self, at: int) -> Found:
        found = self.client.query_points(COLLECTION, query=QUERIES[at], limit=K, with_payload=True)
        return [(int(hit.id), hit.payload["name"]) for hit in found.points]

    def upsert(self, begin: int, end: int) -> None:
        points = [self.point(id=at, vector=VECTORS[at], payload=PAYLOADS[at]) for at in range(begin, end)]
        self.client.upsert(COLLECTION, points, wait=True)


class AsyncQdrant:
    def __init__(self) -> None:
        from qdrant_client import AsyncQdrantClient, models

        self.point = models.PointStruct
        self.client = AsyncQdrantClient(**qdrant_address())

    async def search(self, at: int) -> Found:
        found = await self.client.query_points(COLLECTION, query=QUERIES[at], limit=K, with_payload=True)
        return [(int(hit.id), hit.payload["name"]) for hit in found.points]

    async def upsert(self, begin: int, end: int) -> None:
        points = [self.point(id=at, vector=VECTORS[at], payload=PAYLOADS[at]) for at in range(begin, end)]
        await self.client.upsert(COLLECTION, points, wait=True)


class Chroma:
    def __init__(self) -> None:
        import chromadb

        host, port = SETTINGS["http"].split(":")
        settings = chromadb.Settings(anonymized_telemetry=False)
        self.collection = chromadb.HttpClient(host, int(port), settings=settings).get_collection(COLLECTION, embedding_function=None)

    def search(self, at: int) -> Found:
        found = self.collection.query(query_embeddings=[QUERIES[at]], n_results=K, include=["metadatas", "distances"])
        return [(int(id), payload["name"]) for id, payload in zip(found["ids"][0], found["metadatas"][0])]

    def upsert(self, begin: int, end: int) -> None:
        ids = [str(at) for at in range(begin, end)]
        self.collection.upsert(ids, embeddings=VECTORS[begin:end], metadatas=PAYLOADS[begin:end])


class AsyncChroma:
    def __init__(self) -> None:
        self.collection: Any = None

    async def opened(self) -> Any:
        if self.collection is None:
            import chromadb

            host, port = SETTINGS["http"].split(":")
            settings = chromadb.Settings(anonymized_telemetry=False)
            client = await chromadb.AsyncHttpClient(host, int(port), settings=settings)
            self.collection = await client.get_collection(COLLECTION, embedding_function=None)
        return self.collection

    async def search(self, at: int) -> Found:
        collection = await self.opened()
        found = await collection.query(query_embeddings=[QUERIES[at]], n_results=K, include=["metadatas", "distances"])
        return [(int(id), payload["name"]) for id, payload in zip(found["ids"][0], found["metadatas"][0])]

    async def upsert(self, begin: int, end: int) -> None:
        collection = await self.opened()
        ids = [str(at) for at in range(begin, end)]
        await collection.upsert(ids, embeddings=VECTORS[begin:end], metadatas=PAYLOADS[begin:end])


SEARCH = f"SELECT id, payload, embedding <=> %s AS distance FROM {COLLECTION} ORDER BY distance LIMIT {K}"
UPSERT = (
    f"INSERT INTO {COLLECTION} (id, label, payload, embedding) VALUES (%s, %s, %s, %s) ON CONFLICT (id) DO UPDATE "
    "SET label = excluded.label, payload = excluded.payload, embedding = excluded.embedding"
)


class Pgvector:
    """A connection for each thread, as a pool would give it."""

    def __init__(self) -> None:
        from pgvector import Vector
        from psycopg.types.json import Jsonb

        self.vector, self.json = Vector, Jsonb
        self.own = local()

    def connection(self) -> Any:
        if not hasattr(self.own, "connection"):
            import psycopg
            from pgvector.psycopg import register_vector

            self.own.connection = psycopg.connect(SETTINGS["url"], autocommit=True)
            register_vector(self.own.connection)
        return self.own.connection

    def search(self, at: int) -> Found:
        found = self.connection().execute(SEARCH, (self.vector(QUERIES[at]),)).fetchall()
        return [(id, payload["name"]) for id, payload, _ in found]

    def upsert(self, begin: int, end: int) -> None:
        connection = self.connection()
        values = [
            (at, PAYLOADS[at]["label"], self.json(PAYLOADS[at]), self.vector(VECTORS[at])) for at in range(begin, end)
        ]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(UPSERT, values)


class AsyncPgvector:
    """A connection for each call at a time, as a pool would give it."""

    def __init__(self) -> None:
        from pgvector import Vector
        from psycopg.types.json import Jsonb

        self.vector, self.json = Vector, Jsonb
        self.free: list[Any] = []

    async def taken(self) -> Any:
        if self.free:
            return self.free.pop()
        import psycopg
        from pgvector.psycopg import register_vector_async

        connection = await psycopg.AsyncConnection.connect(SETTINGS["url"], autocommit=True)
        await register_vector_async(connection)
        return connection

    async def search(self, at: int) -> Found:
        connection = await self.taken()
        found = await (await connection.execute(SEARCH, (self.vector(QUERIES[at]),))).fetchall()
        self.free.append(connection)
        return [(id, payload["name"]) for id, payload, _ in found]

    async def upsert(self, begin: int, end: int) -> None:
        connection = await self.taken()
        values = [
            (at, PAYLOADS[at]["label"], self.json(PAYLOADS[at]), self.vector(VECTORS[at])) for at in range(begin, end)
        ]
        async with connection.transaction(), connection.cursor() as cursor:
            await cursor.executemany(UPSERT, values)
        self.free.append(connection)


CLIENTS: dict[str, Any] = {
    "vectron": Vectron,
    "vectron async": AsyncVectron,
    "predecessor": Predecessor,
    "qdrant": Qdrant,
    "qdrant async": AsyncQdrant,
    "chroma": Chroma,
    "chroma async": AsyncChroma,
    "pgvector": Pgvector,
    "pgvector async": AsyncPgvector,
}


def calls_of(client: Any, told: dict[str, Any]) -> tuple[int, Callable[[int], Any]]:
    """How many calls, and each of them."""
    if told["operation"] == "search":
        return told["count"], lambda at: client.search(at % len(QUERIES))

    def upsert(at: int) -> Any:
        begin = at * BATCH % len(VECTORS)
        return client.upsert(begin, begin + BATCH)

    return told["count"] // BATCH, upsert


class Numbers:
    """From 0 to below count, each given once."""

    def __init__(self, count: int) -> None:
        self._numbers = iter(range(count))
        self._lock = Lock()

    def next(self) -> int | None:
        with self._lock:
            return next(self._numbers, None)


class Threads:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.pools: dict[int, ThreadPoolExecutor] = {}

    def perform(self, told: dict[str, Any]) -> None:
        count, call = calls_of(self.client, told)
        numbers = Numbers(count)

        def work() -> None:
            while (at := numbers.next()) is not None:
                call(at)

        clients = told["clients"]
        if clients == 1:
            return work()
        pool = self.pools.setdefault(clients, ThreadPoolExecutor(clients))
        for one in [pool.submit(work) for _ in range(clients)]:
            one.result()

    def check(self, count: int) -> list[Found]:
        return [self.client.search(at) for at in range(count)]


class Loop:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.loop = asyncio.new_event_loop()

    def perform(self, told: dict[str, Any]) -> None:
        count, call = calls_of(self.client, told)
        numbers = iter(range(count))

        async def work() -> None:
            for at in numbers:
                await call(at)

        async def all_of_them() -> None:
            await asyncio.gather(*(work() for _ in range(told["clients"])))

        self.loop.run_until_complete(all_of_them())

    def check(self, count: int) -> list[Found]:
        async def all_of_them() -> list[Found]:
            search: Callable[[int], Awaitable[Found]] = self.client.search
            return [await search(at) for at in range(count)]

        return self.loop.run_until_complete(all_of_them())


def main() -> None:
    name = SETTINGS["client"]
    if name.endswith(" async"):

        async def made() -> Any:
            return CLIENTS[name]()

        loop = Loop(None)
        loop.client = loop.loop.run_until_complete(made())
        runner: Threads | Loop = loop
    else:
        runner = Threads(CLIENTS[name]())
    for line in sys.stdin:
        told = json.loads(line)
        if told["operation"] == "check":
            print(json.dumps({"found": runner.check(told["count"])}), flush=True)
            continue
        began, before = time.perf_counter(), time.process_time()
        runner.perform(told)
        print(json.dumps({"cpuSeconds": time.process_time() - before, "seconds": time.perf_counter() - began}), flush=True)


main()
