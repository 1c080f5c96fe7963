"""Rigorous intervals around the eigenvalues of symmetric matrices of rationals, as narrow as asked for."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from theodolite._numerics._balls import SymmetricProblem
from theodolite._numerics._inertia import check_symmetric
from theodolite._numerics._isolation import dyadic
from theodolite._numerics._rationals import exact_rank, to_flint, to_floats
from theodolite._typing import Array

__all__ = ["distinct_eigenvalue_count", "enclose_rational_eigenvalues"]


def enclose_rational_eigenvalues(matrix: Array, bits: int) -> list[tuple[Fraction, Fraction]]:
    """Return intervals around the eigenvalues, largest first, one per multiplicity, relatively narrower than ``2**-bits``.

    Vanishing eigenvalues are (0, 0). Intervals of equal or close eigenvalues may overlap.

    >>> enclose_rational_eigenvalues(np.array([[2, 0], [0, 0]]), 60)
    [(Fraction(2, 1), Fraction(2, 1)), (Fraction(0, 1), Fraction(0, 1))]
    """
    check_symmetric(matrix)
    given = to_flint(matrix)
    problem = SymmetricProblem(
        form=lambda basis: basis.transpose() * (arb_mat(given) * basis),
        zeros=lambda: len(matrix) - exact_rank(matrix),
    )
    largest = max((abs(entry) for entry in matrix.flat), default=Fraction(0))
    scaled = matrix / largest if largest else matrix
    vectors = np.linalg.eigh(to_floats(scaled))[1]
    found = problem.enclose(vectors, 2.0 ** -min(bits, 1000), 4 * bits + 1024)
    return [(_end(low), _end(high)) for low, high in found]


def distinct_eigenvalue_count(matrix: Array) -> int:
    """Return how many different eigenvalues a symmetric matrix of rationals has: the degree of its minimal polynomial."""
    return int(to_flint(matrix).minpoly().degree()) if len(matrix) else 0


def _end(ball: arb) -> Fraction:
    return dyadic(ball)
