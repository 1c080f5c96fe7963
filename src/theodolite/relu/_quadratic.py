"""Linear least squares in either arithmetic, and the quadratic that the sum of squares is on a face of a cell."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped

from theodolite._numerics import column_equilibrated, exact_product, exact_solve
from theodolite._typing import Array
from theodolite.relu._station import Move, Station

__all__ = ["least_squares", "restricted_step"]


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


def restricted_step(station: Station) -> Move | None:
    """Return the step to a minimiser of the quadratic that S is around ``station``, kinks kept; None if there is none to take.

    In floats a gain below the round-off of the errors is none.
    """
    problem = station.problem
    blocks, places = [], []
    for j in np.flatnonzero(station.outer != 0):
        basis = station.bases[j]
        if basis is not None and not basis.shape[1]:
            continue
        moved = problem.inputs if basis is None else problem.product(problem.inputs, basis)
        blocks.append((station.slopes(station.before[:, j]) * station.outer[j])[:, None] * moved)
        places.append(j)
    if problem.offset:
        blocks.append(np.full((problem.samples, 1), problem.number(1), dtype=problem.inputs.dtype))
    if not blocks:
        return None
    columns = np.concatenate(blocks, axis=1)
    found = -least_squares(columns, station.error)
    gain = problem.product(columns, found[:, None])[:, 0]
    if not (gain != 0).any() or (not problem.exact and np.linalg.norm(gain) <= np.linalg.norm(station.noise)):
        return None
    weights, at = problem.zeros(*station.weights.shape), 0
    for j, block in zip(places, blocks, strict=False):
        part = found[at : at + block.shape[1]]
        at += block.shape[1]
        weights[j] = part if station.bases[j] is None else station.bases[j] @ part
    offset = found[-1] if problem.offset else problem.number(0)
    return Move(weights, offset, np.zeros_like(station.held))
