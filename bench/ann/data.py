"""A data set of the benchmark: points, queries, and which answers are right.

An answer is right when it is as near as the k-th of the exact answer, so that equal vectors and equal distances do not
matter: the exact answer is kept as scores, not as ids. Scores are computed in float64; higher is closer.
"""

import dataclasses
import functools

import numpy as np

MOST = 100  # The greatest k that is asked.
# Scores that float32 cannot tell apart are ties: the share of the k-th score's magnitude.
TIE = 1e-7


def unit(rows):
    """The rows at length one, as float32."""
    rows = rows.astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@dataclasses.dataclass
class Dataset:
    """`points`, `queries`: float32, one vector a row, of unit length when `metric` is cosine. `metric`: cosine, dot or
    euclidean. `live`: the rows that may be answered with, or None for all of them."""

    name: str
    metric: str
    points: np.ndarray
    queries: np.ndarray
    live: np.ndarray | None = None

    def without(self, gone):
        """The same set after the rows in the mask `gone` were deleted."""
        return dataclasses.replace(self, live=~gone)

    def asking(self, queries):
        """The same points with other queries."""
        return dataclasses.replace(self, queries=queries)

    @functools.cached_property
    def best(self):
        """The exact scores of the `MOST` nearest points of each query, best first: queries x MOST, float64."""
        rows = np.arange(len(self.points)) if self.live is None else np.flatnonzero(self.live)
        # Distances do not change when both move, and squares of small numbers cancel less.
        middle = self.points.mean(axis=0) if self.metric == "euclidean" else 0
        points, queries = self.points[rows] - middle, self.queries - middle
        half = (points.astype(np.float64) ** 2).sum(axis=1) / 2 if self.metric == "euclidean" else 0
        most = min(MOST, len(rows))
        # Twice as many as wanted, so that rounding in float32 cannot lose one.
        kept = min(2 * most, len(rows))
        best = np.empty((len(queries), most))
        for start in range(0, len(queries), 50):
            rough = queries[start : start + 50] @ points.T - half
            near = np.argpartition(-rough, kept - 1, axis=1)[:, :kept]
            for at, candidates in enumerate(near, start):
                best[at] = -np.sort(-self.scores(at, rows[candidates]))[:most]
        return best

    def scores(self, query, rows):
        """The exact scores of some rows for the query at an index."""
        points, asked = self.points[rows].astype(np.float64), self.queries[query].astype(np.float64)
        if self.metric == "euclidean":
            return -((points - asked) ** 2).sum(axis=1)
        return points @ asked

    def recall(self, ids, k):
        """The mean share of the k nearest that were found. `ids`: for each query the rows it was answered with; of an
        answer the first k rows count, each row once."""
        last = self.best[:, min(k, self.best.shape[1]) - 1]
        last = last - TIE * np.abs(last)
        wanted = min(k, self.best.shape[1])
        shares = []
        for query, answer in enumerate(ids):
            rows = np.unique(np.asarray(answer[:k], dtype=np.int64))
            rows = rows[(rows >= 0) & (rows < len(self.points))]
            if self.live is not None:
                rows = rows[self.live[rows]]
            shares.append((self.scores(query, rows) >= last[query]).sum() / wanted)
        return float(np.mean(shares))
