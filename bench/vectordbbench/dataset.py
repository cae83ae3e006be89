"""
Writes the sample of bench/datasets as a custom data set of VectorDBBench: train.parquet (id, emb), test.parquet (id, emb) and
neighbors.parquet (id, neighbors_id), beside each other in a folder. Prints what the command line needs of it.

    python dataset.py FOLDER [--points 20000]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl

SOURCE = Path(__file__).parent.parent / "datasets/debian-packages"
# Neighbours of a query: VectorDBBench's default K.
WIDTH = 100


def rows(name: str) -> np.ndarray:
    values = np.load(SOURCE / name).astype("f4")
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def write(path: Path, **columns: object) -> None:
    pl.DataFrame(columns).write_parquet(path)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--points", type=int, default=20_000)
    given = arguments.parse_args()
    points, queries = rows("points.f16.npy"), rows("queries.f16.npy")
    if not WIDTH <= given.points <= len(points):
        arguments.error(f"--points is {WIDTH} to {len(points)}")
    points = points[: given.points]
    nearest = np.argsort(-(queries @ points.T), axis=1, kind="stable")[:, :WIDTH]
    given.folder.mkdir(parents=True, exist_ok=True)
    write(given.folder / "train.parquet", id=np.arange(len(points)), emb=list(points))
    write(given.folder / "test.parquet", id=np.arange(len(queries)), emb=list(queries))
    write(given.folder / "neighbors.parquet", id=np.arange(len(queries)), neighbors_id=list(nearest))
    print(json.dumps({"size": len(points), "dim": points.shape[1], "queries": len(queries)}))


main()
