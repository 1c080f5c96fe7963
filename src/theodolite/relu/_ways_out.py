"""Ways out: straight lines in parameter space along which the sum of squares falls, with the step that lowers it most."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._references import cite
from theodolite._typing import Array, Parameters
from theodolite._verdict import Direction
from theodolite.relu._line import line_minimum
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reading import Reading, Shown, sse_change, still

__all__ = ["Move", "awaken", "follow", "shift_offset", "shift_weights", "way_out"]

_MOST_CONFIRMED = 400_000
"""Up to this many products of rows and neurons the decrease is confirmed in rational arithmetic."""


@dataclass(frozen=True, eq=False)
class Move:
    """A straight way down: the step 1 along ``direction`` lowers S.

    ``rate`` is the derivative of S at the start for ``order`` 1, and its one-sided second derivative for ``order`` 2.
    """

    direction: Point
    order: int
    rate: Number
    words: str


def shift_offset(problem: Problem, point: Point, error: Array) -> Move:
    """Move the output bias to where the errors add up to 0."""
    mean = error.sum() / problem.number(problem.samples)
    direction = still(problem, point)
    moved = Point(direction.weights, direction.outer, -mean)
    return Move(moved, 1, -2 * problem.number(problem.samples) * mean * mean, "move the output bias")


def shift_weights(
    problem: Problem, point: Point, reading: Reading, changes: dict[int, Array], rate: Number, words: str
) -> Move | None:
    """Move the weights of some neurons along ``changes`` as far as S falls; ``rate`` is the derivative of S."""
    direction = still(problem, point)
    for neuron, change in changes.items():
        direction.weights[neuron] = change
    return follow(problem, point, reading, Move(direction, 1, rate, words))


def shift_output(problem: Problem, point: Point, error: Array, neuron: int, after: Array) -> Move:
    """Move the output weight of one neuron to where its share of the errors is 0."""
    pull, size = error @ after, after @ after
    direction = still(problem, point)
    direction.outer[neuron] = -pull / size
    return Move(direction, 1, -2 * pull * pull / size, f"move the output weight of neuron {neuron}")


def follow(problem: Problem, point: Point, reading: Reading, move: Move) -> Move | None:
    """Scale a move of weights and output bias so that step 1 is the first minimum of S on its line."""
    step = line_minimum(problem, point, reading.error, move.direction, reading.signs)
    if step is None or step <= 0:
        return None
    direction = Point(step * move.direction.weights, step * move.direction.outer, step * move.direction.offset)
    return Move(direction, move.order, step * move.rate, move.words)


def awaken(problem: Problem, point: Point, error: Array, signs: Array, neuron: int, v: Array) -> Move | None:
    """Leave a saddle: turn a neuron with z = 0 and these signs along v, and let it count, with the sign that lowers S.

    With G(u) the scalar product of the errors and of s(X u), the step to w + t v and z = -G / |s(X u)|^2 lowers S by
    G^2 / |s(X u)|^2; t is chosen among the halves of a first step that keeps every sign.
    """
    rows = problem.inputs
    # round-off in w . x at a kink is no distance to it
    before = np.where(signs == 0, problem.number(0), problem.product(rows, point.weights[neuron].reshape(-1, 1))[:, 0])
    across = problem.product(rows, v.reshape(-1, 1))[:, 0]
    here = problem.activate(before)
    square = here @ here
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = [-b / a for b, a in zip(before, across, strict=True) if a != 0 and b != 0 and (a > 0) != (b > 0)]
    reach = min(crossed, default=problem.number(1))
    best: tuple[Number, Number, Number] | None = None
    for power in range(-6, 40):
        t = reach * problem.number(Fraction(1, 2**power) if power >= 0 else Fraction(2**-power))
        there = problem.activate(before + t * across)
        pull, size = error @ there, there @ there
        if size == 0 or pull == 0:
            continue
        rate = pull / size / t
        slope = _slope_along(problem, before, across, error)
        falling = -2 * rate * slope + rate * rate * square
        if falling < 0 and (best is None or pull * pull / size > best[1]):
            best = t, pull * pull / size, rate
        elif best is not None and power > 0:
            break
    if best is None:
        return None
    t, _, rate = best
    direction = still(problem, point)
    direction.weights[neuron] = t * v
    direction.outer[neuron] = -rate * t
    slope = _slope_along(problem, before, across, error)
    second = 2 * t * t * (-2 * rate * slope + rate * rate * square)
    return Move(direction, 2, second, f"turn neuron {neuron}, whose output weight is 0, and let it count")


def _slope_along(problem: Problem, before: Array, across: Array, error: Array) -> Number:
    """Return the one-sided derivative of G at w along v."""
    turned = np.where(before == 0, problem.activate(across), np.where(before > 0, across, problem.slope * across))
    return error @ turned


def way_out(problem: Problem, point: Point, move: Move, shown: Shown, noise: Number) -> Direction | None:
    """Return a move as users see it, or None where round-off hides the decrease.

    ``noise`` bounds the round-off in a difference of two values of S near the point.
    """
    rows = problem.samples * len(point.weights)
    step = 1.0
    method = Method.EXACT if problem.exact else Method.VERIFIED
    statement = "decrease at the step computed in rational arithmetic"
    if problem.exact:
        fall = -sse_change(problem, point, move.direction)
    elif rows <= _MOST_CONFIRMED:
        statement += " for the floats as given"
        step, fall = _confirmed(problem, point, move.direction)
    else:
        method, statement = Method.THEOREM, "decrease at the step is larger than round-off can make it"
        fall = -sse_change(problem, point, move.direction)
        if fall <= noise:
            return None
    if fall <= 0:
        return None
    scale = problem.scale
    evidence = Evidence(method, (cite("theodolite", "Ways down of ReLU networks"),), (Assumption(statement),))
    return Direction(
        vector=shown(move.direction, problem),
        order=move.order,
        curvature=scale * move.rate if move.order == 2 else None,
        step=step,
        decrease=scale * fall,
        words=move.words,
        evidence=evidence,
        curve=partial(_along, problem, point, move.direction, shown),
    )


def _confirmed(problem: Problem, point: Point, direction: Point) -> tuple[float, float]:
    """Return the first of the steps 1, 1/2, 1/4, ... at which S falls, and by how much, between the floats as they are."""
    precise = problem.as_exact
    here = Evaluation(precise, point.converted(precise)).sse
    step = 1.0
    for _ in range(2 + _MOST_CONFIRMED // max(problem.samples * len(point.weights), _MOST_CONFIRMED // 38)):
        there = Evaluation(precise, point.moved(direction, step).converted(precise)).sse
        if there < here:
            return step, float(here - there)
        step /= 2
    return step, 0.0


def _along(problem: Problem, point: Point, direction: Point, shown: Shown, t: float) -> Parameters:
    return shown(point.moved(direction, Fraction(t) if problem.exact else float(t)), problem)
