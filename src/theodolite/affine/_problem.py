"""The problem in numbers: activation, interval and target, all rational or all floating point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import isqrt
from typing import Any, TypeAlias

import numpy as np

from theodolite._typing import Array

__all__ = ["Activation", "Network", "Number", "Problem", "rational_sqrt"]

Number: TypeAlias = Any
"""A Fraction or a float: everything in one computation is rational, or everything is a float (no checker can follow that)."""


class Activation(StrEnum):
    """The activations whose landscapes are known: max(z, 0), max(z, slope z), z squared."""

    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    QUADRATIC = "quadratic"


@dataclass(frozen=True)
class Problem:
    """Fit ``alpha x + beta`` on ``[start, end]`` by a network of one hidden layer; ``gamma`` is the slope for z < 0."""

    activation: Activation
    gamma: Number
    start: Number
    end: Number
    alpha: Number
    beta: Number

    @property
    def exact(self) -> bool:
        """Whether the numbers are rational."""
        return isinstance(self.alpha, Fraction)

    @property
    def length(self) -> Number:
        """T, the length of the interval."""
        return self.end - self.start

    @property
    def middle(self) -> Number:
        """The midpoint of the interval, from which positions are measured inside the integrals."""
        return (self.start + self.end) / 2

    @property
    def reach(self) -> Number:
        """The largest absolute value in the interval."""
        return max(abs(self.start), abs(self.end))

    @property
    def plateau(self) -> Number:
        """The loss of the best constant, alpha^2 T^3 / 12."""
        return self.alpha**2 * self.length**3 / 12

    @property
    def quadratic(self) -> bool:
        """Whether the activation is z squared."""
        return self.activation is Activation.QUADRATIC

    @property
    def linear(self) -> bool:
        """Whether the activation has no kink at all (slope 1 on both sides)."""
        return not self.quadratic and self.gamma == 1

    def number(self, value: Number | int) -> Number:
        """Return ``value`` in this problem's arithmetic."""
        return Fraction(value) if self.exact else float(value)

    def array(self, values: Any) -> Array:
        """Return ``values`` as an array in this problem's arithmetic."""
        if not self.exact:
            return np.asarray(values, dtype=np.float64)
        given = np.asarray(values, dtype=object)
        out = np.empty(given.shape, dtype=object)
        out.ravel()[:] = [Fraction(entry) for entry in given.ravel()]
        return out

    def zeros(self, size: int) -> Array:
        """Return ``size`` zeros in this problem's arithmetic."""
        return self.array(np.zeros(size, dtype=np.int64))

    def as_float(self) -> Problem:
        """Return this problem in floating point."""
        return self._converted(float)

    def as_exact(self) -> Problem:
        """Return this problem in rational arithmetic, floats taken as the binary numbers that they are."""
        return self._converted(Fraction)

    def _converted(self, kind: Callable[[Number], Number]) -> Problem:
        return replace(
            self,
            gamma=kind(self.gamma),
            start=kind(self.start),
            end=kind(self.end),
            alpha=kind(self.alpha),
            beta=kind(self.beta),
        )


@dataclass(frozen=True, eq=False)
class Network:
    """The parameters w, b, v (one entry per neuron) and c of f(x) = c + sum of v_j s(w_j x + b_j)."""

    w: Array
    b: Array
    v: Array
    c: Number

    @property
    def parameters(self) -> tuple[Array, Array, Array, Array]:
        """The same as the tuple of arrays that users see."""
        out = np.empty((), dtype=self.w.dtype)
        out[()] = self.c
        return self.w, self.b, self.v, out

    @classmethod
    def of(cls, parameters: Any) -> Network:
        """Return the network with these four arrays."""
        w, b, v, c = parameters
        return cls(w, b, v, c.item() if isinstance(c, np.ndarray) else c)

    def map(self, convert: Callable[[Array], Array]) -> Network:
        """Return the network with every array (c as one without dimensions) replaced by what ``convert`` makes of it."""
        return Network.of([convert(part) for part in self.parameters])

    def moved(self, direction: Network, step: Number) -> Network:
        """Return the network at ``step`` along ``direction``."""
        return Network(
            self.w + step * direction.w,
            self.b + step * direction.b,
            self.v + step * direction.v,
            self.c + step * direction.c,
        )

    def dot(self, other: Network) -> Number:
        """Return the inner product with ``other``."""
        total: Number = (self.w * other.w + self.b * other.b + self.v * other.v).sum() + self.c * other.c
        return total


def rational_sqrt(value: Fraction) -> Fraction | None:
    """Return the square root of ``value`` if it is rational, else None."""
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    return Fraction(top, bottom) if top**2 == value.numerator and bottom**2 == value.denominator else None
