"""Ways on from a minimum of the quadratic on a face: off kinks on which the loss falls, and away from z = 0."""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.relu._conditions import Condition, neuron_condition
from theodolite.relu._station import Move, Station, arrive

__all__ = ["conditions", "off_kinks", "off_zero"]

_DRAWS = 64
"""Random directions that are tried where deciding a neuron is too much work."""


def conditions(station: Station) -> list[Condition]:
    """Return the condition of every neuron."""
    problem = station.problem
    noise = None if problem.exact else station.noise
    found = []
    for j, outer in enumerate(station.outer.tolist()):
        condition = neuron_condition(problem, station.error, station.signs[:, j], outer, noise=noise)
        found.append(_tried(station, j) or condition if condition.holds is None and outer else condition)
    return found


def off_kinks(station: Station, found: list[Condition]) -> Move | None:
    """Return a direction in which S falls, put together from those of all neurons that fail with z != 0."""
    problem = station.problem
    weights = problem.zeros(*station.weights.shape)
    released = np.zeros_like(station.held)
    for j, condition in enumerate(found):
        v = condition.direction
        if v is None or condition.holds is not False or not station.outer[j]:
            continue
        across = problem.product(problem.lines.direction, v[:, None])[:, 0]
        blur = 0 if problem.exact else 2.0**-40 * (np.abs(problem.lines.direction) @ np.abs(v))
        released[:, j] = station.held[:, j] & (np.abs(across) > blur)
        towards = station.rows(np.where(station.held[:, j] & ~released[:, j], problem.number(0), across)[:, None])[:, 0]
        turned = station.slopes(np.where(station.before[:, j] != 0, station.before[:, j], towards)) * towards
        slope, curve = station.error @ turned * station.outer[j], turned @ turned
        if slope < 0:
            weights[j] = v * (-slope / curve)
        else:  # of the noise of floats alone
            released[:, j] = False
    if not (weights != 0).any():
        return None
    return Move(weights, problem.number(0), released)


def off_zero(station: Station, found: list[Condition]) -> Station | None:
    """Return the station with the neurons switched on that have z = 0 and can lower S, on weights that they are free to take."""
    problem, here = station.problem, station
    for j, condition in enumerate(found):
        if condition.direction is None or condition.holds is not False or station.outer[j]:
            continue
        best, outputs = _best(here, j, condition.direction)
        if best is None:
            continue
        z = -(here.error @ outputs) / (outputs @ outputs)
        weights, outer = here.weights.copy(), here.outer.copy()
        weights[j], outer[j] = best * abs(z), 1 if z > 0 else -1
        bases, held = list(here.bases), here.held.copy()
        bases[j], held[:, j] = None, False
        here = arrive(problem, weights, outer, here.offset, held, tuple(bases))
    return None if here is station else here


def _best(station: Station, neuron: int, v: Array) -> tuple[Array | None, Array]:
    """Return the weights, of a few on both sides of where the neuron is, whose outputs explain most of the error."""
    problem, here = station.problem, station.weights[neuron]
    directions = problem.lines.direction
    values, change = directions @ here, directions @ v
    facing = np.asarray((values * change < 0), dtype=bool)
    times = np.sort(-values[facing] / change[facing])[:8]
    steps = [problem.number(0), problem.number(1), problem.number(64)]
    steps += [times[0] / 2, *times] if len(times) else []
    candidates = [here + step * v for step in steps] + [v, -v, -here]
    best, most, kept = None, problem.number(0), problem.zeros(problem.samples)
    for weights in candidates:
        outputs = problem.activate(problem.product(problem.inputs, weights[:, None])[:, 0])
        size = outputs @ outputs
        gain = (station.error @ outputs) ** 2 / size if size > 0 else size
        if gain > most:
            best, most, kept = weights, gain, outputs
    return best, kept


def _tried(station: Station, neuron: int) -> Condition | None:
    """Return a failed condition if one of some random directions lowers S."""
    problem, source = station.problem, np.random.default_rng(neuron)
    scale = problem.array(np.ldexp(1.0, -np.frexp(np.abs(problem.as_float.inputs).max(axis=0))[1]))
    draws = problem.array(source.integers(-99, 100, (_DRAWS, problem.width))) * scale
    towards = station.rows(problem.product(problem.lines.direction, draws.T))
    here = station.before[:, [neuron]]
    turned = station.slopes(np.where(here != 0, here, towards)) * towards
    slopes = problem.product((station.error * station.outer[neuron])[None, :], turned)[0]
    blur = 0 if problem.exact else 1e3 * (station.noise @ np.abs(turned))
    falls = np.flatnonzero(slopes + blur < 0)
    if not len(falls):
        return None
    best = int(falls[np.argmin(slopes[falls])])
    return Condition(False, "a random direction", draws[best], slopes[best])
