r"""In-cell minima: on each joint cell the loss is a convex quadratic, whose minimum lies in the cell (is *genuine*) or does not.

On the cells a_1, ..., a_h the network is :math:`\sum_j D_{a_j} X r_j + c` with r_j = v_j w_j in the cone of a_j or its negative,
or zero. The fit depends on the sums R_a of the r_j that share a pattern only, so one least squares problem serves all multisets
with the same set of patterns. Two neurons in one cell make R_a free (a cone minus itself is the whole space): only patterns
that occur once constrain it. Dead patterns (slope 0, no row of sign +) add nothing. With a slope the all-plus and the all-minus
cell share their column space and count as one, linear, pattern; it is free already when it occurs once where there is an
output bias and some column of X is constant, since constants can be moved between the two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations_with_replacement

import numpy as np
from jaxtyping import Int8, Shaped

from theodolite._typing import Array
from theodolite.relu._cell_fits import Fit, fit
from theodolite.relu._inside import Cone, meets
from theodolite.relu._patterns import Patterns, patterns
from theodolite.relu._problem import Number, Problem

__all__ = ["InCellMinimum", "in_cell_minima"]

_KEPT = 2**16


@dataclass(frozen=True, eq=False)
class InCellMinimum:
    """The minimum of the quadratic of one joint cell.

    ``cells`` are places in the list of cells, in increasing order, ``signs`` (hidden, n) what the neurons have on the samples.
    ``sse`` is S of the quadratic's minimum and ``rank`` that of its columns. ``unique`` says whether the r_j = v_j w_j are
    determined; then ``weights`` (hidden, d) are they and ``offset`` is the output bias. ``genuine`` says whether
    some minimiser lies in the joint cell; then it is a local minimum of the loss. It is ``None`` where floats are too close
    to call; ``margin`` is the factor by which the deciding number clears its tolerance, ``None`` where nothing had to be decided.
    """

    cells: tuple[int, ...]
    signs: Int8[np.ndarray, "h n"]
    sse: Number
    rank: int
    unique: bool
    genuine: bool | None
    margin: float | None
    weights: Shaped[np.ndarray, "h d"] | None
    offset: Number | None


def in_cell_minima(problem: Problem, found: Patterns | None = None) -> Iterator[InCellMinimum]:
    """Yield the in-cell minimum of every multiset of ``hidden`` cells, in lexicographic order of the cells."""
    cells = patterns(problem, boundary=False) if found is None else found
    groups = _Groups(cells)
    for chosen in combinations_with_replacement(range(cells.cells), problem.hidden):
        yield groups.minimum(chosen)


class _Groups:
    """The cells of a problem by the pattern that they share, and the fits of sets of patterns."""

    def __init__(self, found: Patterns) -> None:
        problem = found.problem
        self.found, self.problem = found, problem
        signs = found.signs[: found.cells]
        minus, plus = (signs <= 0).all(axis=1), (signs >= 0).all(axis=1)
        self.linear = int(np.flatnonzero(plus)[0]) if plus.any() else -1
        self.pattern = np.arange(found.cells)
        self.pattern[minus] = -1 if problem.slope == 0 or not problem.lines.count else self.linear
        rows = problem.inputs
        constant = (rows == rows[:1]).all(axis=0) & (rows[:1] != 0).any(axis=0)
        self.shifts = problem.offset and bool(constant.any())
        self.solved = lru_cache(maxsize=_KEPT)(self._solve)

    def _solve(self, chosen: tuple[int, ...]) -> Fit:
        return fit(self.problem, [self.found.columns(cell) for cell in chosen])

    def minimum(self, cells: tuple[int, ...]) -> InCellMinimum:
        """Return the record of one multiset."""
        times = Counter(int(self.pattern[cell]) for cell in cells)
        times.pop(-1, None)
        chosen = tuple(sorted(times))
        solution = self.solved(chosen)
        d, problem = self.problem.width, self.problem
        unique = len(chosen) == len(cells) and solution.unique
        bound = [
            (k, cell) for k, cell in enumerate(chosen) if times[cell] == 1 and not (self.shifts and cell == self.linear)
        ]
        cones = [self._cone(k, cell) for k, cell in bound]
        genuine, margin = meets(problem, solution, cones)
        if not solution.clear:
            genuine = None
        weights = offset = None
        if unique:
            weights = solution.base[: len(cells) * d].reshape(len(cells), d)
            weights = self._apart(weights[[chosen.index(self.pattern[cell]) for cell in cells]], cells)
            offset = solution.base[-1] if problem.offset else None
        return InCellMinimum(
            cells,
            self.found.signs[list(cells)],
            solution.sse,
            solution.rank,
            unique,
            genuine,
            margin,
            weights,
            offset,
        )

    def _cone(self, place: int, cell: int) -> Cone:
        d, rows = self.problem.width, self.found.tested(cell)
        return Cone(slice(place * d, (place + 1) * d), self.unit[rows] * self.found.signs[cell][rows, None])

    @cached_property
    def unit(self) -> Array:
        """The rows, of norm 1 in floats: of signs only the row's direction decides."""
        rows = self.problem.inputs
        if self.problem.exact:
            return rows
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(norms > 0, norms, 1)

    def _apart(self, weights: Array, cells: tuple[int, ...]) -> Array:
        """Turn R of the linear pattern into r of the cell: the all-minus cell has it times the slope."""
        minus = [self.pattern[cell] != cell for cell in cells]
        return np.where(np.array(minus)[:, None], weights / self.problem.number(self.problem.slope or 1), weights)
