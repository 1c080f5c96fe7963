r"""Products of the columns of two cells, :math:`X^T D_a D_b X`, from one cell to the next: only the rows that change sign count.

From cell a to a neighbour a' the product with any b changes by :math:`\pm(1 - \gamma) (D_b)_{ii} x_i x_i^T` for each row i that
changes its sign, for a strip of cells b at a time. Cells are put in an order in which few rows change from one to the next.
Cells whose columns are too small for differences have their products kept.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit

from theodolite._typing import Array
from theodolite.relu._strip import CALLED, LANES, add

__all__ = ["near_order", "next_sums", "products"]

_MOST_ORDERED = 6000
_FRESH = 256
"""Cells after which sums are started anew, before round-off drifts: or two for each row, where that is more."""


def near_order(signs: Array) -> Array:
    """Return an order of sign vectors in which each is one of the nearest to the one before that have not come yet."""
    count = len(signs)
    if count > _MOST_ORDERED:
        return np.arange(count)
    near = signs.astype(np.float32) @ signs.T.astype(np.float32)
    order = np.empty(count, dtype=np.int64)
    here = 0
    for place in range(count):
        order[place] = here
        near[:, here] = -np.inf
        here = int(np.argmax(near[here]))
    return order


@njit(**CALLED)
@no_type_check
def next_sums(steps, a, fresh, skipped, sums):
    """Turn ``sums`` (d, d, L), products of cell a - 1 before scaling, into those of cell a, from cell ``skipped`` on.

    ``steps`` are ``inputs`` (n, d), ``weights`` (K, n) or the diagonals of all D_a, and ``lanes`` (n, L) or the same by rows;
    ``scales`` (d, L) multiply columns, ``shifts`` (d, L) are their means times the root of n, after scaling (0 where
    nothing is centred). Cell a differs from the one before in rows ``changed`` from ``begins[a]`` to ``begins[a + 1]``. The
    products of cells ``kept`` (S,) are ``exact`` (S, d, d, L).
    """
    inputs, weights, lanes, _, _, changed, begins, _, _ = steps
    d = inputs.shape[1]
    anew = fresh or a % max(_FRESH, 2 * len(inputs)) == 0
    first, stop = (0, len(inputs)) if anew else (begins[a], begins[a + 1])
    if anew:
        for k in range(d):
            for h in range(k + 1):
                into = sums[k, h, skipped:]
                for lane in range(len(into)):
                    into[lane] = 0.0
    for place in range(first, stop):
        i = place if anew else changed[place]
        change = weights[a, i] - (0.0 if anew else weights[a - 1, i])
        if change != 0.0:
            for k in range(d):
                for h in range(k + 1):
                    add(sums[k, h, skipped:], change * inputs[i, k] * inputs[i, h], lanes[i, skipped:])


@njit(**CALLED)
@no_type_check
def products(steps, start, sums, out):
    """Fill ``out`` (K', d, d, L) with the products of cells ``start``, ... with themselves and later ones."""
    _, _, _, scales, shifts, _, _, kept, exact = steps
    d = len(sums)
    for row in range(len(out)):
        a = start + row
        skipped = a // LANES * LANES
        next_sums(steps, a, row == 0, skipped, sums)
        for k in range(d):
            size, mean = scales[k, a], shifts[k, a]
            for h in range(d):
                into, held = out[row, k, h, skipped:], sums[max(k, h), min(k, h), skipped:]
                scale, shift = scales[h, skipped:], shifts[h, skipped:]
                for lane in range(len(into)):
                    into[lane] = size * held[lane] * scale[lane] - mean * shift[lane]
        for place in range(len(kept)):
            other = kept[place]
            for k in range(d):
                for h in range(d):
                    if other == a:
                        out[row, k, h, skipped:] = exact[place, k, h, skipped:]
                    elif other >= skipped:
                        out[row, k, h, other] = exact[place, h, k, a]
