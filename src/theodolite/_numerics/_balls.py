"""Verified floating point: enclosures that hold for the float64 numbers exactly as given.

Approximate eigenvectors X, refined in many bits (Ogita & Aishima 2018, Japan J. Indust. Appl. Math. 35:1007-1035), enter a
bound computed with balls: by Ostrowski's theorem the eigenvalues of XᵀAX are those of A times factors between 1 - ε and 1 + ε,
ε ≥ ‖XᵀX - I‖, and by Weyl's they are within ‖XᵀAX - D‖ of any diagonal D. No claim rests on how X was found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nextafter

import numpy as np
from flint import arb, arb_mat, ctx

from theodolite._errors import TheodoliteError
from theodolite._numerics._clusters import refined
from theodolite._numerics._inertia import check_symmetric
from theodolite._numerics._ranks import RankDecision, jacobi_singular_values, normalized
from theodolite._numerics._rationals import as_fractions, exact_rank
from theodolite._typing import Matrix, Real

__all__ = ["SymmetricProblem", "enclose_eigenvalues", "enclose_product", "enclose_singular_values", "verified_rank"]

_FIRST_BITS = 128
_GUARD_BITS = 32


def enclose_product(*factors: Matrix) -> tuple[Matrix, Matrix]:
    """Return matrices of floats, one entrywise below and one above the exact product."""
    with ctx.workprec(_FIRST_BITS):
        product = _balls(factors[0])
        for factor in factors[1:]:
            product = product * _balls(factor)
        ends = [_outward(ball, ball) for ball in product.entries()]
    shape = (product.nrows(), product.ncols())
    below, above = (np.array([pair[side] for pair in ends], dtype=np.float64).reshape(shape) for side in (0, 1))
    return below, above


def enclose_eigenvalues(matrix: Matrix, *, relative: Real = 1e-12, max_bits: int = 4096) -> list[tuple[float, float]]:
    """Return intervals around the eigenvalues of a symmetric float64 matrix, largest first, one per multiplicity.

    The precision is doubled until every interval is narrower than ``relative`` times its larger end (then rounded outward
    to floats), or ``max_bits`` is reached, which leaves wider but true intervals. Zero eigenvalues are found exactly, by the
    rank in rationals. Intervals of close eigenvalues may overlap. Raises ``DataError`` for a matrix that is not symmetric.

    >>> [
    ...     (low <= value <= high)
    ...     for value, (low, high) in zip((3, 1), enclose_eigenvalues(np.array([[2.0, 1], [1, 2]])))
    ... ]
    [True, True]
    """
    check_symmetric(matrix)
    scaled, _ = normalized(matrix)
    given = _balls(matrix)
    problem = SymmetricProblem(
        form=lambda basis: basis.transpose() * (given * basis),
        zeros=lambda: len(matrix) - exact_rank(as_fractions(matrix)),
    )
    found = problem.enclose(np.linalg.eigh(scaled)[1], float(relative), max_bits)
    return [_outward(low, high) for low, high in found]


def enclose_singular_values(
    matrix: Matrix, *, relative: Real = 1e-12, max_bits: int = 4096
) -> list[tuple[float, float]]:
    """Return intervals around the min(m, n) singular values of a float64 matrix, largest first.

    They are square roots of eigenvalues of the smaller Gram matrix, enclosed as in ``enclose_eigenvalues``; columns or
    rows of very different size only cost precision. Singular values that vanish exactly are (0.0, 0.0).

    >>> enclose_singular_values(np.array([[3.0, 0.0], [0.0, 0.0]]))
    [(3.0, 3.0), (0.0, 0.0)]
    """
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    given = _balls(tall)

    def gram(basis: arb_mat) -> arb_mat:
        image = given * basis
        return image.transpose() * image

    problem = SymmetricProblem(form=gram, zeros=lambda: tall.shape[1] - exact_rank(as_fractions(tall)))
    found = problem.enclose(jacobi_singular_values(tall).right, float(relative), max_bits)
    with ctx.workprec(_FIRST_BITS):
        return [_outward(*(end.nonnegative_part().sqrt() for end in pair)) for pair in found]


def verified_rank(matrix: Matrix, error: Real = 0.0) -> RankDecision:
    """Return the rank of every matrix within ``error`` (spectral norm) whose smaller singular values vanish.

    As ``numerical_rank``, but ``smallest_kept`` is a lower and ``largest_dropped`` an upper bound, both rigorous: at least
    ``rank`` holds for all matrices within ``error``. A margin below 1 means that a singular value could not be told
    from ``error``. Without ``error`` this is the exact rank of the floats as given (margin infinite),
    unless a singular value is smaller than any float (margin zero).
    """
    threshold = float(error)
    found = enclose_singular_values(matrix, relative=1e-3)
    kept = [low for low, high in found if low > threshold]
    dropped = [high for low, high in found if low <= threshold]
    return RankDecision(len(kept), threshold, min(kept, default=inf), max(dropped, default=0.0))


@dataclass(frozen=True)
class SymmetricProblem:
    """A symmetric matrix A, as the map X -> XᵀAX, and how many of its eigenvalues vanish exactly (asked only if needed)."""

    form: Callable[[arb_mat], arb_mat]
    zeros: Callable[[], int]

    def enclose(self, vectors: Matrix, relative: float, max_bits: int) -> list[tuple[arb, arb]]:
        size = len(vectors)
        if size == 0:
            return []
        basis = _balls(vectors)
        bits, zeros = _FIRST_BITS, -1
        while True:
            with ctx.workprec(bits + _GUARD_BITS):
                last = None
                while True:
                    form, gram = self.form(basis), basis.transpose() * basis
                    found, defect = _intervals(form, gram)
                    crossing = [place for place, (low, high) in enumerate(found) if low <= 0 <= high]
                    if crossing and zeros < 0 and bits > _FIRST_BITS:
                        zeros = self.zeros()
                    if len(crossing) == zeros:
                        for place in crossing:
                            found[place] = (arb(0), arb(0))
                    if all(high - low <= relative * max(abs(low), abs(high)) for low, high in found):
                        return found
                    if last is not None and not defect < last / 4:
                        break
                    last = defect
                    basis = refined(form.mid(), gram.mid(), basis)
            if 2 * bits > max_bits:
                return found
            bits *= 2


def _intervals(form: arb_mat, gram: arb_mat) -> tuple[list[tuple[arb, arb]], arb]:
    """Return intervals around the eigenvalues of A, largest first, from XᵀAX and XᵀX, and how far X is from exact."""
    size = form.nrows()
    rows, grams = form.tolist(), gram.tolist()
    values = [rows[i][i].mid() for i in range(size)]
    weyl = _largest_row(rows, values)
    ostrowski = _largest_row(grams, [arb(1)] * size)
    if not ostrowski < 1:
        raise TheodoliteError(
            "Eigenvalues could not be enclosed", cause="LAPACK's eigenvectors are far from orthonormal"
        )
    found = []
    for value in sorted(values, key=lambda ball: ball, reverse=True):
        low, high = (value - weyl).lower(), (value + weyl).upper()
        low = low / (1 + ostrowski if low >= 0 else 1 - ostrowski)
        high = high / (1 - ostrowski if high >= 0 else 1 + ostrowski)
        found.append((low.lower(), high.upper()))
    return found, weyl + ostrowski * max(abs(value) for value in values)


def _largest_row(rows: list[list[arb]], diagonal: list[arb]) -> arb:
    """Return an upper bound on the spectral norm of a symmetric matrix less a diagonal: its largest absolute row sum."""
    sums = []
    for place, row in enumerate(rows):
        entries = (abs(entry - diagonal[place]) if place == j else abs(entry) for j, entry in enumerate(row))
        sums.append(sum(entries, arb(0)).upper())
    return max(sums)


def _balls(matrix: Matrix) -> arb_mat:
    return arb_mat(matrix.shape[0], matrix.shape[1], [arb(float(entry)) for entry in matrix.flat])


def _outward(low: arb, high: arb) -> tuple[float, float]:
    """Return the floats next below and above two balls; they are the balls themselves where these are exact floats."""
    low, high = low.lower(), high.upper()
    below, above = float(low), float(high)
    return (
        below if arb(below) <= low else nextafter(below, -inf),
        above if arb(above) >= high else nextafter(above, inf),
    )
