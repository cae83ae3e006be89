"""LangChain's own tests of a VectorStore, and what they do not ask, against a server of the checkout over both wires."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import vectron
from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import VectorStoreIntegrationTests
from server import Server

from langchain_vectron import VectronVectorStore


@pytest.fixture
def client(server: Server, url: str) -> Iterator[vectron.Client]:
    with vectron.connect(url, api_key=server.api_key) as made:
        yield made


class TestVectronVectorStore(VectorStoreIntegrationTests):
    @pytest.fixture
    def vectorstore(self, client: vectron.Client) -> Iterator[VectorStore]:
        name = f"lc-{uuid.uuid4().hex[:12]}"
        yield VectronVectorStore(client, name, self.get_embeddings())
        try:
            client.delete_collection(name)
        except vectron.NotFoundError:
            pass


def test_metadata_is_exact_and_filtered(client: vectron.Client) -> None:
    embeddings = VectorStoreIntegrationTests.get_embeddings()
    name = f"lc-{uuid.uuid4().hex[:12]}"
    texts, metadatas = ["one", "two", "three"], [{"n": 2**60 + 1}, {"n": 2}, {"n": 3}]
    store = VectronVectorStore.from_texts(texts, embeddings, metadatas, ids=["a", "b", "c"], client=client, collection=name)
    [found] = store.similarity_search("one", filter=vectron.where.field("metadata.n").gt(1000))
    assert found == Document("one", id="a", metadata={"n": 2**60 + 1})
    assert len(store.max_marginal_relevance_search("one", k=2, fetch_k=3)) == 2
    assert all(0 <= score <= 1 for _, score in store.similarity_search_with_relevance_scores("one", k=3))
    assert store.add_texts(["x", "y"], ids=["same", "same"]) == ["same", "same"]
    assert [one.page_content for one in store.get_by_ids(["same"])] == ["y"]
    with pytest.raises(vectron.InvalidArgumentError):
        store.add_texts(["bad"], [{"when": object()}])
    client.delete_collection(name)


def test_the_snippet_of_the_readme_runs(server: Server) -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    snippet = text.split("```python\n")[1].split("```")[0].replace("http://127.0.0.1:8080", server.rest_url)
    exec(snippet, {"API_KEY": server.api_key, "embeddings": VectorStoreIntegrationTests.get_embeddings()})
