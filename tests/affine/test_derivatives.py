"""Loss, gradient, Hessian and the second-order form against quadrature, automatic differentiation and exact differences."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.affine.support import ACTIVATIONS, by_quadrature, flat, landscape

SMALL = st.fractions(min_value=-3, max_value=3, max_denominator=6)


def networks(hidden):
    """Any parameters, degenerate ones included."""
    neuron = st.one_of(
        st.tuples(SMALL, SMALL, SMALL),
        st.just((Fraction(0), Fraction(0), Fraction(1, 2))),
        st.tuples(st.just(Fraction(1)), st.sampled_from([Fraction(1), Fraction(-5)]), SMALL),
        st.tuples(st.just(Fraction(0)), SMALL, SMALL),
    )
    return st.tuples(st.lists(neuron, min_size=hidden, max_size=hidden), SMALL).map(
        lambda drawn: (*([neuron[k] for neuron in drawn[0]] for k in range(3)), drawn[1])
    )


@pytest.mark.parametrize(("activation", "below"), ACTIVATIONS)
@pytest.mark.parametrize("seed", range(3))
def test_quadrature(activation, below, seed):
    source = np.random.default_rng(seed)
    land = landscape(3, activation, below)
    params = (
        *tuple([Fraction(int(n), 4) or Fraction(1, 3) for n in source.integers(-9, 10, 3)] for _ in range(3)),
        Fraction(1, 3),
    )
    loss, gradient = by_quadrature(land, params)
    assert float(land.loss(params)) == pytest.approx(loss, rel=1e-10)
    found = [float(x) for x in flat(land.gradient(params))]
    assert found == pytest.approx(gradient, rel=1e-9, abs=1e-9)
    floats = tuple(np.array([float(x) for x in np.ravel(part)]) for part in params)
    assert land.loss(floats) == pytest.approx(float(land.loss(params)), rel=1e-12)
    assert flat(land.gradient(floats)) == pytest.approx(found, rel=1e-10, abs=1e-10)


@given(networks(3), networks(3), st.sampled_from(ACTIVATIONS), st.booleans())
def test_expansion_along_a_ray(params, direction, activation, closed):
    """L(p + s d) = L(p) + s L'(p; d) + s^2 q(d) / 2 + O(s^3), in fractions, wherever p is."""
    land = landscape(3, *activation)
    here, along = land.pack(params), land.pack(direction)
    slope, curvature = land.directional_derivative(params, direction), land.second_order_form(params, direction)
    errors = []
    for k in (10, 13):
        step = Fraction(1, 2**k)
        change = land.loss(land.unpack(here + step * along)) - land.loss(params)
        errors.append(abs(float((change - step * slope - step**2 * curvature / 2) / step**2)))
    size = float(sum(abs(x) for x in along) + 1) ** 4 * float(sum(abs(x) for x in here) + 1) ** 3
    assert errors[0] <= size / 2**10 * 100
    assert errors[1] <= errors[0] / 4 + 1e-15
    convention = "closed" if closed else "autodiff"
    gradient = land.pack(land.gradient(params, convention=convention))
    sleeping = (np.array(flat(params[:1])) == 0) & (np.array(flat(params[1:2])) == 0)
    if not sleeping.any() or activation[0] == "quadratic":
        assert gradient @ along == slope


@given(networks(3), networks(3), st.sampled_from(ACTIVATIONS))
def test_hessian_is_the_second_order_form(params, direction, activation):
    land = landscape(3, *activation)
    try:
        product = land.pack(land.hessian_vector_product(params, direction))
    except th.NotCoveredError:
        return
    along = land.pack(direction)
    assert product @ along == land.second_order_form(params, direction)
    floats = tuple(np.array([float(x) for x in np.ravel(part)]) for part in params)
    dense = np.asarray(land.hessian(params).todense(), dtype=float)
    assert np.asarray(land.hessian(floats).todense()) == pytest.approx(dense, rel=1e-9, abs=1e-9 * np.abs(dense).max())


@pytest.mark.parametrize(("activation", "below"), [("relu", 0), ("leaky_relu", Fraction(9, 16)), ("quadratic", 0)])
def test_torch(activation, below):
    """PyTorch differentiates a Gauss quadrature on every piece: loss, gradient and Hessian-vector product agree."""
    land = landscape(4, activation, below, interval=(0, 1))
    source = np.random.default_rng(1)
    params = [torch.tensor(source.normal(size=4)) for _ in range(3)] + [torch.tensor(0.3, dtype=torch.float64)]
    for part in params:
        part.requires_grad_()
    breaks = sorted({0.0, 1.0, *(t for t in (-params[1] / params[0]).tolist() if 0 < t < 1)})
    nodes, weights = np.polynomial.legendre.leggauss(6)
    x = torch.tensor(np.concatenate([(a + b) / 2 + (b - a) / 2 * nodes for a, b in itertools.pairwise(breaks)]))
    weight = torch.tensor(np.concatenate([(b - a) / 2 * weights for a, b in itertools.pairwise(breaks)]))
    z = x[:, None] * params[0] + params[1]
    act = z**2 if activation == "quadratic" else torch.nn.functional.leaky_relu(z, float(below))
    residual = act @ params[2] + params[3] - (float(land.problem.alpha) * x + float(land.problem.beta))
    loss = (weight * residual**2).sum()
    gradient = torch.autograd.grad(loss, params)
    assert land.loss(params) == pytest.approx(loss.item(), rel=1e-12)
    for mine, its in zip(land.gradient(params), gradient, strict=True):
        assert mine == pytest.approx(its.numpy(), rel=1e-10, abs=1e-11)


def test_conventions():
    land = th.AffineTargetLandscape(1)
    params = ([0], [0], [3], "1/2")
    assert not any(flat(land.gradient(params)))
    assert flat(land.gradient(params, convention="closed"))[0] == Fraction(-1, 2)
    with pytest.raises(th.DataError, match="convention is 'right'"):
        land.gradient(params, convention="right")
    with pytest.raises(th.NotCoveredError, match="w = b = 0"):
        land.hessian_vector_product(params, params)


def test_exact_and_float_arguments_mix():
    land = th.AffineTargetLandscape(2)
    exact, floats = ([1, -1], ["-1/2", 2], [2, 3], 1), ([1.0, -1.0], [0.5, 1.0], [2.0, 3.0], 1.0)
    product = land.hessian_vector_product(exact, floats)
    assert product[0].dtype == np.float64
    assert land.second_order_form(exact, floats) == pytest.approx(float(land.pack(floats) @ land.pack(product)))
