"""Intel's Scalable Vector Search (PyPI: scalable-vs): Vamana over LVQ or LeanVec codes, static or dynamic."""

import pathlib
import tempfile

from engines.engine import Engine


class Svs(Engine):
    """`codes`: `lvq4x8` (the walk compares four bits, eight more rescore), `lvq8x0` (eight bits, no more), or `lean192`
    (LeanVec: the walk compares the vectors projected to 192 dimensions). `dynamic`: the index in the form that takes
    points and gives them up."""

    def __init__(self, codes="lvq4x8", dynamic=False, degree=32):
        self.codes, self.dynamic, self.degree = codes, dynamic, degree
        self.name = f"svs {codes}{' dynamic' if dynamic else ''} R={degree}"
        self.changes = "online" if dynamic else "static"
        self.why = (
            "points are added and deleted, with the codes' mean or projection of the build"
            if dynamic
            else "Vamana as it is built; DynamicVamana is the form that changes"
        )

    def _build(self, data):
        import svs

        metric = svs.DistanceType.MIP if data.metric == "dot" else svs.DistanceType.L2
        settings = svs.VamanaBuildParameters(
            alpha=0.95 if data.metric == "dot" else 1.2,
            graph_max_degree=self.degree,
            window_size=200,
            max_candidate_pool_size=400,
        )
        with tempfile.TemporaryDirectory() as folder:
            file = str(pathlib.Path(folder, "points.fvecs"))
            svs.common.write_vecs(data.points, file)
            loader = self._loader(svs.VectorDataLoader(file, svs.DataType.float32, dims=data.points.shape[1]))
            self.index = svs.Vamana.build(settings, loader, metric, num_threads=1)
            if self.dynamic:
                # Python has no other way to a dynamic index over codes.
                parts = [str(pathlib.Path(folder, part)) for part in ("config", "graph", "codes")]
                self.index.save(*parts)
                config, graph, codes = parts
                self.index = svs.DynamicVamana(
                    config,
                    svs.GraphLoader(graph),
                    loader.reload_from(codes),
                    metric,
                    num_threads=1,
                    debug_load_from_static=True,
                )

    def _loader(self, source):
        import svs

        if self.codes.startswith("lean"):
            kind = svs.LeanVecKind.lvq8
            return svs.LeanVecLoader(source, int(self.codes[4:]), primary_kind=kind, secondary_kind=kind)
        walked, more = (int(bits) for bits in self.codes[3:].split("x"))
        # The wheel has the turbo layout for four bits, and for a dynamic index of eight bits only the other one.
        strategy = svs.LVQStrategy.Turbo if walked == 4 else svs.LVQStrategy.Sequential
        return svs.LVQLoader(source, primary=walked, residual=more, strategy=strategy, padding=32)

    def _search(self, k, window):
        self.index.search_window_size = window
        return self.index.search(self.data.queries, k)[0]
