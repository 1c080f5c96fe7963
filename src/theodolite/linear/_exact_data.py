"""Exactly given samples: the Gram matrix of ``[1 X Y]`` in rationals is all that a linear landscape depends on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from theodolite._arrays import Given, to_fractions
from theodolite._errors import DataError, NotCoveredError
from theodolite._typing import Array, Option, Parameters

if TYPE_CHECKING:
    from flint import fmpq_mat

__all__ = ["COLUMNS_MOST", "ENTRIES_MOST", "Gram", "Ledger", "in_floats", "is_exact"]

ENTRIES_MOST = 20_000
"""Up to so many numbers, samples times columns of X and Y, are worked on exactly without being asked to."""

COLUMNS_MOST = 32
"""Up to so many columns of X and Y together are worked on exactly without being asked to."""

_VERIFIED_COLUMNS = 256
"""More columns than this would make verified enclosures of one landscape a matter of hours."""


@dataclass(frozen=True, eq=False)
class Gram:
    """``[1 X Y]^T [1 X Y]`` as fractions, for ``count`` samples; ``given`` says whether the numbers are exact as given."""

    matrix: Array
    count: int
    d_in: int
    d_out: int
    given: bool = True

    @property
    def digest(self) -> str:
        """A SHA-256 of the numbers."""
        text = f"{self.count} {self.d_in} {self.d_out} " + " ".join(map(str, self.matrix.flat))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def total(self) -> Fraction:
        """``||Y||^2``."""
        return sum(np.diag(self.matrix)[1 + self.d_in :], Fraction(0))


class Ledger:
    """Keeps the exact Gram matrix of the batches that pass, or the reason why there is none.

    ``auto`` stops at the first float and at sizes that would take long, ``exact`` refuses floats, ``verified`` takes them as
    the binary numbers that they are, ``float64`` keeps nothing.
    """

    def __init__(self, arithmetic: Option) -> None:
        self._arithmetic = arithmetic
        self._sum: fmpq_mat | None = None
        self._count = 0
        self._widths = (0, 0)
        self.reason = "" if arithmetic in ("auto", "exact", "verified") else "as asked for"

    def add(self, x: Given, y: Given) -> None:
        """Take note of one batch."""
        if self.reason:
            return
        self._count += len(x.values)
        self._widths = (x.values.shape[1], y.values.shape[1])
        self.reason = self._obstacle(x, y)
        if self.reason:
            self._sum = None
            return
        from theodolite._numerics import as_integers

        left, right = (self._fractions(name, given) for name, given in (("X", x), ("Y", y)))
        ones = np.full((len(left), 1), Fraction(1), dtype=object)
        # One denominator a column, so that columns of different units do not make each other's numbers long.
        integers, bottoms = [], []
        for column in np.concatenate([ones, left, right], axis=1).T:
            whole, bottom = as_integers(column[:, None])
            integers.append([int(entry) for entry in whole.entries()])
            bottoms.append(bottom)
        from flint import fmpq, fmpq_mat, fmpz_mat

        rows = fmpz_mat(integers)
        products = rows * rows.transpose()
        entries = [
            fmpq(products[i, j], top * bottom) for i, top in enumerate(bottoms) for j, bottom in enumerate(bottoms)
        ]
        block = fmpq_mat(len(bottoms), len(bottoms), entries)
        self._sum = block if self._sum is None else self._sum + block

    def gram(self) -> Gram | None:
        """Return the Gram matrix of all batches, ``None`` with a ``reason`` where it was not kept."""
        if self._sum is None:
            return None
        from theodolite._numerics import from_flint

        return Gram(from_flint(self._sum), self._count, *self._widths, given=self._arithmetic != "verified")

    def _obstacle(self, x: Given, y: Given) -> str:
        """Return why this batch cannot be kept exactly, or nothing; raise where exactness was asked for."""
        columns = sum(self._widths)
        if self._arithmetic == "verified":
            if columns > _VERIFIED_COLUMNS:
                raise NotCoveredError(
                    f"X and Y have {columns} columns together",
                    cause=f"verified arithmetic is for at most {_VERIFIED_COLUMNS}",
                    fix="Use arithmetic='float64'",
                )
            return ""
        automatic = self._arithmetic == "auto"
        if automatic and self._count * columns > ENTRIES_MOST:
            return f"{self._count} samples of {columns} columns are more than {ENTRIES_MOST} numbers"
        if automatic and columns > COLUMNS_MOST:
            return f"{columns} columns are more than {COLUMNS_MOST}"
        for name, given in (("X", x), ("Y", y)):
            place = _first_float(given.source)
            if place is None:
                continue
            if automatic:
                return f"{name} holds floats"
            raise DataError(
                f"{name} has the float {float(given.values[place])!r} at row {place[0]}, column {place[1]}",
                cause="exact arithmetic decides about exactly given numbers, and a float may be rounded",
                fix=f"Pass decimals as text or Fractions, such as Fraction('{float(given.values[place])!r}')",
            )
        return ""

    def _fractions(self, name: str, given: Given) -> Array:
        return to_fractions(name, given.source.reshape(given.values.shape))


def is_exact(params: Parameters) -> bool:
    """Whether parameters are arrays of ``Fraction``, as ``coerce`` returns them for exactly given ones."""
    return all(array.dtype == object for array in params)


def in_floats(params: Parameters) -> Parameters:
    """Return parameters as arrays of float64."""
    if not is_exact(params):
        return params
    from theodolite._numerics import to_floats

    return tuple(to_floats(array) for array in params)


def _first_float(source: Array) -> tuple[int, int] | None:
    """Return row and column of the first float, ``None`` where there is none."""
    if not source.size:
        return None
    if source.dtype != object:
        return (0, 0) if source.dtype.kind == "f" else None
    for i, j in np.ndindex(*source.shape):
        if isinstance(source[i, j], (float, np.floating)):
            return i, j
    return None
