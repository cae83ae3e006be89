"""hnswlib: HNSW over float32, by the authors of the paper."""

from engines.engine import Engine


class Hnswlib(Engine):
    changes, why = "online", "points are added, marked as deleted and replaced"
    spaces = {"cosine": "ip", "dot": "ip", "euclidean": "l2"}

    def __init__(self, m=16):
        self.m, self.name = m, f"hnswlib f32 M={m}"

    def _build(self, data):
        import hnswlib

        self.index = hnswlib.Index(self.spaces[data.metric], data.points.shape[1])
        self.index.init_index(len(data.points), M=self.m, ef_construction=200)
        self.index.add_items(data.points, num_threads=1)

    def _search(self, k, ef):
        self.index.set_ef(ef)
        return self.index.knn_query(self.data.queries, k, num_threads=1)[0]
