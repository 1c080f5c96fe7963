"""The options of a linear landscape, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from theodolite._errors import DataError, NotCoveredError, ShapeError
from theodolite.linear._network import Layout

__all__ = ["Options", "check_options"]

_MOST_PARAMETERS = 10**9
_REDUCTIONS = ("half_sum", "sum", "mean")
_ARITHMETICS = ("auto", "float64", "verified", "exact")


@dataclass(frozen=True)
class Options:
    """Layout and loss of a linear network: ``factor * sum of squares + l2/2 ||params||^2``."""

    layout: Layout
    reduction: str
    factor: float
    l2: float
    arithmetic: str

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        layout = self.layout
        suffix = {(): "", (1, 2): "+bias", (1,): "+hidden-bias", (2,): "+output-bias"}[layout.biased]
        return f"linear:{layout.d_in}-{layout.hidden}-{layout.d_out}{suffix}"


def check_options(
    d_in: int, d_out: int, samples: int, hidden: Any, bias: Any, l2: Any, reduction: Any, arithmetic: Any
) -> Options:
    """Return the options, or raise the error that names the one that cannot be used."""
    widths = tuple(hidden) if isinstance(hidden, (tuple, list)) else (hidden,)
    for width in widths:
        if isinstance(width, bool) or not isinstance(width, (int, np.integer)) or width < 1:
            raise ShapeError(
                f"A hidden width is {width!r}", cause="widths are integers of 1 or more", fix="Correct hidden"
            )
    if not widths:
        raise ShapeError("hidden is empty", cause="a network without hidden layer is convex", fix="Pass one width")
    if len(widths) > 1:
        raise NotCoveredError(
            f"{len(widths)} hidden layers are not covered",
            cause="this version has one hidden layer",
            fix="Pass one width",
        )
    width = int(widths[0])
    if width * (d_in + d_out) > _MOST_PARAMETERS:
        raise ShapeError(
            f"A hidden width of {width} makes {width * (d_in + d_out)} parameters",
            cause=f"at most {_MOST_PARAMETERS} are supported",
            fix=f"No width above min(d_in, d_out) = {min(d_in, d_out)} lowers the loss; pass a smaller one",
        )
    if reduction not in _REDUCTIONS:
        raise DataError(f"reduction is {reduction!r}", fix=f"Use one of {', '.join(_REDUCTIONS)}")
    if arithmetic not in _ARITHMETICS:
        raise DataError(f"arithmetic is {arithmetic!r}", fix=f"Use one of {', '.join(_ARITHMETICS)}")
    if arithmetic in ("verified", "exact"):
        raise NotCoveredError(f"arithmetic={arithmetic!r} is not available yet", fix="Use 'auto' or 'float64'")
    if isinstance(l2, bool) or not isinstance(l2, (int, float, np.number)) or not 0 <= l2 < np.inf:
        raise DataError(f"l2 is {l2!r}", fix="Pass a finite number of zero or more")
    factor = {"half_sum": 0.5, "sum": 1.0, "mean": 1.0 / (samples * d_out)}[reduction]
    return Options(Layout(d_in, width, d_out, _biased_layers(bias, 2)), reduction, factor, float(l2), arithmetic)


def _biased_layers(bias: Any, depth: int) -> tuple[int, ...]:
    """Return the 1-based numbers of the layers that have a bias."""
    if bias is False or bias is True:
        return tuple(range(1, depth + 1)) if bias else ()
    if bias == "hidden":
        return tuple(range(1, depth))
    if isinstance(bias, (tuple, list)) and all(type(k) is int and 1 <= k <= depth for k in bias):
        return tuple(sorted(set(bias)))
    raise DataError(
        f"bias is {bias!r}",
        cause=f"layers are numbered 1 to {depth}",
        fix='Pass True (every layer), False, "hidden" (all but the last), or a tuple of layer numbers',
    )
