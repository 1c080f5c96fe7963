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
from theodolite._evidence import Evidence, Method
from theodolite._kind import Kind
from theodolite._notebook import facts_html, facts_text
from theodolite._progress import ProgressLike, reporter
from theodolite._references import cite
from theodolite._typing import Parameters, Real
from theodolite._verdict import Verdict
from theodolite.relu._descent_path import measured_path
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem
from theodolite.relu._settle import Settling
from theodolite.relu._verdict import ReluVerdict

__all__ = ["Polished", "polish"]

_ROUNDS = 20
"""So often a way out that the verdict finds is followed."""

_PACE = 3e-10
"""Seconds that judging a point takes, about, for each of samples x weights x weights multiplications."""

_LARGE = 10**5
"""With more samples x neurons than this, losses on the way are those that the descent has computed."""

_SHORT = 0.2
"""Points that take less time than this to judge are always judged."""


@dataclass(frozen=True, repr=False)
class Polished:
    """A descent from the parameters given to a local minimum.

    ``path`` holds the parameters after every step, the given ones first, and ``losses`` their losses, which never rise.
    ``params`` is the last point and ``verdict`` what it is. ``complete`` is false where the budget, an interrupt, or round-off
    that hides how the loss falls, ended the descent above a minimum.
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
    settling: Settling,
) -> Polished:
    """Descend from ``point``; ``classify`` gives the verdict on parameters, ``settling`` that on floats it leaves undecided."""
    if problem.outputs > 1:
        raise NotCoveredError(
            "Networks of several outputs cannot be polished",
            cause="the exact test of a local minimum is known for one output",
            fix="Polish one output at a time",
        )
    large = problem.samples * len(point.outer) > _LARGE
    judging = _PACE * problem.samples * point.weights.size**2
    allowed = inf if budget is None else seconds(budget)
    deadline = time.monotonic() + allowed
    # A verdict that would take most of the budget is left out, and all of the time goes into the descent.
    kept_back = judging if _SHORT < judging <= allowed / 2 else 0.0
    way = _Way(problem, biased)
    way.add(point)
    report = reporter(progress, None, "steps")
    verdict: Verdict | None = None
    complete, why = False, ""
    try:
        for _ in range(_ROUNDS):
            late = False
            for found, sse in measured_path(problem, way.points[-1]):
                way.add(found, sse if large else None)
                report.update(len(way.points) - 1)
                late = time.monotonic() + kept_back >= deadline
                if late:
                    break
            way.measure()
            if late:
                why = "the budget ended before this point was judged"
                break
            verdict = classify(way.parameters(-1))
            down, complete = verdict.escape, verdict.escape is None
            if down is None or not way.add(Point.of(problem, down.at(), biased), level=True):
                break
            verdict = None
        settled = None
        if not (problem.exact or why or (verdict is not None and verdict.kind.is_minimum)):
            settled = settling.settle(way.points[-1], deadline)
        if settled is not None:
            way.add(settled.floats(problem), level=True)
            verdict, complete = settled.verdict(way.points[-1], float(problem.scale * way.squares[-1])), True
    except KeyboardInterrupt:
        way.measure()
        verdict, complete, why = None, False, "interrupted before this point was judged"
    finally:
        report.close()
    if verdict is None:
        verdict = classify(way.parameters(-1)) if judging <= _SHORT else _not_judged(problem, way, why)
    losses = [_plain(problem.scale * sse) for sse in way.squares]
    return Polished([way.parameters(k) for k in range(len(way.points))], losses, verdict, complete)


@dataclass
class _Way:
    """Points of falling loss."""

    problem: Problem
    biased: bool
    points: list[Point] = field(default_factory=list)
    squares: list[Any] = field(default_factory=list)

    def add(self, point: Point, sse: Any = None, *, level: bool = False) -> bool:
        """Add a point unless it is higher (or ``level``, unless that is allowed: a decrease that S does not show).

        Earlier ones, but for the first, give way where round-off has them lower by a trifle.
        """
        if sse is None:
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

    def measure(self) -> None:
        """Compute S anew at the last point, as ``loss`` does."""
        if len(self.points) > 1:
            self.squares.pop()
            self.add(self.points.pop())

    def parameters(self, place: int) -> Parameters:
        return self.points[place].parameters(self.problem, self.biased)


def _not_judged(problem: Problem, way: _Way, why: str) -> Verdict:
    """Return that nobody knows what the last point is."""
    here = Evaluation(problem, way.points[-1])
    slopes = way.points[-1].outer[:, None] * problem.product((here.slopes * here.residual).T, problem.inputs)
    sizes = np.outer(np.abs(way.points[-1].outer), np.linalg.norm(problem.as_float.inputs, axis=0))
    largest = float(np.abs(slopes).max(initial=0.0)) / (float(sizes.max(initial=0.0)) * float(here.sse) ** 0.5 or 1.0)
    reference = cite("theodolite", "Local minima of ReLU networks, kinks included")
    return ReluVerdict(
        kind=Kind.UNDECIDED,
        value=_plain(problem.scale * here.sse),
        scaled_gradient=largest,
        evidence=Evidence(Method.NUMERIC, (reference,), (), why, complete=False),
        neurons=str(len(slopes)),
    )


def _plain(value: Any) -> Real:
    return float(value) if isinstance(value, np.floating) else value
