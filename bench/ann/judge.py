"""What is asked of Vectron: ratios to the best rival at equal recall, and the floors they must not fall below."""

import math
import statistics

from measure import at_recall

LEVELS = (0.95, 0.98, 0.99, 0.995)
OURS, FLOAT, NODE = "vectron int8 rust", "vectron none rust", "vectron int8 node"
# Of the best engine of all, static ones too: by data set, and by recall.
SAMPLE = {0.95: 0.9, 0.98: 1.2, 0.99: 1.2, 0.995: 1.2}
OF_ALL = {
    "sample 20,000 x 384": SAMPLE,
    "synthetic 100,000 x 128": {0.98: 1.0, 0.99: 1.0, 0.995: 1.0},
    "synthetic 100,000 x 768": {0.98: 0.8, 0.99: 0.8, 0.995: 0.8},
}
# Of the best engine that can change online, on every data set and at every recall.
OF_ONLINE = 1.5
FLOORS = {"float_vs_faiss": 1.0, "node": 0.9, "after_deletes": 0.9}
CEILINGS = {"build_vs_hnswlib": 0.65, "bytes_per_point_384": 640}


def best_of(report, level, rivals):
    """The greatest queries per CPU-second of some engines at a recall, and whose they are; (0, None) when none reaches
    it."""
    reached = [(at_recall(report[name]["curve"], level) or 0, name) for name in rivals]
    return max(((qps, name) for qps, name in reached if qps), default=(0, None))


def ours_at(report, level, name=OURS):
    """Vectron's figure on the frontier of the slacks; its other settings are read apart."""
    if name not in report:
        return None
    return at_recall([point for point in report[name]["curve"] if "slack" in point["setting"]], level)


def ratio(over, under):
    return None if not over or not under else over / under


def levels(report):
    """For each recall the ratios to the best rival, with its name, and of float32 to faiss's float32. None: Vectron or
    every rival misses the recall."""
    peers = [name for name, entry in report.items() if entry["kind"] == "peer"]
    online = [name for name in peers if report[name]["changes"] == "online"]
    found = {}
    for level in LEVELS:
        ours = ours_at(report, level)
        of_all, of_online = best_of(report, level, peers), best_of(report, level, online)
        floats, _ = best_of(report, level, [name for name in peers if name.startswith("faiss flat")])
        found[level] = {
            "qps": ours,
            "of_all": ratio(ours, of_all[0]),
            "best": of_all[1],
            "of_online": ratio(ours, of_online[0]),
            "best_online": of_online[1],
            "float_vs_faiss": ratio(ours_at(report, level, FLOAT), floats),
        }
    return found


def through_node(report):
    """Queries per CPU-second through Node to those without it: the geometric mean over ef. None: not measured."""
    if NODE not in report:
        return None
    alone = {str(point["setting"]): point["qps"] for point in report[OURS]["curve"]}
    pairs = [(point["qps"], alone[str(point["setting"])]) for point in report[NODE]["curve"]]
    return math.exp(statistics.fmean(math.log(node / rust) for node, rust in pairs))


def costs(data, builds):
    """What the index costs: CPU to build beside hnswlib's, and bytes of graph and codes for each point."""
    hnswlib = builds.get("hnswlib f32 M=16")
    return {
        "build_vs_hnswlib": ratio(builds[OURS]["cpu"], hnswlib and hnswlib["cpu"]),
        "bytes_per_point": builds[OURS]["index_bytes"] / len(data.points),
    }


def missed(data, k, found, node):
    """The floors that a report of one data set and k falls below, as sentences."""
    floors = OF_ALL.get(data.name, {})
    where = f"{data.name}, k {k}"
    for level, values in found.items():
        at = f"{where}, recall {level}"
        if values["qps"] is None:
            yield f"{at}: not reached by Vectron"
            continue
        for key, floor, rival in (
            ("of_all", floors.get(level), values["best"]),
            ("of_online", OF_ONLINE, values["best_online"]),
            ("float_vs_faiss", FLOORS["float_vs_faiss"], "faiss flat"),
        ):
            if floor is not None and values[key] is not None and values[key] < floor:
                yield f"{at}: {key} is {values[key]:.2f} of {rival}, the floor {floor}"
    if node is not None and node < FLOORS["node"]:
        yield f"{where}: through Node {node:.2f} of what it is without, the floor {FLOORS['node']}"


def dear(data, cost):
    """The ceilings that the index exceeds, as sentences."""
    built, size = cost["build_vs_hnswlib"], cost["bytes_per_point"]
    if built is not None and built > CEILINGS["build_vs_hnswlib"]:
        yield f"{data.name}: the build takes {built:.2f} of hnswlib's, at most {CEILINGS['build_vs_hnswlib']}"
    if data.points.shape[1] == 384 and size > CEILINGS["bytes_per_point_384"]:
        yield f"{data.name}: a point takes {size:.0f} bytes, at most {CEILINGS['bytes_per_point_384']}"
