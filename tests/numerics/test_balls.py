"""Enclosures of floats as given, against exact algebraic eigenvalues of the same binary numbers."""

from fractions import Fraction
from math import inf

import flint
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from theodolite._errors import DataError
from theodolite._numerics import (
    as_fractions,
    eigenvalues,
    enclose_eigenvalues,
    enclose_product,
    enclose_singular_values,
    exact_product,
    exact_rank,
    verified_rank,
)
from theodolite._numerics._balls import _intervals

TINY = 5e-324
entries = st.floats(-1e3, 1e3).map(lambda x: x if abs(x) > 1e-60 else 0.0) | st.sampled_from([0.0, 1.0, -1.0, 0.5])
matrices = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=4), elements=entries)
squares = st.integers(0, 4).flatmap(lambda n: arrays(np.float64, (n, n), elements=entries))


def exact_spectrum(symmetric):
    return [value for value, multiplicity in eigenvalues(symmetric) for _ in range(multiplicity)]


def assert_narrow(intervals, relative):
    for low, high in intervals:
        assert high - low <= relative * max(abs(low), abs(high)) + 2 * TINY


def assert_encloses_singular_values(matrix, intervals):
    exact = as_fractions(matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T)
    truth = exact_spectrum(exact_product(exact.T, exact))
    assert len(intervals) == len(truth) == min(matrix.shape)
    for (low, high), square in zip(intervals, truth, strict=True):
        assert 0 <= low <= high
        assert Fraction(low) ** 2 <= square <= Fraction(high) ** 2


@given(matrices, st.lists(st.integers(-8, 8), min_size=4, max_size=4))
def test_singular_values_are_enclosed(matrix, powers):
    matrix = matrix * 10.0 ** np.array(powers[: matrix.shape[1]])
    for given_matrix in (matrix, matrix.T):
        intervals = enclose_singular_values(given_matrix)
        assert_encloses_singular_values(given_matrix, intervals)
        assert_narrow(intervals, 1e-12)


@given(squares, st.lists(st.integers(-8, 8), min_size=4, max_size=4), st.booleans())
def test_eigenvalues_are_enclosed(matrix, powers, graded):
    matrix = (matrix + matrix.T) / 2
    if graded:
        scale = 2.0 ** np.array(powers[: len(matrix)])
        matrix = matrix * scale * scale[:, None]
    intervals = enclose_eigenvalues(matrix)
    truth = exact_spectrum(as_fractions(matrix))
    assert all(low <= value <= high for (low, high), value in zip(intervals, truth, strict=True))
    assert_narrow(intervals, 1e-12)


@pytest.mark.parametrize("size", [4, 8, 12])
def test_hilbert_matrices(size):
    hilbert = np.array([[1 / (i + j + 1) for j in range(size)] for i in range(size)])
    intervals = enclose_singular_values(hilbert)
    assert_encloses_singular_values(hilbert, intervals)
    assert_narrow(intervals, 1e-12)
    assert_encloses_singular_values(hilbert, enclose_eigenvalues(hilbert))
    with mpmath.workdps(60):
        truth = mpmath.svd_r(mpmath.matrix(hilbert.tolist()), compute_uv=False)
        assert all(low <= truth[i] <= high for i, (low, high) in enumerate(intervals))


def test_columns_from_small_to_large():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((12, 6)) * 10.0 ** np.array([-8.0, 8.0, 0.0, 3.0, -5.0, 5.0])
    intervals = enclose_singular_values(matrix)
    assert_encloses_singular_values(matrix, intervals)
    assert_narrow(intervals, 1e-12)


def test_equal_zeros_do_not_disturb_the_other_values():
    matrix = np.ones((3, 3)) * [1.0, 1.0, 0.1]
    intervals = enclose_singular_values(matrix)
    assert_encloses_singular_values(matrix, intervals)
    assert_narrow(intervals, 1e-12)
    assert intervals[1:] == [(0.0, 0.0)] * 2


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_the_bound_holds_for_rough_vectors(seed, size):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-9, 10, (size, size)) / 8 + np.diag(rng.choice([0, 5], size))
    matrix = (matrix + matrix.T) / 2
    vectors = np.eye(size) + rng.integers(-4, 5, (size, size)) / 128
    basis = flint.arb_mat(vectors.tolist())
    found, _ = _intervals(basis.transpose() * flint.arb_mat(matrix.tolist()) * basis, basis.transpose() * basis)
    for (low, high), value in zip(found, exact_spectrum(as_fractions(matrix)), strict=True):
        assert float(low) - 1e-12 <= float(value) <= float(high) + 1e-12


def test_extreme_spread_needs_many_bits():
    matrix = np.array([[1e150, 1e150], [1e150, np.nextafter(1e150, 2e150)], [1e-150, 0.0]])
    intervals = enclose_singular_values(matrix)
    assert_encloses_singular_values(matrix, intervals)
    assert_narrow(intervals, 1e-12)
    capped = enclose_singular_values(np.diag([1.0, 1e-200]) @ np.array([[1.0, 1.0], [1.0, -1.0]]), max_bits=128)
    assert capped[0][0] == pytest.approx(2**0.5)
    assert capped[1][0] <= 2**0.5 * 1e-200 <= capped[1][1]


def test_repeated_and_nearly_repeated_values():
    rng = np.random.default_rng(1)
    basis = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    matrix = basis * [2, 2, 2, 1, 1 + 1e-13, 1e-9] @ basis.T
    matrix = (matrix + matrix.T) / 2
    intervals = enclose_eigenvalues(matrix, relative=1e-15)
    truth = exact_spectrum(as_fractions(matrix))
    assert all(low <= value <= high for (low, high), value in zip(intervals, truth, strict=True))
    assert intervals[3][0] > intervals[4][1], "eigenvalues 1e-13 apart are told apart"
    exactly = enclose_eigenvalues(np.kron(np.eye(3), np.array([[2.0, 1.0], [1.0, 2.0]])))
    assert [sum(low <= value <= high for low, high in exactly) for value in (3, 1)] == [3, 3]


def test_larger_matrix_against_mpmath():
    rng = np.random.default_rng(2)
    matrix = rng.standard_normal((30, 25)) @ np.diag(10.0 ** rng.uniform(-6, 6, 25))
    intervals = enclose_singular_values(matrix)
    with mpmath.workdps(60):
        truth = mpmath.svd_r(mpmath.matrix(matrix.tolist()), compute_uv=False)
        assert all(low <= truth[i] <= high for i, (low, high) in enumerate(intervals))
    assert_narrow(intervals, 1e-12)


@given(matrices, st.integers(0, 4))
def test_products_are_enclosed(left, columns):
    right = np.linspace(-1, 1.7, left.shape[1] * columns).reshape(left.shape[1], columns)
    low, high = enclose_product(left, right)
    exact = exact_product(as_fractions(left), as_fractions(right))
    assert low.shape == high.shape == exact.shape
    for place in np.ndindex(*exact.shape):
        assert Fraction(low[place]) <= exact[place] <= Fraction(high[place])
        assert high[place] <= np.nextafter(np.nextafter(low[place], inf), inf)


@given(matrices)
def test_rank_of_floats_as_given(matrix):
    decision = verified_rank(matrix)
    assert decision.rank == exact_rank(as_fractions(matrix))
    assert decision.largest_dropped == 0.0
    assert decision.margin == inf


def test_a_singular_value_below_all_floats_leaves_the_rank_open():
    decision = verified_rank(np.array([[0.0, 1e-200], [1e-200, 1.0]]))
    assert (decision.rank, decision.largest_dropped, decision.margin) == (1, TINY, 0.0)


def test_rank_within_an_error():
    matrix = np.diag([1.0, 1e-3, 1e-9])
    decision = verified_rank(matrix, 1e-6)
    assert decision.rank == 2
    assert decision.margin == pytest.approx(1e3, rel=1e-2)
    assert not verified_rank(matrix, 1e-3).clear(1.01)


def test_refusals():
    with pytest.raises(DataError, match="not symmetric"):
        enclose_eigenvalues(np.array([[0.0, 1.0], [0.0, 0.0]]))
    with pytest.raises(DataError, match="not finite"):
        enclose_singular_values(np.array([[inf]]))
    with pytest.raises(DataError, match="not finite"):
        enclose_eigenvalues(np.array([[inf]]))
