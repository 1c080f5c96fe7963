r"""Many steps at once, in floats, for large problems: down a model of S nearby that knows its kinks but not every sample.

Around a station the model has the gradient, the second moments, and for every line of rows within reach of a neuron the jump of
the gradient across it, all as they are at the station. It ignores that errors and second moments change on the way, which is
little on a short one. Ways towards its minimisers bend: a neuron that meets a kink it should not cross goes on along it, and
leaves it when its own test fails. Where the model ends S is computed, and S is what decides.
"""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.relu._gram import Gram
from theodolite.relu._station import Move, Station, arrive, flat, onto

__all__ = ["bend"]

_STEPS = 100
"""Minimisers of faces that one model goes to."""

_EVENTS = 20_000
"""Kinks that one way to a minimiser may meet."""

_REACH = 3.0
_NEAR = 4
"""A neuron may go as far as so many times its first step, or to so many lines for each of its weights."""


def bend(station: Station, move: Move, gram: Gram) -> Station | None:
    """Return where a model around ``station`` has its minimum, ``move`` being the first step; None if S is not lower there."""
    model = _Model(station, move, gram)
    ends: list[tuple[Array, float, Array, Array]] = []
    for _ in range(_STEPS):
        arrived = model.follow()
        if not ends:
            ends.append(model.end())
        if not model.inside() or not model.moved or (arrived and not model.release()):
            break
        model.aim()
    for weights, offset, held, terms in [model.end(), *ends]:
        there = _at(station, weights, offset, held, terms)
        if there.sse < station.sse:
            return there
    return None


def _at(station: Station, weights: Array, offset: float, held: Array, terms: Array) -> Station:
    bases, weights = list(station.bases), weights.copy()
    for j in np.flatnonzero((held != station.held).any(axis=0)):
        bases[j] = flat(station.problem, held[:, j])
        weights[j] = onto(station.problem, bases[j], weights[j])
    return arrive(station.problem, weights, station.outer, offset, held, tuple(bases), terms)


class _Model:
    """Position, velocity and gradient on the way, and the lines near each neuron: on which side it is and how far."""

    def __init__(self, station: Station, move: Move, gram: Gram) -> None:
        problem, lines = station.problem, station.problem.lines
        self.station, self.gram, self.directions, self.width = station, gram, lines.direction, problem.width
        self.held, self.bases = station.held.copy(), list(station.bases)
        self.way, self.shift = np.zeros_like(station.weights), 0.0
        self.velocity, self.drift = move.weights.copy(), float(move.offset)
        sides = station.slopes(station.before) * station.outer
        self.slope = np.append((sides * station.error[:, None]).T @ problem.inputs, station.error.sum())
        present = lines.line >= 0
        ahead, behind = (
            np.bincount(
                lines.line[present],
                np.maximum(sign * lines.coefficient, 0)[present] * station.error[present],
                lines.count,
            )
            for sign in (1, -1)
        )
        self.right = np.outer(ahead - problem.slope * behind, station.outer)
        self.left = np.outer(behind - problem.slope * ahead, station.outer)
        sizes = np.linalg.norm(lines.direction, axis=1)
        apart = np.abs(station.along) / sizes[:, None]
        some = min(_NEAR * problem.width, lines.count - 1)
        self.reach = np.maximum(_REACH * np.linalg.norm(self.velocity, axis=1), np.partition(apart, some, axis=0)[some])
        self.reach[station.outer == 0] = 0.0
        close = (apart <= self.reach) & ~self.held & (station.outer != 0)
        self.near = [np.flatnonzero(column) for column in close.T]
        self.values = [station.along[near, j] for j, near in enumerate(self.near)]
        self.sides = [np.sign(values) for values in self.values]
        self.moved = False

    def end(self) -> tuple[Array, float, Array, Array]:
        """Return weights, output bias, what is held, and the sizes of the sums that the weights are."""
        here = self.station
        return (
            here.weights + self.way,
            here.offset + self.shift,
            self.held.copy(),
            np.abs(here.weights) + np.abs(self.way),
        )

    def inside(self) -> bool:
        """Whether all neurons are where the model has all kinks."""
        return bool((np.linalg.norm(self.way, axis=1) < (1 - 1e-9) * self.reach + (self.reach == 0)).all())

    def aim(self) -> None:
        """Take the step to the minimiser of the face as velocity."""
        found = self.gram.towards(self.station.outer, self.bases, self.slope)
        self.velocity, self.drift = found[:-1].reshape(self.velocity.shape), float(found[-1])
        free = self.reach > 0
        self.velocity[~free] = 0

    def follow(self) -> bool:
        """Go the way of the velocity, bent at kinks, for as long as S falls; return whether it went straight to its end."""
        self.curve = self.gram.matrix @ np.append(self.velocity, self.drift)
        count = len(self.near)
        self.time, self.moved = 0.0, False
        self.since, self.next, self.which = np.zeros(count), np.full(count, np.inf), np.zeros(count, dtype=np.int64)
        self.rates = [self.directions[near] @ self.velocity[j] for j, near in enumerate(self.near)]
        self.leaves = self._leaves()
        for j in range(count):
            self._look_ahead(j)
        straight = True
        for _ in range(_EVENTS):
            slope = float(self.slope[:-1] @ self.velocity.ravel() + self.slope[-1] * self.drift)
            curve = float(self.curve[:-1] @ self.velocity.ravel() + self.curve[-1] * self.drift)
            if not (slope < 0 < curve):
                straight = straight and self.time > 0 and abs(slope) <= 1e-9 * curve
                break
            end = min(1.0, self.time - slope / curve, self.leaves)
            straight = straight and end >= 1 - 1e-6
            j = int(np.argmin(self.next))
            last = self.next[j] >= end
            step = (end if last else max(float(self.next[j]), self.time)) - self.time
            self.way += step * self.velocity
            self.shift += step * self.drift
            self.slope += step * self.curve
            self.time += step
            self.moved = self.moved or step > 0
            if last:
                break
            straight = self._meet(j) and straight
        for j in range(count):
            self._catch_up(j)
        return straight

    def release(self) -> bool:
        """Let every neuron leave the kink across which S falls fastest; return whether one does."""
        found = False
        for j in np.flatnonzero(self.held.any(axis=0) & (self.station.outer != 0) & (self.reach > 0)).tolist():
            lines = np.flatnonzero(self.held[:, j])
            rows = self.directions[lines]
            if len(lines) > self.width or np.linalg.matrix_rank(rows) < len(lines):
                continue
            share = np.linalg.lstsq(rows.T, self.slope[self._block(j)], rcond=None)[0]
            slopes = np.concatenate([self.right[lines, j] + share, self.left[lines, j] - share])
            scale = np.concatenate(
                [np.abs(self.right[lines, j]) + np.abs(share), np.abs(self.left[lines, j]) + np.abs(share)]
            )
            if not (slopes < -1e-9 * scale).any():
                continue
            worst, found = int(np.argmin(slopes)), True
            line, side = int(lines[worst % len(lines)]), 1.0 if worst < len(lines) else -1.0
            self.held[line, j] = False
            self.bases[j] = flat(self.station.problem, self.held[:, j])
            self.slope[self._block(j)] += self._pull(line, j, side)
            self.near[j] = np.append(self.near[j], line)
            self.values[j] = np.append(self.values[j], 0.0)
            self.sides[j] = np.append(self.sides[j], side)
        return found

    def _block(self, j: int) -> slice:
        return slice(j * self.width, (j + 1) * self.width)

    def _pull(self, line: int, j: int, side: float) -> Array:
        """Return what a line adds to the gradient of a neuron on one side of it."""
        return np.asarray((self.right[line, j] if side > 0 else -self.left[line, j]) * self.directions[line])

    def _leaves(self) -> float:
        """Return when the first neuron leaves the region of the model on a straight way."""
        squares, speeds = (self.way**2).sum(axis=1), (self.velocity**2).sum(axis=1)
        along = (self.way * self.velocity).sum(axis=1)
        fast = speeds > 0
        room = np.maximum(self.reach[fast] ** 2 - squares[fast], 0.0)
        times = (np.sqrt(along[fast] ** 2 + speeds[fast] * room) - along[fast]) / speeds[fast]
        return float(times.min(initial=np.inf))

    def _catch_up(self, j: int) -> None:
        self.values[j] = self.values[j] + (self.time - self.since[j]) * self.rates[j]
        self.since[j] = self.time

    def _meet(self, j: int) -> bool:
        """Cross a kink, or be held by it; return whether it was crossed."""
        self._catch_up(j)
        place = int(self.which[j])
        line, side, rate = int(self.near[j][place]), float(self.sides[j][place]), float(self.rates[j][place])
        block, jump = self._block(j), float(self.right[line, j] + self.left[line, j])
        crossed = jump <= 0 or float(self.slope[block] @ self.velocity[j]) + jump * abs(rate) < 0
        if crossed:
            self.slope[block] += self._pull(line, j, -side) - self._pull(line, j, side)
            self.sides[j][place], self.values[j][place] = -side, 0.0
        else:
            self.held[line, j], self.moved = True, True
            self.slope[block] -= self._pull(line, j, side)
            self.bases[j] = basis = flat(self.station.problem, self.held[:, j])
            assert basis is not None
            turned = basis @ (basis.T @ self.velocity[j])
            self.curve += self.gram.matrix[:, block] @ (turned - self.velocity[j])
            self.velocity[j] = turned
            keep = np.arange(len(self.near[j])) != place
            self.near[j], self.values[j], self.sides[j] = (
                part[keep] for part in (self.near[j], self.values[j], self.sides[j])
            )
            self.rates[j] = self.directions[self.near[j]] @ turned
        self._look_ahead(j)
        return crossed

    def _look_ahead(self, j: int) -> None:
        facing = self.sides[j] * self.rates[j] < 0
        self.next[j] = np.inf
        if facing.any():
            times = np.full(len(facing), np.inf)
            times[facing] = np.maximum(-self.values[j][facing] / self.rates[j][facing], 0.0)
            self.which[j] = int(np.argmin(times))
            self.next[j] = self.since[j] + times[self.which[j]]
