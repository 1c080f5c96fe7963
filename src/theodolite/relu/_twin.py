"""The sweep of ``_kernels`` said slowly, set by set: its test oracle."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from theodolite._typing import Array
from theodolite.relu._moments import Moments
from theodolite.relu._strip import SLACK, SMALLEST_PIVOT

__all__ = ["DOUBTFUL", "sweep_slowly"]

DOUBTFUL = 2
"""The state of sets with a pivot that is too small; those that pass have state 1."""


def sweep_slowly(
    moments: Moments, target: Array, sets: Iterable[tuple[int, ...]], below: float, inside: bool
) -> dict[tuple[int, ...], tuple[float, int]]:
    """Return sum of squares (of a ``target`` of norm 1) and state of those ``sets`` that the kernel returns."""
    out = {}
    for chosen in sets:
        blocks = [moments.columns[:, : moments.widths[a], a] for a in chosen]
        columns = np.concatenate(blocks, axis=1)
        pivot = min((_squared_distance(columns[:, k], columns[:, :k]) for k in range(columns.shape[1])), default=1.0)
        if pivot <= SMALLEST_PIVOT:
            out[chosen] = (np.nan, DOUBTFUL)
            continue
        solution = np.linalg.lstsq(columns, target, rcond=None)[0]
        value = float(((columns @ solution - target) ** 2).sum())
        slack = SLACK / pivot
        parts = np.split(solution, np.cumsum([block.shape[1] for block in blocks])[:-1])
        if value < below + slack and (
            not inside or all(_may_be_inside(moments, a, part, slack) for a, part in zip(chosen, parts, strict=True))
        ):
            out[chosen] = (value, 1)
    return out


def _squared_distance(column: Array, others: Array) -> float:
    """Return the squared distance of a column from the span of others: what Cholesky's pivot is."""
    if others.shape[1] == 0:
        return float(column @ column)
    rest = column - others @ np.linalg.lstsq(others, column, rcond=None)[0]
    return float(rest @ rest)


def _may_be_inside(moments: Moments, pattern: int, part: Array, slack: float) -> bool:
    """Return whether a block of the solution may lie in the cone of its pattern or in the opposite one."""
    rows = moments.rows[moments.first[pattern] : moments.first[pattern + 1], : len(part)]
    values = rows @ part
    return bool((values > -slack).all() or (values < slack).all())
