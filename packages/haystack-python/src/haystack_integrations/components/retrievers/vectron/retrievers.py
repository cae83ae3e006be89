"""Components that search a VectronDocumentStore. The best documents come first; a higher score is better."""

# Without postponed annotations: Haystack reads the types of inputs and outputs from them.
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.dataclasses import SparseEmbedding
from haystack.document_stores.types import FilterPolicy, apply_filter_policy

from haystack_integrations.document_stores.vectron import VectronDocumentStore

Filters = dict[str, Any]
Found = dict[str, list[Document]]


class _Retriever:
    def __init__(
        self,
        document_store: VectronDocumentStore,
        *,
        filters: Filters | None = None,
        top_k: int = 10,
        filter_policy: str | FilterPolicy = FilterPolicy.REPLACE,
        score_threshold: float | None = None,
        return_embedding: bool = False,
        options: dict[str, Any] | None = None,
    ) -> None:
        """
        :param document_store: The store that contains the documents.
        :param filters: Filters of every run.
        :param top_k: Maximum number of documents in an answer, 1 to 10,000.
        :param filter_policy: Whether filters of a run replace these filters or are combined with them.
        :param score_threshold: Minimum score of a document.
        :param return_embedding: Whether to return documents with their embeddings.
        :param options: Further options of the client's `query`, such as `budget_ms` or `diversity`; options of the search by embedding,
            such as `recall` or `exact`, are in `branch`.
        :raises TypeError: For another document store.
        :raises ValueError: For a `top_k` below 1.
        """
        if not isinstance(document_store, VectronDocumentStore):
            raise TypeError("document_store must be a VectronDocumentStore")
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, not {top_k}")
        self.document_store = document_store
        self.filters = filters
        self.top_k = top_k
        self.filter_policy = filter_policy if isinstance(filter_policy, FilterPolicy) else FilterPolicy.from_str(filter_policy)
        self.score_threshold = score_threshold
        self.return_embedding = return_embedding
        self.options = options

    def to_dict(self) -> dict[str, Any]:
        """Returns the settings of the retriever as a dictionary, for YAML."""
        return default_to_dict(
            self,
            document_store=self.document_store.to_dict(),
            filters=self.filters,
            top_k=self.top_k,
            filter_policy=self.filter_policy.value,
            score_threshold=self.score_threshold,
            return_embedding=self.return_embedding,
            options=self.options,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Any:
        """Creates the retriever that :meth:`to_dict` described."""
        given = dict(data["init_parameters"])
        if isinstance(given["document_store"], dict):
            given["document_store"] = VectronDocumentStore.from_dict(given["document_store"])
        return default_from_dict(cls, {**data, "init_parameters": given})

    def _asked(self, filters: Filters | None, top_k: int | None, **query: Any) -> dict[str, Any]:
        return {
            "filters": apply_filter_policy(self.filter_policy, self.filters, filters),
            "top_k": self.top_k if top_k is None else top_k,
            "score_threshold": self.score_threshold,
            "return_embedding": self.return_embedding,
            "options": self.options,
            **query,
        }

    def _run(self, asked: dict[str, Any]) -> Found:
        return {"documents": self.document_store.clients.run(self.document_store.retrieval(**asked))}

    async def _run_async(self, asked: dict[str, Any]) -> Found:
        return {"documents": await self.document_store.clients.arun(self.document_store.retrieval(**asked))}


@component
class VectronEmbeddingRetriever(_Retriever):
    """Retrieves the documents whose embeddings are nearest to that of the query; scores are those of the store's similarity."""

    @component.output_types(documents=list[Document])
    def run(self, query_embedding: list[float], filters: Filters | None = None, top_k: int | None = None) -> Found:
        """
        :param query_embedding: Embedding of the query, with the number of dimensions of the documents.
        :param filters: Filters of this run, according to the filter policy.
        :param top_k: Maximum number of documents, instead of that of the retriever.
        :returns: A dictionary with `documents`.
        """
        return self._run(self._asked(filters, top_k, query_embedding=query_embedding))

    @component.output_types(documents=list[Document])
    async def run_async(self, query_embedding: list[float], filters: Filters | None = None, top_k: int | None = None) -> Found:
        """As :meth:`run`."""
        return await self._run_async(self._asked(filters, top_k, query_embedding=query_embedding))


@component
class VectronKeywordRetriever(_Retriever):
    """Retrieves the documents whose content contains the words of the query, scored by BM25 over the whole collection."""

    @component.output_types(documents=list[Document])
    def run(self, query: str, filters: Filters | None = None, top_k: int | None = None) -> Found:
        """
        :param query: Words to search for; an empty query finds nothing.
        :param filters: Filters of this run, according to the filter policy.
        :param top_k: Maximum number of documents, instead of that of the retriever.
        :returns: A dictionary with `documents`.
        """
        return self._run(self._asked(filters, top_k, query=query))

    @component.output_types(documents=list[Document])
    async def run_async(self, query: str, filters: Filters | None = None, top_k: int | None = None) -> Found:
        """As :meth:`run`."""
        return await self._run_async(self._asked(filters, top_k, query=query))


@component
class VectronSparseEmbeddingRetriever(_Retriever):
    """Retrieves the documents whose sparse embeddings have the greatest inner product with that of the query."""

    @component.output_types(documents=list[Document])
    def run(self, query_sparse_embedding: SparseEmbedding, filters: Filters | None = None, top_k: int | None = None) -> Found:
        """
        :param query_sparse_embedding: Sparse embedding of the query; without an entry, nothing is found.
        :param filters: Filters of this run, according to the filter policy.
        :param top_k: Maximum number of documents, instead of that of the retriever.
        :returns: A dictionary with `documents`.
        """
        return self._run(self._asked(filters, top_k, query_sparse_embedding=query_sparse_embedding))

    @component.output_types(documents=list[Document])
    async def run_async(self, query_sparse_embedding: SparseEmbedding, filters: Filters | None = None, top_k: int | None = None) -> Found:
        """As :meth:`run`."""
        return await self._run_async(self._asked(filters, top_k, query_sparse_embedding=query_sparse_embedding))


@component
class VectronHybridRetriever(_Retriever):
    """
    Retrieves documents by embedding and by words, by a sparse embedding, or by all three, in one request; the results are fused by rank
    (RRF).
    """

    @component.output_types(documents=list[Document])
    def run(
        self,
        query_embedding: list[float],
        query: str | None = None,
        query_sparse_embedding: SparseEmbedding | None = None,
        filters: Filters | None = None,
        top_k: int | None = None,
    ) -> Found:
        """
        :param query_embedding: Embedding of the query, with the number of dimensions of the documents.
        :param query: Words to search for.
        :param query_sparse_embedding: Sparse embedding of the query, in addition to the words or instead of them.
        :param filters: Filters of this run, according to the filter policy.
        :param top_k: Maximum number of documents, instead of that of the retriever.
        :returns: A dictionary with `documents`.
        """
        ways = {"query_embedding": query_embedding, "query": query, "query_sparse_embedding": query_sparse_embedding}
        return self._run(self._asked(filters, top_k, **ways))

    @component.output_types(documents=list[Document])
    async def run_async(
        self,
        query_embedding: list[float],
        query: str | None = None,
        query_sparse_embedding: SparseEmbedding | None = None,
        filters: Filters | None = None,
        top_k: int | None = None,
    ) -> Found:
        """As :meth:`run`."""
        ways = {"query_embedding": query_embedding, "query": query, "query_sparse_embedding": query_sparse_embedding}
        return await self._run_async(self._asked(filters, top_k, **ways))
