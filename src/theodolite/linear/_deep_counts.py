"""Index, nullity and dimension at every critical point of a deep linear network, in integers.

At a point that takes p_i directions of eigenvalue i (r in all) and has strings with IE and R (see ``Arcs``)

    index    = rotations + IE,       rotations = pairs of a taken direction and an untaken one of larger eigenvalue
    positive = r^2 + r (k + d_H - 2 r) - turns - rotations + IE + R,       turns = sum p_i (m_i - p_i),  k = rank X

and the nullity is the rest. Strings depend on the selection only through r.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import islice, pairwise

import numpy as np

from theodolite._typing import Array
from theodolite.linear._counts import Counts, selections_by_size
from theodolite.linear._deep_strings import Arcs, arcs_of

__all__ = ["Branch", "DeepCounts", "Span"]

_LISTED = 10_000
"""Up to so many strata are listed to make ranges exact."""


class Branch(IntEnum):
    """Which of the points of one selection a critical set holds."""

    ALL = 0
    FLAT = 1
    STRICT = 2


@dataclass(frozen=True)
class Span:
    """What the strata of one branch have: lowest and highest IE, and of ``2 IE + R``; whether exactly; the largest stratum.

    ``saddles`` and ``weight`` are IE and 2 IE + R there, ``None`` where strata of equal dimension differ or none is known to
    be the largest; ``endomorphisms`` is that of the largest stratum.
    """

    saddles_range: tuple[int, int]
    weight_range: tuple[int, int]
    exact: bool
    saddles: int | None
    weight: int | None
    endomorphisms: int | None
    largest: Array | None


@dataclass(frozen=True)
class DeepCounts:
    """The integers that decide everything but values. ``widths`` runs from rank X to the number of outputs."""

    multiplicities: tuple[int, ...]
    widths: tuple[int, ...]
    inputs: int

    @cached_property
    def flat(self) -> Counts:
        """The counts that do not know of depth."""
        return Counts(self.multiplicities, self.widths[1], self.inputs, self.widths[-1], self.widths[0])

    @property
    def depth(self) -> int:
        """Number of layers of weights."""
        return len(self.widths) - 1

    @property
    def arcs(self) -> Arcs:
        """The arcs of strings of this depth."""
        return arcs_of(self.depth)

    @cached_property
    def cap(self) -> int:
        """The most directions that any point takes."""
        return min(self.flat.rank, *self.widths)

    @cached_property
    def total(self) -> int:
        """The number of weights."""
        return sum(a * b for a, b in pairwise(self.widths)) + self.widths[1] * (self.inputs - self.widths[0])

    def rest(self, size: int) -> tuple[list[int], int]:
        """Return what ``size`` taken directions leave of the widths, and the rank of T."""
        return [width - size for width in self.widths], self.flat.rank - size

    def _strata(self, size: int) -> Array | None:
        """Return all strata as rows of multiplicities, ``None`` if there are too many; smaller sizes have more of them."""
        if size not in self._known:
            above = [known for known, rows in self._known.items() if known > size and rows is None]
            found = [] if above else list(islice(self.arcs.strata(*self.rest(size)), _LISTED + 1))
            self._known[size] = None if above or len(found) > _LISTED else np.array(found)
        return self._known[size]

    @cached_property
    def _known(self) -> dict[int, Array | None]:
        return {}

    @cached_property
    def _spans(self) -> dict[tuple[int, Branch], Span]:
        return {}

    def span(self, size: int, branch: Branch) -> Span:
        """Return the ranges over the strata of one branch at this size."""
        key = (size, branch)
        if key not in self._spans:
            rows = self._strata(size)
            self._spans[key] = self._bounds(size, branch) if rows is None else self._listed(rows, branch)
        return self._spans[key]

    def _listed(self, rows: Array, branch: Branch) -> Span:
        saddles, bowls = self.arcs.saddles(rows), self.arcs.bowls(rows)
        if branch is not Branch.ALL:
            keep = (saddles == 0) if branch is Branch.FLAT else (saddles > 0)
            rows, saddles, bowls = rows[keep], saddles[keep], bowls[keep]
        weight, size = 2 * saddles + bowls, self.arcs.endomorphisms(rows)
        largest = size == size.min()
        known = [
            int(numbers[0]) if len(numbers) == 1 else None
            for numbers in map(np.unique, (saddles[largest], weight[largest]))
        ]
        return Span(
            (int(saddles.min()), int(saddles.max())),
            (int(weight.min()), int(weight.max())),
            True,
            known[0],
            known[1],
            int(size.min()),
            rows[np.argmax(largest)],
        )

    def _bounds(self, size: int, branch: Branch) -> Span:
        """Return proven outer bounds: IE <= rank T * (largest hidden width left), R <= dim ker T * dim coker T."""
        widths, target = self.rest(size)
        most = 0 if branch is Branch.FLAT or size == self.cap else target * max(widths[1:-1])
        least = 1 if branch is Branch.STRICT else 0
        bowls = (widths[0] - target) * (widths[-1] - target)
        saddles = weight = endomorphisms = largest = None
        if 0 in widths:
            largest = self.arcs.generic(widths, target)
            saddles, weight = 0, int(self.arcs.bowls(largest[None, :])[0])
            endomorphisms = int(self.arcs.endomorphisms(largest[None, :])[0])
        elif most == 0 and least == 0:
            saddles = 0
        return Span((least, most), (2 * least, 2 * most + bowls), False, saddles, weight, endomorphisms, largest)

    def nullity_without(self, taken: Array) -> Array:
        """Return the nullity of a row of ``taken`` if no pair of strings had a curvature."""
        r = self.flat.size(taken)
        nullity: Array = self.total - r * r - r * (self.widths[0] + self.widths[-1] - 2 * r) + self.flat.turns(taken)
        return nullity

    def dimension_without(self, taken: Array) -> Array:
        """Return the dimension of a stratum plus that of its stabiliser."""
        r = self.flat.size(taken)
        first, last, target = self.widths[0] - r, self.widths[-1] - r, self.flat.rank - r
        hidden = sum(width * width for width in self.widths[1:-1])
        unseen = self.widths[1] * (self.inputs - self.widths[0])
        turns = self.flat.turns(taken)
        dimension: Array = hidden + first * first + last * last - target * (first + last - target) + turns + unseen
        return dimension

    def count_strata(self) -> int:
        """Return how many strata all selections have together."""
        sizes = selections_by_size(self.multiplicities, self.cap)
        return sum(many * self.arcs.count(*self.rest(size)) for size, many in enumerate(sizes))
