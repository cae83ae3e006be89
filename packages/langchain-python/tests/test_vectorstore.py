"""LangChain's own tests of a VectorStore, and what they do not ask, against a server of the checkout over both wires."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import vectron
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
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


class CountedEmbeddings(Embeddings):
    """The embeddings of the kit, for asyncio alone."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise AssertionError("blocking")

    def embed_query(self, text: str) -> list[float]:
        raise AssertionError("blocking")

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        return VectorStoreIntegrationTests.get_embeddings().embed_documents(texts)

    async def aembed_query(self, text: str) -> list[float]:
        return VectorStoreIntegrationTests.get_embeddings().embed_query(text)


async def test_methods_of_asyncio_run_no_thread(client: vectron.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a thread")

    name = f"lc-{uuid.uuid4().hex[:12]}"
    store = VectronVectorStore(client, name, CountedEmbeddings())
    loop = asyncio.get_running_loop()
    # What each of them does for the first time, such as to resolve an address, may take a thread.
    assert await store.asimilarity_search("one") == []
    assert await store.amax_marginal_relevance_search("one") == []
    monkeypatch.setattr(loop, "run_in_executor", refused)
    documents = [Document(text, id=id, metadata={"n": n}) for n, (id, text) in enumerate([("a", "one"), ("b", "two"), ("c", "three")])]
    assert await store.aadd_documents(documents) == ["a", "b", "c"]
    assert await store.aget_by_ids(["c", "none", "a", "c"]) == [documents[2], documents[0], documents[2]]
    own = vectron.where.field("metadata.n").eq(1)
    assert [one for one, _ in await store.asimilarity_search_with_relevance_scores("two", k=1, filter=own)] == [documents[1]]
    assert len(await store.amax_marginal_relevance_search("two", k=2, fetch_k=3)) == 2
    assert await store.as_retriever(search_kwargs={"k": 1, "filter": own}).ainvoke("one") == [documents[1]]
    assert await store.adelete(["a", "none"]) is True
    assert await store.aget_by_ids(["a", "b"]) == [documents[1]]
    with pytest.raises(ValueError, match="requires ids"):
        await store.adelete()
    with pytest.raises(ValueError, match="must have the same length"):
        await store.aadd_texts(["x"], ids=["a", "b"])
    made = await VectronVectorStore.afrom_texts(["four"], CountedEmbeddings(), ids=["d"], client=client, collection=name)
    assert [one.page_content for one in await made.asimilarity_search("four", k=1)] == ["four"]
    await asyncio.gather(*(store.asimilarity_search("one") for _ in range(20)))
    for one in (store, made):
        await one.aclose()
    monkeypatch.undo()
    client.delete_collection(name)


async def test_the_client_for_asyncio_that_is_given_is_used_and_stays_open(server: Server, url: str) -> None:
    name = f"lc-{uuid.uuid4().hex[:12]}"
    with vectron.connect("http://127.0.0.1:9", retries=0) as nobody:
        async with vectron.AsyncClient(url, api_key=server.api_key) as given:
            store = VectronVectorStore(nobody, name, VectorStoreIntegrationTests.get_embeddings(), async_client=given)
            assert await store.aadd_texts(["one"], ids=["a"]) == ["a"]
            await store.aclose()
            assert (await given.count(name)).count == 1
            await given.delete_collection(name)
            with pytest.raises(vectron.UnavailableError):
                store.get_by_ids(["a"])


def test_the_snippet_of_the_readme_runs(server: Server) -> None:
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    snippet = text.split("```python\n")[1].split("```")[0].replace("http://127.0.0.1:8080", server.rest_url)
    exec(snippet, {"API_KEY": server.api_key, "embeddings": VectorStoreIntegrationTests.get_embeddings()})
