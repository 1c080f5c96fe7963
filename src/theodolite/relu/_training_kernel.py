"""Gradient descent with momentum on many small ReLU networks at once, compiled.

Networks run in blocks of ``LANES``, whose numbers lie side by side so that the compiler makes vectors of them; the samples are
shared by all. ``make_training`` freezes the width and the number of inputs, so that all small loops have known lengths. Samples
are taken a few rows at a time, so that what lies between stays in the nearest cache: first all neurons add to the errors there,
then all neurons follow them, ``TILE`` rows for every time that their numbers are fetched.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, no_type_check

from numba import njit
from numba.np.numpy_support import carray

from theodolite.relu._stack import stack

__all__ = ["LANES", "TILE", "make_training"]

LANES = 64
TILE = 4
_ROWS = 8


@cache
def make_training(h: int, d: int) -> Callable[..., Any]:
    """Return the training of networks of h neurons with d weights each.

    It takes ``inputs`` (n and ``TILE`` more rows, which are 0, d), ``targets`` (n,), the slope, and blocks of networks that it
    changes in place: ``weights`` (B, h, d, LANES), ``outer`` (B, h, LANES), ``offsets`` (B, LANES), with their velocities
    likewise; then the rate by which the weights and the one by which offsets follow the gradient of half the sum of squares, the
    momentum and the number of steps.

    One step is that of ``torch.optim.SGD``: velocity = momentum * velocity + gradient; parameters -= rate * velocity.
    """
    lanes, most, tile = LANES, _ROWS, TILE
    size_w, size_v, size_e, size_h = h * d * lanes, h * lanes, most * lanes, h * most * lanes

    @njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})
    @no_type_check
    def train(
        inputs,
        targets,
        slope,
        weights,
        outer,
        offsets,
        weights_velocity,
        outer_velocity,
        offsets_velocity,
        rate,
        offset_rate,
        momentum,
        steps,
    ):
        w = carray(stack(size_w), (h, d, lanes))
        w_change = carray(stack(size_w), (h, d, lanes))
        v = carray(stack(size_v), (h, lanes))
        v_change = carray(stack(size_v), (h, lanes))
        c = carray(stack(lanes), (lanes,))
        c_change = carray(stack(lanes), (lanes,))
        error = carray(stack(size_e), (most, lanes))
        held = carray(stack(size_h), (h, most, lanes))
        for block in range(weights.shape[0]):
            for j in range(h):
                for k in range(d):
                    for lane in range(lanes):
                        w[j, k, lane] = weights[block, j, k, lane]
                        w_change[j, k, lane] = weights_velocity[block, j, k, lane]
                for lane in range(lanes):
                    v[j, lane] = outer[block, j, lane]
                    v_change[j, lane] = outer_velocity[block, j, lane]
            for lane in range(lanes):
                c[lane] = offsets[block, lane]
                c_change[lane] = offsets_velocity[block, lane]
            for _ in range(steps):
                for j in range(h):
                    for k in range(d):
                        for lane in range(lanes):
                            w_change[j, k, lane] *= momentum
                    for lane in range(lanes):
                        v_change[j, lane] *= momentum
                for lane in range(lanes):
                    c_change[lane] *= momentum
                for first in range(0, targets.shape[0], most):
                    rows = min(most, targets.shape[0] - first)
                    tiles = (rows + tile - 1) // tile
                    for i in range(rows):
                        for lane in range(lanes):
                            error[i, lane] = c[lane] - targets[first + i]
                    for i in range(rows, tiles * tile):
                        for lane in range(lanes):
                            error[i, lane] = 0.0
                    for j in range(h):
                        for start in range(tiles):
                            for lane in range(lanes):
                                for i in range(tile):
                                    row = first + start * tile + i
                                    before = w[j, 0, lane] * inputs[row, 0]
                                    for k in range(1, d):
                                        before += w[j, k, lane] * inputs[row, k]
                                    held[j, start * tile + i, lane] = before
                                    share = 1.0 if before > 0 else slope
                                    error[start * tile + i, lane] += v[j, lane] * (share * before)
                    for i in range(rows):
                        for lane in range(lanes):
                            c_change[lane] += error[i, lane]
                    for j in range(h):
                        for start in range(tiles):
                            for lane in range(lanes):
                                for i in range(tile):
                                    row = first + start * tile + i
                                    before = held[j, start * tile + i, lane]
                                    share = 1.0 if before > 0 else slope
                                    felt = share * error[start * tile + i, lane]
                                    v_change[j, lane] += felt * before
                                    pull = felt * v[j, lane]
                                    for k in range(d):
                                        w_change[j, k, lane] += pull * inputs[row, k]
                for j in range(h):
                    for k in range(d):
                        for lane in range(lanes):
                            w[j, k, lane] -= rate * w_change[j, k, lane]
                    for lane in range(lanes):
                        v[j, lane] -= rate * v_change[j, lane]
                for lane in range(lanes):
                    c[lane] -= offset_rate * c_change[lane]
            for j in range(h):
                for k in range(d):
                    for lane in range(lanes):
                        weights[block, j, k, lane] = w[j, k, lane]
                        weights_velocity[block, j, k, lane] = w_change[j, k, lane]
                for lane in range(lanes):
                    outer[block, j, lane] = v[j, lane]
                    outer_velocity[block, j, lane] = v_change[j, lane]
            for lane in range(lanes):
                offsets[block, lane] = c[lane]
                offsets_velocity[block, lane] = c_change[lane]

    compiled: Callable[..., Any] = train
    return compiled
