"""The way down to first order: the best of moving the output bias, the weights that count, or an output weight that is 0."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped

from theodolite._typing import Array
from theodolite.relu._conditions import Condition
from theodolite.relu._correction import kept
from theodolite.relu._inertia import slopes_of
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reading import Reading, blocks, sse_change
from theodolite.relu._ways_out import Move, shift_offset, shift_output, shift_weights

__all__ = ["descend", "pulled"]


def pulled(problem: Problem, reading: Reading) -> Shaped[np.ndarray, "h d"]:
    """Return the sum of e_i D_ij x_i for every neuron j, rows on which it is 0 left out."""
    total = problem.zeros(reading.signs.shape[1], problem.width)
    for rows in blocks(problem, reading.signs.shape[1]):
        weight = slopes_of(problem, reading.signs[rows]) * reading.error[rows][:, None]
        total = total + problem.product(weight.T, problem.inputs[rows])
    return total


def descend(
    problem: Problem, point: Point, reading: Reading, conditions: list[Condition] | None = None
) -> tuple[Move, Number] | None:
    """Return the best first-order move and by how much it lowers S; None where nothing falls.

    ``conditions`` are those of the neurons, where they are known; else only what keeps kinks is tried.
    """
    error = reading.error
    moves: list[Move | None] = []
    if problem.offset and error.sum() != 0:
        moves.append(shift_offset(problem, point, error))
    moves.append(_turn(problem, point, reading, conditions))
    moves += _grow(problem, point, reading)
    best: tuple[Move, Number] | None = None
    for move in moves:
        if move is not None:
            fall = -sse_change(problem, point, move.direction)
            if fall > 0 and (best is None or fall > best[1]):
                best = move, fall
    return best


def _turn(problem: Problem, point: Point, reading: Reading, conditions: list[Condition] | None) -> Move | None:
    """Move the weights of all neurons that count, each along its own descent, as far as the loss falls."""
    sizes = problem.array(problem.column_sizes**2)
    pulls = pulled(problem, reading)
    changes: dict[int, Array] = {}
    rate = problem.number(0)
    kinks = (reading.signs == 0).any(axis=0)
    failing = []
    for neuron in np.flatnonzero(point.outer != 0):
        z = point.outer[neuron]
        condition = None if conditions is None else conditions[neuron]
        if condition is not None and condition.holds is not False:
            continue
        if condition is not None and condition.direction is not None and condition.slope is not None and kinks[neuron]:
            v, slope = condition.direction, condition.slope
            size = (v * v * sizes).sum()
        else:
            pull = pulls[neuron]
            if kinks[neuron] and not problem.exact:
                basis = kept(problem, reading.signs[:, neuron], problem.column_sizes)
                pull = basis @ (basis.T @ (pull / problem.column_sizes)) * problem.column_sizes
            v = -(1 if z > 0 else -1) * pull / sizes
            slope, size = -(pull**2 / sizes).sum(), (pull**2 / sizes).sum()
        if size == 0:
            continue
        failing.append(int(neuron))
        changes[int(neuron)] = v * (-slope / size / abs(z))
        rate += 2 * slope * (-slope / size)
    if not changes:
        return None
    names = ", ".join(str(k) for k in failing[:3]) + (", ..." if len(failing) > 3 else "")
    across = any(kinks[k] for k in failing)
    words = f"turn neuron{'s' if len(failing) > 1 else ''} {names}{' off a kink' if across else ''}"
    return shift_weights(problem, point, reading, changes, rate, words)


def _grow(problem: Problem, point: Point, reading: Reading) -> list[Move]:
    """Let the neuron with z = 0 count whose outputs have the largest share of the errors."""
    best: tuple[float, int, Array] | None = None
    for neuron in np.flatnonzero(point.outer == 0):
        after = problem.activate(problem.product(problem.inputs, point.weights[neuron].reshape(-1, 1))[:, 0])
        pull, size = reading.error @ after, after @ after
        if size > 0 and pull != 0 and (best is None or pull * pull / size > best[0]):
            best = pull * pull / size, int(neuron), after
    return [] if best is None else [shift_output(problem, point, reading.error, best[1], best[2])]
