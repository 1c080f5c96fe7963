"""``theodolite cells``: list or count the cells of a hyperplane arrangement."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theodolite.cli._effort import executor_of, seconds_of
from theodolite.cli._options import Debug, Delimiter, Header, Quiet
from theodolite.cli._terminal import INCOMPLETE, errors_reported, print_facts, screen

if TYPE_CHECKING:
    from theodolite._typing import Array
    from theodolite.arrangement import Cells

__all__ = ["EPILOG", "cells"]

EPILOG = """\b
Examples:
  theodolite cells A.csv
  theodolite cells A.csv --offsets b.csv --out cells.npz
  theodolite cells A.npy --count --workers 2 --store parts

\b
Numbers in text are the decimals that they are, in NPY and NPZ files the floats or integers stored there.
cells.npz holds packed (one row for each cell, one bit for each row of A: bit 63 - k % 64 of word k // 64),
rows and complete; cells.npy holds the signs -1, 0, 1.

\b
Exit codes: 0 done, 1 the data cannot be used, 2 the command was not understood,
3 stopped early by --budget or Ctrl-C (what was found is shown and saved)."""

SUFFIXES = (".npz", ".npy")


def cells(
    data: Annotated[
        str, typer.Argument(metavar="A", help="The rows of A: .csv .tsv .txt .npy .npz .parquet, no column of names.")
    ],
    offsets: Annotated[
        str | None, typer.Option(metavar="FILE", help="One column with an offset for each row: {w : A w = offsets}.")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Count the cells only, and keep none of them.")] = False,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Save the cells by suffix: .npz (packed) or .npy (signs).")
    ] = None,
    header: Header = None,
    delimiter: Delimiter = None,
    verify: Annotated[bool, typer.Option("--verify", help="Count a second time, by Zaslavsky's recursion.")] = False,
    budget: Annotated[str | None, typer.Option(metavar="TIME", help="Stop after this time: 30s, 5m, 1h30m.")] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Keep finished parts in this folder, and go on from those that are there."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="Use N processes.")] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """List the cells of a hyperplane arrangement, or count them: exactly, in any position.

    A cell is a region of space in which no row of A w - offsets changes its sign.
    """
    with errors_reported(debug):
        _check(count, out)
        rows = _read(data, header, delimiter)
        right = None if offsets is None else _column(offsets, header, delimiter)
        from theodolite.arrangement._enumerate import enumerate_cells
        from theodolite.arrangement._given import read

        given = read(rows, right, "auto")
        with executor_of(workers) as executor:
            begun = time.perf_counter()
            found = enumerate_cells(
                given, not count, store, executor, seconds_of(budget), False if quiet else None, verify
            )
            seconds = time.perf_counter() - begun
        if out is not None:
            _save(found, Path(out))
        if not quiet:
            rate = f", {found.count / seconds:,.0f} cells/s" if found.count >= 10_000 else ""
            facts = [*found.facts(), ("took", f"{seconds:.3g} s{rate}")]
            print_facts(screen(), [*facts, ("saved", out)] if out is not None else facts)
        if not found.complete:
            raise typer.Exit(INCOMPLETE)


def _check(count: bool, out: str | None) -> None:
    from theodolite import DataError

    if out is None:
        return
    if count:
        raise typer.BadParameter("Cells that are only counted cannot be saved.", param_hint="--out")
    path = Path(out)
    if path.suffix.lower() not in SUFFIXES:
        raise DataError(
            f"--out {out} has {f'the ending {path.suffix!r}' if path.suffix else 'no ending'}",
            cause="the ending says how it is written",
            fix=f"Use one of {', '.join(SUFFIXES)}",
        )
    if not path.parent.is_dir():
        raise DataError(f"{out} cannot be written", cause=f"there is no folder {path.parent}", fix="Make it first")


def _read(source: str, header: bool | None, delimiter: str | None) -> Array:
    from theodolite import DataError
    from theodolite.io import read_table
    from theodolite.io._binary import load_array

    path = Path(source)
    if path.suffix.lower() == ".npy" and path.is_file():
        return load_array(path, source)
    text = path.suffix.lower() not in (".npz", ".parquet", ".pq")
    table = read_table(source, exact=text, header=header, delimiter=delimiter, samples=False)
    if table.names != table.numeric:
        words = next(name for name in table.names if name not in table.numeric)
        raise DataError(
            f"Column {words!r} of {source} holds no numbers", fix="Leave it out: every column is a coordinate"
        )
    return table.matrix


def _column(source: str, header: bool | None, delimiter: str | None) -> Array:
    from theodolite import ShapeError

    array = _read(source, header, delimiter)
    if array.ndim == 2 and 1 not in array.shape:
        raise ShapeError(f"{source} has {array.shape[1]} columns", fix="Give one offset for each row of A")
    return array.reshape(-1)


def _save(found: Cells, path: Path) -> None:
    import numpy as np

    from theodolite._atomic import write_whole

    if path.suffix.lower() == ".npy":
        write_whole(path, lambda file: np.save(file, found.signs()))
        return
    arrays: dict[str, Any] = {"packed": found.packed, "rows": found.rows, "complete": found.complete}
    write_whole(path, lambda file: np.savez(file, **arrays))
