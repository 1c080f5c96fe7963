"""Arrangements whose numbers of cells are known, and an independent way to count any other.

Sources of the counts: braid n!, type B 2^n n!, type D 2^(n-1) n!, Catalan n! C_n, Shi (n+1)^(n-1), Linial A007889,
resonance A034997, threshold functions A000609, graphical arrangements: acyclic orientations (Stanley 1973).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import numpy as np


def differences(n: int) -> list[list[int]]:
    """Return e_i - e_j for i < j."""
    return [[int(k == i) - int(k == j) for k in range(n)] for i, j in combinations(range(n), 2)]


def braid(n: int) -> np.ndarray:
    return np.array(differences(n))


def type_b(n: int) -> np.ndarray:
    return np.vstack([np.eye(n, dtype=int), type_d(n)])


def type_d(n: int) -> np.ndarray:
    return np.array(
        [
            [a if k == i else b * (k == j) for k in range(n)]
            for i, j in combinations(range(n), 2)
            for a, b in ((1, 1), (1, -1))
        ]
    )


def resonance(n: int) -> np.ndarray:
    return np.array([v for v in product((0, 1), repeat=n) if any(v)])


def threshold(n: int) -> np.ndarray:
    return np.array([(*v, 1) for v in product((0, 1), repeat=n)])


def deformed(n: int, shifts: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return {x_i - x_j = s} for i < j and each shift s."""
    rows = [(row, s) for row in differences(n) for s in shifts]
    return np.array([row for row, _ in rows]), np.array([s for _, s in rows])


def graphical(n: int, edges: list[tuple[int, int]]) -> np.ndarray:
    return np.array([[int(k == i) - int(k == j) for k in range(n)] for i, j in edges])


def count_by_deletion(rows: list[list[Fraction]]) -> int:
    """Count the cells of a central arrangement by deletion and restriction in fractions."""
    if not rows:
        return 1
    *rest, last = rows
    if not any(last):
        return count_by_deletion(rest)
    if any(_parallel(last, row) for row in rest):
        return count_by_deletion(rest)
    pivot = next(k for k, entry in enumerate(last) if entry != 0)
    restricted = [
        [a - row[pivot] / last[pivot] * b for k, (a, b) in enumerate(zip(row, last, strict=True)) if k != pivot]
        for row in rest
    ]
    return count_by_deletion(rest) + count_by_deletion(restricted)


def _parallel(a: list[Fraction], b: list[Fraction]) -> bool:
    return any(b) and all(a[i] * b[j] == a[j] * b[i] for i, j in combinations(range(len(a)), 2))


def exact(rows: object) -> list[list[Fraction]]:
    return [[Fraction(entry) for entry in row] for row in np.asarray(rows, dtype=object).tolist()]


def homogeneous(rows: object, offsets: object) -> list[list[Fraction]]:
    """Return the cone over an affine arrangement; it has twice as many cells."""
    out = [[*row, -Fraction(b)] for row, b in zip(exact(rows), np.asarray(offsets, dtype=object).tolist(), strict=True)]
    width = len(out[0]) if out else 1
    return [*out, [Fraction(int(k == width - 1)) for k in range(width)]]


def signs_at(rows: object, offsets: object, point: object) -> list[int]:
    """Return the exact signs of A w - b at a point of fractions."""
    values = [
        sum((a * x for a, x in zip(row, np.asarray(point, dtype=object).tolist(), strict=True)), Fraction(0))
        for row in exact(rows)
    ]
    right = (
        [Fraction(0)] * len(values)
        if offsets is None
        else [Fraction(b) for b in np.asarray(offsets, dtype=object).tolist()]
    )
    return [(v > b) - (v < b) for v, b in zip(values, right, strict=True)]
