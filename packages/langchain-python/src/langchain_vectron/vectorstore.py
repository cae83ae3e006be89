"""The vector store: a document is a point, with its text and its metadata in the payload."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import vectron
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from vectron.integrations import Clients, Steps, delete_points, if_there_is_one, read_by_ids, write_points

# Where the text and the metadata of a document are in the payload of its point.
TEXT = "page_content"
METADATA = "metadata"


class VectronVectorStore(VectorStore):
    """
    Documents in one collection of Vectron. If the collection does not exist, it is created with the first document: with the number of
    dimensions of its embedding and the given ``distance``. Can be shared between threads, as the client.

    The methods for asyncio (``aadd_documents``, ``asimilarity_search``, ...) start no threads. They use ``async_client``; without it, a
    client for asyncio is created for each event loop, with the address and the options of ``client``. :meth:`aclose` closes it.
    """

    def __init__(
        self,
        client: vectron.Client,
        collection: str,
        embedding: Embeddings,
        *,
        async_client: vectron.AsyncClient | None = None,
        distance: str = "cosine",
        batch_size: int = 100,
    ) -> None:
        self._clients = Clients(client=client, async_client=async_client)
        self._collection = collection
        self._embedding = embedding
        self._distance = distance
        self._batch_size = batch_size

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    async def aclose(self) -> None:
        """Ends the connections of the client for asyncio that the store made for this event loop. Clients that were given stay open."""
        await self._clients.aclose()

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        client: vectron.Client | None = None,
        collection: str = "langchain",
        **options: Any,
    ) -> VectronVectorStore:
        """Creates a store with these texts. ``options`` are those of the store. Raises ValueError without a client."""
        store = cls(_needed(client), collection, embedding, **options)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        client: vectron.Client | None = None,
        collection: str = "langchain",
        **options: Any,
    ) -> VectronVectorStore:
        """As :meth:`from_texts`."""
        store = cls(_needed(client), collection, embedding, **options)
        await store.aadd_texts(texts, metadatas, ids=ids)
        return store

    # Writes

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str | None] | list[str] | None = None,
        **_: Any,
    ) -> list[str]:
        """
        Writes texts; existing documents with the same ids are replaced. Returns the ids. Raises ValueError if texts, metadatas and ids
        have different lengths.
        """
        new = _NewTexts(texts, metadatas, ids)
        if new.texts:
            self._clients.run(self._write(new, self._embedding.embed_documents(new.texts)))
        return new.ids

    async def aadd_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str | None] | list[str] | None = None,
        **_: Any,
    ) -> list[str]:
        """As :meth:`add_texts`."""
        new = _NewTexts(texts, metadatas, ids)
        if new.texts:
            await self._clients.arun(self._write(new, await self._embedding.aembed_documents(new.texts)))
        return new.ids

    def _write(self, new: _NewTexts, vectors: list[list[float]]) -> Steps[int]:
        settings = {"dimension": len(vectors[0]), "distance": self._distance}
        return write_points(self._collection, new.points(vectors), lambda: settings, batch_size=self._batch_size)

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool | None:
        """Deletes documents by their ids; unknown ids are ignored. Raises ValueError without ids."""
        self._clients.run(self._delete(ids))
        return True

    async def adelete(self, ids: list[str] | None = None, **_: Any) -> bool | None:
        """As :meth:`delete`."""
        await self._clients.arun(self._delete(ids))
        return True

    def _delete(self, ids: list[str] | None) -> Steps[None]:
        if ids is None:
            raise ValueError("delete requires ids; to delete by a filter, use delete_points of the client")
        if ids:
            yield from delete_points(self._collection, ids=ids)

    # Reads

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Returns the documents that exist, in the order of the given ids."""
        return self._clients.run(self._get(ids))

    async def aget_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """As :meth:`get_by_ids`."""
        return await self._clients.arun(self._get(ids))

    def _get(self, ids: Sequence[str]) -> Steps[list[Document]]:
        points = yield from read_by_ids(self._collection, ids)
        found = {one.id: document(one.id, one.payload) for one in points}
        return [found[id] for id in ids if id in found]

    def similarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        return [one for one, _ in self.similarity_search_with_score(query, k, **options)]

    async def asimilarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        return [one for one, _ in await self.asimilarity_search_with_score(query, k, **options)]

    def similarity_search_with_score(self, query: str, k: int = 4, **options: Any) -> list[tuple[Document, float]]:
        return self.similarity_search_with_score_by_vector(self._embedding.embed_query(query), k, **options)

    async def asimilarity_search_with_score(self, query: str, k: int = 4, **options: Any) -> list[tuple[Document, float]]:
        return await self.asimilarity_search_with_score_by_vector(await self._embedding.aembed_query(query), k, **options)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **options: Any) -> list[Document]:
        return [one for one, _ in self.similarity_search_with_score_by_vector(embedding, k, **options)]

    async def asimilarity_search_by_vector(self, embedding: list[float], k: int = 4, **options: Any) -> list[Document]:
        return [one for one, _ in await self.asimilarity_search_with_score_by_vector(embedding, k, **options)]

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: vectron.Filter | None = None, **options: Any
    ) -> list[tuple[Document, float]]:
        """Returns documents with their scores; a higher score is better. ``options`` are those of the client's ``search``."""
        return self._clients.run(self._search(embedding, top_k=k, filter=filter, **options))

    async def asimilarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: vectron.Filter | None = None, **options: Any
    ) -> list[tuple[Document, float]]:
        """As :meth:`similarity_search_with_score_by_vector`."""
        return await self._clients.arun(self._search(embedding, top_k=k, filter=filter, **options))

    def _search(self, embedding: list[float], **options: Any) -> Steps[list[tuple[Document, float]]]:
        found = yield from if_there_is_one(lambda db: db.search(self._collection, embedding, **options), None)
        return [] if found is None else [(document(hit.id, hit.payload), hit.score) for hit in found.hits]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        vector = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **options)

    async def amax_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        vector = await self._embedding.aembed_query(query)
        return await self.amax_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **options)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        """
        Returns diverse documents, which the server selects from ``fetch_k`` candidates. ``lambda_mult``: 0 (only diversity) to 1 (only
        relevance).
        """
        return self._clients.run(self._diverse(embedding, k, fetch_k, lambda_mult, options))

    async def amax_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        """As :meth:`max_marginal_relevance_search_by_vector`."""
        return await self._clients.arun(self._diverse(embedding, k, fetch_k, lambda_mult, options))

    def _diverse(self, embedding: list[float], k: int, fetch_k: int, lambda_mult: float, options: dict[str, Any]) -> Steps[list[Document]]:
        candidates = max(fetch_k, k)
        diversity = {"share": 1 - lambda_mult, "candidates": candidates}
        branches = [{"vector": embedding, "limit": candidates}]

        def query(db: Any) -> Any:
            return db.query(self._collection, branches, top_k=k, diversity=diversity, **options)

        found = yield from if_there_is_one(query, None)
        return [] if found is None else [document(hit.id, hit.payload) for hit in found.hits]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        """0 to 1: a cosine similarity is -1 to 1, 1 / (1 + distance) is within it already, and a dot product has no bounds."""
        if self._distance == "cosine":
            return lambda score: (1 + score) / 2
        if self._distance == "euclidean":
            return lambda score: score
        raise NotImplementedError("relevance scores require the distance cosine or euclidean: dot products have no bounds")


class _NewTexts:
    """Texts to write, each with its id and its metadata. Raises ValueError if there are different numbers of them."""

    def __init__(self, texts: Iterable[str], metadatas: list[dict[str, Any]] | None, ids: list[str | None] | list[str] | None) -> None:
        self.texts = list(texts)
        self.ids = [one or str(uuid.uuid4()) for one in (ids or [None] * len(self.texts))]
        self._metadatas = metadatas or [{} for _ in self.texts]
        if not len(self.texts) == len(self.ids) == len(self._metadatas):
            counts = f"{len(self.texts)}, {len(self._metadatas)} and {len(self.ids)}"
            raise ValueError(f"texts, metadatas and ids must have the same length, not {counts}")

    def points(self, vectors: list[list[float]]) -> list[vectron.Point]:
        """Of equal ids the later one counts, also where they would be in two batches."""
        given = zip(self.ids, vectors, self.texts, self._metadatas)
        points = [vectron.Point(id, vector, {TEXT: text, METADATA: own}) for id, vector, text, own in given]
        return list({one.id: one for one in points}.values())


def _needed(client: vectron.Client | None) -> vectron.Client:
    if client is None:
        raise ValueError("from_texts requires the argument client: pass the result of vectron.connect")
    return client


def document(id: str, payload: dict[str, Any]) -> Document:
    """Converts a point to a document. Points that another program wrote have no text, and their payload as metadata."""
    text = payload.get(TEXT)
    metadata = payload.get(METADATA)
    if isinstance(text, str) and isinstance(metadata, dict):
        return Document(text, id=id, metadata=metadata)
    return Document(text if isinstance(text, str) else "", id=id, metadata={k: v for k, v in payload.items() if k != TEXT})
