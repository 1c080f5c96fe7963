"""Rows grouped by the lines that they span: rows that are multiples of each other change sign together."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Int64, Shaped

from theodolite._typing import Array

__all__ = ["Lines", "group"]


@dataclass(frozen=True, eq=False)
class Lines:
    """Row i is ``coefficient[i] * direction[line[i]]``; zero rows have ``line`` -1 and coefficient 0.

    ``direction`` (p, d) holds the first row of each line itself, so that its coefficient is 1. Floats are grouped as the
    binary numbers that they are: rows of one line are exact multiples of each other.
    """

    line: Int64[np.ndarray, " n"]
    coefficient: Shaped[np.ndarray, " n"]
    direction: Shaped[np.ndarray, "p d"]

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.direction)


def group(rows: Array) -> Lines:
    """Return the lines that the non-zero ``rows`` span, in the order of their first rows."""
    n = len(rows)
    exact = rows.dtype == object
    zero = Fraction(0) if exact else 0.0
    line = np.full(n, -1, dtype=np.int64)
    coefficient = np.full(n, zero, dtype=object if exact else np.float64)
    firsts: list[int] = []
    seen: dict[bytes | tuple[Fraction, ...], list[int]] = {}
    pivots = _pivots(rows)
    for i, signature in enumerate(_signatures(rows, pivots)):
        if signature is None:
            continue
        for number in seen.setdefault(signature, []):
            first = firsts[number]
            if exact or _parallel(rows[i], rows[first], int(pivots[i])):
                line[i] = number
                coefficient[i] = rows[i, pivots[i]] / rows[first, pivots[i]]
                break
        else:
            line[i], coefficient[i] = len(firsts), zero + 1
            seen[signature].append(len(firsts))
            firsts.append(i)
    return Lines(line, coefficient, rows[firsts])


def _pivots(rows: Array) -> Array:
    """Return the place of the largest entry of each row, the first of several; multiples of a row have the same."""
    if not rows.size:
        return np.zeros(len(rows), dtype=np.int64)
    return np.asarray(np.argmax(np.abs(rows), axis=1))


def _signatures(rows: Array, pivots: Array) -> list[bytes | tuple[Fraction, ...] | None]:
    """Return what multiples of a row share: the row divided by its largest entry (correctly rounded, so floats share it too)."""
    if not rows.size:
        return [None] * len(rows)
    largest = rows[np.arange(len(rows)), pivots]
    if rows.dtype == object:
        return [
            tuple(entry / top for entry in row) if top != 0 else None for row, top in zip(rows, largest, strict=True)
        ]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = rows / largest[:, None] + 0.0
    return [share.tobytes() if top != 0 else None for share, top in zip(shares, largest.tolist(), strict=True)]


def _parallel(row: Array, other: Array, pivot: int) -> bool:
    """Return whether two float rows whose rounded shares agree are multiples of each other as the numbers that they are."""
    if np.array_equal(row, other) or np.array_equal(row, -other):
        return True
    top, bottom = Fraction(float(row[pivot])), Fraction(float(other[pivot]))
    return all(
        Fraction(float(a)) * bottom == Fraction(float(b)) * top
        for a, b in zip(row.tolist(), other.tolist(), strict=True)
    )
