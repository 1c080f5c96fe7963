"""The ray method: depth-first over the tree of sign prefixes, with no linear program.

Each node of the tree is a cone, {x : sign(a_i . x) given for i < k}, held by its extreme rays. Row i cuts it if and
only if some ray is positive on i and some ray is negative, so the next row that cuts is one OR and one count of
leading zeros away. Where none cuts, the OR of the positive masks *is* the sign vector of a cell. Both halves of a cut
cone have the rays of their side, the tight ones, and one new ray for each pair of adjacent rays on opposite sides.
The - side is visited first, so cells come in increasing order of their words.

The search starts from the 2**d simplicial cones ("orthants") of d independent rows, which are rows 0 to d - 1; in the
later half of these the sign of row 0 is +. It stops whenever its output is full and goes on at the next call; all its
state is in arrays.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from theodolite.arrangement._rays import new_ray
from theodolite.arrangement._words import bit, kernel, leading_zeros, population

__all__ = ["DEPTH", "DONE", "FULL", "GROW", "LAST", "ORTHANT", "RESIDUES", "search"]

ORTHANT, LAST, DEPTH = 0, 1, 2
"""Places in ``cursor``: the next orthant to open, the one to stop before, how many frames are waiting."""

DONE, FULL, GROW, RESIDUES = 0, 1, 2, 3
"""Why the search returned: nothing is left; the output is full; the pool is too small; residues are needed."""


@kernel
@no_type_check
def search(matrix, pool, lists, frames, cursor, prefix, fixed, stop, out, keep, limit, work, tally):
    """Enumerate cells into ``out`` (capacity, words) and return how many, and why it returned.

    ``lists`` holds lists of rays, one behind the other; a frame is (start, length, end of the lists, end of the pool)
    of a node that waits. Only nodes that agree with ``prefix`` on the first ``fixed`` rows are entered; nodes that no
    row before ``stop`` cuts count as cells. With ``keep`` false cells are counted, up to ``limit`` a call, and not
    written.
    """
    # Names of their own for the arrays of the tuples: each use of a tuple's field would count references.
    positive, negative = pool.positive, pool.negative
    valid, above_any, common = work.valid, work.above, work.common
    tight_at, tight_count = work.zeros, work.counts
    words = positive.shape[1]
    d = matrix.floats.shape[1]
    emitted = 0
    while True:
        if cursor[DEPTH] == 0:
            if cursor[ORTHANT] == cursor[LAST]:
                return emitted, DONE
            for i in range(d):  # rays 0 to d - 1 are dual to the first d rows, rays d to 2 d - 1 their negatives
                up = (cursor[ORTHANT] >> (d - 1 - i)) & 1 == 1
                lists[i] = i if up else d + i
            frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3] = 0, d, d, 2 * d
            cursor[DEPTH] = 1
            cursor[ORTHANT] += 1
        depth = cursor[DEPTH] - 1
        start, length = np.int64(frames[depth, 0]), np.int64(frames[depth, 1])
        top, end = np.int64(frames[depth, 2]), np.int64(frames[depth, 3])
        cutting = 0
        row = -1
        for w in range(words):
            above = positive[lists[start], w]
            below = negative[lists[start], w]
            for i in range(start + 1, start + length):
                above |= positive[lists[i], w]
                below |= negative[lists[i], w]
            cut = above & below
            if cut and row < 0:
                row = 64 * w + leading_zeros(cut)
            cutting += population(cut)
            valid[w] = ~cut & work.rows[w]
            above_any[w] = above
        if row < 0 or row >= stop:
            if emitted == limit:
                return emitted, FULL
            if keep:
                for w in range(words):
                    out[emitted, w] = above_any[w]
            emitted += 1
            cursor[DEPTH] = depth
            continue
        if cutting == 1 and row >= fixed:  # both sides are cells: no ray is needed any more
            if emitted + 2 > limit:
                return emitted, FULL
            if keep:
                for w in range(words):
                    out[emitted, w] = above_any[w]
                    out[emitted + 1, w] = above_any[w]
                out[emitted, row // 64] &= ~bit(row)
            emitted += 2
            cursor[DEPTH] = depth
            continue
        if cutting == 2 and row >= fixed:
            other = row
            for w in range(words - 1, -1, -1):
                left = ~valid[w] & work.rows[w]
                if w == row // 64:
                    left &= ~bit(row)
                if left:
                    other = 64 * w + leading_zeros(left)
            if other < stop:
                if emitted + 4 > limit:
                    return emitted, FULL
                quarters = _quarters(matrix, pool, lists, start, length, row, other, work, tally)
                if quarters >= 0:
                    for quarter in range(4):
                        if (quarters >> quarter) & 1:
                            if keep:
                                for w in range(words):
                                    out[emitted, w] = above_any[w]
                                if quarter < 2:
                                    out[emitted, row // 64] &= ~bit(row)
                                if quarter % 2 == 0:
                                    out[emitted, other // 64] &= ~bit(other)
                            emitted += 1
                    cursor[DEPTH] = depth
                    continue
        column, mask = row // 64, bit(row)
        counts = tally[0], tally[1], tally[2]
        # Sort the rays into above, tight, below, and note beside each which valid rows are tight at it, and how many.
        if top + 3 * length > lists.shape[0] or 3 * length > tight_at.shape[0]:
            return emitted, GROW
        ups, zeros, downs = top, top + length, top + 2 * length
        for i in range(start, start + length):
            ray = lists[i]
            if positive[ray, column] & mask:
                place = ups
                ups += 1
            elif negative[ray, column] & mask:
                place = downs
                downs += 1
            else:
                place = zeros
                zeros += 1
            lists[place] = ray
            count = 0
            for w in range(words):
                here = ~(positive[ray, w] | negative[ray, w]) & valid[w]
                tight_at[place - top, w] = here
                count += population(here)
            tight_count[place - top] = count
        n_up, n_zero, n_down = ups - top, zeros - top - length, downs - top - 2 * length
        made = end
        for i in range(n_up):
            for j in range(2 * length, 2 * length + n_down):
                shared = 0
                for w in range(words):
                    shared += population(tight_at[i, w] & tight_at[j, w])
                if shared < d - 2:
                    continue
                simple = tight_count[i] == d - 1 or tight_count[j] == d - 1
                if not simple and not _edge(tight_at, i, j, length, n_up, n_zero, n_down):
                    continue
                if made == positive.shape[0]:
                    tally[0], tally[1], tally[2] = counts
                    return emitted, GROW
                for w in range(words):
                    common[w] = tight_at[i, w] & tight_at[j, w]
                if new_ray(matrix, pool, lists[top + i], lists[top + j], row, common, made, work, tally) != 0:
                    tally[0], tally[1], tally[2] = counts
                    return emitted, RESIDUES
                made += 1
        n_new = made - end
        # Lay the two children's lists over the space from top on: first below, then above.
        if top + 3 * length + n_up + n_down + 2 * (n_zero + n_new) > lists.shape[0]:
            tally[0], tally[1], tally[2] = counts
            return emitted, GROW
        place = top + 3 * length
        low = place
        for i in range(n_down):
            lists[place] = lists[top + 2 * length + i]
            place += 1
        for i in range(n_zero):
            lists[place] = lists[top + length + i]
            place += 1
        for i in range(n_new):
            lists[place] = end + i
            place += 1
        high = place
        for i in range(n_up):
            lists[place] = lists[top + i]
            place += 1
        for i in range(n_zero):
            lists[place] = lists[top + length + i]
            place += 1
        for i in range(n_new):
            lists[place] = end + i
            place += 1
        if row >= fixed or prefix[column] & mask:
            frames[depth, 0], frames[depth, 1], frames[depth, 2], frames[depth, 3] = high, place - high, place, made
            depth += 1
        if row >= fixed or not prefix[column] & mask:
            frames[depth, 0], frames[depth, 1], frames[depth, 2], frames[depth, 3] = low, high - low, place, made
            depth += 1
        cursor[DEPTH] = depth


@kernel
@no_type_check
def _quarters(matrix, pool, lists, start, length, row, other, work, tally):
    """Say which of the quarters that the last two rows cut a cone into are not empty, without cutting it.

    Bit 0 stands for (-, -), bit 1 for (-, +), bit 2 for (+, -), bit 3 for (+, +). A ray inside a quarter, or on one
    side of it, shows that it is not empty (both rows cut, so some ray leads from the side inwards). Where no ray does,
    the quarter can only be entered between rays u and v of the two quarters beside it, and is if and only if u and v,
    seen in the plane of the two rows, are less than half a turn apart on its side. Returns -1 where that takes more
    than small integers.
    """
    positive, negative = pool.positive, pool.negative
    w_row, w_other, m_row, m_other = row // 64, other // 64, bit(row), bit(other)
    found = 0
    for i in range(start, start + length):
        ray = lists[i]
        low_row, high_row = negative[ray, w_row] & m_row != 0, positive[ray, w_row] & m_row != 0
        low, high = negative[ray, w_other] & m_other != 0, positive[ray, w_other] & m_other != 0
        if low_row:
            found |= 1 if low else (2 if high else 3)
        elif high_row:
            found |= 4 if low else (8 if high else 12)
        elif low:
            found |= 5
        elif high:
            found |= 10
    if found == 15:
        return found
    integers, coordinates, small = matrix.integers, pool.coordinates, pool.small
    images = work.images
    if length > images.shape[0]:
        return -1
    d = coordinates.shape[1]
    for i in range(length):
        ray = lists[start + i]
        if not small[ray]:
            return -1
        x, y = 0, 0
        for k in range(d):
            x += integers[row, k] * coordinates[ray, k]
            y += integers[other, k] * coordinates[ray, k]
        if abs(float(x)) > 2.0**30 or abs(float(y)) > 2.0**30:
            return -1
        images[i, 0], images[i, 1] = x, y
    missing = 15 & ~found
    for quarter in range(4):
        if not (missing >> quarter) & 1:
            continue
        side_row, side = 1 if quarter >= 2 else -1, 1 if quarter % 2 == 1 else -1
        for i in range(length):
            p, q = side_row * images[i, 0], -side * images[i, 1]
            if p <= 0 or q <= 0:
                continue
            for j in range(length):
                s, t = -side_row * images[j, 0], side * images[j, 1]
                if s > 0 and t > 0 and p * t > q * s:
                    found |= 1 << quarter
        tally[0] += 1
    return found


@kernel
@no_type_check
def _edge(tight_at, first, second, length, n_up, n_zero, n_down):
    """Say whether two rays span an edge: no third ray may be tight on all the rows that are tight at both.

    The test is spared where one of the two has just d - 1 tight rows (which are then independent) and both share d - 2 of them.
    """
    for block, size in ((0, n_up), (length, n_zero), (2 * length, n_down)):
        for k in range(block, block + size):
            if k in (first, second):
                continue
            inside = True
            for w in range(tight_at.shape[1]):
                if tight_at[first, w] & tight_at[second, w] & ~tight_at[k, w]:
                    inside = False
                    break
            if inside:
                return False
    return True
