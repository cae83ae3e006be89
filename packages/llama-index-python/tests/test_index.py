"""The store below a VectorStoreIndex."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters
from server import Server

from llama_index.vector_stores.vectron import VectronVectorStore


class Words(BaseEmbedding):
    """Texts with more words in common are nearer."""

    def _get_text_embedding(self, text: str) -> list[float]:
        made = [0.001] * 1021
        for word in text.lower().split():
            made[crc32(word.encode()) % 1021] += 1.0
        return made

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


@pytest.fixture
def store(server: Server, url: str) -> Iterator[VectronVectorStore]:
    made = VectronVectorStore(f"li-{uuid.uuid4().hex[:12]}", url, api_key=server.api_key)
    yield made
    made.client.delete_collection(made.collection_name)
    made.close()


def test_an_index_of_documents(store: VectronVectorStore) -> None:
    documents = [
        Document(id_="mail", text="a mail server sends letters", metadata={"kind": "mail"}),
        Document(id_="web", text="a web server sends pages", metadata={"kind": "web"}),
        Document(id_="cat", text="the cat sleeps all day", metadata={"kind": "cat"}),
    ]
    context = StorageContext.from_defaults(vector_store=store)
    index = VectorStoreIndex.from_documents(documents, storage_context=context, embed_model=Words())
    found = index.as_retriever(similarity_top_k=1).retrieve("letters of a mail server")
    assert [one.node.ref_doc_id for one in found] == ["mail"] and found[0].score is not None
    only = MetadataFilters(filters=[MetadataFilter(key="kind", value="cat")])
    assert [one.node.ref_doc_id for one in index.as_retriever(filters=only).retrieve("mail")] == ["cat"]
    index.delete_ref_doc("mail")
    index.insert(Document(id_="dog", text="the dog barks at the cat"))
    again = VectorStoreIndex.from_vector_store(store, embed_model=Words()).as_retriever(similarity_top_k=9)
    assert {one.node.ref_doc_id for one in again.retrieve("cat")} == {"web", "cat", "dog"}


async def test_a_pipeline_for_asyncio(store: VectronVectorStore) -> None:
    pipeline = IngestionPipeline(transformations=[SentenceSplitter(chunk_size=32, chunk_overlap=0), Words()], vector_store=store)
    text = " ".join(f"Sentence number {i} is about the thing {i}." for i in range(40))
    nodes = await pipeline.arun(documents=[Document(id_="long", text=text, metadata={"kind": "long"})])
    assert len(nodes) > 3
    index = VectorStoreIndex.from_vector_store(store, embed_model=Words())
    found = await index.as_retriever(similarity_top_k=2).aretrieve("thing 7.")
    assert "thing 7." in found[0].node.get_content()
    await store.adelete("long")
    assert await store.aget_nodes([node.node_id for node in nodes]) == []
    await store.aclose()


def test_the_snippets_of_the_readme_run(server: Server) -> None:
    snippets = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[1] / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(snippets) >= 2
    names: dict[str, object] = {"API_KEY": server.api_key, "embed_model": Words()}
    for snippet in snippets:
        exec(compile(snippet.replace("http://127.0.0.1:8080", server.rest_url), "README.md", "exec"), names)
