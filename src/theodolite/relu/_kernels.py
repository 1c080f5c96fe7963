"""The compiled sweep over sets of patterns: one small least squares problem each, 64 sets at a time.

A set is m patterns in increasing order. The first m - 1 share one Cholesky factor; the last runs over lanes of 64, whose numbers
lie side by side so that the compiler makes vectors of them, and its Schur complement gives the rest. ``make_sweep`` freezes m,
the number of coordinates d of a pattern and the number of facets tested, so that all small loops have known lengths. Scratch
lies on the stack: arrays made by NumPy cost a factor of five. ``_twin`` says the same slowly.

Helpers are compiled into their callers, and editing one of them does not renew what numba has cached of ``make_sweep``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, no_type_check

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.numpy_support import carray

__all__ = ["DOUBTFUL", "LANES", "SLACK", "SMALLEST_PIVOT", "make_sweep"]

LANES = 64
SMALLEST_PIVOT = 1e-8
"""Sets with a pivot up to here (columns have norm 1) are left to better arithmetic."""
SLACK = 1e-11
"""Errors of the normal equations, for a target of norm 1: this, divided by the smallest pivot."""
DOUBTFUL = 2


@no_type_check
def _stack(typing, size):
    """Return a pointer to ``size`` floats on the stack."""

    def generate(context, builder, signature, arguments):
        pointer = cgutils.alloca_once(builder, context.get_value_type(types.float64), size=size.literal_value)
        pointer.align = 64
        return pointer

    return types.CPointer(types.float64)(size), generate


stack = intrinsic(prefer_literal=True)(_stack)


@cache
def make_sweep(m: int, d: int, facets: int) -> Callable[..., Any]:
    """Return the sweep over sets of m patterns of d coordinates that tests ``facets`` rows of the last one (0: none of any).

    It takes, for K patterns in B = ceil(K / 64) blocks,

    - ``blocks`` (K', d, B', d, 64): products of the columns of patterns ``offset``, ... with those of all patterns from block
      ``skipped`` on; ``grams`` (B, d, d, 64): of each pattern with itself; ``moments`` (B, d, 64): of each with the target,
      which has norm 1 like the columns. What is beyond the last pattern is the unit matrix, zero and zero;
    - ``tests`` (B, facets, d, 64): rows that points in the cone of a pattern are positive on; ``rows``, ``first``: all of them;
    - ``start``, ``stop``: the range of the first pattern of a set; ``count``: K;
    - ``below``: only sets whose sum of squares may be below it are returned;
    - ``chosen``: room for m - 1 integers; ``sets``, ``values``, ``states``: where to put sets, their sums of squares, and 1 where
      every block of the solution may lie in its cone or the opposite one, 2 where this arithmetic is not good enough to say.

    It returns how many sets there are to put, also where there is room for fewer.
    """
    p = (m - 1) * d
    size_factor = max(1, p * p)
    size_prefix = max(1, p)
    size_y = max(1, p * d * LANES)
    size_s = d * d * LANES
    size_v = d * LANES
    lanes = LANES
    levels = max(1, m - 1)
    smallest, slack = SMALLEST_PIVOT, SLACK

    @njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
    @no_type_check
    def sweep(
        blocks,
        offset,
        skipped,
        grams,
        moments,
        tests,
        rows,
        first,
        start,
        stop,
        count,
        below,
        chosen,
        sets,
        values,
        states,
    ):
        factor = carray(stack(size_factor), (max(1, p), max(1, p)))
        inverse = carray(stack(size_prefix), (max(1, p),))
        project = carray(stack(size_prefix), (max(1, p),))
        ahead = carray(stack(size_prefix), (max(1, p),))
        work = carray(stack(size_y), (max(1, p), d, lanes))
        schur = carray(stack(size_s), (d, d, lanes))
        right = carray(stack(size_v), (d, lanes))
        least = carray(stack(lanes), (lanes,))
        gain = carray(stack(lanes), (lanes,))
        low = carray(stack(lanes), (lanes,))
        high = carray(stack(lanes), (lanes,))
        state = carray(stack(lanes), (lanes,))
        pivot_at = carray(stack(levels), (levels,))
        rest_at = carray(stack(levels), (levels,))
        room = len(values)
        found = 0
        level = 0
        chosen[0] = start
        limit = stop if m > 1 else 1
        while True:
            # Go to the next prefix: pattern chosen[level] is new, those before have their rows of the factor.
            if chosen[level] >= (limit if level == 0 else count - (m - 1 - level)):
                level -= 1
                if level < 0:
                    break
                chosen[level] += 1
                continue
            smallest_here = 1.0
            rest = 1.0
            if m > 1:
                if level > 0:
                    smallest_here = pivot_at[level - 1]
                    rest = rest_at[level - 1]
                new = chosen[level]
                for k in range(d):
                    i = level * d + k
                    for j in range(i):
                        other = j // d
                        if other < level:
                            total = blocks[
                                chosen[other] - offset, j - other * d, new // lanes - skipped, k, new % lanes
                            ]
                        else:
                            total = grams[new // lanes, k, j - other * d, new % lanes]
                        for h in range(j):
                            total -= factor[i, h] * factor[j, h]
                        factor[i, j] = total * inverse[j]
                    pivot = grams[new // lanes, k, k, new % lanes]
                    total = moments[new // lanes, k, new % lanes]
                    for h in range(i):
                        pivot -= factor[i, h] * factor[i, h]
                        total -= factor[i, h] * project[h]
                    if pivot > smallest:
                        root = np.sqrt(pivot)
                        factor[i, i] = root
                        inverse[i] = 1.0 / root
                        smallest_here = pivot if pivot < smallest_here else smallest_here
                    else:
                        factor[i, i] = 1.0
                        inverse[i] = 0.0
                        smallest_here = 0.0
                    project[i] = total * inverse[i]
                    rest -= project[i] * project[i]
                pivot_at[level] = smallest_here
                rest_at[level] = rest
                if level < m - 2:
                    level += 1
                    chosen[level] = chosen[level - 1] + 1
                    continue
            begin = chosen[level] + 1 if m > 1 else 0
            if smallest_here == 0.0:  # no set that starts like this is any better
                for last in range(begin, count):
                    if found < room:
                        for j in range(m - 1):
                            sets[found, j] = chosen[j]
                        sets[found, m - 1] = last
                        values[found] = 0.0
                        states[found] = 2
                    found += 1
                chosen[level] += 1
                continue
            for block in range(begin // lanes, len(grams)):
                base = block * lanes
                own = grams[block]
                pulled = moments[block]
                for other in range(m - 1):
                    row = chosen[other] - offset
                    for t in range(d):
                        i = other * d + t
                        turned = inverse[i]
                        for k in range(d):
                            source = blocks[row, t, block - skipped, k]
                            for lane in range(lanes):
                                total = source[lane]
                                for j in range(p):
                                    if j < i:
                                        total -= factor[i, j] * work[j, k, lane]
                                work[i, k, lane] = total * turned
                for k in range(d):
                    for lane in range(lanes):
                        total = pulled[k, lane]
                        for i in range(p):
                            total -= work[i, k, lane] * project[i]
                        right[k, lane] = total
                    for h in range(d):
                        if h <= k:
                            for lane in range(lanes):
                                total = own[k, h, lane]
                                for i in range(p):
                                    total -= work[i, k, lane] * work[i, h, lane]
                                schur[k, h, lane] = total
                for lane in range(lanes):
                    least[lane] = smallest_here
                    gain[lane] = 0.0
                for k in range(d):
                    for j in range(d):
                        if j < k:
                            for lane in range(lanes):
                                total = schur[k, j, lane]
                                for h in range(d):
                                    if h < j:
                                        total -= schur[k, h, lane] * schur[j, h, lane]
                                schur[k, j, lane] = total * schur[j, j, lane]
                    for lane in range(lanes):
                        pivot = schur[k, k, lane]
                        total = right[k, lane]
                        for h in range(d):
                            if h < k:
                                pivot -= schur[k, h, lane] * schur[k, h, lane]
                                total -= schur[k, h, lane] * right[h, lane]
                        least[lane] = pivot if pivot < least[lane] else least[lane]
                        turned = 1.0 / np.sqrt(pivot) if pivot > smallest else 0.0
                        schur[k, k, lane] = turned
                        total *= turned
                        right[k, lane] = total
                        gain[lane] += total * total
                if facets > 0:
                    for step in range(d):
                        k = d - 1 - step
                        for lane in range(lanes):
                            total = right[k, lane]
                            for h in range(d):
                                if h > k:
                                    total -= schur[h, k, lane] * right[h, lane]
                            right[k, lane] = total * schur[k, k, lane]
                    for lane in range(lanes):
                        low[lane] = 1e300
                        high[lane] = -1e300
                    cone = tests[block]
                    for f in range(facets):
                        for lane in range(lanes):
                            total = 0.0
                            for k in range(d):
                                total += cone[f, k, lane] * right[k, lane]
                            low[lane] = total if total < low[lane] else low[lane]
                            high[lane] = total if total > high[lane] else high[lane]
                some = 0.0
                for lane in range(lanes):
                    pivot = least[lane]
                    slop = slack / (pivot if pivot > smallest else smallest)
                    value = rest - gain[lane]
                    gain[lane] = value
                    passed = value < below + slop
                    if facets > 0:
                        passed = passed & ((low[lane] > -slop) | (high[lane] < slop))
                    mark = 1.0 if passed else 0.0
                    mark = mark if pivot > smallest else 2.0
                    mark = mark if (base + lane >= begin) & (base + lane < count) else 0.0
                    state[lane] = mark
                    some += mark
                if some == 0.0:
                    continue
                for lane in range(lanes):
                    if state[lane] == 0.0:
                        continue
                    last = base + lane
                    keep = True
                    if state[lane] == 1.0 and facets > 0:
                        slop = slack / least[lane]
                        keep = False
                        lowest, highest = 1e300, -1e300
                        for row in range(first[last], first[last + 1]):
                            total = 0.0
                            for k in range(d):
                                total += rows[row, k] * right[k, lane]
                            lowest = total if total < lowest else lowest
                            highest = total if total > highest else highest
                        if lowest > -slop or highest < slop:
                            keep = True
                            for step in range(p):
                                i = p - 1 - step
                                total = project[i]
                                for k in range(d):
                                    total -= work[i, k, lane] * right[k, lane]
                                for j in range(i + 1, p):
                                    total -= factor[j, i] * ahead[j]
                                ahead[i] = total * inverse[i]
                            for other in range(m - 1):
                                lowest, highest = 1e300, -1e300
                                for row in range(first[chosen[other]], first[chosen[other] + 1]):
                                    total = 0.0
                                    for k in range(d):
                                        total += rows[row, k] * ahead[other * d + k]
                                    lowest = total if total < lowest else lowest
                                    highest = total if total > highest else highest
                                if not (lowest > -slop or highest < slop):
                                    keep = False
                                    break
                    if keep:
                        if found < room:
                            for j in range(m - 1):
                                sets[found, j] = chosen[j]
                            sets[found, m - 1] = last
                            values[found] = gain[lane]
                            states[found] = np.int8(state[lane])
                        found += 1
            chosen[level] += 1
        return found

    compiled: Callable[..., Any] = sweep
    return compiled
