"""Closed forms against sums over all outcomes, against the formulas as they are written, and at their limits."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product
from math import comb, exp, inf, log, pi, prod, sqrt
from statistics import NormalDist

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom

import theodolite as th
from theodolite.probability import (
    Decay,
    fixed_hyperplanes,
    nested_thresholds,
    no_bias,
    noisy_labels,
    parallel_threshold,
)

PHI = NormalDist().cdf


def enumerated_no_bias(samples, dimension, share):
    """Every sample lies in one of four sectors: (active or not, labels agree or not)."""
    sectors = {(True, True): (1 - share) / 2, (False, True): (1 - share) / 2}
    sectors |= {(True, False): share / 2, (False, False): share / 2}
    total = Fraction(0)
    for outcome in product(sectors, repeat=samples):
        agreeing = {agrees for _, agrees in outcome}
        if len(agreeing) == 1 and sum(active for active, _ in outcome) >= dimension:
            total += prod((sectors[sector] for sector in outcome), start=Fraction(1))
    return total


@pytest.mark.parametrize("share", [Fraction(0), Fraction(1, 6), Fraction(1, 2), Fraction(2, 3), Fraction(1)])
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("samples", [1, 2, 3, 6])
def test_no_bias_by_all_outcomes(samples, dimension, share):
    odds = no_bias(samples, dimension, f"{share} pi")
    assert odds.probability == enumerated_no_bias(samples, dimension, share)
    assert isinstance(odds.probability, Fraction)
    assert odds.evidence.method is th.Method.EXACT


def enumerated_thresholds(samples, dimension, ours, theirs):
    """Every sample lies between two neighbours among all thresholds: sum over all ways to place them."""
    cuts = sorted({*ours, *theirs})
    ends = [cuts[0] - 1, *cuts, cuts[-1] + 1]
    middles = [(low + high) / 2 for low, high in pairwise(ends)]
    masses = np.diff([0.0, *(PHI(cut) for cut in cuts), 1.0])
    total = 0.0
    for outcome in product(range(len(middles)), repeat=samples):
        places = np.array([middles[k] for k in outcome])
        active = places[:, None] > np.array(ours)
        agrees = active == (places[:, None] > np.array(theirs))
        layers = [(active.sum(axis=1) == k).sum() for k in range(1, len(ours) + 1)]
        if (agrees.all(axis=0) | ~agrees.any(axis=0)).all() and min(layers) > dimension:
            total += float(np.prod(masses[list(outcome)]))
    return total


@pytest.mark.parametrize(
    ("samples", "dimension", "ours", "theirs"),
    [
        (2, 1, [0.0], [0.5]),
        (5, 1, [-0.3], [0.9]),
        (5, 2, [-0.3], [-1.0]),
        (6, 1, [0.2], [0.2]),
        (4, 1, [-0.5, 0.5], [-0.2, 0.8]),
        (6, 1, [-0.5, 0.5], [-0.7, 0.1]),
        (5, 1, [-0.5, 0.5], [0.4, 2.0]),
        (5, 1, [-0.5, 0.5], [0.7, 2.0]),
        (6, 1, [-0.6, 0.0, 0.6], [-0.5, 0.0, 0.9]),
    ],
)
def test_thresholds_by_all_outcomes(samples, dimension, ours, theirs):
    odds = nested_thresholds(samples, dimension, ours, theirs)
    expected = enumerated_thresholds(samples, dimension, ours, theirs)
    assert (expected > 0) == (theirs != [0.7, 2.0])  # there the second slab is forbidden altogether
    assert odds.probability == pytest.approx(expected, rel=1e-10, abs=0)
    assert odds.probability <= odds.agreement * (1 + 1e-12)


@given(
    samples=st.integers(1, 400),
    dimension=st.integers(1, 6),
    ours=st.floats(-3, 3),
    theirs=st.floats(-3, 3),
)
def test_one_threshold_is_the_formula_as_written(samples, dimension, ours, theirs):
    mu = abs(PHI(theirs) - PHI(ours))
    p = (1 - PHI(max(ours, theirs))) / (1 - mu)
    expected = (1 - mu) ** samples * binom.sf(dimension, samples, p)
    if theirs > ours and samples > dimension:
        expected += mu**samples
    odds = parallel_threshold(samples, dimension, ours, theirs)
    assert odds.probability == pytest.approx(expected, rel=1e-8, abs=1e-300)
    assert odds.agreement == pytest.approx((1 - mu) ** samples + mu**samples, rel=1e-8, abs=1e-300)


@given(samples=st.integers(1, 300), dimension=st.integers(1, 5), angle=st.floats(0, pi))
def test_no_bias_is_the_formula_as_written(samples, dimension, angle):
    assume(dimension > 1 or angle in (0, pi))
    mu = angle / pi
    expected = ((1 - mu) ** samples + mu**samples) * binom.sf(dimension - 1, samples, 0.5)
    odds = no_bias(samples, dimension, angle)
    assert odds.probability == pytest.approx(expected, rel=1e-9, abs=1e-300)
    mirrored = no_bias(samples, dimension, pi - angle)
    assert odds.log_probability == pytest.approx(mirrored.log_probability, rel=1e-9, abs=1e-9)


@given(samples=st.integers(1, 200), top=st.integers(0, 60), bottom=st.integers(1, 60), dimension=st.integers(2, 5))
def test_exact_angles_and_floats_agree(samples, top, bottom, dimension):
    assume(top <= bottom)
    exact = no_bias(samples, dimension, f"{top}pi/{bottom}")
    rounded = no_bias(samples, dimension, min(top * pi / bottom, pi))
    assert isinstance(exact.probability, Fraction)
    assert float(exact.probability) == pytest.approx(rounded.probability, rel=1e-10, abs=1e-300)
    assert exact.log_probability == pytest.approx(rounded.log_probability, rel=1e-10, abs=1e-10)
    assert exact.rate == pytest.approx(rounded.rate, rel=1e-10, abs=1e-14)


@given(st.lists(st.integers(0, 90), min_size=2, max_size=2, unique=True), st.integers(1, 60), st.integers(2, 4))
def test_wider_angles_and_more_inputs_are_never_more_probable(degrees, samples, dimension):
    narrow, wide = (no_bias(samples, dimension, f"{angle} deg") for angle in sorted(degrees))
    assert wide.probability <= narrow.probability
    assert (
        no_bias(samples, dimension + 1, f"{degrees[0]} deg").probability
        <= no_bias(samples, dimension, f"{degrees[0]} deg").probability
    )


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(0, 2), st.integers(1, 60))
def test_farther_thresholds_of_the_labels_below_are_never_more_probable(ours, near, far, samples):
    near, far = sorted((near, far))
    closer, farther = (parallel_threshold(samples, 1, ours, ours - step) for step in (near, far))
    assert farther.log_probability <= closer.log_probability + 1e-9


def at_least(dimension, samples):
    return Fraction(sum(comb(samples, k) for k in range(dimension, samples + 1)), 2**samples)


@pytest.mark.parametrize("angle", [0, 0.0, "0 deg", "pi", pi, "180 deg"])
def test_labels_that_agree_everywhere_or_nowhere(angle):
    odds = no_bias(9, 3, angle)
    assert float(odds.probability) == pytest.approx(float(at_least(3, 9)), rel=1e-12)
    assert odds.decay is Decay.NONE
    assert odds.rate == 0


def test_a_right_angle():
    odds = no_bias(9, 3, "pi/2")
    assert odds.probability == at_least(3, 9) / 2**8
    assert odds.rate == pytest.approx(log(2))


def test_on_a_line():
    assert no_bias(5, 1, 0).probability == Fraction(31, 32)
    assert no_bias(5, 1, "pi").probability == Fraction(31, 32)
    with pytest.raises(th.DataError, match="agree or are opposite"):
        no_bias(5, 1, "pi/3")


def test_equal_thresholds_leave_uniqueness_alone():
    odds = parallel_threshold(9, 2, 0, 0)
    assert odds.probability == pytest.approx(float(at_least(3, 9)), rel=1e-12)
    assert odds.agreement == 1
    assert odds.decay is Decay.NONE


def test_nearly_equal_thresholds_where_data_are_scarce_cost_nothing():
    """The mass between them is far below 1/N: the probability stays next to that of a unique minimum."""
    odds = parallel_threshold(1000, 1, -6.5, -6.0)
    assert odds.probability > 0.999
    assert odds.decay is Decay.EXPONENTIAL
    assert odds.rate < 1e-8


def test_a_slab_without_room_is_never_filled():
    """The labels of the first neuron switch beyond the second threshold: the slab between is forbidden or is all there is."""
    odds = nested_thresholds(50, 1, [0, 1], [1, 1.5])
    assert odds.probability == 0
    assert odds.log_probability == -inf
    assert "the probability is 0" in str(odds)


def test_too_few_samples():
    assert no_bias(2, 3, "pi/6").probability == 0
    assert parallel_threshold(2, 2, 0, 0.1).probability == 0
    assert nested_thresholds(7, 1, [-1, 0, 1, 2], [-1, 0, 1, 2]).probability == 0
    assert nested_thresholds(8, 1, [-1, 0, 1, 2], [-1, 0, 1, 2]).probability > 0


@pytest.mark.parametrize("samples", [1000, 10**5, 10**6])
def test_many_samples(samples):
    with mpmath.workdps(40):
        mu = mpmath.mpf(0.25) / mpmath.pi
        expected = float(samples * mpmath.log(1 - mu))
        assert no_bias(samples, 3, 0.25).log_probability == pytest.approx(expected, rel=1e-12)
        inside = mpmath.ncdf(0.2) - mpmath.ncdf(0) + mpmath.ncdf(1.5) - mpmath.ncdf(1.25)
        odds = nested_thresholds(samples, 4, [0, 1.25], [0.2, 1.5])
        assert odds.log_probability == pytest.approx(float(samples * mpmath.log(1 - inside)), rel=1e-12)
    assert odds.log_probability / samples == pytest.approx(-odds.rate, rel=1e-9)
    assert odds.at(10).probability == nested_thresholds(10, 4, [0, 1.25], [0.2, 1.5]).probability


def test_tiny_masses_keep_their_digits():
    odds = parallel_threshold(10**6, 1, 0, 1e-13)
    mu = 1e-13 / sqrt(2 * pi)
    assert odds.rate == pytest.approx(mu, rel=1e-12, abs=0)
    assert odds.log_probability == pytest.approx(-(10**6) * mu, abs=1e-9)
    assert parallel_threshold(3, 1, 9, 9.5).log_probability == pytest.approx(float(enumerated_far(9, 9.5)), rel=1e-9)


@pytest.mark.parametrize("low", [0.0, 0.7, 3.0, 20.0, 36.0, -0.06, -2.0])
@pytest.mark.parametrize("width", [1e-10, 1e-3, 0.099, 0.101, 0.5])
def test_masses_between_two_thresholds(low, width):
    """The labels disagree on all of two samples: the square of the mass, to 40 digits."""
    high = low + width
    (turned,) = [item for item in parallel_threshold(2, 1, low, high).orientations if item.turned]
    with mpmath.workdps(40):
        expected = float(mpmath.ncdf(-mpmath.mpf(low)) - mpmath.ncdf(-mpmath.mpf(high)))
    assert turned.masses == (0.0, pytest.approx(expected, rel=1e-12, abs=0))


def test_the_farthest_threshold_still_has_a_mass_beyond():
    odds = parallel_threshold(2, 1, 37, 36.5)
    with mpmath.workdps(40):
        assert odds.log_probability == pytest.approx(float(2 * mpmath.log(mpmath.ncdf(-37))), rel=1e-12)


def enumerated_far(low, high):
    """Three samples, two of them at least active: in the far tail, to 40 digits."""
    with mpmath.workdps(40):
        between, beyond = mpmath.ncdf(-low) - mpmath.ncdf(-high), mpmath.ncdf(-high)
        rest = 1 - between - beyond
        return mpmath.log(3 * beyond**2 * rest + beyond**3 + between**3)


@pytest.mark.parametrize("samples", [1, 2, 7])
@pytest.mark.parametrize("forbidden", [["1/4", "3/4"], ["1/2"], [1, 0], ["2/3", "3/4", "7/8"]])
def test_fixed_hyperplanes_by_all_outcomes(samples, forbidden):
    allowed = [1 - Fraction(mass) for mass in forbidden]
    sets = [*allowed, 1 - sum(allowed)]
    expected = sum(
        prod((sets[k] for k in outcome), start=Fraction(1))
        for outcome in product(range(len(sets)), repeat=samples)
        if len(set(outcome)) == 1 and outcome[0] < len(allowed)
    )
    odds = fixed_hyperplanes(samples, forbidden)
    assert odds.probability == expected
    assert odds.rate == pytest.approx(-log(max(allowed)))
    rounded = fixed_hyperplanes(samples, [float(Fraction(mass)) for mass in forbidden])
    assert rounded.probability == pytest.approx(float(expected), rel=1e-12)
    assert rounded.evidence.method is th.Method.THEOREM


def test_fixed_hyperplanes_contain_the_other_settings():
    share = 0.2
    assert fixed_hyperplanes(12, [share, 1 - share]).probability == pytest.approx(no_bias(12, 2, 0.2 * pi).agreement)
    odds = nested_thresholds(12, 1, [0, 1], [0.2, 1.3])
    forbidden = [item.forbidden for item in odds.orientations]
    assert fixed_hyperplanes(12, forbidden).probability == pytest.approx(odds.agreement, rel=1e-12)
    assert fixed_hyperplanes(2, [1 - Fraction(1, 10**30)]).probability == Fraction(1, 10**60)
    assert fixed_hyperplanes(2, [1]).probability == 0


@pytest.mark.parametrize("dimension", [2, 3, 5, 30])
@pytest.mark.parametrize("samples", [1, 10, 300, 10**6])
def test_uniform_directions_by_integration(samples, dimension):
    with mpmath.workdps(30):
        sines, count = dimension - 2, mpmath.mpf(samples)
        top = max(1, sines)

        def weigh(s):  # at the angle pi s/N, scaled so that the largest value is near 1
            rise = count * mpmath.sin(mpmath.pi * s / count) / top
            return (1 - s / count) ** samples * mpmath.e**sines * rise**sines

        ends = [mpmath.mpf(end) for end in (*range(0, 100, 5), 200, 400) if end < samples]
        whole = mpmath.quad(lambda t: mpmath.sin(t) ** sines, [0, mpmath.pi / 2, mpmath.pi])
        scale = mpmath.pi / count * (top / count / mpmath.e) ** sines
        expected = float(2 * mpmath.quad(weigh, [*ends, min(count, 2000)]) * scale / whole)
    assert noisy_labels(samples, dimension).isotropic == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize("dimension", [2, 3, 4, 9])
def test_the_leading_order_is_the_limit_of_uniform_directions(dimension):
    odds = noisy_labels(10**8, dimension)
    assert odds.leading == pytest.approx(odds.isotropic, rel=1e-5, abs=0)
    assert odds.log_probability == pytest.approx(log(odds.leading))
    assert odds.decay is Decay.POLYNOMIAL
    assert odds.rate == dimension - 1
    assert odds.log_probability - odds.at(10**9).log_probability == pytest.approx((dimension - 1) * log(10))


def test_leading_orders_in_two_and_three_dimensions():
    assert noisy_labels(50, 2).probability == pytest.approx(2 / 50)
    assert noisy_labels(50, 3).probability == pytest.approx((pi / 50) ** 2)
    few = noisy_labels(2, 3)
    assert few.probability == 1 < few.leading
    assert "says nothing" in few.evidence.scope
    assert not few.evidence.complete
    assert "not by a proof" in few.evidence.scope
    assert few.evidence.method is th.Method.NUMERIC


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: no_bias(0, 2, 0), "samples is 0"),
        (lambda: no_bias(True, 2, 0), "samples is True"),
        (lambda: no_bias(2.0, 2, 0), "samples is 2.0"),
        (lambda: no_bias(2, 0, 0), "dimension is 0"),
        (lambda: no_bias(2, 2, 4), "at most pi"),
        (lambda: no_bias(2, 2, -1e-9), "at most pi"),
        (lambda: no_bias(2, 2, "7pi/6"), "at most pi"),
        (lambda: no_bias(2, 2, "pi/0"), "pi/0"),
        (lambda: no_bias(2, 2, "right"), "right"),
        (lambda: no_bias(2, 2, float("nan")), "nan"),
        (lambda: parallel_threshold(5, 1, 0, float("inf")), "inf"),
        (lambda: parallel_threshold(5, 1, None, 0), "None"),
        (lambda: parallel_threshold(5, 1, 45, 40), "thresholds is 45"),
        (lambda: nested_thresholds(5, 1, [0, 0], [1, 2]), "must increase"),
        (lambda: nested_thresholds(5, 1, [0, 1], [1]), "2 thresholds and 1 teacher"),
        (lambda: nested_thresholds(5, 1, [], []), "0 entries"),
        (lambda: nested_thresholds(5, 1, "01", "01"), "'01'"),
        (lambda: nested_thresholds(5, 1, 0, 1), "thresholds is 0"),
        (lambda: fixed_hyperplanes(5, []), "empty"),
        (lambda: fixed_hyperplanes(5, [1.5]), "1.5"),
        (lambda: fixed_hyperplanes(5, ["1/3", "1/3"]), "add up to"),
        (lambda: fixed_hyperplanes(5, 0.5), "0.5"),
        (lambda: noisy_labels(5, 1), "dimension is 1"),
        (lambda: noisy_labels(10**10, 2), "samples is"),
        (lambda: no_bias(5, 2, 0).simulate(0), "runs is 0"),
        (lambda: no_bias(5, 2, 0).simulate(10, -1), "rng is -1"),
        (lambda: no_bias(5, 2, 0).simulate(10, confidence=1), "confidence is 1"),
        (lambda: no_bias(10**9, 2, 0).simulate(10), "numbers"),
    ],
)
def test_what_is_refused(call, said):
    with pytest.raises(th.TheodoliteError, match=said):
        call()


def test_angles_in_words():
    for text in ("pi/6", "1pi/6", "1/6 pi", "1/6*pi", "30 deg", "30°", "π/6", " PI / 6 "):
        assert no_bias(5, 2, text).share == Fraction(1, 6), text
    assert no_bias(5, 2, "1.5pi/6").share == Fraction(1, 4)


def test_answers_say_what_they_are():
    odds = no_bias(4, 2, "pi/6")
    text = str(odds)
    assert "no bias, 2 inputs, angle pi/6" in text
    assert f"{odds.probability}, about" in text
    assert "exponential: as exp(-0.182322 N)" in text
    assert "exact" in text
    assert "pi/6" in odds._repr_html_()
    huge = no_bias(10**6, 3, "pi/6")
    mantissa, exponent = (
        next(line for line in str(huge).splitlines() if line.startswith("probability")).split()[1].split("e")
    )
    assert log(float(mantissa)) + int(exponent) * log(10) == pytest.approx(huge.log_probability, rel=1e-10)
    assert huge.probability == 0.0
    assert "polynomial: as N^(-2)" in str(noisy_labels(50, 3))
    assert "1 input," in str(parallel_threshold(5, 1, 0, 0.1))
    assert exp(odds.log_probability) == pytest.approx(float(odds.probability))
