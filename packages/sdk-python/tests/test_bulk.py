"""Streams of upserts and bulk loads; frames of pandas and tables of Arrow; what was written meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import vectron
from vectron import Client, Point, where


def made(count: int, start: int = 0) -> Iterator[Point]:
    return (Point(f"p-{i:05}", [1.0, i, 0.5], {"i": i}) for i in range(start, start + count))


def test_each_batch_has_an_ack_in_its_place(db: Client, name: str) -> None:
    batches: list[Any] = [list(made(10)), [Point("flat", [1, 0])], [{"id": 5}], [], "no points", list(made(5, 100))]
    acks = list(db.upsert_stream(name, batches, max_in_flight=3))
    assert [ack.batch for ack in acks] == list(range(6))
    codes = [ack.error and ack.error.code for ack in acks]
    assert codes == [None, "DIMENSION_MISMATCH"] + ["INVALID_ARGUMENT"] * 3 + [None]
    assert [ack.upserted for ack in acks] == [10, 0, 0, 0, 0, 5]
    assert db.count(name, consistency="linearizable").count == 15


def test_the_later_of_two_batches_that_share_a_point_wins(db: Client, name: str) -> None:
    batches = ([Point("same", [1, 0, 0], {"n": n}), *made(20)] for n in range(40))
    assert all(ack.error is None for ack in db.upsert_stream(name, batches, max_in_flight=16))
    point = db.get(name, "same", consistency="linearizable")
    assert point is not None and point.payload == {"n": 39}


def test_a_batch_is_asked_for_when_there_is_room(db: Client, name: str) -> None:
    asked = 0

    def batches() -> Iterator[list[Point]]:
        nonlocal asked
        for n in range(20):
            asked += 1
            yield list(made(1, n))

    stream = iter(db.upsert_stream(name, batches(), max_in_flight=4))
    next(stream)
    assert asked <= 5
    assert len(list(stream)) == 19 and asked == 20


def test_a_load_says_how_far_it_is_and_stops_where_its_points_do(db: Client, name: str) -> None:
    told: list[int] = []
    written = db.upsert_all(name, made(1050), batch_size=100, on_progress=lambda done: told.append(done.upserted))
    assert written == 1050 and told == [*range(100, 1001, 100), 1050]
    with pytest.raises(vectron.VectronError) as raised:
        db.upsert_all(name, [*made(150), Point("flat", [1])], batch_size=100)
    assert raised.value.code == "DIMENSION_MISMATCH"

    def broken() -> Iterator[Point]:
        yield from made(100, 5000)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        db.upsert_all(name, broken(), batch_size=10)
    for wrong in ({"batch_size": 0}, {"max_in_flight": 0}, {"batch_bytes": 1.5}):
        with pytest.raises(vectron.InvalidArgumentError):
            db.upsert_all(name, [], **wrong)
    assert db.upsert_all(name, []) == 0


def test_a_frame_is_written_and_read(db: Client, name: str) -> None:
    frame = pd.DataFrame(
        {
            "key": [1, 2, 3],
            "embedding": list(np.eye(3, dtype=np.float64)),
            "big": pd.array([2**60 + 1, None, 3], dtype="Int64"),
            "share": [0.5, math.nan, 1.25],
            "when": pd.Series(["2026-01-02T03:04:05Z", None, "2026-02-01T00:00:00Z"], dtype="datetime64[ns, UTC]"),
            "name": ["a", None, "c"],
        }
    )
    assert db.upsert_dataframe(name, frame, id="key", vector="embedding") == 3
    point = db.get(name, "1")
    assert point is not None
    assert point.payload == {"big": 2**60 + 1, "share": 0.5, "when": "2026-01-02T03:04:05+00:00", "name": "a"}
    empty = db.get(name, "2")
    assert empty is not None and empty.payload == {}
    back = db.to_pandas(name)
    assert list(back["id"]) == ["1", "2", "3"] and back["big"].tolist()[::2] == [2**60 + 1, 3]
    assert back["vector"][0].tolist() == [1, 0, 0]
    hits = vectron.hits_to_pandas(db.search(name, [1, 0, 0], top_k=2).hits)
    assert list(hits.columns[:2]) == ["id", "score"] and len(hits) == 2
    assert list(db.search_batch(name, np.eye(3), top_k=1).to_pandas()["search"]) == [0, 1, 2]
    with pytest.raises(vectron.InvalidArgumentError):
        db.upsert_dataframe(name, frame, id="nowhere")


@pytest.mark.parametrize("kind", [pa.list_(pa.float32(), 3), pa.list_(pa.float64()), pa.large_list(pa.float32())])
def test_a_table_is_written(db: Client, name: str, kind: pa.DataType) -> None:
    rows = [[float(i), 1.0, 2.0] for i in range(500)]
    table = pa.table({"id": [f"r-{i}" for i in range(500)], "vector": pa.array(rows, kind), "n": range(500)}).slice(3, 400)
    assert db.upsert_arrow(name, table) == 400
    point = db.get(name, "r-17")
    assert point is not None and point.payload == {"n": 17}
    assert point.vector is not None and point.vector.tolist() == [17, 1, 2]
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=64))
    assert db.upsert_arrow(name, reader, payload=[]) == 400
    assert db.get(name, "r-17").payload == {}  # type: ignore[union-attr]
    with pytest.raises(vectron.InvalidArgumentError):
        db.upsert_arrow(name, table, vector="n")


def test_a_snapshot_and_its_changes_are_an_exact_copy(db: Client, name: str) -> None:
    db.upsert_all(name, made(30))
    with db.snapshot(name) as snapshot:
        db.upsert(name, [Point("later", [1, 1, 1])])
        db.delete(name, "p-00000")
        db.update_points(name, ids=["p-00001"], set={"n": 2**63})
        assert [one.id for one in snapshot.points(page_size=7)] == [f"p-{i:05}" for i in range(30)]
        assert snapshot.count == 30 and snapshot.expires_after > 0
    changes = db.changes(name, cursor=snapshot.cursor)
    seen = {}
    for change in changes:
        assert change.point is not None
        seen[change.point.id] = (change.kind, change.point.payload)
        if len(seen) == 3:
            break
    assert seen == {"later": ("insert", {}), "p-00000": ("delete", {}), "p-00001": ("update", {"i": 1, "n": 2**63})}
    now = db.list_changes(name, start="now")
    assert now.changes == [] and db.list_changes(name, cursor=now.next_cursor).changes == []
    with pytest.raises(vectron.VectronError) as raised:
        list(db.points(name, snapshot=snapshot.token))
    assert raised.value.code == "SNAPSHOT_GONE"


def test_queries_are_fused_and_grouped(db: Client, name: str) -> None:
    assert db.create_index(name, {"path": "title", "type": "text"})
    assert not db.create_index(name, vectron.PayloadIndex(path="title", type="text"))
    db.create_index(name, sparse_vector="words")
    db.create_index(name, named_vector={"name": "second", "dimension": 2})
    points = [
        Point(f"q-{i}", [1, i, 0], {"title": f"mail server {i}", "kind": i % 2}, sparse={"words": {"indices": [i], "values": [1.0]}})
        for i in range(6)
    ]
    points.append(Point("both", [9, 0, 0], {"title": "other"}, vectors={"second": np.array([1, 0])}))
    db.upsert(name, points)
    point = db.get(name, "q-3")
    assert point is not None and point.sparse["words"].indices == [3]
    both = db.get(name, "both")
    assert both is not None and both.vectors["second"].tolist() == [1, 0]
    assert db.search(name, [1, 0], using="second").hits[0].id == "both"
    branches: list[dict[str, Any]] = [
        {"vector": [1, 5, 0]},
        {"text": "mail"},
        {"sparse": {"name": "words", "indices": [5], "values": [2.0]}},
    ]
    found = db.query(name, branches, top_k=3, fusion="weighted")
    assert found.hits[0].id == "q-5" and len(found.branches) == 3
    grouped = db.query(name, [{"vector": [1, 5, 0]}], group_by={"path": "kind", "groups": 2, "group_size": 1})
    assert sorted(str(one.value) for one in grouped.groups) == ["0", "1"]
    likes = db.query(name, [{"examples": {"positive_ids": ["q-1"]}, "filter": where.field("kind").eq(1)}])
    assert {hit.id for hit in likes.hits} == {"q-3", "q-5"}
    good, bad = db.query_batch([{"collection": name, "branches": branches}, {"collection": "nowhere", "branches": branches}])
    assert isinstance(good, vectron.QueryResult) and isinstance(bad, vectron.VectronError)
    assert bad.code == "COLLECTION_NOT_FOUND"
    indexes = db.list_indexes(name)
    assert [one.index.path for one in indexes.indexes if one.index] == ["title"] and indexes.sparse_vectors == ["words"]
    assert db.analyze(name, "Mail servers", path="title")[0].text == "mail"
    assert db.delete_index(name, sparse_vector="words") and not db.delete_index(name, sparse_vector="words")
    for wrong in ({}, {"index": {"path": "a", "type": "keyword"}, "sparse_vector": "b"}):
        with pytest.raises(vectron.InvalidArgumentError):
            db.create_index(name, **wrong)  # type: ignore[arg-type]
    with pytest.raises(vectron.InvalidArgumentError) as raised:
        db.query(name, [{"vectr": [1]}])
    assert raised.value.details.field == "branches[0].vectr"


def test_one_point_that_is_too_large_is_named(db: Client, name: str) -> None:
    points = [Point("small", [1, 0, 0]), Point("large", [1, 0, 0], {"text": "x" * (70 << 20)}), Point("end", [1, 0, 0])]
    with pytest.raises(vectron.ResourceExhaustedError) as raised:
        db.upsert_all(name, points)
    assert raised.value.code == "PAYLOAD_TOO_LARGE" and "'large'" in raised.value.message
    assert db.get(name, "small") is not None
