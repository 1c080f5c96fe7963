"""Ways out of a saddle of a shallow linear landscape: curves along which the loss falls by a known amount.

With J the unselected positive directions, s = rank(W2 W1 X), and loss = unit * (1/2 ||B A - M||^2 + constant):

* a unit is not productive (s < min(hidden, m)): for j in J of largest sigma_j and hidden vectors c, g with A^T c = 0 or
  B g = 0, the line dB = t b u_j c^T, dA = t a g v_j^T changes 1/2 ||B A - M||^2 by
  -sigma_j a b (c.g) t^2 + (a^2 |B g|^2 + b^2 |A^T c|^2) t^2 / 2 + (a b c.g)^2 t^4 / 2, exactly;
* else some i in S has sigma_i < sigma_j: rotating u_i towards u_j by the angle t, B_t = R_t B, A_t = B_t^+ M + K, changes it
  by -(lambda_j - lambda_i) sin(t)^2 / 2, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._typing import Array, Matrix, Parameters, Vector
from theodolite._verdict import Direction
from theodolite.linear._nearest import Nearest
from theodolite.linear._network import Network
from theodolite.linear._reduction import Reduction

__all__ = ["gradient_direction", "lowest", "missing_direction", "saddle_direction", "straight_line"]

_DRAG = 0.4
"""How far a layer may drag along what it already carries, relative to the singular value that is added."""


_LONG = 2.0**20
"""How many times a step may exceed what the other layer, with rounding errors, would need to carry."""

_MOST_HALVINGS = 200

_TINY = float(np.finfo(np.float64).tiny)


def gradient_direction(network: Network, params: Parameters) -> Direction:
    """Return the straight way down along the negative gradient, to the lowest point on that line."""
    gradient = network.gradient(params)
    largest = max(float(np.abs(part).max()) for part in gradient)  # taken out first: squares could leave the range
    size = largest * float(np.sqrt(sum(float(np.sum((part / largest) ** 2)) for part in gradient)))
    vector = tuple(-part / size for part in gradient)
    evidence = Evidence(
        Method.NUMERIC,
        assumptions=(Assumption(f"the loss on the line is a polynomial of degree {2 * network.layout.depth}"),),
        scope=f"slope {-size:.6g} along the unit vector",
    )
    return straight_line(network, params, vector, None, "along the negative gradient", evidence)


def straight_line(
    network: Network, params: Parameters, vector: Parameters, curvature: float | None, words: str, evidence: Evidence
) -> Direction:
    """Return the way along ``vector`` to the lowest point on that line, of order 2 where a curvature is given, else 1.

    The loss on a line is a polynomial, minimised exactly through the roots of its derivative.
    """
    start = network.loss(params)
    fall, step = lowest(network.along(params, vector), lambda t: network.loss(_line(params, vector, t)) - start)
    order = 1 if curvature is None else 2
    return Direction(vector, order, curvature, step, -fall, words, evidence, partial(_line, params, vector))


def lowest(coefficients: Array, measure: Callable[[float], float] | None = None) -> tuple[float, float]:
    """Return the lowest value of a polynomial at positive numbers and the number where it is taken, zeros if none is below 0.

    Where its coefficients are rounding it may have roots far away that mean nothing: ``measure``, the change of the loss itself,
    says which of its minima is the lowest.
    """
    change = np.polynomial.Polynomial(coefficients)
    with np.errstate(all="ignore"):
        try:
            roots = np.asarray(change.deriv().trim().roots(), dtype=complex).real
        except np.linalg.LinAlgError:  # coefficients too far apart for one companion matrix: powers of two will do
            roots = np.ldexp(1.0, np.arange(-1000, 1000))
        falls = [(float(change(root)), float(root)) for root in roots if root > 0]
        falls = [fall for fall in falls if np.isfinite(fall).all()]
        if measure is None or not falls:
            return min(falls, default=(0.0, 0.0))
        seen = [(measure(step), fall, step) for fall, step in falls]
    found, fall, step = min((entry for entry in seen if entry[0] < 0), default=(0.0, 0.0, 0.0))
    if step == 0.0:
        return _shorter(*min(falls, key=lambda entry: entry[1]), measure)
    return (fall if abs(fall - found) <= abs(found) / 2 else found), step


def _shorter(fall: float, step: float, measure: Callable[[float], float]) -> tuple[float, float]:
    """Halve a step until the loss falls; where it never does by more than its rounding, return the step as it was."""
    with np.errstate(all="ignore"):
        for halvings in range(1, _MOST_HALVINGS):
            found = measure(step / 2**halvings)
            if found < 0:
                return found, step / 2**halvings
    return fall, step


def saddle_direction(
    reduction: Reduction, near: Nearest, params: Parameters, unit: float, evidence: Evidence
) -> Direction:
    """Return the way out of the strict saddle ``near``, applied to ``params``, which lie within rounding of it."""
    s, width = near.turn.shape[1], near.b.shape[1]
    if s < min(width, reduction.m):
        return _wake_unit(reduction, near, params, unit, evidence)
    return _swap_directions(reduction, near, params, unit, evidence)


def missing_direction(reduction: Reduction, turn: Matrix) -> tuple[int, Vector]:
    """Return group and coordinates of an unselected direction with the largest singular value."""
    for number, group in enumerate(reduction.groups):
        block = turn[group]
        here = block[:, np.linalg.norm(block, axis=0) > 0.5]
        if here.shape[1] < here.shape[0]:
            column = np.zeros(reduction.m)
            column[group] = (
                np.linalg.svd(here, full_matrices=True)[0][:, -1] if here.shape[1] else np.eye(here.shape[0])[0]
            )
            return number, column
    raise AssertionError("every positive direction is selected")


def _wake_unit(reduction: Reduction, near: Nearest, params: Parameters, unit: float, evidence: Evidence) -> Direction:
    """Let a unit that is not productive carry the largest missing direction."""
    number, column = missing_direction(reduction, near.turn)
    sigma = float(np.sqrt(reduction.eigenvalues[number]))
    u, v = reduction.left @ column, reduction.right @ column
    write, read, drag_b, drag_a = _idle_unit(near)
    overlap = float(write @ read)
    v_raw = v @ reduction.inverse
    # Both layers move equally far in raw weights, unless that would make the rounding errors of what they carry count, or
    # the unit's other weights cost curvature: then less of that layer.
    balanced = np.sqrt(sigma / ((float(np.linalg.norm(v_raw)) or 1.0) * overlap))
    low = float(np.linalg.norm(params[0] * reduction.input_scale)) / _LONG
    high = _LONG * sigma / max(float(np.linalg.norm(params[1])), _TINY)
    a_amount = np.clip(balanced, low, high) if low < high else np.sqrt(low) * np.sqrt(high)
    b_amount = sigma / (a_amount * overlap)
    if drag_b > 0:
        a_amount = min(a_amount, _DRAG * sigma / drag_b)
        b_amount = sigma / a_amount
    elif drag_a > 0:
        b_amount = min(b_amount, _DRAG * sigma / drag_a)
        a_amount = sigma / b_amount
    product = a_amount * b_amount * overlap
    quadratic = -sigma * product + (a_amount * drag_b) ** 2 / 2 + (b_amount * drag_a) ** 2 / 2
    quartic = product**2 / 2
    step = float(np.sqrt(-quadratic / (2 * quartic)))
    vector = (a_amount * np.outer(write, v_raw), b_amount * np.outer(u, read))
    return Direction(
        vector,
        2,
        2 * unit * quadratic,
        step,
        unit * quadratic * (quadratic / (4 * quartic)),
        f"add direction {number + 1} in a unit that is not productive",
        evidence,
        partial(_line, params, vector),
    )


def _idle_unit(near: Nearest) -> tuple[Vector, Vector, float, float]:
    """Return unit vectors g, c of hidden space along which A is to write and B to read, and the drags |B g|, |A^T c|.

    Without drag, B g = 0 and A^T c = 0 with the largest overlap c.g there is; where no such pair overlaps, c = g and one of
    the layers drags.
    """
    width, s = near.b.shape[1], near.turn.shape[1]
    silent = _kernel(near.a.T, width - s - near.inner)
    unheard = _kernel(near.b, width - s - near.outer)
    if s + near.outer + near.inner < width:
        inside, _, outside = np.linalg.svd(unheard.T @ silent)
        return unheard @ inside[:, 0], silent @ outside[0], 0.0, 0.0
    if silent.shape[1]:
        hidden = silent[:, 0]
        return hidden, hidden, float(np.linalg.norm(near.b @ hidden)), 0.0
    hidden = unheard[:, 0]
    return hidden, hidden, 0.0, float(np.linalg.norm(near.a.T @ hidden))


def _kernel(matrix: Matrix, dimension: int) -> Matrix:
    """Return an orthonormal basis of the kernel, known to have this dimension."""
    axes = np.linalg.svd(matrix, full_matrices=True)[2]
    return np.asarray(axes[len(axes) - dimension :].T)


def _swap_directions(
    reduction: Reduction, near: Nearest, params: Parameters, unit: float, evidence: Evidence
) -> Direction:
    """Rotate the weakest selected direction towards the strongest missing one."""
    number, column = missing_direction(reduction, near.turn)
    owner = max(i for i, group in enumerate(reduction.groups) if np.linalg.norm(near.turn[group]) > 0.5)
    block = near.turn[reduction.groups[owner]]
    chosen = near.turn[:, np.linalg.norm(block, axis=0) > 0.5][:, 0]
    gain = float(reduction.eigenvalues[number] - reduction.eigenvalues[owner])
    u_in, u_out = reduction.left @ column, reduction.left @ chosen
    back = np.linalg.pinv(near.b, rcond=1e-13)
    pull = back @ u_out
    into, out = (
        np.outer(pull, (coordinates * reduction.singular_values) @ reduction.right.T @ reduction.inverse)
        for coordinates in (column, chosen)
    )
    carried = u_out @ near.b
    vector = (into, np.outer(u_in, carried))
    return Direction(
        vector,
        2,
        -unit * gain,
        float(np.pi / 2),
        unit * gain / 2,
        f"swap direction {owner + 1} for {number + 1}",
        evidence,
        partial(_rotation, params, into, out, np.outer(u_in, carried), np.outer(u_out, carried)),
    )


def _line(params: Parameters, vector: Parameters, t: float) -> Parameters:
    return tuple(array + t * step for array, step in zip(params, vector, strict=True))


def _rotation(params: Parameters, into: Matrix, out: Matrix, into_b: Matrix, out_b: Matrix, t: float) -> Parameters:
    """Return the point at angle t: what carried u_out now carries cos(t) u_out + sin(t) u_in, and A follows."""
    cosine, sine = np.cos(t) - 1, np.sin(t)
    return params[0] + sine * into + cosine * out, params[1] + sine * into_b + cosine * out_b
