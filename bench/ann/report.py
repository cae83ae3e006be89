"""Tables and plots of a run."""

from judge import LEVELS, OURS, ours_at
from measure import at_recall, frontier


def table(title, report, found, promises):
    """Prints every engine's queries per CPU-second by recall, Vectron's ratios, and what it promised."""
    wide = max(map(len, report))
    header = f"{'':{wide}}  changes{'build':>9}{'MB':>7}" + "".join(f"{f'@{level}':>10}" for level in LEVELS)
    print(f"\n{title}: queries per CPU-second\n{header}")

    def at(name, level):
        if name == OURS:
            return ours_at(report, level)
        return at_recall(report[name]["curve"], level)

    for name in sorted(report, key=lambda name: -(at(name, 0.98) or 0)):
        entry = report[name]
        cells = [f"{qps:>10,.0f}" if (qps := at(name, level)) else f"{'-':>10}" for level in LEVELS]
        memory = entry["build"].get("resident_bytes", entry["build"].get("memory_bytes"))
        size = f"{memory / 1e6:>7.0f}" if memory else f"{'-':>7}"
        print(f"{name:{wide}}  {entry['changes']:7}{entry['build']['cpu']:>8.1f}s{size}" + "".join(cells))
    for key, who in (("of_all", "best"), ("of_online", "best_online")):
        cells = [f"{values[key]:.2f} ({values[who]})" if values[key] else "-" for values in found.values()]
        print(f"{key:{wide}}  " + ", ".join(f"@{level} {cell}" for level, cell in zip(LEVELS, cells)))
    for line in promises:
        said = "nothing" if line["said"] is None else f"{line['said']:.4f}"
        print(
            f"asked for recall {line['asked']}: reached {line['reached']:.4f}, said {said}, "
            f"not met {line['unmet']} of {line['queries']}, {line['qps']:,.0f} queries per CPU-second"
        )


def plot(reports, path):
    """Recall against queries per CPU-second, one picture for each data set and k."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(reports), figsize=(6.5 * len(reports), 5), squeeze=False)
    for axis, (name, report) in zip(axes[0], reports.items()):
        for engine, entry in report.items():
            points = frontier(entry["curve"])
            ours = entry["kind"] == "vectron"
            axis.plot(
                [point["recall"] for point in points],
                [point["qps"] for point in points],
                label=engine,
                marker="o" if ours else ".",
                linewidth=2.2 if ours else 1,
                linestyle="-" if ours else "--" if entry["changes"] == "online" else ":",
            )
        axis.set(xlim=(0.85, 1.0), yscale="log", xlabel="recall", ylabel="queries per CPU-second", title=name)
        axis.grid(alpha=0.3, which="both")
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)
