"""Strict inequalities: solutions and contradictions are checked, and HiGHS agrees."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from theodolite.relu._continuous import gordan, nonnegative_combination, proposed, strictly_inside

matrices = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(-3, 3), min_size=width, max_size=width), min_size=1, max_size=9)
)


@given(matrices)
def test_solution_or_reason(rows: list[list[int]]) -> None:
    width = len(rows[0])
    solution, weights = gordan(rows, width)
    if solution is None:
        assert weights is not None
        assert sum(weights) == 1
        assert min(weights) >= 0
        assert all(sum(w * row[k] for w, row in zip(weights, rows, strict=True)) == 0 for k in range(width))
    else:
        assert all(sum(a * b for a, b in zip(row, solution, strict=True)) > 0 for row in rows)


@given(matrices, st.lists(st.integers(0, 90), min_size=13, max_size=13))
def test_proposals_are_solutions_or_reasons_however_scaled(rows: list[list[int]], powers: list[int]) -> None:
    width = len(rows[0])
    rows = [
        [entry << (own + power) for entry, own in zip(row, powers, strict=False)]
        for row, power in zip(rows, powers[4:], strict=False)
    ]
    solution, weights = proposed(rows, width)
    assert (solution is None) == (gordan(rows, width)[0] is None)
    if solution is None:
        assert weights is not None
        assert sum(weights) == 1
        assert min(weights) >= 0
        assert all(sum(w * row[k] for w, row in zip(weights, rows, strict=True)) == 0 for k in range(width))
    else:
        assert all(sum(a * b for a, b in zip(row, solution, strict=True)) > 0 for row in rows)


@given(matrices)
def test_highs_agrees(rows: list[list[int]]) -> None:
    width = len(rows[0])
    best = linprog(
        np.array([0.0] * width + [-1.0]),
        A_ub=np.concatenate([-np.array(rows, dtype=float), np.ones((len(rows), 1))], axis=1),
        b_ub=np.zeros(len(rows)),
        bounds=[(-1000, 1000)] * width + [(None, 1)],
    )
    assert (strictly_inside(rows, width) is not None) == (-best.fun > 1e-6)


@given(matrices, matrices)
def test_combinations(rays: list[list[int]], free: list[list[int]]) -> None:
    """A combination with free vectors is one in which they and their opposites are rays, but not only they."""
    width = len(rays[0])
    free = [row for row in free if len(row) == width]
    columns = np.array(rays + free + [[-entry for entry in row] for row in free], dtype=float).T
    total = np.array([1.0] * len(rays) + [0.0] * (2 * len(free)))
    feasible = linprog(
        np.zeros(columns.shape[1]),
        A_eq=np.concatenate([columns, total[None]]),
        b_eq=np.array([0.0] * width + [1.0]),
    )
    assert nonnegative_combination(rays, free) == (feasible.status == 0)
