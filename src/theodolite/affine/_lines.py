"""Functions that are affine between knots, possibly with jumps, and their exact integrals.

Positions are measured from the midpoint of the interval, so that monomials stay centred. The same code runs on floats and on
Fractions; no quadrature enters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._typing import Array
from theodolite.affine._problem import Number

__all__ = ["Lines", "Supports"]


@dataclass(frozen=True, eq=False)
class Supports:
    """Per neuron, the factor by which its line counts left and right of its breakpoint.

    ``kinked`` marks the neurons whose breakpoint ``at`` lies strictly inside; for the others ``left`` equals ``right``.
    """

    left: Array
    right: Array
    kinked: Array
    at: Array


@dataclass(frozen=True, eq=False)
class Lines:
    """The function ``slope[i] * y + level[i]`` between ``knots[i]`` and ``knots[i + 1]``."""

    knots: Array
    slope: Array
    level: Array

    @classmethod
    def combine(
        cls, half: Number, slopes: Array, levels: Array, supports: Supports, base: tuple[Number, Number]
    ) -> Lines:
        """Return ``base`` plus every neuron's line ``slopes * y + levels`` times its factors, on [-half, half]."""
        inside = supports.at[supports.kinked]
        knots, place = np.unique(inside, return_inverse=True)
        change = supports.right[supports.kinked] - supports.left[supports.kinked]
        pieces = []
        for start, lines in zip(base, (slopes, levels), strict=True):
            steps = np.zeros(len(knots) + 1, dtype=slopes.dtype)
            np.add.at(steps, place.ravel() + 1, change * lines[supports.kinked])
            steps[0] = start + (supports.left * lines).sum()
            pieces.append(np.cumsum(steps))
        ends = np.empty(len(knots) + 2, dtype=slopes.dtype)
        ends[0], ends[1:-1], ends[-1] = -half, knots, half
        return cls(ends, pieces[0], pieces[1])

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The values at the left and at the right end of each piece."""
        return self.slope * self.knots[:-1] + self.level, self.slope * self.knots[1:] + self.level

    @cached_property
    def _prefix(self) -> tuple[Array, Array]:
        left, right = self.ends
        area, moment = _integrals(self.knots[:-1], self.knots[1:], left, right)
        start = np.zeros(1, dtype=self.slope.dtype)
        return np.concatenate([start, np.cumsum(area)]), np.concatenate([start, np.cumsum(moment)])

    @property
    def total(self) -> tuple[Number, Number]:
        """The integrals of the function and of y times the function."""
        area, moment = self._prefix
        return area[-1], moment[-1]

    def piece_of(self, y: Array) -> Array:
        """Return which piece each position lies in (the right one at a knot)."""
        found: Array = np.searchsorted(self.knots, y, side="right") - 1
        return np.clip(found, 0, len(self.slope) - 1)

    def at(self, y: Array) -> Array:
        """Return the values at ``y``, from the right at a jump."""
        piece = self.piece_of(y)
        value: Array = self.slope[piece] * y + self.level[piece]
        return value

    def moments_below(self, y: Array) -> tuple[Array, Array]:
        """Return the integrals of the function and of y times it from the left end to each position."""
        piece = self.piece_of(y)
        area, moment = _integrals(self.knots[piece], y, self.ends[0][piece], self.slope[piece] * y + self.level[piece])
        return self._prefix[0][piece] + area, self._prefix[1][piece] + moment

    def against(self, supports: Supports) -> tuple[Array, Array]:
        """Return for each neuron the integrals of the function and of y times it, weighted by the neuron's factors."""
        out = []
        below = self.moments_below(supports.at[supports.kinked])
        for part, whole in zip(below, self.total, strict=True):
            result = supports.left * whole
            left, right = supports.left[supports.kinked], supports.right[supports.kinked]
            result[supports.kinked] = left * part + right * (whole - part)
            out.append(result)
        return out[0], out[1]

    def product(self, other: Lines) -> Number:
        """Return the integral of the product of two such functions."""
        knots = np.union1d(self.knots, other.knots)
        middle = (knots[:-1] + knots[1:]) / 2
        mine, its = self.piece_of(middle), other.piece_of(middle)
        fl, fu = (self.slope[mine] * k + self.level[mine] for k in (knots[:-1], knots[1:]))
        gl, gu = (other.slope[its] * k + other.level[its] for k in (knots[:-1], knots[1:]))
        value: Number = ((knots[1:] - knots[:-1]) * (2 * fl * gl + fl * gu + fu * gl + 2 * fu * gu)).sum() / 6
        return value

    def square(self) -> Number:
        """Return the integral of the square."""
        left, right = self.ends
        width = self.knots[1:] - self.knots[:-1]
        value: Number = (width * (left * left + left * right + right * right)).sum() / 3
        return value


def _integrals(lower: Array, upper: Array, left: Array, right: Array) -> tuple[Array, Array]:
    """Return the integrals of a line and of y times it from ``lower`` to ``upper``, given its values there."""
    width = upper - lower
    area = width * (left + right) / 2
    moment = width * (lower * (2 * left + right) + upper * (left + 2 * right)) / 6
    return area, moment
