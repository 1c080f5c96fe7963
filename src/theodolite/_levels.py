"""The distinct values of a table of critical sets: exactly, or within a stated tolerance."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from theodolite._errors import DataError
from theodolite._table import Table
from theodolite._typing import Array

__all__ = ["LEVEL_TOLERANCE", "Level", "level_starts", "levels_of"]

LEVEL_TOLERANCE = 1e-12
"""Values whose difference is at most this share of the largest absolute value are one level, unless they are exact."""


class Level(msgspec.Struct, frozen=True):
    """A critical value: ``multiplicity`` sets have it, the rows of the atlas from ``first`` on."""

    value: Any
    multiplicity: int
    first: int


def levels_of(table: Table, tolerance: float | None = None) -> list[Level]:
    """Return the levels of ``table``, lowest first."""
    increasing, starts = level_starts(table, tolerance)
    ends = [*starts[1:], len(table)]
    return [Level(increasing.value_of(i), j - i, i) for i, j in zip(starts, ends, strict=False)]


def level_starts(table: Table, tolerance: float | None = None) -> tuple[Table, list[int]]:
    """Return the rows by increasing value, and where each level begins among them."""
    if tolerance is not None and not 0 <= tolerance < float("inf"):
        raise DataError(f"The tolerance is {tolerance!r}", fix="Pass a difference of values, zero or more")
    if (np.diff(table.value) < 0).any():
        table = table.take(np.argsort(table.value, kind="stable"))
    if table.exact is not None and tolerance is None:
        return table, [i for i, value in enumerate(table.exact) if i == 0 or value != table.exact[i - 1]]
    largest = float(np.abs(table.value).max(initial=0.0))
    return table, _starts(table.value, LEVEL_TOLERANCE * largest if tolerance is None else tolerance)


def _starts(values: Array, tolerance: float) -> list[int]:
    """Return where a new level begins among increasing ``values``: none is wider than ``tolerance``."""
    if not len(values):
        return []
    first = np.concatenate([[0], np.flatnonzero(np.diff(values) > tolerance) + 1])
    end = np.append(first[1:], len(values))
    wide = values[end - 1] > values[first] + tolerance
    more: list[int] = []
    for start, stop in zip(first[wide].tolist(), end[wide].tolist(), strict=True):
        place = start
        while (
            place := place + int(np.searchsorted(values[place:stop], values[place] + tolerance, side="right"))
        ) < stop:
            more.append(place)
    return sorted([*first.tolist(), *more])
