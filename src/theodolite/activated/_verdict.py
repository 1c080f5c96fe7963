"""What a point of an activated network is: a global minimum, not critical, or undecided."""

from __future__ import annotations

from functools import partial

import numpy as np

from theodolite._critical import CriticalSet
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._typing import Parameters
from theodolite._verdict import Direction, Verdict
from theodolite.activated._options import Setting
from theodolite.activated._read import flatness, read
from theodolite.dominance import activated_descent, nearest_minimizer

__all__ = ["judge"]

_HALVINGS = 60


def judge(setting: Setting, weights: Parameters, rtol: float, minima: CriticalSet | None) -> Verdict:
    """Return the verdict.

    A global minimum: a zero of the loss is proven to lie within ``rtol`` times the size of the parameters, because a constant of
    dominance holds on a ball large enough. Not critical: a step along the negative gradient provably lowers the loss.
    """
    model, unit = setting.model, 2 * setting.factor
    subject = read(setting, weights)
    value = setting.factor * float(np.sum(model.residual(weights) ** 2))
    gradient = model.gradient(weights)
    slope = unit * float(np.sqrt(sum(np.sum(part**2) for part in gradient)))
    size = max(float(np.sqrt(sum(np.sum(weight**2) for weight in weights))), np.finfo(float).tiny)
    flat = unit * flatness(model, weights)
    scaled = slope / flat * 1e-15 if flat else 0.0
    certificate = activated_descent(subject)
    distance = certificate.distance
    close = Assumption(
        "a zero of the loss lies within the tolerance"
        if distance is not None
        else "no ball with a constant of dominance reaches a zero of the loss",
        None if distance is None or distance == 0 else rtol * size / distance,
        rtol * size,
    )
    references = (cite("zhou-liang-2017-dominance"), cite("theodolite", "gradient dominance with an activation"))
    if distance is not None and distance <= rtol * size:
        scope = f"a global minimum, of loss zero, lies within {distance:.2g} of these parameters"
        evidence = Evidence(Method.THEOREM, references, (*subject.checked, close), scope, slope)
        nearest = nearest_minimizer(weights, model.residual, model.jacobian, model.rounding)
        return Verdict(
            Kind.GLOBAL_MINIMUM,
            value,
            scaled,
            evidence,
            critical_set=minima,
            nearest=nearest,
            distance=distance,
            gap=value,
            index=0,
        )
    if subject.minimal:
        scope = "the loss is zero to rounding and never negative; how near a network of zero loss is was not proven"
        evidence = Evidence(Method.NUMERIC, references, subject.checked, scope, slope)
        return Verdict(Kind.GLOBAL_MINIMUM, value, scaled, evidence, critical_set=minima, gap=value, index=0)
    way = _way_down(setting, weights, gradient, slope, value) if slope > flat else None
    away = Assumption("the gradient is larger than rounding can make it", slope / flat if flat else None, flat)
    if way is not None:
        evidence = Evidence(
            Method.NUMERIC, references, (away,), "a step along the negative gradient lowers the loss", slope
        )
        gap = value if minima is not None else None
        return Verdict(Kind.NOT_CRITICAL, value, scaled, evidence, critical_set=minima, gap=gap, escape=way)
    scope = (
        "no theorem here tells what critical points of positive loss are: the constants of dominance vanish at this point"
        if not float(certificate.largest_radius or 0.0) > 0
        else "the gradient is too small to tell from rounding, and no zero of the loss is proven to be near"
    )
    evidence = Evidence(Method.NUMERIC, references, (*subject.checked, away, close), scope, slope, complete=False)
    return Verdict(Kind.UNDECIDED, value, scaled, evidence)


def _way_down(
    setting: Setting, weights: Parameters, gradient: Parameters, slope: float, value: float
) -> Direction | None:
    """Return the negative gradient with a step that lowers the loss, ``None`` if halving finds none."""
    model, unit = setting.model, 2 * setting.factor
    tangent = tuple(-unit * part / slope for part in gradient)
    step = value / slope
    for _ in range(_HALVINGS):
        there = _along(weights, tangent, step)
        decrease = value - setting.factor * float(np.sum(model.residual(there) ** 2))
        if decrease > 0.1 * step * slope:
            evidence = Evidence(Method.NUMERIC, (), (), "the straight line along the negative gradient", slope)
            words = "along the negative gradient"
            return Direction(tangent, 1, None, step, decrease, words, evidence, partial(_along, weights, tangent))
        step /= 2
    return None


def _along(weights: Parameters, tangent: Parameters, t: float) -> Parameters:
    return tuple(weight + t * part for weight, part in zip(weights, tangent, strict=True))
