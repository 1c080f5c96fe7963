"""Certificates for products of layers: dominance in a ball, and the step and rate of gradient descent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf, isinf, nextafter
from numbers import Real

import numpy as np

from theodolite._errors import DataError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._references import cite
from theodolite._typing import Parameters
from theodolite.dominance._chain import EPSILON, Chain, broadest
from theodolite.dominance._probe import Probe
from theodolite.dominance._regularity import Strength, chain_bounds, strength, widest
from theodolite.dominance._results import DescentCertificate, Dominance, Regularity
from theodolite.dominance._search import Need, smallest_radius
from theodolite.dominance._sizes import (
    Scalar,
    Sizes,
    best_constant,
    comp_constant,
    largest_radius,
    ntk_constant,
    product_constant,
    root,
    smoothness,
    steepness,
)

__all__ = ["Subject", "chain_descent", "chain_dominance", "chain_regularity", "check_radius", "lower", "upper"]

_PAPER = cite("zhou-liang-2017-dominance")
_OURS = cite("theodolite", "gradient dominance at every point and in every ball")


@dataclass(frozen=True, eq=False)
class Subject:
    """A product of layers at a point, and what was measured there.

    The landscape's loss is ``unit`` times 1/2 ||E||^2 plus its minimum, except that a narrow layer keeps it above by
    ``tail``, which is then part of the minimum. ``minimal`` says whether the point is a global minimizer (to rounding, or
    exactly in verified arithmetic), ``ratio`` is the excess over the squared gradient (of 1/2 ||E||^2), ``local`` the
    squared smallest nonzero singular value of the Jacobian where its rank is locally constant. ``checked`` are
    assumptions about the data, ``scope`` names the landscape.
    """

    chain: Chain
    weights: Parameters
    sizes: Sizes
    unit: Scalar
    tail: float
    minimal: bool
    ratio: Scalar
    local: Scalar | None
    method: Method
    checked: tuple[Assumption, ...]
    scope: str

    @property
    def verified(self) -> bool:
        """Whether sizes are Fractions on the safe side."""
        return self.method is not Method.THEOREM

    @property
    def margin(self) -> float:
        """By how much radii are enlarged inside formulas, for the rounding of floats."""
        if self.verified:
            return 0.0
        return 8 * broadest(self.weights) * EPSILON * float(max(self.sizes.norms))

    def number(self, value: float) -> Scalar:
        """Return a radius in the arithmetic of the sizes."""
        return Fraction(value) if self.verified else value

    def root(self, value: Scalar) -> Scalar:
        """Return a lower bound on a square root."""
        return root(value, up=False)

    def probe(self) -> Probe:
        """Return what samples claims about this point."""
        return Probe(self.chain, self.weights, (False,) * len(self.weights), float(self.unit))

    def evidence(self, scope: str, *extra: Assumption, complete: bool = True) -> Evidence:
        """Return why it is known."""
        return Evidence(
            self.method, (_PAPER, _OURS), (*self.checked, *extra), f"{scope}; {self.scope}", complete=complete
        )


def lower(value: Scalar) -> float:
    """Return a float that is no larger."""
    number = float(value)
    return nextafter(number, -inf) if isinstance(value, Fraction) and Fraction(number) > value else number


def upper(value: Scalar) -> float:
    """Return a float that is no smaller."""
    number = float(value)
    return nextafter(number, inf) if isinstance(value, Fraction) and Fraction(number) < value else number


def check_radius(radius: object) -> float:
    """Return a radius as a float, or refuse what is none."""
    scalar = isinstance(radius, np.ndarray) and radius.ndim == 0
    if (scalar or isinstance(radius, Real)) and not isinstance(radius, bool):
        number = float(np.asarray(radius, dtype=np.float64))
        if 0 <= number < inf:
            return number
    raise DataError(f"radius is {radius!r}", fix="Pass a finite number of zero or more")


def chain_dominance(subject: Subject, radius: float) -> Dominance:
    """Return the dominance constants of a product of layers in the ball of ``radius``, or at the point alone."""
    sizes, unit = subject.sizes, subject.unit
    if not subject.chain.rank:
        evidence = subject.evidence("the data is zero on its inputs: the loss is constant")
        return Dominance(0.0, inf, inf, inf, inf, radius, 0.0, evidence)
    inner = subject.number(radius) + (subject.number(subject.margin) if radius else subject.number(0.0))
    jacobian = ntk_constant(sizes, inner)
    found = (jacobian, comp_constant(sizes, inner), product_constant(sizes, inner))
    ntk, comp, single = (None if value is None else lower(unit * value) for value in found)
    mu = max(value for value in (ntk, comp, single) if value is not None)
    constant: float | None = upper(1 / (2 * unit * best_constant(sizes, inner))) if mu > 0 else inf
    notes: list[Assumption] = []
    if jacobian is None:
        notes.append(Assumption("the Jacobian is too large: mu_ntk was not computed"))
    pointwise: float | None = _ratio(subject)
    limit = False
    if subject.minimal:
        pointwise = None if subject.local is None else upper(1 / (2 * unit * subject.local))
        scope = _limit_scope(subject)
        if not radius:
            limit, constant = subject.local is not None, pointwise
            return Dominance(
                constant,
                mu,
                ntk,
                comp or 0.0,
                single,
                radius,
                pointwise,
                subject.evidence(scope, *notes, complete=limit),
                limit,
                subject.probe(),
            )
    scope = "at this point" if not radius else f"at every point with each layer within {radius:.6g} (spectral norm)"
    if not mu > 0 and not radius and pointwise is not None and pointwise < inf:
        constant, scope = pointwise, "at this point alone, where it is the ratio itself"
    elif not mu > 0:
        scope = f"no positive constant is proven {scope}"
    if radius and subject.margin:
        notes.append(Assumption(f"radius enlarged by {subject.margin:.2g} for rounding", tolerance=subject.margin))
    return Dominance(
        constant,
        mu,
        ntk,
        comp or 0.0,
        single,
        radius,
        pointwise,
        subject.evidence(scope, *notes, complete=constant is not None and constant < inf),
        probe=subject.probe(),
    )


def _ratio(subject: Subject) -> float:
    value = subject.ratio / subject.unit
    return value if isinstance(value, float) else upper(value)


def _limit_scope(subject: Subject) -> str:
    if subject.local is None and subject.tail:
        return "no limit is proven at minimizers of a bottleneck that cannot fit the data"
    if subject.local is None:
        return "at this minimizer the rank of the Jacobian is not locally constant: no limit from nearby is known"
    return "pointwise limit: the sharp constant as points approach this minimizer, and no statement about any ball"


def chain_descent(subject: Subject) -> DescentCertificate:
    """Return the step and rate that gradient descent is guaranteed, or why there is none."""
    sizes, unit = subject.sizes, subject.unit
    excess = sizes.residual**2 / 2
    known = upper(unit * excess)
    if not subject.chain.rank:
        evidence = subject.evidence(
            "the data is zero on its inputs: the loss is constant and descent stays where it is"
        )
        return DescentCertificate(1.0, 0.0, 0.0, evidence, inf, 0.0, 0.0, 0.0, inf)
    need = Need(lambda r: best_constant(sizes, r), lambda r: steepness(sizes, r), excess)
    most = largest_radius(sizes)
    if not most > 0:
        why = "no rate is guaranteed: no dominance constant is positive around this point"
        evidence = subject.evidence(why, complete=False)
        return DescentCertificate(None, None, None, evidence, excess=known, largest_radius=0.0, probe=subject.probe())
    margin = subject.margin
    near = smallest_radius(need.reach, most, subject.number, margin)
    distance = None if near is None else upper(need.reach(near + subject.number(margin)))
    radius = smallest_radius(need.path, most, subject.number, margin)
    if radius is None:
        why = (
            "no rate is guaranteed: gradient descent might leave every ball on which a constant is positive "
            f"(they reach up to {most:.4g})"
        )
        evidence = subject.evidence(why, complete=False)
        return DescentCertificate(
            None, None, None, evidence, excess=known, distance=distance, largest_radius=most, probe=subject.probe()
        )
    ball = radius + subject.number(margin)
    mu, smooth = best_constant(sizes, ball), smoothness(sizes, ball)
    step = lower(1 / (unit * smooth))
    rate = upper(1 - subject.number(step) * unit * mu)
    room = most / float(radius) if radius else inf
    fits = Assumption("the way of gradient descent ends before the constants do", None if isinf(room) else room)
    return DescentCertificate(
        step,
        rate,
        upper(radius),
        subject.evidence("gradient descent from this point with this constant step or a smaller one", fits),
        lower(unit * mu),
        upper(unit * smooth),
        known,
        distance,
        most,
        subject.probe(),
    )


def chain_regularity(subject: Subject, length: float, gamma: Scalar | None) -> Regularity:
    """Return the regularity of ``subject``, a minimizer, for directions of norm ``length`` that the Jacobian sees with ``gamma``.

    Without them (``length`` zero) it is that of normal directions, at a distance where c is at least 1/2.
    """
    sizes, unit = subject.sizes, subject.unit
    if gamma is None or not gamma > 0:
        why = "the loss does not change to first order of the outputs along this direction: nothing is proven"
        return Regularity(None, None, None, None, subject.evidence(why, complete=False), subject.weights)
    largest = max(sizes.norms)

    def at(distance: Scalar) -> Strength:
        return strength(chain_bounds(sizes.x_high, sizes.depth, largest, gamma, distance), gamma)

    start = float(max(sizes.norms)) or 1.0
    distance = length or widest(lambda value: at(subject.number(value)).c, start)
    if distance is None:
        why = "the Jacobian at this minimizer is too nearly singular for any distance"
        return Regularity(None, None, None, None, subject.evidence(why, complete=False), subject.weights)
    found = at(subject.number(distance + subject.margin))
    if not found.c > 0:
        why = f"nothing is proven at distance {distance:.4g}: c = {float(found.c):.4g} is not positive"
        return Regularity(None, None, lower(gamma), None, subject.evidence(why, complete=False), subject.weights)
    scope = f"points within {distance:.6g} of the minimizer whose direction from it the Jacobian sees with gamma"
    note = Assumption(f"c = {float(found.c):.6g} is positive")
    return Regularity(
        lower(unit * found.alpha),
        lower(found.beta / unit),
        upper(gamma),
        distance,
        subject.evidence(scope, note),
        subject.weights,
        subject.probe(),
    )
