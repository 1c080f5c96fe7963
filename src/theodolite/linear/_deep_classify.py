"""The verdict on a point of a deep linear landscape, at most a tolerance away from an exactly critical one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from theodolite._critical import Home
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._typing import Parameters
from theodolite._verdict import Direction, Verdict
from theodolite.linear._deep_escape import curve_direction, join_direction, swap_direction
from theodolite.linear._deep_normal import DeepPoint, Normal, normal_form
from theodolite.linear._deep_sets import DeepSets, branch_kind
from theodolite.linear._reduction import Reduction

__all__ = ["DeepQuestion", "classify_deep"]

_EPSILON = float(np.finfo(np.float64).eps)
_SURE = 0.25
"""A score (an integer at critical points) further than this from its integer decides nothing."""
_CLEAR = 10.0
"""The factor by which ranks must stay clear of their tolerance for what depends on them to be stated."""


@dataclass(frozen=True, eq=False)
class DeepQuestion:
    """A point in core coordinates with all that its verdict needs: ``factor`` stands before the sum of squares."""

    reduction: Reduction
    sets: DeepSets
    home: Home
    weights: Parameters
    loss: float
    factor: float
    rtol: float


def classify_deep(question: DeepQuestion) -> Verdict:
    """Return the verdict: critical within ``rtol``, provably not critical, or undecided, in this order.

    A point that is not critical comes without a way out: the gradient is one, and it is the network's to give.
    """
    reduction, sets = question.reduction, question.sets
    point = DeepPoint.of(reduction, question.weights)
    normal = normal_form(reduction, point, sets.counts.arcs, sets.families.cap, question.rtol)
    slope, roundoff = _scaled_gradient(reduction, point)
    best = float(sets.families.values(sets.top)[0])
    verdict = Verdict(
        kind=Kind.NOT_CRITICAL if slope > roundoff else Kind.UNDECIDED,
        value=question.loss,
        scaled_gradient=slope,
        evidence=_away(slope, roundoff),
        gap=max(question.loss - best, 0.0),
    )
    if normal is None:
        return verdict
    taken = normal.taken[None, :]
    strict = bool(sets.counts.arcs.saddles(normal.strings[None, :])[0])
    branch = sets.branch_of(taken, strict)
    found = sets.critical_set(taken, branch, question.home)
    size = float(np.sqrt(sum(np.sum(weight**2) for weight in question.weights)))
    distance = normal.distance + 8 * _EPSILON * size
    verdict = replace(verdict, critical_set=found, nearest=normal.weights, distance=distance)
    checked = _checked(question, normal, point)
    top, full = bool(sets.is_top(taken)[0]), int(taken.sum()) == sets.families.cap
    clear = normal.margin >= _CLEAR
    if normal.relative > question.rtol:
        return verdict
    if normal.ambiguity >= _SURE or not (clear or full or not top):
        evidence = Evidence(
            Method.NUMERIC,
            sets.evidence.references,
            checked,
            "too close to call: see the margins",
            slope,
            complete=False,
        )
        return replace(verdict, kind=Kind.UNDECIDED, evidence=evidence)
    scope = f"an exactly critical point of {found.label} lies within {normal.distance:.2g} of these parameters"
    evidence = Evidence(Method.THEOREM, sets.evidence.references, (*sets.checked, *checked), scope, slope)
    index, nullity, _ = sets.numbers(taken, normal.strings)
    kind = branch_kind(branch, top, full)
    return replace(
        verdict,
        kind=kind,
        evidence=evidence,
        index=index if clear or kind is Kind.GLOBAL_MINIMUM else None,
        nullity=nullity if clear else None,
        escape=_escape(question, normal, kind, top, evidence),
    )


def _escape(question: DeepQuestion, normal: Normal, kind: Kind, top: bool, evidence: Evidence) -> Direction | None:
    """Return the way out of a saddle of this kind."""
    if kind is Kind.GLOBAL_MINIMUM:
        return None
    build = curve_direction if kind is Kind.NON_STRICT_SADDLE else join_direction if top else swap_direction
    by = Evidence(
        Method.THEOREM,
        (cite("theodolite", "explicit descent from every saddle of any depth"),),
        question.sets.checked,
        "the curve through the exactly critical point next to these parameters",
        evidence.residual,
    )
    return build(question.reduction, normal, question.weights, question.factor, by)


def _scaled_gradient(reduction: Reduction, point: DeepPoint) -> tuple[float, float]:
    """Return the gradient relative to the size of its terms, and how large rounding alone can make that number."""
    layers, depth = point.layers, len(point.layers)
    strongest = float(reduction.singular_values[0]) if reduction.m else 0.0
    natural = strongest / float(np.prod(point.sizes[1:]))
    norms = point.sizes.copy()
    norms[0] = max(float(np.linalg.norm(point.first, 2)) if point.first.size else 0.0, natural)
    product = np.eye(layers[0].shape[1])
    for layer in layers:
        product = layer @ product
    error = product - reduction.target
    size = float(np.prod(norms)) + float(np.linalg.norm(reduction.target))
    if not error.size or not size:
        return 0.0, 0.0
    scaled = [layer / (norm or 1.0) for layer, norm in zip(layers, norms, strict=True)]
    below = [np.eye(layers[0].shape[1])]
    for layer in scaled[:-1]:
        below.append(layer @ below[-1])
    slopes = []
    back = error / size
    for k in reversed(range(depth)):
        slopes.append(float(np.linalg.norm(back @ below[k].T)))
        back = scaled[k].T @ back
    return max(slopes), 4 * depth * _EPSILON * float(np.sqrt(max(*error.shape, *(len(layer) for layer in layers))))


def _away(slope: float, roundoff: float) -> Evidence:
    margin = slope / roundoff if roundoff else None
    away = Assumption("the gradient is larger than rounding can make it", margin, roundoff)
    if slope > roundoff:
        return Evidence(Method.NUMERIC, (), (away,), "a step along the negative gradient lowers the loss", slope)
    scope = "too close to call: the gradient may be rounding, and no exactly critical point was found near enough"
    return Evidence(Method.NUMERIC, (), (away,), scope, slope, complete=False)


def _checked(question: DeepQuestion, normal: Normal, point: DeepPoint) -> tuple[Assumption, ...]:
    """Say what was decided at the point, with margins."""
    limit = question.rtol
    product = drift = np.eye(question.reduction.rho)
    for layer in point.layers:
        product = layer @ product
    exact = (normal.weights[0] @ question.reduction.inputs, *normal.weights[1:])
    for layer in exact:
        drift = layer @ drift
    moved = float(np.linalg.norm(product - drift))
    bound = 2 * question.factor * (moved * float(np.linalg.norm(question.reduction.target)) + moved**2 / 2)
    named = [
        f"{many}×{arc}" if many > 1 else f"{arc}"
        for arc, many in zip(question.sets.counts.arcs.all, normal.strings.tolist(), strict=True)
        if many
    ]
    return (
        Assumption(
            f"an exactly critical point lies within {normal.relative:.2g} of the layers' sizes",
            limit / normal.relative if normal.relative else None,
            limit,
        ),
        Assumption(
            "each score of the product is an integer", _SURE / normal.ambiguity if normal.ambiguity else None, _SURE
        ),
        Assumption(
            f"ranks of all partial products: strings {', '.join(named) or 'none'}",
            None if np.isinf(normal.margin) else normal.margin,
            limit,
        ),
        Assumption(f"the loss is within {bound:.2g} of the critical value"),
    )
