"""How clear decisions about rounded data are, though they are made in rationals about the binary numbers given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import inf, isqrt

import numpy as np

from theodolite._typing import Array
from theodolite.relu._problem import Problem

__all__ = ["CLEAR", "Closeness", "closeness", "length", "power_of_two"]

CLEAR = 1e3
"""A decision is clear where its number is this factor above the tolerance."""

_PER_SAMPLE = 4.0
"""The tolerance is this times samples and round-off of the data."""

_PLAIN = np.zeros((0, 0))


@dataclass(eq=False)
class Closeness:
    """Collects the closest decision about one fit; ``tolerance`` is 0 where the data is exact.

    Decisions are about numbers linear in the coefficients of the fit or in its residual. They are compared with how much they
    could change, to first order, with the data: columns and targets of the fit by their own lengths. A number that is exactly 0
    is taken for one: columns that vanish, fits without error and the like make most of them.

    ``columns`` (n, q) have length 1 (or 0), ``inverse`` is their pseudo-inverse, ``targets`` have length 1 (or 0): in units of
    the fit ``outputs``. ``lengths`` are those that the columns have.
    """

    tolerance: float
    outputs: int = 1
    lengths: tuple[int, ...] = ()
    columns: Array = field(default_factory=lambda: _PLAIN)
    inverse: Array = field(default_factory=lambda: _PLAIN)
    targets: Array = field(default_factory=lambda: _PLAIN)
    margin: float = inf

    def fresh(self) -> Closeness:
        """Return one for other decisions about the same fit."""
        return replace(self, margin=inf)

    def near(self, share: float) -> bool:
        """Note a number that is not 0, in units of its possible change; return whether its sign is not clear."""
        if not share:
            return False
        found = share / self.tolerance
        self.margin = min(self.margin, found)
        return found < CLEAR

    def shares(self, coefficients: Sequence[int], unit: int = 1) -> Array:
        """Return coefficients over ``unit`` in units of what they add to the outputs, those over ``outputs``."""
        whole = self.outputs * unit
        return np.array(
            [c * size / whole for c, size in zip(coefficients, self.lengths, strict=False)]
        )  # none if exact

    def units(self, kernel: Sequence[Sequence[int]]) -> list[int]:
        """Return by which powers of 2 to multiply coefficients so that each row adds to the outputs by about ``outputs``."""
        sizes = [max(abs(entry) * (size or 1) for entry, size in zip(row, self.lengths, strict=True)) for row in kernel]
        return [self.outputs.bit_length() - size.bit_length() for size in sizes]

    @cached_property
    def least(self) -> Array:
        """The shares of the shortest fit."""
        return np.asarray(self.inverse @ self.targets)

    @cached_property
    def missing(self) -> float:
        """The length of the residual."""
        return float(np.linalg.norm(self.columns @ self.least - self.targets))

    def change(self, row: Sequence[int], start: int, shares: Array) -> float:
        """Return the possible change of ``row`` times coefficients from place ``start`` on, which have these ``shares``."""
        part = slice(start, start + len(row))
        unit = np.array([entry / size if size else 0.0 for entry, size in zip(row, self.lengths[part], strict=True)])
        moved = unit @ self.inverse[part]
        turned = float(np.abs(moved @ self.inverse.T).sum()) * self.missing
        sizes = 1 + float(np.abs(shares).sum())
        return float(np.linalg.norm(moved)) * sizes + turned + float(np.abs(unit * shares[part]).sum())

    def slope_change(self, row: Sequence[int]) -> float:
        """Return the possible change of ``row`` times residual, for a row of length 1 in that direction."""
        unit = _unit(row)
        inner = self.inverse @ unit
        rest = float(np.linalg.norm(unit - self.columns @ inner))
        return rest * (1 + float(np.abs(self.least).sum())) + (1 + float(np.abs(inner).sum())) * self.missing


def closeness(
    problem: Problem, columns: Sequence[Sequence[int]], rank: int, targets: Sequence[int], unit: int
) -> Closeness:
    """Return the judge of decisions about the fits of ``targets`` over ``unit`` with these columns, given as rows of integers."""
    if problem.exact:
        return Closeness(0.0)
    tolerance = max(problem.epsilon, float(np.finfo(np.float64).eps)) * _PER_SAMPLE * problem.samples
    units = np.array([_unit(row) for row in columns]).reshape(len(columns), problem.samples).T
    left, values, right = np.linalg.svd(units, full_matrices=False)
    kept = np.maximum(values[:rank], 1e-18)
    inverse = (right[:rank].T / kept) @ left[:, :rank].T
    lengths = tuple(length(row) if any(row) else 0 for row in columns)
    return Closeness(tolerance, length(targets) * unit, lengths, units, inverse, _unit(targets))


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
    """Return a vector of length 1 in this direction, 0 for 0."""
    largest = max(map(abs, row), default=0)
    if not largest:
        return np.zeros(len(row))
    floats = np.array([entry / largest for entry in row])
    return np.asarray(floats / np.linalg.norm(floats))
