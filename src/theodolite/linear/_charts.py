"""Biases as a change of variables: a network with biases is a bias-free one in other coordinates.

* no bias: nothing to do;
* a bias in the first layer alone: the bias-free network on the inputs ``[X 1]``, with ``[W1 b1]`` for ``W1``;
* a bias in the output layer H (and perhaps in others): with ``xbar, ybar`` the column means and ``Xc, Yc`` the centred data,
  ``L(W, b) = L_c(W) + factor * n |delta|^2`` where ``delta = f(xbar) - ybar``. The map ``b_H -> delta`` is a triangular change
  of variables: critical means ``delta = 0`` and W critical for the centred data. The index stays; the Hessian gains d_out
  positive eigenvalues and one zero for each entry of a hidden bias;
* the last bias in a layer between: no such coordinates. The kinds of the bias-free network are wrong there: the documentation
  has a non-strict saddle that they call strict.

These statements are our own, proved in the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from theodolite._errors import NotCoveredError
from theodolite._typing import Array, Matrix, Parameters, Vector
from theodolite.linear._data import Samples
from theodolite.linear._network import Layout

__all__ = ["AugmentedChart", "CentredChart", "Chart", "PlainChart", "chart_for"]


@runtime_checkable
class Chart(Protocol):
    """Coordinates in which the network has no bias: ``core`` weights, and what a hidden bias leaves free."""

    @property
    def zeros(self) -> int:
        """How many parameters the loss does not see beyond the core's."""

    def data(self) -> tuple[Matrix, Matrix, Vector, Vector]:
        """Return the core's X and Y, and the column norms that their rounding errors scale with."""

    def core(self, params: Parameters) -> Parameters:
        """Return the core's weights."""

    def misfit(self, params: Parameters) -> tuple[float, float]:
        """Return the norm of what the output bias is off by, and the size that it is to be measured against."""

    def lift(self, core: Parameters, like: Parameters | None) -> Parameters:
        """Return parameters with these core weights, no misfit, and the hidden biases of ``like`` (zero without)."""

    def push(self, core: Parameters, velocity: Parameters, like: Parameters) -> Parameters:
        """Return the derivative of ``lift(core + t * velocity, like)`` at t = 0."""

    def stir(self, params: Parameters, source: np.random.Generator) -> Parameters:
        """Return ``params`` with what the loss does not see drawn at random."""


@dataclass(frozen=True, eq=False)
class PlainChart:
    """No bias: the parameters are the core."""

    samples: Samples
    zeros: int = 0

    def data(self) -> tuple[Matrix, Matrix, Vector, Vector]:
        """Return X and Y as they are."""
        norms = self.samples.column_norms
        return self.samples.x, self.samples.y, norms[: self.samples.d_in], norms[self.samples.d_in :]

    def core(self, params: Parameters) -> Parameters:
        """Return the parameters."""
        return params

    def misfit(self, params: Parameters) -> tuple[float, float]:
        """Return zero: there is no output bias."""
        return 0.0, 0.0

    def lift(self, core: Parameters, like: Parameters | None) -> Parameters:
        """Return the core."""
        return core

    def push(self, core: Parameters, velocity: Parameters, like: Parameters) -> Parameters:
        """Return the velocity."""
        return velocity

    def stir(self, params: Parameters, source: np.random.Generator) -> Parameters:
        """Return the parameters: the loss sees all of them."""
        return params


@dataclass(frozen=True, eq=False)
class AugmentedChart(PlainChart):
    """A bias in the first layer alone is the weight of an input that is always 1."""

    def data(self) -> tuple[Matrix, Matrix, Vector, Vector]:
        """Return [X 1] and Y."""
        x, y, x_sizes, y_sizes = super().data()
        ones = self.samples.factor[:, :1]
        return np.concatenate([x, ones], axis=1), y, np.append(x_sizes, np.linalg.norm(ones)), y_sizes

    def core(self, params: Parameters) -> Parameters:
        """Return ([W1 b1], W2, ...)."""
        w1, b1, *rest = params
        return np.concatenate([w1, b1[:, None]], axis=1), *rest

    def lift(self, core: Parameters, like: Parameters | None) -> Parameters:
        """Return (W1, b1, W2, ...)."""
        return core[0][:, :-1].copy(), core[0][:, -1].copy(), *core[1:]

    def push(self, core: Parameters, velocity: Parameters, like: Parameters) -> Parameters:
        """Return the velocity split likewise."""
        return self.lift(velocity, None)


@dataclass(frozen=True, eq=False)
class CentredChart:
    """An output bias absorbs the means: the core is the network on centred data."""

    samples: Samples
    layout: Layout

    @property
    def zeros(self) -> int:
        """One for each entry of a hidden bias."""
        return sum(self.layout.widths[k] for k in self.layout.biased if k < self.layout.depth)

    @property
    def _means(self) -> tuple[Vector, Vector]:
        row = self.samples.factor[0, 1:] / self.samples.factor[0, 0]
        return row[: self.samples.d_in], row[self.samples.d_in :]

    def data(self) -> tuple[Matrix, Matrix, Vector, Vector]:
        """Return the centred data, the factor's rows after the first; its errors scale with the data before centring."""
        norms, d_in = self.samples.column_norms, self.samples.d_in
        rows = self.samples.factor[1:, 1:]
        if not len(rows):  # one sample: centred, nothing is left of it
            rows = np.zeros((1, len(norms)))
        return rows[:, :d_in], rows[:, d_in:], norms[:d_in], norms[d_in:]

    def core(self, params: Parameters) -> Parameters:
        """Return the weights."""
        return tuple(self.layout.split(params)[0])

    def _through(self, weights: Sequence[Matrix], biases: Sequence[Array]) -> list[Array]:
        """Return what every layer but the last puts out at the mean input, the input first."""
        layers: list[Array] = [self._means[0]]
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            layers.append(weight @ layers[-1] + bias)
        return layers

    def _output_bias(self, weights: Sequence[Matrix], biases: Sequence[Array]) -> Array:
        return np.asarray(self._means[1] - weights[-1] @ self._through(weights, biases)[-1])

    def misfit(self, params: Parameters) -> tuple[float, float]:
        """Return |delta| and the size of the terms that it is made of."""
        weights, biases = self.layout.split(params)
        terms = [self._means[0]]
        for weight, bias in zip(weights, biases, strict=True):
            terms = [*(weight @ term for term in terms), bias]
        size = sum(float(np.linalg.norm(term)) for term in (*terms, self._means[1]))
        return float(np.linalg.norm(biases[-1] - self._output_bias(weights, biases))), size

    def _join(self, weights: Sequence[Matrix], biases: Sequence[Array]) -> Parameters:
        return self.layout.join(weights, [*biases[:-1], self._output_bias(weights, biases)])

    def lift(self, core: Parameters, like: Parameters | None) -> Parameters:
        """Return the parameters with the output bias that is best for them."""
        none = [np.zeros(width) for width in self.layout.widths[1:]]
        return self._join(core, none if like is None else self.layout.split(like)[1])

    def push(self, core: Parameters, velocity: Parameters, like: Parameters) -> Parameters:
        """Return the velocity with that of the output bias."""
        layers = self._through(core, self.layout.split(like)[1])
        change: Array = np.zeros_like(layers[0])
        for weight, step, layer in zip(core, velocity, layers, strict=True):
            change = weight @ change + step @ layer
        still = [np.zeros(width) for width in self.layout.widths[1:-1]]
        return self.layout.join(velocity, [*still, -change])

    def stir(self, params: Parameters, source: np.random.Generator) -> Parameters:
        """Return the parameters with random hidden biases and the output bias that makes up for them."""
        weights, biases = self.layout.split(params)
        image = self._means[0]
        for k in range(1, self.layout.depth):
            image = weights[k - 1] @ image
            if k in self.layout.biased:
                size = float(np.linalg.norm(image)) or 1.0
                biases[k - 1] = biases[k - 1] + size * source.standard_normal(self.layout.widths[k])
        return self._join(weights, biases)


def chart_for(samples: Samples, layout: Layout) -> Chart:
    """Return the coordinates that make the network bias-free; ``NotCoveredError`` where there are none."""
    last = max(layout.biased, default=0)
    if last == layout.depth:
        return CentredChart(samples, layout)
    if last > 1:
        raise NotCoveredError(
            f"A last bias in layer {last} of {layout.depth} is not covered",
            cause="no change of variables removes it, and without one the kinds come out wrong: with X = (1, -1), "
            "Y = (3, 1; -3, 1), widths 1-1-1-2 and a bias in layer 2 alone, W = 0, 0, (0, 1), b = 1 is a non-strict saddle "
            "that the theory of bias-free networks calls strict",
            fix="Give the output layer a bias too (bias=True), or only the first layer (bias=(1,)); loss, gradient and "
            "Hessian work with any bias",
        )
    return AugmentedChart(samples) if last else PlainChart(samples)
