"""The options of a linear landscape, checked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from theodolite._errors import DataError, ShapeError
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
        layout, depth = self.layout, self.layout.depth
        named = {
            (): "",
            tuple(range(1, depth + 1)): "+bias",
            tuple(range(1, depth)): "+hidden-bias",
            (depth,): "+output-bias",
        }
        suffix = named.get(layout.biased) or "".join(f"+bias{k}" for k in layout.biased)
        return f"linear:{'-'.join(map(str, layout.widths))}{suffix}"


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
    widths = (d_in, *map(int, widths), d_out)
    count = sum(a * b for a, b in pairwise(widths))
    if count > _MOST_PARAMETERS:
        raise ShapeError(
            f"Widths of {'-'.join(map(str, widths))} make {count} parameters",
            cause=f"at most {_MOST_PARAMETERS} are supported",
            fix=f"No width above min(d_in, d_out) = {min(d_in, d_out)} lowers the loss; pass smaller ones",
        )
    if reduction not in _REDUCTIONS:
        raise DataError(f"reduction is {reduction!r}", fix=f"Use one of {', '.join(_REDUCTIONS)}")
    if arithmetic not in _ARITHMETICS:
        raise DataError(f"arithmetic is {arithmetic!r}", fix=f"Use one of {', '.join(_ARITHMETICS)}")
    if isinstance(l2, bool) or not isinstance(l2, (int, float, np.number)) or not 0 <= l2 < np.inf:
        raise DataError(f"l2 is {l2!r}", fix="Pass a finite number of zero or more")
    factor = {"half_sum": 0.5, "sum": 1.0, "mean": 1.0 / (samples * d_out)}[reduction]
    layout = Layout(widths, _biased_layers(bias, len(widths) - 1))
    return Options(layout, reduction, factor, float(l2), arithmetic)


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
