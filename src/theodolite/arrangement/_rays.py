"""The ray method's arithmetic: where the new extreme ray of a cut cone lies with respect to every row.

A *ray* is a vector r up to positive scale, kept as two masks over all rows, ``positive`` and ``negative``; where both
are clear the row is *tight*: a . r = 0. Integer coordinates are kept beside the masks as long as they are small. The
new ray on the edge between two rays has the sign of both wherever they do not oppose one another, so only the
opposing rows are ever computed: in integers where all stay small, else from the d - 1 rows that are tight at the new
ray, by the filter of ``_filter`` and, where that cannot tell, by the residues of ``_residues``. All three are exact,
so which of them answered changes nothing but the time.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from theodolite.arrangement._filter import filtered_dot, inverse_bound, unit_row_for, verified_inverse
from theodolite.arrangement._merge import common_divisor
from theodolite.arrangement._residues import cofactors, independent_rows, residue_dot, residue_sign
from theodolite.arrangement._state import BY_FILTER, BY_INTEGERS, BY_RESIDUES, LIMIT
from theodolite.arrangement._words import bit, kernel, leading_zeros, population

__all__ = ["new_ray", "ray_from_rows"]

OKAY, NO_RESIDUES = 0, 1


@kernel
@no_type_check
def _integer_ray(matrix, pool, first, second, row, new):
    """Store the integer coordinates of the ray between two rays on ``row``; return whether they stay small."""
    coordinates, integers = pool.coordinates, matrix.integers
    d = coordinates.shape[1]
    p = 0
    q = 0
    for k in range(d):
        p += integers[row, k] * coordinates[first, k]
        q -= integers[row, k] * coordinates[second, k]
    if p == q:
        p, q = 1, 1
    else:
        common = common_divisor(p, q)
        if common > 1:
            p //= common
            q //= common
    divisor = 0
    largest = 0.0
    for k in range(d):
        a, b = coordinates[first, k], coordinates[second, k]
        if abs(float(q) * float(a)) + abs(float(p) * float(b)) > LIMIT:
            return False
        value = q * a + p * b
        coordinates[new, k] = value
        if divisor != 1:
            divisor = common_divisor(abs(value), divisor)
        largest = max(largest, abs(float(value)))
    if divisor > 1:
        for k in range(d):
            coordinates[new, k] //= divisor
        largest /= divisor
    return largest <= matrix.cap


@kernel
@no_type_check
def new_ray(matrix, pool, first, second, row, common, new, work, tally):
    """Fill ray ``new``, the one on ``row`` between rays ``first`` (positive there) and ``second`` (negative there).

    ``common`` is the mask of valid rows tight at both. Returns ``NO_RESIDUES`` where residues are needed and missing.
    """
    positive, negative = pool.positive, pool.negative
    words = positive.shape[1]
    opposed = work.opposed
    some = False
    for w in range(words):
        p1, n1 = positive[first, w], negative[first, w]
        p2, n2 = positive[second, w], negative[second, w]
        positive[new, w] = (p1 | p2) & ~(n1 | n2)
        negative[new, w] = (n1 | n2) & ~(p1 | p2)
        opposed[w] = (p1 & n2) | (n1 & p2)
        if w == row // 64:
            opposed[w] &= ~bit(row)
        some = some or opposed[w] != 0
    pool.small[new] = False
    if pool.small[first] and pool.small[second] and _integer_ray(matrix, pool, first, second, row, new):
        pool.small[new] = True
        if some:
            _integer_signs(matrix, pool, opposed, new, tally)
        return OKAY
    if not some:
        return OKAY
    return _exact_signs(matrix, pool, first, second, row, common, new, work, tally)


@kernel
@no_type_check
def _integer_signs(matrix, pool, opposed, new, tally):
    coordinates, integers = pool.coordinates, matrix.integers
    positive, negative = pool.positive, pool.negative
    d = coordinates.shape[1]
    for w in range(opposed.shape[0]):
        rest = opposed[w]
        while rest:
            place = leading_zeros(rest)
            mask = bit(place)
            rest &= ~mask
            total = 0
            for k in range(d):
                total += integers[64 * w + place, k] * coordinates[new, k]
            if total > 0:
                positive[new, w] |= mask
            elif total < 0:
                negative[new, w] |= mask
            tally[BY_INTEGERS] += 1


@kernel
@no_type_check
def _exact_signs(matrix, pool, first, second, row, common, new, work, tally):
    """Choose d - 1 independent rows that are tight at the new ray and a row that orients it, and settle the opposed
    rows."""
    d = matrix.floats.shape[1]
    count = 0
    for w in range(common.shape[0]):
        count += population(common[w])
    candidates = np.empty(count, dtype=np.int64)
    count = 0
    for w in range(common.shape[0]):
        rest = common[w]
        while rest:
            place = leading_zeros(rest)
            rest &= ~bit(place)
            candidates[count] = 64 * w + place
            count += 1
    if count == d - 2:  # adjacent rays share d - 2 independent rows: these are they
        for i in range(d - 2):
            work.tight[i] = candidates[i]
    else:
        found = 0
        for k in range(matrix.primes.shape[0]):
            found = independent_rows(
                matrix.residues[k], candidates, count, d - 2, matrix.primes[k], work.modular, work.tight
            )
            if found == d - 2:
                break
        if found < d - 2:
            return NO_RESIDUES
    work.tight[d - 2] = row
    # A valid row tight at the first ray but not at the second: there the new ray has the sign of the second.
    guide, side = -1, 0
    for w in range(common.shape[0]):
        tight = ~(pool.positive[first, w] | pool.negative[first, w]) & work.valid[w]
        rest = tight & (pool.positive[second, w] | pool.negative[second, w])
        if rest:
            place = leading_zeros(rest)
            guide = 64 * w + place
            side = 1 if pool.positive[second, w] & bit(place) else -1
            break
    return ray_from_rows(matrix, pool, work.tight, guide, side, work.opposed, new, work, tally)


@kernel
@no_type_check
def ray_from_rows(matrix, pool, tight, guide, side, wanted, new, work, tally):
    """Fill the signs of ray ``new`` on the ``wanted`` rows.

    The ray is tight on the d - 1 independent rows ``tight`` and has sign ``side`` on row ``guide``.
    """
    d = matrix.floats.shape[1]
    for i in range(d - 1):
        for k in range(d):
            work.square[i, k] = matrix.floats[tight[i], k]
    unit_row_for(work.square, work.scratch)
    beta = verified_inverse(work.square, work.inverse, work.scratch, matrix.slack)
    turn = 0
    radius = 0.0
    if beta < 0.5:
        radius = inverse_bound(work.inverse, d - 1, beta)
        value, bound = filtered_dot(matrix.floats, guide, work.inverse, d - 1, radius, matrix.slack)
        if abs(value) > bound:
            turn = side if value > 0 else -side
    exact_turn = 0
    for w in range(wanted.shape[0]):
        rest = wanted[w]
        while rest:
            place = leading_zeros(rest)
            mask = bit(place)
            rest &= ~mask
            row = 64 * w + place
            sign = 0
            decided = False
            if turn != 0:
                value, bound = filtered_dot(matrix.floats, row, work.inverse, d - 1, radius, matrix.slack)
                if abs(value) > bound:
                    sign = turn if value > 0 else -turn
                    decided = True
                    tally[BY_FILTER] += 1
            if not decided:
                if matrix.primes.shape[0] == 0:
                    return NO_RESIDUES
                if exact_turn == 0:
                    for k in range(matrix.primes.shape[0]):
                        cofactors(matrix.residues[k], tight, matrix.primes[k], work.modular, work.cofactors[k])
                    exact_turn = side * _residue_sign(matrix, guide, work)
                sign = exact_turn * _residue_sign(matrix, row, work)
                tally[BY_RESIDUES] += 1
            if sign > 0:
                pool.positive[new, w] |= mask
            elif sign < 0:
                pool.negative[new, w] |= mask
    return OKAY


@kernel
@no_type_check
def _residue_sign(matrix, row, work):
    for k in range(matrix.primes.shape[0]):
        work.values[k] = residue_dot(matrix.residues[k], row, work.cofactors[k], matrix.primes[k])
    return residue_sign(work.values, matrix.primes, matrix.inverses, work.digits)
