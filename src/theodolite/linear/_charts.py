"""Biases as a change of variables: a network with biases is a bias-free one in other coordinates.

* no bias: nothing to do;
* a bias in the first layer alone: the bias-free network on the inputs ``[X 1]``, with ``[W1 b1]`` for ``W1``;
* a bias in the output layer (and perhaps the first): with ``xbar, ybar`` the column means and ``Xc, Yc`` the centred data,
  ``L(W, b) = L_c(W) + factor * n |delta|^2`` where ``delta = W2 b1 + b2 - (ybar - W2 W1 xbar)``. The map ``b2 -> delta`` is a
  triangular change of variables: critical means ``delta = 0`` and W critical for the centred data. The index stays; the
  Hessian gains d_out positive eigenvalues and one zero for each hidden bias.

These statements are our own, proved in the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

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
        """Return the core weights (W1, W2)."""

    def misfit(self, params: Parameters) -> tuple[float, float]:
        """Return the norm of what the output bias is off by, and the size that it is to be measured against."""

    def lift(self, core: Parameters, like: Parameters | None) -> Parameters:
        """Return parameters with these core weights, no misfit, and the hidden bias of ``like`` (zero without)."""

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
        """Return ([W1 b1], W2)."""
        w1, b1, w2 = params
        return np.concatenate([w1, b1[:, None]], axis=1), w2

    def lift(self, core: Parameters, like: Parameters | None) -> Parameters:
        """Return (W1, b1, W2)."""
        return core[0][:, :-1].copy(), core[0][:, -1].copy(), core[1]

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
        """One for each hidden bias."""
        return self.layout.hidden if 1 in self.layout.biased else 0

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
        """Return (W1, W2)."""
        w1, _, w2, _ = self.layout.split(params)
        return w1, w2

    def _output_bias(self, w1: Matrix, b1: Array, w2: Matrix) -> Array:
        x_mean, y_mean = self._means
        return np.asarray(y_mean - w2 @ (w1 @ x_mean) - w2 @ b1)

    def misfit(self, params: Parameters) -> tuple[float, float]:
        """Return |delta| and the size of the terms that it is made of."""
        w1, b1, w2, b2 = self.layout.split(params)
        x_mean, y_mean = self._means
        terms = (y_mean, w2 @ (w1 @ x_mean), w2 @ b1, b2)
        return float(np.linalg.norm(b2 - self._output_bias(w1, b1, w2))), sum(float(np.linalg.norm(t)) for t in terms)

    def lift(self, core: Parameters, like: Parameters | None) -> Parameters:
        """Return the parameters with the output bias that is best for them."""
        w1, w2 = core
        b1 = np.zeros(self.layout.hidden) if like is None else self.layout.split(like)[1]
        return self.layout.join(w1, b1, w2, self._output_bias(w1, b1, w2))

    def push(self, core: Parameters, velocity: Parameters, like: Parameters) -> Parameters:
        """Return the velocity with that of the output bias."""
        (w1, w2), (v1, v2) = core, velocity
        b1, x_mean = self.layout.split(like)[1], self._means[0]
        change = -(v2 @ (w1 @ x_mean) + w2 @ (v1 @ x_mean) + v2 @ b1)
        return self.layout.join(v1, np.zeros(self.layout.hidden), v2, np.asarray(change))

    def stir(self, params: Parameters, source: np.random.Generator) -> Parameters:
        """Return the parameters with a random hidden bias and the output bias that makes up for it."""
        w1, b1, w2, _ = self.layout.split(params)
        if 1 not in self.layout.biased:
            return params
        size = float(np.linalg.norm(w1 @ self._means[0])) or 1.0
        moved = b1 + size * source.standard_normal(self.layout.hidden)
        return self.layout.join(w1, moved, w2, self._output_bias(w1, moved, w2))


def chart_for(samples: Samples, layout: Layout) -> Chart:
    """Return the coordinates that make the network bias-free."""
    if 2 in layout.biased:
        return CentredChart(samples, layout)
    return AugmentedChart(samples) if 1 in layout.biased else PlainChart(samples)
