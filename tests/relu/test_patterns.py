"""Faces of weight space against brute force over sign vectors, by linear programming."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from theodolite.relu._data import read
from theodolite.relu._patterns import face_count, patterns
from theodolite.relu._problem import Problem

ROWS = [
    np.zeros((2, 2), dtype=int),
    np.array([[1, 0], [2, 0], [-1, 0], [0, 1], [0, 0]]),
    np.array([[1, 1, 0], [2, 1, 0], [3, 2, 0]]),
    np.array([[1, 2, 3, 4], [0, 1, 0, -1]]),
    np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]),
    np.array([[-1], [2]]),
]


def _problem(rows: np.ndarray, *, exact: bool, slope: Fraction = Fraction(0)) -> Problem:
    y = np.arange(len(rows))
    if exact:
        return read(rows, y, 1, False, False, slope, "sum", "exact")[1]
    return read(rows.astype(float), y.astype(float), 1, False, False, float(slope), "sum", "float64")[1]


def _realized(rows: np.ndarray, signs: tuple[int, ...]) -> bool:
    """Whether some w has exactly these signs: a linear program with s_i x_i.w >= 1 where s_i is not 0."""
    strict = np.array(signs)
    upper = -(strict[:, None] * rows)[strict != 0]
    equal = rows[strict == 0]
    answer = linprog(
        np.zeros(rows.shape[1]),
        A_ub=upper if len(upper) else None,
        b_ub=-np.ones(len(upper)) if len(upper) else None,
        A_eq=equal if len(equal) else None,
        b_eq=np.zeros(len(equal)) if len(equal) else None,
        bounds=(None, None),
    )
    return answer.status == 0


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("rows", ROWS, ids=str)
def test_faces_are_those_of_brute_force(rows: np.ndarray, exact: bool) -> None:
    found = patterns(_problem(rows, exact=exact))
    expected = {signs for signs in product((-1, 0, 1), repeat=len(rows)) if _realized(rows, signs)}
    assert {tuple(signs) for signs in found.signs.tolist()} == expected
    assert len(found) == len(expected) <= face_count(found.problem, boundary=True)
    full = {signs for signs in expected if all(s != 0 for s, row in zip(signs, rows, strict=True) if row.any())}
    assert {tuple(signs) for signs in found.signs[: found.cells].tolist()} == full
    assert found.cells <= face_count(found.problem, boundary=False)
    for face, dimension in enumerate(found.dimensions.tolist()):
        zero = rows[found.signs[face] == 0]
        assert dimension == rows.shape[1] - np.linalg.matrix_rank(zero)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda d: st.lists(st.lists(st.integers(-2, 2), min_size=d, max_size=d), min_size=1, max_size=5)
    ),
    st.booleans(),
)
def test_bases_columns_witnesses_and_tested_rows_of_every_face(rows: list[list[int]], exact: bool) -> None:
    x = np.array(rows)
    problem = _problem(x, exact=exact, slope=Fraction(1, 4))
    found = patterns(problem)
    seen = {tuple(signs) for signs in found.signs.tolist()}
    lines = problem.lines.count
    assert len(found) <= face_count(problem, boundary=True)
    for face, signs in enumerate(found.signs):
        basis = found.basis(face)
        assert basis.shape == (x.shape[1], found.dimensions[face])
        zero = signs == 0
        assert np.abs((x @ basis)[zero].astype(float)).max(initial=0) < 1e-12
        weights = np.where(signs > 0, 1, np.where(signs < 0, 0.25, 0))
        np.testing.assert_allclose(found.columns(face).astype(float), weights[:, None] * (x @ basis).astype(float))
        at = (x @ found.witness(face)).astype(float)
        np.testing.assert_array_equal(np.sign(np.where(np.abs(at) < 1e-12, 0, at)), signs)
        tested = found.tested(face)
        assert len(set(problem.lines.line[tested].tolist())) == len(tested) <= lines
        # of the faces in its flat only the face itself has its signs on the tested rows, and none of these can be left out
        same = [np.array(other) for other in seen if np.array_equal(np.array(other) == 0, zero)]
        assert sum(bool((other[tested] == signs[tested]).all()) for other in same) == 1
        for row in tested:
            rest = tested[tested != row]
            assert sum(bool((other[rest] == signs[rest]).all()) for other in same) > 1


def test_cells_only_have_the_same_order_as_with_boundaries() -> None:
    rows = np.random.default_rng(3).integers(-3, 4, size=(7, 3))
    whole, inner = (patterns(_problem(rows, exact=True), boundary=b) for b in (True, False))
    np.testing.assert_array_equal(whole.signs[: whole.cells], inner.signs)
    assert inner.cells == len(inner)
    for cell in range(inner.cells):
        np.testing.assert_array_equal(whole.tested(cell), inner.tested(cell))


def test_counts_of_lines_in_general_position_are_exact() -> None:
    rows = np.random.default_rng(4).normal(size=(9, 3))
    problem = _problem(rows, exact=False)
    found = patterns(problem)
    assert len(found) == face_count(problem, boundary=True) == 1 + 2 * 36 + 9 * 16 + 74
    assert found.cells == face_count(problem, boundary=False) == 74


def test_rows_of_all_sizes_have_the_faces_of_rows_of_one_size() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(8, 3))
    scaled = rows * np.ldexp(1.0, rng.integers(-26, 27, size=8))[:, None]
    plain, found = (patterns(_problem(x, exact=False)) for x in (rows, scaled))
    np.testing.assert_array_equal(plain.signs, found.signs)
    for face in range(0, len(found), 7):
        at = rows @ found.witness(face)
        np.testing.assert_array_equal(np.sign(np.where(np.abs(at) < 1e-10, 0, at)), found.signs[face])


def test_nearly_parallel_floats_are_different_lines() -> None:
    rows = np.array([[0.1, 0.3], [0.2, 0.6000000000000001], [1.0, 0.0]])
    found = patterns(_problem(rows, exact=False))
    assert found.cells == 6
    for face in range(found.cells):
        assert len(found.tested(face)) == 2
