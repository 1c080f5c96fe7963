"""Loss and derivatives of a linear network of any depth in rationals, from the exact Gram matrix of ``[1 X Y]``.

What a layer puts out is an affine map ``[b, W]`` of the inputs. With ``T = [c, W, -1]``, [c, W] that of the network, the
prediction errors are ``[1 X Y] T^T``, so that the loss is ``factor * tr(T G T^T)`` and everything else a product of small
matrices.
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
    """``factor * ||f(X) - Y||^2`` with f(x) = W_H (... (W_1 x + b_1) ...) + b_H, parameters being arrays of ``Fraction``."""

    layout: Layout
    gram: Gram
    factor: Fraction

    def loss(self, params: Parameters) -> Fraction:
        """Return the loss."""
        errors = self._map(params)
        return self.factor * _trace(exact_product(errors, self.gram.matrix), errors)

    def gradient(self, params: Parameters) -> Parameters:
        """Return the gradient, shaped as the parameters."""
        weights, _ = self._split(params)
        layers = self._layers(params)
        back = self._pull(self._errors(layers[-1]))
        by_weight, by_bias = [], []
        for weight, layer in zip(reversed(weights), reversed(layers[:-1]), strict=True):
            by_weight.append(exact_product(back, layer.T))
            by_bias.append(back[:, 0])
            back = exact_product(weight.T, back)
        return self.layout.join(by_weight[::-1], by_bias[::-1])

    def hessian_vector_product(self, params: Parameters, direction: Parameters) -> Parameters:
        """Return the derivative of the gradient along ``direction``."""
        (weights, _), (steps, turns) = self._split(params), self._split(direction)
        layers = self._layers(params)
        moved = [np.full(layers[0].shape, Fraction(0), dtype=object)]
        for weight, step, turn, layer in zip(weights, steps, turns, layers[:-1], strict=True):
            moved.append(exact_product(weight, moved[-1]) + exact_product(step, layer))
            moved[-1][:, 0] += turn
        back = self._pull(self._errors(layers[-1]))
        change = self._pull(_widened(moved[-1]))
        by_weight, by_bias = [], []
        for k in reversed(range(self.layout.depth)):
            by_weight.append(exact_product(change, layers[k].T) + exact_product(back, moved[k].T))
            by_bias.append(change[:, 0])
            change = exact_product(weights[k].T, change) + exact_product(steps[k].T, back)
            back = exact_product(weights[k].T, back)
        return self.layout.join(by_weight[::-1], by_bias[::-1])

    def curvature(self, params: Parameters, direction: Parameters) -> Fraction:
        """Return the second derivative of the loss along ``direction``."""
        pairs = zip(self.hessian_vector_product(params, direction), direction, strict=True)
        return sum((Fraction(np.dot(one.ravel(), two.ravel())) for one, two in pairs), Fraction(0))

    def along(self, params: Parameters, direction: Parameters) -> tuple[Fraction, ...]:
        """Return the loss at ``params + t * direction`` as the coefficients of a polynomial of degree 2H in t."""
        (weights, biases), (steps, turns) = self._split(params), self._split(direction)
        terms = [self._inputs()]
        for weight, bias, step, turn in zip(weights, biases, steps, turns, strict=True):
            stay, move = [exact_product(weight, term) for term in terms], [exact_product(step, term) for term in terms]
            stay[0][:, 0] += bias
            move[0][:, 0] += turn
            terms = [stay[0], *(a + b for a, b in zip(stay[1:], move[:-1], strict=True)), move[-1]]
        errors = [self._errors(terms[0]), *map(_widened, terms[1:])]
        weighed = [exact_product(term, self.gram.matrix) for term in errors]
        change = [Fraction(0)] * (2 * len(terms) - 1)
        for i, left in enumerate(weighed):
            for j, right in enumerate(errors):
                change[i + j] += self.factor * _trace(left, right)
        return tuple(change)

    def _inputs(self) -> Array:
        """Return the map that the inputs are of themselves."""
        return as_fractions(np.eye(self.gram.d_in, 1 + self.gram.d_in, 1, dtype=int))

    def _layers(self, params: Parameters) -> list[Array]:
        """Return what every layer puts out as a map of the inputs, the inputs first."""
        layers = [self._inputs()]
        for weight, bias in zip(*self._split(params), strict=True):
            layers.append(exact_product(weight, layers[-1]))
            layers[-1][:, 0] += bias
        return layers

    def _map(self, params: Parameters) -> Array:
        """Return T = [c, W, -1]."""
        return self._errors(self._layers(params)[-1])

    def _errors(self, output: Array) -> Array:
        return np.concatenate([output, as_fractions(-np.eye(len(output), dtype=int))], axis=1)

    def _pull(self, errors: Array) -> Array:
        """Return twice the factor times T G, on the ones and the inputs."""
        kept = self.gram.matrix[:, : 1 + self.gram.d_in]
        return np.asarray(2 * self.factor * exact_product(errors, kept))

    def _split(self, params: Parameters) -> tuple[list[Array], list[Array]]:
        weights, biases = self.layout.split(params)
        return weights, [as_fractions(bias) for bias in biases]


def _widened(output: Array) -> Array:
    """Return a change of the output as one of T."""
    return np.concatenate([output, np.full((len(output), len(output)), Fraction(0), dtype=object)], axis=1)


def _trace(left: Array, right: Array) -> Fraction:
    """Return the sum of the entrywise products."""
    return sum((a * b for a, b in zip(left.flat, right.flat, strict=True)), Fraction(0))
