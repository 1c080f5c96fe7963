"""Rational matrices, against their defining equations and sympy."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from theodolite._errors import DataError, ShapeError
from theodolite._numerics import (
    as_fractions,
    column_profile,
    exact_inverse,
    exact_nullspace,
    exact_product,
    exact_projector,
    exact_pseudo_inverse,
    exact_rank,
    exact_row_space,
    exact_solve,
    from_flint,
    to_flint,
    to_floats,
)

numbers = st.fractions(-5, 5, max_denominator=7) | st.sampled_from([Fraction(0), Fraction(1), Fraction(10**40, 3)])


@st.composite
def rational_matrices(draw, min_side=0, max_side=4):
    rows, columns = draw(st.integers(min_side, max_side)), draw(st.integers(min_side, max_side))
    inner = draw(st.integers(0, 4))  # a product through few dimensions: rank deficiency is the rule
    left = draw(st.lists(numbers, min_size=rows * inner, max_size=rows * inner))
    right = draw(st.lists(numbers, min_size=columns * inner, max_size=columns * inner))
    product = np.full((rows, columns), Fraction(0), dtype=object)
    for k in range(inner):
        product = product + np.outer(left[k * rows : (k + 1) * rows], right[k * columns : (k + 1) * columns])
    return product


@given(rational_matrices())
def test_round_trip_through_flint(matrix):
    back = from_flint(to_flint(matrix))
    assert back.shape == matrix.shape
    assert (back == matrix).all()


@given(rational_matrices(min_side=1))
def test_rank_nullspace_and_profile_agree_with_sympy(matrix):
    peer = sympy.Matrix(*matrix.shape, [sympy.Rational(x.numerator, x.denominator) for x in matrix.flat])
    echelon, pivots = peer.rref()
    assert exact_rank(matrix) == peer.rank()
    assert column_profile(matrix) == pivots
    rows = exact_row_space(matrix)
    assert [[sympy.Rational(x.numerator, x.denominator) for x in row] for row in rows] == echelon.tolist()[: len(rows)]
    kernel = exact_nullspace(matrix)
    assert kernel.shape == (matrix.shape[1], matrix.shape[1] - len(pivots))
    assert exact_rank(kernel) == kernel.shape[1]
    assert not exact_product(matrix, kernel).any()


@given(rational_matrices(min_side=1))
def test_pseudo_inverse_obeys_penrose(matrix):
    inverse = exact_pseudo_inverse(matrix)
    assert inverse.shape == matrix.shape[::-1]
    left, right = matrix @ inverse, inverse @ matrix
    assert (left @ matrix == matrix).all()
    assert (right @ inverse == inverse).all()
    assert (left == left.T).all()
    assert (right == right.T).all()
    assert (exact_projector(matrix) == left).all()


@given(rational_matrices(min_side=1), st.data())
def test_solutions_solve(matrix, data):
    wanted = data.draw(st.lists(numbers, min_size=matrix.shape[1], max_size=matrix.shape[1]))
    right = matrix @ as_fractions(wanted)[:, None]
    found = exact_solve(matrix, right)
    assert (matrix @ found == right).all()


def test_no_solution_no_inverse():
    singular = np.array([[1, 2], [2, 4]])
    with pytest.raises(DataError, match="no solution"):
        exact_solve(singular, np.array([[1], [1]]))
    with pytest.raises(DataError, match="singular"):
        exact_inverse(singular)
    with pytest.raises(ShapeError, match="square"):
        exact_inverse(np.ones((2, 3), dtype=int))
    with pytest.raises(ShapeError, match=r"\(2, 2\) and \(3, 1\)"):
        exact_product(singular, np.ones((3, 1), dtype=int))


def test_hilbert_matrix_is_inverted_exactly():
    hilbert = as_fractions([[Fraction(1, i + j + 1) for j in range(12)] for i in range(12)])
    assert (hilbert @ exact_inverse(hilbert) == np.eye(12, dtype=int)).all()


def test_empty_matrices():
    empty = np.zeros((0, 3), dtype=object)
    assert exact_rank(empty) == 0
    assert exact_nullspace(empty).shape == (3, 3)
    assert exact_inverse(np.zeros((0, 0), dtype=object)).shape == (0, 0)
    assert exact_product(empty.T, empty).shape == (3, 3)
    assert exact_pseudo_inverse(np.zeros((2, 3), dtype=int)).shape == (3, 2)


def test_conversion():
    assert as_fractions(np.array([0.1]))[0] == Fraction(3602879701896397, 2**55)
    assert type(as_fractions(np.array([np.int64(3)]))[0].numerator) is int
    assert as_fractions([[2**63, -1], [2**60 + 1, 0.5]]).tolist() == [[2**63, -1], [2**60 + 1, Fraction(1, 2)]]
    assert to_floats(as_fractions([10**400, Fraction(1, 3)])).tolist() == [np.inf, 1 / 3]
    with pytest.raises(DataError, match="nan"):
        as_fractions([np.nan])
    with pytest.raises(DataError, match="'a'"):
        as_fractions(["a"])
