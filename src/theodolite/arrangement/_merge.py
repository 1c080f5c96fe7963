"""Merging rows and finding a basis among them in 64-bit integers: what ``reduce`` does, for a few rows of small integers.

Independence is decided by elimination without fractions, each row divided by its content; where a number outgrows its
bound, nothing is said and the general way is taken.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._words import kernel

__all__ = ["common_divisor", "merge"]

_ROWS = 256
"""Up to so many rows are compared with one another rather than sorted."""

_ENTRY = 2**30
"""Entries below this have products that two of may be added in an int64."""


@kernel
@no_type_check
def common_divisor(a, b):
    """Return the greatest common divisor of two integers that are not negative."""
    while b:
        a, b = b, a % b
    return a


@kernel
@no_type_check
def _independent(vectors, places, wanted, out):
    """Fill ``out`` with the first of ``places`` whose vectors are independent; return how many, up to ``wanted``.

    Returns -1 where a number becomes too large.
    """
    d = vectors.shape[1]
    echelon = np.empty((wanted, d), dtype=np.int64)
    pivots = np.empty(wanted, dtype=np.int64)
    found = 0
    rest = np.empty(d, dtype=np.int64)
    for place in places:
        if found == wanted:
            break
        for k in range(d):
            rest[k] = vectors[place, k]
        for i in range(found):
            a, b = echelon[i, pivots[i]], rest[pivots[i]]
            if b == 0:
                continue
            content = 0
            for k in range(d):
                rest[k] = a * rest[k] - b * echelon[i, k]
                content = common_divisor(content, abs(rest[k]))
            for k in range(d):
                if content > 1:
                    rest[k] //= content
                if abs(rest[k]) >= _ENTRY:
                    return -1
        for k in range(d):
            if rest[k]:
                pivots[found] = k
                echelon[found] = rest
                out[found] = place
                found += 1
                break
    return found


@kernel
@no_type_check
def _merge(entries, place, turn, picked, columns):
    """Fill the arrays as ``merge`` says and return the numbers of hyperplanes and of columns, -1 where that failed."""
    n, d = entries.shape
    lines = 0
    first = np.empty(n, dtype=np.int64)
    leading = np.empty(n, dtype=np.int64)
    for i in range(n):
        lead = -1
        for k in range(d):
            if abs(entries[i, k]) >= _ENTRY:
                return -1, -1
            if lead < 0 and entries[i, k]:
                lead = k
        turn[i] = 0
        place[i] = -1
        if lead < 0:
            continue
        line = 0
        while line < lines:
            j = first[line]
            if leading[line] == lead:
                k = lead + 1
                while k < d and entries[i, k] * entries[j, lead] == entries[j, k] * entries[i, lead]:
                    k += 1
                if k == d:
                    break
            line += 1
        if line == lines:
            first[line], leading[line] = i, lead
            lines += 1
        place[i] = line
        turn[i] = 1 if (entries[i, lead] > 0) == (entries[first[line], lead] > 0) else -1
    basis = np.empty(min(lines, d), dtype=np.int64)
    rank = _independent(entries, first[:lines], min(lines, d), basis)
    if rank < 0:
        return -1, -1
    for k in range(d):
        columns[k] = k
    if rank < d:
        across = np.empty((d, rank), dtype=np.int64)
        for k in range(d):
            for i in range(rank):
                across[k, i] = entries[basis[i], k]
        if _independent(across, np.arange(d), rank, columns) < rank:
            return -1, -1
    moved = np.empty(lines, dtype=np.int64)
    low, high = 0, rank
    for line in range(lines):
        if low < rank and basis[low] == first[line]:
            moved[line] = low
            low += 1
        else:
            moved[line] = high
            high += 1
        picked[moved[line]] = first[line]
    for i in range(n):
        if place[i] >= 0:
            place[i] = moved[place[i]]
    return lines, rank


def merge(entries: Array) -> tuple[Array, Array, Array, Array] | None:
    """Return for rows of integers their hyperplanes (-1 for a zero row) and directions, the first row on each
    hyperplane in an order that puts the first basis first, and as many columns on which it stays one; ``None`` where
    that takes more than small integers.
    """
    n, d = entries.shape
    if entries.dtype != np.int64 or n > _ROWS:
        return None
    place, picked = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    turn, columns = np.empty(n, dtype=np.int8), np.empty(d, dtype=np.int64)
    lines, rank = _merge(entries, place, turn, picked, columns)
    return None if lines < 0 else (place, turn, picked[:lines], columns[:rank])
