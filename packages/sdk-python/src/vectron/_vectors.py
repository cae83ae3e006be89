"""Vectors as they are sent: little-endian float32."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Sequence
from typing import Any

from .errors import invalid

if sys.byteorder != "little":

    def _little(floats: array[float]) -> bytes:
        floats = floats[:]
        floats.byteswap()
        return floats.tobytes()

else:

    def _little(floats: array[float]) -> bytes:
        return floats.tobytes()


def vector_bytes(vector: Any, at: str) -> bytes:
    """A vector of numbers, an array or what has the array interface of NumPy. Raises INVALID_ARGUMENT."""
    if type(vector) is list or type(vector) is tuple:
        return _of_numbers(vector, at)
    if isinstance(vector, array):
        return _little(vector) if vector.typecode == "f" else _of_numbers(vector, at)
    if hasattr(vector, "__array__"):
        return _of_array(vector, at)
    if isinstance(vector, Sequence) and not isinstance(vector, (str, bytes, bytearray, memoryview)):
        return _of_numbers(vector, at)
    raise invalid(at, f"{at} must be a list of numbers or an array, not {type(vector).__name__}")


def _of_numbers(numbers: Any, at: str) -> bytes:
    try:
        return _little(array("f", numbers))
    except (TypeError, OverflowError, ValueError) as cause:
        for place, one in enumerate(numbers):
            if isinstance(one, (int, float)) and not isinstance(one, bool):
                continue
            raise invalid(f"{at}[{place}]", f"{at}[{place}] must be a number") from cause
        raise invalid(at, f"{at}: {cause}") from cause


def _of_array(given: Any, at: str) -> bytes:
    import numpy

    values = numpy.asarray(given)
    if values.ndim != 1:
        raise invalid(at, f"{at} must have one dimension, not {values.ndim}")
    packed: bytes = _float32(values, at).tobytes()
    return packed


def _float32(values: Any, at: str) -> Any:
    import numpy

    if values.dtype.kind not in "iuf":
        raise invalid(at, f"{at} must be an array of numbers, not of {values.dtype}")
    with numpy.errstate(over="ignore"):
        return numpy.ascontiguousarray(values, dtype="<f4")


def vectors_bytes(vectors: Any, at: str) -> list[bytes]:
    """The vectors of a batch: a list of vectors, or an array with a row for each."""
    if hasattr(vectors, "__array__") and not isinstance(vectors, array):
        import numpy

        values = numpy.asarray(vectors)
        if values.ndim == 2:
            rows = _float32(values, at)
            return [row.tobytes() for row in rows]
        raise invalid(at, f"{at} must have two dimensions, with a row for each vector, not {values.ndim}")
    if isinstance(vectors, (str, bytes, bytearray, memoryview, array)) or not isinstance(vectors, Sequence):
        raise invalid(at, f"{at} must be a list of vectors, or an array with a row for each")
    return [vector_bytes(one, f"{at}[{place}]") for place, one in enumerate(vectors)]
