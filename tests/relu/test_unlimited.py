"""The infimum over all widths against wide random networks, and the network that attains it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite._errors import TheodoliteError
from theodolite._numerics import as_fractions
from theodolite.relu import ReluLandscape
from theodolite.relu._known import Known
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem
from theodolite.relu._unlimited import unlimited_sse, unlimited_width

from .cases import A, Case, T


def problem_of(inputs, targets, slope="0", offset=False, hidden=2) -> Problem:
    return Problem(as_fractions(inputs), as_fractions(targets), Fraction(slope), hidden, offset, Fraction(1), 0.0)


def wide(problem: Problem) -> tuple[float, int]:
    """Return sum of squares and rank of the least squares fit with very many random neurons."""
    x, y = problem.as_float.inputs, problem.as_float.targets
    source = np.random.default_rng(1)
    # weights near every line of rows see its kink
    near = [row * 0 + source.normal(size=(40, x.shape[1])) for row in x]
    for row, drawn in zip(x, near, strict=True):
        if row.any():
            drawn -= np.outer(drawn @ row, row) / (row @ row) * source.choice([1, 0.999, 0.9], size=(40, 1))
    weights = np.concatenate([*near, np.eye(x.shape[1]), -np.eye(x.shape[1]), source.normal(size=(60, x.shape[1]))])
    columns = problem.as_float.activate(x @ weights.T)
    if problem.offset:
        columns = np.concatenate([columns, np.ones((len(x), 1))], axis=1)
    columns = columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-12)
    values = np.linalg.svd(columns, compute_uv=False)
    rank = int((values > 1e-8 * values[0]).sum()) if values[0] else 0
    left = np.linalg.svd(columns)[0][:, :rank]
    return float(((y - left @ (left.T @ y)) ** 2).sum()), rank


@pytest.mark.parametrize("case", T + A, ids=str)
def test_every_case_has_its_infimum_and_a_network_that_attains_it(case: Case) -> None:
    problem, known = case.problem, Known()
    found = unlimited_width(problem, known, False)
    assert found.value == found.attained == Fraction(case.unlimited) == known.bound
    weights, outer, *rest = found.parameters
    assert weights.shape == (found.width, problem.width)
    assert outer.shape == (found.width,)
    point = Point(weights, outer, rest[0][()] if rest else Fraction(0))
    assert Evaluation(problem, point).sse == found.value
    assert known.attained == (found.value if found.width <= problem.hidden else None)


@given(
    st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=7),
    st.lists(st.integers(-3, 3), min_size=7, max_size=7),
    st.sampled_from(["0", "1/2", "2"]),
    st.booleans(),
)
def test_the_infimum_is_that_of_wide_networks(rows, targets, slope, offset) -> None:
    problem = problem_of(rows, targets[: len(rows)], slope, offset)
    found = unlimited_width(problem, Known(), False)
    sse, rank = wide(problem)
    assert found.value == found.attained
    assert float(found.value) == pytest.approx(sse, abs=1e-7)
    assert found.rank == rank
    assert found.width <= max(found.rank, 1)


@given(st.integers(0, 10**6))
def test_floats_agree_with_rationals(seed: int) -> None:
    source = np.random.default_rng(seed)
    n, d = int(source.integers(1, 9)), int(source.integers(1, 4))
    problem = problem_of(
        source.integers(-3, 4, (n, d)), source.integers(-3, 4, n), source.choice(["0", "1/4", "3"]), bool(seed % 2)
    )
    exact, close = unlimited_sse(problem), unlimited_width(problem.as_float, Known(), False)
    assert close.value == pytest.approx(float(exact), abs=1e-9)
    assert close.attained == pytest.approx(float(exact), abs=1e-6)
    assert close.evidence.residual is not None
    assert close.evidence.residual < 1e-6


def test_samples_on_no_common_line_can_be_fitted_by_as_many_neurons() -> None:
    source = np.random.default_rng(0)
    rows = source.integers(-50, 50, (12, 3))
    problem = problem_of(rows, source.integers(-9, 9, 12))
    assert problem.lines.count == 12
    found = unlimited_width(problem, Known(), False)
    assert found.value == 0
    assert found.rank == 12
    assert found.width <= 12


def test_several_outputs_are_fitted_together() -> None:
    rows, targets = [[1, 0], [2, 0], [-1, 0], [0, 1], [-1, -1]], [[1, 2], [3, 1], [0, 1], [1, 1], [2, 0]]
    problem = problem_of(rows, targets, "1/3", True)
    found = unlimited_width(problem, Known(), False)
    apart = [unlimited_sse(replace(problem, targets=problem.targets[:, k])) for k in range(2)]
    assert found.value == found.attained == sum(apart)
    assert found.parameters[1].shape == (2, found.width)


def test_only_zero_rows_leave_the_targets() -> None:
    assert unlimited_width(problem_of([[0], [0]], [1, 3]), Known(), False).value == 10
    found = unlimited_width(problem_of([[0], [0]], [1, 3], offset=True), Known(), False)
    assert found.value == found.attained == 2


def test_the_landscape_answers_in_its_own_units() -> None:
    land = ReluLandscape([[1], [2]], [1, -1], hidden=1, reduction="mean")
    found = land.unlimited_width()
    assert found.value == Fraction(9, 10)
    assert found.width == 1
    assert land.loss(found.parameters) == found.value
    assert "9 samples" not in str(found)
    assert "0.9" in str(found)
    assert "<table" in found._repr_html_()
    assert "loss 0.9" in repr(found)


def test_biased_networks_of_many_floats() -> None:
    source = np.random.default_rng(3)
    x = source.normal(size=(400, 3)) * [1e-6, 1.0, 1e6]
    land = ReluLandscape(x, source.normal(size=400), hidden=4, bias=True, output_bias=True)
    found = land.unlimited_width()
    assert found.value == 0
    assert found.width == 400
    assert [part.shape for part in found.parameters] == [(400, 3), (400,), (400,), ()]
    with pytest.raises(TheodoliteError):
        land.loss(found.parameters)  # another width
