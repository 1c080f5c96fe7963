"""Loss and derivatives of a shallow linear network in rationals, from the exact Gram matrix of ``[1 X Y]``.

With ``T = [c, W, -1]``, W = W2 W1 and c = W2 b1 + b2, the prediction errors are ``[1 X Y] T^T``, so that the loss is
``factor * tr(T G T^T)`` and everything else is a product of small matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theodolite._numerics import as_fractions, exact_product
from theodolite._typing import Array, Parameters
from theodolite.linear._exact_data import Gram
from theodolite.linear._network import Layout

__all__ = ["ExactNetwork"]


@dataclass(frozen=True, eq=False)
class ExactNetwork:
    """``factor * ||X W1^T W2^T + 1 (W2 b1 + b2)^T - Y||^2`` for parameters that are arrays of ``Fraction``."""

    layout: Layout
    gram: Gram
    factor: Fraction

    def loss(self, params: Parameters) -> Fraction:
        """Return the loss."""
        errors = self._map(params)
        return self.factor * _trace(exact_product(errors, self.gram.matrix), errors)

    def gradient(self, params: Parameters) -> Parameters:
        """Return the gradient, shaped as the parameters."""
        w1, b1, w2, _ = self._split(params)
        pull = self._pull(self._map(params))
        back = exact_product(w2.T, pull)
        return self._join(back[:, 1:], back[:, 0], exact_product(pull, _stacked(b1, w1).T), pull[:, 0])

    def hessian_vector_product(self, params: Parameters, direction: Parameters) -> Parameters:
        """Return the derivative of the gradient along ``direction``."""
        w1, b1, w2, _ = self._split(params)
        v1, c1, v2, _ = self._split(direction)
        pull, change = self._pull(self._map(params)), self._pull(self._line(params, direction)[0])
        back = exact_product(v2.T, pull) + exact_product(w2.T, change)
        output = exact_product(change, _stacked(b1, w1).T) + exact_product(pull, _stacked(c1, v1).T)
        return self._join(back[:, 1:], back[:, 0], output, change[:, 0])

    def curvature(self, params: Parameters, direction: Parameters) -> Fraction:
        """Return the second derivative of the loss along ``direction``."""
        pairs = zip(self.hessian_vector_product(params, direction), direction, strict=True)
        return sum((Fraction(np.dot(one.ravel(), two.ravel())) for one, two in pairs), Fraction(0))

    def along(self, params: Parameters, direction: Parameters) -> tuple[Fraction, ...]:
        """Return the loss at ``params + t * direction`` as the coefficients of a polynomial of degree 4 in t."""
        terms = (self._map(params), *self._line(params, direction))
        weighed = [exact_product(term, self.gram.matrix) for term in terms]
        quartic = [Fraction(0)] * 5
        for i, left in enumerate(weighed):
            for j, right in enumerate(terms):
                quartic[i + j] += self.factor * _trace(left, right)
        return tuple(quartic)

    def _map(self, params: Parameters) -> Array:
        """Return T = [c, W, -1]."""
        w1, b1, w2, b2 = self._split(params)
        out = exact_product(w2, _stacked(b1, w1))
        out[:, 0] += b2
        return np.concatenate([out, as_fractions(-np.eye(len(w2), dtype=int))], axis=1)

    def _line(self, params: Parameters, direction: Parameters) -> tuple[Array, Array]:
        """Return the coefficients of t and t^2 of T at ``params + t * direction``."""
        w1, b1, w2, _ = self._split(params)
        v1, c1, v2, c2 = self._split(direction)
        first = exact_product(v2, _stacked(b1, w1)) + exact_product(w2, _stacked(c1, v1))
        first[:, 0] += c2
        nothing = as_fractions(np.zeros((len(w2), len(w2)), dtype=int))
        return (
            np.concatenate([first, nothing], axis=1),
            np.concatenate([exact_product(v2, _stacked(c1, v1)), nothing], axis=1),
        )

    def _pull(self, errors: Array) -> Array:
        """Return twice the factor times T G, on the ones and the inputs."""
        kept = self.gram.matrix[:, : 1 + self.gram.d_in]
        return np.asarray(2 * self.factor * exact_product(errors, kept))

    def _split(self, params: Parameters) -> tuple[Array, Array, Array, Array]:
        (w1, w2), (b1, b2) = self.layout.split(params)
        return w1, as_fractions(b1), w2, as_fractions(b2)

    def _join(self, w1: Array, b1: Array, w2: Array, b2: Array) -> Parameters:
        return self.layout.join((w1, w2), (b1, b2))


def _stacked(bias: Array, weights: Array) -> Array:
    return np.concatenate([bias[:, None], weights], axis=1)


def _trace(left: Array, right: Array) -> Fraction:
    """Return the sum of the entrywise products."""
    return sum((a * b for a, b in zip(left.flat, right.flat, strict=True)), Fraction(0))
