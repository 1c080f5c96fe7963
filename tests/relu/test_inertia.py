"""Index and nullity at points without kinks, against the exact inertia of dense rational Hessians."""

from fractions import Fraction

import numpy as np
import pytest

from tests.relu.points import SLOPES, fractions, outputs
from theodolite import Kind
from theodolite._numerics import exact_inertia, exact_nullspace
from theodolite.relu import ReluLandscape


def smooth_critical_point(seed):
    """Weights in open cells, some output weights 0, and targets for which the gradient vanishes."""
    rng = np.random.default_rng(seed)
    d, n, h = int(rng.integers(1, 4)), int(rng.integers(2, 9)), int(rng.integers(1, 4))
    gamma, offset = SLOPES[seed % 4], bool(seed % 3 == 0)
    rows = rng.integers(-3, 4, (n, d))
    while True:
        weights = rng.integers(-5, 6, (h, d))
        if seed % 5 == 0 and h > 1:
            weights[1] = weights[0]
        before = rows @ weights.T
        if ((before != 0) | (rows == 0).all(axis=1)[:, None]).all():
            break
        rows = rng.integers(-3, 4, (n, d))
    outer = rng.choice([-2, 0, 0, 1], h)
    rows, weights, outer = fractions(rows), fractions(weights), fractions(outer)
    c = Fraction(1, 3) if offset else Fraction(0)
    slopes = np.where(before > 0, Fraction(1), gamma)
    constraints = [row for j in np.flatnonzero(outer) for row in (rows * slopes[:, j, None]).T]
    constraints += [(rows * slopes[:, j, None]) @ weights[j] for j in np.flatnonzero(outer == 0)]
    constraints += [fractions(np.ones(n, dtype=int))] if offset else []
    kernel = exact_nullspace(np.array(constraints, dtype=object).reshape(-1, n))
    error = kernel @ fractions(rng.integers(-3, 4, kernel.shape[1])) if kernel.shape[1] else fractions([0] * n)
    y = outputs(rows, gamma, weights, outer, c) - error
    land = ReluLandscape(rows, y, h, output_bias=offset, negative_slope=gamma)
    return land, (weights, outer, *([fractions(c).reshape(())] if offset else []))


@pytest.mark.parametrize("seed", range(120))
def test_index_and_nullity(seed):
    land, params = smooth_critical_point(seed)
    found = land.classify(params)
    true = exact_inertia(land.hessian(params).todense())
    assert (found.index, found.nullity) == (true.negative, true.zero)
    assert (found.kind is Kind.STRICT_SADDLE) == (true.negative > 0)
    if true.negative:
        vector = land.pack(found.escape.vector)
        assert vector @ land.hessian(params).todense() @ vector == found.escape.curvature < 0
    floats = tuple(np.asarray(part, dtype=object).astype(float) for part in params)
    floating = land.classify(floats)
    if floating.kind is not Kind.UNDECIDED and floating.nullity is not None:
        assert (floating.index, floating.nullity) == (true.negative, true.zero)


def test_points_with_kinks_have_no_index():
    found = ReluLandscape([[1, 0], [0, 1]], [1, -1], 1).classify(([[1, 0]], [1]))
    assert found.kind.is_minimum
    assert (found.index, found.nullity) == (None, None)


def test_gram_blocks_agree_with_the_dense_rank(monkeypatch):
    from theodolite.relu import _inertia

    rng = np.random.default_rng(1)
    x = rng.standard_normal((300, 4))
    weights, outer = rng.standard_normal((6, 4)), np.array([1.0, -1.0, 2.0, 0.5, 1.0, -3.0])
    signs = np.sign(x @ weights.T).astype(np.int8)
    from theodolite.relu._point import Point

    land = ReluLandscape(x, rng.standard_normal(300), 6)
    point, leaving = Point(weights, outer, 0.0), np.zeros(6, dtype=bool)
    dense, _ = _inertia.nullity(land.problem, point, signs, leaving)
    monkeypatch.setattr(_inertia, "_MOST_DENSE", 0)
    blocked, clear = _inertia.nullity(land.problem, point, signs, leaving)
    assert dense == blocked == 6
    assert clear.margin > 1e3
    monkeypatch.setattr(_inertia, "_MOST_PRODUCTS", 0)
    left_open, why = _inertia.nullity(land.problem, point, signs, leaving)
    assert left_open is None
    assert "left open" in str(why)
