"""The vector store: a node is a point of one collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import vectron
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import BasePydanticVectorStore, MetadataFilters, VectorStoreQuery, VectorStoreQueryResult
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

from .filters import REF_DOC_ID, TEXT, condition_of
from .nodes import node_of, point_of
from .queries import step_of


class VectronVectorStore(BasePydanticVectorStore):
    """
    Nodes in one collection of Vectron, with blocking calls and calls for asyncio. If the collection does not exist, it is created with
    the first node: with the number of dimensions of its embedding, a text index of the texts, and an index of the ids of the documents.
    Texts and metadata are stored in the payload. Can be shared between threads; it can be used by one event loop after another.

    ``url``: as for :func:`vectron.connect`; or ``client`` and ``async_client``, which stay open when the store is closed. ``api_key`` and
    ``connect_options`` (``timeout``, ``ca``, ...) are those of :func:`vectron.connect`, and are not contained in a dump of the store.
    ``language``: language of the text index for stemming, such as ``english``. ``collection_options``: further settings of a collection
    that is created, as for ``create_collection``.
    """

    stores_text: bool = True
    flat_metadata: bool = False
    collection_name: str
    url: str | list[str] | None = None
    distance: Literal["cosine", "euclidean", "dot"] = "cosine"
    language: str | None = None
    batch_size: int = Field(default=100, ge=1)
    collection_options: dict[str, Any] = Field(default_factory=dict)

    _clients: Clients = PrivateAttr()

    def __init__(
        self,
        collection_name: str,
        url: str | list[str] | None = None,
        *,
        api_key: str | None = None,
        client: vectron.Client | None = None,
        async_client: vectron.AsyncClient | None = None,
        connect_options: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        # Before anything else of it: pydantic's errors show what they were given.
        if not isinstance(collection_name, str) or not collection_name:
            raise ValueError("collection_name must be the name of a collection, not an empty string")
        super().__init__(**{"collection_name": collection_name, "url": url, **fields})
        options = {**(connect_options or {}), "api_key": api_key}
        self._clients = Clients(url, client=client, async_client=async_client, options=options)

    @classmethod
    def class_name(cls) -> str:
        return "VectronVectorStore"

    @property
    def client(self) -> vectron.Client:
        """The blocking client."""
        return self._clients.blocking

    @property
    def async_client(self) -> vectron.AsyncClient:
        """The client for asyncio of the running event loop."""
        return self._clients.of_this_loop

    def close(self) -> None:
        """Closes the blocking client if the store created it."""
        self._clients.close()

    async def aclose(self) -> None:
        """Closes the client for asyncio of this event loop if the store created it."""
        await self._clients.aclose()

    # Writes

    def add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """
        Writes nodes with their embeddings; existing nodes with the same ids are replaced, and of several nodes with the same id the last
        one is stored. Returns the ids. The nodes are on disk and searchable when it returns. Raises ValueError for a node without an
        embedding, before anything is written.
        """
        return self._clients.run(self._add(nodes))

    async def async_add(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[str]:
        """As :meth:`add`."""
        return await self._clients.arun(self._add(nodes))

    def delete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """Deletes the nodes of a document; succeeds if there are none."""
        self._clients.run(self._delete([where.field(REF_DOC_ID).eq(ref_doc_id)]))

    async def adelete(self, ref_doc_id: str, **delete_kwargs: Any) -> None:
        """As :meth:`delete`."""
        await self._clients.arun(self._delete([where.field(REF_DOC_ID).eq(ref_doc_id)]))

    def delete_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any) -> None:
        """
        Deletes the nodes that have one of the ids and match the filters; one of the two can be omitted. Raises ValueError for filters
        without a condition, which can be a mistake: :meth:`clear` deletes all nodes.
        """
        self._clients.run(self._delete(_chosen(node_ids, filters)))

    async def adelete_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **delete_kwargs: Any) -> None:
        """As :meth:`delete_nodes`."""
        await self._clients.arun(self._delete(_chosen(node_ids, filters)))

    def clear(self) -> None:
        """Deletes all points of the collection. The collection and its settings remain."""
        self._clients.run(self._delete([everything()]))

    async def aclear(self) -> None:
        """As :meth:`clear`."""
        await self._clients.arun(self._delete([everything()]))

    # Reads

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """
        Returns nodes with their embeddings: those with the given ids that exist and match the filters, in the order of the ids; or all
        that match, in the order of their ids. Every write that was acknowledged before is visible. Raises ValueError if neither is given.
        """
        return self._clients.run(self._get(node_ids, filters))

    async def aget_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """As :meth:`get_nodes`."""
        return await self._clients.arun(self._get(node_ids, filters))

    def query(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """
        Returns the best nodes first; a higher similarity is better. ``default`` searches by vector, ``text_search`` and ``sparse`` by
        words (BM25 of the texts), and ``hybrid`` by both. ``mmr`` selects diverse nodes from candidates, whose number is
        ``mmr_prefetch_k`` or ``mmr_prefetch_factor`` times the number of nodes, at most 1,000. Other ``kwargs`` are options of the
        client's ``search`` (``recall``, ``exact``, ``consistency``, ...) or ``query``. Raises ValueError for other modes.
        """
        return self._clients.run(self._query(query, kwargs))

    async def aquery(self, query: VectorStoreQuery, **kwargs: Any) -> VectorStoreQueryResult:
        """As :meth:`query`."""
        return await self._clients.arun(self._query(query, kwargs))

    # Each of them once, for both kinds of clients

    def _add(self, nodes: Sequence[BaseNode]) -> Steps[list[str]]:
        points = [point_of(node) for node in nodes]
        # Of equal ids the later one counts, also where they would be in two batches.
        last = list({one.id: one for one in points}.values())
        yield from write_points(self.collection_name, last, lambda: self._settings(points[0]), batch_size=self.batch_size)
        return [one.id for one in points]

    def _settings(self, point: vectron.Point) -> dict[str, Any]:
        words = {"path": TEXT, "type": "text"} | ({} if self.language is None else {"language": self.language})
        indexes = [words, {"path": REF_DOC_ID, "type": "keyword"}, *self.collection_options.get("indexes", [])]
        assert point.vector is not None
        return {"dimension": len(point.vector), "distance": self.distance, **self.collection_options, "indexes": indexes}

    def _delete(self, conditions: list[vectron.Condition]) -> Steps[None]:
        for one in conditions:
            yield from delete_points(self.collection_name, filter=one)

    def _get(self, node_ids: list[str] | None, filters: MetadataFilters | None) -> Steps[list[BaseNode]]:
        if node_ids is None and filters is None:
            raise ValueError("pass node_ids or filters")
        condition = condition_of(filters)
        if node_ids is None:
            points = yield from read_points(self.collection_name, condition, include_vectors=True)
        else:
            points = yield from read_by_ids(self.collection_name, node_ids, condition, include_vectors=True)
        return [node_of(one.id, one.payload, one.vector) for one in points]

    def _query(self, query: VectorStoreQuery, options: Mapping[str, Any]) -> Steps[VectorStoreQueryResult]:
        step = step_of(self.collection_name, query, options)
        found = None if step is None else (yield from if_there_is_one(step, None))
        hits = [] if found is None else found.hits
        nodes = [node_of(hit.id, hit.payload) for hit in hits]
        return VectorStoreQueryResult(nodes=nodes, similarities=[float(hit.score) for hit in hits], ids=[hit.id for hit in hits])


def _chosen(node_ids: list[str] | None, filters: MetadataFilters | None) -> list[vectron.Condition]:
    """What is to be deleted: a condition for each of several deletes."""
    condition = condition_of(filters)
    if filters is not None and condition is None:
        raise ValueError("the filters have no condition and would delete every node; to do that, use clear()")
    if node_ids is None:
        return [] if condition is None else [condition]
    parts = [where.ids(*node_ids[start : start + MOST_IDS]) for start in range(0, len(node_ids), MOST_IDS)]
    return parts if condition is None else [where.all(one, condition) for one in parts]
