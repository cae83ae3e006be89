"""Vectron beside the engines that lead the public benchmarks: queries per CPU-second at equal recall, build, memory.

All engines answer the same queries one after the other within each round, so that a noisy moment of the machine hits
all of them; figures are medians over rounds, and what is judged are ratios. See README.md beside this file.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import sys

# Before anything is loaded that reads it, here or in the processes of the peers.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"

import catalogue  # noqa: E402
import churn  # noqa: E402
import judge  # noqa: E402
import measure  # noqa: E402
import promise  # noqa: E402
import report as reports  # noqa: E402
import sets  # noqa: E402
from engines.vectron import Vectron  # noqa: E402

RESULTS = pathlib.Path(__file__).parents[1] / "results"
# What is measured, with the values of k.
QUICK = (("sample", (10, 100)), ("100000x128", (10,)))
LONG = (
    ("sample", (10, 100)),
    ("100000x128", (10, 100)),
    ("100000x768", (10, 100)),
    ("100000x1536", (10,)),
    ("clusters-0.01-20000x384", (10, 100)),
    ("equal-0.5-20000x384", (10,)),
    ("off-centre-10-20000x384", (10,)),
    ("power-law-1-20000x384", (10,)),
    ("scales-3-20000x384", (10,)),
)


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the sample and one synthetic set, the best peers")
    parser.add_argument("--repeats", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--isa", help="instruction set for Vectron, such as avx2+fma (default: the best)")
    parser.add_argument("--sets", help="only these, such as sample,1000000x128,clusters-0.01-20000x384 (sets.py)")
    parser.add_argument("--k", help="only these numbers of results, such as 10,100 (at most 100)")
    parser.add_argument("--engines", help="only Vectron and the peers whose names start so, such as glass,svs lvq4x8")
    parser.add_argument("--no-node", action="store_true", help="without the measurement through Node")
    return parser.parse_args()


def todo(asked):
    """Data sets by name, with the values of k."""
    chosen = QUICK if asked.quick else LONG
    if asked.sets:
        known = dict(LONG)
        chosen = [(name, known.get(name, (10,))) for name in asked.sets.split(",")]
    ks = asked.k and [int(k) for k in asked.k.split(",")]
    return [(name, ks or its) for name, its in chosen]


def ours(asked):
    engines = [Vectron(isa=asked.isa), Vectron("none", isa=asked.isa)]
    # The addon takes the best instruction set.
    return engines if asked.isa or asked.no_node else [*engines, Vectron(through="node")]


def measured(data, ks, asked):
    """Yields, for each k, the report of all engines, the ratios, the floors missed, and more to print."""
    peers = catalogue.named(asked.engines.split(","), data) if asked.engines else catalogue.peers(asked.quick, data)
    built, left_out = measure.build(data, ours(asked), peers)
    engines = [engine for engine, _ in built]
    builds = {engine.name: cost for engine, cost in built}
    cost = judge.costs(data, builds)
    # Before the rounds, so that none of the queries that are asked by recall has been seen.
    promises = {k: promise.kept(data, engines[0], k) for k in ks}
    for k in ks:
        curves, failed = measure.rounds(data, engines, k, asked.repeats)
        report = {
            engine.name: {
                "kind": engine.kind,
                "changes": engine.changes,
                "why": engine.why,
                "build": builds[engine.name],
                "curve": curves[engine.name],
            }
            for engine in engines
            if engine.name in curves
        }
        found, node = judge.levels(report), judge.through_node(report)
        missed = [*judge.missed(data, k, found, node), *(judge.dear(data, cost) if k == ks[0] else ())]
        reports.table(f"{data.name}, k {k}", report, found, promises[k])
        ratios = {"levels": found, "node": node, **cost, "asked": promises[k], "left_out": left_out + failed}
        yield f"{data.name}, k {k}", report, ratios, missed
    for engine in engines:
        engine.close()


def churned(data, asked):
    """Ratios after deletes and the floors missed."""
    after = churn.deletes(data, asked.repeats)
    missed = []
    if after["after_deletes"] < judge.FLOORS["after_deletes"]:
        missed.append(f"after deletes: {after['after_deletes']:.2f}, the floor {judge.FLOORS['after_deletes']}")
    if after["recall"]["deleted"] < after["recall"]["clean"] - 0.005:
        missed.append(f"recall fell after deletes: {after['recall']}")
    more = after | {"extras": churn.extras(data, asked.repeats)}
    measure.say(f"ef 100: {more}")
    return more, missed


def main():
    asked = options()
    every, ratios, missed = {}, {}, []
    for name, ks in todo(asked):
        data = sets.named(name)
        for title, report, found, misses in measured(data, ks, asked):
            every[title], ratios[title] = report, found
            missed += misses
        if name == "sample" and not asked.engines:
            ratios["after deletes"], misses = churned(data, asked)
            missed += misses
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H-%M-%SZ")
    RESULTS.mkdir(exist_ok=True)
    base = RESULTS / f"ann-{stamp}"
    reports.plot(every, base.with_suffix(".svg"))
    floors = {"of_all": judge.OF_ALL, "of_online": judge.OF_ONLINE, **judge.FLOORS, **judge.CEILINGS}
    summary = {"ratios": ratios, "floors": floors, "missed": missed}
    machine = {"python": platform.python_version(), "machine": platform.machine(), "isa": asked.isa or "best"}
    base.with_suffix(".json").write_text(json.dumps({"machine": machine, **summary, "reports": every}, indent=1))
    measure.say(f"wrote {base}.json and .svg")
    for miss in missed:
        measure.say(f"MISSED: {miss}")
    print(json.dumps(summary))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
