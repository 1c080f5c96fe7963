"""Many small ReLU networks trained at once: blocks of networks for the compiled kernel, and the plain loop that says the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil

import numpy as np

from theodolite._typing import Array, Parameters
from theodolite.relu._problem import Problem

__all__ = ["Fleet", "plain_step", "runs_together", "train", "training_rate"]

_TOGETHER = 2**20
"""Numbers that plain array code works on at a time."""

_KERNEL_AT_MOST = 1024
"""Networks with more numbers than this are no longer small: plain matrix products are as fast, and need no stack."""


@dataclass
class Fleet:
    """Networks side by side: ``weights`` (runs, h, d), ``outer`` (runs, h), ``offsets`` (runs,)."""

    weights: Array
    outer: Array
    offsets: Array

    @classmethod
    def of(cls, params: Parameters, biased: bool) -> Fleet:
        """Return the networks with these parameters, one entry per run in front of each array."""
        weights, *rest = params
        if biased:
            weights = np.concatenate([weights, rest.pop(0)[:, :, None]], axis=2)
        outer = rest.pop(0)
        return cls(np.array(weights), np.array(outer), np.array(rest.pop(0)) if rest else np.zeros(len(outer)))

    def put_into(self, params: Parameters, biased: bool) -> None:
        """Write these networks into the arrays that they were read from."""
        found = [self.weights[:, :, :-1], self.weights[:, :, -1]] if biased else [self.weights]
        for part, values in zip(params, (*found, self.outer, self.offsets), strict=False):
            part[...] = values

    def losses(self, problem: Problem) -> Array:
        """Return the loss of each network."""
        found = np.empty(len(self.outer))
        size = runs_together(problem, self)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(found), size):
                rows = slice(start, start + size)
                after, _ = _hidden(problem, self.weights[rows])
                error = _error(problem, after, self.outer[rows], self.offsets[rows])
                found[rows] = problem.scale * (error**2).sum(axis=1)
        return found

    def part(self, rows: slice) -> Fleet:
        """Return some of these networks, sharing their numbers."""
        return Fleet(self.weights[rows], self.outer[rows], self.offsets[rows])

    def zeros(self) -> Fleet:
        """Return velocities of zero."""
        return Fleet(np.zeros_like(self.weights), np.zeros_like(self.outer), np.zeros_like(self.offsets))


def runs_together(problem: Problem, fleet: Fleet) -> int:
    """Return how many networks plain array code takes at a time."""
    return max(1, _TOGETHER // max(1, problem.samples * int(fleet.outer.shape[1])))


def _hidden(problem: Problem, weights: Array) -> tuple[Array, Array]:
    """Return outputs and slopes of the neurons of each network on each sample."""
    before = problem.inputs @ np.swapaxes(weights, 1, 2)
    steep = np.where(before > 0, 1.0, problem.slope)
    return before * steep, steep


def _error(problem: Problem, after: Array, outer: Array, offsets: Array) -> Array:
    return np.asarray((after @ outer[:, :, None])[:, :, 0] + offsets[:, None] - problem.targets)


def plain_step(problem: Problem, fleet: Fleet, velocity: Fleet, rate: float, momentum: float) -> None:
    """Change networks and velocities by one step, in plain array code: what the compiled kernel is tested against."""
    unit = 2 * problem.scale
    after, steep = _hidden(problem, fleet.weights)
    error = _error(problem, after, fleet.outer, fleet.offsets)
    pulled = error[:, :, None] * fleet.outer[:, None, :] * steep
    changes = (
        (fleet.weights, velocity.weights, np.swapaxes(pulled, 1, 2) @ problem.inputs),
        (fleet.outer, velocity.outer, (error[:, None, :] @ after)[:, 0]),
        (fleet.offsets, velocity.offsets, error.sum(axis=1) if problem.offset else 0.0),
    )
    for part, speed, pull in changes:
        speed *= momentum
        speed += unit * pull
        part -= rate * speed


def training_rate(problem: Problem) -> float:
    """Return a rate that suits random starts: a tenth of what the curvature in the outputs of the neurons allows."""
    size = float(np.linalg.norm(problem.inputs, 2)) + (problem.samples**0.5 if problem.offset else 0.0)
    steep = max(1.0, float(problem.slope))
    return 0.1 / max(2 * float(problem.scale) * (steep * size) ** 2, float(np.finfo(float).tiny))


def train(
    problem: Problem,
    fleet: Fleet,
    rate: float,
    momentum: float,
    steps: int,
    report: Callable[[int], None],
    stop: Callable[[], bool],
    threads: int | None = None,
) -> int:
    """Train all networks in place and return how many steps were done; fewer if ``stop`` said so between two rounds.

    ``threads`` is by default how many processors there are; it changes no number.
    """
    runs, h, d = fleet.weights.shape
    if h * (d + 5) > _KERNEL_AT_MOST:
        return _train_plainly(problem, fleet, rate, momentum, steps, report, stop)
    from theodolite.relu._training_kernel import LANES, TILE, make_training

    blocks = ceil(runs / LANES)
    threads = min(blocks, len(os.sched_getaffinity(0)) if threads is None else threads)
    parts = [_blocked(part, blocks, LANES) for part in (fleet.weights, fleet.outer, fleet.offsets)]
    velocities = [np.zeros_like(part) for part in parts]
    kernel = make_training(h, d)
    inputs = np.concatenate([problem.inputs, np.zeros((TILE, d))])
    targets = np.ascontiguousarray(problem.targets)
    unit = 2 * problem.scale
    pieces = [slice(k * blocks // threads, (k + 1) * blocks // threads) for k in range(threads)]
    size = max(1, min(steps, ceil(2e9 / (runs * len(targets) * h * (4 * d + 8)))))

    def advance(piece: slice, count: int) -> None:
        given = [part[piece] for part in (*parts, *velocities)]
        offset_rate = rate * unit if problem.offset else 0.0
        kernel(inputs, targets, problem.slope, *given, rate * unit, offset_rate, momentum, count)

    done = 0
    with ThreadPoolExecutor(threads) as pool:
        while done < steps and not stop():
            count = min(size, steps - done)
            list(pool.map(advance, pieces, [count] * threads))
            done += count
            report(done)
    for part, blocked in zip((fleet.weights, fleet.outer, fleet.offsets), parts, strict=True):
        part[...] = _unblocked(blocked, runs)
    return done


def _train_plainly(
    problem: Problem,
    fleet: Fleet,
    rate: float,
    momentum: float,
    steps: int,
    report: Callable[[int], None],
    stop: Callable[[], bool],
) -> int:
    velocity = fleet.zeros()
    size = runs_together(problem, fleet)
    pieces = [slice(start, start + size) for start in range(0, len(fleet.outer), size)]
    for done in range(steps):
        if stop():
            return done
        with np.errstate(over="ignore", invalid="ignore"):
            for rows in pieces:
                plain_step(problem, fleet.part(rows), velocity.part(rows), rate, momentum)
        report(done + 1)
    return steps


def _blocked(part: Array, blocks: int, lanes: int) -> Array:
    """Return networks in blocks with the network last, the last block filled up with zeros."""
    full = np.zeros((blocks * lanes, *part.shape[1:]))
    full[: len(part)] = part
    return np.ascontiguousarray(np.moveaxis(full.reshape(blocks, lanes, *part.shape[1:]), 1, -1))


def _unblocked(blocked: Array, runs: int) -> Array:
    """Return networks one after the other."""
    return np.moveaxis(blocked, -1, 1).reshape(-1, *blocked.shape[1:-1])[:runs]
