r"""A network with prescribed kinks: neurons along a straight line of weights that crosses every line of rows once.

On the weights :math:`w(t) = q + t\theta` row i is zero at one time, the same for all rows of its line. Second differences over
the crossing times leave :math:`(1-\gamma)|x_i \cdot \theta|` on the rows of one line and nothing elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Shaped

from theodolite._numerics import to_floats
from theodolite._typing import Array
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem

__all__ = ["network"]


@dataclass(frozen=True, eq=False)
class Pencil:
    """Times at which the weights cross the lines, in rising order, one time before and one after; ``order`` names the lines."""

    start: Array
    way: Array
    times: Array
    order: Array

    def weights(self) -> Array:
        """Return the weights at all times, one row each."""
        return np.asarray(self.start + self.times[:, None] * self.way)


def network(
    problem: Problem,
    kinks: Shaped[np.ndarray, "p k"],
    linear: Shaped[np.ndarray, "d k"],
    offset: Shaped[np.ndarray, " k"],
    two_sided: bool,
) -> Point:
    """Return a network with outputs ``kinks[line] |c_i| + x_i . linear + offset``.

    It has at most as many neurons as lines, and if lines have rows on both sides, two more and one for each output.
    """
    gamma, pencil = problem.slope, _pencil(problem)
    half = (1 - gamma) / (1 + gamma)
    kinks = kinks - half * np.abs(problem.product(problem.lines.direction, linear))
    steep = (1 - gamma) * np.abs(problem.product(problem.lines.direction, pencil.way[:, None]))
    outer = _tents(problem, pencil, kinks / steep)
    if not two_sided:
        outer = _shortened(problem, pencil, steep, outer)
    weights = np.concatenate([pencil.weights(), linear.T])
    straight = problem.zeros(problem.outputs, problem.outputs)
    np.fill_diagonal(straight, 2 / (1 + gamma))
    outer = np.concatenate([outer, straight])
    used = np.any(outer != 0, axis=1) & np.any(weights != 0, axis=1)
    used[0] |= not used.any()
    outer = outer[used].T
    return Point(
        weights[used], outer if problem.outputs > 1 else outer[0], offset if problem.outputs > 1 else offset[0]
    )


def _tents(problem: Problem, pencil: Pencil, heights: Array) -> Array:
    """Return output weights whose second differences at the time of each line are its ``heights``."""
    gaps = (pencil.times[1:] - pencil.times[:-1])[:, None]
    ordered = heights[pencil.order]
    outer = problem.zeros(len(pencil.times), heights.shape[1])
    outer[:-2] += ordered / gaps[:-1]
    outer[2:] += ordered / gaps[1:]
    outer[1:-1] -= ordered / gaps[:-1] + ordered / gaps[1:]
    return outer


def _shortened(problem: Problem, pencil: Pencil, steep: Array, outer: Array) -> Array:
    """Return output weights of the same network with two neurons fewer; no line has rows on both sides.

    Outputs of any weights w are then those of tents of heights s(u . w), so that the first neuron and the last slope are
    combinations of tents: two relations, each of which takes one neuron away.
    """
    last = problem.zeros(len(pencil.times), 1)
    gap = pencil.times[-1] - pencil.times[-2]
    last[-1], last[-2] = 1 / gap, -1 / gap
    first = problem.zeros(len(pencil.times), 1)
    first[0] = problem.number(1)
    relations = []
    for chosen, weights in ((last, pencil.way), (first, pencil.weights()[0])):
        values = problem.activate(problem.product(problem.lines.direction, weights[:, None]))
        relations.append((chosen - _tents(problem, pencil, values / steep))[:, 0])
    for place in range(2):
        relation = relations[place]
        pivot = int(np.argmax(np.abs(relation)))
        if relation[pivot] == 0:
            continue
        relation = relation / relation[pivot]
        outer = outer - relation[:, None] * outer[pivot]
        outer[pivot] = problem.number(0)
        relations = [other - relation * other[pivot] for other in relations]
    return outer


def _pencil(problem: Problem) -> Pencil:
    """Return a pencil that meets all lines at different times: of a few random ones that whose times are best apart."""
    source, directions = np.random.default_rng(0), problem.lines.direction
    exponents = np.frexp(to_floats(np.abs(directions).max(axis=0, initial=problem.number(0))))[1]
    units = problem.array([Fraction(2) ** -int(e) for e in exponents])
    best: Pencil | None = None
    clearest = 0.0
    reach = 2
    while best is None or (reach < 2**12 and not problem.exact):
        reach *= 2
        way, start = (problem.array(source.integers(-reach, reach + 1, problem.width)) * units for _ in range(2))
        if not directions.size:
            return Pencil(start, way, problem.array([0, 1]), np.zeros(0, dtype=np.int64))
        speeds = problem.product(directions, way[:, None])[:, 0]
        if np.any(speeds == 0):
            continue
        times = -problem.product(directions, start[:, None])[:, 0] / speeds
        order = np.argsort(times, kind="stable")
        times = times[order]
        apart = float(min(times[1:] - times[:-1], default=1)) / (1 + float(times[-1] - times[0]))
        if apart > clearest:
            clearest = apart
            ends = problem.array([times[0] - 1, times[-1] + 1])
            best = Pencil(start, way, np.concatenate([ends[:1], times, ends[1:]]), order)
    return best
