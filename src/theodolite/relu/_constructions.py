"""Spurious minima for given data, each with a better point: built in closed form, then judged like any other point."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from theodolite._errors import NotCoveredError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._notebook import facts_html, facts_text
from theodolite._references import cite
from theodolite._typing import Parameters, Real
from theodolite._verdict import Verdict
from theodolite.relu._descent_path import descent_path
from theodolite.relu._known import Known
from theodolite.relu._minimal_points import Minimum, minima
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._unlimited import unlimited_sse

__all__ = ["NoSpuriousExample", "SpuriousExample", "spurious_example"]

_STARTS = 12
"""Random points from which a better one is looked for."""

_CLEAR = 1e-9
"""In floats, sums of squares differ where they do by this much of the targets' own."""


@dataclass(frozen=True, repr=False)
class SpuriousExample:
    """A local minimum that is not the lowest, and a point below it.

    ``params`` is the minimum, ``value`` its loss and ``verdict`` what ``classify`` says of it; ``better`` is a point of the lower
    loss ``better_value``; ``words`` say how the minimum is built. ``lowest`` is the lowest loss that the landscape knew some
    point to have, where that is lower still.
    """

    params: Parameters = field(repr=False)
    value: Real
    better: Parameters = field(repr=False)
    better_value: Real
    words: str
    verdict: Verdict
    evidence: Evidence
    lowest: Real | None = None

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<SpuriousExample: loss {float(self.value):.10g}, but {float(self.better_value):.10g} is attained>"

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "minimum", f"{self.words}: loss {float(self.value):.10g}"
        lower = "" if self.lowest is None else f"; {float(self.lowest):.10g} is the lowest that is known"
        yield "better", f"another point has loss {float(self.better_value):.10g}{lower}"
        yield "known by", str(self.evidence)

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


@dataclass(frozen=True, repr=False)
class NoSpuriousExample:
    """The reason why the constructions give no spurious minimum for this data; false in conditions."""

    reason: str
    evidence: Evidence

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<NoSpuriousExample: {self.reason}>"

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "none", self.reason
        yield "known by", str(self.evidence)

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


def spurious_example(
    problem: Problem, known: Known, biased: bool, classify: Callable[[Parameters], Verdict]
) -> SpuriousExample | NoSpuriousExample:
    """Return a spurious minimum of the network, or why the constructions give none; ``classify`` judges parameters."""
    if problem.outputs > 1:
        raise NotCoveredError(
            "Spurious minima of networks of several outputs are not constructed",
            cause="the exact test of a local minimum is known for one output",
            fix="Pass one column of y",
        )
    found = sorted(minima(problem), key=lambda minimum: minimum.sse, reverse=True)
    floor = unlimited_sse(problem)
    raised = [minimum for minimum in found if _below(problem, floor, minimum.sse)]
    if found and not raised:
        words = f"every constructed minimum has loss {float(problem.scale * found[0].sse):.10g}, "
        return _none(problem, words + "which no network of any width improves", True)
    for minimum, better in itertools.chain(_apart(problem, raised, found), _ends(problem, raised)):
        example = _judged(problem, known, biased, classify, minimum, better)
        if example is not None:
            return example
    if not found:
        return _none(
            problem,
            "one neuron, which is neither dead nor linear nor 0 at any minimum, and descents from random points end at one loss",
            False,
        )
    return _none(problem, "no point below the constructed minima was found", False)


def _apart(problem: Problem, raised: list[Minimum], found: list[Minimum]) -> Iterator[tuple[Minimum, Point]]:
    """Yield constructed minima with a lower one."""
    for minimum in raised:
        if _below(problem, found[-1].sse, minimum.sse):
            yield minimum, found[-1].point


def _ends(problem: Problem, raised: list[Minimum]) -> Iterator[tuple[Minimum, Point]]:
    """Yield constructed minima and where descents from random points end, with what lies below."""
    source = np.random.default_rng(0)
    reach = np.exp2(-np.frexp(np.abs(problem.as_float.inputs).max(axis=0))[1])
    ends = list(raised)
    for _ in range(_STARTS):
        weights = source.integers(-9, 10, (problem.hidden, problem.width)) * reach
        outer = problem.array(source.choice([-1, 1], problem.hidden))
        *_, last = [None, *descent_path(problem, Point(problem.array(weights), outer, problem.number(0)))]
        if last is None:
            continue
        end = Minimum(last, Evaluation(problem, last).sse, "where a descent from a random point ends")
        for other in ends:
            high, low = (other, end) if end.sse < other.sse else (end, other)
            if _below(problem, low.sse, high.sse):
                yield high, low.point
        ends.append(end)


def _below(problem: Problem, sse: Number, other: Number) -> bool:
    slack = problem.number(0) if problem.exact else _CLEAR * (problem.targets @ problem.targets)
    return bool(sse < other - slack)


def _judged(
    problem: Problem,
    known: Known,
    biased: bool,
    classify: Callable[[Parameters], Verdict],
    minimum: Minimum,
    better: Point,
) -> SpuriousExample | None:
    """Return the example if the verdict on the minimum agrees that it is one."""
    sse = Evaluation(problem, better).sse
    known.attain(sse, "a point below a constructed minimum")
    params = minimum.point.parameters(problem, biased)
    verdict = classify(params)
    if verdict.kind is not Kind.SPURIOUS_MINIMUM:
        return None
    here = Evaluation(problem, minimum.point).sse
    checks = (
        *verdict.evidence.assumptions,
        Assumption(
            f"another point has a sum of squares lower by {float(here - sse):.6g}",
            None if problem.exact else float((here - sse) / (_CLEAR * (problem.targets @ problem.targets))),
        ),
    )
    evidence = Evidence(
        Method.EXACT if problem.exact else Method.THEOREM,
        (cite("theodolite", theorem="Spurious minima for given data"),),
        checks,
        verdict.evidence.scope,
    )
    return SpuriousExample(
        params=params,
        value=_plain(problem.scale * here),
        better=better.parameters(problem, biased),
        better_value=_plain(problem.scale * sse),
        words=minimum.words,
        verdict=verdict,
        evidence=evidence,
        lowest=_plain(problem.scale * known.attained) if _below(problem, known.attained or 0, sse) else None,
    )


def _none(problem: Problem, reason: str, complete: bool) -> NoSpuriousExample:
    evidence = Evidence(
        Method.EXACT if problem.exact and complete else Method.NUMERIC,
        (cite("theodolite", theorem="Spurious minima for given data"),),
        (),
        "this construction only: other spurious minima may exist",
        complete=complete,
    )
    return NoSpuriousExample(reason, evidence)


def _plain(value: Number) -> Real:
    return float(value) if isinstance(value, (float, np.floating)) else value
