"""Vectron against hnswlib, faiss and usearch: queries per CPU-second at equal recall@10, build time, memory.

All engines answer the same queries one after the other within each round, so that a noisy moment of the machine hits
all of them; figures are medians over rounds, and what is judged are ratios. See README.md beside this file.
"""

import argparse
import datetime
import json
import pathlib
import platform
import statistics
import sys
import time

import numpy as np

import data
from engines import Faiss, Hnswlib, Usearch, Vectron

LEVELS = (0.95, 0.98, 0.99)
RESULTS = pathlib.Path(__file__).parents[1] / "results"
# Ratios that fail the run when they are missed.
FLOORS = {"best_peer": 1.2, "float_vs_faiss": 1.0, "node": 0.9, "after_deletes": 0.9}
CEILINGS = {"build_vs_hnswlib": 0.65, "sample_index_mb": 15.0}


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def peers(quick, rows):
    if quick and rows > 50_000:
        return [Hnswlib(16), Faiss("flat"), Faiss("int8"), Usearch("bf16")]
    few = [Hnswlib(16), Faiss("flat"), Faiss("sq8"), Faiss("int8"), Usearch("f32"), Usearch("bf16"), Usearch("i8")]
    return few if quick else [*few, Hnswlib(32), Faiss("flat", 32), Faiss("int8", 32)]


def curve(engine, truth, rounds_of_cpu, ids_by_ef):
    """Points (ef, recall, queries per CPU-second), by ef."""
    points = []
    for ef, ids in ids_by_ef.items():
        cpu = statistics.median(rounds_of_cpu[ef])
        points.append({"ef": ef, "recall": data.recall(ids, truth), "qps": len(truth) / cpu})
    return points


def at_recall(points, level):
    """Queries per CPU-second at a recall, between the two measured points around it (log-linear); the most of all
    points where even the smallest ef is beyond it; None when it is not reached."""
    reached = [p["qps"] for p in points if p["recall"] >= level]
    if not reached:
        return None
    best = max(reached)
    ordered = sorted(points, key=lambda p: p["ef"])
    for low, high in zip(ordered, ordered[1:]):
        if low["recall"] < level <= high["recall"]:
            share = (level - low["recall"]) / (high["recall"] - low["recall"])
            between = np.exp(np.log(low["qps"]) * (1 - share) + np.log(high["qps"]) * share)
            best = max(best, float(between))
    return best


def compare(dataset, engines, repeats):
    report = {}
    for engine in engines:
        say(f"{dataset.name}: building {engine.name}")
        report[engine.name] = {"kind": engine.kind, "build": engine.build(dataset)}
    ids = {engine.name: {} for engine in engines}
    cpu = {engine.name: {} for engine in engines}
    for turn in range(repeats):
        say(f"{dataset.name}: round {turn + 1} of {repeats}")
        for place in range(max(len(engine.efs) for engine in engines)):
            for engine in engines:
                if place >= len(engine.efs):
                    continue
                ef = engine.efs[place]
                found, seconds = engine.search(ef)
                ids[engine.name][ef] = found
                cpu[engine.name].setdefault(ef, []).append(seconds)
    for engine in engines:
        entry = report[engine.name]
        entry["curve"] = curve(engine, dataset.truth, cpu[engine.name], ids[engine.name])
        entry["at"] = {str(level): at_recall(entry["curve"], level) for level in LEVELS}
    return report


def ratio(over, under):
    return None if not over or not under else over / under


def judge(report):
    """Ratios of the report of one dataset."""
    ours, flat, node = (report.get(f"vectron {name}") for name in ("int8 rust", "none rust", "int8 node"))
    rivals = {name: entry for name, entry in report.items() if entry["kind"] == "peer"}
    ratios = {}
    for level in map(str, LEVELS):
        best = max(((entry["at"][level] or 0, name) for name, entry in rivals.items()), default=(0, ""))
        faiss = max((entry["at"][level] or 0 for name, entry in rivals.items() if name.startswith("faiss flat")), default=0)
        ratios[level] = {
            "best_peer": ratio(ours["at"][level], best[0]),
            "best_peer_name": best[1],
            "float_vs_faiss": ratio(flat and flat["at"][level], faiss),
            "node": ratio(node and node["at"][level], ours["at"][level]),
        }
    return {
        "levels": ratios,
        "build_vs_hnswlib": ratio(ours["build"]["cpu"], rivals["hnswlib f32 M=16"]["build"]["cpu"]),
        "index_mb": ours["build"]["index_bytes"] / 1e6,
    }


def deletes(dataset, repeats):
    """The same searches before and after a fifth of the points is deleted, on two shards in turn."""
    clean, churned = Vectron(), Vectron()
    clean.build(dataset)
    churned.build(dataset)
    cost = churned.ask(cmd="delete", every=5)
    left = np.arange(len(dataset.points)) % 5 != 0
    scores = dataset.queries @ dataset.points.T
    scores[:, ~left] = -np.inf
    truth = np.argsort(-scores, axis=1)[:, :10]
    seconds = {"clean": [], "deleted": []}
    recalls = {}
    for _ in range(repeats):
        for name, engine, want in (("clean", clean, dataset.truth), ("deleted", churned, truth)):
            ids, cpu = engine.search(100)
            seconds[name].append(cpu)
            recalls[name] = data.recall(ids, want)
    clean.close()
    churned.close()
    return {
        "cpu_per_delete_us": cost["cpu"] / cost["deleted"] * 1e6,
        "recall": recalls,
        "after_deletes": statistics.median(seconds["clean"]) / statistics.median(seconds["deleted"]),
    }


def extras(dataset, repeats):
    """Two threads, restart, and where the vectors live: on the sample, ef 100."""
    result = {"threads": {}, "residence": {}}
    engine = Vectron()
    engine.build(dataset)
    for threads in (1, 2):
        walls = []
        for _ in range(repeats):
            answer = engine.ask(cmd="search", queries=engine.queries, dim=engine.dim, k=10, ef=100, threads=threads)
            walls.append(answer["wall"])
        result["threads"][threads] = len(dataset.queries) / statistics.median(walls)
    result["reopen"] = engine.ask(cmd="reopen", queries=engine.queries)
    engine.close()
    for vectors in ("memory", "mmap", "disk"):
        engine = Vectron(vectors=vectors)
        built = engine.build(dataset)
        cpu = [engine.search(100, ids=False)[1] for _ in range(repeats)]
        per_query = statistics.median(cpu) / len(dataset.queries) * 1e6
        result["residence"][vectors] = {"cpu_us": per_query, "memory_mb": built["memory_bytes"] / 1e6}
        engine.close()
    return result


def misses(name, ratios):
    found = []
    for level, values in ratios["levels"].items():
        for key in ("best_peer", "float_vs_faiss", "node"):
            value = values[key]
            if value is not None and value < FLOORS[key]:
                found.append(f"{name}, recall {level}: {key} is {value:.2f}, the floor {FLOORS[key]}")
        if values["best_peer"] is None:
            found.append(f"{name}: recall {level} was not reached by Vectron or by any peer")
    value = ratios["build_vs_hnswlib"]
    if value > CEILINGS["build_vs_hnswlib"]:
        found.append(f"{name}: the build takes {value:.2f} of hnswlib's, at most {CEILINGS['build_vs_hnswlib']}")
    return found


def table(name, report):
    print(f"\n{name}\n{'':34}{'build':>9}" + "".join(f"{f'@{level}':>10}" for level in LEVELS))
    order = sorted(report, key=lambda n: -(report[n]["at"]["0.98"] or 0))
    for engine in order:
        entry = report[engine]
        cells = [f"{entry['at'][str(level)]:>10,.0f}" if entry["at"][str(level)] else f"{'-':>10}" for level in LEVELS]
        print(f"{engine:34}{entry['build']['cpu']:>8.1f}s" + "".join(cells))


def plot(reports, path):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(reports), figsize=(6.5 * len(reports), 5), squeeze=False)
    for axis, (name, report) in zip(axes[0], reports.items()):
        for engine, entry in report.items():
            points = sorted(entry["curve"], key=lambda p: p["recall"])
            ours = entry["kind"] == "vectron"
            axis.plot(
                [p["recall"] for p in points],
                [p["qps"] for p in points],
                label=engine,
                marker="o" if ours else ".",
                linewidth=2.2 if ours else 1,
                linestyle="-" if ours else "--",
            )
        axis.set(xlim=(0.85, 1.0), yscale="log", xlabel="recall@10", ylabel="queries per CPU-second", title=name)
        axis.grid(alpha=0.3, which="both")
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the sample and one synthetic set, fewer rounds and peers")
    parser.add_argument("--repeats", type=int, help="rounds (default 5)")
    parser.add_argument("--isa", help="instruction set for Vectron, such as avx2+fma (default: the best)")
    parser.add_argument("--sets", help="only these, such as 100000x128,1000000x128; 'sample' is the sample")
    options = parser.parse_args()
    repeats = options.repeats or 5
    sets = "sample,100000x128" if options.quick else "sample,100000x128,100000x768,100000x1536"
    reports, ratios, missed = {}, {}, []
    for name in (options.sets or sets).split(","):
        dataset = data.sample() if name == "sample" else data.synthetic(*map(int, name.split("x")))
        ours = [Vectron(isa=options.isa), Vectron("none", isa=options.isa)]
        if not options.isa:
            ours.append(Vectron(through="node"))
        engines = ours + peers(options.quick, len(dataset.points))
        if options.isa:
            for engine in ours:
                engine.name = engine.name.removesuffix(f" {options.isa}")
        report = compare(dataset, engines, repeats)
        for engine in engines:
            engine.close()
        table(dataset.name, report)
        reports[dataset.name] = report
        ratios[dataset.name] = judge(report)
        missed += misses(dataset.name, ratios[dataset.name])
        if name == "sample":
            churn = deletes(dataset, repeats)
            more = extras(dataset, repeats)
            ratios[dataset.name].update(churn)
            ratios[dataset.name]["extras"] = more
            at_128 = next(p for p in report["vectron int8 rust"]["curve"] if p["ef"] == 112)
            if churn["after_deletes"] < FLOORS["after_deletes"]:
                missed.append(f"after deletes: {churn['after_deletes']:.2f}, the floor {FLOORS['after_deletes']}")
            if churn["recall"]["deleted"] < churn["recall"]["clean"] - 0.005:
                missed.append(f"recall fell after deletes: {churn['recall']}")
            if ratios[dataset.name]["index_mb"] > CEILINGS["sample_index_mb"]:
                missed.append(f"the index of the sample takes {ratios[dataset.name]['index_mb']:.1f} MB")
            say(f"ef 112: recall {at_128['recall']:.4f}; deletes {churn}; {more}")
    stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H-%M-%SZ")
    RESULTS.mkdir(exist_ok=True)
    base = RESULTS / f"ann-{stamp}"
    plot(reports, base.with_suffix(".svg"))
    summary = {"ratios": ratios, "floors": FLOORS | CEILINGS, "missed": missed}
    machine = {"python": platform.python_version(), "machine": platform.machine(), "isa": options.isa or "best"}
    base.with_suffix(".json").write_text(json.dumps({"machine": machine, **summary, "reports": reports}, indent=1))
    say(f"wrote {base}.json and .svg")
    for miss in missed:
        say(f"MISSED: {miss}")
    print(json.dumps(summary))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
