"""Random linear and residual networks of any shape and rank: certificates that sampling obeys, and that catch mutants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from theodolite.dominance import (
    Chain,
    best_constant,
    comp_constant,
    measure,
    ntk_constant,
    product_constant,
    smoothness,
)

REDUCTIONS = ("half_sum", "sum", "mean")


@st.composite
def recipes(draw: st.DrawFn, residual: bool = False) -> tuple:
    depth = draw(st.integers(2, 4))
    size = draw(st.integers(1, 4))
    widths = (size,) * (depth + 1) if residual else tuple(draw(st.integers(1, 4)) for _ in range(depth + 1))
    samples, rank = draw(st.integers(1, 6)), draw(st.integers(0, 4))
    return widths, samples, rank, draw(st.sampled_from(REDUCTIONS)), draw(st.integers(0, 2**32)), residual


def build(recipe: tuple) -> tuple[th.Landscape, tuple[np.ndarray, ...], np.random.Generator]:
    widths, samples, rank, reduction, seed, residual = recipe
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, rank)) @ rng.normal(size=(rank, widths[0]))
    y = rng.normal(size=(samples, widths[-1]))
    if residual:
        land: th.Landscape = th.ResidualLandscape(x, y, len(widths) - 1, reduction=reduction)
    else:
        land = th.LinearLandscape(x, y, widths[1:-1], reduction=reduction)
    point = tuple(rng.normal(size=shape) * (0.3 if residual else 1) for shape in land.parameter_shapes)
    return land, point, rng


both = st.one_of(recipes(), recipes(residual=True))


@given(both, st.floats(0, 0.5))
def test_dominance_holds_in_its_ball(recipe: tuple, radius: float) -> None:
    land, point, rng = build(recipe)
    found = land.dominance(point, radius)
    assert found.empirical_check(60, rng)
    assert found.mu == max(found.mu_ntk, found.mu_comp, found.mu_prod)
    if not radius:
        assert found.mu_ntk >= found.mu_comp * (1 - 1e-9) >= found.mu_prod * (1 - 1e-8)
    # The inequality again, from the landscape's own loss and gradient, at one random point of the ball.
    steps = [rng.normal(size=part.shape) for part in point]
    moved = tuple(p + radius * rng.uniform() * s / np.linalg.norm(s, 2) for p, s in zip(point, steps, strict=True))
    best = float(land.global_minimum().value)
    slope = sum(float(np.sum(part**2)) for part in land.gradient(moved))
    if np.isfinite(found.mu):
        loss = float(land.loss(moved))
        assert slope >= 2 * found.mu * (loss - best) * (1 - 1e-9) - 1e-9 * found.mu * (abs(loss) + 1e-3)


@given(both)
def test_the_jacobian_is_that_of_the_outputs(recipe: tuple) -> None:
    land, point, rng = build(recipe)
    chain, core = land.certifier.chain, land.to_core(point)
    steps = tuple(rng.normal(size=part.shape) for part in point)
    jacobian = chain.jacobian(core)
    packed = np.concatenate([step.ravel() for step in steps])
    numeric = chain.residual(tuple(c + 1e-6 * s for c, s in zip(core, steps, strict=True)))
    numeric = (numeric - chain.residual(tuple(c - 1e-6 * s for c, s in zip(core, steps, strict=True)))) / 2e-6
    assert (jacobian @ packed).reshape(chain.y.shape) == pytest.approx(numeric, rel=1e-6, abs=1e-6)
    assert chain.push(core, steps) == pytest.approx(numeric, rel=1e-6, abs=1e-6)
    if chain.rank:
        values = np.linalg.svd(jacobian, compute_uv=False)
        rows = len(jacobian)
        low = values[rows - 1] if len(values) >= rows else 0.0
        assert measure(chain, core).ntk == pytest.approx(low, abs=1e-7 * values[0])
        gradient = land.certifier.chain.gradient(core)
        scale = {"half_sum": 1.0, "sum": 2.0, "mean": 2.0 / (recipe[1] * recipe[0][-1])}[recipe[3]]
        for mine, theirs in zip(gradient, land.gradient(point), strict=True):
            assert scale * mine == pytest.approx(theirs, rel=1e-8, abs=1e-8)


@given(both, st.integers(0, 1000))
def test_descent_and_regularity_next_to_minima(recipe: tuple, seed: int) -> None:
    land, _, rng = build(recipe)
    point = land.global_minimum().sample(seed)
    near = tuple(part + 1e-6 * rng.normal(size=part.shape) for part in point)
    certificate = land.certify_descent(near)
    assert certificate.empirical_check(30, rng)
    if certificate.certified:
        assert 0 <= certificate.rate <= 1
        assert certificate.distance is not None
    limit = land.dominance(point)
    if limit.is_limit:
        assert limit.empirical_check(5, rng)
    try:
        found = land.regularity(near)
    except th.NotCoveredError:
        return
    assert found.empirical_check(40, rng)
    if found.alpha is not None:
        assert 4 * found.alpha * found.beta <= 1


@given(recipes())
def test_smoothness_bounds_the_hessian(recipe: tuple) -> None:
    land, point, _ = build(recipe)
    sizes = measure(land.certifier.chain, land.to_core(point))
    unit = {"half_sum": 1.0, "sum": 2.0, "mean": 2.0 / (recipe[1] * recipe[0][-1])}[recipe[3]]
    largest = np.linalg.eigvalsh(land.hessian(point).todense())[-1]
    assert largest <= unit * smoothness(sizes, 0.0) * (1 + 1e-9) + 1e-12


@given(recipes(), st.floats(1e-3, 0.5))
def test_projection_fits_and_is_orthogonal(recipe: tuple, size: float) -> None:
    land, _, rng = build(recipe)
    point = land.global_minimum().sample(rng)
    away = tuple(part + 0.05 * size * rng.normal(size=part.shape) for part in point)
    try:
        nearest = land.project(away)
    except th.NotCoveredError:
        return
    best = float(land.global_minimum().value)
    assert float(land.loss(nearest)) - best <= 1e-9 * (1 + abs(best))
    gap = np.linalg.norm(land.pack(nearest) - land.pack(away))
    assert gap <= np.linalg.norm(land.pack(point) - land.pack(away)) * (1 + 1e-6) + 1e-9


def balanced(depth: int, values: tuple[float, ...]) -> tuple[Chain, tuple[np.ndarray, ...]]:
    layer = np.diag(np.array(values) ** (1 / depth))
    return Chain(np.eye(len(values)), np.diag(values)), (layer,) * depth


@pytest.mark.parametrize("constant", [ntk_constant, comp_constant, product_constant])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_a_constant_too_good_by_a_tenth_is_caught(constant, depth: int) -> None:
    """All constants are attained at balanced points, so that sampling contradicts any that is 1.1 times as large."""
    land = th.LinearLandscape(np.eye(2), np.diag([8.0, 1.0]), (2,) * max(depth - 1, 1))
    chain, weights = balanced(depth, (8.0, 1.0))
    mu = constant(measure(chain, weights))
    # Along the bottom singular direction the ratio tends to mu.
    step = np.diag([0.0, 1e-7])
    moved = tuple(weight + step for weight in weights)
    ratio = sum(np.sum(part**2) for part in chain.gradient(moved)) / np.sum(chain.residual(moved) ** 2)
    assert mu <= ratio * (1 + 1e-6)
    assert 1.1 * mu > ratio
    point = land.global_minimum().representative()
    found = land.dominance(point)
    assert not replace(found, constant=found.constant / 1.1).empirical_check(20)


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_a_ball_too_good_by_a_tenth_is_caught(depth: int) -> None:
    land = th.LinearLandscape([[1.5]], [[1.0]], (1,) * (depth - 1))
    point = tuple(np.array([[1.0 + 0.2 * k]]) for k in range(depth))
    found = land.dominance(point, 0.5)
    assert found.empirical_check(50).tightness == pytest.approx(1, rel=1e-9)
    assert not replace(found, mu=1.1 * found.mu).empirical_check(50)


def test_a_rate_too_good_by_a_tenth_is_caught() -> None:
    land = th.LinearLandscape([[1.0]], [[1.02]], (1,))
    found = land.certify_descent(([[1.0]], [[1.0]]))
    assert found.empirical_check(20)
    assert not replace(found, mu=1.1 * found.mu).empirical_check(20)


def test_the_radius_of_descent_matters() -> None:
    land = th.LinearLandscape([[1.0]], [[1.02]], (1,))
    found = land.certify_descent(([[1.0]], [[1.0]]))
    assert not replace(found, radius=0.4 * found.distance / 2**0.5).empirical_check(200)


def test_regularity_too_good_is_caught() -> None:
    land = th.LinearLandscape(np.eye(2), np.diag([1.0, 1.0]), (2,))
    star = land.global_minimum().representative()
    found = land.regularity(star)
    assert found.empirical_check(100)
    assert not replace(found, alpha=3 * found.alpha).empirical_check(100)


def test_float_radius_margin_and_bad_radii() -> None:
    land = th.LinearLandscape([[1.0]], [[5.0]], 1)
    point = ([[1.0]], [[5.0]])
    assert land.dominance(point, 3.0).mu < 4
    assert land.dominance(point, 3.0).mu == pytest.approx(4)
    for radius in (-1, "1", None, np.inf, np.nan, True, [1.0, 2.0]):
        with pytest.raises(th.DataError):
            land.dominance(point, radius)
    with pytest.raises(th.DataError, match="arithmetic"):
        land.dominance(point, arithmetic="double")
    with pytest.raises(th.NotCoveredError, match="verified"):
        land.dominance(point, arithmetic="exact")
    for samples in (0, -1, 1.5, True):
        with pytest.raises(th.DataError, match="samples"):
            land.dominance(point).empirical_check(samples)


def test_what_keeps_no_lengths_is_refused() -> None:
    x, y = [[10.0], [11.0]], [[1.0], [2.0]]
    for options, said in (({"bias": True}, "0.0045"), ({"bias": (2,)}, "0.0045"), ({"l2": 0.1}, "decay")):
        land = th.LinearLandscape(x, y, 1, **options)
        point = land.unpack(np.ones(land.parameter_count))
        for ask in (land.dominance, land.regularity, land.certify_descent, land.project):
            with pytest.raises(th.NotCoveredError, match=said):
                ask(point)


def test_a_bias_in_the_first_layer_is_a_column_of_ones() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=(9, 2))
    biased = th.LinearLandscape(x, y, 3, bias=(1,))
    plain = th.LinearLandscape(np.concatenate([x, np.ones((9, 1))], axis=1), y, 3)
    w1, b1, w2 = biased.global_minimum().sample(0)
    joined = np.concatenate([w1, b1[:, None]], axis=1), w2
    assert biased.dominance((w1, b1, w2), 0.1).mu == pytest.approx(plain.dominance(joined, 0.1).mu)
    # One affine layer on inputs 10 and 11: its smallest singular value is that of [[10, 1], [11, 1]].
    values = np.linalg.svd(np.array([[10.0, 1], [11, 1]]), compute_uv=False)
    assert values[-1] ** 2 == pytest.approx(0.0045, abs=1e-4)


def test_data_that_does_not_depend_on_its_inputs() -> None:
    land = th.LinearLandscape(np.zeros((3, 2)), np.ones((3, 2)), 2)
    point = land.unpack(np.ones(land.parameter_count))
    assert land.dominance(point, 0.5).constant == 0
    assert land.certify_descent(point).rate == 0


def test_large_jacobians_are_bounded_from_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("theodolite.dominance._sizes._DENSE_MOST", 0)
    rng = np.random.default_rng(0)
    chain = Chain(np.eye(6), rng.normal(size=(6, 6)))
    weights = tuple(np.linalg.qr(rng.normal(size=(6, 6)))[0] * 1.1 for _ in range(5))
    sizes = measure(chain, weights)
    assert sizes.ntk**2 == pytest.approx(comp_constant(sizes), rel=1e-9)
    assert sizes.ntk <= np.linalg.svd(chain.jacobian(weights))[1][-1]
    assert best_constant(sizes) >= comp_constant(sizes)
    monkeypatch.setattr("theodolite.dominance._sizes._GRAM_MOST", 35)
    assert measure(chain, weights).ntk is None
    assert best_constant(measure(chain, weights)) == pytest.approx(comp_constant(sizes))


def test_numbers_beyond_floats_are_refused_and_tiny_ones_leave_no_constant() -> None:
    for size in (1e80, 1e120):
        land = th.LinearLandscape(size * np.eye(2), np.eye(2), 2)
        with pytest.raises(th.DataError, match="Rescale"):
            land.dominance(land.unpack(np.ones(8)))
    tiny = th.LinearLandscape(1e-120 * np.eye(2), 1e-120 * np.eye(2), 2)
    found = tiny.dominance((np.eye(2), 2 * np.eye(2)), 0.01)
    assert found.empirical_check(20)
    assert found.mu == pytest.approx(2.96e-240 + 1.98e-240, rel=1)
