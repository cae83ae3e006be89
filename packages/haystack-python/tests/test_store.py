"""What Haystack's kit does not ask of the store."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import vectron
from haystack import Document
from haystack.dataclasses import ByteStream, SparseEmbedding
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.utils import Secret
from haystack.utils.filters import document_matches_filter
from server import Server

from haystack_integrations.document_stores.vectron import VectronDocumentStore

Play = Callable[..., Awaitable[Any]]


async def test_documents_come_back_as_they_were(store: VectronDocumentStore, play: Play) -> None:
    store.embedding_dim = 2
    given = [
        Document(id="bare"),
        Document(id="empty", content="", meta={}),
        Document(
            id="all", content="Ünïcode\n", meta={"big": 2**63 - 1, "a.b": {"c": [1, 2.5, None, 3.0]}, "one": 1.0}, embedding=[0.5, -1.5]
        ),
        Document(id="blob", blob=ByteStream(bytes(range(256)), {"name": "x"}, "application/octet-stream"), embedding=[0.0, 1.0]),
        Document(id="sparse", content="s", sparse_embedding=SparseEmbedding([3, 70_000], [0.5, 2.0])),
    ]
    assert await play(store, "write_documents", given) == 5
    found = await play(store, "filter_documents")
    assert found == sorted(given, key=lambda one: one.id)
    # Of equal numbers the type is kept, too.
    assert repr(found[0].meta["a.b"]) == "{'c': [1, 2.5, None, 3.0]}" and repr(found[0].meta["one"]) == "1.0"


async def test_policies(store: VectronDocumentStore, play: Play) -> None:
    store.batch_size = 2
    old, new = Document(id="1", content="old"), Document(id="1", content="new")
    others = [Document(id=str(i), content="other") for i in range(2, 7)]
    assert await play(store, "write_documents", [old]) == 1
    for policy in (DuplicatePolicy.NONE, DuplicatePolicy.FAIL):
        with pytest.raises(DuplicateDocumentError):
            await play(store, "write_documents", [*others, new], policy)
        with pytest.raises(DuplicateDocumentError, match="occurs twice"):
            await play(store, "write_documents", [others[0], others[0]], policy)
        assert await play(store, "filter_documents") == [old]
    assert await play(store, "write_documents", [new, *others, others[0]], DuplicatePolicy.SKIP) == 5
    assert (await play(store, "filter_documents"))[0] == old
    assert await play(store, "write_documents", [old, new], DuplicatePolicy.OVERWRITE) == 2
    assert (await play(store, "filter_documents"))[0] == new
    assert await play(store, "count_documents") == 6
    assert await play(store, "write_documents", []) == 0


async def test_writers_that_race_write_each_document_once(store: VectronDocumentStore) -> None:
    store.batch_size = 7
    documents = [Document(id=f"{i:03}", content="x") for i in range(100)]
    written = await asyncio.gather(*(store.write_documents_async(documents, DuplicatePolicy.SKIP) for _ in range(4)))
    assert sum(written) == 100 == await store.count_documents_async()
    await store.delete_all_documents_async()
    outcomes = await asyncio.gather(
        *(store.write_documents_async(documents[:1], DuplicatePolicy.FAIL) for _ in range(4)), return_exceptions=True
    )
    assert [one for one in outcomes if not isinstance(one, DuplicateDocumentError)] == [1]


async def test_what_is_wrong_is_refused_and_changes_nothing(store: VectronDocumentStore, play: Play) -> None:
    store.embedding_dim = 2
    for wrong in ("text", [Document(id="a"), "text"], None):
        with pytest.raises(ValueError, match="list of Documents"):
            await play(store, "write_documents", wrong)
    await play(store, "write_documents", [Document(id="a", embedding=[1.0, 2.0])])
    with pytest.raises(vectron.InvalidArgumentError):
        await play(store, "write_documents", [Document(id="b", embedding=[1.0, 2.0, 3.0])])
    with pytest.raises(vectron.InvalidArgumentError, match="isoformat"):
        await play(store, "write_documents", [Document(id="b", meta={"when": datetime.now(UTC)})])
    empties: list[Any] = [{}, None]
    for empty in empties:
        with pytest.raises(FilterError, match="every document"):
            await play(store, "delete_by_filter", empty)
        with pytest.raises(FilterError, match="every document"):
            await play(store, "update_by_filter", empty, {"a": 1})
    with pytest.raises(ValueError, match="at least one field"):
        await play(store, "update_by_filter", {"field": "id", "operator": "==", "value": "a"}, {})
    assert await play(store, "filter_documents") == [Document(id="a", embedding=[1.0, 2.0])]
    with pytest.raises(ValueError, match="batch_size"):
        VectronDocumentStore(batch_size=0)
    with pytest.raises(ValueError, match="api_key"):
        VectronDocumentStore(connect_options={"api_key": "secret"})


DOCUMENTS = [
    Document(id="a", content="one", meta={"n": 1, "who": {"name": "Ann", "age": 5}, "when": "2024-05-06T10:00:00+02:00", "ok": True}),
    Document(id="b", content="two", meta={"n": 2.5, "who": {"name": "Bob"}, "when": "2024-05-06T09:00:00+00:00", "code": "2024"}),
    Document(id="c", content=None, meta={"n": None, "who": None, "dated": "2024-05-06"}),
    Document(id="d", content="four", meta={"n": "1", "a\\b": 1, "": 2}),
]


@pytest.mark.parametrize(
    "filters",
    [
        {"field": "id", "operator": "==", "value": "a"},
        {"field": "id", "operator": "!=", "value": "a"},
        {"field": "id", "operator": "in", "value": ["a", "c", "absent"]},
        {"field": "id", "operator": "in", "value": []},
        {"field": "id", "operator": "not in", "value": []},
        {"field": "content", "operator": "==", "value": "two"},
        {"field": "content", "operator": "==", "value": None},
        {"field": "n", "operator": "==", "value": 1},
        {"field": "meta.n", "operator": "==", "value": "1"},
        {"field": "meta.n", "operator": "not in", "value": [1, None]},
        {"field": "meta.n", "operator": "in", "value": [2.5, None]},
        {"field": "meta.n", "operator": "in", "value": []},
        {"field": "meta.n", "operator": "not in", "value": []},
        {"field": "meta.ok", "operator": "==", "value": True},
        {"field": "meta.ok", "operator": "!=", "value": True},
        {"field": "meta.who.name", "operator": "==", "value": "Ann"},
        {"field": "meta.who.name", "operator": "!=", "value": "Ann"},
        {"field": "meta.who.age", "operator": "<=", "value": 5},
        {"field": "meta.a\\b", "operator": "==", "value": 1},
        {"field": "meta.when", "operator": "==", "value": "2024-05-06T08:00:00Z"},
        {"field": "meta.when", "operator": "!=", "value": "2024-05-06T08:00:00Z"},
        {"field": "meta.when", "operator": "in", "value": ["2024-05-06T11:00:00+02:00", "x"]},
        {"field": "meta.when", "operator": ">", "value": datetime(2024, 5, 6, 8, 30, tzinfo=UTC)},
        {"field": "meta.when", "operator": "==", "value": datetime(2024, 5, 6, 9, 0, tzinfo=UTC)},
        {"field": "meta.code", "operator": "==", "value": "2024"},
        {"field": "meta.dated", "operator": "<", "value": "2024-05-06T00:00:01"},
        {"operator": "AND", "conditions": []},
        {"operator": "OR", "conditions": []},
        {"operator": "NOT", "conditions": [{"field": "n", "operator": "==", "value": 1}]},
        {
            "operator": "NOT",
            "conditions": [
                {
                    "operator": "OR",
                    "conditions": [
                        {"field": "meta.who.name", "operator": "==", "value": "Bob"},
                        {
                            "operator": "AND",
                            "conditions": [
                                {"field": "id", "operator": "!=", "value": "d"},
                                {"field": "n", "operator": "==", "value": None},
                            ],
                        },
                    ],
                }
            ],
        },
    ],
)
async def test_filters_are_those_of_haystack(store: VectronDocumentStore, filters: dict[str, Any]) -> None:
    """Haystack says which documents pass."""
    await store.write_documents_async(DOCUMENTS)
    expected = [one.id for one in DOCUMENTS if document_matches_filter(filters, one)]
    assert [one.id for one in store.filter_documents(filters)] == expected
    assert await store.count_documents_by_filter_async(filters) == len(expected)


@pytest.mark.parametrize(
    "filters",
    [
        "text",
        ["list"],
        {"field": "meta.n", "operator": "==", "value": [1]},
        {"field": "meta.n", "operator": "==", "value": {"a": 1}},
        {"field": "meta.n", "operator": "==", "value": float("nan")},
        {"field": "meta.n", "operator": "in", "value": [[1]]},
        {"field": "meta.n", "operator": ">", "value": True},
        {"field": "meta.n", "operator": ">", "value": "2024"},
        {"field": "meta.n", "operator": "~", "value": 1},
        {"field": "meta.n", "operator": ["=="], "value": 1},
        {"field": 5, "operator": "==", "value": 1},
        {"field": "meta.", "operator": "==", "value": 1},
        {"field": "meta.a..b", "operator": "==", "value": 1},
        {"field": "id", "operator": ">", "value": "a"},
        {"field": "id", "operator": "==", "value": 1},
        {"field": "id", "operator": "in", "value": "a"},
        {"field": "embedding", "operator": "==", "value": 1},
        {"field": "score", "operator": ">", "value": 1},
        {"operator": "XOR", "conditions": []},
        {"operator": "AND", "conditions": "x"},
        {"operator": "AND", "conditions": [None]},
    ],
)
async def test_filters_that_are_wrong(store: VectronDocumentStore, filters: Any) -> None:
    for verb in (store.filter_documents, store.delete_by_filter, store.count_documents_by_filter):
        with pytest.raises(FilterError):
            verb(filters)


async def test_without_a_collection_there_is_nothing(store: VectronDocumentStore, play: Play) -> None:
    some = {"field": "id", "operator": "==", "value": "a"}
    assert await play(store, "count_documents") == 0
    assert await play(store, "filter_documents", some) == []
    assert await play(store, "delete_by_filter", some) == 0
    assert await play(store, "update_by_filter", some, {"a": 1}) == 0
    await play(store, "delete_documents", ["a"])
    assert store.collection not in [one.name for one in store.clients.blocking.list_collections()]


async def test_more_documents_than_one_request_reads(store: VectronDocumentStore, play: Play) -> None:
    store.batch_size = 500
    documents = [Document(id=f"{i:04}", content=f"text {i}", meta={"i": i, "even": i % 2 == 0}) for i in range(2100)]
    assert await play(store, "write_documents", documents) == 2100
    assert await play(store, "filter_documents") == documents
    assert await play(store, "write_documents", [*documents, Document(id="new")], DuplicatePolicy.SKIP) == 1
    even = {"field": "meta.even", "operator": "==", "value": True}
    assert await play(store, "update_by_filter", even, {"a.b": [1], "i": -1}) == 1050
    assert (await play(store, "filter_documents", even))[-1].meta == {"i": -1, "even": True, "a.b": [1]}
    await play(store, "delete_documents", [f"{i:04}" for i in range(2099)])
    assert [one.id for one in await play(store, "filter_documents")] == ["2099", "new"]


async def test_what_meta_has(store: VectronDocumentStore, play: Play) -> None:
    metas: list[dict[str, Any]] = [
        {"tag": "b", "mixed": 1, "list": ["x", "y"]},
        {"tag": "A", "mixed": "1", "list": ["y"], "deep": {"n": 5}},
        {"tag": None, "mixed": True, "deep": {"n": 3}},
    ]
    await play(store, "write_documents", [Document(id=str(i), meta=meta) for i, meta in enumerate(metas)])
    assert await play(store, "get_metadata_field_unique_values", "list") == (["x", "y"], 2)
    assert await play(store, "get_metadata_field_unique_values", "mixed", "1") == ([1, "1"], 2)
    assert await play(store, "get_metadata_field_unique_values", "meta.deep.n", from_=1) == ([5], 2)
    assert await play(store, "get_metadata_field_min_max", "deep.n") == {"min": 3, "max": 5}
    assert await play(store, "get_metadata_field_min_max", "tag") == {"min": "A", "max": "b"}
    info = await play(store, "get_metadata_fields_info")
    assert info == {"tag": {"type": "keyword"}, "mixed": {"type": "mixed"}, "list": {"type": "list"}, "deep": {"type": "object"}}
    with pytest.raises(FilterError):
        await play(store, "get_metadata_field_min_max", "")


def test_one_event_loop_after_the_other_may_call(server: Server, url: str) -> None:
    store = VectronDocumentStore(url, collection=f"hs-{uuid.uuid4().hex[:12]}", api_key=Secret.from_token(server.api_key))

    async def in_one_loop(at: int) -> int:
        await store.write_documents_async([Document(id=str(at))])
        count = await store.count_documents_async()
        await store.close_async()
        return count

    assert [asyncio.run(in_one_loop(at)) for at in range(3)] == [1, 2, 3]
    store.delete_all_documents(recreate_collection=True)
    store.close()


def test_a_store_is_written_to_yaml_without_its_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    key = server.api_key
    monkeypatch.setenv("VECTRON_API_KEY", key)
    store = VectronDocumentStore(
        server.rest_url,
        collection="hs-dict",
        embedding_dim=3,
        similarity="dot",
        language="english",
        indexes=[{"path": "meta.year", "type": "integer"}],
        collection_options={"hnsw_m": 8},
        connect_options={"timeout": 5.0},
    )
    data = store.to_dict()
    assert key not in str(data) + repr(store)
    assert data == {
        "type": "haystack_integrations.document_stores.vectron.document_store.VectronDocumentStore",
        "init_parameters": {
            "url": server.rest_url,
            "collection": "hs-dict",
            "api_key": {"type": "env_var", "env_vars": ["VECTRON_API_KEY"], "strict": False},
            "embedding_dim": 3,
            "similarity": "dot",
            "language": "english",
            "indexes": [{"path": "meta.year", "type": "integer"}],
            "collection_options": {"hnsw_m": 8},
            "connect_options": {"timeout": 5.0},
            "batch_size": 100,
        },
    }
    again = VectronDocumentStore.from_dict(data)
    assert again.to_dict() == store.to_dict()
    assert again.write_documents([Document(id="a", embedding=[1.0, 2.0, 3.0], meta={"year": 1})]) == 1
    indexes = again.clients.blocking.list_indexes("hs-dict")
    assert {one.index.path: one.index.type for one in indexes.indexes if one.index is not None} == {
        "content": "text",
        "meta.year": "integer",
    }
    assert [(one.name, one.dimension, one.distance) for one in indexes.named_vectors] == [("embedding", 3, "dot")]
    again.delete_all_documents(recreate_collection=True)
    with pytest.raises(ValueError, match="Cannot serialize token-based secret"):
        VectronDocumentStore(api_key=Secret.from_token(key)).to_dict()
    monkeypatch.delenv("VECTRON_API_KEY")
    with pytest.raises(vectron.UnauthenticatedError):
        VectronDocumentStore.from_dict(store.to_dict()).count_documents()
