"""Rank decisions in floating point: the singular values, the tolerance, and how clearly they stand apart.

Scaling columns by powers of two is free of round-off, and one-sided Jacobi sees small columns as sharply as large ones, so
that a rank is decided about the matrix and not about the units in which its columns are measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from theodolite._errors import DataError, TheodoliteError
from theodolite._typing import Matrix, Real, Vector

__all__ = [
    "JacobiSVD",
    "RankDecision",
    "column_equilibrated",
    "decide_rank",
    "jacobi_singular_values",
    "normalized",
    "numerical_rank",
]

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class RankDecision:
    """A rank, the tolerance that decided it, and the singular values on either side of it.

    ``smallest_kept`` is infinite where nothing was kept, ``largest_dropped`` is zero where nothing was dropped. A tolerance of
    zero means that the dropped values are exactly zero.
    """

    rank: int
    tolerance: float
    smallest_kept: float
    largest_dropped: float

    @property
    def margin(self) -> float:
        """The factor by which the tolerance could move either way without changing the rank (1 is a tie)."""
        if self.tolerance == 0:
            return inf if self.largest_dropped == 0 else 0.0
        below = self.tolerance / self.largest_dropped if self.largest_dropped > 0 else inf
        return min(self.smallest_kept / self.tolerance, below)

    def clear(self, factor: Real) -> bool:
        """Return whether the decision stays the same for tolerances up to ``factor`` times larger or smaller."""
        return self.margin >= float(factor)


def decide_rank(singular_values: Vector, tolerance: Real) -> RankDecision:
    """Return how many of the ``singular_values`` (in any order) exceed ``tolerance``.

    >>> decide_rank(np.array([3.0, 1e-15, 2.0]), 1e-12)
    RankDecision(rank=2, tolerance=1e-12, smallest_kept=2.0, largest_dropped=1e-15)
    """
    tolerance = float(tolerance)
    if not tolerance >= 0:
        raise DataError(f"The tolerance of a rank decision is {tolerance}", fix="Pass a number that is not negative")
    kept = singular_values > tolerance
    return RankDecision(
        rank=int(kept.sum()),
        tolerance=tolerance,
        smallest_kept=float(singular_values[kept].min(initial=inf)),
        largest_dropped=float(singular_values[~kept].max(initial=0.0)),
    )


def numerical_rank(matrix: Matrix, error: Real) -> RankDecision:
    """Return the rank of a matrix that is known up to ``error`` (a bound in the spectral norm).

    The tolerance is ``error`` plus the round-off of the singular value decomposition itself, max(m, n) ε σ₁. By Weyl's
    inequality every singular value kept belongs to the matrix that is meant; that the dropped ones vanish there is an
    assumption, as sound as the ``margin`` is large.

    >>> decision = numerical_rank(np.diag([1.0, 1e-3, 0.0]), error=1e-9)
    >>> decision.rank, decision.clear(1e5)
    (2, True)
    """
    scaled, exponent = normalized(matrix)
    values = np.linalg.svd(scaled, compute_uv=False) if scaled.size else np.zeros(0)
    roundoff = max(scaled.shape) * _EPSILON * float(values.max(initial=0.0))
    return decide_rank(np.ldexp(values, exponent), float(error) + float(np.ldexp(roundoff, exponent)))


def column_equilibrated(matrix: Matrix) -> tuple[Matrix, Int[np.ndarray, " _"]]:
    """Return the matrix with columns scaled by powers of two to norms in [1/2, 1), and the exponents taken out.

    Column j of the matrix is ``2.0 ** exponents[j]`` times column j of the result, exactly (only entries below 2⁻¹⁰²² of
    their column's norm can round). Zero columns stay, with exponent 0.

    >>> scaled, exponents = column_equilibrated(np.array([[3.0, 0.0, 1e-8], [4.0, 0.0, 0.0]]))
    >>> exponents, bool((np.ldexp(scaled, exponents) == [[3.0, 0.0, 1e-8], [4.0, 0.0, 0.0]]).all())
    (array([  3,   0, -26]), True)
    """
    _, exponents = np.frexp(np.abs(matrix).max(axis=0, initial=0.0))
    _, rest = np.frexp(np.linalg.norm(np.ldexp(matrix, -exponents), axis=0))
    total = exponents.astype(np.int64) + rest
    return np.ldexp(matrix, -total), total


class JacobiSVD(NamedTuple):
    """``matrix = left[:, :k] @ diag(values) @ right[:, :k].T`` with k values, decreasing, and orthonormal columns."""

    left: Float[np.ndarray, "m _"]
    values: Float[np.ndarray, " k"]
    right: Float[np.ndarray, "n _"]


def jacobi_singular_values(matrix: Matrix, *, full_matrices: bool = False) -> JacobiSVD:
    """Return the singular value decomposition by one-sided Jacobi rotations (LAPACK's ``dgejsv``).

    Every singular value of B D, D diagonal of any size, has a relative error of the order of ε κ(B): columns in different
    units do not spoil it. For wide matrices the same holds of the rows. Shapes are those of ``numpy.linalg.svd``, except
    that the right singular vectors are the columns of ``right``.

    Drmač & Veselić 2008, SIAM J. Matrix Anal. Appl. 29:1322-1362.

    >>> U, s, V = jacobi_singular_values(np.array([[1.0, 1e-20], [1.0, -1e-20]]))
    >>> bool(np.allclose(s, [2**0.5, 2**0.5 * 1e-20], rtol=1e-14, atol=0))
    True
    """
    rows, columns = matrix.shape
    if rows < columns:
        right, values, left = jacobi_singular_values(matrix.T, full_matrices=full_matrices)
        return JacobiSVD(left, values, right)
    if columns == 0:
        return JacobiSVD(np.eye(rows)[:, : rows if full_matrices else 0], np.zeros(0), np.zeros((0, 0)))
    from scipy.linalg.lapack import dgejsv

    scaled, exponent = normalized(matrix)
    # joba 2: no truncation, rows sorted as well as columns; jobu 0 thin, 1 full; jobv 0: V; jobp 0: no perturbation
    values, left, right, work, _, info = dgejsv(scaled, joba=2, jobu=int(full_matrices), jobv=0, jobp=0)
    if info != 0:
        raise TheodoliteError(
            f"The singular values of a {rows} x {columns} matrix did not converge",
            cause=f"LAPACK dgejsv reports {info}",
            fix="Check the matrix for numbers of wildly different size within one column",
        )
    values = values * (work[0] / work[1])
    return JacobiSVD(left, np.ldexp(values, exponent), right)


def normalized(matrix: Matrix) -> tuple[Matrix, int]:
    """Return the matrix divided by a power of two so that its largest entry is in [1/2, 1), and the exponent."""
    largest = float(np.abs(matrix).max(initial=0.0))
    if not np.isfinite(largest):
        raise DataError("A matrix has an entry that is not finite", fix="Drop or fill such entries")
    exponent = int(np.frexp(largest)[1])
    return np.ldexp(matrix, -exponent), exponent
