"""The retrievers, by themselves and in pipelines."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import vectron
from haystack import Document, Pipeline
from haystack.dataclasses import SparseEmbedding
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.document_stores.types import FilterPolicy
from haystack.utils import Secret
from server import Server

from haystack_integrations.components.retrievers.vectron import (
    VectronEmbeddingRetriever,
    VectronHybridRetriever,
    VectronKeywordRetriever,
    VectronSparseEmbeddingRetriever,
)
from haystack_integrations.document_stores.vectron import VectronDocumentStore

Play = Callable[..., Awaitable[Any]]
RETRIEVERS = [VectronEmbeddingRetriever, VectronKeywordRetriever, VectronSparseEmbeddingRetriever, VectronHybridRetriever]


@pytest.fixture
async def filled(store: VectronDocumentStore) -> VectronDocumentStore:
    store.embedding_dim = 3
    sparse = SparseEmbedding([1, 7], [1.0, 3.0])
    store.write_documents(
        [
            Document(id="mail", content="Mail servers carry letters", embedding=[1.0, 0.0, 0.0], meta={"year": 1994}),
            Document(id="web", content="A server of web pages", embedding=[0.0, 1.0, 0.0], meta={"year": 2001}, sparse_embedding=sparse),
            Document(id="friend", content="Letters from a friend", embedding=[0.9, 0.1, 0.0], meta={"year": 2010}),
            Document(id="bare", content="A letter without an embedding", sparse_embedding=SparseEmbedding([7], [1.0])),
            Document(id="nothing", embedding=[0.0, 0.0, 1.0]),
        ]
    )
    return store


def ids(found: dict[str, list[Document]]) -> list[str]:
    documents = found["documents"]
    scores = [one.score for one in documents]
    assert all(isinstance(one, float) for one in scores) and scores == sorted(scores, reverse=True)  # type: ignore[type-var]
    return [one.id for one in documents]


SINCE_2000 = {"field": "meta.year", "operator": ">=", "value": 2000}


async def test_by_embedding(filled: VectronDocumentStore, play: Play) -> None:
    retriever = VectronEmbeddingRetriever(filled, top_k=2)
    found = await play(retriever, "run", [1.0, 0.0, 0.0])
    assert ids(found) == ["mail", "friend"]
    first = found["documents"][0]
    assert first.score == pytest.approx(1.0, abs=1e-5) and first.embedding is None and first.meta == {"year": 1994}
    # A document without an embedding is not found, whatever is asked for.
    assert set(ids(await play(retriever, "run", [1.0, 1.0, 1.0], top_k=9))) == {"mail", "web", "friend", "nothing"}
    assert ids(await play(retriever, "run", [1.0, 0.0, 0.0], filters=SINCE_2000)) == ["friend", "web"]
    assert ids(await play(retriever, "run", [1.0, 0.0, 0.0], top_k=0)) == []
    near = VectronEmbeddingRetriever(filled, score_threshold=0.9, return_embedding=True, options={"branch": {"exact": True}})
    found = await play(near, "run", [1.0, 0.0, 0.0])
    assert ids(found) == ["mail", "friend"]
    assert found["documents"][0].embedding == [1.0, 0.0, 0.0]
    with pytest.raises(vectron.InvalidArgumentError):
        await play(retriever, "run", [1.0, 0.0])


async def test_by_words(filled: VectronDocumentStore, play: Play) -> None:
    retriever = VectronKeywordRetriever(filled)
    assert set(ids(await play(retriever, "run", "letter"))) == {"mail", "friend", "bare"}
    assert ids(await play(retriever, "run", "letter", filters=SINCE_2000)) == ["friend"]
    assert ids(await play(retriever, "run", "web server", top_k=1)) == ["web"]
    for wordless in ("", "  ", "?!"):
        assert ids(await play(retriever, "run", wordless)) == []


async def test_by_sparse_embedding(filled: VectronDocumentStore, play: Play) -> None:
    retriever = VectronSparseEmbeddingRetriever(filled)
    found = await play(retriever, "run", SparseEmbedding([7, 8], [2.0, 1.0]))
    assert ids(found) == ["web", "bare"]
    assert [one.score for one in found["documents"]] == pytest.approx([6.0, 2.0])
    assert ids(await play(retriever, "run", SparseEmbedding([], []))) == []
    assert ids(await play(retriever, "run", SparseEmbedding([7], [1.0]), filters=SINCE_2000)) == ["web"]


async def test_by_several_ways(filled: VectronDocumentStore, play: Play) -> None:
    retriever = VectronHybridRetriever(filled, return_embedding=True)
    found = await play(retriever, "run", [1.0, 0.0, 0.0], "mail")
    assert ids(found)[0] == "mail" and "bare" not in ids(found)
    assert found["documents"][0].embedding == [1.0, 0.0, 0.0]
    both = await play(retriever, "run", [0.0, 0.0, 1.0], "letters", SparseEmbedding([7], [1.0]))
    assert set(ids(both)) == {"mail", "web", "friend", "bare", "nothing"}
    assert {one.id: one.embedding for one in both["documents"]}["bare"] is None
    assert ids(await play(retriever, "run", [1.0, 0.0, 0.0], top_k=1)) == ["mail"]
    weighted = VectronHybridRetriever(filled, options={"fusion": "weighted"})
    assert ids(await play(weighted, "run", [0.0, 1.0, 0.0], "web server", filters=SINCE_2000))[0] == "web"


async def test_filter_policies(filled: VectronDocumentStore) -> None:
    old = {"field": "meta.year", "operator": "<", "value": 2005}
    replace = VectronEmbeddingRetriever(filled, filters=old)
    merge = VectronEmbeddingRetriever(filled, filters=old, filter_policy="merge")
    assert set(ids(replace.run([1.0, 1.0, 1.0]))) == {"mail", "web"}
    assert set(ids(replace.run([1.0, 1.0, 1.0], filters=SINCE_2000))) == {"web", "friend"}
    assert ids(merge.run([1.0, 1.0, 1.0], filters={"field": "meta.year", "operator": ">", "value": 2000})) != []
    name = {"field": "content", "operator": "==", "value": "A server of web pages"}
    assert ids(merge.run([1.0, 1.0, 1.0], filters=name)) == ["web"]


@pytest.mark.parametrize("kind", RETRIEVERS)
def test_a_retriever_is_written_to_yaml(kind: Any) -> None:
    store = VectronDocumentStore(embedding_dim=3)
    made = kind(
        store,
        filters=SINCE_2000,
        top_k=3,
        filter_policy=FilterPolicy.MERGE,
        score_threshold=0.5,
        return_embedding=True,
        options={"budget_ms": 9},
    )
    data = made.to_dict()
    assert data["type"] == f"haystack_integrations.components.retrievers.vectron.retrievers.{kind.__name__}"
    assert data["init_parameters"]["document_store"] == store.to_dict()
    again = kind.from_dict(data)
    assert isinstance(again, kind) and again.to_dict() == made.to_dict()
    with pytest.raises(TypeError):
        kind(InMemoryDocumentStore())
    with pytest.raises(ValueError, match="top_k"):
        kind(store, top_k=0)


def test_a_pipeline_from_yaml(server: Server, filled: VectronDocumentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VECTRON_API_KEY", server.api_key)
    store = VectronDocumentStore(filled.url, collection=filled.collection, api_key=Secret.from_env_var("VECTRON_API_KEY"), embedding_dim=3)
    pipeline = Pipeline()
    pipeline.add_component("vectors", VectronEmbeddingRetriever(store, top_k=1))
    pipeline.add_component("words", VectronKeywordRetriever(store))
    text = pipeline.dumps()
    assert server.api_key not in text
    found = Pipeline.loads(text).run({"vectors": {"query_embedding": [0.0, 1.0, 0.0]}, "words": {"query": "friend"}})
    assert ids(found["vectors"]) == ["web"] and ids(found["words"]) == ["friend"]


def test_the_snippets_of_the_readme_run(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VECTRON_API_KEY", server.api_key)
    snippets = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[1] / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(snippets) >= 2
    names: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet.replace("http://127.0.0.1:8080", server.rest_url), "README.md", "exec"), names)
