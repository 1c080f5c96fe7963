"""The verdict on a point: what it is, by whose theorem, with which margins, and how its loss compares with the lowest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._numerics import to_floats
from theodolite._references import cite
from theodolite._typing import Array, Real
from theodolite._verdict import Verdict
from theodolite.relu._compare import Comparison, compare, lowest
from theodolite.relu._descent import descend
from theodolite.relu._finding import Finding, judge, kinked
from theodolite.relu._known import Known
from theodolite.relu._nearby import find_nearby
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reading import NOISE, Reading, Shown, blocks, check_finite, read, value_noise
from theodolite.relu._ways_out import way_out

__all__ = ["ReluVerdict", "verdict"]

_MOST_AS_GIVEN = 20_000
"""Undecided floats with at most this many products of rows, columns and neurons are looked at as the numbers that they are."""


@dataclass(frozen=True, repr=False)
class ReluVerdict(Verdict):
    """A verdict on a ReLU network.

    ``neurons`` counts in words how many neurons are at kinks, dead, or have output weight 0; ``order`` is that of the way out;
    ``autodiff_is_zero`` says that automatic differentiation reports a zero gradient although the loss falls to first order.
    ``scaled_gradient`` is that of automatic differentiation, which takes one side of every kink: where ``at_kinks`` says that a
    neuron of output weight not 0 is at one, it need not be 0 at a minimum.
    """

    neurons: str = ""
    order: int | None = None
    autodiff_is_zero: bool = False
    at_kinks: bool = False

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known about the point, in reading order."""
        for name, text in super().facts():
            if name == "gradient" and self.at_kinks and self.kind.is_minimum:
                text = f"none at a kink (automatic differentiation takes one side of it and says {self.scaled_gradient:.3g})"
            if name == "known by":
                if self.autodiff_is_zero:
                    yield "beware", "automatic differentiation reports a zero gradient here"
                yield "neurons", self.neurons
            yield name, text


def verdict(problem: Problem, point: Point, tolerance: float, known: Known, shown: Shown, scope: str) -> Verdict:
    """Return the verdict on ``point``; ``tolerance`` is the relative round-off of its floats.

    ``known`` is what this landscape knows of its lowest value, and learns from this point; ``shown`` turns points into what users
    pass; ``scope`` names the network.
    """
    if problem.outputs > 1:
        from theodolite.relu._several import several_outputs

        return several_outputs(problem, point, tolerance, shown, scope)
    with np.errstate(over="ignore", invalid="ignore"):
        here = read(problem, point, 0.0)
        noise = value_noise(problem, here)
    check_finite(noise)
    finding = _exactly(problem, point) if problem.exact else find_nearby(problem, point, tolerance)
    as_given = not problem.exact and finding.kind is Kind.UNDECIDED and _as_given(problem, point)
    finding = as_given or finding
    direction = None if finding.move is None else way_out(problem, point, finding.move, shown, noise)
    kind, checks, doubt = finding.kind, list(finding.checks), finding.doubt
    if kind is Kind.NOT_CRITICAL and direction is None:
        kind, doubt = Kind.UNDECIDED, "the loss falls to first order, but round-off hides every decrease"
    comparison = Comparison(None, None)
    if kind is Kind.LOCAL_MINIMUM:
        comparison = compare(problem, finding.nearest or point, finding.reading, known, noise)
        kind = comparison.kind or kind
        checks += comparison.checks
    elif kind is Kind.UNDECIDED:
        comparison = lowest(problem, finding.reading, known, noise)
        kind = comparison.kind or kind
        checks += comparison.checks
    elif comparison.best is None:
        known.attain(here.sse + noise, "a point that was classified")
    scaled, still = _scaled_gradient(problem, point, here)
    misleading = kind is Kind.NOT_CRITICAL and still
    if misleading:
        checks.append(
            Assumption("automatic differentiation reports a zero gradient here, but the loss falls to first order")
        )
    return ReluVerdict(
        kind=kind,
        value=_real(problem.scale * here.sse),
        scaled_gradient=scaled,
        evidence=_evidence(problem, finding, kind, checks, doubt, scope),
        nearest=None if finding.nearest is None else shown(finding.nearest, problem),
        distance=finding.distance,
        gap=None
        if comparison.best is None
        else _real(problem.scale * _above(problem, kind, here.sse - comparison.best)),
        index=finding.index if kind is not Kind.UNDECIDED else None,
        nullity=finding.nullity if kind is not Kind.UNDECIDED else None,
        escape=direction if not kind.is_minimum else None,
        neurons=_neurons(problem, point, finding.reading),
        order=None if direction is None else direction.order,
        autodiff_is_zero=misleading,
        at_kinks=bool((kinked(problem, finding.reading.signs) & (point.outer != 0)).any()),
    )


def _above(problem: Problem, kind: Kind, difference: Number) -> Number:
    """Return how far S is above the lowest: not at all at a global minimum, where floats differ by round-off only."""
    nothing = problem.number(0)
    return nothing if kind is Kind.GLOBAL_MINIMUM else max(difference, nothing)


def _exactly(problem: Problem, point: Point) -> Finding:
    reading = read(problem, point, 0.0)
    found, judged = judge(problem, point, reading, np.zeros(problem.samples))
    if found.kind is not Kind.NOT_CRITICAL:
        return found
    down = descend(problem, point, reading, judged.conditions)
    return Finding(found.kind, reading, found.checks, None if down is None else down[0])


def _as_given(problem: Problem, point: Point) -> Finding | None:
    """Return what floats are that happen to be exactly critical as the binary numbers that they are, where that is cheap."""
    if problem.samples * len(point.weights) * problem.width > _MOST_AS_GIVEN:
        return None
    found = _exactly(problem.as_exact, point.converted(problem.as_exact))
    if found.kind in (Kind.UNDECIDED, Kind.NOT_CRITICAL):
        return None
    move = found.move
    if move is not None:
        move = replace(move, direction=move.direction.converted(problem), rate=float(move.rate))
    check = Assumption("decided in rational arithmetic for the floats as given")
    reading = read(problem, point, 0.0)
    return replace(found, move=move, reading=reading, nearest=point, checks=(check, *found.checks), as_given=True)


def _scaled_gradient(problem: Problem, point: Point, reading: Reading) -> tuple[float, bool]:
    """Return the largest entry of autodiff's gradient relative to its terms, and whether all of it is 0 (up to round-off)."""
    h = len(point.weights)
    pulls, sizes = problem.zeros(h, problem.width), np.zeros((h, problem.width))
    grown, grown_sizes = problem.zeros(h), np.zeros(h)
    weights = _size(reading.error) if problem.exact else reading.terms
    for rows in blocks(problem, h):
        inputs = problem.inputs[rows]
        signs = reading.signs[rows]
        slopes = np.asarray(np.where(signs > 0, problem.number(1), problem.slope))
        pulls = pulls + problem.product((slopes * reading.error[rows][:, None]).T, inputs)
        after = problem.activate(problem.product(inputs, point.weights.T))
        grown = grown + problem.product(reading.error[rows].reshape(1, -1), after)[0]
        sizes += (_size(slopes) * weights[rows][:, None]).T @ _size(inputs)
        grown_sizes += weights[rows] @ _size(after)
    pulls = pulls * (point.outer != 0)[:, None]
    total = reading.error.sum() if problem.offset else problem.number(0)
    parts = [np.ravel(pulls), grown, np.array([total])]
    scale = np.concatenate([np.ravel(sizes), grown_sizes, [weights.sum()]])
    found = np.concatenate([_size(part) for part in parts])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = float(np.where(found > 0, found / scale, 0.0).max(initial=0.0))
    if problem.exact:
        return ratio, not any(bool((part != 0).any()) for part in parts)
    return ratio, ratio <= NOISE


def _size(values: Array) -> Array:
    return np.abs(to_floats(values) if values.dtype == object else values)


def _evidence(
    problem: Problem, finding: Finding, kind: Kind, checks: list[Assumption], doubt: str, scope: str
) -> Evidence:
    references = [cite("theodolite", "Local minima of ReLU networks, kinks included")]
    if finding.index is not None:
        references = [cite("zhou-liang-2017"), cite("liu-2020"), *references]
    if kind is Kind.UNDECIDED:
        return Evidence(Method.NUMERIC, tuple(references), tuple(checks), doubt, complete=False)
    where = f"this point of {scope}" if problem.exact else f"{scope}, at these parameters"
    if not problem.exact and finding.distance and kind is not Kind.NOT_CRITICAL:
        where = f"{scope}: a {kind} lies within {finding.distance:.2g} of these parameters"
    if kind in (Kind.STRICT_SADDLE, Kind.SADDLE):
        where += "; the loss falls to second order along the way out"
    method = Method.EXACT if problem.exact else Method.VERIFIED if finding.as_given else Method.THEOREM
    return Evidence(method, tuple(references), tuple(checks), where)


def _neurons(problem: Problem, point: Point, reading: Reading) -> str:
    at_kink = kinked(problem, reading.signs)
    dead = (reading.signs <= 0).all(axis=0) & (problem.slope == 0)
    counts = [
        (int((at_kink & ~dead).sum()), "at a kink"),
        (int((dead & ~at_kink).sum()), "dead"),
        (int((dead & at_kink).sum()), "dead at a kink"),
        (int((point.outer == 0).sum()), "with output weight 0"),
    ]
    told = ", ".join(f"{count} {words}" for count, words in counts if count)
    return f"{len(at_kink)}{': ' + told if told else ', none at a kink'}"


def _real(value: Number) -> Real:
    return float(value) if isinstance(value, (float, np.floating)) else value
