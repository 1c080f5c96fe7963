"""The rows of an arrangement as exact numbers, in the forms that kernels use: integers, scaled floats, residues.

A row stands for a hyperplane with a direction, so it may be multiplied by any positive number; and multiplying a
column by a positive number only stretches space. Powers of two are used for both, so that floats stay the very
numbers that were given.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._counts import cover_count
from theodolite.arrangement._residues import PRIME_BITS, prime_table
from theodolite.arrangement._state import LIMIT, Matrix

__all__ = ["FEW", "SMALLEST", "Rows", "float_rows", "fraction_rows", "integer_rows"]

_FEW_BITS = (
    40  # floats that are integers of at most so many bits, up to a power of two for each row, go the integer way
)


SMALLEST = 1e-200
"""Scaled floats below this are not used: what their products lose by underflow would no longer be negligible."""


FEW = 64
"""Arrangements of at most so many cells are listed in Python integers, in about a millisecond."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows (n, d) of one of three types: int64; object (Python integers of any size); float64 that are exactly the
    data."""

    entries: Array

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def width(self) -> int:
        """How many columns the rows have."""
        return int(self.entries.shape[1])

    @property
    def few(self) -> bool:
        """Whether there are at most ``FEW`` cells whatever the position, so that no kernel is worth compiling."""
        return len(self) <= FEW and cover_count(len(self), min(len(self), self.width)) <= FEW

    def take(self, rows: Array, columns: Array | None = None) -> Rows:
        """Return these rows, on these columns."""
        entries = self.entries[rows]
        return Rows(entries if columns is None else np.ascontiguousarray(entries[:, columns]))

    def exact(self, row: int) -> list[Fraction]:
        """Return one row as fractions."""
        return [Fraction(entry) for entry in self.entries[row].tolist()]

    def integers(self, row: int) -> list[int]:
        """Return one row as integers: the row itself times a positive number."""
        if self.entries.dtype != np.float64:
            whole: list[int] = self.entries[row].tolist()
            return whole
        entries = self.exact(row)
        scale = lcm(*(entry.denominator for entry in entries)) if entries else 1
        return [int(entry * scale) for entry in entries]

    def floats(self) -> tuple[Array, float]:
        """Return floats with largest entries near 1, and the relative error with which they stand for the rows."""
        return self._floats

    @cached_property
    def _floats(self) -> tuple[Array, float]:
        if self.entries.dtype == object:
            return _balanced_integers(self.entries)
        slack = 0.0
        if self.entries.dtype == np.int64 and self.entries.size and np.abs(self.entries).max() > 2**53:
            slack = 2.0**-53
        balanced = _balanced(self.entries.astype(np.float64))
        return balanced, slack

    def residue_count(self) -> int:
        """Return how many primes determine every minor of full width."""
        return max(1, -(-(int(np.ceil(np.sort(self._bits())[-self.width :].sum())) + 3) // PRIME_BITS))

    def _bits(self) -> Array:
        """Return an upper bound for the binary logarithm of the norm of each row, taken as integers."""
        if self.entries.dtype == object:
            sizes = [max((abs(entry).bit_length() for entry in row), default=0) for row in self.entries.tolist()]
            return np.asarray(np.array(sizes, dtype=np.float64) + np.log2(self.width) / 2)
        norms = np.abs(self.entries.astype(np.float64)).max(axis=1, initial=0.0)
        logs = np.frexp(norms)[1] + np.log2(self.width) / 2
        if self.entries.dtype == np.float64:
            logs = logs - _lowest_exponents(self.entries)
        return np.asarray(logs)

    def residues(self, primes: Array) -> Array:
        """Return the rows, as integers, modulo each prime: int64 (K, n, d)."""
        out = np.empty((len(primes), *self.entries.shape), dtype=np.int64)
        if self.entries.dtype == np.float64:
            mantissas, exponents = np.frexp(self.entries)
            whole = np.ldexp(mantissas, 53).astype(np.int64)
            shifts = exponents - 53 - _lowest_exponents(self.entries)[:, None]
            shifts = np.where(whole == 0, 0, shifts)
            # A shift may be negative by the zeros at a mantissa's end: take them off the mantissa.
            whole = whole >> np.maximum(-shifts, 0)
            shifts = np.maximum(shifts, 0)
            for k, prime in enumerate(primes.tolist()):
                powers = _powers_of_two(int(shifts.max(initial=0)) + 1, prime)
                out[k] = whole % prime * powers[shifts] % prime
        else:
            for k, prime in enumerate(primes.tolist()):
                out[k] = (self.entries % prime).astype(np.int64)
        return out

    def matrix(self, primes: int) -> Matrix:
        """Return the forms in which the kernels of the ray method take rows, with residues modulo ``primes`` primes."""
        integers, cap = self._small()
        floats, slack = self.floats()
        table, inverses = prime_table(primes)
        return Matrix(integers, cap, floats, slack, self.residues(table), table, inverses)

    def integer_matrix(self) -> Matrix:
        """Return the one form that is needed while all numbers are small integers; none of them where they are not."""
        integers, cap = self._small()
        none = np.empty((0, *self.entries.shape), dtype=np.int64)
        table, inverses = prime_table(0)
        return Matrix(integers, cap, np.empty((0, self.width)), 1.0, none, table, inverses)

    def _small(self) -> tuple[Array, float]:
        if self.entries.dtype == np.int64:
            cap = LIMIT / max(1.0, self.width * float(np.abs(self.entries).max(initial=1)))
            if cap >= 1.0:
                return np.ascontiguousarray(self.entries), cap
        return np.empty((0, self.width), dtype=np.int64), 0.0


def integer_rows(array: Array) -> Rows:
    """Return integers of any type as rows; int64 wherever they fit."""
    if array.dtype == object:
        flat = [int(entry) for entry in array.ravel().tolist()]
        if all(abs(entry) < 2**62 for entry in flat):
            return Rows(np.array(flat, dtype=np.int64).reshape(array.shape))
        entries = np.empty(len(flat), dtype=object)
        entries[:] = flat
        return Rows(entries.reshape(array.shape))
    if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**62:
        return integer_rows(array.astype(object))
    if array.size and (int(array.max()) >= 2**62 or int(array.min()) <= -(2**62)):
        return integer_rows(array.astype(object))
    return Rows(np.ascontiguousarray(array.astype(np.int64)))


def fraction_rows(array: Array) -> Rows:
    """Return fractions as rows of integers, each row multiplied by its common denominator."""
    entries = np.empty(array.shape, dtype=object)
    for i, row in enumerate(array.tolist()):
        scale = lcm(*(entry.denominator for entry in row)) if row else 1
        entries[i, :] = [int(entry * scale) for entry in row]
    return integer_rows(entries)


def float_rows(array: Array) -> Rows:
    """Return floats as rows: as small integers if a power of two for each row makes them so, else as they are.

    Numbers so far apart that scaling them would underflow become integers of whatever size it takes.
    """
    if array.size == 0:
        return Rows(array.astype(np.int64))
    if _few_bits(array[:4]) and _few_bits(array):  # most rows of floats show at once that they are no small integers
        return Rows(np.ldexp(array, -_lowest_exponents(array)[:, None]).astype(np.int64))
    rows = Rows(array)
    balanced, _ = rows.floats()
    if np.any((balanced != 0) & (np.abs(balanced) < SMALLEST)) or np.any((balanced != 0) != (array != 0)):
        return fraction_rows(_fractions(array))
    return rows


def _few_bits(array: Array) -> bool:
    return bool(np.all(np.frexp(np.abs(array).max(axis=1))[1] - _lowest_exponents(array) <= _FEW_BITS))


def _fractions(array: Array) -> Array:
    out = np.empty(array.shape, dtype=object)
    for place in np.ndindex(*array.shape):
        out[place] = Fraction(float(array[place]))
    return out


def _balanced(array: Array) -> Array:
    """Scale columns, then rows, by powers of two so that the largest entries lie in [0.5, 1)."""
    if array.size == 0:
        return array.copy()
    columns = np.frexp(np.abs(array).max(axis=0))[1]
    scaled = np.ldexp(array, -columns)
    rows = np.frexp(np.abs(scaled).max(axis=1))[1]
    return np.asarray(np.ldexp(scaled, -rows[:, None]))


def _balanced_integers(entries: Array) -> tuple[Array, float]:
    """Return big integers as correctly rounded floats, scaled as ``_balanced`` scales, and the error of the rounding.

    Where a number is so small beside the others that it underflows, no small relative error bounds what is lost: the
    error is then 1, with which no sign is decided by these floats.
    """
    lengths = np.array([[abs(entry).bit_length() for entry in row] for row in entries.tolist()], dtype=np.int64)
    columns = lengths.max(axis=0, initial=0)
    out = np.zeros(entries.shape)
    for i, row in enumerate(entries.tolist()):
        shift = int((lengths[i] - columns)[lengths[i] > 0].max(initial=-(2**62)))
        for k, entry in enumerate(row):
            if entry:
                out[i, k] = _quotient(entry, shift + int(columns[k]))
    lost = (np.abs(out) < SMALLEST) & (lengths > 0)
    return out, 1.0 if np.any(lost) else 2.0**-53


def _quotient(entry: int, shift: int) -> float:
    """Return entry / 2**shift, correctly rounded; tiny results may underflow."""
    return entry / 2**shift if shift >= 0 else float(entry * 2**-shift)


def _lowest_exponents(array: Array) -> Array:
    """Return for each row the largest e such that all its entries are multiples of 2**e (0 for a zero row)."""
    mantissas, exponents = np.frexp(array)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    lowest_bit = (whole & -whole).astype(np.float64)
    trailing = np.frexp(lowest_bit)[1] - 1
    lowest = np.where(whole == 0, 2**30, exponents - 53 + trailing).min(axis=1, initial=2**30)
    return np.asarray(np.where(lowest == 2**30, 0, lowest))


def _powers_of_two(count: int, prime: int) -> Array:
    powers: Any = np.empty(count, dtype=np.int64)
    value = 1
    for k in range(count):
        powers[k] = value
        value = value * 2 % prime
    return np.asarray(powers)
