"""Ends of descents that floats leave undecided: the descent goes on in rational arithmetic, for the data as given.

What it ends at is an exact local minimum, whose kind is decided without margins, next to floats.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._verdict import Verdict
from theodolite.relu._descent_path import lifted
from theodolite.relu._known import Known
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._reading import Shown
from theodolite.relu._verdict import verdict
from theodolite.relu._walk import walk

__all__ = ["Settled", "Settling"]

_MOST = 60_000
"""Rational descents are made where samples times weights are at most this many."""


@dataclass(frozen=True)
class Settled:
    """An exact minimum and the verdict on it."""

    exact: Point
    found: Verdict
    landscape: Settling

    def floats(self, problem: Problem) -> Point:
        """Return the floats nearest to the minimum."""
        return self.exact.converted(problem)

    def verdict(self, near: Point, value: float) -> Verdict:
        """Return the verdict on floats near the minimum."""
        given, exact = near.converted(self.landscape.problem), self.exact
        same = np.asarray((given.outer > 0) == (exact.outer > 0)) & (given.outer != 0) & (exact.outer != 0)
        sizes = np.where(same, np.abs(np.where(same, given.outer, 1) / np.where(same, exact.outer, 1)), 1)
        exact = Point(exact.weights / sizes[:, None], exact.outer * sizes, exact.offset)
        apart = [given.weights - exact.weights, given.outer - exact.outer, np.array([given.offset - exact.offset])]
        distance = float(np.sqrt(float(sum((part * part).sum() for part in apart))))
        found, scope = self.found, self.landscape.scope
        check = Assumption("a minimum was found and decided in rational arithmetic, for the data as given")
        evidence = Evidence(
            Method.VERIFIED,
            found.evidence.references,
            (check, *found.evidence.assumptions),
            f"{scope}: a {found.kind} lies within {distance:.2g} of these parameters",
        )
        shown = self.landscape.shown(exact, self.landscape.problem)
        gap = None if found.gap is None else float(found.gap)
        return replace(found, value=value, gap=gap, evidence=evidence, nearest=shown, distance=distance)


@dataclass(frozen=True)
class Settling:
    """What verdicts in rationals need: the data as given, what is known of the landscape, how points are shown, its name."""

    given: Problem
    known: Known
    shown: Shown
    scope: str

    @property
    def problem(self) -> Problem:
        """The landscape as rationals."""
        return self.given.as_exact

    def settle(self, point: Point, deadline: float) -> Settled | None:
        """Return the minimum that a rational descent from floats ends at; None where that is too much work, or too late."""
        if self.given.samples * point.weights.size > _MOST:
            return None
        station = lifted(self.problem, point)
        for here in walk(station):
            station = here
            if time.monotonic() >= deadline:
                return None
        exact = station.point()
        found = verdict(self.problem, exact, 0.0, self.known, self.shown, self.scope)
        return Settled(exact, found, self) if found.kind.is_minimum else None
