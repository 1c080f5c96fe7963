"""The options of a ReLU landscape, checked."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._arrays import as_number
from theodolite._errors import DataError, NotCoveredError, ShapeError
from theodolite.io._network import Specification

__all__ = ["Options", "check_options", "read_specification"]

_REDUCTIONS = ("half_sum", "sum", "mean")
_ARITHMETICS = ("auto", "float64", "verified", "exact")
_MOST_PARAMETERS = 10**8


@dataclass(frozen=True)
class Options:
    """Widths, biases, slope and loss of a ReLU network, as they were asked for."""

    d_in: int
    hidden: int
    d_out: int
    bias: bool
    output_bias: bool
    slope: Fraction | float
    reduction: str
    arithmetic: str

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        suffix = {(True, True): "+bias", (True, False): "+hidden-bias", (False, True): "+output-bias"}
        kind = "relu" if self.slope == 0 else f"leaky_relu({self.slope})"
        return f"{kind}:{self.d_in}-{self.hidden}-{self.d_out}{suffix.get((self.bias, self.output_bias), '')}"

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """``((hidden, d_in), [(hidden,)], (hidden,), [()])``; with several outputs ``(d_out, hidden)`` and ``(d_out,)``."""
        several = self.d_out > 1
        shapes: list[tuple[int, ...]] = [(self.hidden, self.d_in)]
        if self.bias:
            shapes.append((self.hidden,))
        shapes.append((self.d_out, self.hidden) if several else (self.hidden,))
        if self.output_bias:
            shapes.append((self.d_out,) if several else ())
        return tuple(shapes)


def read_specification(spec: Specification) -> dict[str, Any]:
    """Return the options that a parsed network such as ``relu:2-3-1+bias`` stands for."""
    if len(spec.hidden) != 1:
        raise NotCoveredError(
            f"{spec} is not covered",
            cause="ReLU networks are covered with one hidden layer",
            fix=f"Write it as {spec.kind}{'' if spec.slope is None else f'({spec.slope})'}:2-3-1",
        )
    found: dict[str, Any] = {"hidden": spec.hidden[0], "bias": 1 in spec.biased, "output_bias": 2 in spec.biased}
    if spec.slope is not None:
        found["negative_slope"] = spec.slope
    return found


def check_options(
    d_in: int,
    d_out: int,
    hidden: Any,
    bias: Any,
    output_bias: Any,
    negative_slope: Any,
    reduction: Any,
    arithmetic: Any,
) -> Options:
    """Return the options, or raise the error that names the one that cannot be used."""
    if isinstance(hidden, (tuple, list)) and len(hidden) == 1:
        (hidden,) = hidden
    if isinstance(hidden, bool) or not isinstance(hidden, (int, np.integer)) or hidden < 1:
        raise ShapeError(
            f"hidden is {hidden!r}", cause="ReLU networks are covered with one hidden layer", fix="Pass its width"
        )
    for name, value in (("bias", bias), ("output_bias", output_bias)):
        if not isinstance(value, (bool, np.bool_)):
            raise DataError(f"{name} is {value!r}", fix="Pass True or False")
    if reduction not in _REDUCTIONS:
        raise DataError(f"reduction is {reduction!r}", fix=f"Use one of {', '.join(_REDUCTIONS)}")
    if arithmetic not in _ARITHMETICS:
        raise DataError(f"arithmetic is {arithmetic!r}", fix=f"Use one of {', '.join(_ARITHMETICS)}")
    count = int(hidden) * (d_in + int(bias) + d_out) + d_out * int(output_bias)
    if count > _MOST_PARAMETERS:
        raise ShapeError(
            f"The network has {count:,} parameters", fix=f"Pass a width that gives at most {_MOST_PARAMETERS:,}"
        )
    slope = _checked_slope(negative_slope)
    return Options(d_in, int(hidden), d_out, bool(bias), bool(output_bias), slope, reduction, arithmetic)


def _checked_slope(given: Any) -> Fraction | float:
    slope = as_number("negative_slope", given)
    if slope < 0:
        raise DataError(
            f"negative_slope is {given}", cause="below 0 the landscape is not covered", fix="Pass a slope of 0 or more"
        )
    if slope == 1:
        raise NotCoveredError(
            "negative_slope is 1",
            cause="the network is linear and has no kinks",
            fix="Use LinearLandscape(X, y, hidden)",
        )
    # 0.0, the default, is the integer that it looks like; 0.1 is only near a tenth.
    return Fraction(slope) if isinstance(slope, float) and slope == int(slope) else slope
