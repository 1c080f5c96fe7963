"""The nearest minimum of the sum of squares among the points with given signs: a linear least squares problem of least norm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from theodolite._typing import Array
from theodolite.relu._inertia import slopes_of
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._reading import Reading, blocks, read

__all__ = ["correct", "kept"]

_MOST_DENSE = 20_000_000
_MOST_PRODUCTS = 400_000_000_000
_ROUNDS = 4
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class _Frame:
    """Coordinates of the weights that may move: for each neuron a basis of what keeps its kinks, scaled to its own size."""

    neurons: list[int]
    bases: list[Float[np.ndarray, "d _"]]
    starts: Array

    @property
    def size(self) -> int:
        return int(self.starts[-1])


def correct(problem: Problem, point: Point, reading: Reading, threshold: float) -> tuple[Point, float] | None:
    """Return the corrected point and how far its outputs are from those of ``point``; None where that is too much work.

    Output weights stay. Kinks are kept: weights are first made orthogonal to the rows on which their neuron is 0.
    """
    frame, start = _frame(problem, point, reading)
    columns = frame.size + int(problem.offset)
    before = read(problem, point, threshold).error
    moved = start
    solver = _solver(problem, reading, frame, start) if columns else None
    if columns and solver is None:
        return None
    if solver is None:
        return start, float(np.linalg.norm(read(problem, start, threshold).error - before))
    for _ in range(_ROUNDS):
        now = read(problem, moved, threshold)
        step = solver.solve(-now.error)
        weights = moved.weights.copy()
        for k, neuron in enumerate(frame.neurons):
            weights[neuron] += frame.bases[k] @ step[frame.starts[k] : frame.starts[k + 1]]
        further = Point(weights, moved.outer, moved.offset + (step[-1] if problem.offset else 0.0))
        change = read(problem, further, threshold).error - now.error
        moved = further
        if np.linalg.norm(change) <= 4 * _EPSILON * np.linalg.norm(now.terms):
            break
    return moved, float(np.linalg.norm(read(problem, moved, threshold).error - before))


def _frame(problem: Problem, point: Point, reading: Reading) -> tuple[_Frame, Point]:
    columns = problem.column_sizes
    neurons, bases, starts = [], [], [0]
    weights = point.weights.copy()
    typical = float(np.abs(weights * columns).max(initial=0.0)) or 1.0
    for neuron in range(len(weights)):
        scaled = weights[neuron] * columns
        size = float(np.abs(scaled).max(initial=0.0)) or typical
        basis = kept(problem, reading.signs[:, neuron], columns)
        if basis.shape[1] < problem.width:
            weights[neuron] = (basis @ (basis.T @ scaled)) / columns
        if point.outer[neuron] != 0 and basis.shape[1]:
            neurons.append(neuron)
            bases.append(size * basis / columns[:, None])
            starts.append(starts[-1] + basis.shape[1])
    return _Frame(neurons, bases, np.array(starts)), Point(weights, point.outer, point.offset)


def kept(problem: Problem, signs: Array, columns: Array) -> Float[np.ndarray, "d _"]:
    """Return an orthonormal basis, with columns in the given units, of the weights that keep a neuron at its kinks."""
    rows = np.flatnonzero((signs == 0) & (problem.lines.line >= 0))
    if not len(rows):
        return np.eye(problem.width)
    lines = problem.lines.direction[np.unique(problem.lines.line[rows])] / columns
    lines = lines / np.linalg.norm(lines, axis=1, keepdims=True)
    if len(lines) > problem.width:
        lines = np.linalg.qr(lines, mode="r")
    _, values, right = np.linalg.svd(lines, full_matrices=True)
    return right[int((values > 10 * max(len(rows), problem.width) * _EPSILON * values[0]).sum()) :].T


@dataclass(frozen=True, eq=False)
class _Solver:
    """Solutions of least norm of least squares problems with the matrix B of ``parts``, up to a refinement that follows.

    ``inverse`` is the pseudo-inverse of B^T B, or of B B^T where B has more columns than rows.
    """

    parts: Callable[[], Iterator[Array]]
    inverse: Float[np.ndarray, "k k"]
    wide: bool

    def solve(self, target: Array) -> Array:
        """Return x of least norm with B x nearest to ``target``."""
        return self._pull(self.inverse @ target) if self.wide else np.asarray(self.inverse @ self._pull(target))

    def _pull(self, values: Array) -> Array:
        start, total = 0, np.zeros(0)
        for part in self.parts():
            share = part.T @ values[start : start + len(part)]
            total = total + share if start else share
            start += len(part)
        return total


def _solver(problem: Problem, reading: Reading, frame: _Frame, point: Point) -> _Solver | None:
    """Return the solver, from a QR decomposition where the matrix fits, else from B^T B; None where that is too much work."""
    n, columns = problem.samples, frame.size + int(problem.offset)
    small = min(n, columns)
    parts = partial(_blocks, problem, reading, frame, point, columns)
    if n * columns <= _MOST_DENSE and n * columns * small <= _MOST_PRODUCTS:
        matrix = np.concatenate(list(parts()), axis=0)
        triangle = np.linalg.qr(matrix if n >= columns else matrix.T, mode="r")
        _, values, right = np.linalg.svd(triangle)
        kept = values > 10 * max(n, columns) * _EPSILON * float(values[0])
        scaled = right[: len(values)][kept] / values[kept][:, None]
        whole = matrix
        return _Solver(lambda: iter([whole]), scaled.T @ scaled, n < columns)
    if n * columns * columns > _MOST_PRODUCTS:
        return None
    gram = np.zeros((columns, columns))
    for part in parts():
        gram += part.T @ part
    values, vectors = np.linalg.eigh(gram)
    kept = values > 10 * columns * _EPSILON * max(float(values[-1]), 1e-300)
    return _Solver(parts, (vectors[:, kept] / values[kept]) @ vectors[:, kept].T, False)


def _blocks(problem: Problem, reading: Reading, frame: _Frame, point: Point, columns: int) -> Iterator[Array]:
    """Yield the derivatives of the outputs by the coordinates of the frame, block by block of rows."""
    for rows in blocks(problem, columns):
        inputs = problem.inputs[rows]
        part = np.empty((len(inputs), columns))
        slopes = slopes_of(problem, reading.signs[rows][:, frame.neurons]) * point.outer[frame.neurons]
        for k, basis in enumerate(frame.bases):
            part[:, frame.starts[k] : frame.starts[k + 1]] = slopes[:, k, None] * (inputs @ basis)
        if problem.offset:
            part[:, -1] = 1.0
        yield part
