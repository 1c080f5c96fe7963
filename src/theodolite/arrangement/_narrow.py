"""The ray method for at most 64 rows of small integers: the steps of ``search``, each mask one word, no other arithmetic.

It works on the state of ``search`` and leaves it as that would, so where an integer outgrows the bounds here the one
goes on where the other stopped.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from theodolite.arrangement._merge import common_divisor
from theodolite.arrangement._search import DEPTH, DONE, FULL, GROW, LAST, ORTHANT
from theodolite.arrangement._words import bit, inlined, kernel, leading_zeros, population

__all__ = ["LARGE", "search_narrow"]

LARGE = 4
"""Why the search returned, beside the reasons of ``search``: an integer became too large for it."""

_COORDINATE, _PRODUCT = 2**25, 2**30
"""Bounds of a ray's coordinates and of its products with rows: then sums of two products stay below 2**61."""


@kernel
@no_type_check
def search_narrow(matrix, pool, lists, frames, cursor, prefix, fixed, stop, out, keep, limit, work, tally):
    """Enumerate cells into ``out`` and return how many, and why it returned: as ``search`` does."""
    positive, negative, coordinates, small = pool.positive, pool.negative, pool.coordinates, pool.small
    integers, everything = matrix.integers, work.rows[0]
    tight_at, tight_count = work.zeros, work.counts
    d = coordinates.shape[1]
    emitted = 0
    if not _bounded(integers, coordinates, small):
        return emitted, LARGE
    while True:
        if cursor[DEPTH] == 0:
            if cursor[ORTHANT] == cursor[LAST]:
                return emitted, DONE
            for i in range(d):
                lists[i] = i if (cursor[ORTHANT] >> (d - 1 - i)) & 1 == 1 else d + i
            frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3] = 0, d, d, 2 * d
            cursor[DEPTH] = 1
            cursor[ORTHANT] += 1
        depth = cursor[DEPTH] - 1
        start, length = np.int64(frames[depth, 0]), np.int64(frames[depth, 1])
        top, end = np.int64(frames[depth, 2]), np.int64(frames[depth, 3])
        above, below = np.uint64(0), np.uint64(0)
        for i in range(start, start + length):
            above |= positive[lists[i], 0]
            below |= negative[lists[i], 0]
        cut = above & below
        row = leading_zeros(cut)
        if cut == 0 or row >= stop:
            if emitted == limit:
                return emitted, FULL
            if keep:
                out[emitted, 0] = above
            emitted += 1
            cursor[DEPTH] = depth
            continue
        mask = bit(row)
        rest = cut & ~mask
        if row >= fixed and rest == 0:  # both sides are cells: no ray is needed any more
            if emitted + 2 > limit:
                return emitted, FULL
            if keep:
                out[emitted, 0] = above & ~mask
                out[emitted + 1, 0] = above
            emitted += 2
            cursor[DEPTH] = depth
            continue
        other = leading_zeros(rest)
        if row >= fixed and other < stop and rest == bit(other):
            if emitted + 4 > limit:
                return emitted, FULL
            quarters = _quarters(integers, pool, lists, start, start + length, row, other, tally)
            if quarters < 0:
                return emitted, LARGE
            for quarter in range(4):
                if (quarters >> quarter) & 1:
                    if keep:
                        word = above
                        if quarter < 2:
                            word &= ~mask
                        if quarter % 2 == 0:
                            word &= ~rest
                        out[emitted, 0] = word
                    emitted += 1
            cursor[DEPTH] = depth
            continue
        # From here on as in ``search``: rays above, tight, below; new rays; the lists of both children.
        if top + 3 * length > lists.shape[0] or 3 * length > tight_at.shape[0]:
            return emitted, GROW
        valid = everything & ~cut
        ups, zeros, downs = top, top + length, top + 2 * length
        for i in range(start, start + length):
            ray = lists[i]
            if positive[ray, 0] & mask:
                place = ups
                ups += 1
            elif negative[ray, 0] & mask:
                place = downs
                downs += 1
            else:
                place = zeros
                zeros += 1
            lists[place] = ray
            here = ~(positive[ray, 0] | negative[ray, 0]) & valid
            tight_at[place - top, 0] = here
            tight_count[place - top] = population(here)
        n_up, n_zero, n_down = ups - top, zeros - top - length, downs - top - 2 * length
        made = end
        decided = tally[0]
        for i in range(n_up):
            for j in range(2 * length, 2 * length + n_down):
                shared = tight_at[i, 0] & tight_at[j, 0]
                if population(shared) < d - 2:
                    continue
                if (
                    tight_count[i] != d - 1
                    and tight_count[j] != d - 1
                    and not _edge(tight_at, shared, i, j, length, n_up, n_zero, n_down)
                ):
                    continue
                if made == positive.shape[0]:
                    tally[0] = decided
                    return emitted, GROW
                if not _new_ray(integers, pool, lists[top + i], lists[top + j], row, made, tally):
                    tally[0] = decided
                    return emitted, LARGE
                made += 1
        n_new = made - end
        if top + 3 * length + n_up + n_down + 2 * (n_zero + n_new) > lists.shape[0]:
            tally[0] = decided
            return emitted, GROW
        low = top + 3 * length
        high = low + n_down + n_zero + n_new
        for i in range(n_down):
            lists[low + i] = lists[top + 2 * length + i]
        for i in range(n_up):
            lists[high + i] = lists[top + i]
        for i in range(n_zero):
            ray = lists[top + length + i]
            lists[low + n_down + i] = ray
            lists[high + n_up + i] = ray
        for i in range(n_new):
            lists[low + n_down + n_zero + i] = end + i
            lists[high + n_up + n_zero + i] = end + i
        place = high + n_up + n_zero + n_new
        if row >= fixed or prefix[0] & mask:
            frames[depth, 0], frames[depth, 1], frames[depth, 2], frames[depth, 3] = high, place - high, place, made
            depth += 1
        if row >= fixed or not prefix[0] & mask:
            frames[depth, 0], frames[depth, 1], frames[depth, 2], frames[depth, 3] = low, high - low, place, made
            depth += 1
        cursor[DEPTH] = depth


@kernel
@no_type_check
def _bounded(integers, coordinates, small):
    """Say whether the rows and the first rays are within the bounds."""
    d = coordinates.shape[1]
    for row in range(integers.shape[0]):
        for k in range(d):
            if abs(integers[row, k]) > _PRODUCT // d:
                return False
    for ray in range(d):
        if not small[ray]:
            return False
        for k in range(d):
            if abs(coordinates[ray, k]) > _COORDINATE:
                return False
    return integers.shape[0] > 0


@inlined
@no_type_check
def _edge(tight_at, shared, first, second, length, n_up, n_zero, n_down):
    for i in range(length, length + n_zero):
        if shared & ~tight_at[i, 0] == 0:
            return False
    for i in range(n_up):
        if i != first and shared & ~tight_at[i, 0] == 0:
            return False
    good = True
    for i in range(2 * length, 2 * length + n_down):
        good = good and (i == second or shared & ~tight_at[i, 0] != 0)
    return good


@inlined
@no_type_check
def _new_ray(integers, pool, first, second, row, new, tally):
    """Fill ray ``new``, the one on ``row`` between two rays; return whether its integers stay within the bounds."""
    positive, negative, coordinates = pool.positive, pool.negative, pool.coordinates
    d = coordinates.shape[1]
    p, q = 0, 0
    for k in range(d):
        p += integers[row, k] * coordinates[first, k]
        q -= integers[row, k] * coordinates[second, k]
    if p == q:
        p, q = 1, 1
    elif p != 1 and q != 1:
        common = common_divisor(p, q)
        p //= common
        q //= common
    if p > _PRODUCT or q > _PRODUCT:
        return False
    smallest, largest = np.int64(2**62), np.int64(0)
    for k in range(d):
        value = q * coordinates[first, k] + p * coordinates[second, k]
        coordinates[new, k] = value
        size = abs(value)
        if size:
            smallest = min(smallest, size)
        largest = max(largest, size)
    if smallest > 1:
        divisor = 0
        for k in range(d):
            divisor = common_divisor(abs(coordinates[new, k]), divisor)
            if divisor == 1:
                break
        if divisor > 1:
            for k in range(d):
                coordinates[new, k] //= divisor
            largest //= divisor
    if largest > _COORDINATE:
        return False
    up = positive[first, 0] | positive[second, 0]
    down = negative[first, 0] | negative[second, 0]
    opposed = up & down & ~bit(row)
    up, down = up & ~down, down & ~up
    while opposed:
        place = leading_zeros(opposed)
        mask = bit(place)
        opposed &= ~mask
        total = 0
        for k in range(d):
            total += integers[place, k] * coordinates[new, k]
        if total > 0:
            up |= mask
        elif total < 0:
            down |= mask
        tally[0] += 1
    positive[new, 0], negative[new, 0] = up, down
    pool.small[new] = True
    return True


@inlined
@no_type_check
def _quarters(integers, pool, lists, start, stop, row, other, tally):
    """Say which quarters are not empty, as ``_quarters`` of the search does; -1 where an integer is too large."""
    positive, negative, coordinates = pool.positive, pool.negative, pool.coordinates
    m_row, m_other = bit(row), bit(other)
    found = 0
    for i in range(start, stop):
        up, down = positive[lists[i], 0], negative[lists[i], 0]
        reached = 15
        if up & m_row:
            reached &= 12
        if down & m_row:
            reached &= 3
        if up & m_other:
            reached &= 10
        if down & m_other:
            reached &= 5
        if reached != 15:
            found |= reached
    if found == 15:
        return found
    d = coordinates.shape[1]
    missing = 15 & ~found
    for quarter in range(4):
        if not (missing >> quarter) & 1:
            continue
        tally[0] += 1
        # The steepest rays of the two quarters beside this one: p / q and t / s are to be as large as possible.
        side_row, side = 1 if quarter >= 2 else -1, 1 if quarter % 2 == 1 else -1
        p, q, s, t = 0, 1, 1, 0
        for i in range(start, stop):
            ray = lists[i]
            x, y = 0, 0
            for k in range(d):
                x += integers[row, k] * coordinates[ray, k]
                y += integers[other, k] * coordinates[ray, k]
            x, y = side_row * x, side * y
            if abs(x) > _PRODUCT or abs(y) > _PRODUCT:
                return -1
            if x > 0 > y and x * q > p * -y:
                p, q = x, -y
            if y > 0 > x and y * s > t * -x:
                s, t = -x, y
        if p * t > q * s:
            found |= 1 << quarter
    return found
