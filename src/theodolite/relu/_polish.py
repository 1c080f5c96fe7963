"""From any point down to a proven local minimum."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from theodolite._budget import seconds
from theodolite._errors import NotCoveredError
from theodolite._notebook import facts_html, facts_text
from theodolite._progress import ProgressLike, reporter
from theodolite._typing import Parameters, Real
from theodolite._verdict import Verdict
from theodolite.relu._descent_path import descent_path
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem

__all__ = ["Polished", "polish"]

_ROUNDS = 20
"""So often a way out that the verdict finds is followed."""


@dataclass(frozen=True, repr=False)
class Polished:
    """A descent from the parameters given to a local minimum.

    ``path`` holds the parameters after every step, the given ones first, and ``losses`` their losses, which never rise.
    ``params`` is the last point and ``verdict`` what it is. ``complete`` is false where the budget, or round-off that hides
    how the loss falls, ended the descent above a minimum.
    """

    path: list[Parameters] = field(repr=False)
    losses: list[Real]
    verdict: Verdict
    complete: bool

    @property
    def params(self) -> Parameters:
        """The parameters at which the descent ended."""
        return self.path[-1]

    def __repr__(self) -> str:
        return f"<Polished: {self.verdict.kind}, loss {float(self.losses[-1]):.10g} after {len(self.path) - 1} steps>"

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known about the descent, in reading order."""
        yield "descent", f"{len(self.path) - 1} steps{'' if self.complete else ', ended above a minimum'}"
        yield "from loss", f"{float(self.losses[0]):.10g}"
        yield from self.verdict.facts()

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


def polish(
    problem: Problem,
    point: Point,
    biased: bool,
    classify: Callable[[Parameters], Verdict],
    budget: Real | str | None,
    progress: ProgressLike,
) -> Polished:
    """Descend from ``point``; ``classify`` gives the verdict on parameters."""
    if problem.outputs > 1:
        raise NotCoveredError(
            "Networks of several outputs cannot be polished",
            cause="the exact test of a local minimum is known for one output",
            fix="Polish one output at a time",
        )
    deadline = time.monotonic() + (inf if budget is None else seconds(budget))
    way = _Way(problem, biased)
    way.add(point)
    report = reporter(progress, None, "steps")
    complete = True
    try:
        for _ in range(_ROUNDS):
            for found in descent_path(problem, way.points[-1]):
                way.add(found)
                report.update(len(way.points) - 1)
                if time.monotonic() >= deadline:
                    complete = False
                    break
            verdict = classify(way.parameters(-1))
            if not complete or verdict.escape is None:
                break
            way_out = verdict.escape.at()
            if not way.add(Point.of(problem, way_out, biased), level=True):
                break
    finally:
        report.close()
    complete = complete and verdict.escape is None
    losses = [_plain(problem.scale * sse) for sse in way.squares]
    return Polished([way.parameters(k) for k in range(len(way.points))], losses, verdict, complete)


@dataclass
class _Way:
    """Points of falling loss."""

    problem: Problem
    biased: bool
    points: list[Point] = field(default_factory=list)
    squares: list[Any] = field(default_factory=list)

    def add(self, point: Point, *, level: bool = False) -> bool:
        """Add a point unless it is higher (or ``level``, unless that is allowed: a decrease that S does not show).

        Earlier ones, but for the first, give way where round-off has them lower by a trifle.
        """
        sse = Evaluation(self.problem, point).sse
        slack = 0 if self.problem.exact else 1e-12 * sse
        while len(self.points) > 1 and self.squares[-1] <= sse <= self.squares[-1] + slack:
            self.points.pop()
            self.squares.pop()
        if self.points and not (sse < self.squares[-1] or (level and sse == self.squares[-1])):
            return False
        self.points.append(point)
        self.squares.append(sse)
        return True

    def parameters(self, place: int) -> Parameters:
        return self.points[place].parameters(self.problem, self.biased)


def _plain(value: Any) -> Real:
    return float(value) if isinstance(value, np.floating) else value
