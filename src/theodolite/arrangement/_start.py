"""The rays with which the ray method starts: those dual to d independent rows, and their negatives."""

from __future__ import annotations

from math import gcd, lcm
from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._merge import common_divisor
from theodolite.arrangement._rays import ray_from_rows
from theodolite.arrangement._rows import Rows
from theodolite.arrangement._state import BY_INTEGERS, Matrix, Pool, Work
from theodolite.arrangement._words import bit, kernel

__all__ = ["dual_rays", "integer_duals", "start_pool"]


def dual_rays(rows: Rows) -> list[list[int]]:
    """Return for each of the first d rows the primitive integer ray that is positive on it and tight on the others."""
    from flint import fmpz_mat

    d = rows.width
    integers = [rows.integers(i) for i in range(d)]
    solution = fmpz_mat(integers).inv()
    rays = []
    for i in range(d):
        column = [solution[k, i] for k in range(d)]
        scale = lcm(*(int(entry.q) for entry in column))
        ray = [int(entry.p) * (scale // int(entry.q)) for entry in column]
        common = gcd(*ray)
        rays.append([entry // common for entry in ray])
    return rays


def start_pool(rows: Rows, matrix: Matrix, work: Work, tally: Array, capacity: int) -> Pool | None:
    """Return a pool that holds the 2 d first rays, or None where their signs need forms that ``matrix`` lacks."""
    d = rows.width
    words = len(work.rows)
    pool = Pool(
        np.zeros((capacity, words), dtype=np.uint64),
        np.zeros((capacity, words), dtype=np.uint64),
        np.zeros((capacity, d), dtype=np.int64),
        np.zeros(capacity, dtype=np.bool_),
    )
    if len(matrix.integers) and not integer_duals(matrix.integers, matrix.cap, pool.coordinates, pool.small):
        for i, ray in enumerate(dual_rays(rows)):
            if max(abs(entry) for entry in ray) <= matrix.cap:
                pool.coordinates[i] = ray
                pool.small[i] = True
    if not len(matrix.floats) and not pool.small[:d].all():
        return None
    return pool if _fill(matrix, pool, work, tally, len(rows)) == 0 else None


@kernel
@no_type_check
def integer_duals(integers, cap, coordinates, small):
    """Fill in the rays of ``dual_rays`` by Bareiss's elimination; return whether all numbers stay small."""
    d = coordinates.shape[1]
    work = np.zeros((d, 2 * d), dtype=np.int64)
    for i in range(d):
        work[i, d + i] = 1
        for k in range(d):
            work[i, k] = integers[i, k]
    before = 1
    for column in range(d):
        pivot = column
        while pivot < d and work[pivot, column] == 0:
            pivot += 1
        if pivot == d:
            return False
        if pivot != column:
            for k in range(2 * d):
                work[pivot, k], work[column, k] = work[column, k], work[pivot, k]
        largest = 0.0
        for i in range(d):
            for k in range(2 * d):
                largest = max(largest, abs(float(work[i, k])))
        if largest >= 2.0**30:
            return False
        scale = work[column, column]
        for i in range(d):
            if i != column:
                factor = work[i, column]
                for k in range(2 * d):
                    work[i, k] = (scale * work[i, k] - factor * work[column, k]) // before
        before = scale
    for i in range(d):  # all pivots are now the determinant, and the right half is the adjugate
        content = 0
        for k in range(d):
            content = common_divisor(content, abs(work[k, d + i]))
        if before < 0:
            content = -content
        for k in range(d):
            coordinates[i, k] = work[k, d + i] // content
            if abs(float(coordinates[i, k])) > cap:
                return False
        small[i] = True
    return True


@kernel
@no_type_check
def _fill(matrix, pool, work, tally, n):
    d = matrix.floats.shape[1]
    for i in range(d):
        if pool.small[i]:
            for row in range(n):
                total = 0
                for k in range(d):
                    total += matrix.integers[row, k] * pool.coordinates[i, k]
                if total > 0:
                    pool.positive[i, row // 64] |= bit(row)
                elif total < 0:
                    pool.negative[i, row // 64] |= bit(row)
                tally[BY_INTEGERS] += 1
        else:
            pool.positive[i, i // 64] |= bit(i)
            place = 0
            for row in range(d):
                if row != i:
                    work.tight[place] = row
                    place += 1
            for w in range(work.rows.shape[0]):
                work.opposed[w] = work.rows[w]
            for row in range(d):
                work.opposed[row // 64] &= ~bit(row)
            if ray_from_rows(matrix, pool, work.tight, i, 1, work.opposed, i, work, tally) != 0:
                return 1
        for w in range(work.rows.shape[0]):
            pool.positive[d + i, w] = pool.negative[i, w]
            pool.negative[d + i, w] = pool.positive[i, w]
        for k in range(d):
            pool.coordinates[d + i, k] = -pool.coordinates[i, k]
        pool.small[d + i] = pool.small[i]
    return 0
