"""Binary tables: NumPy arrays and archives (never a pickle), and Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from theodolite._errors import DataError
from theodolite._typing import Array
from theodolite.io._table import Column, DataTable, array_column

__all__ = ["load_archive", "load_array", "read_npy", "read_npz", "read_parquet"]

_TARGETS = ("Y", "y", "target", "targets")
"""Names under which an archive is taken to hold targets."""


def load_array(path: Path, source: str) -> Array:
    """Return the array of an NPY file; ``DataError`` where it is broken or would need a pickle."""
    try:
        # mapped, not read: a header that claims more than the file holds is refused before anything is allocated
        return np.array(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, OSError, EOFError, MemoryError, OverflowError, SyntaxError) as error:
        raise _broken(source, "NumPy array", error) from None


def load_archive(path: Path, source: str) -> dict[str, Array]:
    """Return the arrays of an NPZ file by name, in the order in which they were saved."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, MemoryError, OverflowError, SyntaxError, KeyError, BadZipFile) as error:
        raise _broken(source, "NumPy archive", error) from None


def _broken(source: str, what: str, error: Exception) -> DataError:
    if "pickle" in str(error) or "Python objects" in str(error):
        return DataError(
            f"{source} holds Python objects, not numbers",
            cause="reading them would run code from the file",
            fix="Save an array of floats or integers",
        )
    return DataError(f"{source} is a broken {what}", cause=str(error) or type(error).__name__, fix="Save it again")


def read_npy(path: Path, source: str, exact: bool) -> DataTable:
    """Read one array as a table: columns are called x1, x2, ..., or by the fields of a structured array."""
    array = load_array(path, source)
    if array.dtype.names is not None:
        columns = tuple(array_column(source, name, array[name].ravel()) for name in array.dtype.names)
        return DataTable(source, columns, array.size, exact=exact)
    columns = _columns(source, "x", array, always_number=True)
    return DataTable(source, columns, len(array), exact=exact)


def read_npz(path: Path, source: str, exact: bool) -> DataTable:
    """Read an archive as one table: the columns of array ``X`` are called X1, X2, ...; an array called Y, y, target or targets is
    taken as the declared targets."""
    arrays = load_archive(path, source)
    if not arrays:
        raise DataError(f"{source} is empty", cause="the archive has no arrays", fix="Save at least one matrix")
    lengths = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            f"{source} holds arrays of different lengths: {', '.join(f'{k} has {v} rows' for k, v in lengths.items())}",
            fix="Give all arrays one row per sample",
        )
    columns: list[Column] = []
    targets: list[str] = []
    for name, array in arrays.items():
        made = _columns(source, name, array, always_number=len(arrays) == 1)
        columns += made
        if name in _TARGETS and len(arrays) > 1:
            targets += [column.name for column in made]
    return DataTable(source, tuple(columns), next(iter(lengths.values())), tuple(targets), exact)


def _columns(source: str, name: str, array: Array, *, always_number: bool) -> tuple[Column, ...]:
    if array.ndim not in (1, 2):
        raise DataError(
            f"{source} has {array.ndim} dimensions, shape {array.shape}",
            cause="rows are samples and columns are features",
            fix="Save a matrix",
        )
    if array.ndim == 1 and not always_number:
        return (array_column(source, name, array),)
    matrix = array[:, None] if array.ndim == 1 else array
    return tuple(array_column(source, f"{name}{k + 1}", matrix[:, k]) for k in range(matrix.shape[1]))


def read_parquet(path: Path, source: str, exact: bool) -> DataTable:
    """Read a Parquet table; decimals are exact, columns that are neither numbers nor text are faulty."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError(
            f"{source} is a Parquet table, which needs pyarrow", fix="pip install 'theodolite[parquet]'"
        ) from None
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise _broken(source, "Parquet table", error) from None
    columns = tuple(_arrow(source, str(name), table.column(k)) for k, name in enumerate(table.column_names))
    return DataTable(source, columns, table.num_rows, exact=exact)


def _arrow(source: str, name: str, data: Any) -> Column:
    """Return a pyarrow ``ChunkedArray`` as a column."""
    import pyarrow as pa

    if pa.types.is_dictionary(data.type):
        data = data.cast(data.type.value_type)
    if pa.types.is_string(data.type) or pa.types.is_large_string(data.type):
        return Column(name, labels=tuple(entry or "" for entry in data.to_pylist()))
    if data.null_count:
        row = data.is_null().to_pylist().index(True)
        return Column(
            name,
            fault=DataError(
                f"{source}: column {name!r} has no value in row {row + 1}",
                cause=f"{data.null_count} of its {len(data)} entries are missing",
                fix="Drop or fill those rows, or leave the column out with --drop",
            ),
        )
    if pa.types.is_decimal(data.type):
        return Column(name, numbers=np.array(data.to_pylist(), dtype=object))
    if pa.types.is_floating(data.type) or pa.types.is_integer(data.type) or pa.types.is_boolean(data.type):
        return array_column(source, name, data.to_numpy())
    return Column(
        name,
        fault=DataError(
            f"{source}: column {name!r} has entries of type {data.type}",
            cause="only numbers can be used",
            fix="Leave it out with --drop",
        ),
    )
