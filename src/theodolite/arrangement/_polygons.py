"""Cells in three dimensions, or of lines in the plane, in general position: polygons that are cut by one row after the
other.

A cone in three dimensions is a polygon. It is kept as the ring of its extreme rays, counterclockwise, and of the rows
that its edges lie on; with each ray go two masks, of the rows where it is positive and of those where it is negative,
as in ``search``. The first row that cuts is found from these, and crosses two edges. Where it crosses the edge on row e
from ray u to ray v, the new ray is the cross product of the two rows. Which of its two directions it has follows from
the order of the ring, and its signs are those of u and v wherever these agree; only the rows between u and v are
evaluated, in floating point with an error bound, and where a bound does not reach the search gives up. These rows grow
fewer as polygons grow small: on average a bounded number is left for each cell.

Cells come in increasing order. That rows are in general position is known in the end, from the number of cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._filter import TINY, UNIT
from theodolite.arrangement._words import bit, inlined, kernel, leading_zeros, population, words_for

__all__ = ["MOST", "polygon_cells"]

MOST = 64 * 64
"""So many rows can be searched."""

_CHUNK = 2**12
"""So many cells are written at a time; they stay in the cache."""

_DONE, _FULL, _UNCLEAR = 0, 1, 2
"""Why the search returned: nothing is left; the output is full; a sign could not be told from 0."""

_State = tuple[Array, Array, Array, Array, Array, Array, Array, Array]
"""The state of a search: the masks up and down, the rings' rays and edges, the waiting frames, the words of the
current cell, and the cursor (how many frames wait; how many signs were evaluated)."""


def _start(n: int) -> _State:
    """Return the arrays of a search among ``n`` rows, with nothing in them."""
    words, rays, length = words_for(n), 2 * n + 8, (n + 16) ** 2
    return (
        np.empty((rays, words), dtype=np.uint64),
        np.empty((rays, words), dtype=np.uint64),
        np.empty(length, dtype=np.uint32),
        np.empty(length, dtype=np.uint32),
        np.empty((n + 8, 4), dtype=np.uint32),
        np.empty(n + 8, dtype=np.uint64),
        np.zeros(words, dtype=np.uint64),
        np.full(2, -1, dtype=np.int64),
    )


@inlined
@no_type_check
def _cross(rows, a, b, slack):
    """Return the cross product of two rows, and a bound on the error of its products with rows.

    No entry exceeds 1. An entry of the cross product is off by 2 roundings and twice the slack, of its two products'
    sizes; a product with a row by 3 roundings more, and the slack once.
    """
    p, q = rows[a, 1] * rows[b, 2], rows[a, 2] * rows[b, 1]
    r, s = rows[a, 2] * rows[b, 0], rows[a, 0] * rows[b, 2]
    t, v = rows[a, 0] * rows[b, 1], rows[a, 1] * rows[b, 0]
    size = abs(p) + abs(q) + abs(r) + abs(s) + abs(t) + abs(v)
    return p - q, r - s, t - v, (8.0 * UNIT + 4.0 * slack) * (1.0 + 1e-10) * size + TINY


@inlined
@no_type_check
def _new_ray(rows, slack, up, down, first, second, edge, side, row, new, active):
    """Fill the ``active`` words of the masks of the ray on ``row`` between two rays of the row ``edge``.

    ``side`` is the direction of the cross product. Returns how many signs were evaluated, -1 where one is unclear.
    """
    x, y, z, bound = _cross(rows, edge, row, slack)
    x, y, z = side * x, side * y, side * z
    evaluated = 0
    clear = True
    nothing = np.uint64(0)
    while active:
        w = leading_zeros(active)
        active &= ~bit(w)
        above, below = up[first, w] | up[second, w], down[first, w] | down[second, w]
        opposed = above & below
        above, below = above & ~opposed, below & ~opposed
        if w == row // 64:
            opposed &= ~bit(row)
        while opposed:
            place = leading_zeros(opposed)
            mask = bit(place)
            opposed &= ~mask
            m = 64 * w + place
            value = rows[m, 0] * x + rows[m, 1] * y + rows[m, 2] * z
            above |= mask if value > bound else nothing
            below |= mask if value < -bound else nothing
            clear = clear and abs(value) > bound
            evaluated += 1
        up[new, w], down[new, w] = above, below
    return evaluated if clear else -1


@kernel
@no_type_check
def _orthants(rows, n, slack, up, down, rays, edges, frames, changing, current, cursor):
    """Fill in the six rays of the first three rows and the four triangles on the + side of row 0; say whether that is
    clear."""
    x, y, z, bound = _cross(rows, 0, 1, slack)
    value = rows[2, 0] * x + rows[2, 1] * y + rows[2, 2] * z
    if not abs(value) > bound:
        return False
    turn = 1 if value > 0 else -1
    words = up.shape[1]
    for i in range(3):
        for w in range(words):
            up[i, w] = 0
            down[i, w] = 0
        x, y, z, bound = _cross(rows, (i + 1) % 3, (i + 2) % 3, slack)
        for m in range(n):
            if m < 3:
                if m == i:
                    up[i, 0] |= bit(m)
                continue
            value = turn * (rows[m, 0] * x + rows[m, 1] * y + rows[m, 2] * z)
            if value > bound:
                up[i, m // 64] |= bit(m)
            elif value < -bound:
                down[i, m // 64] |= bit(m)
            else:
                return False
        for w in range(words):
            up[3 + i, w] = down[i, w]
            down[3 + i, w] = up[i, w]
    at = 0
    for k in range(4):  # the last to be put here is the first to be cut
        ups = (True, k < 2, k % 2 == 0)
        straight = (ups[1] == ups[2]) == (turn > 0)
        for place in range(3):
            # The edge from ray i to ray j lies on the row that is neither of them.
            i, j = (place, (place + 1) % 3) if straight else (2 - place, (4 - place) % 3)
            other = 3 - i - j
            rays[at + place] = i if ups[i] else 3 + i
            edges[at + place] = 2 * other + (1 if ups[other] else 0)
        frames[k, 0], frames[k, 1], frames[k, 2], frames[k, 3] = at, 3, 12, 6
        changing[k] = ~np.uint64(0) << np.uint64(64 - words)
        at += 3
    cursor[0], cursor[1] = 4, 3 * (n - 3) + 1
    return True


@kernel
@no_type_check
def _cut_polygons(rows, n, slack, state, out, limit):
    """Write up to ``limit`` cells to ``out`` and return how many, and why it returned.

    ``rows`` (n, 3) have no entry above 1 in size.
    """
    up, down, rays, edges, frames, changing, current, cursor = state
    words = up.shape[1]
    emitted = 0
    if cursor[0] < 0 and not _orthants(rows, n, slack, up, down, rays, edges, frames, changing, current, cursor):
        return 0, _UNCLEAR
    depth = cursor[0]
    evaluated = cursor[1]
    status = _FULL
    one = np.uint64(1)
    while emitted + 4 <= limit:
        if depth == 0:
            status = _DONE
            break
        here = depth - 1
        start, length = np.int64(frames[here, 0]), np.int64(frames[here, 1])
        top, end = np.int64(frames[here, 2]), np.int64(frames[here, 3])
        row, other, cutting = -1, -1, 0
        waiting, active = changing[here], np.uint64(0)
        while waiting:
            w = leading_zeros(waiting)
            waiting &= ~bit(w)
            above, below = np.uint64(0), np.uint64(0)
            for i in range(start, start + length):
                above |= up[rays[i], w]
                below |= down[rays[i], w]
            current[w] = above
            cut = above & below
            if cut:
                active |= bit(w)
                row = row if cutting else 64 * w + leading_zeros(cut)
                other = 64 * w + 63 - population((cut & (~cut + one)) - one)
                cutting += population(cut)
        if cutting == 0:
            for w in range(words):
                out[emitted, w] = current[w]
            emitted += 1
            depth -= 1
            continue
        column, mask = row // 64, bit(row)
        if cutting == 1:
            for w in range(words):
                out[emitted, w] = current[w]
                out[emitted + 1, w] = current[w]
            out[emitted, column] &= ~mask
            emitted += 2
            depth -= 1
            continue
        # The two edges that the row crosses: on the one the ring leads down, on the other up again.
        leaving, coming = start, start
        shift = np.uint64(63 - row % 64)
        before = np.int64((up[rays[start + length - 1], column] >> shift) & one)
        for i in range(start, start + length):
            beyond = np.int64((up[rays[i], column] >> shift) & one)
            leaving = i if before > beyond else leaving
            coming = i if before < beyond else coming
            before = beyond
        last = start + length - 1
        u, v = rays[leaving - 1 if leaving > start else last], rays[leaving]
        s, t = rays[coming - 1 if coming > start else last], rays[coming]
        out_edge = edges[leaving - 1 if leaving > start else last]
        in_edge = edges[coming - 1 if coming > start else last]
        out_side = 1.0 if out_edge & 1 else -1.0
        in_side = -1.0 if in_edge & 1 else 1.0
        if cutting == 2:
            # Where the two rows cross inside there are four cells. Else the other row cuts one side of this row only.
            first, by_bound = _side(rows, slack, up, u, v, out_edge >> 1, out_side, row, other)
            second, also_by_bound = _side(rows, slack, up, s, t, in_edge >> 1, in_side, row, other)
            if first == 0 or second == 0:
                status = _UNCLEAR
                break
            evaluated += by_bound + also_by_bound
            beside, spot = other // 64, bit(other)
            low, high = first != second, first != second
            if first == second:
                for i in range(start, start + length):
                    if (up[rays[i], beside] & spot != 0) != (first > 0):
                        if up[rays[i], column] & mask:
                            high = True
                        else:
                            low = True
            for quarter in range(4):
                # Of the side that the other row does not cut, there is only the part with the sign of both crossings.
                cut_here = high if quarter >= 2 else low
                if not cut_here and (quarter % 2 == 1) != (first > 0):
                    continue
                for w in range(words):
                    out[emitted, w] = current[w]
                if quarter < 2:
                    out[emitted, column] &= ~mask
                if quarter % 2 == 0:
                    out[emitted, beside] &= ~spot
                emitted += 1
            depth -= 1
            continue
        new = _new_ray(rows, slack, up, down, u, v, out_edge >> 1, out_side, row, end, active)
        newer = _new_ray(rows, slack, up, down, s, t, in_edge >> 1, in_side, row, end + 1, active)
        if new < 0 or newer < 0:
            status = _UNCLEAR
            break
        evaluated += new + newer
        # Below: from the new ray that leads down along the ring to the other one, and back on the row.
        place = top
        rays[place], edges[place] = end, out_edge
        i = leaving
        while i != coming:
            place += 1
            rays[place], edges[place] = rays[i], edges[i]
            i = i + 1 if i < last else start
        rays[place + 1], edges[place + 1] = end + 1, 2 * row
        middle = place + 2
        place = middle
        rays[place], edges[place] = end + 1, in_edge
        while i != leaving:
            place += 1
            rays[place], edges[place] = rays[i], edges[i]
            i = i + 1 if i < last else start
        rays[place + 1], edges[place + 1] = end, 2 * row + 1
        after = place + 2
        frames[here, 0], frames[here, 1], frames[here, 2] = middle, after - middle, after
        frames[here, 3], changing[here] = end + 2, active
        frames[depth, 0], frames[depth, 1], frames[depth, 2] = top, middle - top, after
        frames[depth, 3], changing[depth] = end + 2, active
        depth += 1
    cursor[0], cursor[1] = depth, evaluated
    return emitted, status


@inlined
@no_type_check
def _side(rows, slack, up, first, second, edge, direction, row, other):
    """Return the sign of ``other`` where ``row`` crosses the edge between two rays, 0 where it is unclear, and how many
    signs were evaluated for it."""
    word, mask = other // 64, bit(other)
    here = up[first, word] & mask != 0
    if here == (up[second, word] & mask != 0):
        return (1 if here else -1), 0
    x, y, z, bound = _cross(rows, edge, row, slack)
    value = direction * (rows[other, 0] * x + rows[other, 1] * y + rows[other, 2] * z)
    return (1 if value > bound else (-1 if value < -bound else 0)), 1


def polygon_cells(
    rows: Array, slack: float, count: int, tally: Array, out: Array, go_on: Callable[[int], bool] = lambda found: True
) -> bool:
    """Write the words of all ``count`` cells on the + side of row 0 to ``out``, in increasing order; say whether general
    position was proven.

    ``rows`` (n, 3) have no entry above 1 in size and are known up to ``slack``. ``go_on`` is told now and then how many
    cells were written, and says whether to give up.
    """
    n = len(rows)
    state = _start(n)
    spare = np.empty((8, out.shape[1]), dtype=np.uint64)
    at, status = 0, _FULL
    while status == _FULL:
        near = count - at < len(spare)
        room = spare if near else out[at : at + _CHUNK]
        found, status = _cut_polygons(rows, n, slack, state, room, len(room))
        if status == _UNCLEAR or at + found > count:
            return False
        if near:
            out[at : at + found] = spare[:found]
        at += found
        if not go_on(at):
            return False
    tally[1] += state[-1][1]
    return at == count
