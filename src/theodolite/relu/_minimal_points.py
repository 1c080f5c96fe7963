r"""Local minima that exist for almost any data, in closed form.

Two neurons in one cell with output weights of opposite sign can realise any linear function on it: with weights
:math:`R + q` and :math:`q`, q deep in the cell a, they attain its least squares value :math:`S_a = \min_R |D_a X R - y|^2`, which
is a minimum. One neuron can be dead everywhere (slope 0), linear everywhere (with both biases), or 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from theodolite._typing import Array
from theodolite.relu._conditions import neuron_condition
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._quadratic import least_squares

__all__ = ["Minimum", "minima"]

_CELLS = 24
"""Cells that are tried for two neurons."""


@dataclass(frozen=True, eq=False)
class Minimum:
    """A local minimum by construction, its sum of squares, and how it is built."""

    point: Point
    sse: Number
    words: str


def minima(problem: Problem) -> Iterator[Minimum]:
    """Yield constructed local minima."""
    one_side = _one_side(problem)
    if problem.hidden >= 2:
        for inner in _inside(problem, one_side):
            yield _doubled(problem, inner)
    if one_side is not None and problem.slope == 0:
        yield _constant(problem, -one_side, 1, "all neurons dead")
    if one_side is not None and problem.hidden == 1 and problem.offset and _has_constant(problem):
        yield _straight(problem, one_side)
    for outer in (1, -1):
        error = _centre(problem) - problem.targets
        signs = np.zeros(problem.samples, dtype=np.int8)
        if neuron_condition(problem, error, signs, outer).holds:
            sign = "positive" if outer > 0 else "negative"
            yield _constant(problem, problem.zeros(problem.width), outer, f"all weights 0, output weights {sign}")


def _inside(problem: Problem, one_side: Array | None) -> list[Array]:
    """Return weights inside cells, one for each of some cells: those on which all samples lie on one side, and random ones."""
    source = np.random.default_rng(0)
    reach = np.exp2(-np.frexp(np.abs(problem.as_float.inputs).max(axis=0))[1])
    draws = [problem.array(source.integers(-99, 100, problem.width) * reach) for _ in range(_CELLS)]
    ends = [] if one_side is None else [one_side, -one_side]
    found: dict[bytes, Array] = {}
    for weights in [*ends, *draws]:
        values = problem.product(problem.lines.direction, weights[:, None])[:, 0]
        sizes = 0 if problem.exact else 1e-6 * np.linalg.norm(problem.lines.direction, axis=1) * np.linalg.norm(weights)
        if (np.abs(values) > sizes).all():
            found.setdefault(np.asarray(values > 0, dtype=bool).tobytes(), weights)
    return list(found.values())


def _doubled(problem: Problem, inner: Array) -> Minimum:
    values = problem.product(problem.inputs, inner[:, None])
    number = problem.number
    sides = np.where(values > 0, number(1), np.where(values < 0, number(problem.slope), number(0)))
    columns = sides * problem.inputs
    solution, offset, sse = _fit(problem, columns)
    present = problem.lines.line >= 0
    wanted = np.abs(problem.product(problem.inputs, solution[:, None]))[present, 0]
    deep = 1 + 2 * max((a / b for a, b in zip(wanted, np.abs(values[present, 0]), strict=True)), default=number(0))
    weights = np.stack([solution + deep * inner, deep * inner] + [inner] * (problem.hidden - 2))
    outer = problem.array(np.array([1, -1] + [0] * (problem.hidden - 2)))
    words = "two neurons of opposite signs in one cell, the others switched off in it"
    return Minimum(Point(weights, outer, offset), sse, words)


def _straight(problem: Problem, one_side: Array) -> Minimum:
    """One neuron that is positive on all samples, and c: the best affine function."""
    solution, offset, sse = _fit(problem, problem.inputs)
    ratios = problem.product(problem.inputs, solution[:, None])[:, 0]
    lift = np.zeros(problem.width, dtype=np.int64)
    lift[-1] = 1
    height = 1 + 2 * max(abs(ratio) for ratio in ratios)
    weights = solution + height * problem.array(lift)
    point = Point(weights[None, :], problem.array(np.array([1])), offset - height)
    return Minimum(point, sse, "the best affine function")


def _constant(problem: Problem, weights: Array, outer: int, words: str) -> Minimum:
    offset = _centre(problem)
    rest = problem.targets - offset
    h = problem.hidden
    return Minimum(Point(np.stack([weights] * h), problem.array(np.array([outer] * h)), offset), rest @ rest, words)


def _fit(problem: Problem, columns: Array) -> tuple[Array, Number, Number]:
    """Return weights, output bias and sum of squares of the least squares fit."""
    one = np.full((problem.samples, int(problem.offset)), problem.number(1), dtype=columns.dtype)
    matrix = np.concatenate([columns, one], axis=1)
    found = least_squares(matrix, problem.targets)
    rest = problem.product(matrix, found[:, None])[:, 0] - problem.targets
    return found[: problem.width], found[-1] if problem.offset else problem.number(0), rest @ rest


def _centre(problem: Problem) -> Number:
    return problem.targets.sum() / problem.number(problem.samples) if problem.offset else problem.number(0)


def _has_constant(problem: Problem) -> bool:
    return bool((problem.inputs[:, -1] == 1).all())


def _one_side(problem: Problem) -> Array | None:
    """Return weights that are positive on all samples but zero rows; None where there are none, or hardly any."""
    directions = problem.lines.direction
    signs = problem.lines.coefficient[problem.lines.line >= 0] > 0
    if not len(directions) or not signs.all():
        return None
    if _has_constant(problem):
        return problem.array(np.eye(problem.width, dtype=np.int64)[-1])
    from scipy.optimize import linprog

    rows = problem.as_float.lines.direction
    units = rows / np.linalg.norm(rows, axis=1)[:, None]
    bounds = [(-1.0, 1.0)] * problem.width + [(0.0, 1.0)]
    cost = np.append(np.zeros(problem.width), -1.0)
    found = linprog(cost, np.hstack([-units, np.ones((len(units), 1))]), np.zeros(len(units)), bounds=bounds)
    if found.x is None or found.x[-1] < 1e-7:
        return None
    weights = problem.array(found.x[:-1])
    return weights if (problem.product(directions, weights[:, None]) > 0).all() else None
