"""Strata: members lie on them, Hessians have the inertia that they say, dimensions are those of tangent spaces."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.relu.cases import CASES, Case
from tests.relu.listing import degenerate, listed, listed_saddles
from theodolite._numerics import exact_inertia
from theodolite._typing import Array
from theodolite.relu._members import member
from theodolite.relu._patterns import Patterns, patterns
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem
from theodolite.relu._saddles import saddle_count, saddle_strata
from theodolite.relu._strata import Place, strata
from theodolite.relu._supports import spots, stratum_count


def places(faces: Patterns, most: int, seed: int) -> list[Place]:
    """Return strata of minima and of saddles, at most so many of each."""
    rng = np.random.default_rng(seed)
    hidden = faces.problem.hidden
    minima = [place for solution in listed(faces) for place in strata(faces, hidden, solution)]
    saddles = [place for saddle in listed_saddles(faces) for place in saddle_strata(faces, hidden, saddle)]
    return [group[i] for group in (minima, saddles) for i in rng.permutation(len(group))[:most]]


def dense_hessian(problem: Problem, point: Point) -> Array:
    """Return the Hessian of S by differences of gradients, which are exact: each is linear along one parameter or two."""
    hidden, width = point.weights.shape
    evaluation = Evaluation(problem, point)
    columns = []
    for k in range(hidden * (width + 1) + int(problem.offset)):
        unit = problem.zeros(hidden * (width + 1) + 1)
        unit[k] = problem.number(1)
        change = Point(unit[: hidden * width].reshape(hidden, width), unit[hidden * width : -1], unit[-1])
        found = evaluation.hessian_product(change)
        columns.append(np.concatenate([found.weights.reshape(-1), found.outer, [found.offset]]))
    size = hidden * (width + 1) + int(problem.offset)
    return np.array(columns, dtype=object)[:, :size]


def check(place: Place, rng: np.random.Generator) -> None:
    problem, faces = place.patterns.problem, place.patterns
    nullities = set()
    for source in (None, rng, rng, rng):
        point = member(place, source)
        evaluation = Evaluation(problem, point)
        assert evaluation.sse == place.solution.sse
        assert np.array_equal(evaluation.error, place.solution.error)
        for j, (face, sign) in enumerate(place.spots):
            assert (point.outer[j] > 0) - (point.outer[j] < 0) == sign
            assert [(v > 0) - (v < 0) for v in evaluation.before[:, j]] == faces.signs[face].tolist()
        if place.differentiable:
            gradient = evaluation.gradient()
            assert not gradient.weights.any()
            assert not gradient.outer.any()
            assert gradient.offset == 0
            inertia = exact_inertia(dense_hessian(problem, point))
            assert inertia.negative == place.index
            assert place.nullity_range is not None
            assert place.nullity_range[0] <= inertia.zero <= place.nullity_range[1]
            nullities.add(inertia.zero)
        else:
            assert place.index is None
            assert place.nullity is None
    if place.differentiable:
        assert min(nullities) == place.nullity


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(case: Case) -> None:
    rng = np.random.default_rng(1)
    for place in places(patterns(case.problem), 8, 1):
        check(place, rng)


@given(st.integers(0, 10**6))
def test_degenerate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for place in places(patterns(degenerate(seed)), 3, seed):
        check(place, rng)


@given(st.integers(0, 10**6))
def test_counts(seed: int) -> None:
    problem = degenerate(seed, most=3)
    faces = patterns(problem)
    for solution in listed(faces)[:20]:
        found = list(spots(solution, problem.hidden))
        assert len(set(found)) == len(found) == stratum_count(solution, problem.hidden)
        smooth = [one for one in found if all(face < faces.cells for face, _ in one)]
        assert len(smooth) == stratum_count(solution, problem.hidden, differentiable=True)
        assert {tuple(sorted({pair for pair in one if pair[1]})) for one in found} == {solution.support.pairs}
    for saddle in listed_saddles(faces)[:20]:
        kinds = list(saddle_strata(faces, problem.hidden, saddle))
        assert len({place.spots for place in kinds}) == len(kinds) == saddle_count(saddle, problem.hidden)
        for index in range(1, problem.hidden + 1):
            assert sum(place.index == index for place in kinds) == saddle_count(saddle, problem.hidden, index)


def test_samples_differ() -> None:
    """Random members spread along rescalings, shares and polyhedra: their tangents span as many dimensions as stated."""
    rng = np.random.default_rng(2)
    for case in CASES[:12]:
        for place in places(patterns(case.problem), 4, 3):
            points = [member(place, rng) for _ in range(place.dimension + 6)]
            flat = np.array(
                [[float(v) for v in (*p.weights.flat, *p.outer, p.offset)] for p in points], dtype=np.float64
            )
            spread = np.linalg.matrix_rank(flat - flat[0], tol=1e-9)
            assert spread >= min(place.dimension, flat.shape[1] - (not case.offset)), place.spots


def test_isolated() -> None:
    """A unique fit that changes S in every direction is isolated; fits with a choice, and idle neurons that turn, are not."""
    found = {}
    for case in CASES:
        if case.name in ("T1", "T6", "T8"):
            faces = patterns(case.problem)
            for solution in listed(faces):
                for place in strata(faces, case.hidden, solution):
                    found.setdefault((case.name, solution.sse, place.unique), set()).add(place.isolated)
    assert found[("T1", Fraction(1), True)] == {True}
    assert found[("T1", Fraction(2), True)] == {True}
    assert found[("T6", Fraction(0), True)] == {True}
    assert found[("T6", Fraction(2), False)] == {False}
    assert False in found[("T8", Fraction(0), True)]


def test_members_of_rounded_data_are_of_sensible_size() -> None:
    """Floats are large integers inside: members must not show it, dead neurons and free splits included."""
    rng = np.random.default_rng(0)
    problem = Problem(
        inputs=np.stack([rng.normal(size=8), np.ones(8)], axis=1),
        targets=rng.normal(size=8),
        slope=0.0,
        hidden=2,
        offset=False,
        scale=1.0,
        epsilon=2.0**-53,
    )
    faces = patterns(problem)
    found = [place for solution in listed(faces) for place in strata(faces, 2, solution)]
    assert len(found) > 40
    for place in found:
        for point in (member(place, None), member(place, rng)):
            assert max(np.abs(point.weights).max(), np.abs(point.outer).max()) < 1e5
            assert abs(Evaluation(problem, point).sse - place.solution.sse) < 1e-8
