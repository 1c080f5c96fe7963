"""Loss and derivatives of a shallow linear network with or without biases, on the triangular factor of ``[1 X Y]``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theodolite._typing import Array, Matrix, Parameters
from theodolite.linear._data import Samples

__all__ = ["Layout", "Network"]


@dataclass(frozen=True)
class Layout:
    """Where the parameters are: widths, and which of the two layers have a bias."""

    d_in: int
    hidden: int
    d_out: int
    biased: tuple[int, ...] = ()

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """``(W1, b1, W2, b2)`` as ``torch.nn.Linear`` stores them, biases of the biased layers only."""
        first: tuple[tuple[int, ...], ...] = ((self.hidden, self.d_in),)
        second: tuple[tuple[int, ...], ...] = ((self.d_out, self.hidden),)
        if 1 in self.biased:
            first = (*first, (self.hidden,))
        if 2 in self.biased:
            second = (*second, (self.d_out,))
        return first + second

    def split(self, params: Parameters) -> tuple[Matrix, Array, Matrix, Array]:
        """Return ``(W1, b1, W2, b2)`` with zeros for the biases that are not there."""
        rest = list(params)
        w1 = rest.pop(0)
        b1 = rest.pop(0) if 1 in self.biased else np.zeros(self.hidden)
        w2 = rest.pop(0)
        b2 = rest.pop(0) if 2 in self.biased else np.zeros(self.d_out)
        return w1, b1, w2, b2

    def join(self, w1: Matrix, b1: Array, w2: Matrix, b2: Array) -> Parameters:
        """Return the parameters without the biases that are not there."""
        kept = [w1, b1 if 1 in self.biased else None, w2, b2 if 2 in self.biased else None]
        return tuple(array for array in kept if array is not None)


@dataclass(frozen=True, eq=False)
class Network:
    """``factor * ||X W1^T W2^T + 1 (W2 b1 + b2)^T - Y||^2 + l2/2 ||params||^2``, with the samples replaced by their factor."""

    layout: Layout
    samples: Samples
    factor: float
    l2: float = 0.0

    @property
    def ones(self) -> Matrix:
        """The stand-in for the column of ones."""
        return self.samples.factor[:, :1]

    def residual(self, params: Parameters) -> Matrix:
        """Return the stand-in for the prediction errors, one row per row of the factor."""
        w1, b1, w2, b2 = self.layout.split(params)
        hidden = self.samples.x @ w1.T + self.ones * b1
        return np.asarray(hidden @ w2.T + self.ones * b2 - self.samples.y)

    def loss(self, params: Parameters) -> float:
        """Return the loss."""
        decay = self.l2 / 2 * sum(float(np.sum(array**2)) for array in params)
        return self.factor * float(np.sum(self.residual(params) ** 2)) + decay

    def gradient(self, params: Parameters) -> Parameters:
        """Return the gradient, shaped as the parameters."""
        w1, b1, w2, _ = self.layout.split(params)
        error = 2 * self.factor * self.residual(params)
        hidden = self.samples.x @ w1.T + self.ones * b1
        back = error @ w2
        parts = self.layout.join(
            back.T @ self.samples.x, (back.T @ self.ones)[:, 0], error.T @ hidden, (error.T @ self.ones)[:, 0]
        )
        return tuple(part + self.l2 * array for part, array in zip(parts, params, strict=True))

    def hessian_vector_product(self, params: Parameters, direction: Parameters) -> Parameters:
        """Return the derivative of the gradient along ``direction``."""
        w1, b1, w2, _ = self.layout.split(params)
        v1, c1, v2, _ = self.layout.split(direction)
        unit, x, ones = 2 * self.factor, self.samples.x, self.ones
        hidden, moved = x @ w1.T + ones * b1, x @ v1.T + ones * c1
        error, change = unit * self.residual(params), unit * self.line(params, direction)[1]
        back = error @ v2 + change @ w2
        parts = self.layout.join(
            back.T @ x, (back.T @ ones)[:, 0], change.T @ hidden + error.T @ moved, (change.T @ ones)[:, 0]
        )
        return tuple(part + self.l2 * array for part, array in zip(parts, direction, strict=True))

    def line(self, params: Parameters, direction: Parameters) -> tuple[Matrix, Matrix, Matrix]:
        """Return the coefficients of 1, t, t^2 of the residual at ``params + t * direction``."""
        w1, b1, w2, _ = self.layout.split(params)
        v1, c1, v2, c2 = self.layout.split(direction)
        hidden, moved = self.samples.x @ w1.T + self.ones * b1, self.samples.x @ v1.T + self.ones * c1
        first = moved @ w2.T + hidden @ v2.T + self.ones * c2
        return self.residual(params), np.asarray(first), np.asarray(moved @ v2.T)

    def along(self, params: Parameters, direction: Parameters) -> Array:
        """Return the change of the loss at ``params + t * direction`` as the coefficients of a polynomial of degree 4 in t."""
        terms = self.line(params, direction)
        quartic = np.zeros(5)
        for i, left in enumerate(terms):
            for j, right in enumerate(terms):
                quartic[i + j] += self.factor * float(np.vdot(left, right))
        for array, step in zip(params, direction, strict=True):
            quartic[1] += self.l2 * float(np.vdot(array, step))
            quartic[2] += self.l2 / 2 * float(np.vdot(step, step))
        quartic[0] = 0.0
        return quartic
