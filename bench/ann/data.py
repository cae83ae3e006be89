"""Datasets of the benchmark: the sample in the repository and seeded synthetic sets.

A synthetic set is a mixture in a low-dimensional space that is projected into the full one, with noise: real
embeddings have far fewer degrees of freedom than dimensions, and uniform noise would measure only the curse of
dimensionality. All vectors have unit length; the metric is cosine.
"""

import dataclasses
import pathlib

import numpy as np

SAMPLE = pathlib.Path(__file__).parents[1] / "datasets" / "debian-packages"


@dataclasses.dataclass
class Dataset:
    name: str
    points: np.ndarray  # float32, one unit vector a row
    queries: np.ndarray
    truth: np.ndarray  # int, the ten nearest rows of each query, best first


def unit(rows):
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def sample():
    points = unit(np.load(SAMPLE / "points.f16.npy"))
    queries = unit(np.load(SAMPLE / "queries.f16.npy"))
    return Dataset("sample 20,000 x 384", points, queries, np.load(SAMPLE / "neighbors.i32.npy")[:, :10])


def synthetic(count, dim, queries=500, seed=20261121):
    rng = np.random.default_rng(seed)
    inner, clusters = 24, 200
    centres = rng.normal(size=(clusters, inner)).astype(np.float32)
    spread = rng.normal(size=(inner, dim)).astype(np.float32) / np.sqrt(inner)

    def rows(n):
        latent = centres[rng.integers(0, clusters, n)] + 0.7 * rng.normal(size=(n, inner)).astype(np.float32)
        return unit(latent @ spread + 0.15 * rng.normal(size=(n, dim)).astype(np.float32))

    points, asked = rows(count), rows(queries)
    truth = np.empty((queries, 10), dtype=np.int64)
    for start in range(0, queries, 50):
        scores = asked[start : start + 50] @ points.T
        best = np.argpartition(-scores, 10, axis=1)[:, :10]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        truth[start : start + 50] = np.take_along_axis(best, order, axis=1)
    return Dataset(f"synthetic {count:,} x {dim}", points, asked, truth)


def recall(ids, truth):
    """Share of the true ten that are among the ten returned, on average."""
    return float(np.mean([len(set(got) & set(want)) / 10 for got, want in zip(ids, truth)]))
