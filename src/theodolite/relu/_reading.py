"""What floats and rationals share when a point is read: signs, errors, the sizes of their terms, in blocks of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int8, Shaped

from theodolite._errors import DataError
from theodolite._typing import Parameters
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem

__all__ = ["NOISE", "Reading", "Shown", "blocks", "check_finite", "read", "sse_change", "still", "value_noise"]

NOISE = 64 * float(np.finfo(np.float64).eps)
"""Round-off of an output, relative to the sizes of its terms."""

_BLOCK = 2_000_000
"""Entries of (rows, neurons) that are handled at once."""

Shown: TypeAlias = Callable[[Point, Problem], Parameters]
"""Turns a point into the parameters that users see."""


@dataclass(frozen=True, eq=False)
class Reading:
    """Signs of x_i . w_j (n, h), errors (n,), and the sum of the sizes of the terms of each error (n,)."""

    signs: Int8[np.ndarray, "n h"]
    error: Shaped[np.ndarray, " n"]
    terms: Float[np.ndarray, " n"]

    @property
    def sse(self) -> Number:
        """S."""
        return (self.error * self.error).sum()


def blocks(problem: Problem, width: int) -> Iterator[slice]:
    """Yield slices of rows, each small enough for (rows, width) arrays."""
    size = max(1, _BLOCK // max(width, 1))
    for start in range(0, problem.samples, size):
        yield slice(start, min(start + size, problem.samples))


def read(problem: Problem, point: Point, threshold: float) -> Reading:
    """Return the reading; for floats x_i . w_j counts as 0 up to ``threshold`` times the sizes of row and weights."""
    n, h = problem.samples, len(point.weights)
    signs = np.empty((n, h), dtype=np.int8)
    error, terms = problem.zeros(n), np.zeros(n)
    norms = np.zeros(h) if problem.exact else (np.abs(point.weights) * problem.column_sizes).max(axis=1, initial=0.0)
    for rows in blocks(problem, h):
        inputs = problem.inputs[rows]
        before = problem.product(inputs, point.weights.T)
        if problem.exact:
            signs[rows] = (before > 0).astype(np.int8) - (before < 0).astype(np.int8)
        else:
            sizes = np.abs(inputs) @ np.abs(point.weights.T)
            small = threshold * (np.abs(inputs) / problem.column_sizes).sum(axis=1, keepdims=True) * norms
            signs[rows] = np.where(np.abs(before) <= small, 0, np.sign(before)).astype(np.int8)
            terms[rows] = np.maximum(1.0, problem.slope) * sizes @ np.abs(point.outer)
            terms[rows] += abs(point.offset) + np.abs(problem.targets[rows])
            before = np.where(signs[rows] == 0, 0.0, before)
        after = problem.activate(before)
        error[rows] = problem.product(after, point.outer.reshape(-1, 1))[:, 0] + point.offset - problem.targets[rows]
    return Reading(signs, error, terms)


def still(problem: Problem, point: Point) -> Point:
    """Return the direction that moves nothing."""
    return Point(
        problem.zeros(*point.weights.shape),
        problem.zeros(*point.outer.shape),
        problem.zeros(*np.shape(point.offset))[()],
    )


def sse_change(problem: Problem, point: Point, direction: Point, step: Number = 1) -> Number:
    """Return S at ``step`` along ``direction`` minus S here, without subtracting large numbers that are nearly equal."""
    weights, outer = direction.weights * step, np.atleast_2d(direction.outer) * step
    turning, growing = (weights != 0).any(axis=1), (outer != 0).any(axis=0)
    old = np.atleast_2d(point.outer)
    targets = problem.targets.reshape(problem.samples, -1)
    total = problem.number(0)
    for rows in blocks(problem, len(point.weights)):
        inputs = problem.inputs[rows]
        before = problem.product(inputs, point.weights.T)
        after = problem.activate(before)
        error = problem.product(after, old.T) + point.offset - targets[rows]
        change = problem.product(after[:, growing], outer[:, growing].T) + direction.offset * step
        if turning.any():
            shift = problem.product(inputs, weights[turning].T)
            start = before[:, turning]
            there = start + shift
            slopes = np.asarray(np.where(start >= 0, problem.number(1), problem.slope))
            crossing = (start >= 0) != (there >= 0)
            turned = np.where(crossing, problem.activate(there) - after[:, turning], slopes * shift)
            change = change + problem.product(turned, (old + outer)[:, turning].T)
        total = total + (change * (2 * error + change)).sum()
    return total


def value_noise(problem: Problem, reading: Reading) -> Number:
    """Return a bound on the round-off of S."""
    if problem.exact:
        return problem.number(0)
    blur = NOISE * reading.terms
    return float((blur * (2 * np.abs(reading.error) + blur)).sum())


def check_finite(size: Number) -> None:
    """Refuse points whose loss is beyond floats."""
    if not np.isfinite(float(size)):
        raise DataError("The loss overflows", cause="some parameters are too large for floats", fix="Rescale them")
