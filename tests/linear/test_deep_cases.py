"""The small exact cases of deep networks: everything that is known about each point is found again."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import theodolite as th
from tests.cases.deep_linear import BIASED, CASES, Biased, Case
from theodolite._numerics import as_fractions, exact_inertia, exact_product

KINDS = {
    "global": th.Kind.GLOBAL_MINIMUM,
    "strict": th.Kind.STRICT_SADDLE,
    "nonstrict": th.Kind.NON_STRICT_SADDLE,
}
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
biased = pytest.mark.parametrize("case", BIASED, ids=lambda case: case.name)


def matrix(text: str) -> np.ndarray[Any, Any]:
    return np.array([[Fraction(entry) for entry in row.split()] for row in text.split(";")], dtype=object)


def landscape(case: Case) -> tuple[th.LinearLandscape, list[np.ndarray[Any, Any]]]:
    x, y = matrix(case.x).astype(float), matrix(case.y).astype(float)
    weights = [matrix(text).astype(float) for text in case.weights]
    return th.LinearLandscape(x.T, y.T, hidden=tuple(len(w) for w in weights[:-1])), weights


def exact_hessian(case: Case) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Gradient and Hessian of the loss in rationals, from products of all matrices but one or two: no code of the package."""
    x, y = matrix(case.x), matrix(case.y)
    weights = [matrix(text) for text in case.weights]
    depth = len(weights)

    def chain(parts: list[np.ndarray[Any, Any]], start: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        for part in parts:
            start = exact_product(part, start)
        return start

    error = chain(weights, x) - y
    places = [(k, i, j) for k, w in enumerate(weights) for i in range(w.shape[0]) for j in range(w.shape[1])]

    def bump(place: tuple[int, int, int]) -> np.ndarray[Any, Any]:
        k, i, j = place
        unit = np.full(weights[k].shape, Fraction(0), dtype=object)
        unit[i, j] = Fraction(1)
        return unit

    def response(*moved: tuple[int, int, int]) -> np.ndarray[Any, Any]:
        layers = list(weights)
        for place in moved:
            layers[place[0]] = bump(place)
        return chain(layers, x)

    first = [response(place) for place in places]
    gradient = np.array([np.sum(error * step) for step in first], dtype=object)
    hessian = np.full((len(places), len(places)), Fraction(0), dtype=object)
    for a, one in enumerate(places):
        for b, two in enumerate(places[: a + 1]):
            value = np.sum(first[a] * first[b])
            if one[0] != two[0]:
                value += np.sum(error * response(one, two))
            hessian[a, b] = hessian[b, a] = value
    assert depth >= 2
    return gradient, hessian


@cases
def test_the_case_is_what_it_says_in_rationals(case: Case) -> None:
    gradient, hessian = exact_hessian(case)
    assert not gradient.any()
    assert tuple(exact_inertia(as_fractions(hessian))) == case.inertia


@cases
def test_verdict(case: Case) -> None:
    land, weights = landscape(case)
    verdict = land.classify(weights)
    assert verdict.kind is KINDS[case.kind]
    assert (verdict.index, verdict.nullity) == case.inertia[:2]
    assert verdict.value == pytest.approx(float(case.loss), abs=1e-12)
    assert verdict.critical_set is not None
    assert verdict.critical_set.kind is verdict.kind
    assert float(verdict.critical_set.value) == pytest.approx(float(case.loss), abs=1e-12)
    assert verdict.distance is not None
    assert verdict.distance < 1e-11


@cases
def test_the_way_out_lowers_the_loss_by_what_it_says(case: Case) -> None:
    land, weights = landscape(case)
    if case.kind == "global":
        with pytest.raises(th.NoEscapeError, match="global minimum"):
            land.escape(weights)
        return
    way = land.escape(weights)
    assert float(way.decrease) > 0
    assert land.loss(weights) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-9)
    tangent = land.pack(way.vector)
    curvature = tangent @ (land.hessian(weights) @ tangent)
    if case.kind == "strict":
        assert way.order == 2
        assert way.curvature is not None
        assert curvature == pytest.approx(float(way.curvature), rel=1e-9)
        assert curvature < 0
    else:
        assert way.order >= 3
        assert way.curvature is None
        assert abs(curvature) < 1e-12
        start = land.loss(weights)
        falls = [start - land.loss(way.at(t)) for t in (1e-2, 1e-3)]
        assert min(falls) > 0
        assert np.log10(falls[0] / falls[1]) == pytest.approx(way.order, abs=0.05)


@biased
def test_biases(case: Biased) -> None:
    x, y = np.array(case.x, float), np.array(case.y, float)
    params: list[Any] = []
    for k, weight in enumerate(case.weights, start=1):
        params.append(weight)
        if k in case.biases:
            params.append(case.biases[k])
    hidden = tuple(len(weight) for weight in case.weights[:-1])
    land = th.LinearLandscape(x.T, y.T, hidden, bias=tuple(case.biases))
    assert 2 * land.loss(params) == pytest.approx(case.twice, abs=1e-12)
    values = np.linalg.eigvalsh(land.hessian(params).todense())
    assert ((values < -1e-9).sum(), (abs(values) <= 1e-9).sum(), (values > 1e-9).sum()) == case.inertia
    verdict = land.classify(params)
    if case.kind == "uncovered":
        assert verdict.kind is th.Kind.UNDECIDED
        with pytest.raises(th.NotCoveredError, match="last bias in layer 2 of 3"):
            land.count()
        return
    assert verdict.kind is KINDS[case.kind]
    assert (verdict.index, verdict.nullity) == case.inertia[:2]
    way = land.escape(params)
    assert land.loss(params) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-9)


def test_the_counterexample_to_chains_with_a_bias_between() -> None:
    """The loss falls along a curve from a point whose Hessian has no negative eigenvalue, as the error message says."""
    case = next(case for case in BIASED if case.name.startswith("H=3 K={2}"))
    land = th.LinearLandscape(np.array(case.x, float).T, np.array(case.y, float).T, (1, 1), bias=(2,))
    for t in (0.3, 0.1):
        moved = ([[t]], [[t]], [1.0], [[3 * t**2], [1.0]])
        assert land.loss(moved) - case.twice / 2 == pytest.approx(-8 * t**4 + 9 * t**8, rel=1e-9)
