"""CPU of searches in the core, of two builds of `crates/vectron-raft/examples/search_cost` measured in turns; see README.md here."""
import argparse
import json
import statistics
import subprocess

CASES = ["ids", "json", "fields", "filter1", "filter10", "own1", "own10"]


class Build:
    def __init__(self, exe):
        self.process = subprocess.Popen([exe], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[0]} ended")
        return json.loads(line)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return self.read()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("builds", nargs="+", help="executables; ratios are to the first")
    options.add_argument("--ef", type=int, default=100, help="0: what a search does that asks for none")
    options.add_argument("--in-flight", type=int, default=8)
    options.add_argument("--count", type=int, default=2000, help="searches a measurement")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--cases", default=",".join(CASES))
    options.add_argument("--flush", action="store_true", help="points are in table files, as after a restart")
    asked = options.parse_args()
    builds = [Build(exe) for exe in asked.builds]
    for build in builds:
        build.ask("measure", "ids", asked.ef, asked.in_flight, 4000)
        build.ask("settle")
        if asked.flush:
            build.ask("flush")
    for case in asked.cases.split(","):
        sums = {build.ask("check", case, asked.ef, 500)["sum"] for build in builds}
        spent = [[] for _ in builds]
        for _ in range(asked.rounds):
            for build, own in zip(builds, spent):
                found = build.ask("measure", case, asked.ef, asked.in_flight, asked.count)
                own.append(found["searching"] + found["submitting"])
        medians = [statistics.median(own) for own in spent]
        ratios = [statistics.median(b / a for a, b in zip(spent[0], own)) for own in spent]
        row = {"case": case, "us": [round(us, 1) for us in medians], "least": [round(min(own), 1) for own in spent]}
        print(json.dumps(row | {"ratio": [round(ratio, 3) for ratio in ratios], "same_bits": len(sums) == 1}), flush=True)


if __name__ == "__main__":
    main()
