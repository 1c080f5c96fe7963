r"""Whether some least squares solution has each of its blocks in a given open cone, in its negative, or at zero.

Solutions are base + kernel c. A block that the kernel does not move is tested by signs. For the others each choice of sides
is one system of strict inequalities in c: decided in rationals, or in floats by how deep a point can be inside all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import inf, lcm

import numpy as np

from theodolite._errors import DataError
from theodolite._numerics import as_fractions, exact_nullspace, exact_product, exact_solve
from theodolite._typing import Array
from theodolite.relu._cell_fits import Fit
from theodolite.relu._continuous import strictly_inside
from theodolite.relu._problem import Problem

__all__ = ["Cone", "meets"]

_SAFETY = 1e3
_CLEAR_DEPTH = 1e-7
"""Depths of linear programs in floats, relative to the solutions, count from here on."""
_FIXED = 1e-10
"""Up to here a kernel of orthonormal columns does not move a block."""
_FARTHEST = 1e6


@dataclass(frozen=True, eq=False)
class Cone:
    """The block of the solution vector, and rows whose products with a point inside are all positive."""

    block: slice
    rows: Array


def meets(problem: Problem, solution: Fit, cones: Sequence[Cone]) -> tuple[bool | None, float | None]:
    """Return whether some solution has each block in its cone, its negative or {0} (``None``: too close to call), the margin."""
    fixed: list[Cone] = []
    moved: list[Cone] = []
    for cone in cones:
        kernel = solution.kernel[cone.block]
        still = not kernel.size or (kernel == 0).all() or (not problem.exact and np.abs(kernel).max() <= _FIXED)
        (fixed if still else moved).append(cone)
    margins = []
    answer: bool | None = True
    for cone in fixed:
        found, margin = _signed(solution, cone, problem.exact)
        if found is False:
            return False, margin
        answer = None if found is None else answer
        margins.append(inf if margin is None else margin)
    if moved:
        found, margin = _sides(problem, solution, moved)
        if found is False:
            return False, margin
        answer = None if found is None else answer
        margins.append(inf if margin is None else margin)
    least = min(margins, default=inf)
    return answer, None if least == inf else least


def _signed(solution: Fit, cone: Cone, exact: bool) -> tuple[bool | None, float | None]:
    """Decide one block that is the same in all solutions."""
    point = solution.base[cone.block]
    if not point.any():
        return True, None
    values = cone.rows @ point
    if exact:
        return bool((values > 0).all() or (values < 0).all()), None
    tolerance = solution.roundoff * float(np.linalg.norm(solution.base)) + np.finfo(float).tiny
    low, high = float(values.min()) / tolerance, float(values.max()) / tolerance
    inside = max(low, -high)
    if inside >= _SAFETY:
        return True, inside
    mixed = min(-low, high)
    return (False, mixed) if mixed >= _SAFETY else (None, max(abs(inside), abs(mixed)))


def _sides(problem: Problem, solution: Fit, cones: Sequence[Cone]) -> tuple[bool | None, float | None]:
    """Try every choice of cone, negative or zero for blocks that differ between solutions."""
    answer: bool | None = False
    margin: float | None = None
    for choice in product((1, -1, 0), repeat=len(cones)):
        rows = [side * cone.rows for side, cone in zip(choice, cones, strict=True) if side]
        blocks = [cone.block for side, cone in zip(choice, cones, strict=True) if side]
        zeros = [cone.block for side, cone in zip(choice, cones, strict=True) if not side]
        found, depth = (_rational if problem.exact else _floating)(solution, rows, blocks, zeros)
        if found:
            return True, depth
        if found is None:
            answer, margin = None, depth
        elif answer is False and depth is not None:
            margin = depth if margin is None else min(margin, depth)
    return answer, margin


def _rational(
    solution: Fit, rows: list[Array], blocks: list[slice], zeros: list[slice]
) -> tuple[bool | None, float | None]:
    base, kernel = solution.base, solution.kernel
    if zeros:
        matrix = np.concatenate([kernel[block] for block in zeros])
        right = -np.concatenate([base[block] for block in zeros])
        try:
            start = exact_solve(matrix, right[:, None])
        except DataError:
            return False, None
        base = base + exact_product(kernel, start)[:, 0]
        kernel = exact_product(kernel, exact_nullspace(matrix)) if kernel.shape[1] else kernel
    if not rows:
        return True, None
    bounds = np.concatenate([part @ base[block] for part, block in zip(rows, blocks, strict=True)])
    if not kernel.shape[1]:
        return bool((bounds > 0).all()), None
    slopes = np.concatenate([exact_product(part, kernel[block]) for part, block in zip(rows, blocks, strict=True)])
    return strictly_feasible(slopes, bounds), None


def strictly_feasible(slopes: Array, bounds: Array) -> bool:
    """Return whether slopes @ c + bounds > 0 for some c, exactly for rationals."""
    rows = np.concatenate([slopes, bounds[:, None]], axis=1)
    rows = np.concatenate([rows, as_fractions(np.eye(rows.shape[1], dtype=np.int64)[-1:])])
    return strictly_inside([_whole(row) for row in rows.tolist()], rows.shape[1]) is not None


def _whole(row: list[Fraction]) -> list[int]:
    """Return the smallest positive multiple of a row that is whole."""
    scale = lcm(*(entry.denominator for entry in row))
    return [int(entry * scale) for entry in row]


def _floating(
    solution: Fit, rows: list[Array], blocks: list[slice], zeros: list[slice]
) -> tuple[bool | None, float | None]:
    base, kernel = solution.base, solution.kernel
    size = float(np.linalg.norm(base)) or 1.0
    if zeros:
        matrix = np.concatenate([kernel[block] for block in zeros])
        right = -np.concatenate([base[block] for block in zeros])
        start, _, rank, _ = np.linalg.lstsq(matrix, right, rcond=_FIXED)
        miss = float(np.abs(matrix @ start - right).max()) / size
        if miss > _CLEAR_DEPTH:
            return False, miss / _CLEAR_DEPTH
        if miss > 0 and rank < len(matrix):
            return None, miss / _CLEAR_DEPTH
        base = base + kernel @ start
        kernel = kernel @ np.linalg.svd(matrix)[2][rank:].T
    if not rows:
        return True, None
    bounds = np.concatenate([part @ base[block] for part, block in zip(rows, blocks, strict=True)]) / size
    slopes = np.concatenate([part @ kernel[block] for part, block in zip(rows, blocks, strict=True)])
    depth = _deepest(slopes, bounds) if kernel.shape[1] else float(bounds.min())
    margin = abs(depth) / _CLEAR_DEPTH
    return (depth > 0, margin) if margin > 1 else (None, margin)


def _deepest(slopes: Array, bounds: Array) -> float:
    """Return the largest t <= 1 with slopes @ c + bounds >= t for some c (of entries up to 1e6)."""
    from scipy.optimize import linprog

    count, free = slopes.shape
    goal = np.zeros(free + 1)
    goal[-1] = -1
    answer = linprog(
        goal,
        A_ub=np.concatenate([-slopes, np.ones((count, 1))], axis=1),
        b_ub=bounds,
        bounds=[*[(-_FARTHEST, _FARTHEST)] * free, (None, 1)],
        method="highs-ds",
    )
    return -inf if answer.x is None else float(answer.x[-1])
