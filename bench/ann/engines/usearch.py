"""usearch: HNSW over float32, bfloat16 or int8."""

import numpy as np

from engines.engine import Engine


class Usearch(Engine):
    changes, why = "online", "points are added, removed and replaced"
    names = {"cosine": "cos", "dot": "ip", "euclidean": "l2sq"}

    def __init__(self, dtype, m=16):
        self.dtype, self.m, self.name = dtype, m, f"usearch {dtype} M={m}"
        if dtype == "i8":
            # It takes int8 for vectors of unit length only.
            self.metrics = ("cosine",)

    def _build(self, data):
        from usearch.index import Index

        count, dim = data.points.shape
        metric = self.names[data.metric]
        self.index = Index(
            ndim=dim, metric=metric, dtype=self.dtype, connectivity=self.m, expansion_add=200, expansion_search=64
        )
        self.index.add(np.arange(count), data.points, threads=1)

    def _search(self, k, ef):
        self.index.expansion_search = ef
        return self.index.search(self.data.queries, k, threads=1).keys.astype(np.int64)
