"""Singular values and norms of matrices of balls, as Fractions on the safe side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import inf, nextafter

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from theodolite._numerics import enclose_singular_values
from theodolite._typing import Array, Matrix

__all__ = ["above", "ball", "balls", "below", "largest", "norm_above", "norm_below", "precise", "smallest"]

_BITS = 192


@contextmanager
def precise() -> Iterator[None]:
    """Work in balls of many more bits than floats have."""
    with ctx.workprec(_BITS):
        yield


def above(value: arb) -> Fraction:
    """Return a Fraction that no number in the ball exceeds."""
    top = value.upper()
    number = float(top)
    return Fraction(number if arb(number) >= top else nextafter(number, inf))


def below(value: arb) -> Fraction:
    """Return a Fraction that is at most every number in the ball."""
    return -above(-value)


def ball(value: Fraction) -> arb:
    """Return a rational number as a ball."""
    return arb(fmpq(value.numerator, value.denominator))


def balls(matrix: Array) -> arb_mat:
    """Return a matrix of floats or Fractions as balls."""
    exact = [ball(Fraction(entry)) for entry in matrix.flat]
    return arb_mat(matrix.shape[0], matrix.shape[1], exact)


def _rounded(matrix: arb_mat) -> tuple[Matrix, Fraction]:
    """Return the nearest matrix of floats, and a bound on how far (Frobenius) the balls reach from it."""
    shape = (matrix.nrows(), matrix.ncols())
    floats = np.array([float(entry.mid()) for entry in matrix.entries()], dtype=np.float64).reshape(shape)
    return floats, norm_above(matrix - balls(floats))


def smallest(matrix: arb_mat, place: int) -> Fraction:
    """Return a lower bound on the ``place``-th largest singular value, counted from 1 (zero if there are fewer)."""
    if place > min(matrix.nrows(), matrix.ncols()) or not place:
        return Fraction(0)
    floats, error = _rounded(matrix)
    low = Fraction(enclose_singular_values(floats)[place - 1][0])
    return max(low - error, Fraction(0))


def largest(matrix: arb_mat) -> Fraction:
    """Return an upper bound on the spectral norm."""
    if not min(matrix.nrows(), matrix.ncols()):
        return Fraction(0)
    floats, error = _rounded(matrix)
    return Fraction(enclose_singular_values(floats)[0][1]) + error


def norm_above(matrix: arb_mat) -> Fraction:
    """Return an upper bound on the Frobenius norm."""
    return above(sum((entry * entry for entry in matrix.entries()), arb(0)).nonnegative_part().sqrt())


def norm_below(*matrices: arb_mat) -> Fraction:
    """Return a lower bound on the Frobenius norm of all together."""
    total = sum((entry * entry for matrix in matrices for entry in matrix.entries()), arb(0))
    return max(below(total.nonnegative_part().sqrt()), Fraction(0))
