"""Least squares with weights of zero or more, exactly: floats guess which weights are positive, rationals decide.

For columns a_1, ..., a_k and a target y the smallest |sum mu_k a_k - y|^2 over mu >= 0 (some mu free) is attained where the
residual e is orthogonal to the columns with mu > 0 and to the free ones, and has e . a_k >= 0 for all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from theodolite._numerics import as_fractions, exact_solve, to_floats
from theodolite._typing import Array

__all__ = ["combine", "exact_weights", "float_fit"]

_SMALL = 1e-9


def float_fit(columns: Array, free: int, target: Array) -> tuple[float, Array]:
    """Return the smallest sum of squares in floats and the weights that attain it; the last ``free`` columns may be negative."""
    from scipy.optimize import nnls

    size = np.linalg.norm(columns, axis=0)
    scale = np.where(size > 0, size, 1.0)
    scaled = columns / scale
    if free:
        scaled = np.concatenate([scaled, -scaled[:, -free:]], axis=1)
    try:
        weights, distance = nnls(scaled, target)
    except RuntimeError:  # it did not converge, which rationals do
        return _without_floats(columns, free, target)
    if free:
        weights[len(scale) - free : len(scale)] -= weights[len(scale) :]
    return float(distance) ** 2, weights[: len(scale)] / scale


def _without_floats(columns: Array, free: int, target: Array) -> tuple[float, Array]:
    """Return the same as ``float_fit`` by way of rationals."""
    exact, aim = as_fractions(columns), as_fractions(target)
    weights = _by_descent(exact, set(range(columns.shape[1] - free, columns.shape[1])), aim)
    residual = exact @ weights - aim
    return float(residual @ residual), to_floats(weights)


def exact_weights(columns: Array, free: int, target: Array, guess: Array) -> Array:
    """Return the weights of a best fit in rationals; ``guess`` is positive where they probably are."""
    count = columns.shape[1]
    always = set(range(count - free, count))
    active = [k for k in range(count) if k in always or guess[k] > 0]
    active, weights = _independent(columns, active, target)
    seen = set()
    while True:
        negative = [k for k in active if k not in always and weights[k] < 0]
        if negative:  # the guess was wrong: begin again with none, which cannot cycle
            return _by_descent(columns, always, target)
        residual = columns @ _filled(weights, count) - target
        pulls = residual @ columns
        worst = min((k for k in range(count) if k not in active), key=lambda k: pulls[k], default=None)
        if worst is None or pulls[worst] >= 0:
            return _filled(weights, count)
        if tuple(active) in seen:
            return _by_descent(columns, always, target)
        seen.add(tuple(active))
        active, weights = _independent(columns, [*active, worst], target)


def _by_descent(columns: Array, always: set[int], target: Array) -> Array:
    """Return the weights by the method of Lawson and Hanson, whose sum of squares falls in every step."""
    count = columns.shape[1]
    active, weights = _independent(columns, sorted(always), target)
    while True:
        residual = columns @ _filled(weights, count) - target
        pulls = residual @ columns
        entering = min((k for k in range(count) if k not in active), key=lambda k: pulls[k], default=None)
        if entering is None or pulls[entering] >= 0:
            return _filled(weights, count)
        active = [*active, entering]
        while True:
            kept, wanted = _independent(columns, active, target)
            limits = [
                (weights.get(k, Fraction(0)) / (weights.get(k, Fraction(0)) - wanted.get(k, Fraction(0))), k)
                for k in active
                if k not in always and wanted.get(k, Fraction(0)) < 0
            ]
            if not limits:
                active, weights = kept, wanted
                break
            step = min(limit for limit, _ in limits)
            weights = {
                k: weights.get(k, Fraction(0)) + step * (wanted.get(k, Fraction(0)) - weights.get(k, Fraction(0)))
                for k in active
            }
            active = [k for k in active if k in always or weights[k] > 0]


def _independent(columns: Array, active: Sequence[int], target: Array) -> tuple[list[int], dict[int, Fraction]]:
    """Return the least-squares weights on some columns; of dependent ones those to the left are used."""
    chosen = columns[:, list(active)]
    gram = np.asarray(chosen.T @ chosen)
    if not active:
        return [], {}
    solved = exact_solve(gram, np.asarray(chosen.T @ target)[:, None])[:, 0]
    return list(active), dict(zip(active, solved, strict=True))


def _filled(weights: dict[int, Fraction], count: int) -> Array:
    full = np.full(count, Fraction(0), dtype=object)
    for k, weight in weights.items():
        full[k] = weight
    return full


def combine(vectors: Array, target: Array) -> dict[int, Fraction] | None:
    """Return weights of zero or more with ``sum_i weights[i] * vectors[i] == target`` exactly, ``None`` where there are none."""
    if not any(target):
        return {}
    if not len(vectors):
        return None
    _, guess = float_fit(np.asarray(vectors.T, dtype=np.float64), 0, to_floats(target / max(map(abs, target))))
    order = np.argsort(-guess, kind="stable").tolist()
    chosen = [k for k in order if guess[k] > _SMALL * float(guess.max())]
    found = _solved(vectors, chosen, target)
    if found is not None:
        return found
    weights = exact_weights(np.asarray(vectors.T), 0, target, guess)
    if any(vectors.T @ weights - target):
        return None
    return {k: weight for k, weight in enumerate(weights) if weight}


def _solved(vectors: Array, chosen: Sequence[int], target: Array) -> dict[int, Fraction] | None:
    from theodolite._errors import DataError

    try:
        weights = exact_solve(np.asarray(vectors[list(chosen)].T), target[:, None])[:, 0]
    except DataError:
        return None
    return None if any(weight < 0 for weight in weights) else dict(zip(chosen, weights, strict=True))
