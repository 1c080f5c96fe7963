"""A descent in the arithmetic of the problem; large rational problems are walked in floats first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from theodolite.relu._approach import approach
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._quadratic import large
from theodolite.relu._station import Station, flat, rounded, start
from theodolite.relu._walk import walk

__all__ = ["descent_path", "lifted", "measured_path"]

_EXACT_WORK = 20_000
"""Rational problems of more numbers (samples x parameters) than this are walked in floats first."""

_APPROACHES = 8
_PATIENCE = 20
_FAR = 0.98
"""If a walk makes S smaller by this factor in so many steps, there is another approach; so many of them at most."""


def descent_path(problem: Problem, point: Point) -> Iterator[Point]:
    """Yield the points of a walk from ``point``, the last one a local minimum as far as the arithmetic can tell."""
    for found, _ in measured_path(problem, point):
        yield found


def measured_path(problem: Problem, point: Point) -> Iterator[tuple[Point, Number]]:
    """Yield the same points, and S there."""
    if not problem.exact:
        yield from _in_floats(problem, point)
        return
    here = start(problem, point)
    if problem.samples * here.weights.size > _EXACT_WORK:
        near = list(_in_floats(problem.as_float, point.converted(problem.as_float)))
        there = lifted(problem, near[-1][0]) if near else None
        if there is not None and there.sse < here.sse:
            here = there
            yield here.point(), here.sse
    yield from _walked(here)


def _in_floats(problem: Problem, point: Point) -> Iterator[tuple[Point, Number]]:
    """Yield the points of a walk in floats, and S there; columns are scaled by powers of two, which rounds nothing."""
    exponents = np.frexp(np.abs(problem.inputs).max(axis=0))[1]
    scaled = replace(problem, inputs=np.ldexp(problem.inputs, -exponents))
    here = start(scaled, Point(np.ldexp(point.weights, exponents), point.outer, point.offset))
    for found, sse in _approached(here) if large(here) else _walked(here):
        yield Point(np.ldexp(found.weights, -exponents), found.outer, found.offset), sse


def _walked(here: Station) -> Iterator[tuple[Point, Number]]:
    for station in walk(here):
        yield station.point(), station.sse


def _approached(here: Station) -> Iterator[tuple[Point, Number]]:
    """Yield what a walk from where an approach ends passes, with another approach if the walk turns out to have far to go."""
    for _ in range(_APPROACHES):
        closest: Point | None = None
        for closest, sse in approach(here):
            yield closest, sse
        here = here if closest is None else start(here.problem, closest)
        far = _FAR * here.sse
        for count, station in enumerate(walk(here), 1):
            yield station.point(), station.sse
            here = station
            if count >= _PATIENCE and station.sse < far:
                break
        else:
            return
    yield from _walked(here)


def lifted(problem: Problem, close: Point) -> Station:
    """Return a rational station on the kinks of a point in floats."""
    floats = start(problem.as_float, close)
    bases = tuple(flat(problem, held) for held in floats.held.T)
    weights = problem.array(close.weights)
    station = Station(
        problem, weights, floats.outer, problem.array(np.array(close.offset))[()], floats.held, tuple(bases)
    )
    return rounded(station, 60)
