r"""The infimum of the loss over networks of every width, in closed form, and a network that attains it.

Functions :math:`s(Xw)` of all w span :math:`\Phi = \mathrm{span}\{|x_i \cdot w|\} + \mathrm{col}\, X`, whatever the slope:
one column :math:`|c_i|` for every line of rows :math:`x_i = c_i u`, and the columns of X. So the infimum is a linear least
squares value. Rows of one line decouple from all others but for :math:`\beta` in :math:`X\beta` and the output bias.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Shaped

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._notebook import facts_html, facts_text
from theodolite._numerics import column_profile, exact_product, exact_rank, exact_solve, numerical_rank
from theodolite._references import cite
from theodolite._typing import Array, Parameters, Real
from theodolite.relu._known import Known
from theodolite.relu._pencil import network
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._quadratic import least_squares

__all__ = ["UnlimitedWidth", "unlimited_fit", "unlimited_sse", "unlimited_width"]


@dataclass(frozen=True, repr=False)
class UnlimitedWidth:
    """The lowest loss that networks of any width reach.

    ``value`` is that loss, ``rank`` the dimension of the space of outputs on the samples that all widths together reach,
    ``width`` one that attains the value (enough, not always the least), ``parameters`` a network of that width that does, and
    ``attained`` its loss: equal to ``value`` in exact arithmetic, close to it in floats.
    """

    value: Real
    rank: int
    width: int
    parameters: Parameters = field(repr=False)
    attained: Real
    evidence: Evidence

    def __repr__(self) -> str:
        return f"<UnlimitedWidth: loss {float(self.value):.10g}, attained at width {self.width}>"

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "unlimited", f"no network of this kind has a loss below {float(self.value):.10g}, whatever its width"
        yield (
            "attained",
            f"by a network of width {self.width} (enough, not always the least), with loss {float(self.attained):.10g}",
        )
        yield "rank", f"{self.rank}: the dimension of all outputs on the samples"
        yield "known by", str(self.evidence)

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


@dataclass(frozen=True, eq=False)
class Fit:
    """The best outputs of any width: ``kinks[line] |c_i| + x_i . linear + offset``, one column for each output."""

    sse: Number
    kinks: Shaped[np.ndarray, "p k"]
    linear: Shaped[np.ndarray, "d k"]
    offset: Shaped[np.ndarray, " k"]
    rank: int
    margin: float | None
    two_sided: Bool[np.ndarray, " p"]


def unlimited_sse(problem: Problem) -> Number:
    """Return the infimum over all widths of the sum of squares, in the problem's arithmetic."""
    return unlimited_fit(problem).sse


def unlimited_fit(problem: Problem) -> Fit:
    """Return the least squares fit among the outputs of all widths."""
    lines, targets = problem.lines, problem.targets.reshape(problem.samples, problem.outputs)
    size = np.abs(lines.coefficient)
    squares = _sums(problem, size[:, None] ** 2)

    def projected(columns: Array) -> Array:
        """Return what is left of columns when on every line their part along |c_i| is taken away."""
        along = _sums(problem, size[:, None] * columns) / squares
        return np.asarray(columns - size[:, None] * _spread(problem, along))

    two_sided = np.zeros(lines.count, dtype=bool)
    two_sided[lines.line[np.asarray(lines.coefficient < 0, dtype=bool)]] = True
    mixed = np.zeros(problem.samples, dtype=bool)
    mixed[lines.line >= 0] = two_sided[lines.line[lines.line >= 0]]
    odd = projected(lines.coefficient[:, None]) * _spread(problem, lines.direction)
    odd[~mixed] = problem.number(0)  # on one side, c_i is |c_i|
    one = projected(np.full((problem.samples, 1), problem.number(1), dtype=odd.dtype))
    matrix = np.concatenate([odd, one], axis=1) if problem.offset else odd
    rest = projected(targets)
    solution = least_squares(matrix, rest)
    error = rest - problem.product(matrix, solution)
    linear = solution[: problem.width] if two_sided.any() else problem.zeros(problem.width, problem.outputs)
    offset = solution[problem.width] if problem.offset else problem.zeros(problem.outputs)
    explained = problem.product(problem.inputs, linear) + offset
    kinks = _sums(problem, size[:, None] * (targets - explained)) / squares
    rank, margin = _rank(problem, matrix)
    return Fit((error**2).sum(), kinks, linear, offset, lines.count + rank, margin, two_sided)


def unlimited_width(problem: Problem, known: Known, biased: bool) -> UnlimitedWidth:
    """Return the infimum and a network that attains it; ``known`` learns the bound and, if wide enough, that it is attained."""
    fit = unlimited_fit(problem)
    point = network(problem, fit.kinks, fit.linear, fit.offset, bool(fit.two_sided.any()))
    if problem.exact and len(point.weights) > fit.rank:
        point = _independent(problem, point)
    reached = Evaluation(problem, point).sse
    width = len(point.weights)
    if problem.exact:
        known.raise_bound(fit.sse, "the infimum over networks of every width")
    if width <= problem.hidden:
        known.attain(reached, f"a network of width {width} that fits as well as any width can")
    scope = f"networks of one hidden layer of any width on these {problem.samples} samples"
    checks = (
        Assumption(_lines_told(problem.lines.count, int(fit.two_sided.sum()))),
        Assumption(f"rank {fit.rank} of the outputs of all widths", fit.margin),
    )
    evidence = Evidence(
        Method.EXACT if problem.exact else Method.THEOREM,
        (cite("theodolite", theorem="Unlimited width"),),
        checks,
        scope if problem.exact else f"{scope}; rows are parallel if they are exact multiples of each other",
        None if problem.exact else _relative(problem, reached - fit.sse),
    )
    return UnlimitedWidth(
        value=problem.scale * fit.sse,
        rank=fit.rank,
        width=width,
        parameters=point.parameters(problem, biased),
        attained=problem.scale * reached,
        evidence=evidence,
    )


def _independent(problem: Problem, point: Point) -> Point:
    """Return a network with the same outputs whose neurons have linearly independent ones, of the output bias too."""
    columns = problem.activate(problem.product(problem.inputs, point.weights.T))
    if problem.offset:
        columns = np.concatenate([np.full((len(columns), 1), problem.number(1)), columns], axis=1)
    kept = list(column_profile(columns))
    outer = point.outer if problem.outputs > 1 else point.outer[None]
    start = int(problem.offset)
    solution = exact_solve(columns[:, kept], exact_product(columns[:, start:], outer.T))
    neurons = [k - start for k in kept if k >= start]
    if not neurons or len(neurons) == len(point.weights):
        return point
    shares, moved = solution[len(kept) - len(neurons) :].T, solution[0] if problem.offset else None
    offset = point.offset if moved is None else point.offset + (moved if problem.outputs > 1 else moved[0])
    return Point(point.weights[neurons], shares if problem.outputs > 1 else shares[0], offset)


def _lines_told(count: int, two_sided: int) -> str:
    """Say on how many lines through 0 the rows lie, and of how many of them on both sides."""
    if count == 1:
        return f"all rows lie on one line through 0, on {'both sides' if two_sided else 'one side'} of it"
    return f"rows lie on {count:,} lines through 0, on both sides of {two_sided:,} of them"


def _sums(problem: Problem, columns: Array) -> Array:
    """Return the sums of rows over each line."""
    present = problem.lines.line >= 0
    out = problem.zeros(problem.lines.count, columns.shape[1])
    np.add.at(out, problem.lines.line[present], columns[present])
    return out


def _spread(problem: Problem, values: Array) -> Array:
    """Return for each sample the value of its line, 0 for zero rows."""
    out = problem.zeros(problem.samples, values.shape[1])
    present = problem.lines.line >= 0
    out[present] = values[problem.lines.line[present]]
    return out


def _rank(problem: Problem, matrix: Array) -> tuple[int, float | None]:
    """Return the rank and how clear it is; rows are scaled to one size, which changes no rank."""
    if problem.exact:
        return exact_rank(matrix), None
    norms = np.linalg.norm(matrix, axis=1)
    rows = matrix[norms > 0] / norms[norms > 0, None]
    if not len(rows):
        return 0, None
    decision = numerical_rank(rows, problem.epsilon * max(rows.shape))
    return decision.rank, decision.margin


def _relative(problem: Problem, difference: Number) -> float:
    """Return a difference of sums of squares relative to the size of the targets."""
    size = float((problem.targets**2).sum())
    return abs(float(difference)) / size if size else abs(float(difference))
