"""The bias-free core of exactly given data in rationals, and its eigenvalues as algebraic numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

import numpy as np

from theodolite._evidence import Assumption
from theodolite._numerics import (
    AlgebraicNumber,
    as_fractions,
    eigenvalues,
    exact_product,
    exact_projector,
    exact_pseudo_inverse,
    exact_rank,
)
from theodolite._typing import Array, Parameters
from theodolite.linear._exact_data import Gram
from theodolite.linear._network import Layout

__all__ = ["ExactCore", "Spectrum", "exact_spectrum"]

Ends = tuple[Fraction, Fraction]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The distinct positive eigenvalues of Sigma, largest first, and how often each occurs.

    ``ends(bits)`` gives rational bounds of each, at most ``2**-bits`` apart. ``exact`` holds them as exact numbers where they are
    known as such; ``checked`` says what was decided.
    """

    floats: tuple[float, ...]
    multiplicities: tuple[int, ...]
    ends: Callable[[int], list[Ends]]
    checked: Assumption
    exact: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class ExactCore:
    """Products of the core's data in rationals: X^T X, Y^T X and ``||Y||^2``, after centring or with a column of ones.

    The change of variables is that of the charts for floats: an output bias centres, a first bias alone is one input more.
    """

    gram: Gram
    layout: Layout

    @cached_property
    def _products(self) -> Array:
        """The Gram matrix of the core's [X Y]."""
        full, inputs = self.gram.matrix, self.gram.d_in
        if self.layout.depth in self.layout.biased:
            return np.asarray(full[1:, 1:] - np.outer(full[1:, 0], full[0, 1:]) / Fraction(self.gram.count))
        order = [*range(1, 1 + inputs), *([0] if 1 in self.layout.biased else []), *range(1 + inputs, len(full))]
        return full[np.ix_(order, order)]

    @property
    def d_in(self) -> int:
        """Number of inputs of the core."""
        return len(self._products) - self.layout.d_out

    @cached_property
    def xx(self) -> Array:
        """X^T X."""
        return self._products[: self.d_in, : self.d_in]

    @cached_property
    def yx(self) -> Array:
        """Y^T X."""
        return self._products[self.d_in :, : self.d_in]

    @cached_property
    def regression(self) -> Array:
        """Y^T X (X^T X)^+: the best linear map, of least norm."""
        if self.yx.shape == self.xx.shape and bool((self.yx == self.xx).all()):
            return exact_projector(self.xx)
        return exact_product(self.yx, exact_pseudo_inverse(self.xx))

    @cached_property
    def sigma(self) -> Array:
        """Y^T X (X^T X)^+ X^T Y."""
        return exact_product(self.regression, self.yx.T)

    @cached_property
    def rho(self) -> int:
        """The rank of X."""
        return exact_rank(self.xx)

    @cached_property
    def m(self) -> int:
        """The rank of Sigma, which is that of Y^T X."""
        return exact_rank(self.yx)

    @cached_property
    def floor(self) -> Fraction:
        """What no linear map can fit: ``||Y||^2 - tr Sigma``."""
        total = sum(np.diag(self._products)[self.d_in :], Fraction(0))
        return total - sum(np.diag(self.sigma), Fraction(0))

    def core(self, params: Parameters) -> Parameters:
        """Return the core weights of exact parameters."""
        weights, biases = self.layout.split(params)
        if self.layout.biased == (1,):
            weights[0] = np.concatenate([weights[0], biases[0][:, None]], axis=1)
        return tuple(weights)

    def push(self, params: Parameters, velocity: Parameters) -> Parameters:
        """Return the direction in all parameters that moves the core weights by ``velocity`` and keeps the means fitted."""
        v1, v2 = velocity
        if 2 not in self.layout.biased:
            return (v1[:, :-1], v1[:, -1], v2) if self.layout.biased else (v1, v2)
        (w1, w2), (b1, _) = self.layout.split(params)
        mean = self.gram.matrix[1 : 1 + self.gram.d_in, :1] / Fraction(self.gram.count)
        carried = exact_product(w1, mean) + as_fractions(b1)[:, None]
        change = -(exact_product(v2, carried) + exact_product(w2, v1, mean))[:, 0]
        return self.layout.join(velocity, (as_fractions(np.zeros(self.layout.hidden, dtype=int)), change))


def exact_spectrum(core: ExactCore) -> Spectrum:
    """Return the eigenvalues as algebraic numbers: roots of the factored characteristic polynomial."""
    found = [(value, count) for value, count in eigenvalues(core.sigma) if value > 0]
    numbers = [value for value, _ in found]
    rational = sum(value.rational is not None for value in numbers)
    distinct = f"{len(found)} distinct values, {rational} of them rational"
    return Spectrum(
        floats=tuple(float(value) for value in numbers),
        multiplicities=tuple(count for _, count in found),
        ends=partial(_ends, numbers),
        checked=Assumption(f"{core.m} positive eigenvalues, {distinct}, in rational arithmetic"),
        exact=tuple(numbers),
    )


def _ends(numbers: list[AlgebraicNumber], bits: int) -> list[Ends]:
    return [number.enclosure(bits) for number in numbers]
