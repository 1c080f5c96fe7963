"""Is this local minimum the lowest? Proven bounds say yes, better points that are known to be attained say no."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theodolite._evidence import Assumption
from theodolite._kind import Kind
from theodolite.relu._conditions import CLEAR
from theodolite.relu._known import Known
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reachable import learn, own_cells
from theodolite.relu._reading import Reading

__all__ = ["Comparison", "compare", "lowest"]

_MOST_UNLIMITED = 2_000_000
"""The infimum over all widths is computed where rows times columns of its least squares problem are at most this many."""

_MOST_UNLIMITED_EXACT = 20_000

_REACHED = 1e-6
"""A loss is at a lower bound where it is not above it by more than this share of the zero network's, whatever the round-off."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """The kind of a local minimum once it is compared (None: not known), and the lowest value where that is proven."""

    kind: Kind | None
    best: Number | None
    checks: tuple[Assumption, ...] = ()


def compare(problem: Problem, point: Point, reading: Reading, known: Known, noise: Number) -> Comparison:
    """Compare S of a local minimum with what is known, and learn what this point and its cells tell."""
    sse = reading.sse
    if not problem.exact:
        noise = noise + CLEAR * float(np.finfo(np.float64).eps) * float((reading.terms**2).sum()) * 1e-3
    if _reached(problem, known, sse, noise):
        return _lowest(problem, known, sse, noise)
    if not _beaten(problem, known, sse, noise):
        learn(problem, known)
    if not _beaten(problem, known, sse, noise):
        own_cells(problem, point, reading, known)
    if _beaten(problem, known, sse, noise):
        lower = _number(problem, known.attained)
        margin = None if problem.exact else float((sse - lower) / noise) if noise else None
        told = Assumption(f"a sum of squares of {float(lower):.10g} is attained by {known.attained_by}", margin)
        best = known.bound if known.attained == known.bound else None
        return Comparison(Kind.SPURIOUS_MINIMUM, None if best is None else _number(problem, best), (told,))
    known.attain(sse if problem.exact else sse + noise, "a local minimum that was classified")
    _bound(problem, known)
    if _reached(problem, known, sse, noise):
        return _lowest(problem, known, sse, noise)
    return Comparison(None, None)


def _reached(problem: Problem, known: Known, sse: Number, noise: Number) -> bool:
    """Return whether ``sse`` equals the lower bound; rationals do not rest on a bound that was computed in floats."""
    if problem.exact and not isinstance(known.bound, Fraction):
        return bool(sse == 0)
    above = sse - _number(problem, known.bound)
    if problem.exact:
        return bool(above <= 0)
    # Large weights that cancel make every loss a matter of round-off: far above the bound, in units of the targets, is not at it.
    size = float((problem.targets**2).sum())
    return bool(above <= noise and (size == 0 or above <= _REACHED * size))


def lowest(problem: Problem, reading: Reading, known: Known, noise: Number) -> Comparison:
    """Return that a point is a global minimum where its value equals a lower bound: no other test is needed then."""
    if not _reached(problem, known, reading.sse, noise):
        _bound(problem, known)
    if _reached(problem, known, reading.sse, noise):
        return _lowest(problem, known, reading.sse, noise)
    return Comparison(None, None)


def _number(problem: Problem, value: Number) -> Number:
    return value if problem.exact and isinstance(value, Fraction) else problem.number(value)


def _beaten(problem: Problem, known: Known, sse: Number, noise: Number) -> bool:
    if known.attained is None:
        return False
    margin = problem.number(0) if problem.exact else CLEAR * noise
    if problem.exact and not isinstance(known.attained, Fraction):  # a float was attained up to its round-off
        margin = Fraction(1, 10**9) * (problem.targets @ problem.targets)
    return bool(_number(problem, known.attained) < sse - margin)


def _lowest(problem: Problem, known: Known, sse: Number, noise: Number) -> Comparison:
    bound = _number(problem, known.bound)
    margin = None if problem.exact or sse <= bound else float(noise / (sse - bound))
    told = Assumption(
        f"the loss equals a lower bound: {known.bounded_by}", margin, None if problem.exact else float(noise)
    )
    return Comparison(Kind.GLOBAL_MINIMUM, bound, (told,))


def _bound(problem: Problem, known: Known) -> None:
    """Learn the infimum over all widths, where that is cheap."""
    size = problem.samples * (problem.lines.count + problem.width + 1)
    arithmetic = "exact" if problem.exact else "float"
    if size > (_MOST_UNLIMITED_EXACT if problem.exact else _MOST_UNLIMITED) or known.unlimited in ("exact", arithmetic):
        return
    from theodolite.relu._unlimited import unlimited_sse

    known.unlimited = arithmetic
    if problem.exact and not isinstance(known.bound, Fraction):
        known.bound = Fraction(0)
    known.raise_bound(unlimited_sse(problem), "the infimum over networks of any width")
