"""Matrices of rationals: products, ranks, nullspaces, solutions and inverses without round-off (python-flint)."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import reduce
from math import lcm
from numbers import Rational
from operator import mul
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat, fmpz_mat

from theodolite._errors import DataError, ShapeError
from theodolite._typing import Array

__all__ = [
    "as_fractions",
    "as_integers",
    "column_profile",
    "exact_inverse",
    "exact_nullspace",
    "exact_product",
    "exact_projector",
    "exact_pseudo_inverse",
    "exact_rank",
    "exact_row_space",
    "exact_solve",
    "from_flint",
    "to_flint",
    "to_floats",
]


def as_fractions(array: Any) -> Array:
    """Return an object array of ``Fraction``: integers and rationals as they are, floats as the binary numbers they are.

    >>> as_fractions([[1, 0.5]])
    array([[Fraction(1, 1), Fraction(1, 2)]], dtype=object)
    """
    given = (
        array if isinstance(array, np.ndarray) else np.asarray(array, dtype=object)
    )  # NumPy would round large integers
    return _objects([_fraction(entry) for entry in given.flat], given.shape)


def _objects(entries: list[Fraction], shape: tuple[int, ...]) -> Array:
    out = np.empty(len(entries), dtype=object)
    out[:] = entries
    return out.reshape(shape)


def _fraction(entry: Any) -> Fraction:
    if isinstance(entry, Fraction):
        return entry
    try:
        if isinstance(entry, (Rational, np.integer, np.bool_)):
            return Fraction(int(entry)) if isinstance(entry, (np.integer, np.bool_)) else Fraction(entry)
        if isinstance(entry, (float, np.floating)):
            return Fraction(float(entry))
    except (ValueError, OverflowError):
        pass
    raise DataError(f"{entry!r} is not a rational number", fix="Pass integers, fractions or finite floats")


def to_floats(array: Array) -> Array:
    """Return the nearest float64 of every entry, infinite where it is beyond 1.8e308."""

    def nearest(entry: Any) -> float:
        try:
            return float(entry)
        except OverflowError:
            return np.inf if entry > 0 else -np.inf

    return np.array([nearest(entry) for entry in array.flat], dtype=np.float64).reshape(array.shape)


def to_flint(matrix: Array) -> fmpq_mat:
    """Return a matrix of rationals (of any size, integers included) as flint holds it."""
    if matrix.ndim != 2:
        raise ShapeError(f"An array of shape {matrix.shape} was given where a matrix is needed")
    entries = [fmpq(entry.numerator, entry.denominator) for entry in map(_fraction, matrix.flat)]
    return fmpq_mat(matrix.shape[0], matrix.shape[1], entries)


def from_flint(matrix: fmpq_mat) -> Array:
    """Return flint's matrix as an object array of ``Fraction``."""
    return _objects(
        [Fraction(int(entry.p), int(entry.q)) for entry in matrix.entries()], (matrix.nrows(), matrix.ncols())
    )


def as_integers(matrix: Array) -> tuple[fmpz_mat, int]:
    """Return N and d, the smallest d > 0, with ``matrix = N / d`` and N integer."""
    entries = [_fraction(entry) for entry in matrix.flat]
    common = lcm(*(entry.denominator for entry in entries))
    integers = [entry.numerator * (common // entry.denominator) for entry in entries]
    return fmpz_mat(matrix.shape[0], matrix.shape[1], integers), common


def exact_product(*factors: Array) -> Array:
    """Return the product of one or more matrices, left to right."""
    for left, right in itertools.pairwise(factors):
        if left.shape[1] != right.shape[0]:
            raise ShapeError(f"Matrices of shapes {left.shape} and {right.shape} cannot be multiplied")
    return from_flint(reduce(mul, map(to_flint, factors)))


def exact_rank(matrix: Array) -> int:
    """Return the rank."""
    return int(as_integers(matrix)[0].rank())


def column_profile(matrix: Array) -> tuple[int, ...]:
    """Return the columns that are no combination of columns to their left: a basis of the column space, rank many.

    >>> column_profile(np.array([[0, 1, 2, 1], [0, 2, 4, 0]]))
    (1, 3)
    """
    return _echelon(matrix)[1]


def exact_row_space(matrix: Array) -> Array:
    """Return the reduced row echelon form without zero rows: one row per rank, the same for equal row spaces."""
    return _echelon(matrix)[0]


def exact_nullspace(matrix: Array) -> Array:
    """Return a basis of {x: matrix @ x = 0}, one column each (possibly none).

    >>> exact_nullspace(np.array([[1, 2]]))
    array([[Fraction(-2, 1)],
           [Fraction(1, 1)]], dtype=object)
    """
    rows, pivots = _echelon(matrix)
    free = [column for column in range(matrix.shape[1]) if column not in pivots]
    basis = np.full((matrix.shape[1], len(free)), Fraction(0), dtype=object)
    for place, column in enumerate(free):
        basis[column, place] = Fraction(1)
        basis[list(pivots), place] = -rows[:, column]
    return basis


def exact_solve(matrix: Array, right: Array) -> Array:
    """Return one X with ``matrix @ X = right``, zero in the rows that are free.

    Raises ``DataError`` where there is none; the matrix may have any shape and rank.
    """
    if matrix.shape[0] != right.shape[0]:
        raise ShapeError(
            f"A matrix of shape {matrix.shape} and a right side of shape {right.shape} do not fit together"
        )
    columns = matrix.shape[1]
    rows, pivots = _echelon(np.concatenate([as_fractions(matrix), as_fractions(right)], axis=1))
    if any(pivot >= columns for pivot in pivots):
        raise DataError("The linear equations have no solution", cause="their right side is outside the column space")
    solution = np.full((columns, right.shape[1]), Fraction(0), dtype=object)
    solution[list(pivots)] = rows[:, columns:]
    return solution


def exact_inverse(matrix: Array) -> Array:
    """Return the inverse. Raises ``ShapeError`` for a matrix that is not square and ``DataError`` for a singular one."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"A matrix of shape {matrix.shape} has no inverse", cause="it is not square")
    if matrix.size == 0:
        return as_fractions(matrix)
    try:
        return from_flint(to_flint(matrix).inv())
    except ZeroDivisionError:
        raise DataError(f"A {len(matrix)} x {len(matrix)} matrix is singular", cause="it has no inverse") from None


def exact_projector(matrix: Array) -> Array:
    """Return the orthogonal projector onto the column space."""
    basis = as_fractions(matrix)[:, list(column_profile(matrix))]
    return exact_product(basis, exact_inverse(exact_product(basis.T, basis)), basis.T)


def exact_pseudo_inverse(matrix: Array) -> Array:
    """Return the Moore-Penrose inverse, from the full-rank factorization C R: Rᵀ (R Rᵀ)⁻¹ (Cᵀ C)⁻¹ Cᵀ."""
    rows, pivots = _echelon(matrix)
    columns = as_fractions(matrix)[:, list(pivots)]
    inner = exact_product(exact_inverse(exact_product(rows, rows.T)), exact_inverse(exact_product(columns.T, columns)))
    return exact_product(rows.T, inner, columns.T)


def _echelon(matrix: Array) -> tuple[Array, tuple[int, ...]]:
    """Return the non-zero rows of the reduced row echelon form and their pivot columns."""
    form, rank = to_flint(matrix).rref()
    rows = from_flint(form)[:rank]
    return rows, tuple(next(j for j, entry in enumerate(row) if entry) for row in rows)
