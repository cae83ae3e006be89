"""The document store: a document is a point of one collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import vectron
from haystack import Document, default_from_dict, default_to_dict
from haystack.dataclasses import SparseEmbedding
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack.errors import FilterError
from haystack.utils import Secret
from haystack.utils.auth import deserialize_secrets_inplace
from vectron import where
from vectron.integrations import (
    MOST_IDS,
    Clients,
    Steps,
    delete_points,
    everything,
    if_there_is_one,
    read_by_ids,
    read_points,
    write_points,
)

from .converters import CONTENT, EMBEDDING, PLACEHOLDER, SPARSE, document_of, document_of_point, point_of
from .filters import condition_of, key_path, path_of
from .metadata import Scalar, fields_info, unique_values, values_at

Filters = Mapping[str, Any]


class VectronDocumentStore:
    """
    Documents in one collection of Vectron, with blocking calls and calls for asyncio. If the collection does not exist, it is created
    with the first document. A document need not have an embedding: embeddings are the named vector ``embedding``, and sparse embeddings
    are the sparse vector ``sparse``. The content has a text index. Documents are on disk and searchable when a write returns; reads other
    than searches see every write that was acknowledged before. Can be shared between threads; it can be used by one event loop after
    another. Errors of the server are :class:`vectron.VectronError`.
    """

    def __init__(
        self,
        url: str | list[str] = "http://127.0.0.1:8080",
        *,
        collection: str = "documents",
        api_key: Secret | None = Secret.from_env_var("VECTRON_API_KEY", strict=False),  # noqa: B008
        embedding_dim: int = 768,
        similarity: Literal["cosine", "dot", "euclidean"] = "cosine",
        language: str | None = None,
        indexes: list[dict[str, Any]] | None = None,
        collection_options: dict[str, Any] | None = None,
        connect_options: dict[str, Any] | None = None,
        batch_size: int = 100,
    ) -> None:
        """
        :param url: URL of the server, or of several equal servers: REST (`http://`, `https://`) or gRPC (`grpc://`, `grpcs://`).
        :param collection: Name of the collection.
        :param api_key: A key with the role write, which can also create the collection.
        :param embedding_dim: Number of dimensions of the embeddings, 1 to 65,536, if the collection is created.
        :param similarity: Distance metric of the embeddings, if the collection is created.
        :param language: Language of the text index for stemming, such as `english`, if the collection is created; None: words are not
            stemmed.
        :param indexes: Payload indexes for filters, if the collection is created: `{"path": "meta.year", "type": "integer"}`.
        :param collection_options: Further settings, as for `create_collection` of the client, if the collection is created.
        :param connect_options: Options of `vectron.connect`: `timeout`, `retries`, `ca`. `to_dict` contains them unchanged.
        :param batch_size: Number of documents of a write, at least 1.
        :raises ValueError: For a `batch_size` below 1, or an `api_key` in `connect_options`.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if "api_key" in (connect_options or {}):
            raise ValueError("connect_options must not contain api_key; pass the key as the argument api_key, which is a Secret")
        self.url = url
        self.collection = collection
        self.api_key = api_key
        self.embedding_dim = embedding_dim
        self.similarity = similarity
        self.language = language
        self.indexes = indexes
        self.collection_options = collection_options
        self.connect_options = connect_options
        self.batch_size = batch_size
        self._made: Clients | None = None

    @property
    def clients(self) -> Clients:
        """The clients of both kinds. They are created when they are first used, which is also when the key is read."""
        if self._made is None:
            key = None if self.api_key is None else self.api_key.resolve_value()
            self._made = Clients(self.url, options={**(self.connect_options or {}), "api_key": key})
        return self._made

    def close(self) -> None:
        """Closes the blocking client."""
        if self._made is not None:
            self._made.close()

    async def close_async(self) -> None:
        """Closes the client for asyncio of this event loop."""
        if self._made is not None:
            await self._made.aclose()

    def to_dict(self) -> dict[str, Any]:
        """
        Returns the settings as a dictionary, with the name of the environment variable that contains the key, never with a key. Raises
        ValueError for a key that was given as text.
        """
        return default_to_dict(
            self,
            url=self.url,
            collection=self.collection,
            api_key=None if self.api_key is None else self.api_key.to_dict(),
            embedding_dim=self.embedding_dim,
            similarity=self.similarity,
            language=self.language,
            indexes=self.indexes,
            collection_options=self.collection_options,
            connect_options=self.connect_options,
            batch_size=self.batch_size,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> VectronDocumentStore:
        """Creates the store that :meth:`to_dict` described. Nothing is sent."""
        deserialize_secrets_inplace(data["init_parameters"], ["api_key"])
        made: VectronDocumentStore = default_from_dict(cls, data)
        return made

    # What Haystack asks of a document store

    def count_documents(self) -> int:
        """Returns the number of documents; 0 if the collection does not exist."""
        return self.clients.run(self._count(None))

    async def count_documents_async(self) -> int:
        """As :meth:`count_documents`."""
        return await self.clients.arun(self._count(None))

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """Returns the documents that match, in the order of their ids, with their embeddings. Raises FilterError for an invalid filter."""
        return self.clients.run(self._filter(filters))

    async def filter_documents_async(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """As :meth:`filter_documents`."""
        return await self.clients.arun(self._filter(filters))

    def write_documents(self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE) -> int:
        """
        Writes documents and returns their number, without those that `SKIP` ignored. `NONE` means `FAIL`: if an id exists already or
        occurs twice, DuplicateDocumentError is raised and nothing is written; if another writer writes an id at the same time, earlier
        batches can be written. Raises ValueError if the argument is not a list of documents.
        """
        return self.clients.run(self._write(documents, policy))

    async def write_documents_async(self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE) -> int:
        """As :meth:`write_documents`."""
        return await self.clients.arun(self._write(documents, policy))

    def delete_documents(self, document_ids: list[str]) -> None:
        """Deletes documents by their ids; unknown ids are ignored."""
        self.clients.run(self._delete_ids(document_ids))

    async def delete_documents_async(self, document_ids: list[str]) -> None:
        """As :meth:`delete_documents`."""
        await self.clients.arun(self._delete_ids(document_ids))

    # What many stores have besides

    def delete_all_documents(self, recreate_collection: bool = False) -> None:
        """
        Deletes every document.

        :param recreate_collection: Whether to delete the collection, which is faster; the next write creates it again, with the settings
            of this store.
        """
        self.clients.run(self._delete_all(recreate_collection))

    async def delete_all_documents_async(self, recreate_collection: bool = False) -> None:
        """As :meth:`delete_all_documents`."""
        await self.clients.arun(self._delete_all(recreate_collection))

    def delete_by_filter(self, filters: dict[str, Any]) -> int:
        """Deletes the documents that match and returns their number. Raises FilterError for an empty filter, which can be a mistake."""
        return self.clients.run(self._delete_by(filters))

    async def delete_by_filter_async(self, filters: dict[str, Any]) -> int:
        """As :meth:`delete_by_filter`."""
        return await self.clients.arun(self._delete_by(filters))

    def update_by_filter(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """Sets fields of meta of the documents that match and returns their number. Raises FilterError for an empty filter."""
        return self.clients.run(self._update(filters, meta))

    async def update_by_filter_async(self, filters: dict[str, Any], meta: dict[str, Any]) -> int:
        """As :meth:`update_by_filter`."""
        return await self.clients.arun(self._update(filters, meta))

    def count_documents_by_filter(self, filters: dict[str, Any]) -> int:
        """Returns the number of documents that match."""
        return self.clients.run(self._count(filters))

    async def count_documents_by_filter_async(self, filters: dict[str, Any]) -> int:
        """As :meth:`count_documents_by_filter`."""
        return await self.clients.arun(self._count(filters))

    def count_unique_metadata_by_filter(self, filters: dict[str, Any], metadata_fields: list[str]) -> dict[str, int]:
        """Returns the number of distinct values of each field in the documents that match."""
        return self.clients.run(self._count_unique(filters, metadata_fields))

    async def count_unique_metadata_by_filter_async(self, filters: dict[str, Any], metadata_fields: list[str]) -> dict[str, int]:
        """As :meth:`count_unique_metadata_by_filter`."""
        return await self.clients.arun(self._count_unique(filters, metadata_fields))

    def get_metadata_fields_info(self) -> dict[str, dict[str, str]]:
        """
        Returns the fields of meta, each with its `type`: `keyword`, `integer`, `float`, `boolean`, `list`, `object` or `mixed`. Reads
        every document.
        """
        return self.clients.run(self._fields_info())

    async def get_metadata_fields_info_async(self) -> dict[str, dict[str, str]]:
        """As :meth:`get_metadata_fields_info`."""
        return await self.clients.arun(self._fields_info())

    def get_metadata_field_min_max(self, metadata_field: str) -> dict[str, Any]:
        """Returns the first and the last value in the order of docs/data-model.md, as `min` and `max`; None if there is no value."""
        return self.clients.run(self._min_max(metadata_field))

    async def get_metadata_field_min_max_async(self, metadata_field: str) -> dict[str, Any]:
        """As :meth:`get_metadata_field_min_max`."""
        return await self.clients.arun(self._min_max(metadata_field))

    def get_metadata_field_unique_values(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: dict[str, Any] | None = None,
    ) -> tuple[list[Scalar], int]:
        """
        Returns one page of the distinct values of a field, and their total number.

        :param search_term: Only values whose text contains this term, regardless of case.
        :param from_: Number of values before the page.
        :param size: Maximum number of values of the page.
        :param filters: Only values of documents that match.
        """
        return self.clients.run(self._unique(metadata_field, search_term, from_, size, filters))

    async def get_metadata_field_unique_values_async(
        self,
        metadata_field: str,
        search_term: str | None = None,
        from_: int = 0,
        size: int = 10,
        filters: dict[str, Any] | None = None,
    ) -> tuple[list[Scalar], int]:
        """As :meth:`get_metadata_field_unique_values`."""
        return await self.clients.arun(self._unique(metadata_field, search_term, from_, size, filters))

    # Each of them once, for both kinds of clients

    def _settings(self) -> dict[str, Any]:
        words = {"path": CONTENT, "type": "text"} | ({} if self.language is None else {"language": self.language})
        return {
            "dimension": len(PLACEHOLDER),
            "distance": "dot",
            "named_vectors": [{"name": EMBEDDING, "dimension": self.embedding_dim, "distance": self.similarity}],
            "sparse_vectors": [SPARSE],
            **(self.collection_options or {}),
            "indexes": [words, *(self.indexes or [])],
        }

    def _count(self, filters: Filters | None) -> Steps[int]:
        condition = condition_of(filters)
        step = if_there_is_one(lambda db: db.count(self.collection, filter=condition, consistency="linearizable"), None)
        found = yield from step
        return 0 if found is None else found.count

    def _filter(self, filters: Filters | None) -> Steps[list[Document]]:
        points = yield from read_points(self.collection, condition_of(filters), include_vectors=True)
        return [document_of_point(one) for one in points]

    def _write(self, documents: Sequence[Document], policy: DuplicatePolicy) -> Steps[int]:
        if not isinstance(documents, Sequence) or not all(isinstance(one, Document) for one in documents):
            raise ValueError("documents must be a list of Documents")
        if policy == DuplicatePolicy.OVERWRITE:
            # Of equal ids the last wins.
            yield from self._put(list({one.id: one for one in documents}.values()))
            return len(documents)
        first: dict[str, Document] = {}
        for one in documents:
            if policy != DuplicatePolicy.SKIP and one.id in first:
                raise DuplicateDocumentError(f"ID '{one.id}' occurs twice in documents")
            first.setdefault(one.id, one)
        there = {one.id for one in (yield from read_by_ids(self.collection, first))}
        new = [one for one in first.values() if one.id not in there]
        if policy == DuplicatePolicy.SKIP:
            return (yield from self._put_absent(new))
        if there:
            raise DuplicateDocumentError(f"ID '{next(iter(there))}' already exists")
        try:
            return (yield from self._put(new, if_version=0))
        except vectron.FailedPreconditionError as error:
            raise _duplicate(error) from error

    def _put(self, documents: list[Document], *, if_version: int | None = None) -> Steps[int]:
        points = [point_of(one, if_version=if_version) for one in documents]
        return (yield from write_points(self.collection, points, self._settings, batch_size=self.batch_size))

    def _put_absent(self, documents: list[Document]) -> Steps[int]:
        """Without those that another writer wrote meanwhile, which is why a batch that is refused is written document by document."""
        written = 0
        for start in range(0, len(documents), self.batch_size):
            batch = documents[start : start + self.batch_size]
            try:
                written += yield from self._put(batch, if_version=0)
                continue
            except vectron.FailedPreconditionError as error:
                _duplicate(error)
            for one in batch:
                try:
                    written += yield from self._put([one], if_version=0)
                except vectron.FailedPreconditionError as error:
                    _duplicate(error)
        return written

    def _delete_ids(self, ids: Sequence[str]) -> Steps[None]:
        for start in range(0, len(ids), MOST_IDS):
            yield from delete_points(self.collection, ids=list(ids[start : start + MOST_IDS]))

    def _delete_all(self, recreate: bool) -> Steps[None]:
        if recreate:
            yield from if_there_is_one(lambda db: db.delete_collection(self.collection), None)
        else:
            yield from delete_points(self.collection, filter=everything())

    def _delete_by(self, filters: Filters) -> Steps[int]:
        return (yield from delete_points(self.collection, filter=_needed(filters)))

    def _update(self, filters: Filters, meta: Mapping[str, Any]) -> Steps[int]:
        condition = _needed(filters)
        if not meta:
            raise ValueError("meta must have at least one field to set")
        values = {key_path(key): value for key, value in meta.items()}
        done = yield from if_there_is_one(lambda db: db.update_points(self.collection, filter=condition, set=values), None)
        return 0 if done is None else done.updated

    def _count_unique(self, filters: Filters, fields: Sequence[str]) -> Steps[dict[str, int]]:
        condition = condition_of(filters)
        counts = {}
        for field in fields:
            values = yield from unique_values(self.collection, field, condition)
            counts[field] = len(values)
        return counts

    def _fields_info(self) -> Steps[dict[str, dict[str, str]]]:
        return fields_info((yield from read_points(self.collection)))

    def _min_max(self, field: str) -> Steps[dict[str, Any]]:
        path = path_of(field)
        options: dict[str, Any] = {"limit": 1, "order_by": path, "filter": where.field(path).exists(), "consistency": "linearizable"}
        first = yield from if_there_is_one(lambda db: db.list_points(self.collection, **options), None)
        last = yield from if_there_is_one(lambda db: db.list_points(self.collection, descending=True, **options), None)
        return {"min": _value(first, field), "max": _value(last, field)}

    def _unique(
        self, field: str, search_term: str | None, from_: int, size: int, filters: Filters | None
    ) -> Steps[tuple[list[Scalar], int]]:
        values = yield from unique_values(self.collection, field, condition_of(filters))
        if search_term:
            values = [one for one in values if search_term.lower() in str(one).lower()]
        return values[from_ : from_ + size], len(values)

    # For the retrievers

    def retrieval(
        self,
        *,
        query_embedding: Sequence[float] | None = None,
        query: str | None = None,
        query_sparse_embedding: SparseEmbedding | None = None,
        filters: Filters | None = None,
        top_k: int = 10,
        score_threshold: float | None = None,
        return_embedding: bool = False,
        options: Mapping[str, Any] | None = None,
    ) -> Steps[list[Document]]:
        """
        Returns the steps of a retrieval for :attr:`clients`: the best documents first, with scores of which a higher one is better.
        Several branches are fused by rank (RRF), unless ``options`` specify otherwise: they are those of the client's ``query``; the
        options in ``branch`` are those of the branch by embeddings. An empty query finds nothing.
        """
        given = dict(options or {})
        of_embeddings = given.pop("branch", {})
        branches: list[dict[str, Any]] = []
        if query_embedding is not None:
            branches.append({**of_embeddings, "vector": list(query_embedding), "using": EMBEDDING})
        if query is not None and query.strip():
            branches.append({"text": {"query": query, "fields": [{"path": CONTENT}]}})
        if query_sparse_embedding is not None and query_sparse_embedding.indices:
            sparse = query_sparse_embedding
            branches.append({"sparse": {"name": SPARSE, "indices": sparse.indices, "values": sparse.values}})
        if not branches or top_k < 1:
            return []
        given |= {"top_k": top_k, "filter": condition_of(filters), "score_threshold": score_threshold}
        found = yield from if_there_is_one(lambda db: db.query(self.collection, branches, **given), None)
        hits = [] if found is None else found.hits
        vectors: dict[str, vectron.Floats | None] = {}
        if return_embedding:
            points = yield from read_by_ids(self.collection, [hit.id for hit in hits], include_vectors=True)
            vectors = {one.id: one.vectors.get(EMBEDDING) for one in points}
        return [document_of(hit.id, hit.payload, score=hit.score, vector=vectors.get(hit.id)) for hit in hits]


def _needed(filters: Filters) -> vectron.Condition:
    condition = condition_of(filters)
    if condition is None:
        raise FilterError("the filter must have a condition; without one it would select every document")
    return condition


def _value(page: vectron.Page | None, field: str) -> Any:
    return None if page is None or not page.points else next(values_at(page.points[0].payload, field), None)


def _duplicate(error: vectron.FailedPreconditionError) -> DuplicateDocumentError:
    """Raises the error itself when it is another one."""
    if error.code != "VERSION_CONFLICT":
        raise error
    return DuplicateDocumentError(str(error))
