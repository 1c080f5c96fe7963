"""Linear least squares in either arithmetic, and the quadratic that the sum of squares is on a face of a cell."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped

from theodolite._numerics import column_equilibrated, exact_product, exact_solve
from theodolite._typing import Array
from theodolite.relu._gram import Gram
from theodolite.relu._station import Move, Station

__all__ = ["Quadratic", "large", "least_squares"]

_LARGE = 3 * 10**6
"""From so many multiplications on, second moments are cheaper than least squares with all columns."""


def least_squares(columns: Shaped[np.ndarray, "n p"], right: Array) -> Array:
    """Return one minimiser r of \\|columns r - right\\|, for a vector or a matrix of right sides; exact for Fractions.

    Fractions solve the normal equations, which always have a solution; columns that depend on those to their left get 0.
    Floats scale columns by powers of two and take the solution of smallest norm of the scaled problem.
    """
    flat = right.reshape(len(right), -1)
    if columns.dtype == object:
        moments = exact_product(columns.T, np.concatenate([columns, flat], axis=1))
        width = columns.shape[1]
        found = (
            exact_solve(moments[:, :width], moments[:, width:]) if width else moments[:, :0].reshape(0, flat.shape[1])
        )
    else:
        scaled, exponents = column_equilibrated(columns)
        found = np.ldexp(np.linalg.lstsq(scaled, flat, rcond=None)[0], -exponents[:, None])
    return found.reshape(columns.shape[1], *right.shape[1:])


def large(station: Station) -> bool:
    """Whether a descent in floats from here keeps second moments."""
    return not station.problem.exact and station.problem.samples * station.weights.size**2 > _LARGE


class Quadratic:
    """The quadratics that S is on faces of cells, for one descent.

    Small problems and rational ones solve least squares with all columns written out, large ones keep their second moments.
    """

    def __init__(self, station: Station) -> None:
        self.gram = Gram(station.problem, len(station.weights)) if large(station) else None

    def step(self, station: Station) -> Move | None:
        """Return the step to a minimiser of the quadratic around ``station``, kinks kept; None if there is none to take.

        In floats a gain below the round-off of the errors is none.
        """
        problem = station.problem
        found = _written_out(station) if self.gram is None else self.gram.step(station)
        move = Move(found[:-1].reshape(station.weights.shape), found[-1], np.zeros_like(station.held))
        gain = (station.slopes(station.before) * station.outer * problem.product(problem.inputs, move.weights.T)).sum(
            axis=1
        ) + move.offset
        if problem.exact:
            return move if (gain != 0).any() else None
        return move if np.linalg.norm(gain) > np.linalg.norm(station.noise) else None


def _written_out(station: Station) -> Array:
    """Return the changes of all weights, row after row, and of the output bias, to a minimiser."""
    problem = station.problem
    changes, blocks, places = problem.zeros(*station.weights.shape), [], []
    for j in np.flatnonzero(station.outer != 0):
        basis = station.bases[j]
        moved = problem.inputs if basis is None else problem.product(problem.inputs, basis)
        blocks.append((station.slopes(station.before[:, j]) * station.outer[j])[:, None] * moved)
        places.append(j)
    blocks.append(np.full((problem.samples, int(problem.offset)), problem.number(1), dtype=problem.inputs.dtype))
    found, at = -least_squares(np.concatenate(blocks, axis=1), station.error), 0
    for j, block in zip(places, blocks, strict=False):
        part, at = found[at : at + block.shape[1]], at + block.shape[1]
        basis = station.bases[j]
        changes[j] = part if basis is None else basis @ part
    return np.append(changes, found[-1] if problem.offset else problem.number(0))
