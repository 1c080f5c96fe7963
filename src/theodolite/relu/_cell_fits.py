r"""Least squares on a set of patterns: :math:`\min |\sum_a D_a X R_a + c 1 - y|^2`, and all of its solutions.

In floating point a forward error bound goes with the solution; in rational arithmetic it is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

from theodolite._numerics import column_equilibrated, column_profile, decide_rank, exact_nullspace, exact_solve
from theodolite._typing import Array
from theodolite.relu._problem import Number, Problem

__all__ = ["Fit", "fit"]

_SAFETY = 1e3


@dataclass(frozen=True, eq=False)
class Fit:
    """The solutions: ``base`` + ``kernel`` c for all c, stacked over the patterns, the output bias last where there is one.

    ``clear`` says whether the rank was decided with a wide margin, and ``roundoff`` bounds the error of ``base`` against
    its norm (both for floats; exact numbers have ``True`` and 0).
    """

    sse: Number
    rank: int
    base: Shaped[np.ndarray, " m"]
    kernel: Shaped[np.ndarray, "m q"]
    error: Shaped[np.ndarray, " n"]
    clear: bool
    roundoff: float

    @property
    def unique(self) -> bool:
        """Whether there is one solution."""
        return int(self.kernel.shape[1]) == 0


def fit(problem: Problem, blocks: Sequence[Array]) -> Fit:
    """Return the least squares fit with these columns, and a column of ones where there is an output bias."""
    ones = np.full((problem.samples, 1), problem.number(1))
    columns = np.concatenate([problem.zeros(problem.samples, 0), *blocks, *([ones] if problem.offset else [])], axis=1)
    return (_exact if problem.exact else _rounded)(problem, columns)


def _exact(problem: Problem, columns: Array) -> Fit:
    base = problem.zeros(columns.shape[1])
    pivots = list(column_profile(columns)) if columns.size else []
    kernel = exact_nullspace(columns) if columns.size else columns[:0]
    if pivots:
        chosen = columns[:, pivots]
        normal = problem.product(chosen.T, chosen)
        base[pivots] = exact_solve(normal, problem.product(chosen.T, problem.targets[:, None]))[:, 0]
    error = problem.product(columns, base[:, None])[:, 0] - problem.targets if pivots else -problem.targets
    return Fit((error**2).sum(), len(pivots), base, kernel, error, True, 0.0)


def _rounded(problem: Problem, columns: Array) -> Fit:
    n, m = columns.shape
    unit = max(float(np.finfo(np.float64).eps), problem.epsilon)
    if m == 0:
        return Fit((problem.targets**2).sum(), 0, np.zeros(0), np.zeros((0, 0)), -problem.targets, True, 0.0)
    scaled, exponents = column_equilibrated(columns)
    left, values, right = np.linalg.svd(scaled, full_matrices=n < m)
    padded = np.zeros(m)
    padded[: len(values)] = values
    tolerance = max(n, m) * unit * 10 * float(values.max(initial=0.0))
    decision = decide_rank(padded, tolerance)
    rank = decision.rank
    inverse = right[:rank].T / values[:rank]
    base = inverse @ (left[:, :rank].T @ problem.targets)
    error = scaled @ base - problem.targets
    condition = values[0] / values[rank - 1] if rank else 1.0
    size = float(np.linalg.norm(base))
    amplified = 1 + float(np.linalg.norm(error)) / (values[rank - 1] * size) if rank and size else 1.0
    kernel = np.ldexp(right[rank:].T, -exponents[:, None])
    if kernel.size:
        kernel = np.linalg.qr(kernel)[0]
    clear = rank == 0 or decision.smallest_kept >= _SAFETY * decision.tolerance
    return Fit(
        float(error @ error),
        rank,
        np.ldexp(base, -exponents),
        kernel,
        error,
        bool(clear),
        10 * max(n, m) * unit * condition * amplified,
    )
