"""Random members of every class, in fractions: exactly critical, index and nullity as the theory says, with a way down."""

from fractions import Fraction

import numpy as np
import pytest

import theodolite as th
from tests.affine.support import ACTIVATIONS, flat, landscape, signs_of_roots

INTERVALS = (((-1, 5), Fraction(-3, 2), 2), ((0, 1), 1, 0), ((Fraction(1, 3), Fraction(7, 2)), Fraction(2, 5), -1))


def rational_sets(land):
    """The sets that have members in fractions."""
    return [found for found in land.critical_sets() if found.representative()[0].dtype == object]


def check_member(land, found, params):
    """Everything that must hold at an exactly critical point of ``found``."""
    assert params[0].dtype == object
    assert land.loss(params) == found.value
    assert not any(flat(land.gradient(params, convention="closed")))
    verdict = land.classify(params)
    assert verdict.kind is found.kind
    assert verdict.critical_set == found
    assert verdict.distance == 0
    try:
        matrix = land.hessian(params).todense()
    except th.NotCoveredError:
        assert verdict.index is None
        assert verdict.nullity is None
    else:
        negative, zero, _ = signs_of_roots(matrix)
        assert (verdict.index, verdict.nullity) == (negative, zero)
        assert found.index_range[0] <= negative <= found.index_range[1]
        assert found.nullity_range[0] <= zero <= found.nullity_range[1]
    if found.kind.is_minimum:
        assert verdict.escape is None
        return verdict
    escape = verdict.escape
    assert escape.order == (3 if found.kind is th.Kind.NON_STRICT_SADDLE else 2)
    assert land.loss(escape.at()) == found.value - escape.decrease < found.value
    curvature = land.second_order_form(params, escape.vector)
    assert curvature == (escape.curvature or 0)
    assert (curvature < 0) == (found.kind is th.Kind.STRICT_SADDLE)
    return verdict


@pytest.mark.parametrize(("activation", "below"), ACTIVATIONS)
@pytest.mark.parametrize("hidden", range(1, 7))
def test_members_of_every_class(activation, below, hidden):
    for number, (interval, slope, intercept) in enumerate(INTERVALS[: 3 if hidden < 4 else 1]):
        land = landscape(hidden, activation, below, interval=interval, slope=slope, intercept=intercept)
        sets = rational_sets(land)
        assert sets
        for found in sets:
            for params in (found.representative(), *found.sample(number, size=2 if hidden < 5 else 1)):
                check_member(land, found, params)


@pytest.mark.parametrize(("activation", "below"), ACTIVATIONS)
def test_members_of_a_flat_target(activation, below):
    land = landscape(3, activation, below, slope=0)
    (found,) = land.critical_sets()
    assert found.kind is th.Kind.GLOBAL_MINIMUM
    for params in found.sample(3, size=20):
        check_member(land, found, params)


@pytest.mark.parametrize(("activation", "below"), ACTIVATIONS)
def test_strata(activation, below):
    """Each stratum has the index, nullity and dimension that it names; together they span the ranges of their set."""
    land = landscape(3, activation, below)
    for found in rational_sets(land):
        if found.kind is th.Kind.GLOBAL_MINIMUM:
            with pytest.raises(th.NotCoveredError, match="sample"):
                next(found.strata())
            continue
        strata = list(found.strata())
        assert max(stratum.dimension for stratum in strata) == found.dimension
        known = [stratum for stratum in strata if stratum.index is not None]
        assert (min(s.index for s in known), max(s.index for s in known)) == found.index_range
        assert (min(s.nullity for s in known), max(s.nullity for s in known)) == found.nullity_range
        for stratum in strata:
            verdict = check_member(land, found, stratum.sample(1))
            assert (verdict.index, verdict.nullity) == (stratum.index, stratum.nullity)


@pytest.mark.parametrize(("activation", "below"), [("relu", 0), ("leaky_relu", Fraction(9, 16)), ("quadratic", 0)])
def test_dimension_is_the_rank_of_random_tangents(activation, below):
    """Where index, nullity and dimension say that a stratum is Morse-Bott, the Hessian's kernel has its dimension."""
    land = landscape(4, activation, below)
    checked = 0
    for found in rational_sets(land):
        if found.kind is th.Kind.GLOBAL_MINIMUM or found.nullity != found.dimension:
            continue
        strata = [s for s in found.strata() if s.dimension == found.dimension and s.index is not None]
        for stratum in strata[:4]:
            _, zero, _ = signs_of_roots(land.hessian(stratum.sample(0)).todense())
            assert zero == stratum.dimension
            checked += 1
    assert checked > 1


def test_local_minimum_within_its_radius():
    """No change of w, b and v within the radius lowers the loss, whatever c."""
    land = landscape(3)
    found = next(s for s in land.critical_sets() if s.kind is th.Kind.SPURIOUS_MINIMUM)
    source = np.random.default_rng(5)
    for params in found.sample(source, size=25):
        radius = land.classify(params).radius
        assert radius > 0
        for _ in range(8):
            shift = [
                np.array(
                    [Fraction(int(n), 8) * radius for n in source.integers(-8, 9, part.size)], dtype=object
                ).reshape(part.shape)
                for part in params[:3]
            ]
            bias = params[3] + Fraction(int(source.integers(-9, 10)), 7)
            moved = (*(part + change for part, change in zip(params[:3], shift, strict=True)), bias)
            assert land.loss(moved) >= found.value


def test_radius_is_not_too_large_by_far():
    """The edge of the floor is at most (1 + X) times the radius away."""
    land = landscape(1, interval=(0, 1), slope=1, intercept=0)
    params = ([1], [-2], [5], "1/2")
    assert land.classify(params).radius == Fraction(1, 2)
    assert land.loss(([1], [Fraction(-9, 10)], [5], "1/2")) < Fraction(1, 12)


@pytest.mark.parametrize("below", [Fraction(1, 3), Fraction(16, 9), Fraction(1, 10)])
def test_irrational_families_have_members_in_floats(below):
    land = landscape(4, "leaky_relu", below)
    for found in land.critical_sets():
        for params in (found.representative(), *found.sample(2, size=3)):
            verdict = land.classify(tuple(part.astype(float) for part in params))
            assert verdict.kind is found.kind
            assert verdict.critical_set == found
            assert float(land.loss(params)) == pytest.approx(float(found.value), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("below", "kinks"), [(0, 8), (Fraction(9, 16), 7), (Fraction(1, 3), 6)])
def test_inertia_of_one_kink_per_breakpoint(below, kinks):
    """n negative, n zero and n + 1 positive eigenvalues, for every family."""
    land = landscape(kinks, "leaky_relu", below)
    checked = 0
    for found in rational_sets(land):
        if found.label.endswith(str(kinks)):
            matrix = land.hessian(found.representative()).todense()
            assert signs_of_roots(matrix) == (kinks, kinks, kinks + 1)
            checked += 1
    assert checked >= 1


def test_representatives_of_strata():
    land = landscape(3)
    for found in land.critical_sets():
        if found.kind is not th.Kind.GLOBAL_MINIMUM:
            for stratum in list(found.strata())[:5]:
                assert land.classify(stratum.representative()).kind is found.kind


@pytest.mark.slow
@pytest.mark.parametrize(("activation", "below"), ACTIVATIONS)
@pytest.mark.parametrize("hidden", [7, 8])
def test_members_of_larger_networks(activation, below, hidden):
    land = landscape(hidden, activation, below, interval=(Fraction(1, 3), Fraction(7, 2)), slope=Fraction(2, 5))
    for found in rational_sets(land):
        for params in found.sample(hidden, size=3):
            check_member(land, found, params)
