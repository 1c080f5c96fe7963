"""What the compiled sweep does with one set that may pass: its solution, and the test of all blocks."""

from __future__ import annotations

from typing import no_type_check

from numba import njit

from theodolite.relu._strip import OPTIONS

__all__ = ["is_inside", "put", "solve"]


@njit(**OPTIONS)
@no_type_check
def put(m, faces, chosen, last, into):
    """Put the names of a set of patterns into a row, in increasing order."""
    into[m - 1] = faces[last]
    for j in range(m - 1):
        into[j] = faces[chosen[j]]
    for j in range(1, m):
        name = into[j]
        place = j
        while place > 0 and into[place - 1] > name:
            into[place] = into[place - 1]
            place -= 1
        into[place] = name


@njit(error_model="numpy", fastmath=OPTIONS["fastmath"], nogil=True)
@no_type_check
def solve(
    m, d, source, chosen, own, right, gone, mine, factor, inverse, project, left, least, cross, schur, rest, solution
):
    """Put the solution of the set ``chosen`` into ``solution`` (m, d); return its sum of squares and the smallest pivot.

    Arguments are those of ``strip_bits``, for all levels: ``left`` and ``least`` are the sum of squares and the smallest pivot
    of the first m - 1 patterns.
    """
    last, top = chosen[m - 1], m - 2
    for k in range(d):
        rest[k] = right[k, last]
        for h in range(k + 1):
            schur[k, h] = own[k, h, last]
    if m > 1:
        for t in range(d):
            for k in range(d):
                total = source[t, k, last]
                if m > 2:
                    for i in range(d):
                        total -= mine[i, t] * gone[m - 3, i, k, last]
                for j in range(t):
                    total -= factor[top, t, j] * cross[j, k]
                cross[t, k] = total * inverse[top, t]
            for k in range(d):
                rest[k] -= cross[t, k] * project[top, t]
                for h in range(k + 1):
                    schur[k, h] -= cross[t, k] * cross[t, h]
    for k in range(d):
        pivot = schur[k, k]
        least = min(least, pivot)
        turned = 1.0 / pivot
        left -= rest[k] * rest[k] * turned
        for h in range(k + 1, d):
            share = schur[h, k] * turned
            for q in range(k + 1, h + 1):
                schur[h, q] -= share * schur[q, k]
            rest[h] -= share * rest[k]
        schur[k, k] = turned
    for step in range(d):
        k = d - 1 - step
        total = rest[k]
        for h in range(k + 1, d):
            total -= schur[h, k] * solution[m - 1, h]
        solution[m - 1, k] = total * schur[k, k]
    for step in range(m - 1):
        level = m - 2 - step
        for back in range(d):
            i = d - 1 - back
            total = project[level, i]
            for other in range(level + 1, m):
                pattern = chosen[other]
                for k in range(d):
                    if level == top:
                        total -= cross[i, k] * solution[other, k]
                    else:
                        total -= gone[level, i, k, pattern] * solution[other, k]
            for j in range(i + 1, d):
                total -= factor[level, j, i] * solution[level, j]
            solution[level, i] = total * inverse[level, i]
    return left, least


@njit(error_model="numpy", fastmath=OPTIONS["fastmath"], nogil=True)
@no_type_check
def is_inside(m, d, chosen, rows, first, solution, slop):
    """Return whether every block of a solution may lie in its cone or the opposite one."""
    for step in range(m):
        block = m - 1 - step
        low, high = 1e300, -1e300
        for row in range(first[chosen[block]], first[chosen[block] + 1]):
            total = 0.0
            for k in range(d):
                total += rows[row, k] * solution[block, k]
            low, high = min(low, total), max(high, total)
            if low <= -slop and high >= slop:
                return False
    return True
