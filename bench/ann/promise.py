"""Recall as it is asked for: what Vectron reaches and what it says when a search names a recall."""

import numpy as np

TARGETS = (0.9, 0.95, 0.98, 0.99, 0.995)


def kept(data, engine, k):
    """Measures recall with every other query, asks the rest by recall, and returns for each target what was `reached`,
    what was `said` (the mean of the estimates; None where nothing was), how many answers said that it was `unmet`, and
    `qps`."""
    asked = data.asking(np.ascontiguousarray(data.queries[1::2]))
    engine.ask(cmd="measure", queries=engine.file("measured", data.queries[::2]), k=k)
    file = engine.file("asked", asked.queries)
    lines = []
    for target in TARGETS:
        answer = engine.search(k, {"recall": target}, queries=file)
        reached = asked.recall(answer["ids"], k)
        line = {"asked": target, "reached": reached, "said": answer.get("said"), "unmet": answer.get("unmet", 0)}
        lines.append(line | {"queries": len(asked.queries), "qps": len(asked.queries) / answer["cpu"]})
    return lines
