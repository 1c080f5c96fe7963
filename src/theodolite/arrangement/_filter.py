"""Signs decided in floating point with a rigorous error bound, and left open where the bound does not reach.

For a square matrix C with approximate inverse R let E = I - R C. If beta = max row sum of |E| is below 1 then C is
regular and each column of the true inverse differs from that of R by at most ``beta / (1 - beta)`` times the largest
entry of that column. E is evaluated in floats; gamma = (d + 4) u bounds its rounding, and ``slack`` the relative
error with which the floats stand for the data (0 where the floats are the data, up to powers of two by which rows and
columns were scaled).
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from theodolite.arrangement._words import kernel

__all__ = ["TINY", "filtered_dot", "filtered_dots", "inverse_bound", "unit_row_for", "verified_inverse"]

UNIT = 2.0**-53
TINY = 1e-290  # larger than what underflow can lose: rows and columns are scaled to have largest entries near 1


@kernel
@no_type_check
def verified_inverse(matrix, inverse, work, slack):
    """Invert ``matrix`` (d, d) approximately into ``inverse`` and return beta, or 2 where elimination met a zero.

    ``work`` is scratch of shape (d, d).
    """
    d = matrix.shape[0]
    for i in range(d):
        for k in range(d):
            work[i, k] = matrix[i, k]
            inverse[i, k] = 1.0 if i == k else 0.0
    for column in range(d):
        best = column
        for i in range(column + 1, d):
            if abs(work[i, column]) > abs(work[best, column]):
                best = i
        pivot = work[best, column]
        if not abs(pivot) > 0.0:
            return 2.0
        if best != column:
            for k in range(d):
                work[best, k], work[column, k] = work[column, k], work[best, k]
                inverse[best, k], inverse[column, k] = inverse[column, k], inverse[best, k]
        for k in range(d):
            work[column, k] /= pivot
            inverse[column, k] /= pivot
        for i in range(d):
            factor = work[i, column]
            if i != column and factor != 0.0:
                for k in range(d):
                    work[i, k] -= factor * work[column, k]
                    inverse[i, k] -= factor * inverse[column, k]
    gamma = (d + 4) * UNIT + slack
    beta = 0.0
    for i in range(d):
        total = 0.0
        for k in range(d):
            error = 1.0 if i == k else 0.0
            size = error
            for j in range(d):
                term = inverse[i, j] * matrix[j, k]
                error -= term
                size += abs(term)
            total += abs(error) + gamma * size + TINY
        if not total < 2.0:  # or a NaN, which ``max`` might drop
            return 2.0
        beta = max(beta, total)
    return beta * (1.0 + 1e-10)


@kernel
@no_type_check
def inverse_bound(inverse, column, beta):
    """Return how far any entry of this column can be from that of the true inverse."""
    largest = 0.0
    for i in range(inverse.shape[0]):
        largest = max(largest, abs(inverse[i, column]))
    return beta / (1.0 - beta) * largest * (1.0 + 1e-10) + TINY


@kernel
@no_type_check
def filtered_dot(rows, row, inverse, column, radius, slack):
    """Return ``rows[row] . inverse[:, column]`` and a bound on its distance to the true product.

    ``radius`` bounds the error of each entry of the column.
    """
    d = inverse.shape[0]
    total = 0.0
    size = 0.0
    weight = 0.0
    for k in range(d):
        term = rows[row, k] * inverse[k, column]
        total += term
        size += abs(term)
        weight += abs(rows[row, k])
    bound = (weight * radius * (1.0 + slack) + ((d + 4) * UNIT + slack) * size) * (1.0 + 1e-10) + TINY
    return total, bound


@kernel
@no_type_check
def filtered_dots(columns, weights, inverse, column, radius, slack, values, bounds):
    """Fill ``values`` and ``bounds`` with what ``filtered_dot`` returns for each row.

    The rows are given by their ``columns`` (d, n), and by the sums of the sizes of their entries, ``weights`` (n).
    """
    d, n = columns.shape
    for m in range(n):
        values[m] = 0.0
        bounds[m] = 0.0
    for k in range(d):
        factor = inverse[k, column]
        for m in range(n):
            term = columns[k, m] * factor
            values[m] += term
            bounds[m] += abs(term)
    scale = (d + 4) * UNIT + slack
    for m in range(n):
        bounds[m] = (weights[m] * radius * (1.0 + slack) + scale * bounds[m]) * (1.0 + 1e-10) + TINY


@kernel
@no_type_check
def unit_row_for(matrix, work):
    """Fill the last row of ``matrix`` with the unit row that keeps it well away from the first d - 1.

    Eliminates these with full pivoting in ``work``; the column that stays free is the one to fix.
    """
    d = matrix.shape[1]
    for i in range(d - 1):
        for k in range(d):
            work[i, k] = matrix[i, k]
    used = np.zeros(d, dtype=np.bool_)
    done = np.zeros(d, dtype=np.bool_)
    for _ in range(d - 1):
        best, row, column = 0.0, -1, -1
        for i in range(d - 1):
            if not done[i]:
                for k in range(d):
                    if not used[k] and abs(work[i, k]) > best:
                        best, row, column = abs(work[i, k]), i, k
        if row < 0:
            break
        done[row] = True
        used[column] = True
        for i in range(d - 1):
            if not done[i]:
                factor = work[i, column] / work[row, column]
                for k in range(d):
                    work[i, k] -= factor * work[row, k]
    free = 0
    while used[free]:
        free += 1
    for k in range(d):
        matrix[d - 1, k] = 1.0 if k == free else 0.0
