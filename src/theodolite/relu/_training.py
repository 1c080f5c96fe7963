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

__all__ = ["Fleet", "plain_step", "train", "training_rate"]

_BLOCK = 4096
"""Networks that are worked on together in plain array code."""


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
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(found), _BLOCK):
                rows = slice(start, start + _BLOCK)
                before = np.einsum("rhd,nd->rnh", self.weights[rows], problem.inputs)
                after = np.where(before > 0, before, problem.slope * before)
                error = np.einsum("rnh,rh->rn", after, self.outer[rows]) + self.offsets[rows, None] - problem.targets
                found[rows] = problem.scale * (error**2).sum(axis=1)
        return found

    def zeros(self) -> Fleet:
        """Return velocities of zero."""
        return Fleet(np.zeros_like(self.weights), np.zeros_like(self.outer), np.zeros_like(self.offsets))


def plain_step(problem: Problem, fleet: Fleet, velocity: Fleet, rate: float, momentum: float) -> tuple[Fleet, Fleet]:
    """Return networks and velocities after one step, in plain array code: what the compiled kernel is tested against."""
    unit = 2 * problem.scale
    before = np.einsum("rhd,nd->rnh", fleet.weights, problem.inputs)
    steep = np.where(before > 0, 1.0, problem.slope)
    after = before * steep
    error = np.einsum("rnh,rh->rn", after, fleet.outer) + fleet.offsets[:, None] - problem.targets
    pulled = error[:, :, None] * fleet.outer[:, None, :] * steep
    moved = Fleet(
        momentum * velocity.weights + unit * np.einsum("rnh,nd->rhd", pulled, problem.inputs),
        momentum * velocity.outer + unit * np.einsum("rn,rnh->rh", error, after),
        momentum * velocity.offsets + (unit * error.sum(axis=1) if problem.offset else 0.0),
    )
    changed = Fleet(
        fleet.weights - rate * moved.weights, fleet.outer - rate * moved.outer, fleet.offsets - rate * moved.offsets
    )
    return changed, moved


def training_rate(problem: Problem) -> float:
    """Return a rate that suits random starts: a tenth of what the curvature in the outputs allows."""
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
    from theodolite.relu._training_kernel import LANES, make_training

    runs, h, d = fleet.weights.shape
    blocks = ceil(runs / LANES)
    threads = min(blocks, len(os.sched_getaffinity(0)) if threads is None else threads)
    parts = [_blocked(part, blocks, LANES) for part in (fleet.weights, fleet.outer, fleet.offsets)]
    velocities = [np.zeros_like(part) for part in parts]
    kernel = make_training(h, d)
    inputs, targets = np.ascontiguousarray(problem.inputs), np.ascontiguousarray(problem.targets)
    unit = 2 * problem.scale
    pieces = [slice(k * blocks // threads, (k + 1) * blocks // threads) for k in range(threads)]
    size = max(1, min(steps, ceil(2e9 / (runs * len(inputs) * h * (4 * d + 8)))))

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


def _blocked(part: Array, blocks: int, lanes: int) -> Array:
    """Return networks in blocks with the network last, the last block filled up with zeros."""
    full = np.zeros((blocks * lanes, *part.shape[1:]))
    full[: len(part)] = part
    return np.ascontiguousarray(np.moveaxis(full.reshape(blocks, lanes, *part.shape[1:]), 1, -1))


def _unblocked(blocked: Array, runs: int) -> Array:
    """Return networks one after the other."""
    return np.moveaxis(blocked, -1, 1).reshape(-1, *blocked.shape[1:-1])[:runs]
