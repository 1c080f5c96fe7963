r"""Exact descent along a ray: S is a piecewise quadratic function of the step, and its kinks are known.

Where neuron j crosses sample i, the rate of the error of i changes by :math:`(1-\gamma) s_j |x_i \cdot \dot w_j|`.
"""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.relu._ray_kernel import first_stop
from theodolite.relu._station import Move, Station, arrive, flat, onto

__all__ = ["descend"]


def descend(station: Station, move: Move, *, crossing: bool) -> Station | None:
    """Return where S stops falling along ``move``: a minimum between kinks, or the kink that blocks. None if it does not fall.

    Kinks at which S goes on falling are crossed, or with ``crossing`` false stopped at, too.
    """
    problem, number = station.problem, station.problem.number
    directions = problem.lines.direction
    change = problem.product(directions, move.weights.T)
    change[station.held & ~move.released] = number(0)
    towards = station.rows(change)
    ahead = np.where(station.before != 0, station.before, towards)
    rate = (station.slopes(ahead) * towards * station.outer).sum(axis=1) + move.offset
    slope, curve = station.error @ rate, rate @ rate
    if not (slope < 0 and curve > 0):
        return None
    with np.errstate(over="ignore"):
        lines, neurons = np.nonzero((np.sign(station.along) * np.sign(change) < 0) & (station.outer != 0))
        times = -station.along[lines, neurons] / change[lines, neurons]
    reach = -slope / curve
    while True:
        near = times <= reach
        found = _events(station, towards, lines[near], neurons[near], times[near])
        last = bool(near.all())
        run = first_stop.py_func if problem.exact else first_stop
        seen = problem.zeros(problem.samples)
        step, event = run(station.error.copy(), rate.copy(), seen, slope, curve, *found, crossing)
        if event != -2 or last or step <= reach:
            break
        reach = reach * 4
    if not step > 0 and not problem.exact:
        return None
    weights = station.weights + step * move.weights
    offset = station.offset + step * move.offset
    held, bases = station.held & ~move.released, list(station.bases)
    changed = np.flatnonzero(move.released.any(axis=0))
    if event >= 0:
        at = (times == step) if problem.exact else np.abs(times - step) <= 2.0**-50 * abs(step)
        held[lines[at], neurons[at]] = True
        changed = np.union1d(changed, neurons[at])
    for j in changed:
        bases[j] = flat(problem, held[:, j])
        weights[j] = onto(problem, bases[j], weights[j])
    terms = np.abs(station.weights) + step * np.abs(move.weights)
    return arrive(problem, weights, station.outer, offset, held, tuple(bases), terms)


def _events(station: Station, towards: Array, lines: Array, neurons: Array, times: Array) -> tuple[Array, Array, Array]:
    """Return samples, jumps of their rates and times of the kinks on the way, in the order of times."""
    problem = station.problem
    numbers = problem.lines.line
    order = np.argsort(numbers, kind="stable")
    first = np.searchsorted(numbers[order], np.arange(problem.lines.count + 1))
    counts = (first[1:] - first[:-1])[lines]
    each = np.repeat(np.arange(len(lines)), counts)
    within = np.arange(len(each)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = order[first[lines][each] + within]
    jumps = (1 - problem.slope) * np.abs(towards[rows, neurons[each]]) * station.outer[neurons[each]]
    when = times[each]
    by_time = np.argsort(when, kind="stable")
    return rows[by_time], jumps[by_time], when[by_time]
