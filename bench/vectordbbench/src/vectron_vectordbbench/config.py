"""Configurations of a Vectron server and of the index of a case."""

from __future__ import annotations

from pydantic import BaseModel, Field, SecretStr
from vectordb_bench.backend.clients.api import DBCaseConfig, DBConfig, MetricType

# Metrics that Vectron has, as `distance` of a collection.
DISTANCES = {
    MetricType.COSINE: "cosine",
    MetricType.L2: "euclidean",
    MetricType.IP: "dot",
    MetricType.DP: "dot",
}


class VectronConfig(DBConfig):
    """
    The server. ``url``: as for ``vectron.connect``. ``collection``: name of the collection that is created, and
    deleted with ``--drop-old``.
    """

    url: str
    api_key: SecretStr | None = None
    collection: str = "vectordbbench"
    shards: int = Field(default=1, ge=1)
    replicas: int = Field(default=1, ge=1)

    def to_dict(self) -> dict:
        key = None if self.api_key is None else self.api_key.get_secret_value()
        named = {"url": self.url, "api_key": key, "collection": self.collection}
        return {**named, "shards": self.shards, "replicas": self.replicas}


class VectronIndexConfig(BaseModel, DBCaseConfig):
    """
    The HNSW index. ``m``: links of a graph node. ``ef_construction`` and ``ef``: maximum number of candidates during
    the build and during a search; ``ef`` None: the default of the server. ``recall``, 0.5 to 0.999, instead of
    ``ef``: the server does the least work that reached this share of the true neighbours in its measurements.
    """

    metric_type: MetricType | None = None
    m: int = Field(default=16, ge=4)
    ef_construction: int = Field(default=200, ge=8)
    ef: int | None = Field(default=None, ge=1, le=10_000)
    recall: float | None = Field(default=None, ge=0.5, le=0.999)

    def distance(self) -> str:
        """Returns the distance metric. Raises ValueError for a metric that Vectron does not support."""
        metric = self.metric_type or MetricType.COSINE
        if metric not in DISTANCES:
            raise ValueError(f"the metric must be {' or '.join(one.name for one in DISTANCES)}, not {metric.name}")
        return DISTANCES[metric]

    def index_param(self) -> dict:
        return {"distance": self.distance(), "hnsw_m": self.m, "hnsw_ef_construction": self.ef_construction}

    def search_param(self) -> dict:
        return {name: value for name, value in (("ef", self.ef), ("recall", self.recall)) if value is not None}
