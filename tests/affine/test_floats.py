"""Floats: members keep their class, points near a boundary are never called by a wrong one."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th
from tests.affine.support import ACTIVATIONS, landscape

OPEN = (th.Kind.UNDECIDED, th.Kind.NOT_CRITICAL)


def as_floats(params, dtype=np.float64):
    """Rounded parameters."""
    return tuple(np.asarray(part, dtype=float).astype(dtype) for part in params)


@settings(max_examples=80)
@given(
    st.sampled_from(ACTIVATIONS),
    st.integers(1, 5),
    st.fractions(-2, 2, max_denominator=3),
    st.sampled_from([Fraction(1, 1000), Fraction(1), Fraction(7, 3), Fraction(100)]),
    st.sampled_from([1, -2, Fraction(1, 10**6), 10**6]),
    st.sampled_from([0, -1, 10]),
    st.integers(0, 10**6),
)
def test_members_keep_their_class(activation, hidden, start, length, slope, intercept, seed):
    """Over intervals, slopes and scales, a member of a class is recognised in floats, or left open, never misnamed."""
    land = landscape(
        hidden,
        *activation,
        interval=(start * length, start * length + length),
        slope=slope,
        intercept=intercept * slope,
    )
    sets = list(land.critical_sets())
    source = np.random.default_rng(seed)
    found = sets[source.integers(len(sets))]
    params = as_floats(found.sample(source))
    verdict = land.classify(params)
    assert verdict.kind in (found.kind, th.Kind.UNDECIDED)
    if verdict.kind is found.kind:
        assert verdict.critical_set == found
        nearest = as_floats(verdict.nearest)
        size = max(float(np.max(np.abs(part), initial=0)) for part in params)
        assert verdict.distance < 1e-9 * (size + 1)
        assert float(land.loss(nearest)) == pytest.approx(float(found.value), rel=1e-6, abs=1e-18 * size**2)


@settings(max_examples=40)
@given(st.sampled_from(ACTIVATIONS[:3]), st.floats(-6, 6), st.integers(0, 10**6))
def test_neuron_scales(activation, power, seed):
    """Scaling each neuron (w, b -> s w, s b and v -> v / s), by up to a million, keeps function and class."""
    land = landscape(4, *activation)
    source = np.random.default_rng(seed)
    sets = list(land.critical_sets())
    found = sets[source.integers(len(sets))]
    w, b, v, c = as_floats(found.sample(source))
    scale = 10 ** (power * source.uniform(-1, 1, 4))
    verdict = land.classify((w * scale, b * scale, v / scale, c))
    assert verdict.kind in (found.kind, th.Kind.UNDECIDED)


def test_most_members_are_decided():
    """Open answers are the exception."""
    decided = total = 0
    for activation in ACTIVATIONS:
        land = landscape(5, *activation)
        for found in land.critical_sets():
            for params in found.sample(7, size=6):
                total += 1
                decided += land.classify(as_floats(params)).kind is found.kind
    assert decided >= 0.95 * total


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.floats(-17, -2), st.sampled_from(["one", "all", "v", "edge"]))
def test_perturbed_members_are_never_misnamed(seed, power, how):
    """The verdict about perturbed floats is what they exactly are, what they were before, or open."""
    source = np.random.default_rng(seed)
    land = landscape(3, *ACTIVATIONS[source.integers(len(ACTIVATIONS))])
    sets = list(land.critical_sets())
    found = sets[source.integers(len(sets))]
    parts = [np.array(part) for part in as_floats(found.sample(source))]
    size, j = 10.0**power * source.choice([-1, 1]), source.integers(3)
    if how == "one":
        parts[source.integers(3)][j] += size
    elif how == "all":
        parts = [part * (1 + size * source.normal(size=part.shape)) for part in parts]
    elif how == "v":
        parts[2][j] = size
    else:
        parts[1][j] = -parts[0][j] * source.choice([-1, 5]) + size
    verdict = land.classify(parts)
    exact = land.classify(tuple(np.vectorize(lambda x: Fraction(float(x)), otypes=[object])(part) for part in parts))
    assert verdict.kind in (found.kind, exact.kind, th.Kind.UNDECIDED) or exact.kind is th.Kind.NOT_CRITICAL
    if verdict.kind is th.Kind.NOT_CRITICAL:
        assert exact.kind is th.Kind.NOT_CRITICAL
    if verdict.escape is not None and verdict.escape.decrease > 0:
        moved = tuple(np.vectorize(lambda x: Fraction(float(x)), otypes=[object])(part) for part in verdict.escape.at())
        assert land.loss(moved) < exact.value


@pytest.mark.parametrize("gap", [1e-12, 5e-12, 5e-13])
def test_dead_neuron_at_the_edge(gap):
    """A dead neuron whose breakpoint all but touches the interval: minimum on one side, saddle at the edge."""
    land = th.AffineTargetLandscape(1)
    wrong_sign = ([1.0], [-1.0 - gap], [3.0], 0.5)
    assert land.classify(wrong_sign).kind is th.Kind.UNDECIDED
    assert "equally near" in land.classify(wrong_sign).evidence.scope
    right_sign = ([1.0], [-1.0 - abs(gap)], [-3.0], 0.5)
    assert land.classify(right_sign).kind is th.Kind.SPURIOUS_MINIMUM
    assert land.classify(([1.0], [-1.0 + gap], [3.0], 0.5)).kind is th.Kind.UNDECIDED
    far = ([1.0], [-1.01], [3.0], 0.5)
    assert land.classify(far).kind is th.Kind.SPURIOUS_MINIMUM
    on_edge = ([1.0], [-1.0], [3.0], 0.5)
    assert land.classify(on_edge).kind is th.Kind.STRICT_SADDLE


def test_vanishing_output_weight():
    land = th.AffineTargetLandscape(1)
    assert land.classify(([1.0], [-1.0], [1e-12], 0.5)).kind is th.Kind.UNDECIDED
    assert land.classify(([1.0], [-1.0], [0.0], 0.5)).kind is th.Kind.NON_STRICT_SADDLE
    assert land.classify(([0.0], [2.0], [1e-15], 0.5)).kind is th.Kind.STRICT_SADDLE
    assert land.classify(([0.0], [2.0], [1e-12], 0.5)).kind is th.Kind.UNDECIDED
    assert land.classify(([0.0], [2.0], [1e-3], 0.5)).kind is th.Kind.NOT_CRITICAL


def test_tolerance_given():
    """The end of an optimization is near a class only within a wider tolerance."""
    land = th.AffineTargetLandscape(2)
    params = ([1.0, -1.0], [-1 / 3 + 1e-8, 2 / 3], [2 / 3, -2 / 3], 0.5)
    assert land.classify(params).kind is th.Kind.NOT_CRITICAL
    verdict = land.classify(params, rtol=1e-6)
    assert verdict.kind is th.Kind.STRICT_SADDLE
    assert verdict.distance == pytest.approx(1e-8, rel=1.0)
    assert land.classify(params, rtol=1e-9).kind is th.Kind.UNDECIDED
    with pytest.raises(th.DataError, match="rtol"):
        land.classify(params, rtol=2.0)


def test_single_precision_has_a_wider_tolerance():
    land = th.AffineTargetLandscape(2)
    found = next(s for s in land.critical_sets() if s.label == "R2")
    params = as_floats(found.representative(), np.float32)
    verdict = land.classify(params)
    assert verdict.kind is th.Kind.STRICT_SADDLE
    assert verdict.distance < 1e-6
    assert land.classify(as_floats(params)).kind in OPEN


def test_no_minimum_is_near_the_infimum():
    """One squared neuron: networks whose loss is all but 0 are not critical."""
    land = th.AffineTargetLandscape(1, activation="quadratic")
    with pytest.raises(th.NoMinimumError) as caught:
        land.global_minimum()
    assert caught.value.infimum == 0
    losses = [land.loss(caught.value.sequence(k)) for k in (1, 10, 100)]
    assert losses == [Fraction(1, 180 * k**4) for k in (1, 10, 100)]
    assert land.classify(as_floats(caught.value.sequence(100))).kind in OPEN
    assert land.classify(caught.value.sequence(10**9)).kind is th.Kind.NOT_CRITICAL
