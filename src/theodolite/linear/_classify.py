"""The verdict on a point of a shallow linear landscape, at most a tolerance away from an exactly critical one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theodolite._critical import Home
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._typing import Matrix, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._escape import saddle_direction
from theodolite.linear._nearest import Nearest, Point, nearest_critical
from theodolite.linear._reduction import Reduction
from theodolite.linear._sets import FamilySets

__all__ = ["Question", "classify"]

_EPSILON = float(np.finfo(np.float64).eps)
_SURE = 0.25
"""A score (an integer at critical points) further than this from its integer decides nothing."""
_CLEAR = 10.0
"""The factor by which ranks of the idle parts must stay clear of their tolerance for the nullity to be stated."""


@dataclass(frozen=True, eq=False)
class Question:
    """A point in core coordinates with all that its verdict needs: ``unit`` is twice the factor before the sum of squares."""

    reduction: Reduction
    sets: FamilySets
    home: Home
    w1: Matrix
    w2: Matrix
    loss: float
    unit: float
    rtol: float

    @property
    def params(self) -> Parameters:
        """The parameters as arrays."""
        return self.w1, self.w2


def classify(question: Question) -> Verdict:
    """Return the verdict: critical within ``rtol``, provably not critical, or undecided, in this order.

    A point that is not critical comes without a way out: the gradient is one, and it is the network's to give.
    """
    reduction, sets = question.reduction, question.sets
    point = Point.of(reduction, question.w1, question.w2)
    near = nearest_critical(reduction, point, sets.families.cap, question.rtol)
    slope, roundoff = _scaled_gradient(reduction, point)
    taken = near.taken[None, :]
    family = sets.critical_set(taken, question.home)
    critical = near.relative <= question.rtol
    index, nullity, escape = None, None, None
    if critical and near.ambiguity < _SURE:
        index = int(sets.counts.index(taken)[0])
        kind = Kind.STRICT_SADDLE if index else Kind.GLOBAL_MINIMUM
        if near.idle_margin >= _CLEAR:
            nullity = sets.nullity(taken, near.outer, near.inner)
        if index:
            escape = saddle_direction(reduction, near, question.params, question.unit, _evidence(question, near, slope))
    elif critical or slope <= roundoff:
        kind = Kind.UNDECIDED
    else:
        kind = Kind.NOT_CRITICAL
    best = float(sets.families.values(sets.top)[0])
    return Verdict(
        kind=kind,
        value=question.loss,
        scaled_gradient=slope,
        evidence=_verdict_evidence(question, near, point, kind, slope, roundoff, family.label),
        critical_set=family,
        nearest=_raw(question, near, point),
        distance=near.distance
        + 8 * _EPSILON * float(np.hypot(np.linalg.norm(question.w1), np.linalg.norm(question.w2))),
        gap=max(question.loss - best, 0.0),
        index=index,
        nullity=nullity,
        escape=escape,
    )


def _raw(question: Question, near: Nearest, point: Point) -> Parameters:
    """Return the exactly critical pair in raw weights; what the loss does not see stays as it was."""
    return question.w1 + (near.a - point.a) @ question.reduction.inverse, near.b


def _scaled_gradient(reduction: Reduction, point: Point) -> tuple[float, float]:
    """Return the gradient relative to the size of its terms, and how large rounding alone can make that number."""
    natural_b = point.natural_b
    natural_a = float(reduction.singular_values[0]) / natural_b if natural_b else 0.0
    norm_a = max(float(np.linalg.norm(point.a, 2)) if point.a.size else 0.0, natural_a)
    norm_b = max(float(np.linalg.norm(point.b, 2)), natural_b)
    error = point.b @ point.a - reduction.target
    size = norm_a * norm_b + float(np.linalg.norm(reduction.target))
    if size == 0 or error.size == 0:
        return 0.0, 0.0
    error = error / size  # before any product: squares could leave the range
    in_a = float(np.linalg.norm(point.b.T / norm_b @ error)) if norm_b else 0.0
    in_b = float(np.linalg.norm(error @ point.a.T / norm_a)) if norm_a else 0.0
    # A = W1 C cancels where inputs are nearly dependent: its error is that of the terms it is made of.
    terms = 1.0 + norm_b * point.size_a / size
    return max(in_a, in_b), 8 * _EPSILON * np.sqrt(max(error.shape)) * terms


def _evidence(question: Question, near: Nearest, slope: float) -> Evidence:
    return Evidence(
        Method.THEOREM,
        (cite("theodolite", "explicit descent from every saddle"),),
        question.sets.checked,
        "the curve through the exactly critical point next to these parameters",
        slope,
    )


def _verdict_evidence(
    question: Question, near: Nearest, point: Point, kind: Kind, slope: float, roundoff: float, label: str
) -> Evidence:
    """Say what was checked, with margins, and what the verdict claims."""
    references = (cite("baldi-hornik-1989"), cite("zhou-liang-2017"), cite("theodolite", "index at every stratum"))
    limit = question.rtol
    close = Assumption(
        f"an exactly critical point lies within {near.relative:.2g} of the layers' sizes",
        limit / near.relative if near.relative else None,
        limit,
    )
    sure = Assumption(
        "each score of the product is an integer", _SURE / near.ambiguity if near.ambiguity else None, _SURE
    )
    idle = Assumption(
        f"rank of the idle parts: {near.outer} outer, {near.inner} inner",
        None if np.isinf(near.idle_margin) else near.idle_margin,
        limit,
    )
    away = Assumption(
        "the gradient is larger than rounding can make it", slope / roundoff if roundoff else None, roundoff
    )
    if kind is Kind.NOT_CRITICAL:
        return Evidence(
            Method.NUMERIC, references, (away,), "a step along the negative gradient lowers the loss", slope
        )
    if kind is Kind.UNDECIDED:
        why = (close, sure, away)
        return Evidence(Method.NUMERIC, references, why, "too close to call: see the margins", slope, complete=False)
    drift = float(np.linalg.norm(point.b @ point.a - near.b @ near.a))
    bound = question.unit * (drift * float(np.linalg.norm(question.reduction.target)) + drift**2 / 2)
    value = Assumption(f"the loss is within {bound:.2g} of the critical value")
    scope = f"an exactly critical point of {label} lies within {near.distance:.2g} of these parameters"
    return Evidence(Method.THEOREM, references, (*question.sets.checked, close, sure, idle, value), scope, slope)
