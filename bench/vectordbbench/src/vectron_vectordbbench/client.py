"""Vectron as VectorDBBench's ``VectorDB``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import vectron
from vectordb_bench.backend.clients.api import VectorDB
from vectordb_bench.backend.filter import Filter, FilterOp
from vectordb_bench.backend.payload import PayloadProfile

from .config import VectronIndexConfig

# Seconds between two looks at how far the index is.
POLL = 0.5
# Seconds that one call may take: a case's own limits end it before.
TIMEOUT = 600.0


class Vectron(VectorDB):
    """
    A collection of Vectron, over REST or gRPC. Ids of the benchmark are numbers: they are the ids of the points, and
    are stored in the payload as ``id``, with an index, for filters; labels are stored as ``labels`` if a case has
    them. The object is copied to other processes, and has a connection only between the beginning and the end of
    :meth:`init`.
    """

    name = "Vectron"
    # The blocking client may be shared between threads.
    thread_safe = True
    supported_filter_types: ClassVar[list[FilterOp]] = [FilterOp.NonFilter, FilterOp.NumGE, FilterOp.StrEqual]

    def __init__(
        self,
        dim: int,
        db_config: dict[str, Any],
        db_case_config: VectronIndexConfig,
        collection_name: str | None = None,
        drop_old: bool = False,
        with_scalar_labels: bool = False,
        **kwargs: Any,
    ) -> None:
        """``drop_old``: whether to delete an existing collection with this name. Raises VectronError."""
        self._config = db_config
        self._collection = collection_name or db_config["collection"]
        self._search = db_case_config.search_param()
        self._with_labels = with_scalar_labels
        self._filter: dict[str, Any] | None = None
        self._client: vectron.Client | None = None
        with self._connected() as client:
            exists = any(one.name == self._collection for one in client.list_collections())
            if exists and drop_old:
                client.delete_collection(self._collection)
            if not exists or drop_old:
                self._create(client, dim, db_case_config)

    def _create(self, client: vectron.Client, dim: int, case: VectronIndexConfig) -> None:
        indexes = [{"path": "id", "type": "integer"}]
        if self._with_labels:
            indexes.append({"path": "labels", "type": "keyword"})
        client.create_collection(
            self._collection,
            dimension=dim,
            shards=self._config["shards"],
            replicas=self._config["replicas"],
            indexes=indexes,
            **case.index_param(),
        )

    def _connected(self) -> vectron.Client:
        return vectron.connect(self._config["url"], api_key=self._config["api_key"], timeout=TIMEOUT)

    @contextmanager
    def init(self) -> Iterator[None]:
        """
        Connects to the server. Raises VectronError if it cannot be reached: otherwise only a later search would fail.
        """
        with self._connected() as client:
            self._client = client
            try:
                yield
            finally:
                self._client = None

    @property
    def client(self) -> vectron.Client:
        if self._client is None:
            raise RuntimeError("the client is not connected; call init() first")
        return self._client

    def prepare_filter(self, filters: Filter) -> None:
        if filters.type == FilterOp.NonFilter:
            self._filter = None
        elif filters.type == FilterOp.NumGE:
            self._filter = {"field": "id", "gte": filters.int_value}
        elif filters.type == FilterOp.StrEqual:
            self._filter = {"field": "labels", "eq": filters.label_value}
        else:
            raise ValueError(f"Vectron does not support the filter type {filters.type}")

    def insert_embeddings(
        self,
        embeddings: Sequence[Sequence[float]],
        metadata: Sequence[int],
        labels_data: Sequence[str] | None = None,
        tenant_labels_data: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> tuple[int, Exception | None]:
        """
        Writes the points by one upsert: either all of them are on disk or none. Temporary errors were already
        retried.
        """
        points = [
            {"id": str(id), "vector": vector, "payload": {"id": int(id)}}
            for id, vector in zip(metadata, embeddings, strict=True)
        ]
        if self._with_labels and labels_data is not None:
            for point, label in zip(points, labels_data, strict=True):
                point["payload"]["labels"] = label
        try:
            return self.client.upsert(self._collection, points).upserted, None
        except vectron.VectronError as error:
            return 0, error

    def search_embedding(
        self,
        query: Sequence[float],
        k: int = 100,
        payload_profile: PayloadProfile = PayloadProfile.IDS_ONLY,
        tenant: str | None = None,
        **kwargs: Any,
    ) -> list[int]:
        found = self.client.search(
            self._collection, query, top_k=k, filter=self._filter, include_payload=False, **self._search
        )
        if not found.complete:
            raise RuntimeError("a shard did not answer: the results are incomplete; check the health of the server")
        return [int(hit.id) for hit in found.hits]

    def optimize(self, data_size: int | None = None) -> None:
        """Waits until every point is in the index. Searches find the others as well, but by a scan."""
        while (status := self.client.collection_status(self._collection)).index_lag > 0 or (
            data_size is not None and status.points < data_size
        ):
            time.sleep(POLL)
