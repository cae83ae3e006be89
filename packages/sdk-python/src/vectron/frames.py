"""
Converts pandas data frames and Arrow tables to points, and points to data frames. pandas, pyarrow and NumPy are only required when they
are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ._generated.answers import SearchHit, StoredPoint
from ._points import Point
from .errors import invalid

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["hits_to_pandas", "points_of_arrow", "points_of_frame", "points_to_pandas"]

# Rows of a table that are turned into points at a time.
_ROWS = 4096


def points_of_frame(
    frame: pd.DataFrame, *, id: str = "id", vector: str = "vector", payload: Sequence[str] | None = None
) -> Iterator[Point]:
    """
    Returns a point for each row: ``id`` and ``vector`` are columns, ``payload`` consists of the other columns or of the given ones.
    Missing values (None, NaN, NaT, pandas.NA) are omitted; times are converted to RFC 3339. An index named ``id`` is used as that column.
    """
    if id not in frame.columns and frame.index.name == id:
        frame = frame.reset_index()
    columns = _payload_columns([str(one) for one in frame.columns], id, vector, payload)
    ids, vectors = frame[id].tolist(), frame[vector].tolist()
    values = {name: frame[name].tolist() for name in columns}
    for row, (own, one) in enumerate(zip(ids, vectors)):
        fields = {name: column[row] for name, column in values.items()}
        yield Point(_id(own, row), one, _known(fields))


def points_of_arrow(
    table: pa.Table | pa.RecordBatch | pa.RecordBatchReader,
    *,
    id: str = "id",
    vector: str = "vector",
    payload: Sequence[str] | None = None,
) -> Iterator[Point]:
    """
    Returns a point for each row of an Arrow table or of a reader of record batches; ``vector`` is a column of lists of numbers, which are
    not copied one by one.
    """
    import pyarrow

    columns = _payload_columns(list(table.schema.names), id, vector, payload)
    batches = [table] if isinstance(table, pyarrow.RecordBatch) else _batches(table)
    row = 0
    for batch in batches:
        vectors = _rows(batch.column(batch.schema.get_field_index(vector)))
        ids = batch.column(batch.schema.get_field_index(id)).to_pylist()
        fields = batch.select(columns).to_pylist() if columns else [{}] * len(ids)
        for own, one, of_row in zip(ids, vectors, fields):
            yield Point(_id(own, row), one, _known(of_row))
            row += 1


def _batches(table: Any) -> Iterable[Any]:
    batches: Iterable[Any] = table.to_batches(max_chunksize=_ROWS) if hasattr(table, "to_batches") else table
    return batches


def _rows(column: Any) -> Iterator[Any]:
    """The vector of each row, as a view of the values of all; None where there is none."""
    import pyarrow

    kinds = (pyarrow.types.is_list, pyarrow.types.is_large_list, pyarrow.types.is_fixed_size_list)
    if not any(kind(column.type) for kind in kinds):
        raise invalid("vector", f"the column of vectors must contain lists of numbers, not {column.type}")
    if column.null_count > 0 or column.flatten().null_count > 0:
        yield from column.to_pylist()
        return
    values = column.flatten().to_numpy(zero_copy_only=False)
    if pyarrow.types.is_fixed_size_list(column.type):
        yield from values.reshape(len(column), column.type.list_size)
        return
    offsets = column.offsets.to_numpy()
    for start, end in zip(offsets[:-1] - offsets[0], offsets[1:] - offsets[0]):
        yield values[start:end]


def _payload_columns(have: list[str], id: str, vector: str, payload: Sequence[str] | None) -> list[str]:
    wanted = [name for name in have if name not in (id, vector)] if payload is None else list(payload)
    for name in (id, vector, *wanted):
        if name not in have:
            raise invalid(name, f"there is no column {name}; the columns are {', '.join(have)}")
        if have.count(name) > 1:
            raise invalid(name, f"there is more than one column {name}; rename the others")
    return wanted


def _id(own: Any, row: int) -> str:
    if isinstance(own, str):
        return own
    if isinstance(own, int) and not isinstance(own, bool):
        return str(own)
    raise invalid("id", f"the id of row {row} must be a string or an integer, not {own!r}")


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: _json(one) for name, one in fields.items() if not _is_missing(one)}


def _is_missing(value: Any) -> bool:
    if value is None or (isinstance(value, float) and value != value):
        return True
    return type(value).__name__ in ("NaTType", "NAType")


def _json(value: Any) -> Any:
    """Times as text, and arrays as lists."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.tolist() if hasattr(value, "tolist") else value


def points_to_pandas(points: Iterable[StoredPoint]) -> pd.DataFrame:
    """Returns a row for each point: id, vector (a NumPy array; None without one) and the top level of the payload. Integers are exact."""
    rows = list(points)
    leading = {"id": [one.id for one in rows]}
    vectors = [None if one.vector is None else one.vector.numpy() for one in rows]
    return _frame({**leading, "vector": vectors}, [one.payload for one in rows])


def hits_to_pandas(hits: Iterable[SearchHit | tuple[int, SearchHit]]) -> pd.DataFrame:
    """Returns a row for each hit: id, score and the top level of the payload; for pairs, also the position of the search."""
    rows = list(hits)
    found = [one[1] if isinstance(one, tuple) else one for one in rows]
    leading: dict[str, list[Any]] = {"id": [one.id for one in found], "score": [one.score for one in found]}
    if rows and isinstance(rows[0], tuple):
        leading = {"search": [one[0] for one in rows if isinstance(one, tuple)], **leading}
    return _frame(leading, [one.payload for one in found])


def _frame(leading: dict[str, list[Any]], payloads: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas

    columns: dict[str, Any] = dict(leading)
    for name in dict.fromkeys(key for one in payloads for key in one):
        # A field that is called as a column of the client keeps its values under another name.
        label = f"payload.{name}" if name in leading else name
        columns[label] = _column([one.get(name) for one in payloads])
    return pandas.DataFrame(columns)


def _column(values: list[Any]) -> Any:
    """Integers with missing values would become floats, which round beyond 2^53."""
    import pandas

    if any(one is None for one in values) and all(one is None or type(one) is int for one in values):
        # Any: the types of pandas 2, which Python 3.10 has, do not know that a type is a dtype.
        dtype: Any = "Int64" if all(one is None or one < 2**63 for one in values) else object
        return pandas.array(values, dtype=dtype)
    return values
