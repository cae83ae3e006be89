"""What VectorDBBench is told of a Vectron, and of the index of a case."""

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
    """Where the server is. ``url``: as of ``vectron.connect``. ``collection``: that is made, and dropped with ``--drop-old``."""

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
    HNSW. ``m``: neighbours of a point in a layer. ``ef_construction`` and ``ef``: most candidates kept while building and searching.
    ``ef`` None: as the server searches when it is told nothing; ``recall``, 0.5 to 0.999, instead of ``ef``: the least work that the
    server measured to give that share of the true neighbours.
    """

    metric_type: MetricType | None = None
    m: int = Field(default=16, ge=4)
    ef_construction: int = Field(default=200, ge=8)
    ef: int | None = Field(default=None, ge=1, le=10_000)
    recall: float | None = Field(default=None, ge=0.5, le=0.999)

    def distance(self) -> str:
        """Raises ValueError for a metric that Vectron does not have."""
        metric = self.metric_type or MetricType.COSINE
        if metric not in DISTANCES:
            raise ValueError(
                f"Vectron has the metrics {', '.join(one.name for one in DISTANCES)}, and not {metric.name}"
            )
        return DISTANCES[metric]

    def index_param(self) -> dict:
        return {"distance": self.distance(), "hnsw_m": self.m, "hnsw_ef_construction": self.ef_construction}

    def search_param(self) -> dict:
        return {name: value for name, value in (("ef", self.ef), ("recall", self.recall)) if value is not None}
