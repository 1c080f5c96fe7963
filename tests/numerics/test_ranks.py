"""Rank decisions and Jacobi singular values, against 60-digit arithmetic and matrices whose rank is known."""

from math import inf

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from theodolite._errors import DataError
from theodolite._numerics import column_equilibrated, decide_rank, jacobi_singular_values, numerical_rank

entries = st.floats(-1e3, 1e3).map(lambda x: x if abs(x) > 1e-30 else 0.0) | st.sampled_from([0.0, 1.0, -1.0])
matrices = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=5), elements=entries)
sizes = st.integers(1, 5)


def exact_singular_values(matrix, digits=60):
    with mpmath.workdps(digits):
        values = mpmath.svd_r(mpmath.matrix(matrix.tolist()), compute_uv=False)
        return sorted((values[i] for i in range(min(matrix.shape))), reverse=True)


@given(st.integers(0, 2**32), sizes, st.integers(0, 3))
def test_graded_columns_keep_relative_accuracy(seed, columns, more):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((columns + more, columns)))[0]
    core = basis @ np.linalg.qr(rng.standard_normal((columns, columns)))[0] + 0.1 * rng.uniform(size=basis.shape)
    matrix = core * 10.0 ** rng.uniform(-8, 8, columns)
    for given_matrix in (matrix, matrix.T):
        found = jacobi_singular_values(given_matrix).values
        truth = exact_singular_values(given_matrix)
        assert all(abs(mpmath.mpf(float(f)) / t - 1) < 1e-13 for f, t in zip(found, truth, strict=True))


@given(matrices, st.booleans(), st.integers(-290, 290))
def test_decomposition_is_orthonormal_and_reproduces_the_matrix(matrix, full, power):
    matrix = matrix * 10.0**power
    rows, columns = matrix.shape
    thin = min(rows, columns)
    left, values, right = jacobi_singular_values(matrix, full_matrices=full)
    assert left.shape == (rows, rows if full else thin)
    assert right.shape == (columns, columns if full else thin)
    assert np.abs(left.T @ left - np.eye(left.shape[1])).max(initial=0) < 1e-13
    assert np.abs(right.T @ right - np.eye(right.shape[1])).max(initial=0) < 1e-13
    assert (np.diff(values) <= 0).all()
    assert (values >= 0).all()
    scale = np.abs(matrix).max(initial=0) or 1.0
    assert np.abs((left[:, :thin] * (values / scale)) @ right[:, :thin].T - matrix / scale).max(initial=0) < 1e-13


@given(matrices, st.integers(-300, 290))
def test_equilibration_is_exact(matrix, power):
    matrix = np.ldexp(matrix, power)
    scaled, exponents = column_equilibrated(matrix)
    assert np.array_equal(np.ldexp(scaled, exponents), matrix)
    norms = np.linalg.norm(scaled, axis=0)
    zero = ~matrix.any(axis=0)
    assert ((norms >= 0.5) & (norms <= 1.0))[~zero].all()
    assert (norms[zero] == 0).all()
    assert (exponents[zero] == 0).all()


@pytest.mark.parametrize("size", [1e308, 5e-324, 2.0**-1074 * 3])
def test_equilibration_at_the_ends_of_the_range(size):
    matrix = np.full((3, 2), size)
    scaled, exponents = column_equilibrated(matrix)
    assert np.array_equal(np.ldexp(scaled, exponents), matrix)
    assert np.linalg.norm(scaled, axis=0) == pytest.approx(np.linalg.norm(scaled, axis=0).clip(0.5, 1))


@given(st.integers(0, 2**32), st.integers(0, 4), sizes, sizes)
def test_known_rank_is_found_with_margin(seed, rank, rows, columns):
    rng = np.random.default_rng(seed)
    rank = min(rank, rows, columns)
    left = np.linalg.qr(rng.standard_normal((rows, rows)))[0][:, :rank]
    right = np.linalg.qr(rng.standard_normal((columns, columns)))[0][:, :rank]
    noise = rng.standard_normal((rows, columns))
    noise *= 1e-9 / np.linalg.norm(noise, 2)
    decision = numerical_rank(left * rng.uniform(1, 2, rank) @ right.T + noise, error=1e-7)
    assert decision.rank == rank
    assert decision.clear(50)


def test_ties_and_degenerate_matrices():
    tie = decide_rank(np.array([1.0, 0.5]), 0.5)
    assert (tie.rank, tie.margin) == (1, 1.0)
    zero = numerical_rank(np.zeros((2, 3)), 0.0)
    assert (zero.rank, zero.tolerance, zero.margin, zero.smallest_kept) == (0, 0.0, inf, inf)
    assert numerical_rank(np.zeros((0, 3)), 1e-3).rank == 0
    assert numerical_rank(np.full((2, 2), 4e307), 0.0).rank == 1
    assert numerical_rank(np.eye(2) * 1e-310, 0.0).rank == 2
    rounded = numerical_rank(np.outer([0.1, 0.3, 0.7], [1.0, 1 / 3, 1 / 7]), 0.0)
    assert (rounded.rank, rounded.tolerance > rounded.largest_dropped > 0) == (1, True)
    full = numerical_rank(np.eye(2), 0.0)
    assert full.rank == 2
    assert full.largest_dropped == 0.0


def test_refusals():
    with pytest.raises(DataError, match="not finite"):
        numerical_rank(np.array([[np.nan]]), 0.0)
    with pytest.raises(DataError, match="-1"):
        decide_rank(np.array([1.0]), -1.0)
