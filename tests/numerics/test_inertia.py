"""Exact inertia, against an elimination with pivots in plain fractions and against NumPy where eigenvalues are far from zero."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite._errors import DataError, ShapeError
from theodolite._numerics import as_fractions, exact_inertia

entries = st.fractions(-3, 3, max_denominator=4) | st.sampled_from([Fraction(0), Fraction(1), Fraction(-(10**30))])


def inertia_by_elimination(matrix):
    """LDLᵀ by congruences: a diagonal pivot where there is one, else a pair of rows, which counts one of each sign."""
    rest = as_fractions(matrix)
    negative = positive = 0
    while len(rest):
        size = len(rest)
        diagonal = [i for i in range(size) if rest[i, i] != 0]
        if diagonal:
            i = diagonal[0]
            pivot = rest[i, i]
            positive, negative = positive + (pivot > 0), negative + (pivot < 0)
            keep = [k for k in range(size) if k != i]
            rest = rest[np.ix_(keep, keep)] - np.outer(rest[keep, i], rest[i, keep]) / pivot
            continue
        pairs = [(i, j) for i in range(size) for j in range(i) if rest[i, j] != 0]
        if not pairs:
            break
        i, j = pairs[0]
        positive, negative = positive + 1, negative + 1
        keep = [k for k in range(size) if k not in (i, j)]
        cross = np.outer(rest[keep, i], rest[j, keep])
        rest = rest[np.ix_(keep, keep)] - (cross + cross.T) / rest[i, j]
    return negative, len(matrix) - negative - positive, positive


@st.composite
def symmetric_matrices(draw, max_size=6):
    size, rank = draw(st.integers(0, max_size)), draw(st.integers(0, max_size))
    matrix = np.full((size, size), Fraction(0), dtype=object)
    for _ in range(rank):
        vector = np.array(draw(st.lists(entries, min_size=size, max_size=size)), dtype=object)
        other = np.array(draw(st.lists(entries, min_size=size, max_size=size)), dtype=object)
        matrix = matrix + (np.outer(vector, other) + np.outer(other, vector))
    return matrix


@given(symmetric_matrices())
def test_agrees_with_elimination(matrix):
    assert tuple(exact_inertia(matrix)) == inertia_by_elimination(matrix)


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_agrees_with_numpy_on_separated_spectra(seed, size):
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], size)
    basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
    matrix = basis * (signs * rng.uniform(1, 2, size)) @ basis.T
    matrix = (matrix + matrix.T) / 2
    assert exact_inertia(matrix) == ((signs < 0).sum(), 0, (signs > 0).sum())


@pytest.mark.parametrize("size", [0, 1, 5])
def test_zero_matrix(size):
    assert exact_inertia(np.zeros((size, size), dtype=object)) == (0, size, 0)


@pytest.mark.parametrize(
    ("entry", "expected"), [(-(10**500), (1, 0, 0)), (0, (0, 1, 0)), (Fraction(1, 10**500), (0, 0, 1))]
)
def test_single_entry(entry, expected):
    assert exact_inertia(np.array([[entry]], dtype=object)) == expected


def test_tiny_next_to_huge():
    matrix = np.diag(np.array([10**300, -1, Fraction(1, 10**300), 0], dtype=object))
    assert exact_inertia(matrix) == (1, 1, 2)


def test_hilbert_minus_its_smallest_part_of_a_float_eigenvalue():
    hilbert = as_fractions([[Fraction(1, i + j + 1) for j in range(14)] for i in range(14)])
    assert exact_inertia(hilbert) == (0, 0, 14)
    shifted = hilbert - np.eye(14, dtype=int) * Fraction(1, 10**15)  # far below what float64 eigenvalues resolve
    assert tuple(exact_inertia(shifted)) == inertia_by_elimination(shifted)
    assert exact_inertia(shifted).negative > 0


def test_refusals():
    with pytest.raises(ShapeError, match=r"\(2, 3\)"):
        exact_inertia(np.zeros((2, 3)))
    with pytest.raises(DataError, match=r"entry \(0, 1\) is 1 and entry \(1, 0\) is 2"):
        exact_inertia(np.array([[0, 1], [2, 0]]))
