"""The RaBitQ library (PyPI: rabitqlib): SymphonyQG, and hnswlib over RaBitQ codes."""

import numpy as np

from engines.engine import Engine


class SymphonyQg(Engine):
    """SymphonyQG (Gou et al., SIGMOD 2025): one-bit codes of a node's neighbours lie beside its links and are compared
    32 at a time; each node that is expanded is rescored with its floats on the way."""

    changes, why = "static", "the graph is built in whole; its class has no way to add a point"

    def __init__(self, degree=32):
        self.degree, self.name = degree, f"symphonyqg R={degree}"

    def settings(self, k):
        return [ef + k - 10 for ef in (10, 14, 20, 28, 40, 56, 80, 112, 160, 240, 360, 540, 800)]

    def _build(self, data):
        import rabitqlib

        metric = "ip" if data.metric == "dot" else "l2"
        self.index = rabitqlib.SymqgIndex(data.points.shape[1], self.degree, metric)
        self.index.build(data.points, 200, num_threads=1)

    def _search(self, k, ef):
        return self.index.search(self.data.queries, k, ef, num_threads=1)[0]


class RabitqHnsw(Engine):
    """HNSW over RaBitQ codes of several bits: one bit first, the others for nodes that may be near enough."""

    changes, why = "online", "points are added, and excluded from answers, against the centroids of the build"

    def __init__(self, bits=5, m=16):
        self.bits, self.m, self.name = bits, m, f"rabitq hnsw {bits} bits M={m}"

    def _build(self, data):
        import faiss
        import rabitqlib

        faiss.omp_set_num_threads(1)
        count, dim = data.points.shape
        kmeans = faiss.Kmeans(dim, 16, niter=10, seed=1)
        kmeans.train(data.points)
        nearest = kmeans.index.search(data.points, 1)[1].ravel().astype(np.uint32)
        metric = "l2" if data.metric == "euclidean" else "ip"
        self.index = rabitqlib.HnswIndex(dim, count, self.m, 200, self.bits, metric)
        self.index.build(data.points, kmeans.centroids, nearest, num_threads=1)

    def _search(self, k, ef):
        return self.index.search(self.data.queries, k, ef, num_threads=1)[0]
