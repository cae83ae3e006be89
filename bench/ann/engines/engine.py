"""What every engine of the benchmark offers. All build and search on one thread."""

import time


class Engine:
    """One index over one data set. Each engine has a `name` and says of itself:

    `kind`: vectron or peer. `changes`: online when it takes points after the build without building again, else static;
    `why` says what it can do. `metrics`: those it is asked with.

    A subclass gives `_build(data)` and `_search(k, setting)`, which returns for each query the rows it found. It
    imports its library in them, so that an engine can be named where its library is missing.
    """

    kind = "peer"
    changes = "static"
    why = ""
    metrics = ("cosine", "dot", "euclidean")

    def settings(self, k):
        """What the engine is asked with, from fast to exact: here the sizes of the candidate list."""
        return [ef + k - 10 for ef in (10, 14, 20, 28, 40, 56, 80, 112, 160, 240, 360, 540)]

    def build(self, data):
        """Returns the CPU seconds (user and system, of the whole process) as `cpu`, and where the engine says it, the
        bytes of its graph and codes as `index_bytes`."""
        self.data = data
        started = time.process_time()
        self._build(data)
        return {"cpu": time.process_time() - started}

    def search(self, k, setting, ids=True):
        """Answers all queries of the data set. Returns what was measured: `cpu`, the CPU seconds of the process that
        searches, and with `ids` the rows found."""
        started = time.process_time()
        found = self._search(k, setting)
        cpu = time.process_time() - started
        return {"cpu": cpu, "ids": found} if ids else {"cpu": cpu}

    def close(self):
        """Ends what the engine has started."""
