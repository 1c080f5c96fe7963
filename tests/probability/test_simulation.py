"""Simulations: their solver against plain code on one data set at a time, and closed forms inside their intervals."""

from __future__ import annotations

from itertools import product
from math import pi

import numpy as np
import pytest
from scipy.stats import binom

import theodolite as th
from theodolite.probability import fixed_hyperplanes, nested_thresholds, no_bias, noisy_labels, parallel_threshold
from theodolite.probability._simulation import clopper_pearson, solve_in_cell


def network_reproduces(inputs, active, labels):
    """Whether the minimizer is unique, and some choice of signs makes a ReLU network of it that computes the masked fit."""
    dimension = inputs.shape[1]
    design = np.hstack([inputs * column[:, None] for column in active.T])
    weights, _, rank, _ = np.linalg.lstsq(design, labels, rcond=1e-10)
    if rank < design.shape[1]:
        return False, False
    masked = design @ weights
    rows = weights.reshape(-1, dimension)
    for signs in product((-1, 1), repeat=len(rows)):
        outputs = sum(s * np.maximum(s * (inputs @ row), 0) for s, row in zip(signs, rows, strict=True))
        if np.allclose(outputs, masked, rtol=0, atol=1e-7 * np.abs(weights).max()):
            return True, True
    return False, True


@pytest.mark.parametrize("neurons", [1, 2])
@pytest.mark.parametrize("noise", [0.0, 0.05, 1.0])
@pytest.mark.parametrize("samples", [3, 5, 9])
def test_the_solver_on_single_data_sets(neurons, noise, samples):
    source = np.random.default_rng(samples)
    inputs = np.ones((150, samples, 2))
    inputs[..., 0] = source.normal(size=(150, samples))
    thresholds = np.array([-0.4, 0.3])[:neurons]
    active = inputs[..., :1] > thresholds
    labels = np.where(active, inputs[..., :1] - thresholds - 0.05, 0) @ np.array([1.0, -2.5])[:neurons]
    labels += noise * source.normal(size=labels.shape)
    genuine, unique = solve_in_cell(inputs, active, labels)
    expected = [network_reproduces(*parts) for parts in zip(inputs, active, labels, strict=True)]
    assert list(zip(genuine.tolist(), unique.tolist(), strict=True)) == expected
    if samples == 9:
        assert 0 < genuine.sum() < 150


def test_genuine_minimizers_are_local_minima_of_the_network():
    """A landscape that knows nothing of patterns classifies the points."""
    source = np.random.default_rng(3)
    seen = set()
    for _ in range(40):
        inputs = source.normal(size=(5, 2))
        active = inputs[:, :1] > 0
        labels = inputs @ np.array([1.0, 0.9])
        genuine, unique = (bool(found[0]) for found in solve_in_cell(inputs[None], active[None], labels[None]))
        if not unique:
            continue
        weights = np.linalg.lstsq(inputs * active, labels, rcond=None)[0]
        land = th.ReluLandscape(inputs, labels, 1)
        sign = 1.0 if genuine and ((inputs @ weights > 0) == active[:, 0]).all() else -1.0
        params = (sign * weights[None, :], np.array([sign]))
        loss = float(land.loss(params))
        best = 0.5 * float(
            np.sum(labels[~active[:, 0]] ** 2)
        )  # the residual of the pattern: inactive labels are not fitted
        if genuine:
            assert loss == pytest.approx(best, abs=1e-9)
            assert land.classify(params).kind.is_minimum
        else:
            assert abs(loss - best) > 1e-6
        seen.add(genuine)
    assert seen == {True, False}


SETTINGS = [
    no_bias(6, 2, "pi/6"),
    no_bias(8, 2, "pi/2"),
    no_bias(5, 2, 2.9),
    no_bias(7, 3, "pi/10"),
    no_bias(12, 3, "170 deg"),
    no_bias(4, 1, 0),
    no_bias(4, 1, "pi"),
    parallel_threshold(10, 1, 0, 0.2),
    parallel_threshold(4, 1, -1, 1.5),
    parallel_threshold(9, 2, 0.3, -0.2),
    parallel_threshold(12, 3, -0.5, -0.3),
    nested_thresholds(12, 1, [-0.5, 0.5], [-0.4, 0.6]),
    nested_thresholds(10, 1, [-0.2, 0.3], [-0.4, 0.35]),
    nested_thresholds(4, 1, [-1, 0.6], [0.5, 2.5]),
    nested_thresholds(18, 2, [-0.5, 0.4], [-0.45, 0.3]),
    nested_thresholds(14, 1, [-0.8, 0, 0.8], [-0.8, 0.1, 0.6]),
    fixed_hyperplanes(3, ["1/4", "3/4"]),
    fixed_hyperplanes(2, [0.5, 0.8, 0.9]),
]


@pytest.mark.parametrize("odds", SETTINGS, ids=lambda odds: f"{odds.setting}, {odds.samples} samples")
def test_closed_forms_lie_in_the_interval(odds):
    found = odds.simulate(20_000, 11, confidence=0.999)
    assert found.covers(odds.probability), (float(odds.probability), found)
    assert found.runs == 20_000
    assert found.seed == 11
    assert found.genuine <= found.unique


@pytest.mark.parametrize(("samples", "dimension"), [(2, 2), (4, 2), (6, 3)])
def test_minimizers_are_unique_as_often_as_enough_samples_are_active(samples, dimension):
    for odds in (no_bias(samples, dimension, "pi/5"), noisy_labels(samples, dimension)):
        found = odds.simulate(20_000, 5)
        lower, upper = clopper_pearson(found.unique, found.runs, 0.999)
        assert lower <= binom.sf(dimension - 1, samples, 0.5) <= upper


def test_any_hyperplane_of_the_labels_not_parallel_ones_alone():
    """The general principle, for a neuron with bias and a teacher in another direction: masses counted, then a simulation."""
    source = np.random.default_rng(8)
    inputs = np.ones((20_000, 8, 3))
    inputs[..., :2] = source.normal(size=(20_000, 8, 2))
    neuron, teacher = np.array([1.0, 0.2, 0.3]), np.array([0.9, 0.5, 0.1])
    active = (inputs @ neuron > 0)[..., None]
    genuine, unique = solve_in_cell(inputs, active, inputs @ teacher)
    many = np.ones((2_000_000, 3))
    many[:, :2] = source.normal(size=(2_000_000, 2))
    mass = float(((many @ neuron > 0) != (many @ teacher > 0)).mean())
    odds = fixed_hyperplanes(8, [mass, 1 - mass])
    missed = 1 - unique.mean()
    lower, upper = clopper_pearson(int(genuine.sum()), len(genuine), 0.999)
    assert lower <= odds.probability + 0.002
    assert upper >= odds.probability - missed - 0.002
    assert missed < 0.05


@pytest.mark.parametrize(("samples", "dimension", "runs"), [(80, 2, 40_000), (160, 2, 30_000), (60, 3, 60_000)])
def test_noisy_labels_decay_polynomially(samples, dimension, runs):
    """Leading order only: some percent are missing at these sizes, and the interval is as wide."""
    odds = noisy_labels(samples, dimension)
    found = odds.simulate(runs, 2)
    assert found.lower < odds.probability < 1.15 * found.upper
    assert found.lower > odds.probability**2
    # An exponential with the rate seen at few samples would be gone by now.
    few = odds.at(10).simulate(10_000, 2)
    assert found.lower > 100 * few.upper ** (samples / 10)


def test_the_same_seed_gives_the_same_answer():
    odds = no_bias(9, 2, "pi/7")
    first, again = odds.simulate(3000, 4), odds.simulate(3000, 4)
    assert first == again
    assert odds.simulate(3000, 5).genuine != first.genuine
    assert odds.simulate(3000, np.random.default_rng(4)).genuine == first.genuine
    assert odds.simulate(3000, np.random.default_rng(4)).seed is None


def test_simulations_say_what_they_are():
    found = no_bias(9, 2, "pi/7").simulate(500, 4)
    text = str(found)
    assert f"{found.genuine:,} of 500 runs" in text
    assert "confidence 99 %" in text
    assert "numeric" in text
    assert "interval" in found._repr_html_()
    assert found.lower < found.estimate < found.upper
    assert "generator" in str(no_bias(9, 2, 0).simulate(5, np.random.default_rng(0)))


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
@pytest.mark.parametrize(("hits", "runs"), [(0, 7), (7, 7), (3, 7), (500, 10_000)])
def test_intervals_are_those_of_clopper_and_pearson(hits, runs, confidence):
    lower, upper = clopper_pearson(hits, runs, confidence)
    tail = (1 - confidence) / 2
    assert binom.sf(hits - 1, runs, lower) == pytest.approx(tail if hits else 1)
    assert binom.cdf(hits, runs, upper) == pytest.approx(tail if hits < runs else 1)
    assert (lower == 0) == (hits == 0)
    assert (upper == 1) == (hits == runs)


def test_large_data_sets_are_drawn_one_at_a_time():
    found = no_bias(200_000, 2, 1e-7 * pi).simulate(20, 0)
    assert found.unique == 20
    assert found.genuine >= 15
