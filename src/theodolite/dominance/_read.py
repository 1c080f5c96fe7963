"""From weights and data to a subject, in floating point: what can be said at a point beside the sizes."""

from __future__ import annotations

from math import inf

import numpy as np

from theodolite._evidence import Assumption, Method
from theodolite._typing import Matrix, Parameters
from theodolite.dominance._certify import Subject
from theodolite.dominance._chain import EPSILON, Chain, broadest, check_sizes
from theodolite.dominance._sizes import measure

__all__ = ["narrowest", "reachable", "read"]

_DENSE_MOST = 4_000_000
_ROUND = 1e-7
"""Relative distance below which a point counts as a minimizer of a bottleneck: the square root of the rounding of its loss."""


def narrowest(chain: Chain, weights: Parameters) -> int:
    """Return the rank that a product of such layers can have on the data."""
    return min(chain.rank, len(chain.y), *(len(weight) for weight in weights))


def reachable(chain: Chain, weights: Parameters) -> tuple[Matrix, float]:
    """Return the best target that the narrowest layer lets through, and half the squared norm of what it keeps back."""
    width = narrowest(chain, weights)
    if width >= min(chain.y.shape):
        return chain.y, 0.0
    left, values, right = np.linalg.svd(chain.y, full_matrices=False)
    lost = values[width:]
    if not lost.size or lost[0] <= max(chain.y.shape) * EPSILON * values[0]:
        return chain.y, 0.0
    return (left[:, :width] * values[:width]) @ right[:width], float(np.sum(lost**2)) / 2


def read(chain: Chain, weights: Parameters, unit: float, checked: tuple[Assumption, ...], scope: str) -> Subject:
    """Return what is known at ``weights`` in floating point."""
    check_sizes(chain.x, chain.y, weights)
    sizes = measure(chain, weights)
    target, tail = reachable(chain, weights)
    rounding = chain.rounding(weights)
    residual = chain.residual(weights)
    size = float(np.linalg.norm(residual))
    excess = size**2 / 2 - tail
    gradient = chain.gradient(weights)
    slope = sum(float(np.sum(part**2)) for part in gradient)
    flat = _flatness(chain, weights, size + rounding)
    if tail:
        minimal = float(np.linalg.norm(residual + chain.y - target)) <= _ROUND * float(np.linalg.norm(chain.y))
    else:
        minimal = size <= rounding
    still = slope**0.5 <= flat
    ratio = inf if still or slope == 0 else max(excess, 0.0) / slope
    note = () if not minimal else (_closeness(size if not tail else 0.0, rounding),)
    return Subject(
        chain,
        weights,
        sizes,
        unit,
        tail,
        minimal,
        ratio,
        _local(chain, weights, tail) if minimal else None,
        Method.THEOREM,
        (*checked, *note),
        scope,
    )


def _closeness(size: float, rounding: float) -> Assumption:
    return Assumption("the residual is zero to rounding: a minimizer", rounding / size if size else None, rounding)


def _flatness(chain: Chain, weights: Parameters, size: float) -> float:
    """Return how large rounding can make a gradient that is zero."""
    steep = sum(
        float(np.linalg.norm(left, 2)) * float(np.linalg.norm(right, 2))
        for left, right in zip(chain.lefts(weights), chain.rights(weights), strict=False)
        if right.size
    )
    return 4 * len(weights) * broadest(weights) * EPSILON * steep * size


def _local(chain: Chain, weights: Parameters, tail: float) -> float | None:
    """Return the squared smallest nonzero singular value of J where its rank is the largest possible, so locally constant.

    That rank is p (d_H + r - p), p the narrowest width: the dimension of the matrices of rank p.
    """
    if tail:
        return None
    rows, width = len(chain.y) * chain.rank, narrowest(chain, weights)
    if not rows:
        return None
    rank = width * (len(chain.y) + chain.rank - width)
    if rank == rows and len(weights) > 1:
        low = measure(chain, weights).ntk
        scale = float(np.linalg.norm(chain.x, 2)) * max(1.0, *(float(np.linalg.norm(w, 2)) for w in weights))
        if low is not None and low > rows * EPSILON * scale:
            return float(low**2)
    if rows * sum(weight.size for weight in weights) > _DENSE_MOST:
        return None
    values = np.linalg.svd(chain.jacobian(weights), compute_uv=False)
    if len(values) < rank or not values[rank - 1] > max(rows, 10) * EPSILON * values[0] * 10:
        return None
    return float(values[rank - 1] ** 2)
