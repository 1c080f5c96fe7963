"""Sets of faces that floating point alone can rule out: most of them, before anything is decided in rationals.

A set is ruled out only where a deciding number is beyond ``MARGIN`` on the wrong side, in units in which it would be at most
about 1: a slope of S along a unit direction over the length of y, or x_i . w for unit rows over the size of the coefficients.
Orthogonal columns are formed twice over, and columns within ``CLEAR`` of dependence are not trusted at all; so round-off
stays more than a factor of 1000 below the margin.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpz_mat
from jaxtyping import Bool, Float64, Int64

from theodolite._typing import Array
from theodolite.relu._closeness import length
from theodolite.relu._forms import Forms
from theodolite.relu._problem import Problem

__all__ = ["Screen", "screen_margin"]

CLEAR = 1e-4
"""Unit columns further than this from the span of others count as independent of them."""

DEPENDENT = 1e-11
"""Unit columns nearer than this to the span of others count as dependent on them; between the two, rationals decide."""

MARGIN = 1e-7
"""Numbers beyond this have the sign that floats give them."""


_PER_SAMPLE = 4e5
"""With rounded data the margin is at least this times samples and round-off: decisions there must be clear too."""


def screen_margin(problem: Problem) -> float:
    """Return the margin for this data."""
    return MARGIN if problem.exact else max(MARGIN, min(_PER_SAMPLE * problem.samples * problem.epsilon, 1.0))


@dataclass(frozen=True, eq=False)
class Screen:
    """Unit columns, slopes and signs of all faces as floats."""

    forms: Forms
    hidden: int
    margin: float

    @cached_property
    def _targets(self) -> Float64[np.ndarray, " n"]:
        """y over its length (0 where y is 0)."""
        y = np.array(self.forms.targets, dtype=object)
        floats = _floats(y[None])[0]
        length = float(np.linalg.norm(floats))
        return np.asarray(floats / length if length else floats)

    @cached_property
    def _blocks(self) -> tuple[Array, Array, Array, Array, Array]:
        """Orthonormal columns (F, width, n), how many, whether trustworthy, and sign tests of their coefficients with places."""
        forms = self.forms
        count, width, n = len(forms.patterns), forms.patterns.problem.width, len(forms.targets)
        columns, ranks, clear = (
            np.zeros((count, width, n)),
            np.zeros(count, dtype=np.int64),
            np.zeros(count, dtype=np.int64),
        )
        tests, places = [np.zeros((0, width))], [0]
        for face in range(count):
            block = _units(forms.columns(face), n)
            orthonormal, triangle = np.linalg.qr(block.T)
            diagonal = np.abs(np.diagonal(triangle))
            size = len(block)
            rows = np.zeros((0, width))
            if size and (size > n or diagonal.min() < CLEAR):
                # What the columns span is known if they are clearly dependent; which coefficients, is not.
                left, values, _ = np.linalg.svd(block.T, full_matrices=False)
                size = int((values > DEPENDENT).sum())
                orthonormal = left[:, :size]
                clear[face] = 1 if not size or values[size - 1] > CLEAR else 2
            elif size:
                lengths = _lengths(forms.columns(face))
                images = _floats(np.array(forms.inside(face), dtype=object).reshape(-1, size)) / lengths
                solved = np.linalg.solve(triangle.T, images.T).T
                rows = np.zeros((len(solved), width))
                rows[:, :size] = solved / np.linalg.norm(solved, axis=1, keepdims=True)
            columns[face, :size], ranks[face] = orthonormal[:, :size].T, size
            tests.append(rows)
            places.append(places[-1] + len(rows))
        return columns, ranks, clear, np.concatenate(tests), np.array(places)

    @cached_property
    def _slopes(self) -> tuple[Array, Array]:
        """Rows of ``Forms.one_sided``, with places."""
        forms = self.forms
        return self._stack([forms.one_sided(face) if face >= forms.patterns.cells else None for face in self._faces])

    @cached_property
    def _vanishing(self) -> tuple[Array, Array]:
        """Rows of ``Forms.vanishing``, with places."""
        return self._stack([self.forms.vanishing(face) for face in self._faces])

    @cached_property
    def _along_rays(self) -> tuple[Array, Array]:
        """Rows of ``Forms.along_rays``, with places."""
        return self._stack([self.forms.along_rays(cell) for cell in range(self.forms.patterns.cells)])

    @property
    def _faces(self) -> range:
        return range(len(self.forms.patterns))

    def _stack(self, matrices: list[fmpz_mat | None]) -> tuple[Array, Array]:
        """Return rows of integer matrices with length 1, and where those of each matrix begin."""
        n = len(self.forms.targets)
        rows, places = [np.zeros((0, n))], [0]
        for matrix in matrices:
            found = [] if matrix is None else [[int(entry) for entry in row] for row in matrix.tolist()]
            rows.append(_units(found, n))
            places.append(places[-1] + len(found))
        return np.concatenate(rows), np.array(places)

    def kept(self, sets: Int64[np.ndarray, "count size"]) -> Bool[np.ndarray, " count"]:
        """Return which sets of faces may hold local minima."""
        if not sets.shape[1]:
            return np.ones(len(sets), dtype=bool)
        from theodolite.relu._screen_kernel import screen

        out = np.zeros(len(sets), dtype=np.bool_)
        constant = bool(self.forms.constant)
        screen(
            sets, *self._blocks, *self._slopes, self._targets, constant, self.hidden, CLEAR, DEPENDENT, self.margin, out
        )
        return out

    def possible_zeros(self, error: Array, unit: int) -> Array:
        """Return the faces of possible neurons of output weight 0, for a residual in integers over ``unit``: a few too many."""
        rows, places = self._vanishing
        values = np.abs(rows @ self._shares(error, unit))
        return np.flatnonzero(np.maximum.reduceat(values, places[:-1]) < self.margin)

    def _shares(self, error: Array, unit: int) -> Array:
        """Return a residual in units of the length of y."""
        size = length(self.forms.targets) * unit
        return np.array([entry / size for entry in error])

    def possibly_level(self, error: Array, unit: int) -> Array:
        """Return the cells with weights w and w . X'D e = 0, for such a residual: a few too many."""
        rows, places = self._along_rays
        if not len(rows):
            return np.arange(0)
        values = rows @ self._shares(error, unit)
        low, high = (bound.reduceat(values, places[:-1]) for bound in (np.minimum, np.maximum))
        return np.flatnonzero((low < self.margin) & (high > -self.margin))


def _floats(matrix: Array) -> Array:
    """Return integers of any size as floats, over the largest of them."""
    largest = max((abs(entry) for entry in matrix.flat), default=0)
    return np.array([entry / largest for entry in matrix.flat] if largest else [0.0] * matrix.size).reshape(
        matrix.shape
    )


def _lengths(rows: list[list[int]]) -> Array:
    """Return the lengths of integer rows, over the largest entry of all (1 for rows of zeros)."""
    floats = _floats(np.array(rows, dtype=object).reshape(len(rows), -1))
    found = np.linalg.norm(floats, axis=1)
    return np.where(found == 0, 1.0, found)


def _units(rows: list[list[int]], n: int) -> Array:
    """Return integer rows over their lengths; rows of zeros stay."""
    found = np.zeros((len(rows), n))
    for place, row in enumerate(rows):
        largest = max(map(abs, row), default=0)
        if largest:
            floats = np.array([entry / largest for entry in row])
            found[place] = floats / np.linalg.norm(floats)
    return found
