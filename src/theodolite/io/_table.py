"""A table as it was read: named columns of numbers, of labels, or of neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._errors import DataError
from theodolite._typing import Array

__all__ = ["Column", "DataTable", "array_column", "listed"]

LARGEST_WHOLE = 2.0**53
"""Up to here a float64 holds every whole number."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column: ``numbers`` where every entry is a number, ``labels`` where none is, else the ``fault`` that use raises."""

    name: str
    numbers: Array | None = None
    labels: tuple[str, ...] | None = None
    fault: DataError | None = None


@dataclass(frozen=True, eq=False)
class DataTable:
    """Rows of samples with named columns, and where they came from.

    ``declared_targets`` are the columns that the data set itself calls its targets: they are inputs only when named.
    """

    source: str
    columns: tuple[Column, ...]
    rows: int
    declared_targets: tuple[str, ...] = ()
    exact: bool = False

    def __post_init__(self) -> None:
        if not self.columns:
            raise DataError(f"{self.source} has no columns", fix="Give at least one column of numbers")
        if self.rows < 1:
            raise DataError(f"{self.source} has no rows of data", fix="Give at least one row")
        seen: dict[str, int] = {}
        for place, name in enumerate(self.names, start=1):
            if name in seen:
                raise DataError(
                    f"{self.source} has two columns called {name!r}: columns {seen[name]} and {place}",
                    fix="Rename one of them",
                )
            seen[name] = place

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def numeric(self) -> tuple[str, ...]:
        """The names of the columns that are meant as numbers, faulty ones included."""
        return tuple(column.name for column in self.columns if column.labels is None)

    @property
    def matrix(self) -> Array:
        """All columns that are meant as numbers, side by side; a faulty one raises its fault."""
        return self.take(self.numeric)

    def column(self, name: str) -> Column:
        """Return the column called ``name``; ``DataError`` with the closest names where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        close = get_close_matches(name, self.names, n=3, cutoff=0.5)
        raise DataError(
            f"{self.source} has no column {name!r}",
            cause=f"its columns are {listed(self.names)}",
            fix=f"Did you mean {' or '.join(map(repr, close))}" if close else "Name one of them",
        )

    def take(self, names: Sequence[str]) -> Array:
        """Return the columns called ``names`` as a matrix: floats as they were stored, or all ``Fraction``."""
        if not names:
            raise DataError(f"{self.source} has no column of numbers to use", fix="Name columns of numbers")
        arrays = []
        for name in names:
            column = self.column(name)
            if column.fault is not None:
                raise column.fault
            if column.numbers is None:
                raise DataError(
                    f"{self.source}: column {name!r} holds labels ({some_labels(column)}), not numbers",
                    fix="Leave it out, or code labels as targets with --one-hot",
                )
            arrays.append(_as_exact(self.source, name, column.numbers) if self.exact else _as_float(column.numbers))
        return np.stack(arrays, axis=1)


def _as_float(numbers: Array) -> Array:
    """Keep the precision in which floats were stored; everything else becomes float64."""
    return numbers if numbers.dtype in (np.float32, np.float16) else numbers.astype(np.float64)


def _as_exact(source: str, name: str, numbers: Array) -> Array:
    out = np.empty(len(numbers), dtype=object)
    for row, entry in enumerate(numbers.tolist()):
        if isinstance(entry, float) and not (entry.is_integer() and abs(entry) <= LARGEST_WHOLE):
            raise DataError(
                f"{source}: column {name!r} holds binary floating-point numbers, for example {entry!r} in row {row + 1}",
                cause="exact arithmetic decides about exactly given numbers only",
                fix="Give decimals in a CSV file, or whole numbers, or survey without --exact",
            )
        out[row] = Fraction(entry)
    return out


def array_column(source: str, name: str, numbers: Array) -> Column:
    """Return a one-dimensional array as a column; ``DataError`` for what is neither real numbers nor labels."""
    kind = numbers.dtype.kind
    if kind == "U":
        return Column(name, labels=tuple(map(str, numbers)))
    if kind == "c":
        raise DataError(f"{source}: column {name!r} has complex numbers ({numbers.dtype})", fix="Give real numbers")
    if kind not in "fiub":
        raise DataError(f"{source}: column {name!r} has entries of type {numbers.dtype}", fix="Give real numbers")
    if kind == "f" and numbers.dtype.itemsize > 8:
        numbers = numbers.astype(np.float64)
    return Column(name, numbers=numbers, fault=_not_finite(source, name, numbers))


def _not_finite(source: str, name: str, numbers: Array) -> DataError | None:
    bad = np.flatnonzero(~np.isfinite(numbers))
    if not len(bad):
        return None
    row = int(bad[0])
    return DataError(
        f"{source}: column {name!r} has {numbers[row]} in row {row + 1}",
        cause=f"{len(bad)} of its {len(numbers)} entries are not finite",
        fix="Drop or fill those rows, or leave the column out with --drop",
    )


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return ``names`` in one line, the rest counted."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def some_labels(column: Column) -> str:
    """Return the first few labels of ``column``."""
    different: list[Any] = list(dict.fromkeys(column.labels or ()))
    return listed(different, 3)
