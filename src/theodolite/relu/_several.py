r"""Several outputs: the first-order conditions, which are necessary and not sufficient.

For a neuron with output weights :math:`z_j \in R^k` the derivative along v is the h of one output with the errors
:math:`e_i \cdot z_j`; besides, :math:`\sum_i s(w_j \cdot x_i)\, e_i = 0`, and :math:`\sum_i e_i = 0` with an output bias.
"""

from __future__ import annotations

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._typing import Array
from theodolite._verdict import Verdict
from theodolite.relu._conditions import CLEAR, Condition, decide
from theodolite.relu._one_sided import one_sided, rounding
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reading import Shown, check_finite, sse_change, still
from theodolite.relu._ways_out import Move, way_out

__all__ = ["several_outputs"]

_ROUNDING = 512
_NOISE = 64 * float(np.finfo(np.float64).eps)


def several_outputs(problem: Problem, point: Point, tolerance: float, shown: Shown, scope: str) -> Verdict:
    """Return a verdict: a global minimum where S = 0, not critical where the loss falls to first order, else undecided."""
    values = Evaluation(problem, point)
    with np.errstate(over="ignore", invalid="ignore"):
        sse = values.sse
    check_finite(sse)
    terms = _terms(problem, point, values)
    blur = _NOISE * terms
    noise = (
        0
        if problem.exact
        else float((blur * (2 * np.abs(values.residual).astype(np.float64).max(axis=1) + blur)).sum())
    )
    scaled = _scaled(problem, point, values)
    value = problem.scale * sse
    references = (cite("theodolite", "Local minima of ReLU networks, kinks included"),)
    method = Method.EXACT if problem.exact else Method.THEOREM
    if sse <= noise:
        check = Assumption("the loss is 0", None if problem.exact else noise / sse if sse else None)
        evidence = Evidence(method, references, (check,), f"{scope}: no loss is below 0")
        return Verdict(
            Kind.GLOBAL_MINIMUM, value, scaled, evidence, nearest=shown(point, problem), distance=0.0, gap=value
        )
    conditions = _conditions(problem, point, values, tolerance, terms)
    move, fall = _best(problem, point, values, conditions)
    limit = 0.0 if problem.exact else _ROUNDING * tolerance * float(np.linalg.norm(terms))
    clear = move is not None and (problem.exact or np.sqrt(float(fall)) > CLEAR * limit)
    direction = way_out(problem, point, move, shown, noise) if move is not None and clear else None
    checks = tuple(
        Assumption(f"neuron {j} {'fails' if c.holds is False else 'is undecided'}: {c.words}", c.margin)
        for j, c in enumerate(conditions)
        if not c.holds
    )
    if direction is not None:
        evidence = Evidence(method, references, checks, f"this point of {scope}")
        return Verdict(Kind.NOT_CRITICAL, value, scaled, evidence, escape=direction)
    words = (
        f"{scope} has {problem.outputs} outputs: first-order conditions are necessary there, and "
        f"{'they hold' if not checks else 'no clear descent was found'}, but no test is known that suffices"
    )
    return Verdict(Kind.UNDECIDED, value, scaled, Evidence(Method.NUMERIC, references, checks, words, complete=False))


def _terms(problem: Problem, point: Point, values: Evaluation) -> Array:
    """Return the largest sum of sizes of terms among the errors of each row."""
    if problem.exact:
        return np.zeros(problem.samples)
    sizes = np.abs(problem.inputs) @ np.abs(point.weights.T) * max(1.0, problem.slope)
    return np.asarray((sizes @ np.abs(point.outer.T) + np.abs(point.offset) + np.abs(problem.targets)).max(axis=1))


def _conditions(problem: Problem, point: Point, values: Evaluation, tolerance: float, terms: Array) -> list[Condition]:
    found = []
    sizes = np.zeros(values.before.shape)
    if not problem.exact:
        norms = (np.abs(point.weights) * problem.column_sizes).max(axis=1, initial=0.0)
        sizes = (
            (16 + problem.width)
            * tolerance
            * np.outer((np.abs(problem.inputs) / problem.column_sizes).sum(axis=1), norms)
        )
    pulled = problem.product(values.residual, point.outer)
    for j in range(len(point.weights)):
        before = values.before[:, j]
        near = np.abs(before) <= sizes[:, j]
        signs = np.where(near, 0, (before > 0).astype(np.int8) - (before < 0).astype(np.int8)).astype(np.int8)
        noise = rounding(problem, terms * float(np.abs(point.outer[:, j]).astype(np.float64).sum()))
        found.append(decide(one_sided(problem, pulled[:, j], signs, 1, noise)))
    return found


def _best(
    problem: Problem, point: Point, values: Evaluation, conditions: list[Condition]
) -> tuple[Move | None, Number]:
    """Return the move that lowers S most, and by how much."""
    moves: list[tuple[Point, str]] = []
    if problem.offset:
        moves.append((_offset(problem, point, values), "move the output biases"))
    grown = problem.product(values.residual.T, values.after)
    for j, condition in enumerate(conditions):
        size = values.after[:, j] @ values.after[:, j]
        if size > 0 and grown[:, j].any():
            direction = still(problem, point)
            direction.outer[:, j] = -grown[:, j] / size
            moves.append((direction, f"move the output weights of neuron {j}"))
        if condition.holds is False and condition.direction is not None:
            direction = still(problem, point)
            direction.weights[j] = condition.direction
            moves.append((direction, f"turn neuron {j}"))
    best: tuple[Move | None, Number] = None, problem.number(0)
    for direction, words in moves:
        step, fall = _longest(problem, point, direction)
        if fall > best[1]:
            scaled = Point(step * direction.weights, step * direction.outer, step * direction.offset)
            best = Move(scaled, 1, -fall, words), fall
    return best


def _offset(problem: Problem, point: Point, values: Evaluation) -> Point:
    direction = still(problem, point)
    return Point(direction.weights, direction.outer, -values.residual.sum(axis=0) / problem.number(problem.samples))


def _longest(problem: Problem, point: Point, direction: Point) -> tuple[Number, Number]:
    """Return the best of steps that double and halve, and by how much S falls there (0 where it does not)."""
    step = problem.number(1)
    fall = -sse_change(problem, point, direction, step)
    for _ in range(80):
        if fall > 0:
            break
        step = step / 4
        fall = -sse_change(problem, point, direction, step)
    for factor in (2, problem.number(1) / 2):
        while fall > 0:
            other = -sse_change(problem, point, direction, factor * step)
            if other <= fall:
                break
            step, fall = factor * step, other
    return step, max(fall, problem.number(0))


def _scaled(problem: Problem, point: Point, values: Evaluation) -> float:
    """Return the largest entry of autodiff's gradient in w relative to the norms that it is a product of."""
    gradient = values.gradient()
    sizes = problem.column_sizes
    error = float(np.sqrt(float(values.sse)))
    scale = 2 * float(problem.scale) * error
    if scale == 0:
        return 0.0
    outer = np.abs(point.outer.astype(np.float64)).sum(axis=0)
    weights = np.abs(gradient.weights.astype(np.float64)) / sizes / np.where(outer > 0, outer, 1.0)[:, None]
    after = np.linalg.norm(values.after.astype(np.float64), axis=0)
    grown = np.abs(gradient.outer.astype(np.float64)) / np.where(after > 0, after, 1.0)
    return float(max(weights.max(initial=0.0), grown.max(initial=0.0))) / scale
