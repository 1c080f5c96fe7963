"""What the compiled sweep does with one strip of last patterns, and with one of them: helpers that are compiled into it."""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

__all__ = [
    "CALLED",
    "DOUBTFUL_FROM",
    "INLINED",
    "LANES",
    "SLACK",
    "SMALLEST_PIVOT",
    "add",
    "factor_pattern",
    "left_of_pairs",
    "left_over",
    "lowest_bit",
    "strip_bits",
]

LANES = 16
"""Patterns of a strip: two vectors of the widest kind."""
SMALLEST_PIVOT = 1e-8
"""Sets with a pivot up to here (columns have norm 1) are left to better arithmetic."""
SLACK = 1e-11
"""Errors of the normal equations, for a target of norm 1: this, divided by the smallest pivot."""
DOUBTFUL_FROM = 32
"""The bit of the first lane whose set is left to better arithmetic; those that pass have theirs from 0 on."""


@no_type_check
def _lowest_bit(typing, bits):
    """Return the place of the lowest bit of a number that is not 0."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.int64(types.int64), generate


lowest_bit = intrinsic(_lowest_bit)
CALLED = {"error_model": "numpy", "fastmath": {"contract", "nsz", "arcp"}, "nogil": True, "cache": True}
INLINED = {**CALLED, "forceinline": True}


@njit(**INLINED)
@no_type_check
def strip_bits(
    m,
    d,
    facets,
    stepping,
    base,
    source,
    scales,
    shifts,
    sizes,
    means,
    own,
    right,
    gone,
    mine,
    factor,
    inverse,
    project,
    tests,
    excess,
    over,
    cross,
    schur,
    rest,
):
    """Return bits of the lanes from ``base`` on whose sets may have their last block in its cone, and of those that are doubtful.

    ``source`` (d, d, L) are products with the pattern before the last, whose factor, inverse diagonal and projected target
    follow; where it is ``stepping`` they are still to be scaled by ``sizes`` and ``scales`` and to be centred. ``mine`` (d, d)
    and ``gone`` (d, d, L) take the part of the pattern before out of them. ``excess`` is the sum of squares so far less that
    allowed, ``over`` one over the smallest pivot so far. The rest is room for one lane.
    """
    bits = 0
    for lane in range(np.uint64(LANES)):  # unsigned, because others could count from the end
        at = np.uint64(base) + lane
        for k in range(d):
            rest[k] = right[k, at]
            for h in range(d):
                if h <= k:
                    schur[k, h] = own[k, h, at]
        if m > 1:
            for t in range(d):
                for k in range(d):
                    if stepping:
                        total = sizes[t] * source[max(t, k), min(t, k), at] * scales[k, at] - means[t] * shifts[k, at]
                    else:
                        total = source[t, k, at]
                    if m > 2:
                        for i in range(d):
                            total -= mine[i, t] * gone[i, k, at]
                    for j in range(d):
                        if j < t:
                            total -= factor[t, j] * cross[j, k]
                    cross[t, k] = total * inverse[t]
                for k in range(d):
                    rest[k] -= cross[t, k] * project[t]
                    for h in range(d):
                        if h <= k:
                            schur[k, h] -= cross[t, k] * cross[t, h]
        least = 1.0
        largest = over
        value = excess
        for k in range(d):
            pivot = schur[k, k]
            least = pivot if pivot < least else least
            if k < d - 1:
                turned = 1.0 / pivot
                largest = turned if turned > largest else largest
                value -= rest[k] * rest[k] * turned
                for h in range(d):
                    if h > k:
                        share = schur[h, k] * turned
                        for q in range(d):
                            if k < q and q <= h:
                                schur[h, q] -= share * schur[q, k]
                        rest[h] -= share * rest[k]
                schur[k, k] = turned
        # Everything from here on is multiplied by the last pivot, which spares a division.
        last = schur[d - 1, d - 1]
        slop = last * largest
        slop = SLACK * (slop if slop > 1.0 else 1.0)
        passed = value * last - rest[d - 1] * rest[d - 1] < slop
        if facets > 0:
            for step in range(1, d):
                k = d - 1 - step
                total = rest[k] * last
                for h in range(d):
                    if h > k:
                        total -= schur[h, k] * rest[h]
                rest[k] = total * schur[k, k]
            low, high = 1e300, -1e300
            for f in range(facets):
                total = 0.0
                for k in range(d):
                    total += tests[f, k, at] * rest[k]
                low = total if total < low else low
                high = total if total > high else high
            passed = passed & ((low > -slop) | (high < slop))
        bit = np.int64(1) << np.int64(lane)
        bits |= (bit if passed else np.int64(0)) if least > SMALLEST_PIVOT else bit << DOUBTFUL_FROM
    return bits


@njit(**INLINED)
@no_type_check
def factor_pattern(d, own, right, pattern, factor, inverse, project, least, rest):
    """Factor the products of one pattern, and return the smallest pivot and the sum of squares that it leaves."""
    for k in range(d):
        for j in range(k):
            total = own[k, j, pattern]
            for h in range(j):
                total -= factor[k, h] * factor[j, h]
            factor[k, j] = total * inverse[j]
        pivot = own[k, k, pattern]
        total = right[k, pattern]
        for h in range(k):
            pivot -= factor[k, h] * factor[k, h]
            total -= factor[k, h] * project[h]
        least = pivot if pivot < least else least
        inverse[k] = 1.0 / np.sqrt(pivot) if pivot > SMALLEST_PIVOT else 0.0
        project[k] = total * inverse[k]
        rest -= project[k] * project[k]
    return (least if least > SMALLEST_PIVOT else 0.0), rest


@njit(**INLINED)
@no_type_check
def add(into, factor, shares):
    """Add ``factor`` * ``shares`` to a row of numbers."""
    for lane in range(len(into)):
        into[lane] += factor * shares[lane]


@njit(**CALLED)
@no_type_check
def left_over(d, source, begin, own, right, factor, inverse, project, gone, own_left, right_left):
    """Eliminate a pattern from the products of the patterns from ``begin`` on: their rows of the factor, and what is left."""
    for t in range(d):
        for k in range(d):
            into, sums = gone[t, k, begin:], source[t, k, begin:]
            for lane in range(len(into)):
                into[lane] = sums[lane] * inverse[t]
            for j in range(t):
                add(into, -factor[t, j] * inverse[t], gone[j, k, begin:])
    for k in range(d):
        into, sums = right_left[k, begin:], right[k, begin:]
        for lane in range(len(into)):
            into[lane] = sums[lane]
        for t in range(d):
            add(into, -project[t], gone[t, k, begin:])
        for h in range(k + 1):
            into, sums = own_left[k, h, begin:], own[k, h, begin:]
            for lane in range(len(into)):
                into[lane] = sums[lane]
            for t in range(d):
                one, two = gone[t, k, begin:], gone[t, h, begin:]
                for lane in range(len(into)):
                    into[lane] -= one[lane] * two[lane]


@njit(**CALLED)
@no_type_check
def left_of_pairs(d, source, begin, gone, mine, into):
    """Eliminate a pattern from the products of another, whose rows of the factor are ``mine``, with those from ``begin`` on."""
    for t in range(d):
        for k in range(d):
            row, sums, shares = into[t, k, begin:], source[t, k, begin:], gone[0, k, begin:]
            for lane in range(len(row)):
                row[lane] = sums[lane] - mine[0, t] * shares[lane]
            for i in range(1, d):
                add(row, -mine[i, t], gone[i, k, begin:])
