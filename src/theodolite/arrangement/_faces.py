"""All faces of an arrangement: for every flat, the cells of the arrangement restricted to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from jaxtyping import Int8, Int64

from theodolite._errors import DataError, WorkloadError
from theodolite._typing import Array
from theodolite.arrangement._counts import cover_count
from theodolite.arrangement._expand import expand, over_given_rows, unpack
from theodolite.arrangement._reduce import Arrangement, reduce
from theodolite.arrangement._rows import Rows, fraction_rows
from theodolite.arrangement._run import Tally, search_cells
from theodolite.arrangement._twin import signs_by_rays

__all__ = ["Faces", "faces"]

_MOST_FLATS = 10**6


@dataclass(frozen=True, eq=False)
class Faces:
    """Sign vectors with zeros, highest dimension first, then in increasing order.

    A face lies on the hyperplanes of the rows where its sign is 0.
    ``signs`` is int8 (count, n), ``dimensions`` (count,) are those of the faces in the space of the rows, lineality
    included.
    """

    signs: Int8[np.ndarray, "count n"]
    dimensions: Int64[np.ndarray, " count"]

    def __len__(self) -> int:
        return len(self.signs)

    @property
    def count(self) -> int:
        """How many faces there are."""
        return len(self.signs)


def faces(arrangement: Arrangement, dimension: Any) -> Faces:
    """Return the faces of an arrangement, all or those of one dimension."""
    n = len(arrangement.place)
    extra = arrangement.lineality - (0 if arrangement.central else 1)
    width = arrangement.rows.width if len(arrangement.rows) else 0
    if dimension is not None and (
        isinstance(dimension, bool) or not isinstance(dimension, (int, np.integer)) or dimension < 0
    ):
        raise DataError(f"dimension is {dimension!r}", fix="Pass the dimension of the faces wanted, or None for all")
    lowest = extra + (0 if arrangement.central else 1)
    if dimension is not None and not lowest <= dimension <= arrangement.dimension:
        return Faces(np.empty((0, n), dtype=np.int8), np.empty(0, dtype=np.int64))
    blocks, sizes = [], []
    for rows, depth in _flats(arrangement, width):
        size = width - depth + extra
        if dimension is not None and size != dimension:
            continue
        signs = _restricted_signs(rows, arrangement)
        blocks.append(signs)
        sizes.append(np.full(len(signs), size, dtype=np.int64))
    signs = np.concatenate([np.empty((0, n), dtype=np.int8), *blocks])
    dimensions = np.concatenate([np.empty(0, dtype=np.int64), *sizes])
    order = np.lexsort((*signs.T[::-1], -dimensions)) if n else np.argsort(-dimensions)
    return Faces(signs[order], dimensions[order])


def _flats(arrangement: Arrangement, width: int) -> Iterator[tuple[list[list[int]], int]]:
    """Yield for each flat its rows restricted to it, as integers, and its codimension: the whole space first."""
    level: dict[frozenset[int], list[list[int]]] = {
        frozenset(): [arrangement.rows.integers(i) for i in range(len(arrangement.rows))]
    }
    count = 0
    for depth in range(width + 1):
        below: dict[frozenset[int], list[list[int]]] = {}
        for rows in level.values():
            yield rows, depth
            for group in _groups(rows):
                if not arrangement.central and 0 in group:
                    continue  # at infinity
                flat = frozenset(group) | {i for i, row in enumerate(rows) if not any(row)}
                if flat not in below:
                    below[flat] = _restrict(rows, group[0])
                    count += 1
                    if count > _MOST_FLATS:
                        raise WorkloadError(
                            f"More than {_MOST_FLATS:,} intersections of hyperplanes carry faces",
                            count=cover_count(len(rows), width),
                            cause="all faces are listed at once",
                            fix="Ask for facets(i) and neighbours(i) of single cells",
                        )
        level = below


def _groups(rows: list[list[int]]) -> list[list[int]]:
    """Return the rows that are not zero, parallel ones together."""
    groups: dict[tuple[Fraction, ...], list[int]] = {}
    for i, row in enumerate(rows):
        lead = next((entry for entry in row if entry), 0)
        if lead:
            groups.setdefault(tuple(Fraction(entry, lead) for entry in row), []).append(i)
    return list(groups.values())


def _restrict(rows: list[list[int]], chosen: int) -> list[list[int]]:
    """Return all rows restricted to the hyperplane of one of them, each up to a positive factor."""
    line = rows[chosen]
    pivot = next(k for k, entry in enumerate(line) if entry)
    lead = abs(line[pivot])
    side = 1 if line[pivot] > 0 else -1
    out = []
    for row in rows:
        factor = side * row[pivot]
        mixed = [lead * a - factor * b for k, (a, b) in enumerate(zip(row, line, strict=True)) if k != pivot]
        scale = max(1, int(np.gcd.reduce(np.array(mixed, dtype=object)))) if mixed else 1
        out.append([entry // scale for entry in mixed])
    return out


def _restricted_signs(rows: list[list[int]], arrangement: Arrangement) -> Array:
    """Return the sign vectors over the given rows of the cells of a restricted arrangement."""
    entries = np.empty((len(rows), len(rows[0]) if rows else 0), dtype=object)
    for i, row in enumerate(rows):
        entries[i, :] = row
    small = reduce(fraction_rows(entries) if entries.size else Rows(entries.astype(np.int64)), arrangement.central, 0)
    if not len(small.rows):
        sides = np.zeros((1, len(small.place)), dtype=np.int8)
    elif small.rows.few:
        sides = over_given_rows(small, signs_by_rays(small.rows, central=small.central))
    else:
        blocks = [expand(small, words) for _, words in search_cells(small, Tally(), whole=small.central)]
        sides = unpack(np.concatenate(blocks), small.turn)
    if not arrangement.central:
        sides = np.hstack([np.ones((len(sides), 1), dtype=np.int8), sides])
    return over_given_rows(arrangement, sides)
