"""``Cells``: the list of all cells of an arrangement, and the questions that can be asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int8

from theodolite._arrays import to_numpy
from theodolite._errors import DataError, ShapeError, WorkloadError
from theodolite._evidence import Evidence
from theodolite._notebook import facts_html
from theodolite._typing import Array
from theodolite.arrangement._expand import across, expand, key_rows, locate, packed_signs, unpack
from theodolite.arrangement._reduce import Arrangement
from theodolite.arrangement._run import Tally, search_cells

if TYPE_CHECKING:
    from theodolite.arrangement._faces import Faces

__all__ = ["Cells"]


@dataclass(frozen=True, eq=False)
class Cells:
    """All cells of {w : A w = offsets}: the maximal regions on which no row changes its sign.

    Cells are sorted by their signs, - before +, on a basis among the rows first (for a central arrangement the first
    rows that are independent; row after row if the first rows are) and on the other rows in their order; so cell i of
    a central arrangement is the opposite of cell ``count - 1 - i``. The order is the same on every run, with any
    executor and whatever arithmetic was needed.

    ``count`` is their number and ``complete`` whether that is all of them. ``packed`` are the signs as words, one row
    for each cell: bit ``63 - k % 64`` of word ``k // 64`` is set where row k is positive (so
    ``packed.astype(">u8").view("u1")`` is what ``numpy.packbits`` makes of the signs). It is mapped from the disk if
    a store was given, and missing if the list was too long for memory: then ``batches`` makes the cells anew.

    >>> from theodolite.arrangement import cells
    >>> found = cells([[1, 0], [0, 1], [1, 1]])
    >>> found.count, found.signs()[-1].tolist(), found.facets(5).tolist()
    (6, [1, 1, 1], [0, 1])
    >>> found.witness(5).tolist()
    [Fraction(1, 1), Fraction(1, 1)]
    """

    count: int
    evidence: Evidence
    arrangement: Arrangement = field(repr=False)
    complete: bool = True
    words: Array | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.count

    @property
    def rows(self) -> int:
        """How many rows were given."""
        return len(self.arrangement.place)

    @property
    def dimension(self) -> int:
        """The dimension of the space that the rows were given in."""
        return self.arrangement.dimension

    @property
    def lineality(self) -> int:
        """The dimension of the largest linear space that every cell contains with each of its points."""
        return self.arrangement.lineality

    @property
    def packed(self) -> Array:
        """The signs of all cells as words; ``WorkloadError`` where they do not sit in memory and no store was given."""
        if self.words is None:
            raise WorkloadError(
                f"The {self.count} cells were counted, not kept",
                count=self.count,
                cause="their list is too long for memory",
                fix="Pass store=DIR to keep it on the disk, or go through batches()",
            )
        return self.words

    def signs(self, which: Any = None) -> Int8[np.ndarray, "_ n"]:
        """Return the signs (-1, 0, 1) of all cells, or of those that ``which`` indexes; 0 is the sign of a zero row."""
        try:
            chosen = self.packed if which is None else self.packed[which]
        except IndexError as error:
            raise DataError(
                f"There are no cells {which!r}",
                cause=str(error),
                fix=f"Index {self.count} cells as an array is indexed",
            ) from None
        return self._unpacked(np.atleast_2d(np.asarray(chosen)))

    def __getitem__(self, cell: int) -> Int8[np.ndarray, " n"]:
        row: Array = self._unpacked(np.asarray(self.packed[self._place(cell)])[None])[0]
        return row

    def __iter__(self) -> Iterator[Array]:
        for batch in self.batches():
            yield from batch

    def batches(self, size: int = 2**16) -> Iterator[Array]:
        """Yield the signs of all cells in order, int8 (up to ``size``, n) at a time, and never hold all of them."""
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise DataError(f"size is {size!r}", fix="Pass how many cells a batch may have, an integer of 1 or more")
        if self.words is not None or not len(self.arrangement.rows):
            for start in range(0, self.count, size):
                yield self._unpacked(np.asarray(self.packed[start : start + size]))
            return
        for _, words in search_cells(self.arrangement, Tally(), whole=self.arrangement.central, batch=int(size)):
            yield self._unpacked(expand(self.arrangement, words))

    def find(self, signs: Any) -> int | None:
        """Return which cell has these signs (of the rows as given), or ``None`` if none has."""
        wanted = to_numpy("The sign vector", signs)
        if wanted.dtype.kind not in "iuf" or not np.isfinite(wanted).all():
            raise DataError(f"The signs are {signs!r}", fix="Pass -1, 0 or 1 for each row")
        if wanted.shape != (self.rows,):
            raise ShapeError(
                f"The signs have shape {wanted.shape}",
                cause=f"there are {self.rows} rows",
                fix="Pass one sign for each row",
            )
        arrangement = self.arrangement
        keys, turns = self._keys
        signed = (wanted > 0).astype(np.int8) - (wanted < 0).astype(np.int8)
        along = signed * arrangement.turn  # the side of its hyperplane, as far as this row can tell
        sides = np.zeros(max(len(arrangement.rows), 1), dtype=np.int8)
        sides[arrangement.place[keys]] = along[keys]
        if not arrangement.central:
            sides[0] = 1
        present = arrangement.place >= 0
        if np.any(signed[~present] != 0) or np.any(along[present] != sides[arrangement.place[present]]):
            return None
        if np.any(along[present] == 0):
            return None
        if not len(arrangement.rows):
            return 0
        found = locate(self.packed, keys, turns, packed_signs(signed[None])[0])
        return None if found < 0 else found

    def __contains__(self, signs: Any) -> bool:
        return self.find(signs) is not None

    def facets(self, cell: int) -> Array:
        """Return the rows whose hyperplanes bound a cell, in increasing order.

        Of rows on the same hyperplane all are returned. A sign vector that some point has is the cell's if and only if
        it agrees with the cell on these rows.
        """
        bounding = self._across(self._place(cell)) >= 0
        present = self.arrangement.place >= 0
        return np.asarray(np.flatnonzero(present & np.append(bounding, False)[self.arrangement.place]))

    def neighbours(self, cell: int) -> Array:
        """Return the cells on the other side of each facet, in the order of the first rows of the facets."""
        first, _ = self._keys
        beyond = self._across(self._place(cell))[self.arrangement.place[np.sort(first)]]
        return np.asarray(beyond[beyond >= 0])

    def witness(self, cell: int) -> Array:
        """Return a point inside a cell, as exact fractions (d,)."""
        from theodolite.arrangement._twin import rays_of_cell

        arrangement = self.arrangement
        width = arrangement.dimension + (0 if arrangement.central else 1)
        point = np.full(width, Fraction(0), dtype=object)
        if len(arrangement.rows):
            rays = rays_of_cell(arrangement.rows, self._sides(self[cell]).tolist())
            sums = [Fraction(sum(ray[k] for ray in rays)) for k in range(arrangement.rows.width)]
            point[arrangement.columns] = sums
        if arrangement.central:
            return point
        return np.asarray(point[:-1] / point[-1])

    def faces(self, dimension: int | None = None) -> Faces:
        """Return all faces (cells, facets, ..., vertices) as sign vectors with zeros, or those of one ``dimension``."""
        from theodolite.arrangement._faces import faces

        return faces(self.arrangement, dimension)

    def __str__(self) -> str:
        return "\n".join(f"{name:<10} {text}" for name, text in self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of what is known about the list, in reading order."""
        yield "cells", f"{self.count:,}{'' if self.complete else ' so far (not complete)'}"
        kind = "through the origin" if self.arrangement.central else "with offsets"
        yield "rows", f"{self.rows} in dimension {self.dimension}, {kind}"
        yield "known by", str(self.evidence)

    @cached_property
    def _keys(self) -> tuple[Array, Array]:
        return key_rows(self.arrangement)

    def _place(self, cell: int) -> int:
        if isinstance(cell, bool) or not isinstance(cell, (int, np.integer)) or not -self.count <= cell < self.count:
            raise DataError(
                f"There is no cell {cell!r}", cause=f"there are {self.count}", fix="Pass an index, or find(signs)"
            )
        return int(cell) % self.count

    def _unpacked(self, words: Array) -> Array:
        return unpack(words, self.arrangement.turn)

    def _sides(self, signs: Array) -> Array:
        """Return the signs over the hyperplanes."""
        first, turns = self._keys
        sides = np.ones(len(self.arrangement.rows), dtype=np.int8)
        sides[self.arrangement.place[first]] = signs[first] * turns
        return sides

    @cached_property
    def _members(self) -> tuple[Array, Array]:
        """The given rows sorted by hyperplane, and where each hyperplane's begin; none for that at infinity."""
        place = self.arrangement.place
        first = 0 if self.arrangement.central else 1
        members = np.argsort(place, kind="stable")
        members = members[place[members] >= first]
        lines = np.searchsorted(place[members], np.arange(len(self.arrangement.rows) + 1))
        return lines.astype(np.int64), members.astype(np.int64)

    def _across(self, cell: int) -> Array:
        """Return for each hyperplane the cell beyond it, or -1 where it does not bound ``cell``."""
        return across(self.packed, *self._keys, np.asarray(self.packed[cell]), *self._members)
