"""What is easily got wrong: irrational values, sizes beyond floats, the ends of optimizations, rounding that hides a way down."""

from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import minimize

import theodolite as th
from tests.affine.support import landscape
from theodolite._evidence import Assumption
from theodolite.affine._finding import Finding, unproven
from theodolite.affine._roots import RootField

SLOPES = ["3/10", "1/2", "5/4", "7/9", "4/9", "9/16", "1/3", "2", "999/1000"]


def true_loss(label, gamma, slope, length):
    """The loss of a family in 60 digits."""
    small = min(gamma, 1 / gamma)
    g, p = mpmath.sqrt(mpmath.mpf(small.numerator) / small.denominator), None
    p = mpmath.sqrt(1 + g**2)
    total = {"E+": 2, "E-": 2 * g}.get(label[:2], 1 + g) + (int(label[2:]) - 1) * p
    scale = slope**2 * length**3 * (1 - small) ** 2 / 12
    return mpmath.mpf(scale.numerator) / scale.denominator / total**4


@pytest.mark.parametrize("gamma", SLOPES)
def test_values_of_irrational_families_are_exact(gamma):
    land = landscape(5, "leaky_relu", gamma, interval=("-1/3", 2), slope="5/7")
    with mpmath.workdps(60):
        for found in land.critical_sets(above=0, below=land.problem.plateau):
            true = true_loss(found.label, Fraction(gamma), Fraction(5, 7), Fraction(7, 3))
            low, high = (found.value, found.value) if isinstance(found.value, Fraction) else found.value.enclosure(150)
            low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (low, high))
            assert low * (1 - mpmath.mpf(10) ** -50) <= true <= high * (1 + mpmath.mpf(10) ** -50)
            assert found.evidence.method is th.Method.EXACT
    values = land.critical_values()
    assert len(values) == 2 + 3 + 2 * 2
    assert all(not isinstance(value, float) for value in values)


def test_irrational_values_survive_a_file(tmp_path):
    land = landscape(3, "leaky_relu", "3/10")
    atlas = th.survey(land)
    atlas.save(tmp_path / "leaky.npz")
    again = th.load_atlas(tmp_path / "leaky.npz", land)
    assert [str(found.value) for found in again] == [str(found.value) for found in atlas]
    assert "√" in str(atlas[1].value)


@given(st.sampled_from([(2, 3), (2, 8), (4, 3), (3, 9), (4, 9)]), st.tuples(*[st.integers(-5, 5)] * 4))
def test_reciprocals_with_two_roots(squares, parts):
    """Also where a root is rational or both are multiples of each other."""
    number = RootField(*map(Fraction, squares)).number(*parts)
    if float(number.value()) != 0:
        assert (number * number.inverse()).value() == 1


def test_slopes_near_zero_and_infinity_in_floats():
    for tiny in (1e-300, 5e-324, 1e300):
        land = landscape(3, "leaky_relu", tiny)
        values = [float(found.value) for found in land.critical_sets()]
        unit = float(land.problem.plateau)
        assert values == pytest.approx([0, *[unit / 81] * 3, *[unit] * 4], rel=1e-12)


def test_numbers_that_do_not_fit_are_refused():
    for options, words in (
        ({"slope": "1e9999999999"}, "exponent is beyond"),
        ({"hidden": 10**10}, "at most"),
        ({"interval": (0.0, 1e-200)}, "vanish in floats"),
    ):
        with pytest.raises(th.DataError, match=words):
            th.AffineTargetLandscape(**{"hidden": 2, **options})
    assert th.AffineTargetLandscape(2, interval=(0, "1e-200")).critical_values()[0] == 0


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "quadratic"])
@given(st.integers(0, 10**6), st.sampled_from([-50, -6, 6, 50]), st.sampled_from([-20, 0, 20]))
@example(534, 50, 0)
def test_ways_down_at_any_scale(activation, seed, length, slope):
    """In rational arithmetic a point is decided, and its way down found, whatever the sizes."""
    source = np.random.default_rng(seed)
    start = int(source.integers(-5, 5)) * Fraction(10) ** length
    land = landscape(
        2, activation, Fraction(3), interval=(start, start + Fraction(10) ** length), slope=2 * Fraction(10) ** slope
    )
    params = (*[[Fraction(int(x), 3) for x in source.integers(-6, 7, 2)] for _ in range(3)], 1)
    verdict = land.classify(params)
    assert verdict.kind is not th.Kind.UNDECIDED
    if verdict.kind is th.Kind.NOT_CRITICAL:
        assert land.loss(verdict.escape.at()) < land.loss(params)


def test_without_a_decrease_nothing_is_claimed():
    finding = Finding(th.Kind.NOT_CRITICAL, 1.0, 1e-9, assumptions=(Assumption("gradient", 1.5),))
    opened = unproven(replace(finding, misleading=True))
    assert opened.kind is th.Kind.UNDECIDED
    assert opened.assumptions[-1].margin == 1.5
    assert not opened.misleading


@pytest.mark.parametrize(("activation", "below"), [("relu", 0), ("leaky_relu", "3/10"), ("leaky_relu", "5/2")])
def test_ends_of_optimizations_are_named(activation, below):
    """BFGS on a fine grid ends at minima; breakpoints in the outermost cells of the grid do not hide the exact fit."""
    source = np.random.default_rng(5)
    land, gamma = landscape(2, activation, below, interval=(-1, 2), slope="3/2"), float(Fraction(below))
    edges = np.linspace(-1, 2, 1501)
    x, cell = (edges[:-1] + edges[1:]) / 2, 3 / 1500
    target = 1.5 * x + float(land.problem.beta)

    def loss(p):
        w, b, v = p[:-1].reshape(3, 2)
        z = np.outer(x, w) + b
        r = np.where(z > 0, z, gamma * z) @ v + p[-1] - target
        back = np.where(z > 0, 1.0, gamma) * v
        slopes = [(r * x) @ back, r @ back, r @ np.where(z > 0, z, gamma * z), [r.sum()]]
        return cell * (r @ r), 2 * cell * np.concatenate(slopes)

    for _ in range(12):
        end = minimize(loss, source.normal(size=7), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 1500})
        if np.abs(end.jac).max() < 1e-7:
            verdict = land.classify(land.unpack(end.x), rtol=1e-4)
            assert verdict.kind.is_minimum
            assert verdict.value == pytest.approx(float(verdict.critical_set.value), abs=1e-6)


@pytest.mark.parametrize(
    ("activation", "below"),
    [("relu", 0), ("leaky_relu", "1/4"), ("leaky_relu", 3), ("leaky_relu", 1), ("quadratic", 0)],
)
@pytest.mark.parametrize("slope", [0, 1])
def test_nullity_of_fits_in_floats(activation, below, slope):
    """Open or as in rational arithmetic; mostly decided."""
    land = landscape(3, activation, below, slope=slope, intercept="1/3", interval=(-1, 2))
    decided = 0
    for params in land.global_minimum().sample(3, size=20):
        exact = land.classify(params)
        rounded = land.classify(tuple(np.asarray(part, dtype=float) for part in params))
        assert rounded.kind is th.Kind.GLOBAL_MINIMUM
        assert rounded.nullity in (None, exact.nullity)
        decided += rounded.nullity is not None or exact.nullity is None
    assert decided >= (5 if activation == "quadratic" else 12)


def test_no_hessian_is_said_at_once():
    with pytest.raises(th.NotCoveredError, match="second_order_form"):
        th.AffineTargetLandscape(1).hessian(([0], [0], [3], "1/2"))
    with pytest.raises(th.NotCoveredError, match="end of the interval"):
        th.AffineTargetLandscape(1).hessian(([1], [-1], [3], "1/2"))


def test_slides_as_a_figure():
    atlas = th.survey(landscape(2, "leaky_relu", "3/10"))
    drawn = atlas.figure("slides", chosen=1)
    assert drawn.axes[0].get_title(loc="right") == "slope below zero 0.3"
    assert {line.get_label() for line in drawn.axes[0].lines} >= {"E+2", "E-2"}


def test_a_survey_says_that_no_minimum_is_attained():
    one, two = (str(th.survey(landscape(n, "quadratic")).summary()) for n in (1, 2))
    assert "no global minimum: the infimum 0" in one
    assert "infimum" not in two
