"""Descent to a local minimum in steps that need no size: face after face, each left at a strictly lower sum of squares.

On a face S is a convex quadratic. From a station the walk goes towards its minimiser, over kinks as long as S falls, and is
held at the first kink that blocks. At a minimiser that fails the exact test of some neuron it leaves the kinks along the
direction of that test. No face can have its minimiser reached twice, so the walk ends; should it dawdle, it crosses no kink on
the way any more, so that it is on ever smaller faces until it reaches a minimiser.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theodolite._typing import Array
from theodolite.relu._bend import bend
from theodolite.relu._leaving import conditions, off_kinks, off_zero
from theodolite.relu._loosening import loosened
from theodolite.relu._problem import Number
from theodolite.relu._quadratic import Quadratic
from theodolite.relu._ray import descend
from theodolite.relu._station import Station, rounded

__all__ = ["walk"]

_FREE_STEPS = 60
"""So many steps in a row may cross kinks without reaching a minimiser."""

_BITS = 160
"""Rational weights of more bits than this are replaced by shorter ones on the way."""


def walk(station: Station) -> Iterator[Station]:
    """Yield stations of falling S, the last one a local minimum as far as the arithmetic can tell.

    In floats some stations only improve digits that S does not show, or leave kinks along which S is level.
    """
    dawdling, corrected, loosenings, lowest, quadratic = 0, False, 0, station.sse, Quadratic(station)
    while True:
        lower, full = _towards_minimiser(station, quadratic, crossing=dawdling < _FREE_STEPS)
        if lower is not None and (lower.sse < lowest or not full):
            dawdling, corrected, lowest = 0 if full else dawdling + 1, False, min(lowest, lower.sse)
        elif lower is not None and not corrected:  # the last digits, which S does not show
            corrected = True
        else:
            lower = _onwards(station, lowest)
            lowest = lowest if lower is None else lower.sse
            dawdling, corrected = 0, False
        if lower is None and loosenings < 2 * len(station.outer):
            lower, loosenings = loosened(station), loosenings + 1
        if lower is None:
            return
        station = lower
        yield station


def _towards_minimiser(station: Station, quadratic: Quadratic, *, crossing: bool) -> tuple[Station | None, bool]:
    """Return where the way to the minimiser of the face's quadratic ends, if not higher, and whether at the minimiser itself."""
    move = quadratic.step(station)
    if move is None:
        return None, True
    if crossing and quadratic.gram is not None:
        lower = bend(station, move, quadratic.gram)
        if lower is not None:
            return lower, False
    lower = descend(station, move, crossing=crossing)
    if lower is None:
        return None, True
    full = bool(
        np.all(lower.weights == station.weights + move.weights) and lower.offset == station.offset + move.offset
    )
    if lower.sse < station.sse:
        return lower if full else _shortened(station, lower), full
    slack = 0 if station.problem.exact else station.noise @ (np.abs(station.error) + station.noise)
    useful = full or lower.held.sum() > station.held.sum()  # S may not show a short step to the next kink
    return (lower, full) if useful and lower.sse <= station.sse + slack else (None, True)


def _onwards(station: Station, lowest: Number) -> Station | None:
    """Return a station below ``lowest`` off the kinks, or with neurons of z = 0 switched on."""
    found = conditions(station)
    switched = off_zero(station, found)
    if switched is not None and switched.sse < lowest:
        return _shortened(station, switched)
    move = off_kinks(station, found)
    lower = None if move is None else descend(station, move, crossing=True)
    return None if lower is None or not lower.sse < lowest else _shortened(station, lower)


def _shortened(before: Station, after: Station) -> Station:
    """Return ``after`` with shorter numbers, if they are long and S stays below that of ``before``."""
    if not after.problem.exact or _size(after.weights) <= _BITS:
        return after
    for bits in (_BITS // 4, _BITS // 2, _BITS):
        trial = rounded(after, bits)
        if trial.sse < before.sse and np.array_equal(trial.signs, after.signs):
            return trial
    return after


def _size(numbers: Array) -> int:
    return max((number.denominator.bit_length() for number in numbers.flat), default=0)
