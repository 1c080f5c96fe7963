"""Loss and derivatives of a linear network of any depth, with or without biases, on the triangular factor of ``[1 X Y]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from theodolite._errors import DataError
from theodolite._typing import Array, Matrix, Parameters
from theodolite.linear._data import Samples

__all__ = ["Layout", "Network"]


@dataclass(frozen=True)
class Layout:
    """Where the parameters are: the widths from inputs to outputs, and which layers (numbered from 1) have a bias."""

    widths: tuple[int, ...]
    biased: tuple[int, ...] = ()

    @property
    def d_in(self) -> int:
        """Number of inputs."""
        return self.widths[0]

    @property
    def d_out(self) -> int:
        """Number of outputs."""
        return self.widths[-1]

    @property
    def depth(self) -> int:
        """Number of layers of weights."""
        return len(self.widths) - 1

    @property
    def hidden(self) -> int:
        """Width of the first hidden layer, the only one of a shallow network."""
        return self.widths[1]

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """``(W1, b1, W2, b2, ...)`` as ``torch.nn.Linear`` stores them, biases of the biased layers only."""
        shapes: list[tuple[int, ...]] = []
        for k, (inputs, outputs) in enumerate(pairwise(self.widths), start=1):
            shapes.append((outputs, inputs))
            if k in self.biased:
                shapes.append((outputs,))
        return tuple(shapes)

    def split(self, params: Parameters) -> tuple[list[Array], list[Array]]:
        """Return the weights and the biases of all layers, zeros for the biases that are not there."""
        rest = iter(params)
        weights, biases = [], []
        for k, width in enumerate(self.widths[1:], start=1):
            weights.append(next(rest))
            biases.append(next(rest) if k in self.biased else np.zeros(width))
        return weights, biases

    def join(self, weights: Sequence[Array], biases: Sequence[Array]) -> Parameters:
        """Return the parameters without the biases that are not there."""
        params: list[Array] = []
        for k, (weight, bias) in enumerate(zip(weights, biases, strict=True), start=1):
            params.append(weight)
            if k in self.biased:
                params.append(bias)
        return tuple(params)


_LARGEST = 1e150
"""Parameters from here on have squares that float64 cannot add up."""


@dataclass(frozen=True, eq=False)
class Network:
    """``factor * ||f(X) - Y||^2 + l2/2 ||params||^2``, f(x) = W_H (... (W_1 x + b_1) ...) + b_H; samples are their factor."""

    layout: Layout
    samples: Samples
    factor: float
    l2: float = 0.0

    @property
    def ones(self) -> Matrix:
        """The stand-in for the column of ones."""
        return self.samples.factor[:, :1]

    def _layers(self, weights: Sequence[Matrix], biases: Sequence[Array]) -> list[Matrix]:
        """Return the stand-ins for what every layer puts out, the inputs first."""
        layers = [self.samples.x]
        for weight, bias in zip(weights, biases, strict=True):
            layers.append(np.asarray(layers[-1] @ weight.T + self.ones * bias))
        return layers

    def residual(self, params: Parameters) -> Matrix:
        """Return the stand-in for the prediction errors, one row per row of the factor."""
        return np.asarray(self._layers(*self.layout.split(params))[-1] - self.samples.y)

    def loss(self, params: Parameters) -> float:
        """Return the loss."""
        decay = self.l2 / 2 * sum(float(np.sum(array**2)) for array in params) if self.l2 else 0.0
        return self.factor * float(np.sum(self.residual(params) ** 2)) + decay

    def checked_loss(self, params: Parameters) -> float:
        """Return the loss, or raise ``DataError`` where squares leave the range of float64."""
        largest = max(float(np.abs(array).max()) for array in params)
        with np.errstate(over="ignore", invalid="ignore"):
            loss = self.loss(params)
        if not (largest < _LARGEST and np.isfinite(loss)):
            raise DataError(
                f"The parameters are too large to be judged: one is {largest:.3g}",
                cause="sums of squares are beyond 1.8e308",
                fix="Rescale the layers against each other, or pass other parameters",
            )
        return loss

    def gradient(self, params: Parameters) -> Parameters:
        """Return the gradient, shaped as the parameters."""
        weights, biases = self.layout.split(params)
        layers = self._layers(weights, biases)
        back = 2 * self.factor * (layers[-1] - self.samples.y)
        by_weight: list[Matrix] = []
        by_bias: list[Array] = []
        for weight, layer in zip(reversed(weights), reversed(layers[:-1]), strict=True):
            by_weight.append(back.T @ layer)
            by_bias.append((back.T @ self.ones)[:, 0])
            back = back @ weight
        parts = self.layout.join(by_weight[::-1], by_bias[::-1])
        return tuple(part + self.l2 * array for part, array in zip(parts, params, strict=True))

    def hessian_vector_product(self, params: Parameters, direction: Parameters) -> Parameters:
        """Return the derivative of the gradient along ``direction``."""
        weights, biases = self.layout.split(params)
        steps, turns = self.layout.split(direction)
        layers, moved = self._layers(weights, biases), [np.zeros_like(self.samples.x)]
        for weight, step, turn, layer in zip(weights, steps, turns, layers[:-1], strict=True):
            moved.append(moved[-1] @ weight.T + layer @ step.T + self.ones * turn)
        back, change = 2 * self.factor * (layers[-1] - self.samples.y), 2 * self.factor * moved[-1]
        by_weight: list[Matrix] = []
        by_bias: list[Array] = []
        for k in reversed(range(self.layout.depth)):
            by_weight.append(change.T @ layers[k] + back.T @ moved[k])
            by_bias.append((change.T @ self.ones)[:, 0])
            back, change = back @ weights[k], change @ weights[k] + back @ steps[k]
        parts = self.layout.join(by_weight[::-1], by_bias[::-1])
        return tuple(part + self.l2 * array for part, array in zip(parts, direction, strict=True))

    def line(self, params: Parameters, direction: Parameters) -> list[Matrix]:
        """Return the coefficients of 1, t, ..., t^H of the residual at ``params + t * direction``, H layers deep."""
        weights, biases = self.layout.split(params)
        steps, turns = self.layout.split(direction)
        terms = [self.samples.x]
        for weight, bias, step, turn in zip(weights, biases, steps, turns, strict=True):
            rows, width = len(self.samples.x), len(weight)
            longer = [np.zeros((rows, width)) for _ in range(len(terms) + 1)]
            for power, term in enumerate(terms):
                longer[power] += term @ weight.T
                longer[power + 1] += term @ step.T
            longer[0] += self.ones * bias
            longer[1] += self.ones * turn
            terms = longer
        terms[0] = terms[0] - self.samples.y
        return terms

    def along(self, params: Parameters, direction: Parameters) -> Array:
        """Return the change of the loss at ``params + t * direction`` as coefficients of a polynomial of degree 2H in t."""
        terms = self.line(params, direction)
        change = np.zeros(2 * len(terms) - 1)
        for i, left in enumerate(terms):
            for j, right in enumerate(terms):
                change[i + j] += self.factor * float(np.vdot(left, right))
        for array, step in zip(params, direction, strict=True):
            change[1] += self.l2 * float(np.vdot(array, step))
            change[2] += self.l2 / 2 * float(np.vdot(step, step))
        change[0] = 0.0
        return change
