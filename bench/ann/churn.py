"""Vectron alone on the sample: after deletes, on two threads, after a restart, and with the vectors elsewhere."""

import statistics

import numpy as np

from engines.vectron import Vectron

K, SETTING = 10, {"ef": 100}


def deletes(data, repeats):
    """The same searches before and after a fifth of the points is deleted, on two shards in turn."""
    clean, churned = Vectron(), Vectron()
    clean.build(data)
    churned.build(data)
    cost = churned.ask(cmd="delete", every=5)
    left = data.without(np.arange(len(data.points)) % 5 == 0)
    seconds = {"clean": [], "deleted": []}
    recalls = {}
    for _ in range(repeats):
        for name, engine, truth in (("clean", clean, data), ("deleted", churned, left)):
            answer = engine.search(K, SETTING)
            seconds[name].append(answer["cpu"])
            recalls[name] = truth.recall(answer["ids"], K)
    clean.close()
    churned.close()
    return {
        "cpu_per_delete_us": cost["cpu"] / cost["deleted"] * 1e6,
        "recall": recalls,
        "after_deletes": statistics.median(seconds["clean"]) / statistics.median(seconds["deleted"]),
    }


def extras(data, repeats):
    """Queries a second on one and two threads, the restart, and CPU and memory by where the vectors live."""
    result = {"threads": {}, "residence": {}}
    engine = Vectron()
    engine.build(data)
    for threads in (1, 2):
        walls = [engine.search(K, SETTING, ids=False, threads=threads)["wall"] for _ in range(repeats)]
        result["threads"][threads] = len(data.queries) / statistics.median(walls)
    result["reopen"] = engine.ask(cmd="reopen", queries=engine.queries)
    engine.close()
    for vectors in ("memory", "mmap", "disk"):
        engine = Vectron(vectors=vectors)
        built = engine.build(data)
        cpu = [engine.search(K, SETTING, ids=False)["cpu"] for _ in range(repeats)]
        per_query = statistics.median(cpu) / len(data.queries) * 1e6
        result["residence"][vectors] = {"cpu_us": per_query, "memory_mb": built["memory_bytes"] / 1e6}
        engine.close()
    return result
