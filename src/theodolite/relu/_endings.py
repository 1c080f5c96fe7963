"""Where trainings of a ReLU network lead: one descent for all runs that ended in the same joint cell.

On the closure of a joint cell, with the signs of the output weights, the loss is a convex quadratic in u_j = |v_j| w_j. If the
descent from one run ends at a local minimum in that closure, this is the lowest point of the closure: all runs that ended
there lead to its loss. Otherwise each run of the cell goes down for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import numpy as np

from theodolite._endings import Endings
from theodolite._errors import TheodoliteError
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._training import Fleet, runs_together

__all__ = ["endings"]

_ROUND = 1e-9
"""A neuron's input this small, relative to its weights and the sample, is on the kink: descents end there up to round-off."""


def endings(
    problem: Problem,
    fleet: Fleet,
    biased: bool,
    down: Callable[[Point], tuple[Point, float, Kind]],
    report: Callable[[int], None],
    stop: Callable[[], bool],
) -> Endings:
    """Return where each network of a fleet leads; ``down`` takes a point to a local minimum, its loss and its kind."""
    found = Endings.unknown(len(fleet.outer))
    alive = np.isfinite(fleet.losses(problem))
    found.nowhere(np.flatnonzero(~alive))
    done = len(alive) - int(alive.sum())
    for members in _cells(problem, fleet, np.flatnonzero(alive)):
        left = members
        while len(left) and not stop():
            begin = _point(fleet, int(left[0]))
            try:
                end, value, kind = down(begin)
            except TheodoliteError:  # numbers so large that their squares are none
                found.nowhere(left[:1])
                led = 1
            else:
                together = kind.is_minimum and _in_closure(problem, begin, end)
                led = len(left) if together else 1
                found.note(left[:led], end.parameters(problem, biased), value, kind)
            left = left[led:]
            done += led
            report(done)
        if len(left):
            break
    return found


def _point(fleet: Fleet, run: int) -> Point:
    return Point(fleet.weights[run].copy(), fleet.outer[run].copy(), float(fleet.offsets[run]))


def _cells(problem: Problem, fleet: Fleet, runs: Array) -> list[Array]:
    """Return the runs grouped by the signs of all neurons, up to the order of neurons: largest groups first."""
    if not len(runs):
        return []
    size = runs_together(problem, fleet)
    keys = np.concatenate([_keys(problem, fleet, runs[start : start + size]) for start in range(0, len(runs), size)])
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    by_group = runs[np.argsort(group.ravel(), kind="stable")]
    pieces = np.split(by_group, np.cumsum(counts)[:-1])
    return sorted(pieces, key=lambda piece: (-len(piece), int(piece[0])))


def _keys(problem: Problem, fleet: Fleet, runs: Array) -> Array:
    """Return a digest of the signs of each of some runs."""
    before = fleet.weights[runs] @ problem.inputs.T
    bits = np.concatenate([before > 0, before < 0, (fleet.outer[runs] > 0)[:, :, None]], axis=2)
    packed = np.packbits(bits, axis=2)
    ordered = np.sort(packed.view(np.dtype((np.void, packed.shape[2])))[:, :, 0], axis=1)
    return np.array([blake2b(row.tobytes(), digest_size=16).digest() for row in ordered], dtype="V16")


def _in_closure(problem: Problem, begin: Point, end: Point) -> bool:
    """Return whether some closed joint cell has both points: no neuron crosses a sample and no output weight its zero."""
    before, after = begin.weights @ problem.inputs.T, end.weights @ problem.inputs.T
    sizes = np.abs(end.weights) @ np.abs(problem.inputs.T)
    crossed = (np.sign(before) * after < -_ROUND * sizes) | ((end.outer * begin.outer) < 0)[:, None]
    return not bool(crossed.any())
