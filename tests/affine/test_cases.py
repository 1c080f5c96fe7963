"""Cases worked out by hand in fractions: class, loss, gradient, types, inertia, order and radius of each."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import theodolite as th
from tests.affine.support import flat, signs_of_roots

CASES = json.loads((Path(__file__).parents[1] / "cases" / "affine_target.json").read_text())["cases"]
KINDS = {
    "global-min": th.Kind.GLOBAL_MINIMUM,
    "local-min": th.Kind.SPURIOUS_MINIMUM,
    "not-critical": th.Kind.NOT_CRITICAL,
    "non-differentiable": th.Kind.NOT_CRITICAL,
}


def built(case):
    """The landscape and the parameters of a case."""
    names = ("activation", "negative_slope", "interval", "slope", "intercept")
    land = th.AffineTargetLandscape(len(case["params"][0]), **{name: case[name] for name in names})
    return land, case["params"]


def kind_of(case):
    """The kind that a case must get."""
    if case["class"] in KINDS:
        return KINDS[case["class"]]
    return th.Kind.STRICT_SADDLE if case["strict"] == "True" else th.Kind.NON_STRICT_SADDLE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_exact_case(case):
    land, params = built(case)
    size = land.parameter_count
    assert land.loss(params) == Fraction(case["loss"])
    expected = [Fraction(0)] * size if case["gradient"] is None else [Fraction(x) for x in case["gradient"]]
    assert flat(land.gradient(params, convention="open")) == expected
    if "closed_gradient" in case:
        assert flat(land.gradient(params, convention="closed")) == [Fraction(x) for x in case["closed_gradient"]]
    assert list(land.neuron_types(params)) == case["types"]
    verdict = land.classify(params)
    assert verdict.kind is kind_of(case)
    assert verdict.evidence.method is th.Method.EXACT
    assert verdict.value == Fraction(case["loss"])
    if "inertia" in case:
        negative, zero, positive = case["inertia"]
        assert (verdict.index, verdict.nullity) == (negative, zero)
        assert signs_of_roots(land.hessian(params).todense()) == (negative, zero, positive)
    if "radius" in case:
        assert verdict.radius == Fraction(case["radius"])
    if "order" in case:
        assert verdict.escape.order == int(case["order"])
        assert land.loss(verdict.escape.at()) == verdict.value - verdict.escape.decrease < verdict.value
    if "family" in case:
        expected = "R" if case["family"].startswith("R") else case["family"]
        assert (verdict.family, verdict.kinks) == (expected, int(case["kinks"]))
    assert verdict.autodiff_is_zero == (case.get("pseudo") == "True")
    if "direction" in case:
        direction = land.unpack(np.array([Fraction(x) for x in case["direction"]], dtype=object))
        assert land.second_order_form(params, direction) == Fraction(case["curvature"])
        step = Fraction(1, 10**6)
        moved = land.unpack(land.pack(params) + step * land.pack(direction))
        change = land.loss(moved) - land.loss(params)
        assert change < 0
        assert abs(float(2 * change / step**2) - float(Fraction(case["curvature"]))) < 1e-3


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case_in_floats(case):
    """The same numbers rounded: the same verdict, about an exactly critical point within rounding."""
    land, params = built(case)
    rounded = tuple(np.array([float(Fraction(x)) for x in np.ravel(part)]) for part in params)
    verdict = land.classify(rounded)
    assert verdict.kind is kind_of(case)
    assert float(verdict.value) == pytest.approx(float(Fraction(case["loss"])), rel=1e-12, abs=1e-25)
    if verdict.critical_set is not None:
        assert verdict.distance < 1e-12 * (1 + max(abs(float(x)) for x in flat(rounded)))
        assert verdict.evidence.method is th.Method.THEOREM
    if verdict.escape is not None:
        assert float(land.loss(verdict.escape.at())) < float(verdict.value)
    if "inertia" in case:
        assert (verdict.index, verdict.nullity) == tuple(case["inertia"][:2])
