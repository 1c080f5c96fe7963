"""Branch and bound against the list of all local minima, and its certificates against the checker."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checker.test_certificates import mutations
from tests.relu.cases import CASES, Case
from theodolite import CertificateError, WorkloadError
from theodolite.checker import verify
from theodolite.relu import _proof
from theodolite.relu._branch import minimise, row_order, zero_point
from theodolite.relu._certify import LowerPointError, Prover
from theodolite.relu._cones import Cone, whole_space
from theodolite.relu._fitting import combine, exact_weights, float_fit
from theodolite.relu._landscape import ReluLandscape
from theodolite.relu._point import Evaluation
from theodolite.relu._regions import Regions

small = st.integers(-3, 3)


def landscape(case: Case) -> ReluLandscape:
    return ReluLandscape(
        case.inputs,
        case.targets,
        case.hidden,
        negative_slope=Fraction(case.slope),
        output_bias=case.offset,
        reduction="sum",
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_is_solved_and_proven(case: Case) -> None:
    problem, lowest = case.problem, min(map(Fraction, case.levels))
    found = minimise(problem, zero_point(problem))
    assert found.complete
    assert found.sse == lowest == Evaluation(problem, found.point).sse
    regions = Regions(problem, row_order(problem))
    assert len(Prover(regions, lowest).trees()) == len(regions.output_signs())
    if lowest < Evaluation(problem, zero_point(problem)).sse:
        with pytest.raises(LowerPointError):
            Prover(regions, lowest + Fraction(1, 10**4)).trees()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_checker_accepts_the_certificate(case: Case) -> None:
    found = landscape(case).global_minimum()
    X, y = case.inputs, [[target] for target in case.targets]
    report = found.certificate().verify(X, y)
    assert report.value == (found.value, found.value)
    assert "global minimum of a ReLU network" in report.claim


@pytest.mark.parametrize("name", ["T1", "T12", "A4", "A10", "A16", pytest.param("T10", marks=pytest.mark.slow)])
def test_no_change_of_a_certificate_survives(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    found = landscape(case).global_minimum()
    content = dict(found.certificate().content)
    X = [list(map(Fraction, row)) for row in case.inputs]
    y = [[Fraction(target)] for target in case.targets]
    survivors = []
    for path, changed in mutations(content):
        try:
            report = verify(changed, X, y)
        except CertificateError:
            continue
        survivors.append((path, report.value))
    # What survives proves the same: by a multiplier that need not be what it was, or for another point of the same loss.
    # With another slope the certificate is about another network, of which it is as true.
    for path, value in survivors:
        assert path[0] in ("trees", "point") or path == ("network", "negative_slope"), path
        assert value == (found.value, found.value)
        if path[0] == "network":
            other = ReluLandscape(
                case.inputs, case.targets, case.hidden, negative_slope=Fraction(1, 7), reduction="sum"
            )
            assert minimise(other.problem, zero_point(other.problem)).sse == value[0]
    assert len(survivors) * 20 <= sum(1 for _ in mutations(content)), survivors


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(small, small), min_size=1, max_size=5),
    st.data(),
    st.sampled_from([0, Fraction(1, 3), 2]),
    st.booleans(),
    st.booleans(),
)
def test_the_minimum_is_the_lowest_local_minimum(
    rows: list[tuple[int, int]], data: st.DataObject, slope: Any, bias: bool, output_bias: bool
) -> None:
    y = data.draw(st.lists(small, min_size=len(rows), max_size=len(rows)))
    X = [[a] for a, _ in rows] if bias else [list(row) for row in rows]
    land = ReluLandscape(X, y, 1, bias=bias, output_bias=output_bias, negative_slope=slope, reduction="sum")
    problem = land.problem
    found = minimise(problem, zero_point(problem))
    lowest = min((stratum.value for stratum in land.local_minima(nondifferentiable=True)), key=Fraction)
    assert found.sse == lowest
    assert len(Prover(Regions(problem, row_order(problem)), found.sse).trees()) == 2


def test_the_size_of_a_certificate_is_stated_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    land = landscape(next(case for case in CASES if case.name == "T10"))
    found = land.global_minimum()
    monkeypatch.setattr(_proof, "_MOST_LEAVES", 5)
    with pytest.raises(WorkloadError, match="leaves or more") as caught:
        found.certificate()
    assert caught.value.count == 5


def test_leaves_are_counted_before_they_are_made() -> None:
    for case in CASES:
        problem = case.problem
        prover = Prover(Regions(problem, row_order(problem)), min(map(Fraction, case.levels)))
        assert prover.count(10**6) == sum(map(leaves, prover.trees()))


def leaves(node: dict[str, Any]) -> int:
    return sum(map(leaves, node["children"])) if "children" in node else 1


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"output_bias": True}, {"negative_slope": Fraction(1, 10)}], ids=str)
@pytest.mark.parametrize("arithmetic", ["exact", "verified"])
def test_twenty_samples_of_two_inputs_are_certified(more: dict[str, Any], arithmetic: str) -> None:
    rng = np.random.default_rng(7)
    X = rng.integers(-300, 301, (20, 2))
    y = np.abs(X[:, 0]) - X[:, 1] + rng.integers(-90, 91, 20)
    if arithmetic == "verified":
        X, y = X / 7, y / 7
    land = ReluLandscape(X, y, 2, bias=True, arithmetic=arithmetic, **more)
    found = land.global_minimum()
    report = found.certificate().verify(X, y)
    assert report.value[0] == report.value[1]
    assert float(report.value[0]) == pytest.approx(float(found.value), rel=1e-12)


def test_bounds_rise_along_prefixes() -> None:
    rng = np.random.default_rng(3)
    land = ReluLandscape(rng.integers(-4, 5, (7, 2)).tolist(), rng.integers(-4, 5, 7).tolist(), 2, bias=True)
    regions = Regions(land.problem, list(range(7)))
    for signs in regions.output_signs():
        prefixes, bounds = regions.root(), []
        while not regions.whole(prefixes):
            prefixes = next(child for child in regions.children(signs, prefixes) if regions.empty(child) is None)
            bounds.append(regions.bound(signs, prefixes).sse)
        assert all(lower <= higher for lower, higher in pairwise(bounds))


def test_a_search_that_stops_early_knows_its_gap() -> None:
    rng = np.random.default_rng(5)
    land = ReluLandscape(rng.integers(-9, 10, (14, 2)).tolist(), rng.integers(-9, 10, 14).tolist(), 2, bias=True)
    problem = land.problem
    stopped = minimise(problem, zero_point(problem), deadline=0.0)
    ended = minimise(problem, zero_point(problem))
    assert not stopped.complete
    assert stopped.lower <= ended.sse <= stopped.sse
    assert ended.complete


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(small, small, small), min_size=1, max_size=7), st.data())
def test_generators_span_what_the_rows_allow(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    cone: Cone | None = whole_space(3)
    turned = []
    for row in rows:
        side = data.draw(st.sampled_from([1, -1]))
        if not any(row):
            continue
        turned.append(tuple(side * entry for entry in row))
        assert cone is not None
        cone = cone.cut(row, side)
        if cone is None:
            break
    points = list(np.ndindex(7, 7, 7))
    inside = [p for p in points if all(np.dot(row, np.subtract(p, 3)) > 0 for row in turned)]
    if cone is None:
        assert not inside
        return
    for generator in cone.generators:
        assert all(np.dot(row, generator) >= 0 for row in turned)
    vectors = np.array([[Fraction(entry) for entry in g] for g in cone.generators], dtype=object)
    for p in inside[:5]:
        target = np.array([Fraction(int(entry) - 3) for entry in p], dtype=object)
        weights = combine(vectors, target)
        assert weights is not None
        assert all(weight >= 0 for weight in weights.values())
        total = sum((weight * vectors[k] for k, weight in weights.items()), np.full(3, Fraction(0), dtype=object))
        assert (total == target).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 1), st.data())
def test_exact_fits_meet_the_conditions_of_optimality(rows: int, columns: int, free: int, data: st.DataObject) -> None:
    entries = data.draw(st.lists(small, min_size=rows * columns, max_size=rows * columns))
    matrix = np.array([Fraction(entry) for entry in entries], dtype=object).reshape(rows, columns)
    target = np.array([Fraction(v) for v in data.draw(st.lists(small, min_size=rows, max_size=rows))], dtype=object)
    free = min(free, columns)
    bound, guess = float_fit(matrix.astype(float), free, target.astype(float))
    for start in (guess, np.zeros(columns), np.ones(columns)):
        weights = exact_weights(matrix, free, target, start)
        residual = matrix @ weights - target
        pulls = residual @ matrix
        for k in range(columns):
            if k >= columns - free:
                assert pulls[k] == 0
            else:
                assert weights[k] >= 0
                assert pulls[k] >= 0
                assert pulls[k] * weights[k] == 0
        assert float(residual @ residual) == pytest.approx(bound, abs=1e-9)
