"""The base classes on toy landscapes: packing, the one-sided derivative, the Hessian operator, lazy filtered listing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import LinearOperator, eigsh

import theodolite as th
from tests.support.wells import Wells

SHAPES = ((2, 2), (3,), ())


def torch_loss(vector):
    """A quartic with every mixed term: 1/2 |v|^2 + 1/4 (sum v)^4 + v_0 v_1 v_2."""
    return 0.5 * (vector**2).sum() + 0.25 * vector.sum() ** 4 + vector[0] * vector[1] * vector[2]


class Quartic(th.Landscape):
    """The same loss with its derivatives by hand."""

    parameter_shapes = SHAPES
    specification = "quartic:8"
    fingerprint = "0"

    def description(self):
        raise AssertionError("not asked for here")

    classify = escape = description

    def loss(self, params):
        return float(torch_loss(torch.from_numpy(self.pack(params))))

    def gradient(self, params):
        v = self.pack(params)
        slope = v + v.sum() ** 3
        slope[:3] += [v[1] * v[2], v[0] * v[2], v[0] * v[1]]
        return self.unpack(slope)

    def hessian_vector_product(self, params, direction):
        v, u = self.pack(params), self.pack(direction)
        out = u + 3 * v.sum() ** 2 * u.sum()
        out[:3] += [v[1] * u[2] + v[2] * u[1], v[0] * u[2] + v[2] * u[0], v[0] * u[1] + v[1] * u[0]]
        return self.unpack(out)


LAND = Quartic()
vectors = st.lists(st.floats(-3, 3), min_size=8, max_size=8).map(np.array)


@given(vectors)
def test_packing_and_unpacking_undo_each_other(vector):
    params = LAND.unpack(vector)
    assert [array.shape for array in params] == list(SHAPES)
    assert LAND.pack(params).tolist() == vector.tolist()
    assert LAND.parameter_count == 8
    assert params[0].ravel().tolist() == vector[:4].tolist()


@pytest.mark.parametrize("size", [0, 7, 9])
def test_a_vector_of_another_size_is_refused(size):
    with pytest.raises(th.ShapeError, match=f"The vector has {size} entries: quartic:8 has 8 parameters"):
        LAND.unpack(np.zeros(size))


@given(vectors, vectors)
def test_the_hessian_is_what_autodiff_says(vector, other):
    hessian = LAND.hessian(LAND.unpack(vector))
    expected = torch.autograd.functional.hessian(torch_loss, torch.from_numpy(vector)).numpy()
    scale = 1 + np.abs(expected).max()
    assert isinstance(hessian, LinearOperator)
    assert hessian.shape == (8, 8)
    np.testing.assert_allclose(hessian.todense(), expected, atol=1e-13 * scale)
    np.testing.assert_allclose(hessian @ other, expected @ other, atol=1e-12 * scale)
    np.testing.assert_allclose(hessian.T @ other, expected @ other, atol=1e-12 * scale)
    np.testing.assert_allclose(hessian.H @ other, expected @ other, atol=1e-12 * scale)
    block = np.stack([other, vector], axis=1)
    np.testing.assert_allclose(hessian @ block, expected @ block, atol=1e-12 * scale)
    np.testing.assert_allclose((2 * hessian) @ other, 2 * expected @ other, atol=1e-12 * scale)


def test_the_hessian_serves_scipy():
    hessian = LAND.hessian(LAND.unpack(np.arange(8) / 4))
    top = eigsh(hessian, k=1, which="LA", v0=np.ones(8), return_eigenvectors=False)
    assert top[0] == pytest.approx(np.linalg.eigvalsh(hessian.todense())[-1], rel=1e-10)
    assert (hessian.todense() == hessian.todense().T).all()


@given(vectors, vectors)
def test_the_directional_derivative_is_the_slope_of_the_loss(vector, direction):
    start = torch.tensor(vector, requires_grad=True)
    (gradient,) = torch.autograd.grad(torch_loss(start), start)
    slope = gradient.numpy() @ direction
    found = LAND.directional_derivative(LAND.unpack(vector), LAND.unpack(direction))
    assert float(found) == pytest.approx(float(slope), rel=1e-11, abs=1e-9)


def test_abstract_landscapes_cannot_be_made():
    for kind in (th.Landscape, th.SurveyableLandscape):
        with pytest.raises(TypeError, match="abstract"):
            kind()


def test_filters_keep_what_a_full_list_would():
    land = Wells((3.0, 5.0, 9.0), (1.0, 0.25, 2.0))
    everything = list(land.critical_sets())
    assert len(everything) == land.count() == land.workload() == 27
    values = [float(item.value) for item in everything]
    assert values == sorted(values)
    middle = values[13]
    for options, keep in [
        ({"kind": th.Kind.STRICT_SADDLE}, lambda s: s.kind is th.Kind.STRICT_SADDLE),
        ({"below": middle}, lambda s: s.value < middle),
        ({"above": middle}, lambda s: s.value > middle),
        ({"max_index": 1}, lambda s: s.index <= 1),
        (
            {"below": middle, "above": values[3], "max_index": 2},
            lambda s: values[3] < s.value < middle and s.index <= 2,
        ),
        ({"below": -1.0}, lambda s: False),
    ]:
        found = [item.label for item in land.critical_sets(**options)]
        assert found == [item.label for item in everything if keep(item)]


def test_listing_is_lazy():
    class Counting(Wells):
        solved = 0

        def solve(self, item):
            self.solved += 1
            return super().solve(item)

    land = Counting((3.0, 5.0, 9.0), (1.0, 0.25, 2.0))
    first = next(land.critical_sets())
    assert land.solved == 1
    assert first.label == land.global_minimum().label
