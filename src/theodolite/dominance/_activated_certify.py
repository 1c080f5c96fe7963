"""Certificates for one hidden layer with an activation: dominance in a ball, descent, regularity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._references import cite
from theodolite._typing import Parameters
from theodolite.dominance._activated import (
    ActivatedModel,
    ActivatedSizes,
    activated_constant,
    activated_smoothness,
    activated_steepness,
)
from theodolite.dominance._certify import lower, upper
from theodolite.dominance._chain import EPSILON, broadest
from theodolite.dominance._probe import Probe
from theodolite.dominance._regularity import Bounds, strength, widest
from theodolite.dominance._results import DescentCertificate, Dominance, Regularity
from theodolite.dominance._search import Need, smallest_radius
from theodolite.dominance._sizes import Scalar

__all__ = ["ActivatedSubject", "activated_descent", "activated_dominance", "activated_regularity"]


@dataclass(frozen=True, eq=False)
class ActivatedSubject:
    """A network with an activation at a point, and what was measured there; see ``Subject``."""

    model: ActivatedModel
    weights: Parameters
    sizes: ActivatedSizes
    unit: Scalar
    minimal: bool
    ratio: Scalar
    local: Scalar | None
    number: Callable[[float], Scalar]
    method: Method
    checked: tuple[Assumption, ...]
    scope: str

    @property
    def margin(self) -> float:
        """By how much radii are enlarged inside formulas, for the rounding of floats."""
        if self.method is not Method.THEOREM:
            return 0.0
        return 8 * broadest((*self.weights, self.model.x)) * EPSILON * float(max(self.sizes.out_high, 1.0))

    def probe(self) -> Probe:
        """Return what samples claims about this point."""
        return Probe(self.model, self.weights, (True, False), float(self.unit))

    def evidence(self, scope: str, *extra: Assumption, complete: bool = True) -> Evidence:
        """Return why it is known."""
        references = (cite("zhou-liang-2017-dominance"), cite("theodolite", "gradient dominance with an activation"))
        return Evidence(self.method, references, (*self.checked, *extra), f"{scope}; {self.scope}", complete=complete)


def activated_dominance(subject: ActivatedSubject, radius: float) -> Dominance:
    """Return the dominance constant in the ball, or at the point alone."""
    sizes, unit = subject.sizes, subject.unit
    inner = subject.number(radius + (subject.margin if radius else 0.0))
    comp = activated_constant(sizes, inner)
    ntk = None if radius or sizes.ntk is None else sizes.ntk**2
    best = comp if ntk is None else max(comp, ntk)
    mu = lower(unit * best)
    constant: float | None = upper(1 / (2 * unit * best)) if mu > 0 else inf
    pointwise: float | None = subject.ratio if isinstance(subject.ratio, float) and subject.ratio == inf else None
    scope, limit = "at this point", False
    if subject.minimal:
        pointwise = None if subject.local is None else upper(1 / (2 * unit * subject.local))
        if not radius:
            limit, constant = subject.local is not None, pointwise
            scope = (
                "pointwise limit: the sharp constant as points approach this minimizer, and no statement about any ball"
                if limit
                else "the rank of the Jacobian is not known to be constant around this minimizer: no limit is known"
            )
    elif pointwise is None:
        pointwise = upper(subject.ratio / unit)
    if radius:
        scope = (
            f"hidden weights within {radius:.6g} (Frobenius norm), output weights within {radius:.6g} (spectral norm)"
        )
    if not subject.minimal and not mu > 0:
        if not radius and pointwise is not None and pointwise < inf:
            constant, scope = pointwise, "at this point alone, where it is the ratio itself"
        else:
            scope = f"no positive constant is proven: {scope}"
    return Dominance(
        constant,
        mu,
        None if ntk is None else lower(unit * ntk),
        lower(unit * comp),
        None,
        radius,
        pointwise,
        subject.evidence(scope, complete=constant is not None and constant < inf),
        limit,
        subject.probe(),
    )


def activated_descent(subject: ActivatedSubject) -> DescentCertificate:
    """Return the step and rate of gradient descent that are guaranteed, or why none are."""
    sizes, unit, number = subject.sizes, subject.unit, subject.number
    excess = sizes.residual**2 / 2
    known, probe = upper(unit * excess), subject.probe()
    need = Need(lambda r: activated_constant(sizes, r), lambda r: activated_steepness(sizes, r), excess)
    most = _largest_radius(sizes, number)
    if not most > 0:
        why = "no rate is guaranteed: no dominance constant is positive around this point"
        if sizes.kink == 0:
            why = "no rate is guaranteed: the point lies on a kink, where the loss is not smooth"
        evidence = subject.evidence(why, complete=False)
        return DescentCertificate(None, None, None, evidence, excess=known, largest_radius=0.0, probe=probe)
    near = smallest_radius(need.reach, most, number, subject.margin)
    distance = None if near is None else upper(need.reach(near + number(subject.margin)))
    radius = smallest_radius(need.path, most, number, subject.margin)
    if radius is None:
        why = f"no rate is guaranteed: gradient descent might leave every ball on which a constant is proven (up to {most:.4g})"
        evidence = subject.evidence(why, complete=False)
        return DescentCertificate(
            None, None, None, evidence, excess=known, distance=distance, largest_radius=most, probe=probe
        )
    ball = radius + number(subject.margin)
    mu, smooth = activated_constant(sizes, ball), activated_smoothness(sizes, ball)
    step = lower(1 / (unit * smooth))
    return DescentCertificate(
        step,
        upper(1 - number(step) * unit * mu),
        upper(radius),
        subject.evidence("gradient descent from this point with this constant step or a smaller one"),
        lower(unit * mu),
        upper(unit * smooth),
        known,
        distance,
        most,
        probe,
    )


def _largest_radius(sizes: ActivatedSizes, number: Callable[[float], Scalar]) -> float:
    """Return up to which radius mu is positive and no kink is crossed."""
    if not activated_constant(sizes, number(0.0)) > 0:
        return 0.0
    bound = float(sizes.hidden_low) / float(sizes.lipschitz * sizes.x_high) if sizes.x_high else 0.0
    high = min(max(bound, float(sizes.out_low)), sizes.kink * (1 - 1e-9))
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        if activated_constant(sizes, number(middle)) > 0:
            low = middle
        else:
            high = middle
    return low


def activated_regularity(subject: ActivatedSubject, length: float, gamma: Scalar | None) -> Regularity:
    """Return the regularity about ``subject``, a minimizer, in directions of norm ``length`` (zero: normal ones)."""
    sizes, unit, number = subject.sizes, subject.unit, subject.number
    if gamma is None or not gamma > 0:
        why = "the outputs do not change to first order along this direction: nothing is proven"
        return Regularity(None, None, None, None, subject.evidence(why, complete=False), subject.weights)

    def bounds(distance: Scalar) -> Bounds:
        curved = sizes.lipschitz * sizes.x_high + sizes.bend * sizes.out_high * sizes.x_high**2
        kappa = distance * curved / (2 * gamma)
        steep = (sizes.hidden_high + sizes.lipschitz * sizes.x_high * distance) ** 2
        return Bounds(kappa, 2 * kappa, steep + (sizes.lipschitz * (sizes.out_high + distance) * sizes.x_high) ** 2)

    start = min(max(float(sizes.out_high), 1e-3), sizes.kink / 2)
    distance = length or widest(lambda value: strength(bounds(number(value)), gamma).c, start)
    if distance is None or not distance + subject.margin < sizes.kink:
        why = "nothing is proven: a kink lies nearer to the minimizer than the point"
        return Regularity(None, None, lower(gamma), None, subject.evidence(why, complete=False), subject.weights)
    found = strength(bounds(number(distance + subject.margin)), gamma)
    if not found.c > 0:
        why = f"nothing is proven at distance {distance:.4g}: c = {float(found.c):.4g} is not positive"
        return Regularity(None, None, lower(gamma), None, subject.evidence(why, complete=False), subject.weights)
    return Regularity(
        lower(unit * found.alpha),
        lower(found.beta / unit),
        upper(gamma),
        distance,
        subject.evidence(
            f"points within {distance:.6g} of the minimizer whose direction from it the Jacobian sees with gamma",
            Assumption(f"c = {float(found.c):.6g} is positive"),
        ),
        subject.weights,
        subject.probe(),
    )
