"""Random activated networks: derivatives by PyTorch, zero-loss networks of every shape, certificates that sampling obeys."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, reject
from hypothesis import strategies as st

import theodolite as th

ACTIVATIONS = ("leaky_relu", "tanh", "sigmoid")
TORCH = {
    "leaky_relu": lambda z: torch.nn.functional.leaky_relu(z, 0.3),
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


@st.composite
def recipes(draw: st.DrawFn, independent: bool = False) -> tuple:
    inputs, hidden, outputs = (draw(st.integers(1, 4)) for _ in range(3))
    samples = draw(st.integers(1, inputs if independent else 5))
    rank = draw(st.integers(0, min(samples, outputs, hidden))) if independent else outputs
    reduction, activation = draw(st.sampled_from(["half_sum", "sum", "mean"])), draw(st.sampled_from(ACTIVATIONS))
    return inputs, hidden, outputs, samples, rank, reduction, activation, draw(st.integers(0, 2**32))


def build(recipe: tuple) -> tuple[th.ActivatedLandscape, tuple, np.random.Generator]:
    inputs, hidden, outputs, samples, rank, reduction, activation, seed = recipe
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, inputs))
    y = rng.normal(size=(samples, outputs))
    y = y @ np.diag(np.arange(outputs) < rank).astype(float)
    land = th.ActivatedLandscape(x, y, hidden, activation=activation, negative_slope=0.3, reduction=reduction)
    return land, (x, y, reduction), rng


def reachable(land: th.ActivatedLandscape) -> th.CriticalSet:
    """Return the zero-loss networks, where a sigmoid's range leaves any."""
    try:
        return land.global_minimum()
    except th.NotCoveredError:
        reject()


def random_point(land: th.Landscape, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    return tuple(rng.normal(size=shape) for shape in land.parameter_shapes)


@given(recipes())
def test_derivatives_agree_with_pytorch(recipe: tuple) -> None:
    land, (x, y, reduction), rng = build(recipe)
    point, direction = random_point(land, rng), random_point(land, rng)
    factor = {"half_sum": 0.5, "sum": 1.0, "mean": 1 / y.size}[reduction]
    activation = TORCH[land.specification.partition(":")[0].partition("(")[0]]

    def loss(w1: torch.Tensor, w2: torch.Tensor) -> torch.Tensor:
        return factor * ((activation(torch.from_numpy(x) @ w1.T) @ w2.T - torch.from_numpy(y)) ** 2).sum()

    tensors = tuple(torch.from_numpy(part) for part in point)
    steps = tuple(torch.from_numpy(part) for part in direction)
    assert float(land.loss(point)) == pytest.approx(float(loss(*tensors)), rel=1e-12)
    gradient = torch.autograd.functional.jacobian(loss, tensors)
    product = torch.autograd.functional.hvp(loss, tensors, steps)[1]
    for mine, theirs in zip(land.gradient(point), gradient, strict=True):
        assert mine == pytest.approx(theirs.numpy(), rel=1e-9, abs=1e-10)
    for mine, theirs in zip(land.hessian_vector_product(point, direction), product, strict=True):
        assert mine == pytest.approx(theirs.numpy(), rel=1e-8, abs=1e-9)
    slope = sum(float(np.vdot(a, b)) for a, b in zip(land.gradient(point), direction, strict=True))
    assert float(land.directional_derivative(point, direction)) == pytest.approx(slope, rel=1e-8, abs=1e-9)


@given(recipes(independent=True), st.integers(0, 1000))
def test_zero_loss_networks(recipe: tuple, seed: int) -> None:
    land, (_, y, _), _ = build(recipe)
    minima = land.global_minimum() if recipe[6] != "sigmoid" else reachable(land)
    for point in (minima.representative(), *minima.sample(seed, 2)):
        assert float(land.loss(point)) <= 1e-20 * (1 + float(np.sum(y**2)))
        assert land.classify(point).kind is th.Kind.GLOBAL_MINIMUM


@given(recipes(), st.floats(0, 0.3))
def test_dominance_is_never_contradicted(recipe: tuple, radius: float) -> None:
    land, _, rng = build(recipe)
    found = land.dominance(random_point(land, rng), radius)
    assert found.empirical_check(60, rng)
    if np.isfinite(found.constant):
        assert found.constant * 2 * found.mu == pytest.approx(1) or radius == 0
    assert found.mu_ntk is None or found.mu_ntk >= found.mu_comp * (1 - 1e-9) - 1e-14


@given(recipes(independent=True), st.integers(0, 1000))
def test_descent_and_regularity_next_to_minima(recipe: tuple, seed: int) -> None:
    land, _, rng = build(recipe)
    point = reachable(land).sample(seed)
    near = tuple(part + 1e-5 * rng.normal(size=part.shape) for part in point)
    certificate = land.certify_descent(near)
    assert certificate.empirical_check(40, rng)
    if certificate.certified:
        assert 0 <= certificate.rate <= 1
        assert (certificate.run(40) <= certificate.guarantee(40) * (1 + 1e-6) + 1e-22).all()
    limit = land.dominance(point)
    assert limit.empirical_check(10, rng)
    try:
        found = land.regularity(near)
    except th.NotCoveredError:
        return
    assert found.empirical_check(60, rng)
    if found.alpha is not None:
        assert 4 * found.alpha * found.beta <= 1


def test_wide_tanh_network_descends_at_the_guaranteed_rate() -> None:
    rng = np.random.default_rng(3)
    land = th.ActivatedLandscape(rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), 3, activation="tanh")
    start = tuple(part + 1e-4 * rng.normal(size=part.shape) for part in land.global_minimum().representative())
    found = land.certify_descent(start)
    assert found.certified
    run, promised = found.run(200), found.guarantee(200)
    assert (run <= promised * (1 + 1e-9)).all()
    assert run[-1] < run[0]


def test_not_critical_points_have_a_way_down() -> None:
    rng = np.random.default_rng(0)
    land = th.ActivatedLandscape(rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), 2, activation="sigmoid")
    point = random_point(land, rng)
    verdict = land.classify(point)
    assert verdict.kind is th.Kind.NOT_CRITICAL
    assert float(land.loss(land.escape(point).at())) < float(land.loss(point))
