"""Ways out of a saddle of a deep linear network: explicit lines of negative curvature, and curves where there are none.

* A selected direction i with a smaller eigenvalue than an unselected j: ``dW_1 = W_1 v_i v_j^T`` and
  ``dW_H = (s_j / s_i) u_j u_i^T W_H`` (inputs whitened) have second derivative ``lambda_i - lambda_j`` of half the squares.
* Two strings that together go around the circle, with a layer at each of the places where one passes to the other: moving these
  two layers so that they join the strings has negative curvature in suitable proportions.
* Otherwise no direction falls to second order. A string through T misses g >= 1 hidden layers; the layers across that gap,
  moved together, close the circle. Where the plain line does not fall first, the one layer beyond which no string reaches
  from the inputs moves with the power g + 1 of the parameter, and the loss falls at the order 2 g + 1 at the latest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import msgspec
import numpy as np

from theodolite._evidence import Assumption, Evidence
from theodolite._typing import Array, Matrix, Parameters
from theodolite._verdict import Direction
from theodolite.linear._deep_normal import Normal
from theodolite.linear._deep_tops import Strand
from theodolite.linear._escape import lowest, missing_direction
from theodolite.linear._reduction import Reduction

__all__ = ["DescentCurve", "change_along", "curve_direction", "descent_curve", "join_direction", "swap_direction"]

_MOST_TRIED = 16
_ZERO = 1e-9
"""Coefficients below this, relative to the largest, count as zero when the order of a descent is read off."""


def change_along(
    reduction: Reduction, weights: Parameters, velocity: Parameters, powers: Sequence[int], factor: float
) -> Array:
    """Return the change of the loss at ``W_k + t^powers[k] V_k`` as the coefficients of a polynomial in t."""
    terms: dict[int, Matrix] = {0: reduction.inputs}
    for weight, step, power in zip(weights, velocity, powers, strict=True):
        after: dict[int, Matrix] = {}
        for degree, term in terms.items():
            after[degree] = after.get(degree, 0) + weight @ term
            if step.any():
                after[degree + power] = after.get(degree + power, 0) + step @ term
        terms = after
    terms[0] = terms[0] - reduction.target
    change = np.zeros(2 * max(terms) + 1)
    for i, one in terms.items():
        for j, two in terms.items():
            change[i + j] += factor * float(np.vdot(one, two))
    change[0] = 0.0
    return change


def _core_loss(reduction: Reduction, weights: Parameters, factor: float) -> float:
    """Return the loss of core weights less what no map can fit."""
    image = reduction.inputs
    for weight in weights:
        image = weight @ image
    return factor * float(np.sum((image - reduction.target) ** 2))


def _direction(
    reduction: Reduction,
    weights: Parameters,
    velocity: Parameters,
    powers: Sequence[int],
    factor: float,
    order: int,
    curvature: float | None,
    words: str,
    evidence: Evidence,
) -> Direction:
    change = change_along(reduction, weights, velocity, powers, factor)
    start = _core_loss(reduction, weights, factor)

    def measure(t: float) -> float:
        return _core_loss(reduction, _curve(weights, velocity, tuple(powers), t), factor) - start

    fall, step = lowest(change, measure)
    tangent = tuple(v if power == 1 else np.zeros_like(v) for v, power in zip(velocity, powers, strict=True))
    return Direction(
        tangent, order, curvature, step, -fall, words, evidence, partial(_curve, weights, velocity, tuple(powers))
    )


def _curve(weights: Parameters, velocity: Parameters, powers: tuple[int, ...], t: float) -> Parameters:
    return tuple(w + t**power * v for w, v, power in zip(weights, velocity, powers, strict=True))


def swap_direction(
    reduction: Reduction, normal: Normal, weights: Parameters, factor: float, evidence: Evidence
) -> Direction:
    """Turn the weakest selected direction towards the strongest missing one (A)."""
    number, column = missing_direction(reduction, normal.turn)
    owner = max(i for i, group in enumerate(reduction.groups) if np.linalg.norm(normal.turn[group]) > 0.5)
    block = normal.turn[reduction.groups[owner]]
    chosen = normal.turn[:, np.linalg.norm(block, axis=0) > 0.5][:, 0]
    strong, weak = (float(np.sqrt(reduction.eigenvalues[i])) for i in (number, owner))
    first = weights[0] @ reduction.inputs @ reduction.right @ chosen
    last = (reduction.left @ chosen) @ weights[-1]
    still = [np.zeros_like(weight) for weight in weights[1:-1]]
    velocity = (
        np.outer(first, (reduction.right @ column) @ reduction.inverse),
        *still,
        strong / weak * np.outer(reduction.left @ column, last),
    )
    powers = (1,) * len(weights)
    curvature = 2 * factor * float(reduction.eigenvalues[owner] - reduction.eigenvalues[number])
    words = f"swap direction {owner + 1} for {number + 1}"
    return _direction(reduction, weights, velocity, powers, factor, 2, curvature, words, evidence)


def join_direction(
    reduction: Reduction, normal: Normal, weights: Parameters, factor: float, evidence: Evidence
) -> Direction:
    """Join two strings that go around the circle, at two layers (B), in the proportions of most negative curvature."""
    depth = len(weights)
    found: list[tuple[float, Parameters, str]] = []
    for one, two, first, second in _junctions(normal, depth):
        turns = (_jump(reduction, normal, one, two, first), _jump(reduction, normal, two, one, second))
        layers = (first + 1, second + 1)
        square = [
            _quadratic(reduction, weights, _only(weights, {layer: turn}), factor)
            for layer, turn in zip(layers, turns, strict=True)
        ]
        both = _quadratic(reduction, weights, _only(weights, dict(zip(layers, turns, strict=True))), factor)
        cross = both - square[0] - square[1]
        values, shares = np.linalg.eigh(np.array([[2 * square[0], cross], [cross, 2 * square[1]]]))
        scaled = {layer: share * turn for layer, share, turn in zip(layers, shares[:, 0], turns, strict=True)}
        words = f"join the strings {one.arc} and {two.arc} in layers {min(layers)} and {max(layers)}"
        found.append((float(values[0]), _only(weights, scaled), words))
        if len(found) == _MOST_TRIED:
            break
    curvature, velocity, words = min(found, key=lambda entry: entry[0])
    powers = (1,) * depth
    return _direction(reduction, weights, velocity, powers, factor, 2, curvature, words, evidence)


def _junctions(normal: Normal, depth: int) -> list[tuple[Strand, Strand, int, int]]:
    """Return pairs of strands that go around together, and the arrows, layers both, where each passes to the other."""
    found = []
    for i, one in enumerate(normal.strands):
        for two in normal.strands[:i]:
            if len({*one.arc.vertices, *two.arc.vertices}) > depth:
                arrows = product(one.arc.junction(two.arc), two.arc.junction(one.arc))
                found += [(one, two, a, b) for a, b in arrows if depth not in (a, b)]
    return found


def _jump(reduction: Reduction, normal: Normal, before: Strand, after: Strand, arrow: int) -> Matrix:
    """Return the change of the layer ``arrow + 1`` that sends a vector of one strand to the next of another."""
    into = normal.frames[arrow + 1][:, normal.place(after, arrow + 1)]
    return normal.arrow(reduction, arrow + 1, into, normal.place(before, arrow))


def _only(weights: Parameters, steps: dict[int, Matrix]) -> Parameters:
    return tuple(steps.get(k, np.zeros_like(weight)) for k, weight in enumerate(weights, start=1))


def _quadratic(reduction: Reduction, weights: Parameters, velocity: Parameters, factor: float) -> float:
    """Return the coefficient of t^2 along a line."""
    return float(change_along(reduction, weights, velocity, (1,) * len(weights), factor)[2])


@dataclass(frozen=True, eq=False)
class DescentCurve:
    """A curve ``W_k + t^powers[k] velocity[k]`` and the change of the loss along it, of which ``order`` is the first term."""

    velocity: Parameters
    powers: tuple[int, ...]
    change: Array
    order: int
    words: str


def curve_direction(
    reduction: Reduction, normal: Normal, weights: Parameters, factor: float, evidence: Evidence
) -> Direction:
    """Close the gap of a string through T: along the line if the loss falls there first, else along a curve."""
    way = descent_curve(reduction, normal, factor)
    zero = f"the coefficients of t to t^{way.order - 1} vanish at the exactly critical point"
    told = msgspec.structs.replace(evidence, assumptions=(*evidence.assumptions, Assumption(zero, tolerance=_ZERO)))
    return _direction(reduction, weights, way.velocity, way.powers, factor, way.order, None, way.words, told)


def descent_curve(reduction: Reduction, normal: Normal, factor: float) -> DescentCurve:
    """Return the curve out of the exactly critical point that closes the gap of its longest string through T."""
    weights = normal.weights
    depth = len(weights)
    tau = max((s for s in normal.strands if s.arc.crosses), key=lambda strand: strand.arc.length)
    below, above = tau.arc.end, tau.arc.start
    gap = above - below - 1
    reach = [(min(s.arc.end, above - 1), s) for s in normal.strands if s.arc.place(0) is not None and s.arc.end < depth]
    furthest, sigma = max(reach, key=lambda entry: entry[0], default=(below, tau))
    furthest = max(furthest, below)
    columns = {below: normal.place(tau, below), above: normal.place(tau, above)}
    for vertex in range(below + 1, above):
        columns[vertex] = normal.place(sigma, vertex) if vertex <= furthest else 0
    steps = {
        k: normal.arrow(reduction, k, normal.frames[k][:, columns[k]], columns[k - 1])
        for k in range(below + 1, above + 1)
    }
    velocity = _only(weights, steps)
    for kappa in (None, furthest + 1):
        powers = tuple(gap + 1 if k == kappa else 1 for k in range(1, depth + 1))
        change = change_along(reduction, weights, velocity, powers, factor)
        order = int(np.argmax(np.abs(change) > _ZERO * np.abs(change).max()))
        if change[order] < 0:
            break
    kind = "line" if kappa is None else "curve"
    change[:order] = 0.0
    words = f"close the gap of the string {tau.arc} along a {kind}; the loss falls at order {order}"
    return DescentCurve(velocity, powers, change, order, words)
