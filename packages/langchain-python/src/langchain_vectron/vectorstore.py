"""The vector store: a document is a point, with its text and its metadata in the payload."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import vectron
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from vectron.integrations import Clients, write_points

# Where the text and the metadata of a document are in the payload of its point.
TEXT = "page_content"
METADATA = "metadata"


class VectronVectorStore(VectorStore):
    """
    Documents in one collection of Vectron. If the collection does not exist, it is created with the first document: with the number of
    dimensions of its embedding and the given ``distance``. Can be shared between threads, as the client.
    """

    def __init__(
        self,
        client: vectron.Client,
        collection: str,
        embedding: Embeddings,
        *,
        distance: str = "cosine",
        batch_size: int = 100,
    ) -> None:
        self._client = client
        self._clients = Clients(client=client)
        self._collection = collection
        self._embedding = embedding
        self._distance = distance
        self._batch_size = batch_size

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

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
        if client is None:
            raise ValueError("from_texts requires the argument client: pass the result of vectron.connect")
        store = cls(client, collection, embedding, **options)
        store.add_texts(texts, metadatas, ids=ids)
        return store

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
        given = list(texts)
        named = [one or str(uuid.uuid4()) for one in (ids or [None] * len(given))]
        metadata = metadatas or [{} for _ in given]
        if not len(given) == len(named) == len(metadata):
            raise ValueError(f"texts, metadatas and ids must have the same length, not {len(given)}, {len(metadata)} and {len(named)}")
        if not given:
            return []
        vectors = self._embedding.embed_documents(given)
        points = [vectron.Point(id, vector, {TEXT: text, METADATA: own}) for id, vector, text, own in zip(named, vectors, given, metadata)]
        # Of equal ids the later one counts, also where they would be in two batches.
        last = list({one.id: one for one in points}.values())
        self._write(last, len(vectors[0]))
        return named

    def _write(self, points: list[vectron.Point], dimension: int) -> None:
        settings = {"dimension": dimension, "distance": self._distance}
        self._clients.run(write_points(self._collection, points, lambda: settings, batch_size=self._batch_size))

    def delete(self, ids: list[str] | None = None, **_: Any) -> bool | None:
        """Deletes documents by their ids; unknown ids are ignored. Raises ValueError without ids."""
        if ids is None:
            raise ValueError("delete requires ids; to delete by a filter, use delete_points of the client")
        try:
            if ids:
                self._client.delete_points(self._collection, ids=ids)
        except vectron.NotFoundError:
            # Without a collection there is no document either.
            return True
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Returns the documents that exist, in the order of the given ids."""
        found: dict[str, Document] = {}
        try:
            for start in range(0, len(ids), 1000):
                asked = list(dict.fromkeys(ids[start : start + 1000]))
                points = self._client.points(self._collection, filter=vectron.where.ids(*asked), consistency="linearizable")
                found |= {one.id: document(one.id, one.payload) for one in points}
        except vectron.NotFoundError:
            return []
        return [found[id] for id in ids if id in found]

    def similarity_search(self, query: str, k: int = 4, **options: Any) -> list[Document]:
        return [one for one, _ in self.similarity_search_with_score(query, k, **options)]

    def similarity_search_with_score(self, query: str, k: int = 4, **options: Any) -> list[tuple[Document, float]]:
        return self.similarity_search_with_score_by_vector(self._embedding.embed_query(query), k, **options)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **options: Any) -> list[Document]:
        return [one for one, _ in self.similarity_search_with_score_by_vector(embedding, k, **options)]

    def similarity_search_with_score_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: vectron.Filter | None = None, **options: Any
    ) -> list[tuple[Document, float]]:
        """Returns documents with their scores; a higher score is better. ``options`` are those of the client's ``search``."""
        try:
            found = self._client.search(self._collection, embedding, top_k=k, filter=filter, **options)
        except vectron.NotFoundError as error:
            if error.code != "COLLECTION_NOT_FOUND":
                raise
            return []
        return [(document(hit.id, hit.payload), hit.score) for hit in found.hits]

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        vector = self._embedding.embed_query(query)
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, **options)

    def max_marginal_relevance_search_by_vector(
        self, embedding: list[float], k: int = 4, fetch_k: int = 20, lambda_mult: float = 0.5, **options: Any
    ) -> list[Document]:
        """
        Returns diverse documents, which the server selects from ``fetch_k`` candidates. ``lambda_mult``: 0 (only diversity) to 1 (only
        relevance).
        """
        diversity = {"share": 1 - lambda_mult, "candidates": max(fetch_k, k)}
        branches = [{"vector": embedding, "limit": max(fetch_k, k)}]
        found = self._client.query(self._collection, branches, top_k=k, diversity=diversity, **options)
        return [document(hit.id, hit.payload) for hit in found.hits]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        """0 to 1: a cosine similarity is -1 to 1, 1 / (1 + distance) is within it already, and a dot product has no bounds."""
        if self._distance == "cosine":
            return lambda score: (1 + score) / 2
        if self._distance == "euclidean":
            return lambda score: score
        raise NotImplementedError("relevance scores require the distance cosine or euclidean: dot products have no bounds")


def document(id: str, payload: dict[str, Any]) -> Document:
    """Converts a point to a document. Points that another program wrote have no text, and their payload as metadata."""
    text = payload.get(TEXT)
    metadata = payload.get(METADATA)
    if isinstance(text, str) and isinstance(metadata, dict):
        return Document(text, id=id, metadata=metadata)
    return Document(text if isinstance(text, str) else "", id=id, metadata={k: v for k, v in payload.items() if k != TEXT})
