"""Exact signs of determinants by residues: no size of number is too large, and no big integer is ever formed.

A determinant D of integer rows is bounded by the product of their norms (Hadamard). Modulo enough primes p_1, ...,
p_K, whose product M exceeds 2 |D|, the residues determine D, and its sign is read off in mixed radix: the digits of
(M - 1) / 2 are (p_i - 1) / 2, so D is negative if and only if its digits are larger in the last place where they
differ from these.
"""

from __future__ import annotations

from functools import lru_cache
from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._words import kernel

__all__ = ["PRIME_BITS", "cofactors", "independent_rows", "inverse", "prime_table", "residue_dot", "residue_sign"]

PRIME_BITS = 30
"""Each prime used is larger than 2**PRIME_BITS, and small enough for products of residues to fit an int64."""


@lru_cache(maxsize=8)
def prime_table(count: int) -> tuple[Array, Array]:
    """Return the ``count`` largest primes below 2**31, and the table of inverses ``table[j, i] = 1 / p_j mod p_i``."""
    from flint import fmpz

    primes: list[int] = []
    candidate = 2**31 - 1
    while len(primes) < count:
        if fmpz(candidate).is_prime():
            primes.append(candidate)
        candidate -= 2
    table = np.zeros((count, count), dtype=np.int64)
    for i, p in enumerate(primes):
        for j, q in enumerate(primes):
            if j < i:
                table[j, i] = pow(q, -1, p)
    return np.array(primes, dtype=np.int64), table


@kernel
@no_type_check
def inverse(value, prime):
    """Return the inverse of ``value`` modulo ``prime``, by Euclid's algorithm."""
    a, b, x, y = prime, value % prime, 0, 1
    while b:
        quotient = a // b
        a, b = b, a - quotient * b
        x, y = y, x - quotient * y
    return x % prime


@kernel
@no_type_check
def cofactors(residues, rows, prime, work, out):
    """Fill ``out`` (d) with the cofactors of the d - 1 ``rows``: ``out . m = det(rows, m)`` modulo ``prime`` for
    every row m.

    ``residues`` is the matrix modulo ``prime``, ``work`` scratch of shape (d - 1, d). All cofactors are 0 where the
    rows are dependent modulo ``prime``, as they should be.
    """
    d = residues.shape[1]
    pivots = np.empty(d, dtype=np.int64)
    used = np.zeros(d, dtype=np.bool_)
    for i in range(d - 1):
        for k in range(d):
            work[i, k] = residues[rows[i], k]
    product = 1
    for i in range(d - 1):
        column = -1
        for k in range(d):
            if work[i, k] != 0 and not used[k]:
                column = k
                break
        if column < 0:
            for k in range(d):
                out[k] = 0
            return
        used[column] = True
        pivots[i] = column
        product = product * work[i, column] % prime
        scale = inverse(work[i, column], prime)
        for k in range(d):
            work[i, k] = work[i, k] * scale % prime
        for other in range(d - 1):
            if other != i and work[other, column] != 0:
                factor = work[other, column]
                for k in range(d):
                    work[other, k] = (work[other, k] + (prime - factor) * work[i, k]) % prime
    free = 0
    while used[free]:
        free += 1
    pivots[d - 1] = free
    swaps = 0  # the parity of the permutation that sends row i to its pivot column, and the last row to the free one
    for i in range(d):
        for k in range(i + 1, d):
            if pivots[i] > pivots[k]:
                swaps += 1
    if swaps % 2 == 1:
        product = (prime - product) % prime
    out[free] = product
    for i in range(d - 1):
        out[pivots[i]] = (prime - work[i, free]) * product % prime


@kernel
@no_type_check
def residue_dot(residues, row, vector, prime):
    """Return the product of one row with ``vector`` modulo ``prime``."""
    total = 0
    for k in range(vector.shape[0]):
        total = (total + residues[row, k] * vector[k]) % prime
    return total


@kernel
@no_type_check
def residue_sign(values, primes, inverses, digits):
    """Return the sign of the integer with these residues; ``digits`` is scratch of the same length."""
    count = values.shape[0]
    zero = True
    for i in range(count):
        prime = primes[i]
        digit = values[i]
        for j in range(i):
            digit = (digit + prime - digits[j] % prime) * inverses[j, i] % prime
        digits[i] = digit
        zero = zero and digit == 0
    if zero:
        return 0
    for i in range(count - 1, -1, -1):
        middle = (primes[i] - 1) // 2
        if digits[i] != middle:
            return -1 if digits[i] > middle else 1
    return 1


@kernel
@no_type_check
def independent_rows(residues, candidates, count, wanted, prime, work, out):
    """Pick the first ``wanted`` rows among ``candidates[:count]`` that are independent modulo ``prime``, and return
    how many.

    Rows that are independent modulo a prime are independent. ``work`` is scratch of shape (wanted, d).
    """
    d = residues.shape[1]
    found = 0
    pivots = np.empty(max(wanted, 1), dtype=np.int64)
    vector = np.empty(d, dtype=np.int64)
    for c in range(count):
        if found == wanted:
            break
        row = candidates[c]
        for k in range(d):
            vector[k] = residues[row, k]
        for i in range(found):
            factor = vector[pivots[i]]
            if factor != 0:
                for k in range(d):
                    vector[k] = (vector[k] + (prime - factor) * work[i, k]) % prime
        column = -1
        for k in range(d):
            if vector[k] != 0:
                column = k
                break
        if column < 0:
            continue
        scale = inverse(vector[column], prime)
        for k in range(d):
            work[found, k] = vector[k] * scale % prime
        pivots[found] = column
        out[found] = row
        found += 1
    return found
