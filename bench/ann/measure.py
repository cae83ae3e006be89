"""Measuring engines side by side: queries per CPU-second against recall."""

import statistics
import sys
import time

import numpy as np

from engines.apart import Apart, LeftOut


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def build(data, ours, peers):
    """Builds every engine, one after the other. Returns those that take part, each with what its build took, and
    why the others do not."""
    built, left_out = [], []
    for engine in [*ours, *map(Apart, peers)]:
        say(f"{data.name}: building {engine.name}")
        try:
            built.append((engine, engine.build(data)))
        except LeftOut as reason:
            say(str(reason))
            left_out.append(str(reason))
            engine.close()
    return built, left_out


def rounds(data, engines, k, repeats):
    """Asks every engine with each of its settings, in turn within each round, so that a noisy moment of the machine
    hits all of them. Returns a curve for each engine by name: points with `setting`, `recall`, `qps` (queries per
    CPU-second, the median over rounds), and what else the engine says. An engine that fails has no curve; the second
    result says why."""
    settings = {engine.name: engine.settings(k) for engine in engines}
    answers = {engine.name: [[] for _ in settings[engine.name]] for engine in engines}
    recalls, left_out = {}, {}
    for turn in range(repeats):
        say(f"{data.name}, k {k}: round {turn + 1} of {repeats}")
        # Nobody always comes after the same rival.
        order = engines[turn % len(engines) :] + engines[: turn % len(engines)]
        for place in range(max(map(len, settings.values()))):
            for engine in order:
                name = engine.name
                if name in left_out or place >= len(settings[name]):
                    continue
                try:
                    answer = engine.search(k, settings[name][place], ids=turn == 0)
                except LeftOut as reason:
                    say(str(reason))
                    left_out[name] = str(reason)
                    continue
                if turn == 0:
                    recalls[name, place] = data.recall(answer.pop("ids"), k)
                answers[name][place].append(answer)
    curves = {
        name: [
            point(settings[name][place], recalls[name, place], len(data.queries), its)
            for place, its in enumerate(places)
        ]
        for name, places in answers.items()
        if name not in left_out
    }
    return curves, list(left_out.values())


def point(setting, recall, queries, answers):
    cpu = statistics.median(answer["cpu"] for answer in answers)
    more = {key: value for key, value in answers[0].items() if key not in ("cpu", "wall")}
    return {"setting": setting, "recall": recall, "qps": queries / cpu} | more


def frontier(points):
    """The points that no other beats in both, from fast to exact."""
    best = []
    for candidate in sorted(points, key=lambda p: (-p["qps"], -p["recall"])):
        if not best or candidate["recall"] > best[-1]["recall"]:
            best.append(candidate)
    return best


def at_recall(points, level):
    """Queries per CPU-second at a recall, between the two points of the frontier around it (log-linear); those of its
    first point where that is beyond the level already; None when the level is not reached."""
    low = None
    for high in frontier(points):
        if high["recall"] >= level:
            if low is None:
                return high["qps"]
            share = (level - low["recall"]) / (high["recall"] - low["recall"])
            return float(np.exp(np.log(low["qps"]) * (1 - share) + np.log(high["qps"]) * share))
        low = high
    return None
