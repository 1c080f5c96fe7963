"""Loss and derivatives of ReLU landscapes against automatic differentiation and rationals; options that are refused."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th
from theodolite._registry import build
from theodolite.io import parse_network

OPTIONS = list(itertools.product([False, True], [False, True], [0, 0.1, 2.0], ["half_sum", "sum", "mean"], [1, 2]))


def network_loss(
    land: th.ReluLandscape, X: torch.Tensor, y: torch.Tensor, slope: float, reduction: str, flat: torch.Tensor
):
    """The loss of packed parameters, from the formula in the class's docstring."""
    bias, offset = (
        len(land.parameter_shapes) - 2 > 0 and land.parameter_shapes[1] == land.parameter_shapes[0][:1],
        False,
    )
    parts = []
    start = 0
    for shape in land.parameter_shapes:
        size = int(np.prod(shape))
        parts.append(flat[start : start + size].reshape(shape))
        start += size
    names = land.specification.partition("+")[2]
    bias, offset = names in ("bias", "hidden-bias"), names in ("bias", "output-bias")
    weights = parts.pop(0)
    before = X @ weights.T + (parts.pop(0) if bias else 0)
    outputs = torch.nn.functional.leaky_relu(before, slope) @ torch.atleast_2d(parts.pop(0)).T
    outputs = outputs + (parts.pop(0) if offset else 0)
    squares = (outputs - y.reshape(len(X), -1)) ** 2
    return {"half_sum": squares.sum() / 2, "sum": squares.sum(), "mean": squares.mean()}[reduction]


@pytest.mark.parametrize(("bias", "output_bias", "slope", "reduction", "outputs"), OPTIONS)
def test_derivatives_are_those_of_autograd(
    bias: bool, output_bias: bool, slope: float, reduction: str, outputs: int
) -> None:
    rng = np.random.default_rng([bias, output_bias, outputs, int(10 * slope), len(reduction)])
    X, y = rng.normal(size=(7, 3)), rng.normal(size=(7, outputs))
    land = th.ReluLandscape(X, y, 4, bias=bias, output_bias=output_bias, negative_slope=slope, reduction=reduction)
    flat, direction = rng.normal(size=(2, land.parameter_count))

    def loss(vector: torch.Tensor) -> torch.Tensor:
        return network_loss(land, torch.tensor(X), torch.tensor(y), slope, reduction, vector)

    point = torch.tensor(flat)
    params, change = land.unpack(flat), land.unpack(direction)
    gradient = torch.autograd.functional.jacobian(loss, point).numpy()
    hessian = torch.autograd.functional.hessian(loss, point).numpy()
    assert land.loss(params) == pytest.approx(float(loss(point)))
    assert land.pack(land.gradient(params)) == pytest.approx(gradient)
    assert land.pack(land.hessian_vector_product(params, change)) == pytest.approx(hessian @ direction)
    assert land.directional_derivative(params, change) == pytest.approx(gradient @ direction)
    assert np.asarray(land.hessian(params).todense()) == pytest.approx(hessian)


@pytest.mark.parametrize("slope", [0.0, 0.3, 3.0])
def test_at_kinks_the_gradient_is_that_of_autograd(slope: float) -> None:
    X, y = np.array([[1.0, 2.0], [2.0, -1.0], [0.0, 0.0], [1.0, 1.0]]), np.array([1.0, 2.0, 3.0, -1.0])
    land = th.ReluLandscape(X, y, 2, negative_slope=slope)
    flat = np.array([1.0, 2.0, 0.0, 0.0, 2.0, -1.0])
    point = torch.tensor(flat, requires_grad=True)
    network_loss(land, torch.tensor(X), torch.tensor(y), slope, "half_sum", point).backward()
    assert land.pack(land.gradient(land.unpack(flat))) == pytest.approx(point.grad.numpy())
    with pytest.raises(th.NotCoveredError, match="neuron 1 is exactly 0 on sample 0"):
        land.hessian(land.unpack(flat))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_exact_losses_and_one_sided_derivatives_are_limits_of_quotients(data: st.DataObject) -> None:
    number = st.fractions(-3, 3, max_denominator=4)
    n, d, hidden = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
    X = [[data.draw(number) for _ in range(d)] for _ in range(n)]
    y = [data.draw(number) for _ in range(n)]
    slope = data.draw(st.sampled_from([0, Fraction(1, 3), 2]))
    bias, offset = data.draw(st.booleans()), data.draw(st.booleans())
    land = th.ReluLandscape(X, y, hidden, bias=bias, output_bias=offset, negative_slope=slope, reduction="mean")
    count = land.parameter_count
    point, way = (np.array([data.draw(number) for _ in range(count)], dtype=object) for _ in range(2))
    params = land.unpack(point)

    def by_hand(vector: np.ndarray) -> Fraction:
        parts = list(land.unpack(vector))
        weights = parts.pop(0)
        biases = parts.pop(0) if bias else [Fraction(0)] * hidden
        outer = parts.pop(0)
        total = Fraction(0)
        for row, target in zip(X, y, strict=True):
            value = parts[0][()] if offset else Fraction(0)
            for j in range(hidden):
                t = sum((a * b for a, b in zip(weights[j], row, strict=True)), Fraction(0)) + biases[j]
                value += outer[j] * (t if t >= 0 else slope * t)
            total += (value - target) ** 2
        return total / n

    assert land.loss(params) == by_hand(point)
    assert isinstance(land.loss(params), Fraction)
    slopes = [
        (by_hand(point + step * way) - by_hand(point)) / step for step in (Fraction(1, 2**40), Fraction(1, 2**41))
    ]
    derivative = land.directional_derivative(params, land.unpack(way))
    assert abs(2 * slopes[1] - slopes[0] - derivative) < Fraction(1, 2**50)
    floats = th.ReluLandscape(
        np.array(X, dtype=float), np.array(y, dtype=float), hidden,
        bias=bias, output_bias=offset, negative_slope=slope, reduction="mean",
    )  # fmt: skip
    assert floats.loss(params) == pytest.approx(float(by_hand(point)))


def test_arithmetic_says_what_stays_exact() -> None:
    exact = th.ReluLandscape([[1], [2]], ["0.1", "1/3"], hidden=1)
    assert exact.problem.exact
    assert (
        exact.loss(([[1]], ["1/3"]))
        == (Fraction(1, 3) - Fraction(1, 10)) ** 2 / 2 + (Fraction(2, 3) - Fraction(1, 3)) ** 2 / 2
    )
    assert isinstance(exact.loss(([[1.0]], [0.5])), float)
    rounded = th.ReluLandscape([[1.0], [2.0]], [0.1, 0.3], hidden=1)
    assert not rounded.problem.exact
    verified = th.ReluLandscape([[1.0], [2.0]], [0.1, 0.3], hidden=1, arithmetic="verified")
    assert verified.loss(([[1.0]], [0.0])) == (Fraction(0.1) ** 2 + Fraction(0.3) ** 2) / 2
    assert not th.ReluLandscape([[1], [2]], [1, 2], hidden=1, arithmetic="float64").problem.exact
    assert not th.ReluLandscape([[1], [2]], [1, 2], hidden=1, negative_slope=0.1).problem.exact
    strict = th.ReluLandscape([[1], [2]], [1, 2], hidden=1, negative_slope="0.1", arithmetic="exact")
    with pytest.raises(th.DataError, match="The parameters are floats"):
        strict.loss(([[1.0]], [0.5]))


def test_fingerprints_tell_landscapes_apart() -> None:
    X, y = [[1, 2], [3, 4], [5, 7]], [1, 2, 3]
    made = [
        th.ReluLandscape(X, y, 2),
        th.ReluLandscape(X, y, 3),
        th.ReluLandscape(X, y[::-1], 2),
        th.ReluLandscape(np.array(X, dtype=float), y, 2),
        *(th.ReluLandscape(X, y, 2, **{name: True}) for name in ("bias", "output_bias")),
        th.ReluLandscape(X, y, 2, negative_slope="0.1"),
        th.ReluLandscape(X, y, 2, reduction="mean"),
    ]
    assert len({land.fingerprint for land in made}) == len(made)
    assert th.ReluLandscape(np.array(X), np.array(y), 2).fingerprint == made[0].fingerprint


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"hidden": 0}, th.ShapeError, "hidden is 0"),
        ({"hidden": (2, 3)}, th.ShapeError, "one hidden layer"),
        ({"hidden": 2.5}, th.ShapeError, "hidden is 2.5"),
        ({"hidden": 10**9}, th.ShapeError, "parameters"),
        ({"bias": "yes"}, th.DataError, "bias is 'yes'"),
        ({"output_bias": 1}, th.DataError, "output_bias is 1"),
        ({"negative_slope": -0.1}, th.DataError, "below 0"),
        ({"negative_slope": 1}, th.NotCoveredError, "LinearLandscape"),
        ({"negative_slope": float("nan")}, th.DataError, "negative_slope"),
        ({"reduction": "max"}, th.DataError, "reduction is 'max'"),
        ({"arithmetic": "fast"}, th.DataError, "arithmetic is 'fast'"),
        ({"X": [[1.0, 2.0]], "y": [1], "arithmetic": "exact"}, th.DataError, "X holds floats"),
        ({"y": [1, 2, 3]}, th.ShapeError, "X has 2 rows and y has 3"),
        ({"X": np.empty((0, 2)), "y": np.empty(0)}, th.ShapeError, "at least one row"),
        ({"X": [[1, 2], [3, 1e200]]}, th.DataError, "1e150"),
        ({"X": [[1, 2], [3, float("inf")]]}, th.DataError, "X"),
    ],
)
def test_what_cannot_be_used_is_refused(options: dict[str, object], error: type[Exception], said: str) -> None:
    given = {"X": [[1, 2], [3, 4]], "y": [1, 2], "hidden": 2, **options}
    with pytest.raises(error, match=said):
        th.ReluLandscape(**given)


@pytest.mark.parametrize(
    ("network", "kind", "shapes"),
    [
        ("relu:2-3-1", "ReluLandscape", ((3, 2), (3,))),
        ("relu:2-3-1+bias", "ReluLandscape", ((3, 2), (3,), (3,), ())),
        ("relu:2-3-1+hidden-bias", "ReluLandscape", ((3, 2), (3,), (3,))),
        ("leaky_relu(0.1):2-3-1+output-bias", "ReluLandscape", ((3, 2), (3,), ())),
        ("relu:2-3-2", "ReluLandscape", ((3, 2), (2, 3))),
        ("leaky_relu(0.1):2-3-2", "ActivatedLandscape", ((3, 2), (2, 3))),
    ],
)
def test_specifications_name_landscapes(network: str, kind: str, shapes: tuple[tuple[int, ...], ...]) -> None:
    targets = np.ones((2, parse_network(network).widths[-1]))
    land = build(network, np.array([[1.0, 2.0], [3.0, 5.0]]), targets)
    assert type(land).__name__ == kind
    assert land.parameter_shapes == shapes
    if kind == "ReluLandscape":
        assert land.specification == network.replace("0.1", "1/10")
        assert land.description().network == land.specification


@pytest.mark.parametrize(("network", "said"), [("relu:2-3-3-1", "one hidden layer"), ("relu:2-3-1", "weight decay")])
def test_specifications_that_are_not_covered(network: str, said: str) -> None:
    options = {"l2": 0.1} if said == "weight decay" else {}
    with pytest.raises(th.NotCoveredError, match=said):
        build(network, [[1, 2]], [1], **options)


def test_huge_parameters_give_infinite_losses_without_warnings() -> None:
    land = th.ReluLandscape([[1.0], [2.0]], [1.0, 2.0], hidden=1)
    assert land.loss(([[1e200]], [1e200])) == float("inf")
    land.gradient(([[1e200]], [1e200]))


def test_the_data_comes_back_without_the_column_of_the_bias() -> None:
    land = th.ReluLandscape([[1, 2], [3, 4]], [1, 2], hidden=1, bias=True)
    data = land.data_arrays()
    assert data["X"].tolist() == [[1, 2], [3, 4]]
    assert data["y"].tolist() == [1, 2]
