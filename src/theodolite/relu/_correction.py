"""The nearest minimum of the sum of squares among the points with given signs: a linear least squares problem of least norm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    for _ in range(_ROUNDS):
        now = read(problem, moved, threshold)
        if columns == 0:
            break
        step = _solve(problem, reading, frame, moved, -now.error)
        if step is None:
            return None
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


def _solve(problem: Problem, reading: Reading, frame: _Frame, point: Point, target: Array) -> Array | None:
    n, columns = problem.samples, frame.size + int(problem.offset)
    small = min(n, columns)
    if n * columns <= _MOST_DENSE and n * columns * small <= _MOST_PRODUCTS:
        matrix = np.concatenate(list(_blocks(problem, reading, frame, point, columns)), axis=0)
        size = float(np.linalg.norm(target)) or 1.0
        found = np.linalg.lstsq(matrix, target / size, rcond=10 * max(n, columns) * _EPSILON)[0]
        return np.asarray(size * found)
    if n * columns * columns > _MOST_PRODUCTS:
        return None
    gram, right = np.zeros((columns, columns)), np.zeros(columns)
    start = 0
    for part in _blocks(problem, reading, frame, point, columns):
        gram += part.T @ part
        right += part.T @ target[start : start + len(part)]
        start += len(part)
    values, vectors = np.linalg.eigh(gram)
    kept = values > 10 * columns * _EPSILON * max(float(values[-1]), 1e-300)
    return np.asarray(vectors[:, kept] @ ((vectors[:, kept].T @ right) / values[kept]))


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
