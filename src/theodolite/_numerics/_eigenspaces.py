"""The spectrum of a symmetric rational matrix on a rational subspace that it maps into itself."""

from __future__ import annotations

from theodolite._errors import DataError, ShapeError
from theodolite._numerics._algebraic import AlgebraicNumber, characteristic_roots
from theodolite._numerics._inertia import check_symmetric
from theodolite._numerics._rationals import as_fractions, column_profile, exact_inverse, exact_product
from theodolite._typing import Array

__all__ = ["spectrum_on"]


def spectrum_on(sigma: Array, basis: Array) -> list[tuple[AlgebraicNumber, int]]:
    """Return the eigenvalues of symmetric ``sigma`` on the column space of ``basis``, with multiplicities, largest first.

    The multiplicity of an eigenvalue is the dimension of the intersection of its eigenspace with the subspace. Columns of
    ``basis`` may be dependent. With B an independent choice of them, sigma B = B R, and the answer is the characteristic
    polynomial of R, factored; irrational eigenvalues come with all their conjugates, as they must.
    Raises ``DataError`` where ``sigma`` leads out of the subspace.

    >>> import numpy as np
    >>> sigma = np.diag([4, 4, 1])
    >>> [(str(value), taken) for value, taken in spectrum_on(sigma, np.array([[1, 0], [1, 0], [0, 1]]))]
    [('4', 1), ('1', 1)]
    """
    matrix, columns = as_fractions(sigma), as_fractions(basis)
    check_symmetric(matrix)
    if columns.ndim != 2 or len(columns) != len(matrix):
        raise ShapeError(
            f"A basis of shape {columns.shape} does not span a subspace for a matrix of shape {matrix.shape}"
        )
    independent = columns[:, list(column_profile(columns))]
    image = exact_product(matrix, independent)
    gram = exact_product(independent.T, independent)
    restricted = exact_product(exact_inverse(gram), independent.T, image)
    if (exact_product(independent, restricted) != image).any():
        raise DataError("A matrix leads out of the subspace on which its eigenvalues were asked for")
    return characteristic_roots(restricted)
