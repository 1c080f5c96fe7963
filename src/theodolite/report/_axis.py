"""How the heights of the ladder are drawn: the rules that decide between a plain, broken, logarithmic and rank axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10, sqrt

import numpy as np

from theodolite._typing import Array
from theodolite.report._numbers import TIE, number, power_of_ten, tick

__all__ = ["Axis", "axis_for", "nice_step"]

_LARGE = 0.5
"""A gap is large when it takes at least this share of the range."""

_CLOSE = 0.03
"""Values closer than this share of the range hide each other's marks."""

_DECADES = 3.0
"""Values spanning more than this many powers of ten are drawn on a logarithmic axis, if none is zero."""

_WIDE = 30.0
"""With a ratio of highest to lowest below this, a logarithmic axis has nothing to offer."""

_HIDDEN = 0.012
"""The lowest two values must be this share of the height apart, or one mark hides the other."""

_ZERO = 1e-13
"""Values below this share of the largest are zeros that rounding has spoilt."""

_NOTHING = 1e-300
"""Differences of numbers below this underflow."""

_BETWEEN = (sqrt(2.0), sqrt(10.0), sqrt(50.0))
"""Steps of 1, 2, 5 and 10 part here: in the middle by ratio, so that no step is off by more than a factor of 1.6."""

_TICKS = 9
_RANK_TICKS = 14


@dataclass(frozen=True)
class Axis:
    """An axis: ``kind`` is linear, broken, log or rank; ``pieces`` are the stretches drawn, all on one scale.

    ``ticks`` are places with their text; ``steps`` are the distinct values of a rank axis, lowest first; ``note`` is
    written into the break; ``caption`` says how to read the axis.
    """

    kind: str
    pieces: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, str], ...]
    caption: str
    note: str = ""
    steps: tuple[float, ...] = ()

    def place(self, value: float) -> float:
        """Return how far up ``value`` lies, from 0 to 1, leaving out the room that a break takes."""
        return float(self.places(np.array([value]))[0])

    def places(self, values: Array) -> Array:
        """Return how far up each of ``values`` lies, from 0 to 1; what is not on the axis lies at its ends."""
        bottom, top = self.pieces[0][0], self.pieces[-1][1]
        values = np.clip(np.nan_to_num(values, nan=top), bottom, top)
        if self.kind == "rank":
            steps = np.array(self.steps)
            middles = (steps[1:] + steps[:-1]) / 2
            ranks: Array = (np.searchsorted(middles, values) + 0.5) / len(steps)
            return ranks
        if self.kind == "log":
            low, high = np.log10(self.pieces[0])
            shares: Array = (np.log10(values) - low) / (high - low)
            return shares
        total = sum(high - low for low, high in self.pieces)
        below: Array = np.zeros(len(values))
        for low, high in self.pieces:
            below += np.clip(values, low, high) - low
        return np.asarray(below / total)


def nice_step(span: float, count: int) -> float:
    """Return the step of 1, 2 or 5 times a power of ten that cuts ``span`` into about ``count`` parts.

    >>> nice_step(333.0, 9), nice_step(0.7, 9)
    (50.0, 0.1)
    """
    power = 10.0 ** floor(log10(span / count))
    share = span / count / power
    factor = 1.0 if share < _BETWEEN[0] else 2.0 if share < _BETWEEN[1] else 5.0 if share < _BETWEEN[2] else 10.0
    return float(f"{factor * power:.6g}")


def axis_for(values: Sequence[float]) -> Axis:
    """Return the axis for these losses.

    Logarithmic for values over three decades with no zero; else plain, unless a gap takes half the range and crushes values
    elsewhere into one mark; then broken at the largest gap, both sides on one scale; and if that still leaves such a gap,
    one equal step for each distinct value. Where a plain or broken axis would hide the lowest saddle behind the
    minimum, it is logarithmic after all, or has equal steps if the minimum is zero, up to rounding.
    """
    distinct = _distinct(values)
    if not distinct:
        return Axis("linear", ((0.0, 1.0),), ((0.0, "0"), (1.0, "1")), "Height is the loss.")
    low, high = distinct[0], distinct[-1]
    if len(distinct) == 1:
        return _linear(low - _room(low), high + _room(high))
    if low > _ZERO * high and log10(high / low) > _DECADES:
        return _log(low, high)
    axis = _even(distinct)
    if axis.kind == "rank" or axis.place(distinct[1]) - axis.place(low) >= _HIDDEN:
        return axis
    if low <= _ZERO * high:
        return _rank(distinct)
    apart = high / low >= _WIDE and log10(distinct[1] / low) > _HIDDEN * log10(high / low)
    return _log(low, high) if apart else axis


def _even(distinct: list[float]) -> Axis:
    """Return the plain, broken or rank axis for these values."""
    low, high = distinct[0], distinct[-1]
    gaps = [b - a for a, b in pairwise(distinct)]
    widest = max(range(len(gaps)), key=gaps.__getitem__)
    if not _crushing(gaps, high - low):
        pad = 0.035 * (high - low)
        return _linear(low - pad if low - pad > 0 or low < 0 else min(0.0, low), high + pad)
    left = high - low - gaps[widest]
    if left <= _ZERO * high or _crushing(gaps[:widest] + gaps[widest + 1 :], left):
        return _rank(distinct)
    return _broken(low, distinct[widest], distinct[widest + 1], high)


def _crushing(gaps: Sequence[float], span: float) -> bool:
    """Whether one of ``gaps`` takes so much of ``span`` that values beside another can hardly be told apart."""
    return max(gaps) >= _LARGE * span and min(gaps) < _CLOSE * span


def _distinct(values: Sequence[float]) -> list[float]:
    """Return ``values`` in order without repetitions; rounding does not make two values of one."""
    given = np.array(values, dtype=np.float64)
    ordered = np.unique(np.where(np.abs(given) < _NOTHING, 0.0, given))
    size = np.maximum(np.abs(ordered[1:]), np.abs(ordered[:-1]))
    new = np.concatenate([[True], np.diff(ordered) > TIE * size]) if len(ordered) else np.zeros(0, dtype=bool)
    kept: list[float] = ordered[new].tolist()
    return kept


def _room(value: float) -> float:
    return abs(value) / 2 if value else 1.0


def _linear(low: float, high: float) -> Axis:
    return Axis("linear", ((low, high),), _ticks(low, high, nice_step(high - low, _TICKS)), "Height is the loss.")


def _log(low: float, high: float) -> Axis:
    room = 10.0 ** (0.04 * log10(high / low))
    first, last = ceil(log10(low / room) - 1e-9), floor(log10(high * room) + 1e-9)
    stride = max(1, round((last - first) / _TICKS))
    plain = first >= -3 and last <= 4
    ticks = tuple((10.0**power, power_of_ten(power, plain=plain)) for power in range(first, last + 1, stride))
    caption = "Height is the loss on a logarithmic axis: each grid line is a fixed factor above the one below it."
    return Axis("log", ((low / room, high * room),), ticks, caption)


def _broken(low: float, below: float, above: float, high: float) -> Axis:
    drawn = (below - low) + (high - above)
    pad = min(0.07 * drawn, 0.2 * (above - below))
    first = (low - pad if low - pad > 0 or low < 0 else min(0.0, low), below + pad)
    second = (above - pad, high + pad)
    step = nice_step(first[1] - first[0] + second[1] - second[0], _TICKS)
    ticks = _ticks(*first, step) + _ticks(*second, step)
    note = f"axis broken: {number(second[0] - first[1])} left out"
    caption = "Height is the loss. The axis is broken at its largest gap; both parts are drawn to the same scale."
    return Axis("broken", (first, second), ticks, caption, note)


def _rank(distinct: list[float]) -> Axis:
    stride = ceil(len(distinct) / _RANK_TICKS)
    shown = distinct[::stride]
    caption = (
        "Height is the rank of the loss: one equal step for each distinct value, because the gaps between values are "
        "too uneven for a scale. The numbers at the axis are losses."
    )
    ends = ((distinct[0], distinct[-1]),)
    return Axis("rank", ends, tuple((v, number(v)) for v in shown), caption, steps=tuple(distinct))


def _ticks(low: float, high: float, step: float) -> tuple[tuple[float, str], ...]:
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return tuple((float(f"{k * step:.12g}"), tick(k * step, step)) for k in range(first, last + 1))
