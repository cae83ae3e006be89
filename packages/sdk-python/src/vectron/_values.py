"""The values that points are made of."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Union

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    _Base = array[float]
else:
    _Base = array


class Floats(_Base):
    """A sequence of float32 values in contiguous memory: an ``array.array`` that can be viewed by NumPy."""

    def __new__(cls, values: Iterable[float] | bytes = ()) -> Floats:
        """From numbers, which are rounded to float32, or from little-endian float32 bytes."""
        if isinstance(values, bytes):
            made: Floats = array.__new__(cls, "f", values)  # type: ignore[assignment]
            if sys.byteorder == "big":
                made.byteswap()
            return made
        return array.__new__(cls, "f", values)  # type: ignore[return-value]

    def __reduce__(self) -> tuple[type[Floats], tuple[list[float]]]:
        return (Floats, (self.tolist(),))

    def __reduce_ex__(self, _protocol: Any) -> tuple[type[Floats], tuple[list[float]]]:
        return self.__reduce__()

    def numpy(self) -> npt.NDArray[np.float32]:
        """Returns a NumPy array that shares this memory. Raises ImportError without NumPy."""
        import numpy

        return numpy.frombuffer(self, dtype=numpy.float32)


if TYPE_CHECKING:
    # Numbers, or an array of NumPy of one dimension and any type of numbers; sent as float32.
    Vector: TypeAlias = Union[Sequence[float], array[float], npt.NDArray[Any]]
else:
    Vector = Any

# A JSON object. Integers are exact from -2^63 to 2^64 - 1, and what NumPy has of numbers and booleans is taken as well. Values without a
# JSON form (NaN, datetime, Decimal, sets, bytes, keys that are no text) are refused before anything is sent.
Payload: TypeAlias = dict[str, Any]
PayloadInput: TypeAlias = Mapping[str, Any]
# What points are grouped and counted by.
Value: TypeAlias = Union[str, int, float, bool]
