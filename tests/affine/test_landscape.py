"""The list of critical sets, options, arithmetic, duality and refusals."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.affine.support import ACTIVATIONS, flat, landscape
from theodolite._registry import build_affine


def test_relu_values():
    land = th.AffineTargetLandscape(5)
    assert land.critical_values() == (0, Fraction(1, 12 * 625), Fraction(1, 972), Fraction(1, 12))
    assert [s.label for s in land.critical_sets()][1:3] == ["R4", "R2"]
    assert land.count() == 6


@pytest.mark.parametrize("gamma", [Fraction(9, 16), Fraction(1, 10), Fraction(99, 100), Fraction(3)])
def test_leaky_values(gamma):
    """Strictly decreasing from the constant fit: O1 > E-2 > E+2 > O3 > E-4 > ...; each by its formula."""
    land = th.AffineTargetLandscape(5, activation="leaky_relu", negative_slope=gamma, interval=(-1, 2), slope=2)
    sets = list(land.critical_sets())
    assert [s.label for s in sets] == [
        "exact fit", "O+5", "O-5", "E+4", "E-4", "O+3", "O-3", "E+2", "E-2", "O+1", "O-1", "constant fit, saddle",
    ]  # fmt: skip
    values = [float(value) for value in land.critical_values()]
    assert len(values) == 2 + 3 + 2 * 2
    assert all(a < b for a, b in itertools.pairwise(values))
    small = float(min(gamma, 1 / gamma))
    g, p = small**0.5, (1 + small) ** 0.5
    for item in sets[1:-1]:
        ends = {"E+": 2, "E-": 2 * g}.get(item.label[:2], 1 + g)
        length = ends + (int(item.label[2:]) - 1) * p
        assert float(item.value) == pytest.approx(9 * (1 - small) ** 2 / length**4, rel=1e-13)


@pytest.mark.parametrize(("activation", "below"), ACTIVATIONS)
def test_survey_agrees_with_the_list(activation, below):
    land = landscape(4, activation, below)
    atlas = th.survey(land)
    assert atlas.complete
    assert len(atlas) == land.count()
    assert [s.label for s in atlas] == [s.label for s in land.critical_sets()]
    assert [float(s.value) for s in atlas] == sorted(float(s.value) for s in atlas)
    minima = [s for s in land.critical_sets() if s.kind.is_minimum]
    assert len(minima) == (2 if activation == "relu" else 1)
    assert land.global_minimum() == next(land.critical_sets())
    assert [s.label for s in land.critical_sets(kind=th.Kind.GLOBAL_MINIMUM)] == ["exact fit"]


def test_many_neurons():
    """The list is lazy: a million neurons, the first sets at once."""
    land = th.AffineTargetLandscape(10**6)
    sets = land.critical_sets()
    assert [next(sets).label for _ in range(3)] == ["exact fit", "R1000000", "R999998"]
    assert land.count() == 500_004


@given(st.sampled_from([Fraction(16, 9), Fraction(3), Fraction(21, 10)]), st.integers(0, 1000))
def test_duality(gamma, seed):
    """Slope gamma and slope 1/gamma are the same landscape in other coordinates."""
    steep = landscape(3, "leaky_relu", gamma)
    gentle = landscape(3, "leaky_relu", 1 / gamma)
    assert steep.critical_values() == gentle.critical_values()
    source = np.random.default_rng(seed)
    w, b, v = ([Fraction(int(n), 3) for n in source.integers(-6, 7, 3)] for _ in range(3))
    turned = ([-x for x in w], [-x for x in b], [-gamma * x for x in v], 1)
    assert steep.loss((w, b, v, 1)) == gentle.loss(turned)
    first, second = steep.classify((w, b, v, 1)), gentle.classify(turned)
    assert (first.kind, first.index, first.family) == (second.kind, second.index, second.family)


@given(st.integers(0, 1000), st.sampled_from(ACTIVATIONS), st.sampled_from([Fraction(1, 10**6), Fraction(3), 10**6]))
def test_equivariance(seed, activation, scale):
    """Stretching the interval and the target changes losses by known factors, and no verdict."""
    source = np.random.default_rng(seed)
    small, large = (
        landscape(3, *activation),
        landscape(3, *activation, interval=(-scale, 5 * scale), slope=Fraction(-3, 2) / scale, intercept=2),
    )
    sets = list(small.critical_sets())
    number = int(source.integers(len(sets)))
    params = sets[number].sample(source)
    if params[0].dtype != object:
        return
    w, b, v, c = params
    verdict = large.classify((w / Fraction(scale), b, v, c))
    assert verdict.kind is sets[number].kind
    assert verdict.value == sets[number].value * scale


def test_options_are_checked():
    refused = [
        ({"hidden": 0}, "hidden is 0"),
        ({"hidden": True}, "hidden is True"),
        ({"hidden": 2, "activation": "tanh"}, "activation is 'tanh'"),
        ({"hidden": 2, "activation": "leaky_relu", "negative_slope": -1}, "negative_slope is -1"),
        ({"hidden": 2, "interval": (1, 1)}, "start is not below"),
        ({"hidden": 2, "interval": 3}, "interval is 3"),
        ({"hidden": 2, "interval": (0, float("inf"))}, "inf"),
        ({"hidden": 2, "slope": "one"}, "slope is 'one'"),
        ({"hidden": 2, "slope": 1e200, "interval": (0, 1e60)}, "overflow"),
        ({"hidden": 2, "arithmetic": "fast"}, "arithmetic is 'fast'"),
        ({"hidden": 2, "slope": 0.5, "arithmetic": "exact"}, "option is a float"),
    ]
    for options, message in refused:
        with pytest.raises(th.DataError, match=message):
            th.AffineTargetLandscape(**options)


def test_arithmetic():
    params = ([1.0, -1.0], [-0.5, 0.25], [1.0, 2.0], 0.0)
    auto = th.AffineTargetLandscape(2)
    assert isinstance(auto.loss(params), float)
    assert isinstance(auto.loss(([1, -1], ["-0.5", "0.25"], [1, 2], 0)), Fraction)
    assert isinstance(th.AffineTargetLandscape(2, slope=1.0).loss(([1, 1], [1, 1], [1, 1], 0)), float)
    verified = th.AffineTargetLandscape(2, arithmetic="verified")
    assert verified.loss(params) == auto.loss(([1, -1], ["-1/2", "1/4"], [1, 2], 0))
    assert verified.classify(params).evidence.method is th.Method.VERIFIED
    exact = th.AffineTargetLandscape(2, arithmetic="exact")
    with pytest.raises(th.DataError, match="parameters are floats"):
        exact.loss(params)
    floats = th.AffineTargetLandscape(2, arithmetic="float64")
    assert isinstance(floats.loss(([1, -1], [0, 0], [1, 1], 0)), float)
    assert isinstance(floats.global_minimum().value, float)


def test_slope_one_below_is_a_linear_network():
    land = landscape(2, "leaky_relu", 1)
    assert [s.label for s in land.critical_sets()] == ["exact fit", "constant fit, saddle"]


def test_fingerprint_and_specification():
    land = th.AffineTargetLandscape(4, activation="leaky_relu", negative_slope="0.3")
    assert land.specification == "leaky_relu(3/10):1-4-1"
    assert land.fingerprint == th.AffineTargetLandscape(4, activation="leaky_relu", negative_slope="3/10").fingerprint
    assert land.fingerprint != th.AffineTargetLandscape(4).fingerprint
    again = build_affine(land.specification)
    assert again.fingerprint == land.fingerprint
    with pytest.raises(th.NotCoveredError, match="one hidden layer"):
        build_affine("relu:1-5-5-1")
    with pytest.raises(th.NotCoveredError, match="tanh"):
        build_affine("tanh:1-5-1")


def test_no_way_out_of_minima():
    land = th.AffineTargetLandscape(2)
    with pytest.raises(th.NoEscapeError, match="no way down"):
        land.escape(land.global_minimum().representative())
    dead = next(s for s in land.critical_sets() if s.kind is th.Kind.SPURIOUS_MINIMUM)
    with pytest.raises(th.NoEscapeError, match="spurious minimum"):
        land.escape(dead.sample(0))
    curve = land.escape(([2, 0], [-1, 0], [3, 0], 0))
    assert curve.order == 1
    assert land.loss(curve.at()) < land.loss(([2, 0], [-1, 0], [3, 0], 0))
    assert flat(curve.at(0)) == flat(land.coerce(([2, 0], [-1, 0], [3, 0], 0)))


def test_figures_show_realization_residual_and_the_way_on():
    for activation, below in (ACTIVATIONS[0], ACTIVATIONS[1], ACTIVATIONS[5]):
        land = landscape(3, activation, below)
        for found in land.critical_sets():
            panels = found.panels()
            titles = [panel.title for panel in panels]
            assert titles[:2] == ["Realization", "Residual"]
            target, network = panels[0].curves
            gap = np.array(network.y) - np.array(target.y)
            assert np.array(panels[1].curves[1].y) == pytest.approx(gap, abs=1e-9)
            if found.kind is th.Kind.SPURIOUS_MINIMUM:
                floor = panels[-1]
                assert floor.title.startswith("The floor")
                flats = [y for x, y in zip(floor.curves[0].x, floor.curves[0].y, strict=True) if x <= 0]
                assert max(flats) - min(flats) < 1e-12
                assert min(floor.curves[0].y) < 0.99 * flats[0]
            elif not found.kind.is_minimum:
                assert "Way out" in titles
                assert min(panels[-1].curves[0].y) < panels[-1].curves[0].y[0]


def test_numbers_beyond_floats():
    land = th.AffineTargetLandscape(2)
    huge = ([1e300, 1.0], [1e300, 0.0], [1e300, 1.0], 0.0)
    assert land.loss(huge) == float("inf")
    with pytest.raises(th.DataError, match="cannot be classified in floats"):
        land.classify(huge)
    exact = tuple([Fraction(x) for x in np.ravel(part)] for part in huge)
    assert land.classify(exact).kind is th.Kind.NOT_CRITICAL


def test_verdict_in_words():
    land = th.AffineTargetLandscape(2)
    dead = land.classify(([1, 1], [-2, -3], [5, 1], "1/2"))
    words = dict(dead.facts())
    assert "0.5" in words["minimum in"]
    assert words["neurons"] == "2 inactive"
    asleep = land.classify(([0, 1], [0, -3], [5, 1], "1/2"))
    assert "zero gradient" in dict(asleep.facts())["beware"]
    saddle = land.classify(([1, -1], ["-1/3", "2/3"], ["2/3", "-2/3"], "1/2"))
    assert dict(saddle.facts())["family"] == "R with 2 breakpoints"


@pytest.mark.parametrize("below", [0, Fraction(1, 4)])
def test_lowest_nullity_of_exact_fits_is_attained(below):
    """Cancelling pairs of opposite kinks are what makes the Hessian at a fit largest."""
    share = 1 / (1 + Fraction(below))
    sloped = landscape(2, "leaky_relu", below, interval=(0, 1), slope=1, intercept=0)
    w, b, v = [1, -1], [Fraction(-1, 3), Fraction(1, 3)], [share, -share]
    c = Fraction(1, 2) - sum(
        x * (y if y > 0 else below * y) for x, y in zip(v, [Fraction(1, 6), Fraction(-1, 6)], strict=True)
    )
    verdict = sloped.classify((w, b, v, c))
    assert (verdict.kind, verdict.nullity) == (th.Kind.GLOBAL_MINIMUM, sloped.global_minimum().nullity_range[0])
    level = landscape(4, "leaky_relu", below, interval=(0, 1), slope=0, intercept=0)
    w, b = [1, -1, 1, -1], [Fraction(-1, 3), Fraction(1, 3), Fraction(-2, 3), Fraction(2, 3)]
    v = [1, -1, -1, 1]
    z = [x * Fraction(1, 2) + y for x, y in zip(w, b, strict=True)]
    c = -sum(x * (y if y > 0 else below * y) for x, y in zip(v, z, strict=True))
    verdict = level.classify((w, b, v, c))
    assert (verdict.kind, verdict.nullity) == (th.Kind.GLOBAL_MINIMUM, level.global_minimum().nullity_range[0])


@pytest.mark.parametrize(("activation", "below"), ACTIVATIONS)
@pytest.mark.parametrize("slope", [0, 1])
@pytest.mark.parametrize("hidden", [1, 2, 3])
def test_nullity_of_exact_fits_stays_in_its_range(activation, below, slope, hidden):
    """Over many random fits; the extremes of small networks are met."""
    land = landscape(hidden, activation, below, slope=slope, intercept=1)
    if activation == "quadratic" and hidden == 1 and slope:
        return
    found = land.global_minimum()
    seen = {land.classify(params).nullity for params in found.sample(11, size=25)} - {None}
    assert found.nullity_range[0] <= min(seen)
    assert max(seen) <= found.nullity_range[1]
