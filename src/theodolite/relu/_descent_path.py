"""A descent in the arithmetic of the problem; large rational problems are walked in floats first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._station import Station, flat, rounded, start
from theodolite.relu._walk import walk

__all__ = ["descent_path", "lifted", "measured_path"]

_EXACT_WORK = 20_000
"""Rational problems of more numbers (samples x parameters) than this are walked in floats first."""


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
    for station in walk(here):
        yield station.point(), station.sse


def _in_floats(problem: Problem, point: Point) -> Iterator[tuple[Point, Number]]:
    """Yield the points of a walk in floats, and S there; columns are scaled by powers of two, which rounds nothing."""
    exponents = np.frexp(np.abs(problem.inputs).max(axis=0))[1]
    scaled = replace(problem, inputs=np.ldexp(problem.inputs, -exponents))
    here = start(scaled, Point(np.ldexp(point.weights, exponents), point.outer, point.offset))
    for station in walk(here):
        found = station.point()
        yield Point(np.ldexp(found.weights, -exponents), found.outer, found.offset), station.sse


def lifted(problem: Problem, close: Point) -> Station:
    """Return a rational station on the kinks of a point in floats."""
    floats = start(problem.as_float, close)
    bases = tuple(flat(problem, held) for held in floats.held.T)
    weights = problem.array(close.weights)
    station = Station(
        problem, weights, floats.outer, problem.array(np.array(close.offset))[()], floats.held, tuple(bases)
    )
    return rounded(station, 60)
