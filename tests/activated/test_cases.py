"""Small activated networks whose numbers were worked out by hand."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest

import theodolite as th

DIAGONAL = np.diag([1.0, 2, 4])
TARGET = np.array([[1.0, 0, 2], [0, 1, 0], [1, 1, 1]])


def columns(x: object, y: object, hidden: int, activation: str, slope: float = 0.01) -> th.ActivatedLandscape:
    """Samples as columns, as mathematics has it."""
    x, y = np.atleast_2d(np.array(x, dtype=float)), np.atleast_2d(np.array(y, dtype=float))
    return th.ActivatedLandscape(x.T, y.T, hidden, activation=activation, negative_slope=slope)


def test_leaky_scalar() -> None:
    land = columns(2, 3, 1, "leaky_relu", 0.5)
    point = ([[-1.0]], [[4.0]])
    assert land.loss(point) == pytest.approx(24.5)
    assert land.pack(land.gradient(point)) == pytest.approx([-28, 7])
    found = land.dominance(point)
    assert found.mu == pytest.approx(17)
    assert found.pointwise == pytest.approx(1 / 34)
    assert found.constant == pytest.approx(1 / 34)


def test_dead_relu_is_refused() -> None:
    with pytest.raises(th.NotCoveredError, match="injective"):
        columns(1, 1, 1, "relu")
    with pytest.raises(th.DataError, match="negative_slope is 0"):
        columns(1, 1, 1, "leaky_relu", 0)


def test_spurious_minimum_with_more_samples_than_inputs() -> None:
    land = columns([[1, -1]], [[1, -0.5]], 1, "leaky_relu", 0.5)
    point = ([[-1.0]], [[-0.8]])
    assert land.loss(point) == pytest.approx(0.225)
    assert land.pack(land.gradient(point)) == pytest.approx([0, 0], abs=1e-12)
    assert land.loss(([[1.0]], [[1.0]])) == pytest.approx(0)
    found = land.dominance(point)
    assert found.pointwise == inf == found.constant
    verdict = land.classify(point)
    assert verdict.kind is th.Kind.UNDECIDED
    assert "vanish" in verdict.evidence.scope
    with pytest.raises(th.NotCoveredError, match="dependent"):
        land.global_minimum()


def test_canonical_sigmoid() -> None:
    land = columns(DIAGONAL, TARGET, 3, "sigmoid")
    w1, w2 = land.global_minimum().representative()
    assert float(land.loss((w1, w2))) < 1e-28
    hidden = 1 / (1 + np.exp(-w1 @ DIAGONAL))
    assert np.linalg.svd(hidden)[1][-1] == pytest.approx(0.5)
    assert w2[0] == pytest.approx([0.8, -1.2, 2.8])
    assert w1 == pytest.approx(log(3) * (2 * np.eye(3) - 1) @ np.linalg.inv(DIAGONAL))


def test_canonical_tanh() -> None:
    land = columns(DIAGONAL, TARGET, 3, "tanh")
    point = land.global_minimum().representative()
    assert float(land.loss(point)) < 1e-28
    assert point[0] == pytest.approx(np.diag([log(3) / 2 / entry for entry in (1, 2, 4)]))
    assert point[1] == pytest.approx(2 * TARGET)
    low = np.linalg.svd(TARGET)[1][-1]
    found = land.dominance(point)
    assert found.mu_comp == pytest.approx(0.25 + (1.5 * low * 1.0) ** 2 * 1.0 / 1.0)
    assert land.classify(point).kind is th.Kind.GLOBAL_MINIMUM


def test_sigmoid_cannot_reach_two() -> None:
    land = columns(DIAGONAL, TARGET, 3, "sigmoid")
    with pytest.raises(th.DataError, match=r"sigmoid cannot reach 2 \(sample 1, hidden unit 0\)"):
        land.minimizer(np.array([[0.5, 0.1, 0.1], [2.0, 0.5, 0.1], [0.1, 0.1, 0.5]]))
    with pytest.raises(th.DataError, match="cannot be combined"):
        land.minimizer(np.full((3, 3), 0.5))


def test_entrywise_maps_are_lipschitz_in_the_frobenius_norm_only() -> None:
    matrix = np.array([[1.0, 1], [1, -1]])
    assert np.linalg.norm(np.where(matrix > 0, matrix, 0.1 * matrix), 2) == pytest.approx(1.5912, abs=1e-4)
    assert np.linalg.norm(matrix, 2) == pytest.approx(2**0.5)


def test_one_sided_derivative_at_a_kink() -> None:
    land = columns(1, 1, 1, "leaky_relu", 0.5)
    point = ([[0.0]], [[1.0]])
    assert land.directional_derivative(point, ([[1.0]], [[0.0]])) == pytest.approx(-1)
    assert land.directional_derivative(point, ([[-1.0]], [[0.0]])) == pytest.approx(0.5)
    assert land.certify_descent(point).step is None
    assert "kink" in land.certify_descent(point).evidence.scope
