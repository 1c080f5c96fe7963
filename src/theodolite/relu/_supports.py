"""Kinds of local minima: on which faces the neurons lie, with which signs of their output weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, pairwise, product
from math import comb
from typing import TypeAlias

import numpy as np
from jaxtyping import Int64, Shaped

from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Number

__all__ = [
    "Item",
    "Solution",
    "Spots",
    "Support",
    "candidates",
    "multisets",
    "pieces",
    "repeats",
    "spots",
    "stratum_count",
    "tuples",
]

Item: TypeAlias = tuple[int, int, int]
"""Sets of faces to visit: their size, and the first and the last but one of them in order."""

Spots: TypeAlias = tuple[tuple[int, int], ...]
"""Faces with signs of output weights (-1, 0 or 1), in increasing order; as a stratum, one for each neuron."""

_FIRST, _LARGEST = 2**8, 2**14


@dataclass(frozen=True, order=True)
class Support:
    """The different faces with signs (-1 or 1) of neurons whose output weights are not 0, in increasing order."""

    pairs: Spots

    @property
    def faces(self) -> tuple[int, ...]:
        """The different faces."""
        return tuple(sorted({face for face, _ in self.pairs}))


@dataclass(frozen=True, eq=False)
class Solution:
    """All local minima of one support: every fit of the targets on it has residual ``error`` and sum of squares ``sse``.

    ``rank`` is that of the columns of the fit, of the output bias too. ``unique`` says whether the vectors output weight times
    weights, one for each pair of the support, have only one value. ``zeros`` are the faces on which neurons of output weight 0
    may lie besides, ``cells`` is how many of all faces are cells.

    For rounded data ``margin`` says by which factor the closest decision is clear of round-off, ``decided`` whether that is
    enough (if not, these may not be local minima), and ``unclear`` are faces that might belong to ``zeros``.
    """

    support: Support
    sse: Number
    error: Shaped[np.ndarray, " n"]
    rank: int
    unique: bool
    zeros: tuple[int, ...]
    cells: int
    unclear: tuple[int, ...] = ()
    decided: bool = True
    margin: float | None = None


def candidates(faces: int, hidden: int) -> int:
    """Return how many sets of faces there are to visit.

    >>> candidates(9, 2)
    46
    """
    return sum(comb(faces, size) for size in range(min(faces, hidden) + 1))


def pieces(patterns: Patterns, hidden: int) -> Iterator[Item]:
    """Yield all sets of at most ``hidden`` faces as pieces of work, small ones first."""
    length = _FIRST
    for size in range(min(len(patterns), hidden) + 1):
        start, total = 0, comb(len(patterns), size)
        while start < total:
            stop = min(start + length, total)
            yield size, start, stop
            start, length = stop, min(2 * length, _LARGEST)


def tuples(item: Item, faces: int) -> Int64[np.ndarray, "count size"]:
    """Return the sets of faces of a piece, each in increasing order: those without high faces come first.

    >>> tuples((2, 0, 4), 5).tolist()
    [[0, 1], [0, 2], [1, 2], [0, 3]]
    """
    size, start, stop = item
    rest = np.arange(start, stop, dtype=np.int64)
    found = np.empty((stop - start, size), dtype=np.int64)
    for place in range(size, 0, -1):
        table = np.array([min(comb(face, place), stop) for face in range(faces + 1)], dtype=np.int64)
        found[:, place - 1] = np.searchsorted(table, rest, side="right") - 1
        rest = rest - table[found[:, place - 1]]
    return found


def stratum_count(solution: Solution, hidden: int, differentiable: bool | None = None) -> int:
    """Return how many strata have this support: all of them, those of cells only, or the others."""
    cells = solution.cells
    size, zeros = len(solution.support.pairs), len(solution.zeros)
    total = multisets(size, zeros, hidden)
    if differentiable is None:
        return total
    smooth = 0
    if all(face < cells for face, _ in solution.support.pairs):
        smooth = multisets(size, sum(face < cells for face in solution.zeros), hidden)
    return smooth if differentiable else total - smooth


def multisets(size: int, zeros: int, hidden: int) -> int:
    """Count multisets of ``hidden`` neurons with each of ``size`` pairs at least once and any of ``zeros`` faces."""
    found = 0
    for taken in range(size, hidden + 1):
        ways = comb(taken - 1, size - 1) if size else int(taken == 0)
        rest = hidden - taken
        found += ways * (comb(zeros + rest - 1, rest) if rest else 1)
    return found


def spots(solution: Solution, hidden: int) -> Iterator[Spots]:
    """Yield the strata of a solution: one face with the sign of the output weight for each neuron."""
    pairs = solution.support.pairs
    for taken in range(len(pairs), hidden + 1):
        idle = combinations_with_replacement(solution.zeros, hidden - taken)
        for extra, zeros in product(repeats(len(pairs), taken), idle):
            neurons = [pair for pair, count in zip(pairs, extra, strict=True) for _ in range(count)]
            yield tuple(sorted(neurons + [(face, 0) for face in zeros]))


def repeats(size: int, total: int) -> Iterator[tuple[int, ...]]:
    """Yield the ways to write ``total`` as a sum of ``size`` positive numbers."""
    if not size:
        yield from [()] * (total == 0)
        return
    for cuts in combinations(range(1, total), size - 1):
        yield tuple(b - a for a, b in pairwise((0, *cuts, total)))
