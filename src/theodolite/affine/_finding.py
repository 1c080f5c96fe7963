"""What classification finds out about one network, and the exact rules that find it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from theodolite._errors import TheodoliteError
from theodolite._evidence import Assumption
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.affine._catalogue import Entry
from theodolite.affine._descents import Descent, calculus, downhill, from_constant, from_kinks, from_squares
from theodolite.affine._families import Family, families_of, loss_of
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._problem import Network, Number, Problem
from theodolite.affine._squared import SquaredLoss
from theodolite.affine._structure import Structure

__all__ = ["Finding", "find_exactly", "scaled_gradient", "square_sorts", "unproven"]


@dataclass(frozen=True, eq=False)
class Finding:
    """The kind of a network, the set it belongs to, and how clear that is.

    ``nearest`` is an exactly critical network (the given one where that is exact) and ``distance`` how far it is; ``inertia``
    holds index and nullity there (None where rounding hides it), or why there are none; ``radius`` is how far a minimum is
    proven; ``misleading`` says that the gradient of automatic differentiation is zero although the loss falls to first order.
    """

    kind: Kind
    value: Number
    scaled_gradient: float
    entry: Entry | None = None
    nearest: Network | None = None
    distance: float | None = None
    inertia: tuple[int, int | None] | str = "the point is not critical"
    radius: Number | None = None
    descent: Descent | None = None
    assumptions: tuple[Assumption, ...] = ()
    misleading: bool = False


def find_exactly(problem: Problem, network: Network) -> Finding:
    """Return what a network with rational parameters is, for 0 <= gamma <= 1."""
    values = calculus(problem, network)
    loss = values.loss
    gradient = values.gradient(problem.gamma)
    still = not any((part != 0).any() for part in (gradient.w, gradient.b, gradient.v)) and gradient.c == 0
    scaled = scaled_gradient(values)
    if loss == 0:
        entry = Entry(Kind.GLOBAL_MINIMUM)
        inertia = _inertia_of_fit(values)
        return Finding(entry.kind, loss, scaled, entry, network, 0.0, inertia)
    unsmooth = isinstance(values, KinkedLoss) and bool((values.degenerate & (network.v != 0)).any())
    if unsmooth or not still:
        descent = downhill(problem, network)
        return Finding(Kind.NOT_CRITICAL, loss, scaled, descent=descent, misleading=still)
    if isinstance(values, SquaredLoss):
        sorts = square_sorts(problem, network)
        entry = Entry(Kind.STRICT_SADDLE if sorts.any() else Kind.NON_STRICT_SADDLE)
        waking, size = int((sorts > 0).sum()), len(sorts)
        descent = from_squares(problem, network, sorts)
        _require(loss == problem.plateau)
        return Finding(entry.kind, loss, scaled, entry, network, 0.0, (waking, 3 * size - 2 * waking), descent=descent)
    structure = Structure.of(problem, network, values.supports.at[values.supports.kinked])
    if structure.kinks == 0:
        _require(loss == problem.plateau)
        return conclude_constant(structure, loss, scaled, network, 0.0)
    family = _family(structure, values)
    knots = values.residual.knots[1:-1] + problem.middle
    entry = Entry(Kind.STRICT_SADDLE, family, structure.kinks)
    expected = loss_of(problem, family, structure.kinks)
    _require(loss == expected if not isinstance(expected, float) else True)
    descent = from_kinks(structure, knots)
    return Finding(entry.kind, loss, scaled, entry, network, 0.0, structure.inertia(), descent=descent)


def conclude_constant(structure: Structure, loss: Number, scaled: float, nearest: Network, distance: float) -> Finding:
    """Return the finding for a critical point whose network is constant although the target is not."""
    kind = structure.constant_kind()
    minimum = kind is Kind.SPURIOUS_MINIMUM
    return Finding(
        kind,
        loss,
        scaled,
        Entry(kind),
        nearest,
        distance,
        structure.inertia(),
        radius=structure.radius() if minimum else None,
        descent=None if minimum else from_constant(structure),
    )


def _family(structure: Structure, values: KinkedLoss) -> Family:
    """Return the family of a critical point with kinks, and check its shape against the theorem."""
    first = structure.network.w[structure.group == 0][0] > 0
    found = [f for f in families_of(structure.problem.gamma, structure.kinks) if (f.first_sign > 0) == first]
    _require(len(found) == 1)
    lengths = np.diff(values.residual.knots)
    alternating = values.residual.slope * lengths * (1 - 2 * (np.arange(len(lengths)) % 2))
    _require(bool((alternating == alternating[0]).all()))
    return found[0]


def unproven(finding: Finding) -> Finding:
    """Return the finding for a point next to which rounding hides every decrease, so that "not critical" is not confirmed."""
    doubt = Assumption("the gradient is not zero, but no step lowers the loss by more than rounding")
    return replace(
        finding,
        kind=Kind.UNDECIDED,
        inertia="the kind is undecided",
        descent=None,
        assumptions=(doubt, *finding.assumptions),
        misleading=False,
    )


def _require(holds: bool) -> None:
    if not holds:
        raise TheodoliteError(
            "A critical point contradicts the classification",
            cause="this is a bug in Theodolite",
            fix="Please report the parameters",
        )


def _inertia_of_fit(values: KinkedLoss | SquaredLoss) -> tuple[int, int] | str:
    if isinstance(values, KinkedLoss):
        return Structure.of(values.problem, values.network, values.supports.at[values.supports.kinked]).inertia_of_fit()
    net, shift = values.network, values.shift
    bends = (net.v * net.w != 0).any()
    tilts = (net.v * shift != 0).any()
    # Each neuron changes f by z^2, v z and v z y; with the constant these span 1, y, y^2 or less.
    if bends:
        rank = 3
    else:
        curves = {
            (a / c, b / c)
            for a, b, c in zip(2 * net.w * shift, net.w**2, _largest(net.w, shift), strict=True)
            if a or b
        }
        rank = 1 + min(2, len(curves) + int(tilts))
    return 0, 3 * len(net.w) + 1 - rank


def _largest(w: Array, shift: Array) -> Array:
    return np.where(w != 0, w * w, np.where(shift != 0, shift * shift, 1))


def square_sorts(problem: Problem, network: Network) -> Array:
    """Return for each squared neuron which of v, b, w is not zero (1, 2, 3), or 0 if all vanish."""
    return np.where(network.v != 0, 1, np.where(network.w != 0, 3, np.where(network.b != 0, 2, 0)))


def scaled_gradient(values: KinkedLoss | SquaredLoss, skip: Array | None = None) -> float:
    """Return the largest entry of the gradient relative to the size of its own terms, each neuron brought to unit size.

    ``skip`` marks neurons to leave out.
    """
    p, net = values.problem, values.network
    if values.loss == 0:
        return 0.0
    gradient = values.gradient(p.gamma)
    reach = np.maximum(np.abs(net.w * p.start + net.b), np.abs(net.w * p.end + net.b))
    unit = np.where(reach == 0, p.number(1), reach)
    power = 2 if p.quadratic else 1
    strength = max(np.max(np.abs(net.v) * unit**power), abs(p.alpha) * p.length) or 1
    parts = [
        np.abs(gradient.w) * unit / (strength * (p.reach or 1)),
        np.abs(gradient.b) * unit / strength,
        np.abs(gradient.v) / unit**power,
    ]
    if skip is not None:
        parts = [np.where(skip, p.number(0), part) for part in parts]
    top = max(abs(gradient.c), *(np.max(part) for part in parts))
    if p.exact:  # squared first: the numbers themselves may lie beyond floats
        return float(np.sqrt(float(top**2 / (4 * p.length * values.loss))))
    return float(top / (2 * p.length * np.sqrt(float(values.loss / p.length))))
