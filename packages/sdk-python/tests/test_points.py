"""Points are written, read, searched, changed and deleted, over both wires."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import numpy as np
import pytest

import vectron
from vectron import AtLeast, Bounded, Client, Floats, Point, where

POINTS: list[dict[str, Any]] = [
    {"id": "north", "vector": [0, 1, 0], "payload": {"name": "North gate", "built": 1871}},
    {"id": "east", "vector": [1, 0, 0], "payload": {"name": "East gate", "built": 1902}},
    {"id": "up", "vector": [0, 0, 1]},
]


def test_a_written_point_comes_back_as_it_was(db: Client, name: str) -> None:
    payload = {"text": "ä", "int": 7, "float": 0.25, "none": None, "list": [1, "a", {"b": True}], "at": {"town": "Bern"}}
    written = db.upsert(name, [Point("a", [0.0, 3.0, 4.0], payload, ttl_seconds=1000)])
    assert written.upserted == 1
    point = db.get(name, "a", consistency=AtLeast(written.write_token))
    assert point is not None
    assert point.payload == payload
    assert isinstance(point.vector, Floats) and point.vector.tolist() == [0.0, 3.0, 4.0]
    assert point.vector.numpy().dtype == np.float32
    assert point.version > 0
    assert point.expires_at is not None and point.expires_at > datetime.now(timezone.utc)
    assert db.get(name, "nobody") is None


NUMBERS: list[int | float] = [
    2**53 - 1,
    2**53,
    2**53 + 1,
    -(2**53) - 1,
    1234567890123456789,
    2**63 - 1,
    2**63,
    2**64 - 1,
    -(2**63),
    0.1,
    1e300,
    1e20,
]


def test_numbers_are_exact_everywhere(db: Client, name: str) -> None:
    for number in NUMBERS:
        db.upsert(name, [Point("a", [1, 0, 0], {"n": number, "in": [{"n": number}]})])
        point = db.get(name, "a")
        assert point is not None and point.payload == {"n": number, "in": [{"n": number}]}
        assert [one.value for one in db.facets(name, "n").values] == [number]
        assert db.count(name, filter=where.field("n").eq(number)).count == 1
        assert db.count(name, filter=where.field("n").range(gte=number, lte=number)).count == 1
        if isinstance(number, int) and number < 2**64 - 1:
            assert db.count(name, filter=where.field("n").eq(number + 1)).count == 0
            assert db.count(name, filter=where.field("n").gt(number)).count == 0
        db.update_points(name, ids=["a"], set={"n": number, "other": number})
        [hit] = db.search(name, [1, 0, 0]).hits
        assert hit.payload == {"n": number, "in": [{"n": number}], "other": number}
        assert type(hit.payload["n"]) is (float if number in (0.1, 1e300, 1e20) else int)


NO_PAYLOADS: list[tuple[dict[str, object], str | None]] = [
    ({"a": [{"b": float("nan")}]}, "points[0].payload.a[0].b"),
    ({"a": datetime(2026, 1, 1)}, "points[0].payload.a"),
    ({"a": {1: 2}}, "points[0].payload.a"),
    ({"a": {1, 2}}, "points[0].payload.a"),
    ({"a": b"bytes"}, "points[0].payload.a"),
    ({"a": np.zeros(3)}, "points[0].payload.a"),
    ({"a": "\ud800"}, None),
    ({"a": 2**64 + 1}, None),
]


def test_a_payload_without_a_json_form_is_refused(db: Client, name: str) -> None:
    for payload, field in NO_PAYLOADS:
        with pytest.raises(vectron.InvalidArgumentError) as raised:
            db.upsert(name, [Point("a", [1, 0, 0], payload)])
        assert field is None or raised.value.details.field == field
        assert db.count(name).count == 0


def test_what_numpy_has_of_numbers_is_taken(db: Client, name: str) -> None:
    payload = {"i": np.int64(2**62 + 1), "u": np.uint64(2**64 - 1), "f": np.float32(0.5), "b": np.bool_(True)}
    db.upsert(name, [Point("a", np.array([0, 3, 4], dtype=np.int32), payload)])
    point = db.get(name, "a")
    assert point is not None and point.payload == {"i": 2**62 + 1, "u": 2**64 - 1, "f": 0.5, "b": True}
    assert db.count(name, filter={"field": "i", "eq": np.int64(2**62 + 1)}).count == 1


VECTORS: list[vectron.Vector] = [
    [0.5, 0.25, 0.75],
    (0.5, 0.25, 0.75),
    np.array([0.5, 0.25, 0.75]),
    np.array([9, 0.5, 0.25, 0.75])[1:],
    Floats([0.5, 0.25, 0.75]),
]


def test_vectors_of_every_kind_are_the_same(db: Client, name: str) -> None:
    for vector in VECTORS:
        db.upsert(name, [Point("a", vector)])
        point = db.get(name, "a")
        assert point is not None and point.vector is not None and point.vector.tolist() == [0.5, 0.25, 0.75]
        assert db.search(name, vector).hits[0].score == pytest.approx(1)


NO_VECTORS: list[tuple[object, str | None]] = [
    ([1, None, 2], "points[0].vector[1]"),
    ("abc", "points[0].vector"),
    (b"abcdabcdabcd", "points[0].vector"),
    (np.zeros((1, 3)), "points[0].vector"),
    (np.array(["a", "b", "c"]), "points[0].vector"),
    ([float("nan"), 0, 0], None),
    ([1e39, 0, 0], None),
    (np.array([1e39, 0, 0]), None),
    (5, "points[0].vector"),
]


def test_what_is_no_vector_is_refused(db: Client, name: str) -> None:
    for vector, field in NO_VECTORS:
        with pytest.raises(vectron.InvalidArgumentError) as raised:
            db.upsert(name, [{"id": "a", "vector": vector}])
        assert field is None or raised.value.details.field == field


def test_searches_find_what_passes(db: Client, name: str) -> None:
    db.upsert(name, POINTS)
    found = db.search(name, [0.1, 0.9, 0.1], top_k=3)
    assert [hit.id for hit in found.hits] == ["north", "east", "up"] and found.complete
    later = where.field("built").gt(1900)
    assert [hit.id for hit in db.search(name, [0, 1, 0], filter=later).hits] == ["east"]
    assert [hit.id for hit in db.search(name, [0, 1, 0], filter=~later & where.field("name").exists()).hits] == ["north"]
    assert [hit.id for hit in db.search(name, like_id="north", top_k=1, include_payload=False).hits] != ["north"]
    [hit] = db.search(name, [0, 1, 0], top_k=1, include_vectors=True, include_payload=False, explain=True).hits
    assert hit.vector is not None and hit.vector.tolist() == [0, 1, 0] and hit.payload == {}
    assert db.search(name, [0, 1, 0], explain=True).explanation is not None
    with pytest.raises(vectron.VectronError) as raised:
        db.search(name, [1, 0])
    assert raised.value.code == "DIMENSION_MISMATCH" and not raised.value.retryable
    with pytest.raises(vectron.InvalidArgumentError):
        db.search(name, [0, 1, 0], text="both")


def test_many_searches_are_one_call(db: Client, name: str) -> None:
    db.upsert(name, POINTS)
    rows = np.eye(3, dtype=np.float64)
    batch = db.search_batch(name, rows, top_k=2)
    assert len(batch) == 3 and [one.hits[0].id for one in batch] == ["east", "north", "up"]
    arrays = batch.to_numpy()
    assert arrays.ids.shape == (3, 2) and arrays.scores.dtype == np.float32
    assert [list(row) for row in arrays.ids] == [[hit.id for hit in one.hits] for one in db.search_batch(name, rows.tolist(), top_k=2)]
    few = db.search_batch(name, rows, top_k=2, filter={"ids": ["up"]}).to_numpy()
    assert few.ids.tolist() == [["up"]] * 3
    with pytest.raises(vectron.InvalidArgumentError) as raised:
        db.search_batch(name, [[1, 0, 0], [1, "a", 0]])  # type: ignore[list-item]
    assert raised.value.details.field == "vectors[1][1]"


def test_points_are_changed_and_deleted(db: Client, name: str) -> None:
    db.upsert(name, POINTS)
    changed = db.update_points(name, filter=where.field("built").exists(), set={"a.b": 1}, remove=["name"])
    assert changed.updated == 2
    point = db.get(name, "north", consistency="linearizable")
    assert point is not None and point.payload == {"built": 1871, "a": {"b": 1}}
    assert db.update_points(name, ids=["north"], replace={}, if_version=point.version).updated == 1
    with pytest.raises(vectron.VectronError) as raised:
        db.update_points(name, ids=["north"], replace={}, if_version=point.version)
    assert raised.value.code == "VERSION_CONFLICT"
    assert db.delete(name, "north").existed and not db.delete(name, "north").existed
    assert db.delete_points(name, filter=where.ids("east", "nobody")).deleted == 1
    assert db.count(name, consistency="linearizable").count == 1
    with pytest.raises(vectron.InvalidArgumentError):
        db.delete_points(name, filter={})


IDS = [".", "..", "a/b", "ä ?#%&=", "%2e%2e", "\\", "a" * 512]


def test_every_id_is_reached(db: Client, name: str) -> None:
    for id in IDS:
        db.upsert(name, [Point(id, [1, 0, 0])])
        point = db.get(name, id, consistency=Bounded(1000))
        assert point is not None and point.id == id
        assert db.delete(name, id).existed


def test_pages_are_followed(db: Client, name: str) -> None:
    db.upsert(name, [Point(f"p-{i:04}", [1, i, 0], {"i": i}) for i in range(1, 251)])
    assert [one.id for one in db.points(name, page_size=100)] == [f"p-{i:04}" for i in range(1, 251)]
    assert [one.payload["i"] for one in db.points(name, order_by="i", descending=True)] == list(range(250, 0, -1))
    page = db.list_points(name, limit=10, filter={"field": "i", "lte": 10}, include_vectors=True)
    assert len(page.points) == 10 and page.points[0].vector is not None
    assert db.list_points(name, limit=1000).next_cursor is None


def test_names_that_lead_elsewhere_are_refused(db: Client) -> None:
    for bad in ("..", ".", "", None, 5):
        with pytest.raises(vectron.InvalidArgumentError):
            db.collection_status(bad)  # type: ignore[arg-type]
    with pytest.raises(vectron.InvalidArgumentError):
        db.collection_status("a/../b")
    with pytest.raises(vectron.NotFoundError) as raised:
        db.collection_status("nowhere")
    assert raised.value.code == "COLLECTION_NOT_FOUND"
    with pytest.raises(vectron.InvalidArgumentError):
        db.upsert("x", [{"id": "a", "vectr": [1]}])
