"""The global minimum of a network that has too many local minima to list them.

A global minimum lies on a set of at most ``hidden`` different faces of weight space whose columns are linearly independent,
with one sign of output weight for each, and is the least squares fit on them. (Of the fits of a global minimum take one on as
few and as small faces as possible: along a relation of the columns the weights could move, without changing the fit, until
one of them leaves its face, because a pointed cone contains no line.) So a compiled sweep over all such sets, of which only
those with a least squares value below the best point known are looked at again, finds the global minimum and proves it. Where
the sets are too many, joint sign prefixes are bounded instead (``_branch``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import comb

import numpy as np

from theodolite._numerics import column_profile
from theodolite._typing import Array
from theodolite.relu._minima import fitter
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Problem
from theodolite.relu._supports import Solution
from theodolite.relu._sweep import sweep

__all__ = ["MOST_SWEPT", "Proven", "pointed", "seen_weights", "swept_optimum"]

MOST_SWEPT = 5 * 10**8
"""So many sets of faces a sweep tries within minutes."""

_SLACK = 1e-6
"""Values of the sweep are as good as this, relative to the sum of squares of the targets."""

_CLEAR, _GONE = 1e-9, 1e-13
"""Eigenvalues of products of columns of norm 1 are kept from the first on, and count as zero below the second."""

_NEGLIGIBLE = 1e-14
"""Singular values of columns of norm 1 up to here are round-off."""

_LEVEL = 1e-9
"""Sets of dependent columns are looked at where they are below the best by more than this, relative to the targets."""

_BATCH = 4096
_TABLE = 2**29
"""Bytes up to which the products of all pairs of columns are kept."""


@dataclass(frozen=True, eq=False)
class Proven:
    """The lowest local minimum, by the support that it has; ``swept`` is how many sets of faces were tried."""

    solution: Solution
    swept: int


def seen_weights(problem: Problem) -> list[int]:
    """Return weights of a neuron that tell all that samples see of it: independent columns of the inputs."""
    return list(column_profile(problem.as_exact.inputs)) if problem.inputs.size else []


def pointed(problem: Problem) -> Problem:
    """Return the same problem without weights that no sample sees, so that cones contain no line."""
    kept = seen_weights(problem)
    return problem if len(kept) == problem.width else replace(problem, inputs=problem.inputs[:, kept])


def swept_optimum(
    found: Patterns,
    incumbent: float,
    report: Callable[[int], None] = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
) -> Proven | None:
    """Return the global minimum; ``incumbent`` is a sum of squares that some point is known to attain, up to round-off.

    ``found`` are all faces of a problem without lines in its cones. ``None`` where ``stop`` said so first.
    """
    problem = found.problem
    rounded = problem.as_float
    targets = rounded.targets - rounded.targets.mean() if problem.offset else rounded.targets
    scale = float(targets @ targets)
    exact = fitter(found, problem.hidden)
    best = _better(None, list(exact.solutions(())))
    faces = _independent(found)
    threads = len(os.sched_getaffinity(0))
    tried = 1
    for size in range(1, min(problem.hidden, len(faces)) + 1):
        if stop():
            return None
        attained = incumbent if best is None else min(incumbent, float(best.sse))
        swept = sweep(found, size, faces, below=attained + _SLACK * scale, threads=threads)
        tried += comb(len(faces), size)
        for row in swept.sets[np.argsort(swept.sse, kind="stable")].tolist():
            best = _better(best, list(exact.solutions(tuple(row))))
        attained = attained if best is None else min(attained, float(best.sse))
        for row in _low(rounded, found, swept.doubtful, targets, attained - _LEVEL * scale, stop):
            best = _better(best, list(exact.solutions(tuple(row))))
        report(size)
    return None if stop() or best is None else Proven(best, tried)


def _better(best: Solution | None, found: list[Solution]) -> Solution | None:
    return min(found if best is None else [best, *found], key=lambda solution: solution.sse, default=None)


def _independent(found: Patterns) -> list[int]:
    """Return the faces whose own columns are linearly independent, and that have any."""
    rounded, kept = found.problem.as_float, []
    for face in np.flatnonzero(found.dimensions > 0).tolist():
        columns = rounded.array(found.columns(face))
        norms = np.linalg.norm(columns, axis=0)
        if (norms > 0).all() and np.linalg.matrix_rank(columns / norms) == columns.shape[1]:
            kept.append(face)
    return kept


def _low(
    problem: Problem, found: Patterns, sets: Array, targets: Array, below: float, stop: Callable[[], bool]
) -> Iterator[list[int]]:
    """Yield those of the sets whose least squares value may be less than ``below``."""
    if not len(sets):
        return
    numbers, places = np.unique(sets, return_inverse=True)
    columns = np.zeros((len(numbers), problem.width, problem.samples))
    for number, face in enumerate(numbers.tolist()):
        own = problem.array(found.columns(face))
        own = own - own.mean(axis=0) if problem.offset else own
        norms = np.linalg.norm(own, axis=0)
        columns[number, : own.shape[1]] = (own / np.where(norms > 0, norms, 1.0)).T
    places = places.reshape(sets.shape)
    products = _products(columns)
    moments = columns @ targets
    total = float(targets @ targets)
    for start in range(0, len(sets), _BATCH):
        if stop():
            return
        batch = places[start : start + _BATCH]
        values, axes = np.linalg.eigh(products(batch))
        along = (np.swapaxes(axes, 1, 2) @ moments[batch].reshape(len(batch), -1, 1))[:, :, 0]
        kept = values > _CLEAR
        explained = np.where(kept, along**2 / np.where(kept, values, 1.0), 0.0).sum(axis=1)
        unclear = ((values <= _CLEAR) & (values > _GONE)).any(axis=1)
        low = total - explained < below
        low[unclear] = _precise(columns[batch[unclear]], targets) < below
        yield from sets[start : start + _BATCH][low].tolist()


def _precise(columns: Array, targets: Array) -> Array:
    """Return least squares values by singular values, which see columns a thousand times closer to dependent."""
    if not len(columns):
        return np.zeros(0)
    stacked = columns.reshape(len(columns), -1, columns.shape[-1])
    _, singular, axes = np.linalg.svd(stacked, full_matrices=False)
    along = np.where(singular > _NEGLIGIBLE, axes @ targets, 0.0)
    return np.asarray(targets @ targets - (along**2).sum(axis=1))


def _products(columns: Array) -> Callable[[Array], Array]:
    """Return what gives the inner products of all columns of sets of faces: looked up where the table of all is small."""
    faces, width, samples = columns.shape

    def computed(batch: Array) -> Array:
        stacked = columns[batch].reshape(len(batch), -1, samples)
        return np.asarray(stacked @ np.swapaxes(stacked, 1, 2))

    if 8 * (faces * width) ** 2 > _TABLE:
        return computed
    flat = columns.reshape(-1, samples)
    table = np.ascontiguousarray((flat @ flat.T).reshape(faces, width, faces, width).swapaxes(1, 2))

    def looked_up(batch: Array) -> Array:
        size = batch.shape[1]
        blocks = table[batch[:, :, None], batch[:, None, :]]
        return blocks.swapaxes(2, 3).reshape(len(batch), size * width, size * width)

    return looked_up
