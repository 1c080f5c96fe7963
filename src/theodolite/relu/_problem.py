r"""The data of a one-hidden-layer ReLU network in numbers: all rational, or all floating point.

With :math:`s(t) = t` for t >= 0 and :math:`\gamma t` below, rows :math:`x_i` of ``inputs`` (a 1 appended where neurons have
biases), residual :math:`e_i = \sum_j v_j s(w_j \cdot x_i) + c - y_i` and :math:`S = \sum_i e_i^2`, the loss is ``scale`` times S.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from theodolite._numerics import as_fractions, exact_product, to_floats
from theodolite._typing import Array
from theodolite.relu._lines import Lines, group

__all__ = ["Number", "Problem"]

Number: TypeAlias = Any
"""A Fraction or a float: everything in one computation is rational, or everything is a float (no checker can follow that)."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows, targets and activation.

    ``inputs`` is (n, d), ``targets`` (n,), or (n, k) for k > 1 outputs; ``slope`` is gamma; ``offset`` says whether there is an
    output bias c; ``epsilon`` is the unit round-off of the type in which the data was given (0 where it was given exactly).
    """

    inputs: Array
    targets: Array
    slope: Number
    hidden: int
    offset: bool
    scale: Number
    epsilon: float

    @property
    def exact(self) -> bool:
        """Whether the numbers are rational."""
        return self.inputs.dtype == object

    @property
    def samples(self) -> int:
        """n, how many rows there are."""
        return len(self.inputs)

    @property
    def width(self) -> int:
        """d, how many parameters a neuron has before its output weight."""
        return int(self.inputs.shape[1])

    @property
    def outputs(self) -> int:
        """k, how many outputs the network has."""
        return 1 if self.targets.ndim == 1 else int(self.targets.shape[1])

    @cached_property
    def lines(self) -> Lines:
        """The rows grouped by the lines that they span."""
        return group(self.inputs)

    @cached_property
    def column_sizes(self) -> Array:
        """The norms of the columns of X rounded to powers of two, 1 for columns of zeros: floats in any arithmetic."""
        inputs = self.as_float.inputs
        largest = np.abs(inputs).max(axis=0, initial=0.0)
        safe = np.where(largest > 0, largest, 1.0)
        norms = safe * np.sqrt(((inputs / safe) ** 2).sum(axis=0))
        return np.asarray(np.exp2(np.round(np.log2(np.where(largest > 0, norms, 1.0)))))

    def number(self, value: Number | int) -> Number:
        """Return ``value`` in this problem's arithmetic."""
        return Fraction(value) if self.exact else float(value)

    def array(self, values: Any) -> Array:
        """Return ``values`` as an array in this problem's arithmetic."""
        if self.exact:
            return as_fractions(values)
        given = np.asarray(values)
        return to_floats(given) if given.dtype == object else given.astype(np.float64)

    def zeros(self, *shape: int) -> Array:
        """Return zeros in this problem's arithmetic."""
        return np.full(shape, Fraction(0), dtype=object) if self.exact else np.zeros(shape)

    def product(self, left: Array, right: Array) -> Array:
        """Return the matrix product, without round-off where the problem is rational."""
        return exact_product(left, right) if self.exact else left @ right

    def activate(self, values: Array) -> Array:
        """Return s of every entry."""
        return np.where(values >= 0, values, self.slope * values)

    @cached_property
    def as_float(self) -> Problem:
        """This problem in floating point, with the margins that the data as given deserves."""
        return (
            self
            if not self.exact
            else replace(
                self,
                inputs=to_floats(self.inputs),
                targets=to_floats(self.targets),
                slope=float(self.slope),
                scale=float(self.scale),
            )
        )

    @cached_property
    def as_exact(self) -> Problem:
        """This problem in rational arithmetic, floats taken as the binary numbers that they are."""
        return (
            self
            if self.exact
            else replace(
                self,
                inputs=as_fractions(self.inputs),
                targets=as_fractions(self.targets),
                slope=Fraction(self.slope),
                scale=Fraction(self.scale) if self.scale in (0.5, 1.0) else Fraction(1, self.targets.size),
            )
        )
