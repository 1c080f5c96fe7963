"""The nearest minimizer: Gauss-Newton steps onto the set of exact fits, then along it.

The nearest point of a curved set is a local answer, and need not be unique. Several starts are tried, because a start with
a symmetry stays on the symmetric fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from theodolite._errors import NotCoveredError
from theodolite._typing import Array, Matrix, Parameters

__all__ = ["nearest_minimizer", "project_layer"]

_STEPS = 60
_MOVES = 400
_STARTS = 8
_DENSE_MOST = 4_000_000


@dataclass(frozen=True, eq=False)
class _Fits:
    """The zeros of ``residual``, a function of packed weights, and its Jacobian."""

    residual: Callable[[Array], Array]
    jacobian: Callable[[Array], Matrix]
    rounding: Callable[[Array], float]

    def land(self, start: Array) -> Array | None:
        """Return a zero near ``start`` by Gauss-Newton steps of least norm, or ``None``."""
        vector, error = start, self.residual(start)
        size = float(np.linalg.norm(error))
        best = self.rounding(vector)
        for _ in range(_STEPS):
            if size <= best / 8:
                break
            step = -np.linalg.lstsq(self.jacobian(vector), error, rcond=1e-12)[0]
            length = 1.0
            while length > 1e-4:
                trial = vector + length * step
                trial_error = self.residual(trial)
                trial_size = float(np.linalg.norm(trial_error))
                if trial_size < size * (1 - 0.25 * length):
                    break
                length /= 2
            else:
                break
            vector, error, size = trial, trial_error, trial_size
        return vector if size <= max(self.rounding(vector), 1e-300) else None

    def nearest(self, goal: Array, start: Array) -> Array | None:
        """Return a zero from which no tangent direction leads closer to ``goal``."""
        found = self.land(start)
        if found is None:
            return None
        for _ in range(_MOVES):
            away = goal - found
            _, values, rows = np.linalg.svd(self.jacobian(found), full_matrices=False)
            rows = rows[values > 1e-10 * values.max(initial=0.0)]
            along = away - rows.T @ (rows @ away)
            distance = float(np.linalg.norm(away))
            if float(np.linalg.norm(along)) <= 1e-12 * max(distance, float(np.linalg.norm(goal))):
                break
            length = 1.0
            while length > 1e-6:
                trial = self.land(found + length * along)
                if trial is not None and float(np.linalg.norm(goal - trial)) < distance * (1 - 1e-15):
                    break
                length /= 2
            else:
                break
            found = trial
        return found


def nearest_minimizer(
    weights: Parameters,
    residual: Callable[[Parameters], Matrix],
    jacobian: Callable[[Parameters], Matrix],
    rounding: Callable[[Parameters], float],
) -> Parameters:
    """Return a minimizer near ``weights``, nearest among those around it; ``NotCoveredError`` where none is found.

    ``rounding`` says how large a residual counts as zero.
    """
    shapes = [weight.shape for weight in weights]
    ends = np.cumsum([weight.size for weight in weights])[:-1]

    def cut(vector: Array) -> Parameters:
        return tuple(p.reshape(s) for p, s in zip(np.split(vector, ends), shapes, strict=True))

    goal = np.concatenate([weight.ravel() for weight in weights])
    rows = residual(weights).size
    if rows * goal.size > _DENSE_MOST:
        raise NotCoveredError(
            f"The nearest minimizer of a network with {goal.size} parameters and {rows} outputs was not sought",
            cause=f"its Jacobian has more than {_DENSE_MOST} entries",
            fix="Use a smaller network, or gradient descent",
        )
    fits = _Fits(
        lambda vector: residual(cut(vector)).ravel(),
        lambda vector: jacobian(cut(vector)),
        lambda vector: rounding(cut(vector)),
    )
    source = np.random.default_rng(0)
    scale = max(float(np.linalg.norm(goal)), 1e-3) / np.sqrt(goal.size)
    best: Array | None = None
    for number in range(_STARTS):
        start = goal if number == 0 else goal + 0.05 * 2**number / 2 * scale * source.standard_normal(goal.size)
        found = fits.nearest(goal, start)
        if found is None:
            continue
        if best is None or np.linalg.norm(found - goal) < np.linalg.norm(best - goal) * (1 - 1e-9):
            best = found
        if number >= 3:
            break
    if best is None:
        raise NotCoveredError(
            "No minimizer was found near this point",
            cause="Gauss-Newton steps from it, and from points around it, do not reach a fit",
            fix="Start from a point that fits better, such as one that descent has reached",
        )
    return cut(best)


def project_layer(weights: Parameters, lefts: Matrix, rights: Matrix, error: Matrix, layer: int) -> Parameters:
    """Return the weights with one layer (from 1) replaced by the nearest one that fits: W_k - L_k^+ E (R_k x)^+.

    It fits exactly where L_k has full row rank and R_k x full column rank.
    """
    k = layer - 1
    moved = weights[k] - np.linalg.pinv(lefts) @ error @ np.linalg.pinv(rights)
    return (*weights[:k], moved, *weights[k + 1 :])
