"""The Hessian as a SciPy linear operator on packed parameter vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from theodolite._typing import Array, Parameters

if TYPE_CHECKING:
    from theodolite._landscape import Landscape

__all__ = ["Hessian"]


class Hessian(LinearOperator):  # type: ignore[misc]
    """The symmetric matrix of second derivatives of a loss at one point, never formed unless asked for.

    ``operator @ v`` costs about as much as a few gradients; ``todense()`` forms the matrix column by column.
    """

    def __init__(self, landscape: Any, params: Parameters) -> None:
        self.landscape: Landscape = landscape
        self.params = params
        size = landscape.parameter_count
        super().__init__(params[0].dtype if params else np.dtype(np.float64), (size, size))

    def _matvec(self, vector: Array) -> Array:
        direction = self.landscape.unpack(np.asarray(vector).ravel())
        return self.landscape.pack(self.landscape.hessian_vector_product(self.params, direction))

    def _adjoint(self) -> Hessian:
        return self

    def todense(self) -> Array:
        """Return the full matrix, symmetrised against rounding."""
        size = self.shape[0]
        unit: Array = np.eye(size, dtype=self.dtype)
        dense = np.stack([self._matvec(column) for column in unit], axis=1)
        symmetric: Array = (dense + dense.T) / 2
        return symmetric
