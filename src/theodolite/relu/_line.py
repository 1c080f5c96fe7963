"""The first minimum of the sum of squares on a line along which weights and output bias move: piecewise quadratic, so exact."""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reading import sse_change

__all__ = ["line_minimum"]

_MOST_BREAKS = 2_000_000
"""With more possible kinks on the line than this, steps are tried instead of walking from kink to kink."""


def line_minimum(
    problem: Problem, point: Point, error: Array, direction: Point, signs: Array | None = None
) -> Number | None:
    """Return the first t > 0 at which S stops falling along ``direction``, or None where S does not fall at all.

    The output weights must not move. Each error is a piecewise linear function of t, so S is a quadratic between kinks. Where
    ``signs`` (n, h) are 0 the point is at a kink, whatever round-off says.
    """
    moving = np.flatnonzero((direction.weights != 0).any(axis=1) & (point.outer != 0))
    if problem.samples * max(len(moving), 1) > _MOST_BREAKS and not problem.exact:
        return _by_trial(problem, point, direction)
    before = problem.product(problem.inputs, point.weights[moving].T)
    if signs is not None:
        before = np.where(signs[:, moving] == 0, problem.number(0), before)
    across = problem.product(problem.inputs, direction.weights[moving].T)
    outer, gamma, one = point.outer[moving], problem.slope, problem.number(1)
    ahead = np.where(before == 0, across > 0, before > 0)
    slopes = (np.asarray(np.where(ahead, one, gamma)) * across * outer).sum(axis=1) + direction.offset
    rows, columns = np.nonzero((before != 0) & (across != 0) & ((before > 0) != (across > 0)))
    times = -before[rows, columns] / across[rows, columns]
    turns = outer[columns] * np.abs(across[rows, columns]) * (one - gamma)
    return _walk(problem, error, slopes, rows, times, turns)


def _walk(problem: Problem, error: Array, slopes: Array, rows: Array, times: Array, turns: Array) -> Number | None:
    """Go from kink to kink: at ``times`` the slope of the error in ``rows`` grows by ``turns``."""
    start, slopes = error.copy(), slopes.copy()
    linear, square = start @ slopes, slopes @ slopes
    if linear >= 0:
        return None
    for k in np.argsort(times, kind="stable"):
        row, time, turn = rows[k], times[k], turns[k]
        if linear + square * time >= 0:
            break
        before = start[row] * slopes[row], slopes[row] * slopes[row]
        start[row] -= turn * time
        slopes[row] += turn
        linear += start[row] * slopes[row] - before[0]
        square += slopes[row] * slopes[row] - before[1]
        if linear + square * time >= 0:
            return time
    return -linear / square if square > 0 else None


def _by_trial(problem: Problem, point: Point, direction: Point) -> float | None:
    """Return the best of steps that double and halve, from one that changes weights by a thousandth."""
    size = np.abs(point.weights).max(axis=1) / (np.abs(direction.weights).max(axis=1) + 1e-300)
    step = 1e-3 * float(size[(direction.weights != 0).any(axis=1)].max(initial=0.0)) or 1.0
    change = sse_change(problem, point, direction, step)
    while change >= 0 and step > 1e-200:
        step /= 8
        change = sse_change(problem, point, direction, step)
    if change >= 0:
        return None
    while (further := sse_change(problem, point, direction, 2 * step)) < change:
        step, change = 2 * step, further
    return step
