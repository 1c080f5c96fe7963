"""The sum of squares at several steps along a ray, one pass over the rows: compiled."""

from typing import no_type_check

import numba
import numpy as np

__all__ = ["sums_along"]


@numba.njit(cache=True, nogil=True)
@no_type_check
def sums_along(inputs, targets, weights, outer, offset, move, move_offset, slope, steps):
    """Return S at each of ``steps`` along a move of weights and output bias; outer weights are signs."""
    samples, width = inputs.shape
    total = np.zeros(len(steps))
    error = np.empty(len(steps))
    for i in range(samples):
        for k in range(len(steps)):
            error[k] = offset + steps[k] * move_offset - targets[i]
        for j in range(len(weights)):
            here, rate = 0.0, 0.0
            for c in range(width):
                here += inputs[i, c] * weights[j, c]
                rate += inputs[i, c] * move[j, c]
            for k in range(len(steps)):
                value = here + steps[k] * rate
                error[k] += outer[j] * (value if value >= 0 else slope * value)
        for k in range(len(steps)):
            total[k] += error[k] * error[k]
    return total
