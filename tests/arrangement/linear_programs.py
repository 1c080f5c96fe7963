"""Cells by a tree of linear programs: an independent channel, in floating point, for rows of moderate size."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog


def cells_by_programs(rows: np.ndarray, offsets: np.ndarray) -> set[tuple[int, ...]]:
    """Return the sign vectors of the cells of {w : rows w = offsets}; zero rows must be left out."""
    n, d = rows.shape
    norms = np.linalg.norm(rows, axis=1)
    leaves: set[tuple[int, ...]] = set()

    def open_set(signs: list[int]) -> bool:
        k = len(signs)
        s = np.array(signs, dtype=float)
        bound = np.hstack([-s[:, None] * rows[:k], norms[:k, None]])
        answer = linprog(np.r_[np.zeros(d), -1.0], bound, -s * offsets[:k], bounds=[(-1e6, 1e6)] * d + [(None, 1.0)])
        return bool(answer.status == 0 and answer.x[-1] > 1e-7)

    def visit(signs: list[int]) -> None:
        if len(signs) == n:
            leaves.add(tuple(signs))
            return
        for side in (-1, 1):
            if open_set([*signs, side]):
                visit([*signs, side])

    visit([])
    return leaves
