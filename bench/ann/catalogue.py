"""Which engines take part in a run, beside Vectron."""

from engines.faiss import Faiss, FastScan
from engines.glass import Glass
from engines.hnswlib import Hnswlib
from engines.rabitq import RabitqHnsw, SymphonyQg
from engines.scann import Scann
from engines.svs import Svs
from engines.usearch import Usearch

# Of each library those that were the best of it at some recall, on some set.
QUICK = (
    Hnswlib(16),
    Faiss("flat"),
    Faiss("int8"),
    Usearch("bf16"),
    SymphonyQg(32),
    Glass("SQ8U"),
    Svs("lvq4x8"),
    Svs("lvq4x8", dynamic=True),
    Svs("lvq8x0", dynamic=True),
)
MORE = (
    Hnswlib(32),
    Faiss("sq8"),
    Faiss("flat", 32),
    Faiss("int8", 32),
    FastScan(),
    Usearch("f32"),
    Usearch("i8"),
    SymphonyQg(64),
    RabitqHnsw(5),
    RabitqHnsw(8),
    Glass("SQ4U"),
    Svs("lvq8x0"),
    Scann(),
)


def leanvec(dim):
    """LeanVec at half of the dimensions, where that leaves enough to tell points apart."""
    return [Svs(f"lean{dim // 2}", dynamic=dynamic) for dynamic in (False, True)] if dim >= 256 else []


def peers(quick, data):
    """The rivals on this data set. Engines that are not asked by its metric are among them and say so."""
    engines = [*QUICK, *leanvec(data.points.shape[1])]
    return engines if quick else [*engines, *MORE]


def named(names, data):
    """The rivals whose name starts with one of these, for a look at some of them."""
    return [engine for engine in peers(False, data) if engine.name.startswith(tuple(names))]
