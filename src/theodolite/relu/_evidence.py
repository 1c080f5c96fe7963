"""How losses of local minima and saddles are known, and from when on two of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._references import cite
from theodolite.relu._problem import Number, Problem

__all__ = ["CLEAR", "evidence", "level_tolerance", "loss_of"]

CLEAR = 1e3
"""A decision is clear where its number is this factor away from the tolerance."""

_DECIDED = "the closest decision about a sign or a rank"


def loss_of(problem: Problem, sse: Number) -> Number:
    """Return the loss of a sum of squares."""
    loss = problem.scale * sse
    return loss if isinstance(loss, Fraction) else float(loss)


def level_tolerance(problem: Problem) -> float:
    """Return up to which difference of losses rounded ones are one level: 1e-10 of the loss of the zero network."""
    if problem.exact:
        return 0.0
    return float(problem.scale * (problem.targets**2).sum()) * max(1e-10, 64 * problem.epsilon)


def evidence(
    problem: Problem, boundary: bool, margin: float | None = None, more: Sequence[Assumption] = ()
) -> Evidence:
    """Return how rows are known; ``margin`` is that of the closest decision in floats."""
    scope = (
        "all local minima, differentiable or not, and all differentiable saddles; saddles on kinks are not listed"
        if boundary
        else "local minima and saddles at which the loss is differentiable; those on kinks are not listed"
    )
    checked = () if problem.exact else (Assumption(_DECIDED, margin),)
    return Evidence(
        Method.EXACT if problem.exact else Method.THEOREM,
        (cite("liu-2020"), cite("zhou-liang-2017"), cite("theodolite", "all local minima of a shallow ReLU network")),
        (*checked, *more),
        scope=scope,
        complete=boundary,
    )
