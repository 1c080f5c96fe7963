"""Elimination with rational numbers: ranks, nullspaces, solutions and the signs of a symmetric matrix."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

__all__ = ["below_count", "echelon", "null_vector", "rank", "solve"]

Rows = Sequence[Sequence[Fraction]]


def echelon(rows: Rows) -> tuple[list[list[Fraction]], list[int]]:
    """Return the non-zero rows of the reduced row echelon form, and their pivots."""
    left = [list(row) for row in rows]
    pivots: list[int] = []
    for column in range(len(left[0]) if left else 0):
        top = len(pivots)
        found = next((i for i in range(top, len(left)) if left[i][column]), None)
        if found is None:
            continue
        left[top], left[found] = left[found], left[top]
        lead = left[top][column]
        left[top] = [entry / lead for entry in left[top]]
        for i, row in enumerate(left):
            factor = row[column]
            if i != top and factor:
                left[i] = [a - factor * b for a, b in zip(row, left[top], strict=True)]
        pivots.append(column)
    return left[: len(pivots)], pivots


def rank(rows: Rows) -> int:
    """Return the rank."""
    return len(echelon(rows)[1])


def null_vector(rows: Rows, width: int) -> list[Fraction] | None:
    """Return a vector that spans {v : rows v = 0} where that is a line, else ``None``."""
    reduced, pivots = echelon(rows)
    free = [column for column in range(width) if column not in pivots]
    if len(free) != 1:
        return None
    vector = [Fraction(0)] * width
    vector[free[0]] = Fraction(1)
    for row, pivot in zip(reduced, pivots, strict=True):
        vector[pivot] = -row[free[0]]
    return vector


def solve(matrix: Rows, right: Rows) -> list[list[Fraction]]:
    """Return ``matrix^-1 right`` for an invertible matrix."""
    size = len(matrix)
    reduced, pivots = echelon([[*row, *side] for row, side in zip(matrix, right, strict=True)])
    assert pivots[:size] == list(range(size))
    return [row[size:] for row in reduced]


def below_count(matrix: Rows, level: Fraction) -> int:
    """Return how many eigenvalues of a symmetric matrix are below ``level``: Sylvester counts negative pivots."""
    left = [[entry - (level if i == j else 0) for j, entry in enumerate(row)] for i, row in enumerate(matrix)]
    negative = 0
    while left:
        size = len(left)
        place = next((i for i in range(size) if left[i][i]), None)
        if place is None:
            pair = next(((i, j) for i in range(size) for j in range(i) if left[i][j]), None)
            if pair is None:
                return negative
            i, j = pair  # adding row and column j to i is a congruence, and makes the diagonal entry 2 left[i][j]
            left[i] = [a + b for a, b in zip(left[i], left[j], strict=True)]
            for row in left:
                row[i] += row[j]
            place = i
        pivot = left[place][place]
        negative += pivot < 0
        kept = [i for i in range(size) if i != place]
        left = [[left[i][j] - left[i][place] * left[place][j] / pivot for j in kept] for i in kept]
    return negative
