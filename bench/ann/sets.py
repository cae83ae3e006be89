"""The data sets by name: the sample in the repository, and seeded sets.

- `sample`: embeddings of package descriptions, 20,000 x 384, cosine.
- `100000x128`: embedding-like. A mixture in a space of 24 dimensions that is projected into the full one, with noise:
  real embeddings have far fewer degrees of freedom than dimensions, and uniform noise would measure only the curse
  of dimensionality. Cosine.
- `clusters-0.01-20000x384`: clusters of 100 points around normally distributed centres, each coordinate off by the
  spread that is named (0.003 to 0.03: near-duplicates; 1: hardly clusters). Cosine.
- `equal-0.5-20000x384`: embedding-like, and that share of the points is one and the same vector. Cosine.
- `off-centre-10-20000x384`: embedding-like points that are all moved by a vector of that length. Euclidean.
- `power-law-1-20000x384`: embedding-like directions with lengths from a Pareto distribution of that exponent, at
  most 100. Inner product.
- `scales-3-20000x384`: embedding-like, columns scaled by powers of ten from 1 down to 10^-3. Euclidean.

Queries are drawn like the points and are not among them.
"""

import pathlib
import re

import numpy as np

from data import Dataset, unit

SAMPLE = pathlib.Path(__file__).parents[1] / "datasets" / "debian-packages"
QUERIES = 500
SEED = 20261121


def named(name):
    """The data set of a name; SystemExit when there is none."""
    if name == "sample":
        return sample()
    parts = re.fullmatch(r"(?:([a-z-]+?)-([\d.]+)-)?(\d+)x(\d+)", name)
    if parts is None or (parts[1] or "synthetic") not in KINDS:
        raise SystemExit(f"no data set is named {name}; see bench/ann/sets.py")
    kind, setting, count, dim = parts.groups()
    rng = np.random.default_rng(SEED)
    metric, rows = KINDS[kind or "synthetic"](rng, int(count) + QUERIES, int(dim), float(setting or 0))
    title = f"{kind or 'synthetic'}{f' {setting}' if setting else ''} {int(count):,} x {dim}"
    return Dataset(title, metric, rows[: int(count)], rows[int(count) :])


def sample():
    points, queries = (unit(np.load(SAMPLE / f"{part}.f16.npy")) for part in ("points", "queries"))
    return Dataset("sample 20,000 x 384", "cosine", points, queries)


def embedding_like(rng, count, dim, inner=24, clusters=200):
    centres = rng.normal(size=(clusters, inner)).astype(np.float32)
    spread = rng.normal(size=(inner, dim)).astype(np.float32) / np.sqrt(inner)
    latent = centres[rng.integers(0, clusters, count)] + 0.7 * rng.normal(size=(count, inner)).astype(np.float32)
    return unit(latent @ spread + 0.15 * rng.normal(size=(count, dim)).astype(np.float32))


def synthetic(rng, count, dim, _):
    return "cosine", embedding_like(rng, count, dim)


def clusters(rng, count, dim, spread):
    centres = rng.normal(size=(max(count // 100, 1), dim)).astype(np.float32)
    off = spread * rng.normal(size=(count, dim)).astype(np.float32)
    return "cosine", unit(centres[rng.integers(0, len(centres), count)] + off)


def equal(rng, count, dim, share):
    rows = embedding_like(rng, count, dim)
    # The last rows are the queries: they stay as they are.
    same = rng.choice(count - QUERIES, round(share * (count - QUERIES)), replace=False)
    rows[same] = rows[same[0]]
    return "cosine", rows


def off_centre(rng, count, dim, length):
    rows = embedding_like(rng, count, dim)
    return "euclidean", rows + length * unit(rng.normal(size=(1, dim)))


def power_law(rng, count, dim, exponent):
    lengths = np.minimum(1 + rng.pareto(exponent, size=(count, 1)), 100)
    return "dot", (embedding_like(rng, count, dim) * lengths).astype(np.float32)


def scales(rng, count, dim, decades):
    return "euclidean", embedding_like(rng, count, dim) * np.logspace(0, -decades, dim, dtype=np.float32)


KINDS = {
    "synthetic": synthetic,
    "clusters": clusters,
    "equal": equal,
    "off-centre": off_centre,
    "power-law": power_law,
    "scales": scales,
}
