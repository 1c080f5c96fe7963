"""Off kinks at which the loss does not rise: a minimum that goes on to one side is easier to judge away from its edge."""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.relu._one_sided import one_sided
from theodolite.relu._station import Station, arrive, flat

__all__ = ["loosened"]

_MOST = 400
"""Weights up to which null spaces are computed."""

_LEVEL = 1e3
"""A slope is 0 if it is below its round-off by this factor."""


def loosened(station: Station) -> Station | None:
    """Return a station of the same outputs on fewer kinks, in floats; None if there is none to be found.

    Neurons may leave a kink towards a side on which S does not rise to first order, if some change of all weights that no output
    sees takes them there. Of such changes the one that leads deepest is taken.
    """
    problem = station.problem
    if problem.exact or station.weights.size > _MOST:
        return None
    level = [tie for j in np.flatnonzero(station.outer != 0) for tie in _level(station, int(j))]
    for chosen in [level, *([tie] for tie in level)] if len(level) > 1 else [level]:
        found = _released(station, chosen) if chosen else None
        if found is not None:
            return found
    return None


def _level(station: Station, neuron: int) -> list[tuple[int, int, int]]:
    """Return the kinks of a neuron that S does not rise from on one side, as line, neuron and side; lines are independent."""
    if not station.held[:, neuron].any():
        return []
    outer = int(station.outer[neuron])
    form = one_sided(station.problem, station.error, station.signs[:, neuron], outer, station.noise)
    scale = np.linalg.norm(form.directions, axis=1)
    units = form.directions / scale[:, None]
    if np.linalg.matrix_rank(units, 1e-9) < len(units):
        return []
    share = np.linalg.lstsq(units.T, form.linear, rcond=None)[0] / scale
    blur = np.linalg.lstsq(np.abs(units).T, form.linear_noise, rcond=None)[0]
    noise = np.abs(blur).sum() / scale + form.right_noise + form.left_noise
    noise += np.finfo(np.float64).eps * np.linalg.norm(form.linear) / scale
    found = []
    for k, line in enumerate(form.lines.tolist()):
        for side, slope in ((-1, form.left[k] - share[k]), (1, form.right[k] + share[k])):
            if abs(slope) <= _LEVEL * noise[k]:
                found.append((line, neuron, side))
                break
    return found


def _released(station: Station, chosen: list[tuple[int, int, int]]) -> Station | None:
    problem = station.problem
    places, sides = np.array([tie[:2] for tie in chosen]), np.array([tie[2] for tie in chosen])
    kept = station.held.copy()
    kept[places[:, 0], places[:, 1]] = False
    bases = tuple(flat(problem, held) for held in kept.T)
    found = _across(station, bases, places, sides)
    if found is None:
        return None
    weights, offset = found
    step = _room(station, weights)
    there = arrive(
        problem, station.weights + step * weights, station.outer, station.offset + step * offset, kept, bases
    )
    same = there.sse <= station.sse * (1 + 1e-12) + station.noise @ station.noise
    return there if same and there.held.sum() < station.held.sum() else None


def _across(
    station: Station, bases: tuple[Array | None, ...], places: Array, sides: Array
) -> tuple[Array, float] | None:
    """Return a change of weights and output bias that no output sees and that takes neurons to these sides of their lines."""
    from scipy.linalg import null_space
    from scipy.optimize import linprog

    problem = station.problem
    directions = problem.lines.direction / np.linalg.norm(problem.lines.direction, axis=1)[:, None]
    along = station.along.copy()
    along[places[:, 0], places[:, 1]] = sides
    slopes = station.slopes(station.rows(along)) * station.outer
    spans = [np.eye(problem.width) if basis is None else basis for basis in bases]
    blocks = [slopes[:, [j]] * (problem.inputs @ span) for j, span in enumerate(spans)]
    blocks.append(np.ones((problem.samples, int(problem.offset))))
    columns = np.concatenate(blocks, axis=1)
    sizes = np.linalg.norm(columns, axis=0)
    sizes[sizes == 0] = 1.0
    kernel = null_space(columns / sizes, rcond=1e-10) / sizes[:, None]
    if not kernel.shape[1]:
        return None
    ends = np.cumsum([0, *(span.shape[1] for span in spans)])
    parts = [span @ kernel[ends[j] : ends[j + 1]] for j, span in enumerate(spans)]
    rows = np.array(
        [s * directions[line] @ parts[j] for (line, j), s in zip(places.tolist(), sides.tolist(), strict=True)]
    )
    scale = np.abs(rows).max(initial=0.0)
    if not scale > 0:
        return None
    system = np.hstack([-rows / scale, np.ones((len(rows), 1))])
    bounds = [(-1.0, 1.0)] * kernel.shape[1] + [(0.0, 1.0)]
    found = linprog(np.append(np.zeros(kernel.shape[1]), -1.0), system, np.zeros(len(rows)), bounds=bounds)
    if found.x is None or found.x[-1] < 1e-6:
        return None
    chosen = found.x[:-1]
    offset = float(kernel[-1] @ chosen) if problem.offset else 0.0
    return np.array([part @ chosen for part in parts]), offset


def _room(station: Station, weights: Array) -> float:
    """Return half of the way to the first other kink, or a step as long as the weights."""
    problem = station.problem
    change = problem.lines.direction @ weights.T
    with np.errstate(divide="ignore", invalid="ignore"):
        times = np.where(station.along * change < 0, -station.along / change, np.inf)
    times[:, station.outer == 0] = np.inf
    size = float(np.abs(station.weights).max(initial=0.0)) or 1.0
    return float(min(times.min(initial=np.inf) / 2, size / (np.abs(weights).max() or 1.0)))
