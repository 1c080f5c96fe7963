"""The sweep: all cells of an arrangement in general position, by sorting vertices along lines.

Take the slice {g_0 . x = 1} of the half-space that is searched (g_0 is row 0), and a generic functional g_1. A cell
of the slice on which g_1 is bounded below has one lowest vertex, the meeting point of d - 1 rows, and there its sign
on each of these is that of the Cramer coefficient of g_1; so each such cell is found once, at that vertex. The other
cells are those that meet {g_1 . x = -1} in the kernel of g_0: an arrangement of the same kind, one dimension lower,
with the next functional g_2; and so on down to a single cell.

For d - 2 - j rows T at level j the vertices lie on one line, x0 + t D. They are sorted by t, and walking along it
flips one sign at each. All this is floating point with error bounds: that intervals around sorted values of t are
disjoint proves the whole order, and that no two of them touch anywhere proves that the rows are in general position.
Where a bound does not reach, the sweep gives up and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._filter import (
    TINY,
    UNIT,
    filtered_dot,
    filtered_dots,
    inverse_bound,
    unit_row_for,
    verified_inverse,
)
from theodolite.arrangement._sort import sort_words
from theodolite.arrangement._words import bit, kernel, words_for

__all__ = ["functionals", "sweep", "sweep_cells"]


_RANKED = 512
"""Up to so many times are ordered by counting."""


@lru_cache(maxsize=64)
def functionals(d: int) -> Array:
    """Return d - 1 functionals (d - 1, d) that are generic as random numbers are; the same on every run."""
    source = np.random.default_rng(d)
    return np.asarray(source.integers(2**19, 2**20, (d - 1, d)) * source.choice([-1, 1], (d - 1, d)) / 2.0**20)


@kernel
@no_type_check
def sweep(rows, n, slack, level, subset, subsets, out, keep, tally):
    """Walk up to ``subsets`` lines of one level, from the one that ``subset`` names, which is moved on.

    ``rows`` (n + d - 1, d) are the rows and, behind them, the functionals g_1 to g_{d-1}. Cells are written to
    ``out`` from its start. Returns how many were found and 0 if the level is finished, 1 if more lines are left, 2 if
    a sign could not be told from 0.
    """
    d = rows.shape[1]
    words = out.shape[1]
    size = d - 2 - level
    found = 0
    square = np.empty((d, d))
    inverse = np.empty((d, d))
    work = np.empty((d, d))
    columns = np.empty((d, n))
    weights = np.zeros(n)
    for m in range(n):
        for k in range(d):
            columns[k, m] = rows[m, k]
            weights[m] += abs(rows[m, k])
    slopes = np.empty(n)
    slope_bounds = np.empty(n)
    heights = np.empty(n)
    height_bounds = np.empty(n)
    tilts = np.empty((size, n))
    tilt_bounds = np.empty((size, n))
    times = np.empty(n)
    time_bounds = np.empty(n)
    members = np.empty(n, dtype=np.int64)
    order = np.empty(n, dtype=np.int64)
    radii = np.empty(d)
    chosen = np.zeros(n, dtype=np.bool_)
    current = np.empty(words, dtype=np.uint64)
    values = np.empty(d)
    value_bounds = np.empty(d)
    for i in range(level):
        for k in range(d):
            square[i, k] = rows[0 if i == 0 else n + i - 1, k]
    slice_row = 0 if level == 0 else n + level - 1
    functional = n + level
    for k in range(d):
        square[d - 2, k] = rows[slice_row, k]
    for _ in range(subsets):
        for i in range(size):
            chosen[subset[i]] = True
            for k in range(d):
                square[level + i, k] = rows[subset[i], k]
        unit_row_for(square, work)
        beta = verified_inverse(square, inverse, work, slack)
        if beta >= 0.5:
            return found, 2
        for k in range(d):
            radii[k] = inverse_bound(inverse, k, beta)
        turn = 1.0 if level == 0 else -1.0
        # The line: x0 is turn times column d - 2 of the inverse, its direction D column d - 1.
        filtered_dots(columns, weights, inverse, d - 1, radii[d - 1], slack, slopes, slope_bounds)
        filtered_dots(columns, weights, inverse, d - 2, radii[d - 2], slack, heights, height_bounds)
        crossed = 0
        for m in range(1, n):
            if chosen[m]:
                continue
            slope, slope_bound = slopes[m], slope_bounds[m]
            if not abs(slope) > slope_bound:
                return found, 2
            time = -turn * heights[m] / slope
            times[crossed] = time
            time_bounds[crossed] = (
                (height_bounds[m] + abs(time) * slope_bound) / (abs(slope) - slope_bound) + 4 * UNIT * abs(time)
            ) * (1.0 + 1e-10) + TINY
            members[crossed] = m
            crossed += 1
        if not _ordered(times, time_bounds, crossed, order):
            return found, 2
        tally[1] += 2 * crossed
        # The Cramer coefficients: of the row that is crossed from the slope, of the rows of T from their columns of the inverse.
        lean, lean_bound = filtered_dot(rows, functional, inverse, d - 1, radii[d - 1], slack)
        if not abs(lean) > lean_bound:
            return found, 2
        for i in range(size):
            values[i], value_bounds[i] = filtered_dot(rows, functional, inverse, level + i, radii[level + i], slack)
            if keep:
                filtered_dots(columns, weights, inverse, level + i, radii[level + i], slack, tilts[i], tilt_bounds[i])
        for w in range(words):
            current[w] = 0
        current[0] |= bit(0)
        for i in range(crossed):
            m = members[i]
            if slopes[m] < 0:
                current[m // 64] |= bit(m)
        last = subset[size - 1] if size > 0 else 0
        for i in range(crossed):
            m = members[order[i]]
            word, mask = m // 64, bit(m)
            if m > last:
                if keep:
                    for w in range(words):
                        out[found, w] = current[w]
                    if (lean > 0) == (slopes[m] > 0):
                        out[found, word] |= mask
                    else:
                        out[found, word] &= ~mask
                    for j in range(size):
                        a, a_bound = values[j], value_bounds[j]
                        s, s_bound = slopes[m], slope_bounds[m]
                        q, q_bound = tilts[j, m], tilt_bounds[j, m]
                        value = a * s - lean * q
                        bound = (
                            abs(a) * s_bound + abs(s) * a_bound + a_bound * s_bound
                            + abs(lean) * q_bound + abs(q) * lean_bound + lean_bound * q_bound
                            + 4 * UNIT * (abs(a * s) + abs(lean * q))
                        ) * (1.0 + 1e-10) + TINY  # fmt: skip
                        if not abs(value) > bound:
                            return found, 2
                        if (value > 0) == (s > 0):
                            out[found, subset[j] // 64] |= bit(subset[j])
                    tally[1] += size
                found += 1
            current[word] ^= mask
        for i in range(size):
            chosen[subset[i]] = False
        # The next subset of the rows 1 to n - 1, in lexicographic order.
        i = size - 1
        while i >= 0 and subset[i] == n - size + i:
            i -= 1
        if i < 0:
            return found, 0
        subset[i] += 1
        for j in range(i + 1, size):
            subset[j] = subset[j - 1] + 1
    return found, 1


@kernel
@no_type_check
def _ordered(times, bounds, count, order):
    """Fill ``order`` with the order of the first ``count`` times; say whether the bounds around them are disjoint."""
    if count <= _RANKED:
        # By counting how many are before each: for so few, faster than sorting them. Equal times leave a place empty.
        for i in range(count):
            order[i] = -1
        for i in range(count):
            before, here = 0, times[i]
            for j in range(count):
                before += 1 if times[j] < here else 0
            order[before] = i
        for i in range(count):
            if order[i] < 0:
                return False
    else:
        order[:count] = np.argsort(times[:count])
    for i in range(count - 1):
        here, there = order[i], order[i + 1]
        if not times[there] - times[here] > (bounds[there] + bounds[here]) * (1 + 1e-10):
            return False
    return True


@kernel
@no_type_check
def last_cell(rows, n, slack, out):
    """Write the one cell that is left when every functional but the last is 0; return False where a sign is unclear."""
    d = rows.shape[1]
    square = np.empty((d, d))
    inverse = np.empty((d, d))
    for i in range(d):
        for k in range(d):
            square[i, k] = rows[0 if i == 0 else n + i - 1, k]
    beta = verified_inverse(square, inverse, np.empty((d, d)), slack)
    if beta >= 0.5:
        return False
    radius = inverse_bound(inverse, d - 1, beta)
    for w in range(out.shape[1]):
        out[0, w] = 0
    out[0, 0] |= bit(0)
    for m in range(1, n):
        value, bound = filtered_dot(rows, m, inverse, d - 1, radius, slack)
        if not abs(value) > bound:
            return False
        if value < 0:
            out[0, m // 64] |= bit(m)
    return True


def sweep_cells(
    rows: Array,
    slack: float,
    count: int,
    tally: Array,
    *,
    keep: bool = True,
    go_on: Callable[[int], bool] = lambda found: True,
) -> Array | None:
    """Return the words of all ``count`` cells on the + side of row 0, sorted; ``None`` if general position cannot be
    proven.

    Without ``keep`` the array is empty: general position is all that is proven. ``go_on`` is told now and then how many
    cells were found, and says whether to give up.
    """
    n, d = rows.shape
    extended = np.ascontiguousarray(np.vstack([rows, functionals(d)]))
    out = np.empty((count if keep else 0, words_for(n)), dtype=np.uint64)
    at = 0
    for level in range(d - 1):
        subset = np.arange(1, d - 1 - level, dtype=np.int64)
        status = 1
        while status == 1:
            found, status = sweep(extended, n, slack, level, subset, 1024, out[at:], keep, tally)
            at += found
            if status == 1 and not go_on(at):
                return None
        if status == 2:
            return None
        if not keep:
            return out
    if not last_cell(extended, n, slack, out[at:]):
        return None
    assert at + 1 == count
    return sort_words(out)
