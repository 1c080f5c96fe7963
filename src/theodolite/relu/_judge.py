"""What the compiled sweep does with one set that may pass: its solution block by block, each tested at once."""

from __future__ import annotations

from typing import no_type_check

from numba import njit

from theodolite.relu._strip import CALLED, INLINED, SLACK

__all__ = ["in_order", "judge", "put"]


@njit(**CALLED)
@no_type_check
def in_order(faces, chosen, names):
    """Put the names of the first patterns of a set into ``names``, in increasing order."""
    for j in range(len(names)):
        name = faces[chosen[j]]
        place = j
        while place > 0 and names[place - 1] > name:
            names[place] = names[place - 1]
            place -= 1
        names[place] = name


@njit(**INLINED)
@no_type_check
def put(m, names, name, into):
    """Put the names of a set into a row: ``names``, which are in increasing order, and one more."""
    for j in range(m - 1):
        into[j] = min(names[j], name)
        name = max(names[j], name)
    into[m - 1] = name


@njit(**INLINED)
@no_type_check
def judge(
    m,
    d,
    inside,
    stepping,
    last,
    source,
    scales,
    shifts,
    sizes,
    means,
    chosen,
    own,
    right,
    gone,
    mine,
    factor,
    inverse,
    project,
    rows,
    first,
    left,
    least,
    cross,
    schur,
    rest,
    solution,
):
    """Return whether every block of the solution of a set may lie in its cone or the opposite one, and the sum of squares.

    Only the sum of squares counts unless ``inside``. Arguments are those of ``strip_bits``, for all levels: ``left`` and
    ``least`` are the sum of squares and the smallest pivot of the first m - 1 patterns. The solution is put into ``solution``
    (m, d).
    """
    for k in range(d):
        rest[k] = right[k, last]
        for h in range(d):
            if h <= k:
                schur[k, h] = own[k, h, last]
    if m > 1:
        for t in range(d):
            for k in range(d):
                if stepping:
                    total = source[max(t, k), min(t, k), last] * scales[k, last]
                    total = sizes[t] * total - means[t] * shifts[k, last]
                else:
                    total = source[t, k, last]
                if m > 2:
                    for i in range(d):
                        total -= mine[i, t] * gone[m - 3, i, k, last]
                for j in range(d):
                    if j < t:
                        total -= factor[m - 2, t, j] * cross[j, k]
                cross[t, k] = total * inverse[m - 2, t]
            for k in range(d):
                rest[k] -= cross[t, k] * project[m - 2, t]
                for h in range(d):
                    if h <= k:
                        schur[k, h] -= cross[t, k] * cross[t, h]
    for k in range(d):
        pivot = schur[k, k]
        least = pivot if pivot < least else least
        turned = 1.0 / pivot
        left -= rest[k] * rest[k] * turned
        for h in range(d):
            if h > k:
                share = schur[h, k] * turned
                for q in range(d):
                    if k < q and q <= h:
                        schur[h, q] -= share * schur[q, k]
                rest[h] -= share * rest[k]
        schur[k, k] = turned
    if not inside:
        return True, left
    for step in range(d):
        k = d - 1 - step
        total = rest[k]
        for h in range(d):
            if h > k:
                total -= schur[h, k] * solution[m - 1, h]
        solution[m - 1, k] = total * schur[k, k]
    slop = SLACK / least
    if not _is_inside(d, rows, first[last], first[last + 1], solution[m - 1], slop):
        return False, left
    for step in range(m - 1):
        level = m - 2 - step
        for back in range(d):
            i = d - 1 - back
            total = project[level, i]
            if step == 0:
                for k in range(d):
                    total -= cross[i, k] * solution[m - 1, k]
            else:
                for k in range(d):
                    total -= gone[level, i, k, last] * solution[m - 1, k]
                for other in range(level + 1, m - 1):
                    for k in range(d):
                        total -= gone[level, i, k, chosen[other]] * solution[other, k]
            for j in range(d):
                if j > i:
                    total -= factor[level, j, i] * solution[level, j]
            solution[level, i] = total * inverse[level, i]
        pattern = chosen[level]
        if not _is_inside(d, rows, first[pattern], first[pattern + 1], solution[level], slop):
            return False, left
    return True, left


@njit(**INLINED)
@no_type_check
def _is_inside(d, rows, begin, end, point, slop):
    """Return whether a point may lie in the cone of some rows or the opposite one."""
    low, high = 1e300, -1e300
    for row in range(begin, end):
        total = 0.0
        for k in range(d):
            total += rows[row, k] * point[k]
        low = total if total < low else low
        high = total if total > high else high
        if low <= -slop and high >= slop:
            return False
    return True
