"""Functions that are polynomials between knots: rows of coefficients about each piece's midpoint, lowest power first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

import numpy as np

from theodolite._typing import Array
from theodolite.affine._problem import Number

__all__ = ["Polynomials"]


@dataclass(frozen=True, eq=False)
class Polynomials:
    """``rows[i]`` are the coefficients between ``knots[i]`` and ``knots[i + 1]``, in powers of x minus their midpoint."""

    knots: Array
    rows: Array

    @classmethod
    def about_zero(cls, knots: Array, rows: Array) -> Polynomials:
        """Return the function whose coefficients are given in powers of x itself."""
        return cls(knots, _shifted(rows, (knots[:-1] + knots[1:]) / 2))

    @cached_property
    def middles(self) -> Array:
        """The midpoints of the pieces."""
        middle: Array = (self.knots[:-1] + self.knots[1:]) / 2
        return middle

    def refined(self, knots: Array) -> Polynomials:
        """Return the same function with more knots."""
        middle = (knots[:-1] + knots[1:]) / 2
        piece = self.piece_of(middle)
        return Polynomials(knots, _shifted(self.rows[piece], middle - self.middles[piece]))

    def piece_of(self, x: Array) -> Array:
        """Return which piece each position lies in (the right one at a knot)."""
        found: Array = np.searchsorted(self.knots, x, side="right") - 1
        return np.clip(found, 0, len(self.rows) - 1)

    def at(self, x: Array, *, from_left: bool = False) -> Array:
        """Return the values at ``x``, at a jump those from the side named."""
        piece = self.piece_of(x)
        if from_left:
            piece = np.where(self.knots[piece] == x, np.maximum(piece - 1, 0), piece)
        shift = x - self.middles[piece]
        value: Array = self.rows[piece, -1]
        for k in range(self.rows.shape[1] - 2, -1, -1):
            value = value * shift + self.rows[piece, k]
        return value

    def plus(self, other: Polynomials, factor: int = 1) -> Polynomials:
        """Return the sum with ``factor`` times ``other``, which has the same knots."""
        size = max(self.rows.shape[1], other.rows.shape[1])
        rows = np.zeros((len(self.rows), size), dtype=self.rows.dtype)
        rows[:, : self.rows.shape[1]] += self.rows
        rows[:, : other.rows.shape[1]] += factor * other.rows
        return Polynomials(self.knots, rows)

    def times(self, other: Polynomials) -> Polynomials:
        """Return the product with ``other``, which has the same knots."""
        rows = np.zeros((len(self.rows), self.rows.shape[1] + other.rows.shape[1] - 1), dtype=self.rows.dtype)
        for k in range(other.rows.shape[1]):
            rows[:, k : k + self.rows.shape[1]] += self.rows * other.rows[:, k : k + 1]
        return Polynomials(self.knots, rows)

    def integral(self) -> Number:
        """Return the integral over all pieces."""
        return self._local(0).sum()

    def moments_below(self, center: Number) -> tuple[Array, Array, Array]:
        """Return the integrals of the function times 1, x - center and (x - center)^2 from the first knot to every knot."""
        area, first, second = (self._local(k) for k in range(3))
        shift = self.middles - center
        parts = (area, first + shift * area, second + 2 * shift * first + shift * shift * area)
        start = np.zeros(1, dtype=self.rows.dtype)
        below = [np.concatenate([start, np.cumsum(part)]) for part in parts]
        return below[0], below[1], below[2]

    def _local(self, power: int) -> Array:
        """Return the integral over each piece of the function times (x minus its midpoint) to ``power``."""
        half = (self.knots[1:] - self.knots[:-1]) / 2
        total = np.zeros(len(self.rows), dtype=self.rows.dtype)
        for k in range(self.rows.shape[1]):
            if (k + power) % 2 == 0:
                total = total + 2 * self.rows[:, k] * half ** (k + power + 1) / (k + power + 1)
        return total


def _shifted(rows: Array, by: Array) -> Array:
    """Return the coefficients in powers of x - by of polynomials with these coefficients in powers of x."""
    out = np.zeros_like(rows)
    size = rows.shape[1]
    for k in range(size):
        for j in range(k + 1):
            out[:, j] = out[:, j] + comb(k, j) * rows[:, k] * by ** (k - j)
    return out
