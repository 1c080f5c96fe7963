"""Linear least squares in either arithmetic: what a convex quadratic needs to be minimised."""

from __future__ import annotations

import numpy as np
from jaxtyping import Shaped

from theodolite._numerics import column_equilibrated, exact_product, exact_solve
from theodolite._typing import Array

__all__ = ["least_squares"]


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
