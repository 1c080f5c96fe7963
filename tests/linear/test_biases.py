"""Biases: exact small cases, dense inertia, autodiff, and the centring of badly placed data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.linear.test_random import inertia

GLOBAL, STRICT, NONE = th.Kind.GLOBAL_MINIMUM, th.Kind.STRICT_SADDLE, th.Kind.NOT_CRITICAL
Rows = list[list[int]]

# Columns are samples. Each row: X, Y, biased layers, parameters in order, twice the loss, kind, (negative, zero, positive).
CASES: dict[str, tuple[Rows, Rows, Any, tuple[Any, ...], float, th.Kind, tuple[int, int, int] | None]] = {
    "constant predictor": ([[0, 1, 2]], [[0, 1, 2]], True, ([[0]], [3], [[0]], [1]), 2, STRICT, (1, 1, 2)),
    "exact affine fit": ([[0, 1, 2]], [[1, 3, 5]], True, ([[1]], [2], [[2]], [-3]), 0, GLOBAL, (0, 2, 2)),
    "output bias off": ([[0, 1, 2]], [[1, 3, 5]], True, ([[1]], [2], [[2]], [-2]), 3, NONE, None),
    "lesser centred eigenvalue": (
        [[1, -1, 1, -1], [1, 1, -1, -1]],
        [[4, -2, 4, -2], [2, 2, 0, 0]],
        True,
        ([[0, 1]], [1], [[0], [1]], [1, 0]),
        36,
        STRICT,
        (1, 2, 4),
    ),
    "one sample": ([[2]], [[3]], True, ([[1]], [1], [[5]], [-12]), 0, GLOBAL, (0, 3, 1)),
    "hidden bias competes for rank": (
        [[1, -1]],
        [[3, 3], [1, -1]],
        "hidden",
        ([[0]], [1], [[3], [0]]),
        2,
        GLOBAL,
        (0, 1, 3),
    ),
    "hidden bias, lesser eigenvalue": (
        [[1, -1]],
        [[3, 3], [1, -1]],
        (1,),
        ([[1]], [0], [[0], [1]]),
        18,
        STRICT,
        (1, 1, 2),
    ),
    "both biases fit": ([[1, -1]], [[3, 3], [1, -1]], (1, 2), ([[1]], [0], [[0], [1]], [3, 0]), 0, GLOBAL, (0, 2, 4)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_cases(case: Any) -> None:
    x, y, bias, params, twice, kind, signs = case
    land = th.LinearLandscape(np.array(x, float).T, np.array(y, float).T, len(params[0]), bias=bias)
    verdict = land.classify(params)
    assert verdict.kind is kind
    assert verdict.value == pytest.approx(twice / 2)
    if signs is not None:
        assert (verdict.index, verdict.nullity) == signs[:2]
        assert inertia(land.hessian(params).todense()) == signs


@st.composite
def biased_problems(draw: st.DrawFn) -> tuple[Any, ...]:
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d_in, d_out, hidden, samples = (draw(st.integers(1, 3)) for _ in range(4))
    x = source.standard_normal((samples + 2, d_in)) + draw(st.sampled_from([0.0, 5.0]))
    if draw(st.booleans()):
        x[:, -1] = 1.0  # a constant input: nothing is left of it when centred
    y = source.standard_normal((samples + 2, d_out)) + draw(st.sampled_from([0.0, 3.0]))
    return x, y, hidden, draw(st.sampled_from([(1,), (2,), (1, 2)])), source


@given(biased_problems())
def test_every_stratum_is_what_it_says(problem: tuple[Any, ...]) -> None:
    x, y, hidden, bias, source = problem
    land = th.LinearLandscape(x, y, hidden, bias=bias)
    families = list(land.critical_sets())
    scale = float(np.sum(y**2)) + 1
    for family in families:
        points = [(family, family.representative())]
        points += [(stratum, stratum.sample(source)) for stratum in list(family.strata())[:3]]
        for piece, point in points:
            assert land.loss(point) == pytest.approx(float(family.value), abs=1e-10 * scale)
            assert np.abs(land.pack(land.gradient(point))).max() < 1e-9 * scale
            verdict = land.classify(point)
            assert (verdict.kind, verdict.index) == (family.kind, family.index)
            if piece is not family:
                found = inertia(land.hessian(point).todense())
                assert found is None or found[:2] == (piece.index, piece.nullity)
                assert verdict.nullity == piece.nullity
            if verdict.escape is not None:
                way = verdict.escape
                assert land.loss(point) - land.loss(way.at()) == pytest.approx(
                    float(way.decrease), rel=1e-6, abs=1e-12 * scale
                )
                curvature = land.pack(way.vector) @ (land.hessian(point) @ land.pack(way.vector))
                assert curvature == pytest.approx(float(way.curvature), rel=1e-5, abs=1e-10 * scale)


@pytest.mark.parametrize("bias", [(1,), (2,), (1, 2)])
def test_derivatives_against_autodiff(bias: tuple[int, ...]) -> None:
    import torch

    source = np.random.default_rng(1)
    x, y = source.standard_normal((7, 3)) + 1, source.standard_normal((7, 2)) - 2
    land = th.LinearLandscape(x, y, 2, bias=bias)

    def loss(vector: Any) -> Any:
        parts = torch.split(vector, [int(np.prod(shape)) for shape in land.parameter_shapes])
        layers = [part.reshape(shape) for part, shape in zip(parts, land.parameter_shapes, strict=True)]
        w1 = layers.pop(0)
        out = torch.tensor(x) @ w1.T + (layers.pop(0) if 1 in bias else 0)
        out = out @ layers.pop(0).T + (layers.pop(0) if 2 in bias else 0)
        return ((out - torch.tensor(y)) ** 2).sum() / 2

    vector = torch.tensor(source.standard_normal(land.parameter_count), requires_grad=True)
    loss(vector).backward()
    params = land.unpack(vector.detach().numpy())
    assert land.loss(params) == pytest.approx(loss(vector).item(), rel=1e-13)
    assert np.allclose(land.pack(land.gradient(params)), vector.grad.numpy(), rtol=1e-12, atol=1e-12)
    dense = torch.autograd.functional.hessian(loss, vector.detach()).numpy()
    assert np.allclose(land.hessian(params).todense(), dense, rtol=1e-12, atol=1e-11)


def test_centring_does_not_invent_directions() -> None:
    source = np.random.default_rng(8)
    x = source.standard_normal((30, 3))
    x[:, 1] = 1e8  # constant: only rounding is left of it
    x = np.c_[x, x[:, 0] - 2 * x[:, 2]] + 1e6
    land = th.LinearLandscape(x, source.standard_normal((30, 2)), 2, bias=True)
    assert land._problem.reduction.rho == 2
    for family in land.critical_sets():
        verdict = land.classify(family.sample(source))
        assert (verdict.kind, verdict.index) == (family.kind, family.index)


def test_an_output_bias_centres_the_data() -> None:
    source = np.random.default_rng(9)
    x, y = source.standard_normal((12, 3)) + 4, source.standard_normal((12, 2)) - 7
    with_bias = th.LinearLandscape(x, y, 2, bias=True)
    centred = th.LinearLandscape(x - x.mean(0), y - y.mean(0), 2)
    for one, two in zip(with_bias.critical_sets(), centred.critical_sets(), strict=True):
        assert (one.label, one.index, one.nullity) == (two.label, two.index, two.nullity + 2)
        assert float(one.value) == pytest.approx(float(two.value))


@pytest.mark.parametrize("bias", ["output", 3, (0,), (3,), None, [True]])
def test_odd_biases_are_refused(bias: Any) -> None:
    with pytest.raises(th.DataError, match="bias is"):
        th.LinearLandscape(np.eye(2), np.eye(2), 1, bias=bias)
