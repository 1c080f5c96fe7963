"""Small cases whose constants were worked out by hand."""

from __future__ import annotations

from math import comb, inf, sqrt

import numpy as np
import pytest

import theodolite as th
from theodolite.dominance import project_layer


def scalar(x: float, y: float, depth: int) -> th.LinearLandscape:
    return th.LinearLandscape([[x]], [[y]], hidden=(1,) * (depth - 1))


def columns(x: list, y: list, hidden: object) -> th.LinearLandscape:
    """Data with samples as columns, as mathematics has it."""
    return th.LinearLandscape(np.array(x, dtype=float).T, np.array(y, dtype=float).T, hidden=hidden)


def squared(land: th.Landscape, params: object) -> float:
    return float(np.sum(land.pack(land.gradient(params)) ** 2))


def test_dominance_without_regularity() -> None:
    land = scalar(1, 1, 2)
    point, star = ([[2.0]], [[0.6]]), ([[1.0]], [[1.0]])
    assert land.loss(point) == pytest.approx(0.02)
    assert land.pack(land.gradient(point)) == pytest.approx([0.12, 0.4])
    found = land.dominance(point)
    assert found.constant == pytest.approx(25 / 218, rel=1e-12) == found.pointwise
    inward = land.pack(land.gradient(point)) @ (land.pack(point) - land.pack(star))
    assert inward == pytest.approx(-0.04)
    none = land.regularity(point, star)
    assert (none.alpha, none.beta) == (None, None)
    assert not none.evidence.complete


def test_three_scalar_layers() -> None:
    land = scalar(2, 16, 3)
    point = ([[1.0]], [[2.0]], [[3.0]])
    assert land.loss(point) == pytest.approx(8)
    assert land.pack(land.gradient(point)) == pytest.approx([-48, -24, -16])
    found = land.dominance(point)
    assert (found.mu_ntk, found.mu_comp, found.mu_prod) == pytest.approx((196, 196, 196))
    assert found.constant == pytest.approx(1 / 392) == found.pointwise


def test_diagonal_layers() -> None:
    land = columns(np.eye(2), np.diag([6, 0]), 2)
    point = (np.diag([3.0, 1]), np.diag([2.0, 1]))
    found = land.dominance(point)
    assert land.loss(point) == pytest.approx(0.5)
    assert squared(land, point) == pytest.approx(2)
    assert found.pointwise == pytest.approx(1 / 4)
    assert (found.mu_ntk, found.mu_comp, found.mu_prod) == pytest.approx((2, 2, 2))


def test_rank_one_data() -> None:
    land = columns([[1, 1], [0, 0]], [[1, 3], [2, 2]], 2)
    point = (np.eye(2), np.eye(2))
    found = land.dominance(point)
    assert squared(land, point) == pytest.approx(40)
    assert float(land.loss(point)) - float(land.global_minimum().value) == pytest.approx(5)
    assert float(land.global_minimum().value) == pytest.approx(1)
    assert land.gradient(point)[0] == pytest.approx(np.array([[-2, 0], [-4, 0]]), abs=1e-12)
    assert found.mu == pytest.approx(4)
    assert found.pointwise == pytest.approx(1 / 8) == found.constant


def test_bottleneck_saddle() -> None:
    land = columns(np.eye(2), np.diag([2, 1]), 1)
    saddle = ([[0.0, 1]], [[0.0], [1]])
    found = land.dominance(saddle)
    assert float(land.loss(saddle)) - float(land.global_minimum().value) == pytest.approx(1.5)
    assert found.mu_comp == 0
    assert found.constant == inf == found.pointwise
    for t in (0.5, 0.1, 1e-3):
        near = ([[sqrt(2), t]], [[sqrt(2)], [t]])
        excess = t**2 + t**4 / 2
        assert land.dominance(near).pointwise == pytest.approx(excess / squared(land, near), rel=1e-6)
    assert land.dominance(near).pointwise == pytest.approx(1 / 2, rel=1e-4)
    best = land.dominance(([[sqrt(2), 0]], [[sqrt(2)], [0]]))
    assert best.constant is None
    assert "no limit" in best.evidence.scope


def test_balanced_and_near_identity_minimizers() -> None:
    target = np.array([[0.0, -9], [4, 0]])
    land = columns(np.eye(2), target, 2)
    balanced = land.global_minimum().representative()
    assert sum(float(np.sum(part**2)) for part in balanced) == pytest.approx(26)
    assert min(np.linalg.svd(part)[1][-1] for part in balanced) == pytest.approx(2)
    found = land.dominance(balanced)
    assert (found.mu_ntk, found.mu_comp, found.mu_prod) == pytest.approx((8, 8, 8))
    assert found.is_limit
    assert found.constant == pytest.approx(1 / 16)
    residual = th.ResidualLandscape(np.eye(2), target.T, depth=2)

    def turned(degrees: float) -> np.ndarray:
        a = np.deg2rad(degrees)
        return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])

    expected = (turned(45) @ np.diag([2, 3]), turned(90) @ np.diag([2, 3]) @ turned(-45))
    for part, weight in zip(residual.near_identity_minimizer(), expected, strict=True):
        assert part + np.eye(2) == pytest.approx(weight, abs=1e-12)
    assert residual.dominance(residual.near_identity_minimizer()).mu == pytest.approx(8)


def test_negative_determinant() -> None:
    land = th.ResidualLandscape([[1.0]], [[-1.0]], depth=2)
    with pytest.raises(th.NotCoveredError, match="determinant"):
        land.near_identity_minimizer()
    best = ([[sqrt(2)]], [[-sqrt(2)]])
    assert float(land.loss(best)) == pytest.approx(0, abs=1e-28)
    assert land.dominance(best, radius=0.1).mu > 0
    grid = np.linspace(-1.41, 1.41, 200)
    assert np.abs((1 + grid[:, None]) * (1 + grid) + 1).min() > 1e-3  # no smaller pair fits


def test_radius_that_cannot_grow() -> None:
    land = columns(np.eye(2), np.diag([4, 1]), 2)
    centre = (np.diag([2.0, 1]), np.diag([2.0, 1]))
    assert land.dominance(centre, radius=0.999).constant < inf
    assert land.dominance(centre, radius=1.0).constant == inf
    away = (np.diag([2.0, 0]), np.diag([2.0, 0]))
    assert squared(land, away) == pytest.approx(0, abs=1e-28)
    assert land.loss(away) == pytest.approx(0.5)
    assert land.dominance(away).pointwise == inf


def test_attained_ball() -> None:
    land = scalar(1, 5, 2)
    found = land.dominance(([[1.0]], [[5.0]]), radius=3)
    assert found.mu == pytest.approx(4)
    there = land.dominance(([[0.0]], [[2.0]]))
    assert there.pointwise == pytest.approx(1 / 8) == found.constant
    assert squared(land, ([[0.0]], [[2.0]])) == pytest.approx(100)
    assert found.empirical_check(50).tightness == pytest.approx(1)


def test_residual_networks() -> None:
    land = th.ResidualLandscape(np.eye(2), np.diag([1.5, 0.5]), depth=3)
    zero = (np.zeros((2, 2)),) * 3
    assert land.loss(zero) == pytest.approx(0.25)
    assert squared(land, zero) == pytest.approx(1.5)
    assert land.dominance(zero).pointwise == pytest.approx(1 / 6)
    deep = th.ResidualLandscape(np.eye(2), np.eye(2), depth=10)
    found = deep.dominance((-0.1 * np.eye(2),) * 10)
    assert found.mu == pytest.approx(1.5009463529699922, rel=1e-12)
    assert found.pointwise == pytest.approx(1 / (2 * found.mu))
    assert any("alone gives mu >= 1.50095" in str(note) for note in found.evidence.assumptions)


def test_one_direction() -> None:
    land = scalar(1, 1, 2)
    star, point = ([[1.0]], [[1.0]]), ([[1.1]], [[1.1]])
    inward = land.pack(land.gradient(point)) @ (land.pack(point) - land.pack(star))
    assert inward == pytest.approx(0.0462)
    found = land.regularity(point, star)
    assert found.gamma == pytest.approx(sqrt(2))
    assert found.radius == pytest.approx(0.1 * sqrt(2))
    assert found.alpha == pytest.approx(0.845 * 2 / 2)
    assert 2 * found.alpha * found.radius**2 == pytest.approx(0.0338)
    assert found.beta == pytest.approx(0.845 / (2 * 1.05**2 * 2 * (1 + 0.1 * sqrt(2)) ** 2))
    assert 4 * found.alpha * found.beta <= 1


def test_regularity_of_three_layers_term_by_term() -> None:
    """The constants from the binomial sums that they stand for: ||F_m|| <= ||X|| binomial(3, m) b^(3-m) u^m."""
    land = scalar(2, 16, 3)
    star, point = ([[2.0]], [[2.0]], [[2.0]]), ([[2.05]], [[2.0]], [[1.98]])
    found = land.regularity(point, star)
    eps = sqrt(0.05**2 + 0.02**2)
    moved = land.pack(point) - land.pack(star)
    gamma = abs(2 * 4 * moved.sum()) / eps
    u = eps / sqrt(3)
    terms = {m: 2 * comb(3, m) * 2.0 ** (3 - m) * u**m for m in (2, 3)}
    kappa, turned = sum(terms.values()) / (gamma * eps), sum(m * term for m, term in terms.items()) / (gamma * eps)
    c = 1 - kappa - turned - kappa * turned
    assert c > 0
    assert found.gamma == pytest.approx(gamma)
    assert found.alpha == pytest.approx(c * gamma**2 / 2)
    steep = 4 * 3 * (2 + eps / sqrt(2)) ** 4
    assert found.beta == pytest.approx(c / (2 * steep * (1 + kappa) ** 2))


def test_projection() -> None:
    land = scalar(1, 1, 2)
    near = land.project(([[3.0]], [[3.0]]))
    assert np.sum((land.pack(near) - 3) ** 2) == pytest.approx(7)
    assert sorted(land.pack(near)) == pytest.approx([(3 - sqrt(5)) / 2, (3 + sqrt(5)) / 2])
    near = land.project(([[2.0]], [[2.0]]))
    assert np.sum((land.pack(near) - 2) ** 2) == pytest.approx(2)


def test_singular_layers() -> None:
    land = columns(np.eye(2), np.diag([1, 0]), 2)
    centre = (np.eye(2), np.diag([1.0, 0]))
    assert land.dominance(centre).mu == pytest.approx(1)
    assert land.dominance(centre, radius=0.5).mu == pytest.approx(0.25)
    zero = scalar(1, 0, 2)
    for t in (1.0, 0.1):
        assert zero.dominance(([[t]], [[t]])).pointwise == pytest.approx(1 / (4 * t**2))
    assert zero.dominance(([[0.0]], [[0.0]]), radius=0.1).constant == inf


def test_one_step_of_descent() -> None:
    land = scalar(1, 2, 2)
    point = land.unpack(np.ones(2))
    assert land.loss(point) == pytest.approx(0.5)
    after = land.unpack(land.pack(point) - 0.1 * land.pack(land.gradient(point)))
    assert land.loss(after) == pytest.approx(0.31205)


def test_wide_layer() -> None:
    land = th.LinearLandscape([[1.0]], [[10.0]], hidden=3)
    point = ([[1.0], [2], [2]], [[0.0, 3, 4]])
    found = land.dominance(point)
    # the product is 14: excess 8
    assert land.loss(point) == pytest.approx(8)
    assert squared(land, point) == pytest.approx(544)
    assert found.mu == pytest.approx(34)
    assert found.pointwise == pytest.approx(1 / 68)


def test_certified_descent() -> None:
    land = scalar(1, 1.02, 2)
    found = land.certify_descent(([[1.0]], [[1.0]]))
    assert found.excess == pytest.approx(2e-4)
    assert found.largest_radius == pytest.approx(1)
    assert land.dominance(([[1.0]], [[1.0]])).pointwise == pytest.approx(0.25)
    by_path = (1 - sqrt(1 - 8 * sqrt(2e-4))) / 2
    assert by_path == pytest.approx(0.029133003118)
    assert found.radius < by_path
    assert found.distance >= sqrt(2) * (sqrt(1.02) - 1)
    assert found.rate == pytest.approx(1 - found.step * found.mu)


def test_one_layer_at_a_time() -> None:
    x = np.array([[2.0]])
    error = np.array([[1.0 * 2 * 2 - 6]])
    weights = (np.array([[1.0]]), np.array([[2.0]]))
    first = project_layer(weights, np.array([[2.0]]), x, error, 1)
    second = project_layer(weights, np.eye(1), x, error, 2)
    assert [float(w[0, 0]) for w in first] == pytest.approx([1.5, 2])
    assert [float(w[0, 0]) for w in second] == pytest.approx([1, 3])


def test_spectrum_of_balanced_layers() -> None:
    land = columns(np.eye(2), np.diag([8, 1]), (2, 2))
    point = land.global_minimum().representative()
    jacobian = land.certifier.chain.jacobian(land.to_core(point))
    assert np.linalg.eigvalsh(jacobian @ jacobian.T) == pytest.approx([3, 21, 21, 48])
    assert land.dominance(point).mu == pytest.approx(3)
