"""Ways out: for every critical point that is not a minimum, a direction along which the loss falls, with its order."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theodolite._errors import NotCoveredError, TheodoliteError
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._problem import Network, Number, Problem
from theodolite.affine._squared import SquaredLoss
from theodolite.affine._structure import Sort, Structure

__all__ = [
    "Descent",
    "calculus",
    "check_hessian",
    "downhill",
    "first_step",
    "from_constant",
    "from_kinks",
    "from_squares",
    "loss_at",
    "step_along",
]

_MOST_STEPS = 120
_MOST_STEPS_EXACT = 1000
"""In rational arithmetic a step can be halved down to the smallest float: an interval of length 1e50 needs far below 2^-120."""


@dataclass(frozen=True, eq=False)
class Descent:
    """A direction, the order in the step at which the loss falls, and the leading coefficient.

    ``rate`` is the slope for order 1 and the second derivative for order 2; for order 3 it is 0.
    """

    direction: Network
    order: int
    rate: Number
    words: str


def calculus(problem: Problem, network: Network) -> KinkedLoss | SquaredLoss:
    """Return the loss of ``network`` with its derivatives."""
    return SquaredLoss(problem, network) if problem.quadratic else KinkedLoss(problem, network)


def check_hessian(values: KinkedLoss | SquaredLoss) -> None:
    """Raise ``NotCoveredError`` where the loss has no second derivative."""
    obstacle = values.obstacle()
    if obstacle is not None:
        raise NotCoveredError(
            "The loss has no Hessian here", cause=obstacle, fix="Use second_order_form(params, direction)"
        )


def loss_at(problem: Problem, network: Network) -> Number:
    """Return the loss."""
    return calculus(problem, network).loss


def _still(problem: Problem, size: int) -> Network:
    return Network(problem.zeros(size), problem.zeros(size), problem.zeros(size), problem.number(0))


def _sign(value: Number) -> int:
    return int(value > 0) - int(value < 0)


def from_constant(s: Structure) -> Descent:
    """Leave a saddle whose network is constant: wake the neuron that leads down at the lowest order."""
    p, net = s.problem, s.network
    size = len(s.sorts)
    d, a = _still(p, size), _sign(p.alpha)
    tilt = p.alpha * p.length**3 / 12
    one = p.number(1)
    dc = p.number(0)
    if p.gamma == 0 and not s.livening().any():
        j = int(np.flatnonzero(s.flat & np.isin(s.sorts, (Sort.START, Sort.END)))[0])
        d.b[j] = one
        d.v[j] = -a * one if s.sorts[j] == Sort.START else a * one
        return Descent(d, 3, p.number(0), f"move the breakpoint of neuron {j} into the interval and let it count")
    lively = s.livening() if p.gamma == 0 else np.ones(size, dtype=bool)
    still = lively & np.isin(s.sorts, (Sort.CONSTANT, Sort.DEGENERATE))
    if not still.any():
        j = int(np.flatnonzero(lively)[np.argmax(np.abs(net.v[lively] / net.w[lively]).astype(np.float64))])
        d.b[j] = one
        rate = -abs(net.v[j] * p.alpha) * p.length / abs(net.w[j])
        return Descent(d, 2, rate, f"move the breakpoint of neuron {j} into the interval")
    j = int(np.flatnonzero(still)[0])
    d.w[j], d.v[j] = one, a * one
    low = one if p.gamma == 0 or net.b[j] >= 0 else p.gamma
    if s.sorts[j] == Sort.DEGENERATE:
        d.b[j] = -p.start
        low = one
    else:
        dc = -a * low * net.b[j]
    rate = -4 * a * low * tilt
    return Descent(Network(d.w, d.b, d.v, dc), 2, rate, f"tilt neuron {j} and let it count")


def from_kinks(s: Structure, at: np.ndarray) -> Descent:
    """Leave a saddle with kinks: move one breakpoint, and absorb the jump of the change of f in the pieces beside it.

    On the two pieces beside breakpoint i, of lengths h and k, the change of f is linear and vanishes at the outer ends; it jumps
    by J at the breakpoint. For every family this can be realised by the output weights, and q = -J^2 h k / (3 (h + k)).
    """
    p, net = s.problem, s.network
    knots = np.concatenate([p.array([p.start]), at, p.array([p.end])])
    lengths = np.diff(knots)
    overlap = lengths[:-1] * lengths[1:] / (lengths[:-1] + lengths[1:])
    bends = s.bends()
    i = int(np.argmax(np.abs(bends).astype(np.float64)))
    h, k = lengths[i], lengths[i + 1]
    shift = min(h, k) / 4
    jump = (1 - p.gamma) * bends[i] * shift
    d = _still(p, len(s.sorts))
    movers = np.flatnonzero(s.group == i)
    d.b[movers] = net.w[movers] * shift
    before, after = -jump * k / (h * (h + k)), -jump * h / (k * (h + k))
    for place, bend in ((i - 1, before), (i, after - before), (i + 1, -after)):
        if 0 <= place < s.kinks:
            there = np.flatnonzero(s.group == place)
            j = there[np.argmax(np.abs(net.w[there]).astype(np.float64))]
            d.v[j] += bend / ((1 - p.gamma) * abs(net.w[j]))
    z = net.w * p.start + net.b
    falling = np.where(z > 0, p.number(1), p.gamma)
    moved = (falling * (d.v * z + net.v * d.b)).sum()
    words = f"move breakpoint {i + 1} of {s.kinks}, at x = {float(at[i]):.6g}"
    return Descent(Network(d.w, d.b, d.v, -moved), 2, -(jump**2) * overlap[i] / 3, words)


def from_squares(problem: Problem, network: Network, sorts: np.ndarray) -> Descent:
    """Leave a saddle of squared neurons. ``sorts``: 0 for w = b = v = 0, else 1 + the number of the nonzero one of v, b, w."""
    p, net = problem, network
    d, a = _still(p, len(net.w)), _sign(p.alpha)
    one = p.number(1)
    dc = p.number(0)
    order = 2
    found = np.flatnonzero(sorts)
    j = int(found[0]) if len(found) else 0
    if not len(found):
        shift, order = one, 3
        d.w[j], d.v[j] = one, a * one
    elif sorts[j] == 1:
        d.w[j], shift = one, _sign(p.alpha * net.v[j]) * one
    elif sorts[j] == 2:
        b = net.b[j]
        d.v[j], d.w[j], shift, dc = one, _sign(p.alpha * b) * one, p.number(0), -(b**2)
    else:
        w, length = net.w[j], p.length
        need = w**4 * (length**5 / 80 - length**5 / 144) / (2 * abs(w * p.alpha) * length**3 / 12)
        d.v[j], shift, dc = one, 2 * need * _sign(p.alpha * w), -(w**2) * length**2 / 12
    d.b[j] = shift - p.middle * d.w[j]
    direction = Network(d.w, d.b, d.v, dc)
    rate = SquaredLoss(p, net).second_order_form(direction) if order == 2 else p.number(0)
    return Descent(direction, order, rate, f"let squared neuron {j} count")


def downhill(problem: Problem, network: Network) -> Descent:
    """Leave a point that is not critical: against the gradient, or by waking a neuron at w = b = 0."""
    values = calculus(problem, network)
    gradient = values.gradient(problem.number(0))
    if isinstance(values, KinkedLoss):
        awake = ~values.degenerate
        gradient = Network(gradient.w * awake, gradient.b * awake, gradient.v, gradient.c)
    steep = gradient.dot(gradient)
    if steep > 0:
        down = Network(-gradient.w, -gradient.b, -gradient.v, -gradient.c)
        return Descent(down, 1, -steep, "follow the negative gradient")
    p = problem
    d = _still(p, len(network.w))
    if isinstance(values, KinkedLoss):
        sleeping = np.flatnonzero(values.degenerate & (network.v != 0))
        places = np.concatenate([p.array([p.start, p.end]), values.residual.knots[1:-1] + p.middle])
        for j, t in ((j, t) for j in sleeping[:1] for t in places):
            for w in (p.number(1), p.number(-1)):
                trial = Network(d.w.copy(), d.b.copy(), d.v, d.c)
                trial.w[j], trial.b[j] = w, -w * t
                slope = values.directional_derivative(trial)
                if slope < 0:
                    return Descent(trial, 1, slope, f"wake neuron {j}, which has w = b = 0")
    raise TheodoliteError("No way down was found", cause="the point was taken for one that is not critical")


def first_step(problem: Problem, network: Network, descent: Descent, loss: Number) -> float:
    """Return a power of two near the step at which the leading term alone would bring ``loss`` to zero, or the loss turns."""
    if loss == 0 or descent.rate == 0:
        return 1.0
    ratio = loss / abs(descent.rate)
    if descent.order == 1:
        turn = calculus(problem, network).second_order_form(descent.direction)
        ratio = min(ratio, 2 * abs(descent.rate) / turn) if turn > 0 else ratio
    if isinstance(ratio, Fraction):
        power = ratio.numerator.bit_length() - ratio.denominator.bit_length()
    else:
        power = int(np.frexp(ratio)[1])
    return float(2.0 ** max(-900, min(900, power // descent.order)))


def step_along(problem: Problem, network: Network, descent: Descent, noise: Number) -> tuple[float, Number] | None:
    """Return a step along ``descent`` and by how much the loss falls there, or None if that is not above ``noise``."""
    here = loss_at(problem, network)
    best: tuple[float, Number] | None = None
    first = step = first_step(problem, network, descent, here)
    for _ in range(_MOST_STEPS_EXACT if problem.exact else _MOST_STEPS):
        size = problem.number(step) if problem.exact else step
        fall = here - loss_at(problem, network.moved(descent.direction, size))
        promised = abs(descent.rate) * size**descent.order / 4 if descent.order < 3 else problem.number(0)
        if fall > noise and fall >= promised:
            if best is not None and fall <= best[1]:
                break
            best = step, fall
            if step < first:
                break
            step *= 2
        elif best is not None:
            break
        else:
            step = min(step, first) / 2
    return best
