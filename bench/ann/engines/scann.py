"""ScaNN (PyPI: scann): inverted lists with a second assignment (SOAR), anisotropic codes of four bits, rescoring."""

from engines.engine import Engine


class Scann(Engine):
    """A setting is the share of the lists that is read, and the candidates rescored for each result."""

    changes, why = "online", "upsert, delete and rebalance, against the codebook of the build"

    def __init__(self, block=2):
        self.block, self.name = block, f"scann block={block}"

    def settings(self, k):
        rescored = (4, 12, 40) if k <= 10 else (2, 4, 10)
        return [(share, more) for share in (0.006, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5) for more in rescored]

    def _build(self, data):
        import scann

        metric = "squared_l2" if data.metric == "euclidean" else "dot_product"
        self.lists = int(2 * len(data.points) ** 0.5)
        builder = scann.scann_ops_pybind.builder(data.points, 10, metric).set_n_training_threads(1)
        # The second assignment is made for inner products.
        soar = {} if metric == "squared_l2" else {"soar_lambda": 1.5, "overretrieve_factor": 2.0}
        builder = builder.tree(
            num_leaves=self.lists, num_leaves_to_search=10, training_sample_size=len(data.points), **soar
        )
        self.index = builder.score_ah(self.block, anisotropic_quantization_threshold=0.2).reorder(100).build()

    def _search(self, k, setting):
        share, rescored = setting
        return self.index.search_batched(
            self.data.queries,
            final_num_neighbors=k,
            pre_reorder_num_neighbors=k * rescored,
            leaves_to_search=max(1, round(share * self.lists)),
        )[0]
