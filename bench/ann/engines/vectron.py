"""Vectron's shard, without or through Node. It runs in a process of its own that takes commands by line."""

import json
import os
import pathlib
import subprocess
import tempfile

from engines.engine import Engine

ROOT = pathlib.Path(__file__).parents[3]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", pathlib.Path.home() / ".cache" / "vectron" / "target"))
RUNNER = pathlib.Path(os.environ.get("VECTRON_ANN_RUNNER", TARGET / "release" / "examples" / "ann"))
# The distance-adaptive stop: how much further than the k-th best a walk goes on. It keeps as many nodes at most as the
# shard's own level of that slack.
SLACKS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.075, 0.09, 0.11, 0.14, 0.18, 0.25, 0.4, 0.6)
# Asked with and without Node, to compare the two at the same work.
EFS = (64, 128, 256)


class Vectron(Engine):
    """The shard as the product runs it (ids, exact tail, visibility, rescoring). `through`: rust or node (queries in
    calls of `batch`). `quantization`, `vectors`: of the collection. `isa`: an instruction set instead of the best.

    A setting is what a search is asked with: `{"slack": ...}`, `{"ef": ...}` or `{"recall": ...}`.
    """

    kind = "vectron"
    changes, why = "online", "points are written, replaced and deleted while searches go on"

    def __init__(self, quantization="int8", through="rust", batch=250, threads=1, isa=None, vectors="memory"):
        self.quantization, self.through, self.batch, self.threads = quantization, through, batch, threads
        self.isa, self.vectors = isa, vectors
        place = "" if vectors == "memory" else f" vectors={vectors}"
        self.name = f"vectron {quantization} {through}{place}"

    def settings(self, k):
        efs = [{"ef": max(ef, k)} for ef in EFS]
        return efs if self.through == "node" else [{"slack": slack} for slack in SLACKS] + efs

    def build(self, data):
        self.dim = data.points.shape[1]
        self.files = tempfile.TemporaryDirectory()
        self.points = self.file("points", data.points)
        self.queries = self.file("queries", data.queries)
        command = [RUNNER] if self.through == "rust" else ["node", ROOT / "bench" / "ann" / "node-runner.mjs"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        settings = {"m": 16, "ef_construction": 200, "quantization": self.quantization, "vectors": self.vectors}
        if self.isa:
            settings["isa"] = self.isa
        return self.ask(cmd="build", points=self.points, metric=data.metric, **settings)

    def search(self, k, setting, ids=True, queries=None, threads=None):
        """Returns what the runner says of the search; `queries`: a file of others than those of the data set."""
        return self.ask(
            cmd="search",
            queries=queries or self.queries,
            k=k,
            batch=self.batch,
            threads=threads or self.threads,
            ids=ids,
            **setting,
        )

    def file(self, name, rows):
        """A file of vectors for the runner."""
        path = os.path.join(self.files.name, name)
        rows.tofile(path)
        return path

    def ask(self, **command):
        self.process.stdin.write(json.dumps({"dim": self.dim, **command}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} stopped: run `npm run setup` and `cargo build --release --examples`")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.files.cleanup()
