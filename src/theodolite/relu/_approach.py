r"""Large problems, far from a minimum: damped Gauss-Newton steps that do not stop at kinks.

Away from kinks S is :math:`\|B u - y\|^2` for weights u that absorb the output weights, so its second derivative is B' B. Far
from a minimum a part of the rows tells enough of it. A step is as long as makes S lowest among several lengths, and the damping
follows what length that was. Where S hardly falls any more the walk over faces takes over.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from theodolite._typing import Array
from theodolite.relu._approach_kernel import sums_along
from theodolite.relu._gram import solved
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._reading import blocks
from theodolite.relu._station import Station

__all__ = ["approach"]

_STEPS = np.exp2(np.arange(2.0, -8.0, -1.0))
_ROWS = 6
"""Rows for each column that second moments are taken of, in single precision."""

_LEAST = 1e-5
"""An approach ends where S falls by less than this share in each of two steps in a row."""

_MOST = 200


def approach(station: Station) -> Iterator[tuple[Point, float]]:
    """Yield points of falling S, and S there; the last one is not a minimum, but close to where the walk finds one."""
    problem = station.problem
    active = np.flatnonzero(station.outer)
    outer = station.outer[active].astype(np.float64)
    weights, offset, now = station.weights[active], float(station.offset), float(station.sse)
    damping, slow = 1e-3, 0
    source = np.random.default_rng(0)
    for _ in range(_MOST):
        move, shift = _step(problem, weights, outer, offset, damping, source)
        found = sums_along(problem.inputs, problem.targets, weights, outer, offset, move, shift, problem.slope, _STEPS)
        best = int(np.argmin(found))
        damping = float(
            np.clip(damping * (4.0 if _STEPS[best] < 0.5 else 1.0 if _STEPS[best] < 1 else 0.25), 1e-7, 1e6)
        )
        fall = now - float(found[best])
        slow = 0 if fall > _LEAST * now else slow + 1
        if fall > 0:
            weights, offset, now = weights + _STEPS[best] * move, offset + _STEPS[best] * shift, float(found[best])
            everything = station.weights.copy()
            everything[active] = weights
            yield Point(everything, station.outer.astype(np.float64), offset), now
        if slow >= 2:
            return


def _step(
    problem: Problem, weights: Array, outer: Array, offset: float, damping: float, source: np.random.Generator
) -> tuple[Float[np.ndarray, "h d"], float]:
    """Return the damped Gauss-Newton step for the weights and the output bias."""
    size = weights.size + int(problem.offset)
    chosen = _ROWS * size
    share = min(1.0, chosen / problem.samples)
    pull, gram = np.zeros(size), np.zeros((size, size))
    for rows in blocks(problem, max(size, len(weights))):
        inputs = problem.inputs[rows]
        before = inputs @ weights.T
        sides = np.where(before >= 0, 1.0, problem.slope) * outer
        error = (sides * before).sum(axis=1) + offset - problem.targets[rows]
        pull[: weights.size] += ((sides * error[:, None]).T @ inputs).ravel()
        pull[weights.size :] += error.sum()
        if share < 1:
            some = source.random(len(inputs)) < share
            inputs, sides = inputs[some], sides[some]
        columns = np.empty((len(inputs), size), dtype=np.float32)
        columns[:, : weights.size] = (sides[:, :, None] * inputs[:, None, :]).reshape(-1, weights.size)
        columns[:, weights.size :] = 1.0
        gram += columns.T @ columns
    gram /= share
    scale = np.sqrt(np.diag(gram))
    kept = np.flatnonzero(scale > 0)
    found = np.zeros(size)
    matrix = gram[np.ix_(kept, kept)] / scale[kept] / scale[kept, None]
    matrix[np.diag_indices_from(matrix)] += damping
    found[kept] = solved(matrix, -pull[kept] / scale[kept]) / scale[kept]
    return found[: weights.size].reshape(weights.shape), float(found[weights.size :].sum())
