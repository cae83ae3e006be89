"""glass (zilliztech/pyglass, built from source for this processor): HNSW over codes of four or eight bits."""

from engines.engine import Engine


class Glass(Engine):
    """`codes`: SQ4U or SQ8U, with one scale for the whole set. How far ahead it prefetches is found by trying; half as
    many candidates again as results are rescored with floats of 16 bits."""

    changes, why = "static", "the searcher takes over a finished graph and a copy of the points"
    metrics = ("cosine", "euclidean")

    def __init__(self, codes="SQ8U", degree=32):
        self.codes, self.degree, self.name = codes, degree, f"glass {codes} R={degree}"

    def settings(self, k):
        return [max(ef, k * 3 // 2) for ef in super().settings(k)]

    def _build(self, data):
        import glass

        glass.set_num_threads(1)
        metric = "L2" if data.metric == "euclidean" else "IP"
        graph = glass.Index("HNSW", metric=metric, quant="SQ8U", R=self.degree, L=200).build(data.points)
        self.searcher = glass.Searcher(
            graph=graph, data=data.points, metric=metric, quantizer=self.codes, refine_quant="FP16"
        )
        self.searcher.optimize(1)

    def _search(self, k, ef):
        self.searcher.set_ef(ef)
        return self.searcher.batch_search(self.data.queries, k, 1)[0]
