"""Deep networks on exactly given data: verdicts in rationals, against the Hessian's rational inertia and against floats."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import theodolite as th
from tests.cases.deep_linear import BIASED, CASES, Biased, Case
from tests.linear.deep_support import integer_point, rank_formula
from tests.linear.test_deep_cases import KINDS, exact_hessian, matrix
from theodolite._numerics import exact_inertia, to_floats


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_in_rationals(case: Case) -> None:
    weights = [matrix(text) for text in case.weights]
    land = th.LinearLandscape(matrix(case.x).T, matrix(case.y).T, tuple(len(w) for w in weights[:-1]))
    verdict = land.classify(weights)
    assert verdict.evidence.method is th.Method.EXACT
    assert (verdict.kind, verdict.value) == (KINDS[case.kind], Fraction(case.loss))
    assert (verdict.index, verdict.nullity) == case.inertia[:2]
    assert verdict.distance == 0
    assert verdict.critical_set is not None
    assert verdict.critical_set.value == Fraction(case.loss)
    gradient, hessian = exact_hessian(case)
    assert not gradient.any()
    product = [
        land.hessian_vector_product(weights, land.unpack(column)) for column in np.eye(len(hessian), dtype=object)
    ]
    assert (np.stack([land.pack(column) for column in product]) == hessian).all()
    if verdict.kind is not th.Kind.GLOBAL_MINIMUM:
        way = verdict.escape
        assert way is not None
        assert isinstance(way.decrease, Fraction)
        assert way.decrease > 0
        assert float(land.loss(weights)) - float(land.loss(way.at())) == pytest.approx(float(way.decrease), rel=1e-9)


@pytest.mark.parametrize("case", [case for case in BIASED if case.kind != "uncovered"], ids=lambda case: case.name)
def test_biased_cases_in_rationals(case: Biased) -> None:
    params: list[Any] = []
    for k, weight in enumerate(case.weights, start=1):
        params += [weight, case.biases[k]] if k in case.biases else [weight]
    hidden = tuple(len(weight) for weight in case.weights[:-1])
    land = th.LinearLandscape(np.array(case.x).T, np.array(case.y).T, hidden, bias=tuple(case.biases))
    verdict = land.classify(params)
    assert verdict.evidence.method is th.Method.EXACT
    assert 2 * verdict.value == case.twice  # type: ignore[operator]
    assert (verdict.kind, verdict.index, verdict.nullity) == (KINDS[case.kind], *case.inertia[:2])


@pytest.mark.parametrize("depth", [2, 3, 4, 5, 6])
def test_integer_points_against_rational_inertia(depth: int) -> None:
    source = np.random.default_rng(100 + depth)
    for _ in range(12 if depth < 5 else 5):
        target, weights, _, strings, arcs = integer_point(source, depth)
        hidden = tuple(len(weight) for weight in weights[:-1])
        land = th.LinearLandscape(np.eye(target.shape[1], dtype=int), target.T, hidden)
        exact = land.classify(weights)
        rounded = land.classify([to_floats(weight) for weight in weights])
        assert exact.evidence.method is th.Method.EXACT
        assert (exact.kind, exact.index, exact.nullity) == (rounded.kind, rounded.index, rounded.nullity)
        assert rank_formula(target, weights)[0] == int(arcs.saddles(strings[None, :])[0])
        columns = [land.unpack(column) for column in np.eye(land.parameter_count, dtype=object)]
        if len(columns) <= 40:
            hessian = np.stack([land.pack(land.hessian_vector_product(weights, column)) for column in columns])
            assert tuple(exact_inertia(hessian))[:2] == (exact.index, exact.nullity)


def test_a_point_next_to_a_critical_one_is_not_critical_in_rationals() -> None:
    land = th.LinearLandscape(np.eye(2, dtype=int), [[3, 0], [0, 1]], (2, 2))
    tiny = Fraction(1, 10**30)
    bumped = [[[tiny, 0], [0, 0]], [[1, 0], [0, 1]], [[0, 0], [0, 0]]]
    verdict = land.classify(bumped)
    assert verdict.kind is th.Kind.NOT_CRITICAL
    assert verdict.escape is not None
    assert verdict.escape.decrease > 0
    assert land.classify([np.array(part, dtype=float) for part in bumped]).kind is th.Kind.STRICT_SADDLE


def test_values_are_exact_and_in_exact_order() -> None:
    data = [[Fraction(1), Fraction(2)], [Fraction(3), Fraction(5)], [Fraction(1), Fraction(1)]]
    land = th.LinearLandscape(data, [[1, 0], [0, 1], [2, 2]], (2, 2), arithmetic="exact")
    sets = list(land.critical_sets())
    assert len(sets) == land.count()
    assert sets[0].value == Fraction(17, 12)
    assert sets[1].value == sets[2].value
    assert str(sets[1].value) == "(77-5√73)/24"
    assert all(item.evidence.method is th.Method.EXACT for item in sets)
    assert {stratum.value for stratum in sets[2].strata()} == {sets[2].value}
    with pytest.raises(th.NotCoveredError, match="verified"):
        th.LinearLandscape(data, [[1, 0], [0, 1], [2, 2]], (2, 2), arithmetic="verified")
