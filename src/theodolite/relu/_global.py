"""``global_minimum`` of a network whose local minima are too many to list: a good point first, then the proof.

Trainings from random starts and exact descents from the best of their ends give a point that is often the best. The sweep
over independent sets of faces (``_optimum``) or, where those are too many, branch and bound over sign prefixes (``_branch``)
then finds everything that is lower, or proves that nothing is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import comb, inf

import numpy as np

from theodolite._errors import WorkloadError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._references import cite
from theodolite.relu._branch import minimise, zero_point
from theodolite.relu._descent_path import descent_path
from theodolite.relu._keys import Key, Sort
from theodolite.relu._members import member
from theodolite.relu._optimum import MOST_SWEPT, pointed, seen_weights, swept_optimum
from theodolite.relu._patterns import face_count, patterns
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._strata import strata
from theodolite.relu._training import Fleet, train, training_rate

__all__ = ["Lowest", "lowest", "widened"]

_RUNS, _STEPS, _FINISHED = 1024, 1000, 16
_MOST_FACES = 50_000
_SWEPT_A_SECOND = 10**6
"""So many sets a slow core sweeps in a second."""
_MOST_WIDTH = 1024
"""Sweeps of larger systems (neurons times the square of their weights) do not fit on the stack."""


@dataclass(frozen=True, eq=False)
class Lowest:
    """The best point found, its support as a key, its sum of squares, and a number that no point goes below.

    ``method`` and ``words`` say how that is known; ``decided`` whether floats were clear about the support.
    """

    key: Key
    point: Point
    sse: Number
    lower: Number
    method: Method
    words: str
    decided: bool = True

    @property
    def complete(self) -> bool:
        """Whether this is proven to be the global minimum."""
        return self.decided and bool(self.lower >= self.sse)

    def evidence(self, problem: Problem) -> Evidence:
        """Return how this is known."""
        return Evidence(
            self.method,
            (cite("liu-2020"), cite("theodolite", "global minima on independent faces")),
            (Assumption(self.words),),
            scope=f"the lowest loss of {problem.hidden} neurons on these samples",
            complete=self.complete,
        )


def _good_point(problem: Problem, stop: Callable[[], bool]) -> Point:
    """Return the best end of many short trainings, after exact descents, in floats: always the same one."""
    rounded = problem.as_float
    h, d = problem.hidden, problem.width
    source = np.random.default_rng(0)
    size = float(np.abs(rounded.inputs).max(initial=0.0)) or 1.0
    fleet = Fleet(
        source.normal(size=(_RUNS, h, d)) / (size * d**0.5),
        source.normal(size=(_RUNS, h)) * float(np.std(rounded.targets) or 1.0),
        np.zeros(_RUNS),
    )
    train(rounded, fleet, training_rate(rounded), 0.9, _STEPS, lambda done: None, stop)
    losses = fleet.losses(rounded)
    best, lowest_sse = zero_point(problem).converted(rounded), inf
    for run in np.argsort(np.where(np.isfinite(losses), losses, inf), kind="stable")[:_FINISHED].tolist():
        if stop() or not np.isfinite(losses[run]):
            break
        point = Point(fleet.weights[run].copy(), fleet.outer[run].copy(), float(fleet.offsets[run]))
        for found in descent_path(rounded, point):
            point = found
            if stop():
                break
        sse = float(Evaluation(rounded, point).sse)
        if sse < lowest_sse:
            best, lowest_sse = point, sse
    return best


def lowest(problem: Problem, report: Callable[[int], None], deadline: float = inf) -> Lowest:
    """Return the global minimum of a problem with one output, or the best found until ``deadline`` or Ctrl-C and a bound.

    ``report`` is told how many regions or sizes of sets were looked at.
    """

    begun = time.monotonic()
    half = begun + (deadline - begun) / 2

    def stop() -> bool:
        return time.monotonic() >= deadline

    def pause() -> bool:  # half of the time is for bounds
        return time.monotonic() >= half

    small = pointed(problem)
    start = zero_point(small.as_exact)
    try:
        start = _settled(small, _good_point(small, pause), pause)
        if _can_be_swept(small, deadline - time.monotonic()):
            found = _by_sweep(small, Evaluation(small.as_exact, start).sse, report, stop)
            if found is not None:
                return found
    except KeyboardInterrupt:
        deadline = 0.0
    return _by_branching(small, start, report, deadline)


def _settled(problem: Problem, point: Point, stop: Callable[[], bool]) -> Point:
    """Return a point found in floats as rationals; where the data is exact, after a descent that ends exactly at a minimum."""
    exact = problem.as_exact
    best = point.converted(exact)
    if problem.exact:
        for found in descent_path(exact, best):
            best = found
            if stop():
                break
    zero = zero_point(exact)
    return min(best, zero, key=lambda point: Evaluation(exact, point).sse)


def _can_be_swept(problem: Problem, left: float) -> bool:
    """Return whether a sweep over all sets of faces is possible, and ends within ``left`` seconds."""
    faces = face_count(problem, boundary=True)
    if faces > _MOST_FACES or problem.hidden * problem.width**2 > _MOST_WIDTH:
        return False
    sets = sum(comb(faces, size) for size in range(problem.hidden + 1))
    return sets <= min(MOST_SWEPT, left * _SWEPT_A_SECOND)


def _by_sweep(
    problem: Problem, attained: Fraction, report: Callable[[int], None], stop: Callable[[], bool]
) -> Lowest | None:
    found = patterns(problem)
    try:
        proven = swept_optimum(found, attained, report, stop)
    except WorkloadError:  # the products of all pairs of faces take too much memory
        return None
    if proven is None:
        return None
    solution = proven.solution
    neurons = tuple((sign, found.signs[face].tobytes()) for face, sign in solution.support.pairs)
    words = (
        f"{proven.swept:,} sets of faces were tried; floats ruled out sets of clearly independent columns that are higher "
        "by more than 1e-6 of the targets' squares, or whose fit lies clearly outside"
    )
    key = Key(Sort.MINIMUM if solution.decided else Sort.MAYBE_MINIMUM, neurons)
    point = member(next(strata(found, problem.hidden, solution)), None)
    return Lowest(key, point, solution.sse, solution.sse, Method.THEOREM, words, solution.decided)


def _by_branching(problem: Problem, start: Point, report: Callable[[int], None], deadline: float) -> Lowest:
    exact = problem.as_exact
    found = minimise(exact, start, deadline, report)
    words = f"{found.nodes:,} regions of sign prefixes were bounded in rational arithmetic"
    key, sse, lower = _support(exact, found.point), problem.number(found.sse), problem.number(found.lower)
    return Lowest(key, found.point.converted(problem), sse, lower, Method.EXACT, words)


def _support(problem: Problem, point: Point) -> Key:
    """Return the faces of the neurons whose output weights are not 0, with their signs."""
    before = Evaluation(problem, point).before
    signs = (before > 0).astype(np.int8) - (before < 0).astype(np.int8)
    found = {(1 if v > 0 else -1, signs[:, j].tobytes()) for j, v in enumerate(point.outer) if v}
    return Key(Sort.MINIMUM, tuple(sorted(found)))


def widened(problem: Problem, point: Point) -> Point:
    """Return a point of ``pointed(problem)`` as one of ``problem``: weights that no sample sees are 0."""
    kept = seen_weights(problem)
    if len(kept) == problem.width:
        return point
    weights = np.full((len(point.weights), problem.width), problem.number(0), dtype=point.weights.dtype)
    weights[:, kept] = point.weights
    return Point(weights, point.outer, point.offset)
