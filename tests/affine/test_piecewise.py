"""Piecewise polynomial targets and densities: against affine targets, quadrature, PyTorch and exact differences."""

from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.affine.support import ACTIVATIONS, flat, landscape

SMALL = st.fractions(min_value=-3, max_value=3, max_denominator=5)
NETWORK = st.tuples(*(st.lists(SMALL, min_size=3, max_size=3) for _ in range(3)), SMALL)


def bumpy(hidden=3, activation="relu", below=0, **options):
    """A landscape on three pieces, continuous at the first inner knot only."""
    return th.PiecewiseTargetLandscape(
        hidden,
        knots=(-1, 0, "1/2", 2),
        target=([0, 1, 1], [0, 2, 0, -1], [3, -1]),
        density=([1, 1], [1], [2, 0, "1/4"]),
        activation=activation,
        negative_slope=below,
        **options,
    )


@given(NETWORK, NETWORK, st.sampled_from(ACTIVATIONS))
def test_one_affine_piece(params, direction, activation):
    """On one affine piece of density 1 everything is what the affine landscape says; more knots change nothing."""
    affine = landscape(3, *activation)
    same = th.PiecewiseTargetLandscape(
        3,
        knots=(-1, 1, 5),
        target=([2, Fraction(-3, 2)], [2, Fraction(-3, 2), 0]),
        activation=activation[0],
        negative_slope=activation[1],
    )
    assert same.loss(params) == affine.loss(params)
    assert flat(same.gradient(params)) == flat(affine.gradient(params))
    try:
        expected = flat(affine.hessian_vector_product(params, direction))
        found = flat(same.hessian_vector_product(params, direction))
    except th.NotCoveredError:
        return
    assert found == expected


@given(NETWORK, NETWORK, st.sampled_from(ACTIVATIONS))
def test_expansion_along_a_line(params, direction, activation):
    """Gradient and Hessian are the first two terms of the loss along a line, in fractions."""
    land = bumpy(3, *activation)
    try:
        curvature = land.pack(direction) @ land.pack(land.hessian_vector_product(params, direction))
    except th.NotCoveredError:
        return
    here, along = land.pack(params), land.pack(direction)
    slope = land.pack(land.gradient(params)) @ along
    errors = []
    for k in (12, 15):
        step = Fraction(1, 2**k)
        change = land.loss(land.unpack(here + step * along)) - land.loss(params)
        errors.append(abs(float((change - step * slope - step**2 * curvature / 2) / step**2)))
    assert errors[1] <= errors[0] / 4 + 1e-15


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_quadrature(activation):
    land = bumpy(2, *activation)
    params = (["1/2", -1], ["1/3", "3/4"], [2, "-1/2"], "1/4")
    p = activation[1]

    def value(x):
        def act(z):
            return z * z if activation[0] == "quadratic" else z if z >= 0 else z * p.numerator / p.denominator

        f = mpmath.mpf(1) / 4 + 2 * act(x / 2 + mpmath.mpf(1) / 3) - act(-x + mpmath.mpf(3) / 4) / 2
        y, rho = ((x + x * x, 1 + x), (2 * x - x**3, 1), (3 - x, 2 + x * x / 4))[int(x >= 0) + int(x >= 0.5)]
        return (f - y) ** 2 * rho

    breaks = sorted({-1, 0, 0.5, 2, mpmath.mpf(-2) / 3, 0.75})
    expected = sum(mpmath.quad(value, [a + mpmath.mpf("1e-25"), b - mpmath.mpf("1e-25")]) for a, b in pairwise(breaks))
    assert float(land.loss(params)) == pytest.approx(float(expected), rel=1e-10)
    floats = tuple(np.array([float(Fraction(x)) for x in np.ravel(part)]) for part in params)
    assert land.loss(floats) == pytest.approx(float(expected), rel=1e-10)
    assert flat(land.gradient(floats)) == pytest.approx(
        [float(x) for x in flat(land.gradient(params))], rel=1e-9, abs=1e-11
    )


def test_torch():
    """Gauss quadrature between all knots, differentiated by PyTorch."""
    land = bumpy(4)
    source = np.random.default_rng(3)
    params = [torch.tensor(source.normal(size=4), requires_grad=True) for _ in range(3)]
    params.append(torch.tensor(0.3, dtype=torch.float64, requires_grad=True))
    breaks = sorted({-1.0, 0.0, 0.5, 2.0, *(t for t in (-params[1] / params[0]).tolist() if -1 < t < 2)})
    nodes, weights = np.polynomial.legendre.leggauss(8)
    x = torch.tensor(np.concatenate([(a + b) / 2 + (b - a) / 2 * nodes for a, b in pairwise(breaks)]))
    weight = torch.tensor(np.concatenate([(b - a) / 2 * weights for a, b in pairwise(breaks)]))
    target = torch.where(x < 0, x + x**2, torch.where(x < 0.5, 2 * x - x**3, 3 - x))
    density = torch.where(x < 0, 1 + x, torch.where(x < 0.5, torch.ones_like(x), 2 + x**2 / 4))
    output = torch.relu(x[:, None] * params[0] + params[1]) @ params[2] + params[3]
    loss = (weight * density * (output - target) ** 2).sum()
    assert land.loss(params) == pytest.approx(loss.item(), rel=1e-12)
    for mine, its in zip(land.gradient(params), torch.autograd.grad(loss, params), strict=True):
        assert mine == pytest.approx(its.numpy(), rel=1e-9, abs=1e-10)


def test_refusals():
    land = bumpy(1)
    with pytest.raises(th.NotCoveredError, match="not classified"):
        land.classify(([1], [1], [1], 0))
    with pytest.raises(th.NotCoveredError, match="not classified"):
        land.escape(([1], [1], [1], 0))
    with pytest.raises(th.NotCoveredError, match="jumps"):
        land.hessian_vector_product(([2], [-1], [1], 0), ([1], [1], [1], 0))
    with pytest.raises(th.NotCoveredError, match="w = b = 0"):
        land.hessian_vector_product(([0], [0], [1], 0), ([1], [1], [1], 0))
    with pytest.raises(th.DataError, match="increasing"):
        th.PiecewiseTargetLandscape(1, knots=(0, 0), target=([1],))
    with pytest.raises(th.ShapeError, match="2 pieces"):
        th.PiecewiseTargetLandscape(1, target=([1], [2]))
    with pytest.raises(th.DataError, match="density is -1"):
        th.PiecewiseTargetLandscape(1, target=([1],), density=([1, -2],))
    with pytest.raises(th.DataError, match="one list"):
        th.PiecewiseTargetLandscape(1, target=(1,))
    assert land.fingerprint != bumpy(2).fingerprint
    assert isinstance(bumpy(1, arithmetic="float64").loss(([1], [1], [1], 0)), float)
    assert isinstance(bumpy(1, arithmetic="verified").loss(([1.0], [1.0], [1.0], 0.0)), Fraction)
