"""The verdict on a point with weight decay where all critical points are known: identify the pairs, then measure."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from theodolite._critical import CriticalSet, Home
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._typing import Array, Matrix, Parameters, Vector
from theodolite._verdict import Verdict
from theodolite.linear._decay import DecayPoint
from theodolite.linear._network import Network
from theodolite.linear._regularized import Pairs

__all__ = ["Solved", "judge_pairs"]

_EPSILON = float(np.finfo(np.float64).eps)
_SURE = 0.25


@runtime_checkable
class Solved(Protocol):
    """What the verdict asks of the landscape's problem."""

    network: Network

    @property
    def pairs(self) -> Pairs:
        """The pairs that can be learnt."""

    def critical_set(self, taken: Array, home: Home) -> CriticalSet:
        """Return the family of a single row."""


def judge_pairs(problem: Solved, params: Parameters, loss: float, best: float, rtol: float, home: Home) -> Verdict:
    """Return the verdict: critical within ``rtol`` of an explicit critical point, provably not, or undecided."""
    pairs, width = problem.pairs, len(params[0])
    point = DecayPoint(problem.network, params)
    taken, left, right, sizes, ambiguity = _identify(pairs, params)
    nearest = _nearest(params, left, right, sizes)
    moved = [float(np.linalg.norm(there - here)) for here, there in zip(params, nearest, strict=True)]
    natural = float(np.max(pairs.sizes, initial=0.0))
    layers = [max(float(np.linalg.norm(here, 2)), natural) for here in params]
    relative = max((move / size if size else float(move > 0)) for move, size in zip(moved, layers, strict=True))
    slope = point.scaled_gradient()
    roundoff = 8 * _EPSILON * float(np.sqrt(sum(array.size for array in params)))
    family = problem.critical_set(taken[None, :], home)
    distance = float(np.linalg.norm(moved)) + 8 * _EPSILON * float(np.linalg.norm(layers))
    close = Assumption(
        f"a critical point lies within {relative:.2g} of the layers' sizes", rtol / relative if relative else None, rtol
    )
    sure = Assumption("each score of the product is an integer", _SURE / ambiguity if ambiguity else None, _SURE)
    references = (cite("kunin-2019"), cite("theodolite", "weight decay"))
    index, nullity, escape, method = None, None, None, Method.NUMERIC
    if relative <= rtol and ambiguity < _SURE:
        index, nullity = family.index, family.nullity
        kind = family.kind
        method, checked = Method.THEOREM, (*pairs.checked, close, sure)
        scope = f"an exactly critical point of {family.label} lies within {distance:.2g} of these parameters"
    elif relative <= rtol or slope <= roundoff:
        kind, checked, scope = Kind.UNDECIDED, (close, sure), "too close to call: see the margins"
    else:
        kind, checked = (
            Kind.NOT_CRITICAL,
            (Assumption("the gradient is larger than rounding", slope / roundoff, roundoff),),
        )
        scope = "a step along the negative gradient lowers the loss"
    evidence = Evidence(method, references, checked, scope, slope, kind is not Kind.UNDECIDED)
    if kind is Kind.STRICT_SADDLE:
        escape = point.swap(left, right, evidence) if left.shape[1] == width else point.wake(_unused(nearest), evidence)
    return Verdict(
        kind, loss, slope, evidence, family, nearest, distance, max(loss - best, 0.0), index, nullity, escape
    )


def _identify(pairs: Pairs, params: Parameters) -> tuple[Array, Matrix, Matrix, Vector, float]:
    """Return the selection, its directions and sizes, and how far the scores are from integers."""
    w1, w2 = params
    room, ambiguity = len(w1), 0.0
    taken, left, right, sizes = [], [], [], []
    for group in pairs.groups:
        square = float((pairs.sizes[group] ** 2).mean())
        block = pairs.left[:, group].T @ w2 @ w1 @ pairs.right[:, group] / square
        score = float(np.trace(block))
        count = int(np.clip(np.rint(score), 0, min(group.stop - group.start, room)))
        ambiguity, room = max(ambiguity, abs(score - count)), room - count
        axes = np.linalg.eigh((block + block.T) / 2)[1][:, ::-1][:, :count]
        taken.append(count)
        left.append(pairs.left[:, group] @ axes)
        right.append(pairs.right[:, group] @ axes)
        sizes.append(np.full(count, np.sqrt(square)))
    empty = [np.zeros((side.shape[0], 0)) for side in (pairs.left, pairs.right)]
    return (
        np.array(taken, dtype=np.int64),
        np.concatenate([*left, empty[0]], axis=1),
        np.concatenate([*right, empty[1]], axis=1),
        np.concatenate([*sizes, np.zeros(0)]),
        ambiguity,
    )


def _nearest(params: Parameters, left: Matrix, right: Matrix, sizes: Vector) -> Parameters:
    """Return the critical point of this selection whose hidden directions O are closest to those of ``params``."""
    w1, w2 = params
    guess = (left.T @ w2).T * sizes + w1 @ right * sizes
    u, _, v = np.linalg.svd(guess, full_matrices=False)
    turn = u @ v
    return (turn * sizes) @ right.T, (left * sizes) @ turn.T


def _unused(nearest: Parameters) -> Vector:
    """Return a hidden unit vector that no layer of an exactly critical point uses."""
    stacked = np.concatenate([nearest[1], nearest[0].T])
    return np.asarray(np.linalg.svd(stacked, full_matrices=True)[2][-1])
