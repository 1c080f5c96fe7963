r"""Index and nullity of the Hessian at a critical point without kinks, by ranks alone.

With :math:`g_j = X^T D_j e` and :math:`S_0 = \{j : g_j \ne 0\}` (neurons with output weight 0) the index is :math:`|S_0|`, and
the number of positive eigenvalues is :math:`|S_0|` plus the rank of the columns :math:`D_j X` of the neurons that count,
:math:`D_j X w_j` of the other neurons with output weight 0, and 1 where there is an output bias.
"""

from __future__ import annotations

from math import inf

import numpy as np
from jaxtyping import Bool, Int8

from theodolite._evidence import Assumption
from theodolite._numerics import exact_rank
from theodolite._numerics._ranks import column_equilibrated
from theodolite._typing import Array
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._reading import blocks

__all__ = ["nullity", "slopes_of"]

_MOST_EXACT = 3_000_000
_MOST_DENSE = 30_000_000
_MOST_PRODUCTS = 300_000_000_000
_CLEAR = 1e3
_EPSILON = float(np.finfo(np.float64).eps)


def slopes_of(problem: Problem, signs: Array) -> Array:
    """Return the diagonal of D: 1 on positive rows, gamma on negative ones, 0 on rows with sign 0."""
    zero, one = problem.number(0), problem.number(1)
    return np.asarray(np.where(signs > 0, one, np.where(signs < 0, problem.slope, zero)))


def nullity(
    problem: Problem, point: Point, signs: Int8[np.ndarray, "n h"], leaving: Bool[np.ndarray, " h"]
) -> tuple[int | None, Assumption | None]:
    """Return how many eigenvalues of the Hessian are 0, and how clear the rank is; None where it is not clear, or too large.

    ``signs`` has no zeros but those of zero rows; ``leaving`` marks S_0.
    """
    counting = point.outer != 0
    patterns = np.unique(signs[:, counting], axis=1).T if counting.any() else signs[:, :0].T
    resting = np.flatnonzero(~counting & ~leaving)
    columns = len(patterns) * problem.width + len(resting) + int(problem.offset)
    size = len(point.weights) * (problem.width + 1) + int(problem.offset)
    rank, clear = _rank(problem, point, signs, patterns, resting, columns)
    zeros = None if rank is None else size - rank - 2 * int(leaving.sum())
    return zeros, clear


def _columns(problem: Problem, point: Point, signs: Array, patterns: Array, resting: Array, rows: slice) -> Array:
    inputs = problem.inputs[rows]
    parts = [slopes_of(problem, pattern[rows])[:, None] * inputs for pattern in patterns]
    if len(resting):
        before = problem.product(inputs, point.weights[resting].T)
        parts.append(slopes_of(problem, signs[rows][:, resting]) * before)
    if problem.offset:
        parts.append(problem.zeros(len(inputs), 1) + 1)
    return np.concatenate(parts, axis=1) if parts else problem.zeros(len(inputs), 0)


def _rank(
    problem: Problem, point: Point, signs: Array, patterns: Array, resting: Array, columns: int
) -> tuple[int | None, Assumption | None]:
    n = problem.samples
    everything = slice(0, n)
    if columns == 0:
        return 0, None
    if problem.exact:
        if n * columns > _MOST_EXACT:
            return None, Assumption(f"nullity left open: a rank of {n:,} x {columns:,} rationals")
        matrix = _columns(problem, point, signs, patterns, resting, everything)
        return exact_rank(problem.product(matrix.T, matrix) if n > 2 * columns else matrix), None
    if n * columns <= _MOST_DENSE and n * columns * min(n, columns) <= _MOST_PRODUCTS / 10:
        matrix, _ = column_equilibrated(_columns(problem, point, signs, patterns, resting, everything))
        values = np.linalg.svd(np.linalg.qr(matrix, mode="r") if n > columns else matrix, compute_uv=False)
        tolerance = 10 * max(n, columns) * max(_EPSILON, problem.epsilon) * float(values.max(initial=0.0))
    elif n * columns * columns <= _MOST_PRODUCTS:
        gram = np.zeros((columns, columns))
        for rows in blocks(problem, columns):
            part = _columns(problem, point, signs, patterns, resting, rows)
            gram += part.T @ part
        size = np.sqrt(np.diag(gram))
        size[size == 0] = 1.0
        values = np.sqrt(np.maximum(np.linalg.eigvalsh(gram / np.outer(size, size)), 0.0))
        tolerance = float(np.sqrt(columns * max(_EPSILON, problem.epsilon) * n)) * float(values.max(initial=0.0))
    else:
        return None, Assumption(f"nullity left open: a rank of {n:,} x {columns:,} numbers")
    kept = values > tolerance
    margin = float(values[kept].min(initial=inf)) / tolerance if tolerance else inf
    clear = Assumption("rank of the derivatives of the outputs", margin, tolerance)
    return (int(kept.sum()) if margin >= _CLEAR else None), clear
