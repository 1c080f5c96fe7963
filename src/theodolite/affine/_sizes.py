"""The sizes against which roundings of one network are measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._typing import Array
from theodolite.affine._descents import calculus
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._problem import Network, Problem
from theodolite.affine._squared import SquaredLoss

__all__ = ["CLEAR", "Sizes"]

CLEAR = 100.0
"""How many times the tolerance a number must exceed to count as clearly different from zero."""


@dataclass(frozen=True, eq=False)
class Sizes:
    """A network, the tolerance ``rtol`` for its parameters, and ``grain``, what counts as rounding of a single number.

    Sizes have no units unless they say so.
    """

    problem: Problem
    network: Network
    rtol: float
    grain: float

    @cached_property
    def values(self) -> KinkedLoss | SquaredLoss:
        """The loss and its derivatives."""
        return calculus(self.problem, self.network)

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The values of w x + b at both ends."""
        p, net = self.problem, self.network
        return net.w * p.start + net.b, net.w * p.end + net.b

    @cached_property
    def terms(self) -> Array:
        """The size of the terms of w x + b, 1 for w = b = 0."""
        size: Array = np.abs(self.network.w) * self.problem.reach + np.abs(self.network.b)
        return np.where(size == 0, 1.0, size)

    @cached_property
    def edges(self) -> tuple[Array, Array]:
        """What rounding of w and b can do to the values at both ends."""
        p, w, size = self.problem, self.network.w, np.abs(self.network.b)
        return self.grain * (np.abs(w * p.start) + size), self.grain * (np.abs(w * p.end) + size)

    @cached_property
    def span(self) -> Array:
        """The largest value of |w x + b| on the interval."""
        return np.maximum(np.abs(self.ends[0]), np.abs(self.ends[1]))

    @cached_property
    def unit(self) -> float:
        """The size of a balanced neuron: the square root (cube root for z squared) of |alpha| T."""
        power = 3 if self.problem.quadratic else 2
        return float((abs(self.problem.alpha) * self.problem.length) ** (1 / power)) or 1.0

    @cached_property
    def flatness(self) -> Array:
        """How much each neuron contributes to f, relative to the rise of the target."""
        span = np.where(self.span == 0, self.unit, self.span)
        return np.abs(self.network.v) * span / (abs(self.problem.alpha) * self.problem.length or 1.0)

    @cached_property
    def terms_of_f(self) -> float:
        """The size of the terms of f(x) - alpha x - beta; neurons that are clearly dead have none."""
        p, net = self.problem, self.network
        inner = self.terms**2 if p.quadratic else self.terms
        if p.gamma == 0 and not p.quadratic:
            inner = np.where(np.maximum(*self.ends) < -self.clear * self.terms, 0.0, inner)
        return float(np.abs(net.c) + (np.abs(net.v) * inner).sum() + abs(p.alpha) * p.reach + abs(p.beta))

    @cached_property
    def spread(self) -> float:
        """The root of the mean squared residual."""
        return float(np.sqrt(float(self.values.loss / self.problem.length)))

    @cached_property
    def tiny(self) -> Array:
        """Which neurons are so small that w = b = 0 is within reach, though they are not zero."""
        return (self.span > 0) & (self.span <= self.clear * self.unit)

    @cached_property
    def top(self) -> Array:
        """The larger end value of each w x + b, relative to its terms."""
        return np.maximum(*self.ends) / self.terms

    @property
    def clear(self) -> float:
        """Above this a relative size is clearly not zero."""
        return CLEAR * self.rtol
