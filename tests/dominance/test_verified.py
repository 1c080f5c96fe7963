"""Verified constants: true of the exact numbers, and close to those in floats."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th


def in_many_digits(weights: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> mpmath.mpf:
    """Return the smallest squared singular value of the Jacobian, in 60 digits from its definition."""
    mpmath.mp.dps = 60
    layers = [mpmath.matrix(weight.tolist()) for weight in weights]
    data = mpmath.matrix(x.T.tolist())
    outputs, samples = layers[-1].rows, data.cols
    columns = []
    for k, layer in enumerate(layers):
        left, right = mpmath.eye(outputs), data
        for other in reversed(layers[k + 1 :]):
            left = left * other
        for other in layers[:k]:
            right = other * right
        for a in range(layer.rows):
            columns += [
                [left[i, a] * right[b, j] for i in range(outputs) for j in range(samples)] for b in range(layer.cols)
            ]
    jacobian = mpmath.matrix(columns)
    values = mpmath.eigsy(jacobian.T * jacobian, eigvals_only=True)
    return min(values)


@settings(max_examples=8)
@given(st.integers(1, 3), st.integers(2, 3), st.integers(0, 2**32))
def test_bounds_are_on_the_safe_side(size: int, depth: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-3, 4, (size, size)), rng.integers(-3, 4, (size, size))
    land = th.LinearLandscape(x, y, (size,) * (depth - 1), arithmetic="verified" if depth == 2 else "auto")
    weights = [rng.normal(size=shape) for shape in land.parameter_shapes]
    found = land.dominance(weights, arithmetic="verified")
    plain = land.dominance(weights, arithmetic="float64")
    if np.linalg.matrix_rank(x) == size:
        sharp = in_many_digits(weights, x.astype(float), y.astype(float))
        assert found.mu_ntk <= sharp + (0 if depth == 2 else 1e-12 * (1 + sharp))
        assert found.mu_ntk == pytest.approx(float(sharp), rel=1e-6, abs=1e-10)
        assert found.mu == pytest.approx(plain.mu, rel=1e-6, abs=1e-10)
    assert found.evidence.method is th.Method.VERIFIED
    ball = land.dominance(weights, 0.01, arithmetic="verified")
    assert ball.mu == pytest.approx(land.dominance(weights, 0.01, arithmetic="float64").mu, rel=1e-5, abs=1e-9)
    assert ball.empirical_check(30, rng)


def test_exactly_given_networks_are_verified_without_asking() -> None:
    land = th.LinearLandscape([[1]], [[5]], 1)
    point = ([[1]], [[5]])
    found = land.dominance(point, 3)
    assert found.evidence.method is th.Method.VERIFIED
    assert found.mu == 4
    assert found.constant == 0.125
    assert Fraction(found.constant) * 2 * Fraction(found.mu) >= 1
    limit = land.dominance(point)
    assert limit.is_limit
    assert limit.mu == pytest.approx(26)
    regular = land.regularity(point, point)
    assert regular.evidence.method is th.Method.VERIFIED
    assert regular.empirical_check(100)
    with pytest.raises(th.NotCoveredError, match="residual"):
        land.regularity(point, ([[1]], [[Fraction(51, 10)]]))


def test_descent_verified() -> None:
    land = th.LinearLandscape([[1]], [[Fraction(51, 50)]], 1)
    found = land.certify_descent(([[1]], [[1]]))
    assert found.evidence.method is th.Method.VERIFIED
    plain = land.certify_descent(([[1.0]], [[1.0]]))
    assert plain.evidence.method is th.Method.THEOREM
    assert found.rate == pytest.approx(plain.rate, rel=1e-9)
    assert found.step == pytest.approx(plain.step, rel=1e-9)
    assert found.empirical_check(50)


def test_rank_deficient_floats_are_taken_as_they_are() -> None:
    x = np.array([[0.1, 0.3], [0.7, 2.1]])  # of rank one in decimals, not in binary
    land = th.LinearLandscape(x, x, 2)
    point = land.unpack(np.arange(8.0))
    assert land.dominance(point).mu > 1e-3
    assert land.dominance(point, arithmetic="verified").mu < 1e-20
    exact = th.LinearLandscape([["0.1", "0.3"], ["0.7", "2.1"]], [["0.1", "0.3"], ["0.7", "2.1"]], 2)
    params = [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    assert exact.dominance(params).mu == pytest.approx(land.dominance(point).mu, rel=1e-6)


@settings(max_examples=8)
@given(st.sampled_from(["tanh", "sigmoid", "leaky_relu"]), st.integers(1, 3), st.integers(0, 2**32))
def test_activated(activation: str, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    land = th.ActivatedLandscape(
        rng.normal(size=(size, 3)), rng.normal(size=(size, 2)), 3, activation=activation, negative_slope=0.25
    )
    point = tuple(rng.normal(size=shape) for shape in land.parameter_shapes)
    for radius in (0.0, 0.02):
        found, plain = land.dominance(point, radius, arithmetic="verified"), land.dominance(point, radius)
        assert found.evidence.method is th.Method.VERIFIED
        assert found.mu == pytest.approx(plain.mu, rel=1e-7, abs=1e-12)
        assert found.pointwise == pytest.approx(plain.pointwise, rel=1e-7)
        assert found.empirical_check(20, rng)
    one, other = land.certify_descent(point, arithmetic="verified"), land.certify_descent(point)
    assert one.certified == other.certified


def test_verified_descent_with_an_activation() -> None:
    rng = np.random.default_rng(1)
    land = th.ActivatedLandscape(rng.normal(size=(2, 3)), rng.normal(size=(2, 2)), 3, activation="sigmoid")
    start = tuple(part + 1e-5 for part in land.global_minimum().representative())
    found, plain = land.certify_descent(start, arithmetic="verified"), land.certify_descent(start)
    assert found.certified
    assert found.rate == pytest.approx(plain.rate, rel=1e-9)
    assert found.empirical_check(50)
