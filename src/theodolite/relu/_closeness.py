"""How clear decisions about rounded data are, though they are made in rationals about the binary numbers given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isqrt

import numpy as np

from theodolite._typing import Array
from theodolite.relu._problem import Problem

__all__ = ["CLEAR", "Closeness", "closeness", "coefficient_sizes", "length", "power_of_two"]

CLEAR = 1e3
"""A decision is clear where its number is this factor above the tolerance."""

_PER_SAMPLE = 4.0
"""The tolerance is this times samples, round-off of the data and condition number of the columns of the fit."""


@dataclass(eq=False)
class Closeness:
    """Collects the closest decision about one fit; ``tolerance`` is 0 where the data is exact.

    A number that is exactly 0 is taken for one: columns that vanish, fits without error and the like make most of them.
    """

    tolerance: float
    margin: float = inf

    @property
    def clear(self) -> bool:
        """Whether all decisions were clear."""
        return self.margin >= CLEAR

    @property
    def shown(self) -> float | None:
        """The margin, ``None`` where the data is exact."""
        return min(self.margin, 1e300) if self.tolerance else None

    def near(self, share: float) -> bool:
        """Note a number that is not 0, in units of what it could be at most; return whether its sign is not clear."""
        if not share:
            return False
        found = share / self.tolerance
        self.margin = min(self.margin, found)
        return found < CLEAR


def closeness(problem: Problem, columns: Sequence[Sequence[int]]) -> Closeness:
    """Return the judge of decisions about fits with these columns, given as rows of integers."""
    if problem.exact:
        return Closeness(0.0)
    unit = max(problem.epsilon, float(np.finfo(np.float64).eps)) * _PER_SAMPLE * problem.samples
    present = [row for row in columns if any(row)]
    if not present:
        return Closeness(unit)
    scaled = np.array([_unit(row) for row in present])
    values = np.linalg.svd(scaled, compute_uv=False)
    kept = values[values > values[0] * len(present) * 1e-15]
    return Closeness(min(unit * float(values[0] / kept[-1]), 1.0))


def length(row: Sequence[int]) -> int:
    """Return the length of a vector of integers, rounded up."""
    return isqrt(sum(entry * entry for entry in row)) + 1


def power_of_two(number: Fraction) -> Fraction:
    """Return a power of 2 within a factor of 2 of a positive number.

    >>> power_of_two(Fraction(5)), power_of_two(Fraction(1, 3))
    (Fraction(4, 1), Fraction(1, 2))
    """
    return Fraction(2) ** (number.numerator.bit_length() - number.denominator.bit_length())


def _unit(row: Sequence[int]) -> Array:
    largest = max(map(abs, row))
    floats = np.array([entry / largest for entry in row])
    return np.asarray(floats / np.linalg.norm(floats))


def coefficient_sizes(
    columns: Sequence[Sequence[int]], coefficients: Sequence[Fraction], outputs: int
) -> list[Fraction]:
    """Return what round-off in each coefficient is relative to: all columns and ``outputs`` at most, over its own column."""
    lengths = [length(column) if any(column) else 0 for column in columns]
    parts = [abs(c) * size for c, size in zip(coefficients, lengths, strict=True)]
    largest = max([Fraction(outputs), *parts])
    return [largest / size if size else Fraction(0) for size in lengths]
