"""faiss: HNSW over float32 or codes of eight bits, and inverted lists of product codes."""

import numpy as np

from engines.engine import Engine


class Faiss(Engine):
    """HNSW. `storage`: flat (float32), sq8 (trained codes, rescored with the float vectors, four candidates a result)
    or int8 (vectors rounded to 127 steps, not rescored)."""

    changes, why = "online", "points are added; a deletion is a filter over ids"

    def __init__(self, storage, m=16):
        self.storage, self.m, self.name = storage, m, f"faiss {storage} M={m}"
        if storage == "int8":
            # Vectors that are off centre or of unlike lengths have no steps in common.
            self.metrics = ("cosine",)

    def _build(self, data):
        import faiss

        faiss.omp_set_num_threads(1)
        dim = data.points.shape[1]
        metric = faiss.METRIC_L2 if data.metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
        points = data.points
        if self.storage == "flat":
            index = faiss.IndexHNSWFlat(dim, self.m, metric)
        else:
            signed = self.storage == "int8"
            kind = faiss.ScalarQuantizer.QT_8bit_direct_signed if signed else faiss.ScalarQuantizer.QT_8bit
            index = faiss.IndexHNSWSQ(dim, kind, self.m, metric)
            if signed:
                points = steps(points)
        self.hnsw = index.hnsw
        self.hnsw.efConstruction = 200
        if not index.is_trained:
            index.train(points)
        index.add(points)
        if self.storage == "sq8":
            # The refining index refers to both without keeping them.
            self.base, self.floats = index, faiss.IndexFlat(dim, metric)
            self.floats.add(points)
            index = faiss.IndexRefine(index, self.floats)
            index.k_factor = 4
        self.index = index

    def _search(self, k, ef):
        self.hnsw.efSearch = ef
        queries = self.data.queries
        if self.storage == "int8":
            queries = steps(queries)
        return self.index.search(queries, k)[1]


class FastScan(Engine):
    """Inverted lists of product codes of four bits, compared 32 at a time in registers, rescored with the floats. A
    setting is the lists that are read, and the candidates rescored for each result."""

    changes, why = "online", "points are added and removed, against the centroids of the build"

    def __init__(self):
        self.name = "faiss ivf pq fastscan"

    def settings(self, k):
        return [(lists, rescored) for lists in (1, 2, 4, 8, 16, 32, 64) for rescored in (8, 20)]

    def _build(self, data):
        import faiss

        faiss.omp_set_num_threads(1)
        count, dim = data.points.shape
        lists = int(2 * count**0.5)
        metric = faiss.METRIC_L2 if data.metric == "euclidean" else faiss.METRIC_INNER_PRODUCT
        self.index = faiss.index_factory(dim, f"IVF{lists},PQ{dim // 2}x4fs,RFlat", metric)
        self.index.train(data.points)
        self.index.add(data.points)
        self.lists = faiss.downcast_index(self.index.base_index)

    def _search(self, k, setting):
        self.lists.nprobe, self.index.k_factor = setting
        return self.index.search(self.data.queries, k)[1]


def steps(rows):
    """The rows in whole numbers from -127 to 127, with one scale for all."""
    return np.rint(rows * (127 / np.abs(rows).max()))
