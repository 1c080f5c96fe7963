"""The simplex method of ``_continuous`` in floating point, compiled: its answers are only proposals."""

from typing import no_type_check

import numba
import numpy as np

__all__ = ["propose"]

_ROUNDS = 200
_NOTHING = 1e-11


@numba.njit(cache=True, nogil=True)
@no_type_check
def propose(rows):
    """Return whether some x seems to have ``rows @ x > 0``, that x, and weights of a convex combination that seems to be 0.

    The third is of use where the first is false. Rows should have entries of about 1.
    """
    count, width = rows.shape
    size = width + 1
    columns = count + size + 1
    table = np.zeros((size + 1, columns))
    table[0, : count + 1] = 1.0
    table[0, columns - 1] = 1.0
    for k in range(width):
        for j in range(count):
            table[k + 1, j] = rows[j, k]
        table[k + 1, count + k + 1] = 1.0
    for j in range(count):
        for k in range(size):
            table[size, j] -= table[k, j]
    table[size, columns - 1] = -1.0
    basis = np.arange(count, count + size)
    for _ in range(_ROUNDS):
        entering = -1
        for j in range(count):
            if table[size, j] < -_NOTHING:
                entering = j
                break
        if entering < 0:
            break
        leaving = -1
        best = np.inf
        for k in range(size):
            if table[k, entering] > _NOTHING:
                share = table[k, columns - 1] / table[k, entering]
                if share < best - _NOTHING or (share <= best + _NOTHING and basis[k] < basis[leaving]):
                    best = min(best, share)
                    leaving = k
        if leaving < 0:
            break
        table[leaving] /= table[leaving, entering]
        for k in range(size + 1):
            if k != leaving and table[k, entering] != 0.0:
                table[k] -= table[k, entering] * table[leaving]
        basis[leaving] = entering
    weights = np.zeros(count)
    for k in range(size):
        if basis[k] < count:
            weights[basis[k]] = table[k, columns - 1]
    found = np.empty(width)
    for k in range(width):
        found[k] = table[size, count + 1 + k] - 1.0
    return -table[size, columns - 1] > 1e-9, found, weights
