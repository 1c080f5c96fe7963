r"""A way towards a minimiser that bends at kinks: every neuron that meets a kink it should not cross goes on along it.

The gradient is followed with second moments that ignore what crossings change in them, which is little on a short way; where the
way ends, the sum of squares is computed anew, and is what decides. One such way can take many kinks at once.
"""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.relu._station import Move, Station, arrive, flat, onto

__all__ = ["bend"]

_MOST = 20_000
"""Kinks that one way may meet."""


def bend(station: Station, move: Move, moments: Array) -> Station | None:
    """Return where S stops falling on the way of ``move``, bent along kinks, in floats; None if it does not fall.

    ``moments`` are those of ``Gram``: of all weights, row after row, and the output bias.
    """
    problem, path = station.problem, _Path(station, move, moments)
    for _ in range(_MOST):
        if not path.advance():
            break
    if not path.moved:
        return None
    weights, offset = station.weights + path.way, station.offset + path.shift
    bases = list(station.bases)
    for j in path.changed:
        bases[j] = flat(problem, path.held[:, j])
        weights[j] = onto(problem, bases[j], weights[j])
    terms = np.abs(station.weights) + np.abs(path.way)
    there = arrive(problem, weights, station.outer, offset, path.held, tuple(bases), terms)
    return there if there.sse < station.sse else None


class _Path:
    """Position, velocity and gradient on the way, and when each neuron meets its next kink."""

    def __init__(self, station: Station, move: Move, moments: Array) -> None:
        problem = station.problem
        lines = problem.lines
        self.station, self.moments = station, moments
        self.held, self.changed = station.held.copy(), set[int]()
        self.way, self.shift = np.zeros_like(station.weights), 0.0
        self.velocity, self.drift = move.weights.copy(), float(move.offset)
        self.time, self.moved = 0.0, False
        sides = station.slopes(station.before) * station.outer
        self.slope = np.append((sides * station.error[:, None]).T @ problem.inputs, station.error.sum())
        self.curve = moments @ np.append(self.velocity, self.drift)
        present = lines.line >= 0
        weight = np.abs(lines.coefficient[present]) * station.error[present]
        self.bends = (1 - problem.slope) * np.bincount(lines.line[present], weight, lines.count)
        sizes = np.linalg.norm(lines.direction, axis=1)
        speeds = np.linalg.norm(self.velocity, axis=1)
        close = (np.abs(station.along) <= sizes[:, None] * speeds) & ~self.held & (station.outer != 0)
        self.near = [np.flatnonzero(column) for column in close.T]
        self.values = [station.along[near, j] for j, near in enumerate(self.near)]
        self.rates = [lines.direction[near] @ self.velocity[j] for j, near in enumerate(self.near)]
        self.since = np.zeros(len(self.near))
        self.next = np.full(len(self.near), np.inf)
        self.which = np.zeros(len(self.near), dtype=np.int64)
        for j in range(len(self.near)):
            self._look_ahead(j)

    def advance(self) -> bool:
        """Go to the next kink, and cross it or go on along it; False where the way ended before."""
        velocity = np.append(self.velocity, self.drift)
        slope, curve = float(self.slope @ velocity), float(self.curve @ velocity)
        if not (slope < 0 < curve):
            return False
        end = min(1.0, self.time - slope / curve)
        j = int(np.argmin(self.next))
        last = self.next[j] >= end
        step = (end if last else float(self.next[j])) - self.time
        self.way += step * self.velocity
        self.shift += step * self.drift
        self.slope += step * self.curve
        self.time += step
        self.moved = self.moved or step > 0
        if not last:
            self._meet(j)
        return not last

    def _meet(self, j: int) -> None:
        problem, place = self.station.problem, int(self.which[j])
        self.values[j] = self.values[j] + (self.time - self.since[j]) * self.rates[j]
        self.since[j] = self.time
        line, rate = int(self.near[j][place]), float(self.rates[j][place])
        direction, width = problem.lines.direction[line], problem.width
        block = slice(j * width, (j + 1) * width)
        jump = float(self.bends[line]) * float(self.station.outer[j])
        if jump > 0 and float(self.slope[block] @ self.velocity[j]) + jump * abs(rate) >= 0:
            self.held[line, j] = True
            self.changed.add(j)
            basis = flat(problem, self.held[:, j])
            assert basis is not None
            turned = basis @ (basis.T @ self.velocity[j])
            self.curve += self.moments[:, block] @ (turned - self.velocity[j])
            self.velocity[j] = turned
            keep = np.arange(len(self.near[j])) != place
            self.near[j], self.values[j] = self.near[j][keep], self.values[j][keep]
            self.rates[j] = problem.lines.direction[self.near[j]] @ turned
        else:
            self.slope[block] += jump * np.sign(rate) * direction
            self.values[j][place] = np.copysign(0.0, rate)
        self._look_ahead(j)

    def _look_ahead(self, j: int) -> None:
        values, rates = self.values[j], self.rates[j]
        facing = (values * rates < 0) & (rates != 0)
        if not facing.any():
            self.next[j] = np.inf
            return
        times = np.full(len(values), np.inf)
        times[facing] = -values[facing] / rates[facing]
        self.which[j] = int(np.argmin(times))
        self.next[j] = self.since[j] + times[self.which[j]]
