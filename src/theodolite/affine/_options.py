"""The options of an affine-target landscape, checked."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._arrays import as_number
from theodolite._errors import DataError, NotCoveredError
from theodolite.affine._problem import Activation, Number, Problem
from theodolite.io._network import Specification

__all__ = ["Options", "check_options", "read_specification"]

_ARITHMETICS = ("auto", "float64", "verified", "exact")
_MOST = (2**31 - 2) // 3
"""The largest width whose number of parameters fits the columns of an atlas."""
_LEAST = 1e-280
"""Losses of constant fits below this would lose digits, or vanish, in floats."""


@dataclass(frozen=True)
class Options:
    """The width, the arithmetic and the problem, which is rational where all its numbers were given exactly."""

    hidden: int
    arithmetic: str
    problem: Problem

    @property
    def may_be_exact(self) -> bool:
        """Whether exact parameters stay exact."""
        return self.problem.exact

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        slope = f"({self.problem.gamma})" if self.problem.activation is Activation.LEAKY_RELU else ""
        return f"{self.problem.activation.value}{slope}:1-{self.hidden}-1"


def read_specification(spec: Specification) -> dict[str, Any]:
    """Return the options that a parsed network such as ``leaky_relu(0.3):1-4-1`` stands for."""
    kinds = tuple(kind.value for kind in Activation)
    if spec.kind not in kinds or spec.bias is not False:
        raise NotCoveredError(
            f"{spec} is not covered on an affine target",
            cause=f"the kinds that are: {', '.join(kinds)}; every neuron has its bias there",
            fix="Write relu:1-5-1, leaky_relu(0.3):1-4-1 or quadratic:1-2-1",
        )
    if (spec.slope is not None) != (spec.kind == Activation.LEAKY_RELU.value):
        raise DataError(
            f"{spec} has {'a' if spec.slope is not None else 'no'} slope in brackets",
            fix="Write relu:1-5-1 or leaky_relu(0.3):1-4-1",
        )
    if len(spec.widths) != 3 or spec.widths[0] != 1 or spec.widths[2] != 1:
        raise NotCoveredError(
            f"{spec} is not covered on an affine target",
            cause="the theory knows one hidden layer between one input and one output",
            fix=f"Write it as {spec.kind}:1-5-1",
        )
    found: dict[str, Any] = {"hidden": spec.hidden[0], "activation": spec.kind}
    if spec.slope is not None:
        found["negative_slope"] = spec.slope
    return found


def check_options(
    hidden: Any, activation: Any, negative_slope: Any, interval: Any, slope: Any, intercept: Any, arithmetic: Any
) -> Options:
    """Return the options, or raise ``DataError`` naming the one that cannot be used."""
    if isinstance(hidden, bool) or not isinstance(hidden, (int, np.integer)) or hidden < 1:
        raise DataError(f"hidden is {hidden!r}", fix="Pass how many neurons there are, an integer of at least 1")
    if hidden > _MOST:
        raise DataError(f"hidden is {hidden!r}", fix=f"Pass at most {_MOST} neurons")
    if activation not in tuple(Activation):
        names = ", ".join(Activation)
        raise DataError(f"activation is {activation!r}", fix=f"Use one of {names}")
    if arithmetic not in _ARITHMETICS:
        raise DataError(f"arithmetic is {arithmetic!r}", fix=f"Use one of {', '.join(_ARITHMETICS)}")
    try:
        start, end = interval
    except (TypeError, ValueError):
        raise DataError(f"interval is {interval!r}", fix="Pass its two ends, for example (0, 1)") from None
    kind = Activation(activation)
    gamma: Number = as_number("negative_slope", negative_slope) if kind is Activation.LEAKY_RELU else Fraction(0)
    if gamma < 0:
        raise DataError(
            f"negative_slope is {negative_slope}",
            cause="below 0 the classification is not known",
            fix="Pass a slope of 0 or more",
        )
    named = {"interval": start, "the end of interval": end, "slope": slope, "intercept": intercept}
    numbers = [gamma, *(as_number(name, value) for name, value in named.items())]
    if arithmetic == "exact" and any(isinstance(number, float) for number in numbers):
        raise DataError(
            'arithmetic is "exact", but some option is a float',
            cause="a float is the binary number that it is, rarely the decimal that was meant",
            fix='Pass integers, Fractions or strings such as "0.01"',
        )
    problem = Problem(kind, *numbers)
    if arithmetic == "verified":
        problem = problem.as_exact()
    elif arithmetic == "float64" or any(isinstance(number, float) for number in numbers):
        problem = problem.as_float()
    if not problem.start < problem.end:
        raise DataError(
            f"interval is ({start}, {end})", cause="its start is not below its end", fix="Pass the smaller end first"
        )
    if not _within_range(problem):
        raise DataError(
            "Losses on this interval overflow",
            cause=f"interval is {interval!r}, slope is {slope!r}, intercept is {intercept!r}",
            fix="Rescale them",
        )
    if not problem.exact and problem.alpha != 0 and problem.plateau < _LEAST:
        raise DataError(
            "Losses on this interval vanish in floats",
            cause=f"interval is {interval!r}, slope is {slope!r}",
            fix="Rescale them, or pass them as integers, Fractions or strings",
        )
    return Options(int(hidden), arithmetic, problem)


def _within_range(problem: Problem) -> bool:
    """Return whether the numbers that losses are made of are finite as floats."""
    try:
        p = problem.as_float()
        sizes = (p.length**5, p.plateau, (abs(p.alpha) * p.reach + abs(p.beta)) ** 2 * p.length)
    except OverflowError:
        return False
    return bool(np.isfinite(sizes).all())
