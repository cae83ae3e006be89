"""The store against a server of the checkout, over both wires, blocking and for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import math
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import vectron
from llama_index.core.schema import (
    BaseNode,
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.vector_stores.types import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from server import Server

from llama_index.vector_stores.vectron import VectronVectorStore

Play = Callable[..., Awaitable[Any]]
ASYNC = {"add": "async_add"}


@pytest.fixture(params=["blocking", "asyncio"])
def play(request: pytest.FixtureRequest) -> Play:
    """Calls a method of the store, of the one kind or of the other."""

    async def perform(store: VectronVectorStore, verb: str, *args: Any, **options: Any) -> Any:
        if request.param == "blocking":
            return getattr(store, verb)(*args, **options)
        method = getattr(store, ASYNC.get(verb, f"a{verb}"))
        assert inspect.iscoroutinefunction(method)
        return await method(*args, **options)

    return perform


@pytest.fixture
async def store(server: Server, url: str) -> AsyncIterator[VectronVectorStore]:
    made = VectronVectorStore(f"li-{uuid.uuid4().hex[:12]}", url, api_key=server.api_key, language="english")
    yield made
    try:
        made.client.delete_collection(made.collection_name)
    except vectron.NotFoundError:
        pass
    made.close()
    await made.aclose()


def text(id: str, words: str, embedding: list[float], doc: str | None = None, **metadata: Any) -> TextNode:
    node = TextNode(id_=id, text=words, metadata=metadata, embedding=embedding)
    if doc is not None:
        node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=doc)
    return node


NODES = [
    text("lorem", "Mail servers carry letters", [1.0, 0.0, 0.0], "doc-1", author="Stephen King", year=1994, tags=["a", "b"]),
    text("ipsum", "A server of web pages", [0.0, 1.0, 0.0], "doc-1", author="Ann", year=2001, tags=["b"], draft=True),
    text("dolor", "Letters from a friend", [0.9, 0.1, 0.0], "doc-2", author="stephen king", year=2010, tags=[]),
    text("sit", "Nothing of the kind", [0.0, 0.0, 1.0], author="", published="2024-05-06"),
]


def where(*filters: MetadataFilter | MetadataFilters, condition: str = "and") -> MetadataFilters:
    return MetadataFilters(filters=list(filters), condition=FilterCondition(condition))


def one(key: str, operator: str, value: Any = None) -> MetadataFilter:
    return MetadataFilter(key=key, operator=FilterOperator(operator), value=value)


def ids(found: VectorStoreQueryResult) -> list[str]:
    assert found.ids is not None and found.nodes is not None and found.similarities is not None
    assert found.ids == [node.node_id for node in found.nodes] and len(found.ids) == len(found.similarities)
    return found.ids


def plain(node: BaseNode) -> dict[str, Any]:
    return {**node.model_dump(), "embedding": None, "class": node.class_name()}


async def test_nodes_come_back_as_they_were(store: VectronVectorStore, play: Play) -> None:
    whole = TextNode(
        id_="whole",
        text="Ünïcode\n",
        embedding=[0.25, -0.5, 1.5],
        metadata={
            "big": 2**63 - 1,
            "nested": {"list": [1, 2.5, None, "x", 3.0]},
            "text": "a key of its own",
            "node": 1,
            "_node_content": "odd",
        },
        excluded_embed_metadata_keys=["big"],
        excluded_llm_metadata_keys=["text"],
        metadata_separator="|",
        start_char_idx=3,
        end_char_idx=9,
        text_template="{content}",
        relationships={
            NodeRelationship.SOURCE: RelatedNodeInfo(node_id="source", metadata={"m": 1}, hash="h"),
            NodeRelationship.NEXT: RelatedNodeInfo(node_id="next"),
            NodeRelationship.CHILD: [RelatedNodeInfo(node_id="c1"), RelatedNodeInfo(node_id="c2")],
        },
    )
    media = Node(
        id_="media",
        embedding=[1.0, 0.0, 0.0],
        text_resource=MediaResource(text="said", mimetype="text/plain"),
        image_resource=MediaResource(data=b"aGVsbG8=", mimetype="image/png"),
    )
    given: list[BaseNode] = [
        whole,
        media,
        Node(id_="wordless", embedding=[1.0, 1.0, 0.0], image_resource=MediaResource(path=Path("x.png"), mimetype="image/png")),
        ImageNode(id_="image", text="caption", image_url="http://example.org/x.png", embedding=[0.0, 1.0, 0.0]),
        IndexNode(id_="index", text="see there", index_id="other", embedding=[0.0, 0.0, 1.0]),
        TextNode(id_="empty", text="", embedding=[0.0, 0.5, 0.5]),
    ]
    assert await play(store, "add", given) == [node.node_id for node in given]
    back = await play(store, "get_nodes", [node.node_id for node in given])
    assert [plain(node) for node in back] == [plain(node) for node in given]
    # Of equal numbers the type is kept, too.
    assert repr(back[0].metadata["nested"]) == "{'list': [1, 2.5, None, 'x', 3.0]}"
    assert [node.embedding for node in back] == [node.embedding for node in given]
    found = await play(store, "query", VectorStoreQuery(query_embedding=[0.25, -0.5, 1.5], similarity_top_k=1))
    assert [plain(node) for node in found.nodes] == [plain(whole)] and math.isclose(found.similarities[0], 1.0, abs_tol=1e-6)
    # What was given is as it was.
    assert whole.embedding == [0.25, -0.5, 1.5] and whole.metadata["big"] == 2**63 - 1


async def test_a_query_finds_the_nearest_in_their_order(store: VectronVectorStore, play: Play) -> None:
    await play(store, "add", NODES)
    found = await play(store, "query", VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], similarity_top_k=2))
    assert ids(found) == ["lorem", "dolor"]
    assert found.similarities == pytest.approx([1.0, 0.9 / math.hypot(0.9, 0.1)], abs=1e-5)
    nothing = await play(store, "query", VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], similarity_top_k=0))
    assert ids(nothing) == []
    exact = await play(store, "query", VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], similarity_top_k=9), exact=True)
    assert len(ids(exact)) == 4


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (where(one("author", "==", "Stephen King")), ["lorem"]),
        (where(one("year", "==", 2001)), ["ipsum"]),
        (where(one("year", "==", 2001.0)), ["ipsum"]),
        (where(one("draft", "==", 1)), ["ipsum"]),
        (where(one("author", "!=", "Ann")), ["dolor", "lorem", "sit"]),
        (where(one("year", "!=", 2001)), ["dolor", "lorem", "sit"]),
        (where(one("year", ">", 2001)), ["dolor"]),
        (where(one("year", ">=", 2001)), ["dolor", "ipsum"]),
        (where(one("year", "<", 2001)), ["lorem"]),
        (where(one("year", "<=", 2001)), ["ipsum", "lorem"]),
        (where(one("published", ">", "2024-05-05")), ["sit"]),
        (where(one("author", "in", ["Ann", "nobody"])), ["ipsum"]),
        (where(one("author", "in", [])), []),
        (where(one("author", "nin", ["Ann", "Stephen King"])), ["dolor", "sit"]),
        (where(one("author", "nin", [])), ["dolor", "ipsum", "lorem", "sit"]),
        (where(one("tags", "any", ["a", "z"])), ["lorem"]),
        (where(one("tags", "any", [])), []),
        (where(one("tags", "all", ["a", "b"])), ["lorem"]),
        (where(one("tags", "contains", "b")), ["ipsum", "lorem"]),
        (where(one("author", "text_match_insensitive", "STEPHEN king")), ["dolor", "lorem"]),
        (where(one("author", "text_match_insensitive", "king stephen")), []),
        (where(one("tags", "is_empty")), ["dolor", "sit"]),
        (where(one("author", "is_empty")), ["sit"]),
        (where(one("ref_doc_id", "==", "doc-1")), ["ipsum", "lorem"]),
        (where(one("doc_id", "in", ["doc-2"])), ["dolor"]),
        (where(one("document_id", "is_empty")), ["sit"]),
        (where(one("year", ">", 1990), one("tags", "contains", "b")), ["ipsum", "lorem"]),
        (where(one("year", ">", 2005), one("tags", "contains", "a"), condition="or"), ["dolor", "lorem"]),
        (where(one("year", ">", 2005), one("tags", "contains", "a"), condition="not"), ["ipsum", "sit"]),
        (
            where(
                where(one("year", "<", 2005), one("tags", "contains", "b")),
                where(one("author", "==", "Ann"), one("year", "is_empty"), condition="or"),
                condition="not",
            ),
            ["dolor"],
        ),
        (where(where(where(one("year", "==", 1994)), condition="or"), condition="and"), ["lorem"]),
        (where(where(condition="or")), []),
        (where(where(condition="and")), ["dolor", "ipsum", "lorem", "sit"]),
        (where(), ["dolor", "ipsum", "lorem", "sit"]),
    ],
)
async def test_filters(store: VectronVectorStore, filters: MetadataFilters, expected: list[str]) -> None:
    await store.async_add(NODES)
    assert [node.node_id for node in await store.aget_nodes(filters=filters)] == expected
    query = VectorStoreQuery(query_embedding=[1.0, 1.0, 1.0], similarity_top_k=10, filters=filters)
    assert sorted(ids(await store.aquery(query))) == expected


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        (one("author", "text_match", "King"), "text_match_insensitive"),
        (one("author", "=="), "requires one string or finite number, not None"),
        (one("author", "==", ["Ann"]), "requires one string or finite number"),
        (one("year", ">", math.nan), "finite"),
        (one("year", "in", [math.inf]), "finite"),
        (one("author", "in", "Ann"), "requires a list"),
        (one("tags", "all", "a"), "requires a list"),
        (one("author", "text_match_insensitive", 5), "requires a string"),
    ],
)
async def test_what_cannot_be_said_is_refused(store: VectronVectorStore, filter: MetadataFilter, message: str) -> None:
    await store.async_add(NODES)
    for filters in (where(filter), where(where(filter), condition="not")):
        with pytest.raises(ValueError, match=message):
            store.get_nodes(filters=filters)
        with pytest.raises(ValueError, match=message):
            await store.adelete_nodes(filters=filters)
    assert len(store.get_nodes(filters=where())) == 4
    with pytest.raises(vectron.InvalidArgumentError):
        # Text that is no time has no order here.
        store.get_nodes(filters=where(one("author", ">", "B")))


async def test_a_query_is_limited_to_documents_and_nodes(store: VectronVectorStore, play: Play) -> None:
    await play(store, "add", NODES)

    async def found(**limits: Any) -> list[str]:
        return sorted(ids(await play(store, "query", VectorStoreQuery(query_embedding=[1.0, 1.0, 1.0], similarity_top_k=10, **limits))))

    assert await found(doc_ids=["doc-1"]) == ["ipsum", "lorem"]
    assert await found(node_ids=["lorem", "sit", "absent"]) == ["lorem", "sit"]
    assert await found(doc_ids=["doc-1"], node_ids=["lorem", "sit"], filters=where(one("year", ">", 1990))) == ["lorem"]
    assert len(await found(doc_ids=[], node_ids=[])) == 4


async def test_words_are_searched(store: VectronVectorStore, play: Play) -> None:
    await play(store, "add", NODES)
    for mode in (VectorStoreQueryMode.TEXT_SEARCH, VectorStoreQueryMode.SPARSE):
        query = VectorStoreQuery(query_str="letter", similarity_top_k=5, mode=mode)
        assert sorted(ids(await play(store, "query", query))) == ["dolor", "lorem"]
        query.sparse_top_k = 1
        assert len(ids(await play(store, "query", query))) == 1
        query.filters = where(one("year", "==", 2010))
        assert ids(await play(store, "query", query)) == ["dolor"]
        with pytest.raises(ValueError, match="requires a query_str"):
            await play(store, "query", VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], mode=mode))


async def test_words_and_vectors_are_searched_together(store: VectronVectorStore, play: Play) -> None:
    await play(store, "add", NODES)

    async def found(**options: Any) -> list[str]:
        given = {"query_embedding": [0.0, 0.0, 1.0], "query_str": "web server", "similarity_top_k": 2, **options}
        return ids(await play(store, "query", VectorStoreQuery(mode=VectorStoreQueryMode.HYBRID, **given)))

    # Nearest is sit; ipsum has both words, and lorem one of them.
    assert (await found(alpha=1.0))[0] == "sit"
    assert await found(alpha=0.0) == ["ipsum", "lorem"]
    assert (await found(alpha=0.9))[0] == "sit" and (await found(alpha=0.1))[0] == "ipsum"
    both = await found(hybrid_top_k=4, sparse_top_k=2, similarity_top_k=1)
    assert set(both) == {"sit", "ipsum", "lorem"}
    assert await found(hybrid_top_k=1, alpha=0.0) == ["ipsum"]
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="alpha"):
            await found(alpha=wrong)


async def test_maximal_marginal_relevance_is_diverse(store: VectronVectorStore, play: Play) -> None:
    await play(store, "add", NODES)

    async def found(query: VectorStoreQuery, **options: Any) -> list[str]:
        query.mode = VectorStoreQueryMode.MMR
        return ids(await play(store, "query", query, **options))

    near = [0.95, 0.3, 0.0]
    assert set(await found(VectorStoreQuery(near, 2, mmr_threshold=1.0))) == {"lorem", "dolor"}
    diverse = await found(VectorStoreQuery(near, 2, mmr_threshold=0.1))
    assert diverse[0] in ("lorem", "dolor") and diverse[1] in ("sit", "ipsum")
    assert set(await found(VectorStoreQuery(near, 2), mmr_threshold=0.0, mmr_prefetch_k=2)) == {"lorem", "dolor"}
    assert len(await found(VectorStoreQuery(near, 2), mmr_prefetch_factor=1)) == 2
    with pytest.raises(ValueError, match="not both"):
        await found(VectorStoreQuery(near, 2), mmr_prefetch_factor=2, mmr_prefetch_k=5)
    with pytest.raises(ValueError, match="mmr_threshold"):
        await found(VectorStoreQuery(near, 2, mmr_threshold=2.0))


@pytest.mark.parametrize("mode", ["semantic_hybrid", "svm", "logistic_regression", "linear_regression"])
async def test_other_modes_are_refused(store: VectronVectorStore, mode: str) -> None:
    await store.async_add(NODES)
    with pytest.raises(ValueError, match=f"not support the query mode '{mode}'"):
        store.query(VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], query_str="x", mode=VectorStoreQueryMode(mode)))
    with pytest.raises(ValueError, match="output_fields"):
        store.query(VectorStoreQuery(query_embedding=[1.0, 0.0, 0.0], output_fields=["text"]))
    with pytest.raises(ValueError, match="requires a query_embedding"):
        store.query(VectorStoreQuery(query_str="x"))


async def test_deleting(store: VectronVectorStore, play: Play) -> None:
    async def left() -> list[str]:
        return [node.node_id for node in await play(store, "get_nodes", filters=where())]

    await play(store, "add", NODES)
    await play(store, "delete", "doc-1")
    await play(store, "delete", "no such document")
    assert await left() == ["dolor", "sit"]
    await play(store, "add", NODES)
    await play(store, "delete_nodes", ["lorem", "ipsum", "absent"], where(one("year", ">", 2000)))
    assert await left() == ["dolor", "lorem", "sit"]
    await play(store, "delete_nodes", filters=where(one("author", "==", ""), one("year", ">", 2005), condition="or"))
    assert await left() == ["lorem"]
    await play(store, "delete_nodes")
    await play(store, "delete_nodes", [])
    with pytest.raises(ValueError, match="would delete every node"):
        await play(store, "delete_nodes", filters=where())
    with pytest.raises(ValueError, match="pass node_ids or filters"):
        await play(store, "get_nodes")
    assert await left() == ["lorem"]
    await play(store, "clear")
    assert await left() == []
    await play(store, "add", NODES[:1])
    assert await left() == ["lorem"]


async def test_without_a_collection_there_is_nothing(store: VectronVectorStore, play: Play) -> None:
    query = VectorStoreQuery(query_embedding=[1.0], query_str="x", similarity_top_k=3)
    for mode in ("default", "text_search", "hybrid", "mmr"):
        query.mode = VectorStoreQueryMode(mode)
        assert ids(await play(store, "query", query)) == []
    assert await play(store, "get_nodes", ["a"]) == []
    await play(store, "delete", "a")
    await play(store, "delete_nodes", ["a"])
    await play(store, "clear")
    assert await play(store, "add", []) == []
    assert store.collection_name not in [info.name for info in store.client.list_collections()]


async def test_of_equal_ids_the_last_wins_and_a_wrong_node_is_refused(store: VectronVectorStore, play: Play) -> None:
    store.batch_size = 2
    many = [text(f"n{i % 5}", f"version {i}", [float(i), 1.0]) for i in range(11)]
    assert len(await play(store, "add", many)) == 11
    assert [node.text for node in await play(store, "get_nodes", ["n0", "n4", "n0"])] == ["version 10", "version 9"]
    with pytest.raises(ValueError, match="embedding not set"):
        await play(store, "add", [text("new", "x", [1.0, 2.0]), TextNode(id_="bare", text="x")])
    assert await play(store, "get_nodes", ["new"]) == []
    with pytest.raises(vectron.VectronError) as refused:
        await play(store, "add", [text("long", "x", [1.0, 2.0, 3.0])])
    assert refused.value.code == "DIMENSION_MISMATCH"
    with pytest.raises(vectron.InvalidArgumentError):
        await play(store, "add", [text("", "an id without a letter", [1.0, 2.0])])


async def test_more_nodes_than_one_request_reads(store: VectronVectorStore, play: Play) -> None:
    store.batch_size = 500
    nodes = [text(f"n{i:04}", f"text {i}", [math.sin(i), math.cos(i)], f"doc-{i % 2}", i=i) for i in range(2100)]
    await play(store, "add", nodes)
    wanted = [f"n{i:04}" for i in range(2099, -1, -1)]
    assert [node.node_id for node in await play(store, "get_nodes", wanted)] == wanted
    assert len(await play(store, "get_nodes", filters=where(one("i", ">=", 50)))) == 2050
    await play(store, "delete_nodes", wanted[:2050])
    assert len(await play(store, "get_nodes", filters=where())) == 50
    await play(store, "delete", "doc-1")
    assert [node.metadata["i"] for node in await play(store, "get_nodes", filters=where())] == list(range(0, 50, 2))


@pytest.mark.parametrize("distance", ["cosine", "euclidean", "dot"])
async def test_similarities_are_those_of_the_distance(server: Server, distance: Any) -> None:
    store = VectronVectorStore(f"li-{uuid.uuid4().hex[:12]}", server.grpc_url, api_key=server.api_key, distance=distance)
    store.add([text("a", "a", [1.0, 0.0]), text("b", "b", [3.0, 4.0])])
    found = store.query(VectorStoreQuery(query_embedding=[1.0, 0.0], similarity_top_k=2))
    expected = {"cosine": {"a": 1.0, "b": 0.6}, "dot": {"b": 3.0, "a": 1.0}, "euclidean": {"a": 1.0, "b": 1 / (1 + math.sqrt(20))}}
    assert dict(zip(ids(found), found.similarities or [])) == pytest.approx(expected[distance], abs=1e-5)
    assert ids(found) == list(expected[distance])
    store.client.delete_collection(store.collection_name)
    store.close()


async def test_points_of_other_programs_are_text_nodes(store: VectronVectorStore, play: Play) -> None:
    store.client.create_collection(
        store.collection_name, dimension=2, indexes=[{"path": "text", "type": "text"}], named_vectors=[{"name": "title", "dimension": 2}]
    )
    point = vectron.Point("a", [1.0, 0.0], {"text": "words", "year": 2001}, vectors={"title": [0.0, 1.0]})
    store.client.upsert(store.collection_name, [point, {"id": "b", "vector": [0, 1]}])
    a, b = await play(store, "get_nodes", ["a", "b"])
    assert (a.text, a.metadata, b.text, b.metadata) == ("words", {"year": 2001}, "", {})
    query = VectorStoreQuery(query_embedding=[0.0, 1.0], similarity_top_k=5, embedding_field="title")
    assert ids(await play(store, "query", query)) == ["a"]
    query.mode = VectorStoreQueryMode.MMR
    assert ids(await play(store, "query", query)) == ["a"]


def test_one_event_loop_after_the_other_may_call(server: Server, url: str) -> None:
    store = VectronVectorStore(f"li-{uuid.uuid4().hex[:12]}", url, api_key=server.api_key)

    async def in_one_loop(at: int) -> int:
        await store.async_add([text(f"n{at}", "x", [1.0, float(at)])])
        found = await asyncio.gather(*(store.aget_nodes(filters=where()) for _ in range(5)))
        await store.aclose()
        return len(found[-1])

    assert [asyncio.run(in_one_loop(at)) for at in range(3)] == [1, 2, 3]
    store.client.delete_collection(store.collection_name)
    store.close()


def test_a_key_is_in_no_dump(server: Server) -> None:
    key = server.api_key
    store = VectronVectorStore("li-key", server.rest_url, api_key=key)
    for shown in (repr(store), str(store), str(store.to_dict()), store.to_json(), str(store.model_dump())):
        assert key not in shown and "li-key" in shown
    wrongs: list[dict[str, Any]] = [
        {"collection_name": ""},
        {"collection_name": "x", "batch_size": 0},
        {"collection_name": "x", "distance": "l1"},
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError) as refused:
            VectronVectorStore(**{"url": server.rest_url, "api_key": key, **wrong})
        assert key not in str(refused.value)
    with pytest.raises(ValueError, match="pass a url or a client"):
        VectronVectorStore("x")


async def test_clients_that_are_given_stay_open(server: Server) -> None:
    name = f"li-{uuid.uuid4().hex[:12]}"
    with vectron.connect(server.grpc_url, api_key=server.api_key) as client:
        store = VectronVectorStore(name, client=client)
        store.add(NODES)
        # The client for asyncio is made like the given one, and closed with the store.
        assert len(await store.aget_nodes(["lorem"])) == 1
        await store.aclose()
        assert client.count(name).count == 4
    async with vectron.AsyncClient(server.grpc_url, api_key=server.api_key) as async_client:
        store = VectronVectorStore(name, async_client=async_client)
        assert len(await store.aget_nodes(["lorem"])) == 1
        assert len(store.get_nodes(["lorem"])) == 1
        store.close()
        await store.aclose()
        await async_client.delete_collection(name)


def test_collection_options_are_those_of_the_collection_that_is_made(server: Server) -> None:
    options = {"hnsw_m": 8, "indexes": [{"path": "metadata.year", "type": "integer"}]}
    name = f"li-{uuid.uuid4().hex[:12]}"
    store = VectronVectorStore(name, server.rest_url, api_key=server.api_key, language="english", collection_options=options)
    store.add(NODES)
    indexes = {one.index.path: one.index.type for one in store.client.list_indexes(name).indexes if one.index is not None}
    assert indexes == {"text": "text", "ref_doc_id": "keyword", "metadata.year": "integer"}
    store.client.delete_collection(name)
