"""The global minimum by four methods that share little: a list, a sweep, branch and bound, and brute force over cones."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th
from tests.relu.cases import CASES, Case
from tests.relu.cone_oracle import lowest_by_cones
from theodolite.relu import _global
from theodolite.relu._branch import minimise, zero_point
from theodolite.relu._global import lowest
from theodolite.relu._independence import Independence
from theodolite.relu._landscape import ReluLandscape
from theodolite.relu._minima import fitter
from theodolite.relu._optimum import pointed, swept_optimum
from theodolite.relu._patterns import patterns
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem
from theodolite.relu._training import Fleet, train, training_rate

SLOPES = (Fraction(0), Fraction(1, 3), Fraction(2))


def swept(problem: Problem) -> Any:
    """Return the minimum by the sweep, which begins with nothing better than a network that is constant."""
    small = pointed(problem)
    found = swept_optimum(patterns(small), Evaluation(small, zero_point(small)).sse)
    assert found is not None
    return found.solution.sse


def draw(rng: np.random.Generator) -> tuple[ReluLandscape, list[list[Fraction]], list[Fraction], bool]:
    """Return a small landscape with its rows (a 1 appended for a bias) and targets, and whether it has extreme scales."""
    d, n, h = int(rng.integers(1, 4)), int(rng.integers(1, 6)), int(rng.integers(1, 4))
    h = min(h, 2) if d == 3 else h
    bias, offset = bool(d > 1 and rng.random() < 0.4), bool(rng.random() < 0.4)
    size, inputs = int(rng.integers(1, 5)), d - bias
    X = [[Fraction(int(entry)) for entry in row] for row in rng.integers(-size, size + 1, (n, inputs))]
    y = [Fraction(int(entry)) for entry in rng.integers(-size, size + 1, n)]
    kind = int(rng.integers(8))
    if kind == 0:
        X[0] = list(X[-1])
    elif kind == 1:
        X[0] = [Fraction(0)] * inputs
    elif kind == 2:
        y = [Fraction(int(rng.integers(2)))] * n
    elif kind == 3:
        X[0] = [-3 * entry for entry in X[-1]]
    elif kind == 4:
        X = [[2 * row[-1], *row[1:]] for row in X]
    elif kind == 5:
        X = [[entry * Fraction(10) ** int(rng.integers(-8, 9)) for entry in row[:1]] + row[1:] for row in X]
    elif kind == 6:
        scales = [Fraction(10) ** int(power) for power in rng.integers(-8, 9, n)]
        X = [[entry * scale for entry in row] for row, scale in zip(X, scales, strict=True)]
    land = ReluLandscape(
        X, y, h, bias=bias, output_bias=offset, negative_slope=SLOPES[int(rng.integers(3))], reduction="sum"
    )
    return land, [[*row, Fraction(1)] if bias else row for row in X], y, kind in (5, 6)


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 40))])
def test_four_methods_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(8):
        land, rows, y, extreme = draw(rng)
        if not any(any(row) for row in rows):
            continue
        problem = land.problem
        found = minimise(pointed(problem), zero_point(pointed(problem)))
        assert found.complete
        assert swept(problem) == found.sse
        if land._catalogue.workload <= 500:
            assert min(stratum.value for stratum in land.local_minima(nondifferentiable=True)) == found.sse
        if not extreme:  # floats do not follow there
            slope, offset = Fraction(problem.slope), problem.offset
            assert float(found.sse) == pytest.approx(
                lowest_by_cones(rows, y, problem.hidden, slope, offset), abs=1e-7 * float(1 + sum(t * t for t in y))
            )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_by_sweep_and_by_brute_force(case: Case) -> None:
    lowest_level = min(map(Fraction, case.levels))
    assert swept(case.problem) == lowest_level
    found = lowest_by_cones(case.inputs, case.targets, case.hidden, Fraction(case.slope), case.offset)
    assert found == pytest.approx(float(lowest_level), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_independence_is_rank(seed: int) -> None:
    land = draw(np.random.default_rng(seed))[0]
    problem = pointed(land.problem)
    if not problem.width:
        return
    found = patterns(problem)
    exact = fitter(found, problem.hidden)
    sets = np.array([[a, b] for a in range(len(found)) for b in range(a + 1, len(found))][:200], dtype=np.int64)
    if not len(sets):
        return
    told = Independence(exact.forms, 2).of(sets)
    for row, independent in zip(sets.tolist(), told.tolist(), strict=True):
        size = int(found.dimensions[row].sum()) + problem.offset
        assert independent == (exact.fit(tuple(row)).rank == size)


def data(n: int, d: int, seed: int) -> tuple[list[list[int]], list[int]]:
    rng = np.random.default_rng([n, d, seed])
    X = rng.integers(-30, 31, (n, d))
    return X.tolist(), (np.abs(X[:, 0]) - X[:, -1] + rng.integers(-9, 10, n)).tolist()


def options(number: int) -> dict[str, Any]:
    return [{}, {"output_bias": True}, {"negative_slope": Fraction(1, 10)}, {"negative_slope": 2}][number]


@pytest.mark.parametrize(
    ("number", "runs"), [(0, 1000), (2, 1000), *(pytest.param(k, 10**4, marks=pytest.mark.slow) for k in range(4))]
)
def test_nothing_that_trains_ends_lower(number: int, runs: int) -> None:
    X, y = data(14, 2, number)
    land = th.ReluLandscape(X, y, 2, bias=True, reduction="sum", **options(number))
    found = land.global_minimum()
    assert found.kind is th.Kind.GLOBAL_MINIMUM
    assert found.bounds == (float(found.value), float(found.value))
    assert land.loss(found.representative()) == land.loss(found.sample(3)) == found.value
    problem, rng = land.problem.as_float, np.random.default_rng(number)
    fleet = Fleet(rng.normal(size=(runs, 2, 3)) / 10, rng.normal(size=(runs, 2)) * 10, np.zeros(runs))
    train(problem, fleet, training_rate(problem), 0.9, 2000, lambda done: None, lambda: False)
    losses = fleet.losses(problem)
    assert np.nanmin(losses) >= float(found.value) * (1 - 1e-9)
    for run in np.argsort(losses)[:10].tolist():
        start = Point(fleet.weights[run], fleet.outer[run], float(fleet.offsets[run]))
        assert land.polish(start.parameters(problem, True)).losses[-1] >= float(found.value) * (1 - 1e-9)


def test_sweep_and_branching_find_the_same_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(2):
        X, y = data(13, 2, seed)
        land = th.ReluLandscape(X, y, 2, bias=True, reduction="sum", **options(seed))
        by_sweep = lowest(land.problem, lambda done: None)
        monkeypatch.setattr(_global, "MOST_SWEPT", 0)
        by_branching = lowest(land.problem, lambda done: None)
        monkeypatch.undo()
        assert by_sweep.complete
        assert by_branching.complete
        assert by_sweep.sse == by_branching.sse
        assert "sets of faces" in by_sweep.words
        assert "regions" in by_branching.words


def test_floats_have_the_minimum_of_the_numbers_that_they_are() -> None:
    X, y = data(14, 2, 5)
    exact = th.ReluLandscape(X, y, 2, bias=True).global_minimum()
    floats = th.ReluLandscape(np.array(X, dtype=float), np.array(y, dtype=float), 2, bias=True).global_minimum()
    assert floats.kind is th.Kind.GLOBAL_MINIMUM
    assert floats.value == pytest.approx(float(exact.value), rel=1e-12)


def test_nearly_interpolated_data() -> None:
    X, _ = data(12, 2, 0)
    noise = [Fraction(k % 3 - 1, 10**6) for k in range(12)]
    y = [max(a - b, 0) - max(a + 2 * b - 5, 0) + e for (a, b), e in zip(X, noise, strict=True)]
    found = th.ReluLandscape(X, y, 2, bias=True, reduction="sum").global_minimum()
    assert found.kind is th.Kind.GLOBAL_MINIMUM
    assert 0 < found.value <= sum(e * e for e in noise)
    assert found.certificate().verify(X, [[t] for t in y]).value == (found.value, found.value)


def test_fits_without_error_end_the_search() -> None:
    X, _ = data(14, 2, 0)
    y = [max(a - b, 0) - max(a + 2 * b - 5, 0) for a, b in X]
    found = th.ReluLandscape(X, y, 2, bias=True).global_minimum()
    assert found.value == 0
    assert found.kind is th.Kind.GLOBAL_MINIMUM


def test_a_budget_leaves_a_gap() -> None:
    X, y = data(40, 3, 0)
    land = th.ReluLandscape(X, y, 3, bias=True)
    found = land.global_minimum(budget="1s")
    assert found.bounds is not None
    low, high = found.bounds
    assert low < high
    kind = land.classify(found.representative()).kind
    assert found.kind is (kind if kind.is_minimum else th.Kind.UNDECIDED)
    assert found.kind is not th.Kind.GLOBAL_MINIMUM
    assert not found.evidence.complete


def test_an_interruption_ends_the_search_with_what_was_found() -> None:
    X, y = data(30, 3, 0)
    land = th.ReluLandscape(X, y, 3, bias=True)

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    found = land.global_minimum(progress=interrupt, budget="100s")
    assert found.bounds is not None
    assert found.bounds[0] < found.bounds[1]


def test_strata_of_a_minimum_that_was_searched() -> None:
    X, y = data(20, 2, 1)
    land = th.ReluLandscape(X, y, 2, bias=True, reduction="sum")
    found = land.global_minimum()
    strata = list(found.strata())
    assert strata
    assert all(stratum.value == found.value for stratum in strata)
    assert all(land.loss(stratum.sample(0)) == found.value for stratum in strata)
    assert len(found.panels()) >= 3
