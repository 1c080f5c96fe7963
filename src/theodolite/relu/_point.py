"""A point of parameter space, and what the network does with the samples there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Shaped

from theodolite._typing import Array, Parameters
from theodolite.relu._problem import Number, Problem

__all__ = ["Evaluation", "Point"]


@dataclass(frozen=True, eq=False)
class Point:
    """Parameters in the problem's arithmetic: ``weights`` (h, d) with the hidden bias as last column where there is one.

    ``outer`` holds the output weights v, (h,), or (k, h) for k > 1 outputs; ``offset`` is c, a number or (k,), 0 where the
    network has none.
    """

    weights: Shaped[np.ndarray, "h d"]
    outer: Array
    offset: Any

    @classmethod
    def of(cls, problem: Problem, parameters: Parameters, biased: bool) -> Point:
        """Return the point with these parameters, shaped and typed as ``ReluLandscape.coerce`` returns them."""
        weights, *rest = parameters
        if biased:
            weights = np.concatenate([weights, rest.pop(0)[:, None]], axis=1)
        outer = rest.pop(0)
        offset = rest.pop(0) if rest else problem.zeros(*outer.shape[:-1])
        return cls(weights, outer, offset[()])

    def parameters(self, problem: Problem, biased: bool) -> Parameters:
        """Return the same as the tuple of arrays that users see."""
        found = [self.weights[:, :-1].copy(), self.weights[:, -1].copy()] if biased else [self.weights]
        found.append(self.outer)
        if problem.offset:
            last = np.empty(self.outer.shape[:-1], dtype=self.weights.dtype)
            last[()] = self.offset
            found.append(last)
        return tuple(found)

    def moved(self, direction: Point, step: Number) -> Point:
        """Return the point at ``step`` along ``direction``."""
        return Point(
            self.weights + step * direction.weights,
            self.outer + step * direction.outer,
            self.offset + step * direction.offset,
        )

    def stirred(self, problem: Problem, source: np.random.Generator) -> Point:
        """Return the same function by other parameters: neurons in random order, v_j divided and w_j multiplied by a number."""
        order = source.permutation(len(self.weights))
        scale = problem.array(source.integers(8, 25, size=len(order))) / problem.number(16)
        outer = self.outer[..., order] / scale
        return Point(self.weights[order] * scale[:, None], outer, self.offset)

    def converted(self, problem: Problem) -> Point:
        """Return this point in the arithmetic of ``problem``; floats become the binary numbers that they are."""
        return Point(problem.array(self.weights), problem.array(self.outer), problem.array(self.offset)[()])


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The network at one point: inputs of the neurons, outputs, residual and everything first-order.

    Arrays over outputs have k columns, also where k = 1.
    """

    problem: Problem
    point: Point

    @cached_property
    def before(self) -> Array:
        """x_i . w_j, (n, h): what the activation is applied to."""
        return self.problem.product(self.problem.inputs, self.point.weights.T)

    @cached_property
    def after(self) -> Array:
        """s(x_i . w_j), (n, h)."""
        return self.problem.activate(self.before)

    @property
    def _outer(self) -> Array:
        """The output weights as (k, h)."""
        return np.atleast_2d(self.point.outer)

    @cached_property
    def residual(self) -> Array:
        """Network minus targets, (n, k)."""
        targets = self.problem.targets.reshape(self.problem.samples, self.problem.outputs)
        return np.asarray(self.problem.product(self.after, self._outer.T) + self.point.offset - targets)

    @cached_property
    def error(self) -> Array:
        """The residual of a network with one output, (n,)."""
        return np.asarray(self.residual[:, 0])

    @cached_property
    def sse(self) -> Number:
        """S, the sum of squared residuals."""
        return (self.residual**2).sum()

    @cached_property
    def slopes(self) -> Array:
        """s'(x_i . w_j), (n, h); at 0 the negative slope, as PyTorch has it."""
        steep, flat = self.problem.array([1, self.problem.slope])
        return np.asarray(np.where(self.before > 0, steep, flat))

    def gradient(self) -> Point:
        """Return the gradient of the loss; at kinks with the slope that ``slopes`` has there."""
        unit = 2 * self.problem.scale
        pulled = self.problem.product(self.residual, self._outer) * self.slopes
        outer = self.problem.product(self.residual.T, self.after)
        return self._shaped(
            unit * self.problem.product(pulled.T, self.problem.inputs), unit * outer, unit * self.residual.sum(axis=0)
        )

    def directional_derivative(self, direction: Point) -> Number:
        """Return the one-sided derivative of the loss, which exists everywhere."""
        return 2 * self.problem.scale * (self.residual * self._change(direction)[0]).sum()

    def hessian_product(self, direction: Point) -> Point:
        """Return the Hessian of the loss applied to ``direction``, away from kinks."""
        unit = 2 * self.problem.scale
        change, turned = self._change(direction)
        pulled = self.problem.product(change, self._outer) + self.problem.product(
            self.residual, np.atleast_2d(direction.outer)
        )
        outer = self.problem.product(change.T, self.after) + self.problem.product(self.residual.T, turned)
        weights = self.problem.product((pulled * self.slopes).T, self.problem.inputs)
        return self._shaped(unit * weights, unit * outer, unit * change.sum(axis=0))

    def _change(self, direction: Point) -> tuple[Array, Array]:
        """Return the one-sided derivatives of the outputs (n, k) and of the activations (n, h) along ``direction``."""
        moved = self.problem.product(self.problem.inputs, direction.weights.T)
        turned = np.where(self.before == 0, self.problem.activate(moved), self.slopes * moved)
        change = self.problem.product(turned, self._outer.T) + self.problem.product(
            self.after, np.atleast_2d(direction.outer).T
        )
        return change + direction.offset, turned

    def _shaped(self, weights: Array, outer: Array, offset: Array) -> Point:
        if not self.problem.offset:
            offset = self.problem.zeros(len(offset))
        return Point(
            weights, outer.reshape(self.point.outer.shape), offset if self.point.outer.ndim == 2 else offset[0]
        )
