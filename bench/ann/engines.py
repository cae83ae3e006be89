"""The engines under test: Vectron in processes of its own, the peers in this one. All search on one thread.

An engine has a `name`, builds from a dataset, and `search(ef)` gives the ids and the CPU seconds (user and system,
of the whole process that searches) that all queries together took.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import time

import faiss
import hnswlib
import numpy as np
from usearch.index import Index

faiss.omp_set_num_threads(1)
ROOT = pathlib.Path(__file__).parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", pathlib.Path.home() / ".cache" / "vectron" / "target"))
K = 10


class Engine:
    """`build` returns CPU seconds and, where the engine says it, the bytes of index and vectors."""

    kind = "peer"
    efs = (10, 14, 20, 28, 40, 56, 80, 112, 160, 240, 360, 540)

    def build(self, data):
        self.data = data
        started = time.process_time()
        self._build(data)
        return {"cpu": time.process_time() - started}

    def search(self, ef):
        started = time.process_time()
        ids = self._search(ef)
        return ids, time.process_time() - started

    def close(self):
        pass


class Hnswlib(Engine):
    def __init__(self, m=16):
        self.m, self.name = m, f"hnswlib f32 M={m}"

    def _build(self, data):
        self.index = hnswlib.Index("ip", data.points.shape[1])
        self.index.init_index(len(data.points), M=self.m, ef_construction=200)
        self.index.add_items(data.points, num_threads=1)

    def _search(self, ef):
        self.index.set_ef(ef)
        return self.index.knn_query(self.data.queries, K, num_threads=1)[0]


class Faiss(Engine):
    """`storage`: flat, sq8 (trained, rescored with the float vectors, four candidates a result) or int8 (the codes
    themselves, not rescored)."""

    def __init__(self, storage, m=16):
        self.storage, self.m, self.name = storage, m, f"faiss {storage} M={m}"

    def _build(self, data):
        dim = data.points.shape[1]
        ip = faiss.METRIC_INNER_PRODUCT
        points = data.points
        if self.storage == "flat":
            index = faiss.IndexHNSWFlat(dim, self.m, ip)
        else:
            signed = self.storage == "int8"
            kind = faiss.ScalarQuantizer.QT_8bit_direct_signed if signed else faiss.ScalarQuantizer.QT_8bit
            index = faiss.IndexHNSWSQ(dim, kind, self.m, ip)
            if signed:
                self.scale = 127 / np.abs(points).max()
                points = np.rint(points * self.scale)
        self.hnsw = index.hnsw
        self.hnsw.efConstruction = 200
        if not index.is_trained:
            index.train(points)
        index.add(points)
        if self.storage == "sq8":
            self.base = index
            flat = faiss.IndexFlat(dim, ip)
            flat.add(points)
            index = faiss.IndexRefine(index, flat)
            index.k_factor = 4
            self.flat = flat
        self.index = index

    def _search(self, ef):
        self.hnsw.efSearch = ef
        queries = self.data.queries
        if self.storage == "int8":
            queries = np.rint(queries * (127 / np.abs(queries).max()))
        return self.index.search(queries, K)[1]


class Usearch(Engine):
    def __init__(self, dtype, m=16):
        self.dtype, self.m, self.name = dtype, m, f"usearch {dtype} M={m}"

    def _build(self, data):
        dim = data.points.shape[1]
        self.index = Index(
            ndim=dim, metric="cos", dtype=self.dtype, connectivity=self.m, expansion_add=200, expansion_search=64
        )
        self.index.add(np.arange(len(data.points)), data.points, threads=1)

    def _search(self, ef):
        self.index.expansion_search = ef
        return self.index.search(self.data.queries, K, threads=1).keys


class Vectron(Engine):
    """The shard of the Rust core, without or through Node (queries in calls of `batch`)."""

    kind = "vectron"

    def __init__(self, quantization="int8", through="rust", batch=250, threads=1, isa=None, vectors="memory"):
        self.quantization, self.through, self.batch, self.threads = quantization, through, batch, threads
        self.isa, self.vectors = isa, vectors
        place = "" if vectors == "memory" else f" vectors={vectors}"
        self.name = f"vectron {quantization} {through}{place}" + (f" {isa}" if isa else "")

    def build(self, data):
        self.dim = data.points.shape[1]
        self.files = tempfile.TemporaryDirectory()
        self.points, self.queries = (os.path.join(self.files.name, name) for name in ("points", "queries"))
        data.points.tofile(self.points)
        data.queries.tofile(self.queries)
        if self.through == "rust":
            command = [str(TARGET / "release" / "examples" / "ann")]
        else:
            command = ["node", str(ROOT / "bench" / "ann" / "node-runner.mjs")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        settings = {"m": 16, "ef_construction": 200, "quantization": self.quantization, "vectors": self.vectors}
        if self.isa:
            settings["isa"] = self.isa
        return self.ask(cmd="build", points=self.points, dim=self.dim, metric="cosine", **settings)

    def ask(self, **command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} stopped: run `npm run setup` and `cargo build --release --examples`")
        return json.loads(line)

    def search(self, ef, ids=True, threads=None):
        answer = self.ask(
            cmd="search",
            queries=self.queries,
            dim=self.dim,
            k=K,
            ef=ef,
            batch=self.batch,
            threads=threads or self.threads,
            ids=ids,
        )
        return answer.get("ids"), answer["cpu"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.files.cleanup()
