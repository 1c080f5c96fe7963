r"""Products of the columns of two cells, :math:`X^T D_a D_b X`, from one cell to the next: only the rows that change sign count.

From cell a to a neighbour a' the product with any b changes by :math:`\pm(1 - \gamma) (D_b)_{ii} x_i x_i^T` for each row i that
changes its sign, for 64 cells b at a time. Cells are put in an order in which few rows change from one to the next.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np
from numba import njit

from theodolite._typing import Array
from theodolite.relu._kernels import LANES

__all__ = ["near_order", "products"]

_MOST_ORDERED = 6000


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


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz", "arcp"})
@no_type_check
def products(inputs, weights, lanes_of, scales, shifts, start, stop, skipped, sums, out):
    """Fill ``out`` (stop - start, d, B - skipped, d, 64) with products of scaled columns.

    ``inputs`` (n, d), ``weights`` (K, n) are the diagonals of all D_a and ``lanes_of`` (n, B, 64) the same in blocks of 64;
    ``scales`` (B, d, 64) multiply columns, ``shifts`` (B, d, 64) are their means times the root of n, after scaling (0 where
    nothing is centred). ``sums`` (B - skipped, d, d, 64) is room for the products before scaling.
    """
    n, d = inputs.shape
    blocks = scales.shape[0]
    for a in range(start, stop):
        block_of, lane_of = a // LANES, a % LANES
        for i in range(n):
            change = weights[a, i]
            if a > start:
                change -= weights[a - 1, i]
            elif i == 0:
                sums[:] = 0.0
            if change == 0.0:
                continue
            for block in range(skipped, blocks):
                held = lanes_of[i, block]
                for k in range(d):
                    for h in range(k + 1):
                        factor = change * inputs[i, k] * inputs[i, h]
                        into = sums[block - skipped, k, h]
                        for lane in range(LANES):
                            into[lane] += factor * held[lane]
        for k in range(d):
            own, mean = scales[block_of, k, lane_of], shifts[block_of, k, lane_of]
            for block in range(skipped, blocks):
                for h in range(d):
                    source = sums[block - skipped, max(k, h), min(k, h)]
                    into = out[a - start, k, block - skipped, h]
                    scale, shift = scales[block, h], shifts[block, h]
                    for lane in range(LANES):
                        into[lane] = own * source[lane] * scale[lane] - mean * shift[lane]
