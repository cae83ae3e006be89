"""An engine in a process of its own.

A library that is missing, or that the processor cannot run, costs one rival and not the run; libraries that bring
OpenMP runtimes of their own do not meet; and memory is told apart.
"""

import multiprocessing
import os
import pathlib
import tempfile

import numpy as np

from data import Dataset


class LeftOut(Exception):
    """The engine takes no part; the message says why."""


class Apart:
    """The calls of `Engine`, made in another process. `build` and `search` raise `LeftOut` when that process fails."""

    def __init__(self, engine):
        self.engine = engine
        self.name, self.kind, self.changes, self.why = engine.name, engine.kind, engine.changes, engine.why
        self.settings = engine.settings
        self.process = None

    def build(self, data):
        if data.metric not in self.engine.metrics:
            raise LeftOut(f"{self.name} is left out: it is not asked by {data.metric}")
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(self.engine, theirs), daemon=True)
        self.process.start()
        theirs.close()
        with tempfile.TemporaryDirectory() as folder:
            for part in ("points", "queries"):
                np.save(pathlib.Path(folder, f"{part}.npy"), getattr(data, part))
            return self._ask("build", (folder, data.name, data.metric))

    def search(self, k, setting, ids=True):
        return self._ask("search", (k, setting, ids))

    def close(self):
        if self.process is None:
            return
        self.pipe.close()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()

    def _ask(self, call, values):
        try:
            self.pipe.send((call, values))
            failure, result = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(10)
            raise LeftOut(f"{self.name} is left out: its process ended with {self.process.exitcode}") from None
        if failure is not None:
            raise LeftOut(f"{self.name} is left out: {failure}")
        return result


def serve(engine, pipe):
    """The other process: answers calls until the pipe closes."""
    # The standard output belongs to the tables; glass prints there.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    calls = {"build": lambda *values: build(engine, *values), "search": engine.search}
    while True:
        try:
            call, values = pipe.recv()
        except EOFError:
            return
        try:
            answer = (None, calls[call](*values))
        # Whatever a library raises is a reason to leave it out, and is said.
        except Exception as error:
            answer = (f"{type(error).__name__}: {error}", None)
        pipe.send(answer)


def build(engine, folder, name, metric):
    points, queries = (np.load(pathlib.Path(folder, f"{part}.npy")) for part in ("points", "queries"))
    before = resident()
    data = Dataset(name, metric, points, queries)
    built = engine.build(data) | {"resident_bytes": resident() - before}
    # The peers keep copies of their own.
    data.points = None
    return built


def resident():
    """Bytes of this process in memory; 0 where the system does not say it."""
    try:
        pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    except FileNotFoundError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
