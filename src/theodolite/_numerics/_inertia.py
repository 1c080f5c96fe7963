"""Exact inertia: how many eigenvalues of a symmetric rational matrix are negative, zero and positive."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from theodolite._errors import DataError, ShapeError
from theodolite._numerics._rationals import as_fractions, as_integers
from theodolite._typing import Array

__all__ = ["Inertia", "check_symmetric", "exact_inertia", "sign_changes"]


class Inertia(NamedTuple):
    """The numbers of negative, zero and positive eigenvalues: the index, the nullity and the rest."""

    negative: int
    zero: int
    positive: int


def exact_inertia(matrix: Array) -> Inertia:
    """Return the inertia of a symmetric matrix of rationals (or of floats, as the binary numbers they are).

    All roots of its characteristic polynomial are real; for such polynomials Descartes' rule of signs is an equality, so
    that the signs of integer coefficients decide. No eigenvalue is computed. Raises ``ShapeError`` for a matrix that is not
    square and ``DataError`` for one that is not symmetric.

    >>> exact_inertia(np.array([[0, 1], [1, 0]]))
    Inertia(negative=1, zero=0, positive=1)
    >>> exact_inertia(np.zeros((3, 3), dtype=int))
    Inertia(negative=0, zero=3, positive=0)
    """
    fractions = as_fractions(matrix)
    check_symmetric(fractions)
    size = len(fractions)
    if size == 0:
        return Inertia(0, 0, 0)
    coefficients = [int(coefficient) for coefficient in as_integers(fractions)[0].charpoly().coeffs()]
    zero = next(power for power, coefficient in enumerate(coefficients) if coefficient)
    positive = sign_changes(coefficients)
    return Inertia(size - zero - positive, zero, positive)


def sign_changes(numbers: Sequence[int]) -> int:
    """Return how often the sign changes along a sequence, zeros left out."""
    signs = [number > 0 for number in numbers if number]
    return sum(a != b for a, b in itertools.pairwise(signs))


def check_symmetric(matrix: Array) -> None:
    """Raise ``ShapeError`` or ``DataError`` unless the matrix is square and exactly symmetric."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"A matrix of shape {matrix.shape} was given where a square one is needed")
    unequal = np.argwhere(matrix != matrix.T)
    if len(unequal):
        i, j = (int(place) for place in unequal[0])
        raise DataError(
            f"A matrix is not symmetric: entry ({i}, {j}) is {matrix[i, j]} and entry ({j}, {i}) is {matrix[j, i]}",
            fix="Symmetrize it exactly, as (A + A.T) / 2 in rationals",
        )
