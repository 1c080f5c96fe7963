"""Large quadratics: their second moments, kept up to date as neurons change sides, and steps from a Cholesky factor."""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.relu._problem import Problem
from theodolite.relu._station import Station

__all__ = ["Gram", "solved"]

_CHUNK = 2**22
"""Numbers of the matrix of columns that are written out at a time."""

_RIDGE = 1e-12
"""Relative to the diagonal; repeated steps take its effect away."""


class Gram:
    """B' B for the columns B of all weights and the output bias, whatever is held, in floating point."""

    def __init__(self, problem: Problem, neurons: int) -> None:
        self._problem = problem
        self._sides = np.zeros((problem.samples, neurons))
        self._size = neurons * problem.width
        self.matrix = np.zeros((self._size + 1, self._size + 1))
        self.matrix[-1, -1] = problem.samples

    def step(self, station: Station) -> Array:
        """Return changes of all weights, row after row, and of the output bias, towards the minimiser on the station's face.

        A small ridge makes them unique; it shortens the step where the quadratic is nearly flat.
        """
        problem = self._problem
        self._follow(station.slopes(station.before) * station.outer)
        pull = np.append((problem.inputs.T @ (self._sides * station.error[:, None])).T, station.error.sum())
        return self.towards(station.outer, list(station.bases), pull)

    def towards(self, outer: Array, bases: list[Array | None], pull: Array) -> Array:
        """Return the same for a gradient ``pull`` and faces spanned by ``bases``."""
        matrix, pull, places = self._restricted(outer, bases, pull)
        scale = np.sqrt(np.diag(matrix))
        kept = np.flatnonzero(scale > 0)
        scale = scale[kept]
        matrix = matrix[np.ix_(kept, kept)] / scale / scale[:, None]
        target = -pull[kept] / scale
        found = solved(matrix, target)
        inner = np.zeros(len(pull))
        inner[kept] = found / scale
        out = np.zeros(self._size + 1)
        for outside, inside, basis in places:
            out[outside] = inner[inside] if basis is None else basis @ inner[inside]
        return out

    def _restricted(
        self, outer: Array, spans: list[Array | None], pull: Array
    ) -> tuple[Array, Array, list[tuple[slice, slice, Array | None]]]:
        """Return moments and gradient in the coordinates of what the kinks leave free, and where these come from."""
        width, matrix = self._problem.width, self.matrix
        bases: list[tuple[slice, slice, Array | None]] = []
        at = 0
        for j, basis in enumerate(spans):
            size = 0 if not outer[j] else width if basis is None else basis.shape[1]
            bases.append(
                (slice(j * width, (j + 1) * width), slice(at, at + size), basis if size else np.zeros((width, 0)))
            )
            at += size
        if self._problem.offset:
            bases.append((slice(self._size, self._size + 1), slice(at, at + 1), None))
            at += 1
        half = np.empty((len(matrix), at))
        for outside, inside, basis in bases:
            half[:, inside] = matrix[:, outside] if basis is None else matrix[:, outside] @ basis
        out, slope = np.empty((at, at)), np.empty(at)
        for outside, inside, basis in bases:
            out[inside] = half[outside] if basis is None else basis.T @ half[outside]
            slope[inside] = pull[outside] if basis is None else basis.T @ pull[outside]
        return out, slope, bases

    def _follow(self, sides: Array) -> None:
        """Bring the moments up to date with the slopes of the neurons on the samples, times their output weights."""
        changed = sides != self._sides
        if np.count_nonzero(changed) > 0.05 * changed.size:
            self._sides = sides
            self._anew()
            return
        for j in np.flatnonzero(changed.any(axis=0)):
            for rows in self._chunks(np.flatnonzero(changed[:, j])):
                inputs, both = self._problem.inputs[rows], self._sides[rows].copy()
                both[:, j] += sides[rows, j]
                turned = inputs * (sides[rows, j] - self._sides[rows, j])[:, None]
                place = slice(j * inputs.shape[1], (j + 1) * inputs.shape[1])
                self.matrix[place, :-1] += turned.T @ _columns(inputs, both)
                self.matrix[place, -1] += turned.sum(axis=0)
            self.matrix[:, place] = self.matrix[place].T
            self._sides[:, j] = sides[:, j]

    def _anew(self) -> None:
        self.matrix[:] = 0
        for rows in self._chunks(np.arange(self._problem.samples)):
            columns = _columns(self._problem.inputs[rows], self._sides[rows])
            self.matrix[:-1, :-1] += columns.T @ columns
            self.matrix[:-1, -1] += columns.sum(axis=0)
        self.matrix[-1, :-1] = self.matrix[:-1, -1]
        self.matrix[-1, -1] = self._problem.samples

    def _chunks(self, rows: Array) -> list[Array]:
        return np.array_split(rows, max(1, -(-len(rows) * self._size // _CHUNK)))


def _columns(inputs: Array, sides: Array) -> Array:
    return np.asarray((sides[:, :, None] * inputs[:, None, :]).reshape(len(inputs), -1))


def solved(matrix: Array, target: Array) -> Array:
    """Return a solution of ``matrix @ x = target``, refined: the ridge fades where the matrix is not nearly singular."""
    from scipy.linalg import LinAlgError, cho_factor, cho_solve

    ridge = _RIDGE * len(matrix)
    while True:
        try:
            factor = cho_factor(matrix + ridge * np.eye(len(matrix)), lower=True, check_finite=False)
            break
        except LinAlgError:
            ridge *= 100
    found = np.zeros(len(target))
    for _ in range(3):
        found += cho_solve(factor, target - matrix @ found, check_finite=False)
    return found
