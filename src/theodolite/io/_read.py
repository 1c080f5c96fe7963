"""One door for tables: a name, or a file in any of the formats, told apart by suffix and checked against its first bytes."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from theodolite._errors import DataError
from theodolite.io._binary import read_npy, read_npz, read_parquet
from theodolite.io._delimited import read_delimited
from theodolite.io._named import data_names, read_named
from theodolite.io._signature import refuse_other_formats
from theodolite.io._table import DataTable

__all__ = ["SUFFIXES", "read_table"]

_TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat")
_PARQUET = (".parquet", ".pq")
SUFFIXES = (*_TEXT, ".npy", ".npz", *_PARQUET)
"""The endings of the files that can be read."""


def read_table(
    source: str | os.PathLike[str],
    *,
    exact: bool = False,
    header: bool | None = None,
    delimiter: str | None = None,
    samples: bool = True,
) -> DataTable:
    """Read a table from a file (CSV, TSV, NPY, NPZ, Parquet) or by the name of a data set.

    ``exact`` reads numbers of text files as the decimals that they are, and accepts whole numbers elsewhere. ``header`` and
    ``delimiter`` say what a text file has instead of finding out.
    One row is refused if rows are ``samples``. Raises ``DataError`` naming file, row and column.

    >>> table = read_table("iris")
    >>> table.rows, table.numeric
    (150, ('sepal_length', 'sepal_width', 'petal_length', 'petal_width'))
    """
    table = _read(source, exact, header, delimiter)
    if samples and table.rows < 2:
        raise DataError(
            f"{table.source} has one row of data",
            cause="rows are samples, and one sample determines no landscape worth a survey",
            fix="Give at least two rows",
        )
    return table


def _read(source: str | os.PathLike[str], exact: bool, header: bool | None, delimiter: str | None) -> DataTable:
    name = os.fspath(source)
    if isinstance(source, str):
        named = read_named(source, exact)
        if named is not None:
            return named
    path = Path(name)
    suffix = path.suffix.lower()
    _check_file(path, name)
    if suffix in _TEXT:
        refuse_other_formats(path, name, "a table in text", (".csv",))
        return read_delimited(path, name, delimiter=delimiter, header=header, exact=exact)
    if suffix == ".npy":
        refuse_other_formats(path, name, "a NumPy array", (".npy",))
        return read_npy(path, name, exact)
    if suffix == ".npz":
        refuse_other_formats(path, name, "a NumPy archive", (".npz",))
        return read_npz(path, name, exact)
    if suffix in _PARQUET:
        refuse_other_formats(path, name, "a Parquet table", (".parquet",))
        return read_parquet(path, name, exact)
    raise DataError(
        f"{name} has {f'the ending {path.suffix!r}' if path.suffix else 'no ending'}",
        cause="the ending says how a file is read",
        fix=f"Give a file that ends in {', '.join(SUFFIXES)}",
    )


def _check_file(path: Path, name: str) -> None:
    if not name.strip():
        raise DataError("No data was named", fix="Give a file or the name of a data set")
    try:
        folder, there = path.is_dir(), path.exists()
        if there and not folder:
            with path.open("rb"):
                return
    except (OSError, ValueError) as error:  # no permission, a name too long, a null byte in it
        raise DataError(f"{name!r} cannot be read", cause=str(error), fix="Give a readable file") from None
    if folder:
        raise DataError(f"{name} is a folder", fix="Give a file or the name of a data set")
    known = data_names()
    close = get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    if path.suffix or path.parent != Path():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, siblings, n=1, cutoff=0.7)
        fix = f"Did you mean {path.parent / near[0]}" if near else "Check the name and the folder"
        raise DataError(f"There is no file {name}", fix=fix)
    raise DataError(
        f"There is no file and no data set called {name!r}",
        cause=f"the data sets are {', '.join(known)}",
        fix=f"Did you mean {close[0]}" if close else "Give a file or one of these names",
    )
