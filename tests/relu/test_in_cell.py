"""In-cell minima against the known cases and against linear programs over all neurons, without the doubling theorem."""

from fractions import Fraction
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.relu.cases import Case, T
from theodolite.relu._data import read
from theodolite.relu._in_cell import in_cell_minima
from theodolite.relu._patterns import patterns
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem


def _text(signs: np.ndarray) -> str:
    return "".join("-0+"[sign + 1] for sign in signs)


@pytest.mark.parametrize("case", T, ids=str)
@pytest.mark.parametrize("exact", [True, False])
def test_known_cases(case: Case, exact: bool) -> None:
    problem = case.problem if exact else case.problem.as_float
    found = list(in_cell_minima(problem))
    assert len(found) == case.multisets
    assert all(record.cells == tuple(sorted(record.cells)) for record in found)
    if exact:
        assert sum(bool(record.genuine) for record in found) == case.genuine
    by_signs = {tuple(sorted(map(_text, record.signs))): record for record in found}
    for signs, sse, rank, unique, genuine in case.in_cell:
        record = by_signs[tuple(sorted(signs))]
        assert abs(record.sse - Fraction(sse)) < (1e-12 if not exact else Fraction(1, 10**30))
        assert (record.rank, record.unique) == (rank, unique)
        if exact or record.genuine is not None:
            assert record.genuine == genuine
    for sse, (genuine_count, count) in case.histogram.items():
        at = [record for record in found if abs(record.sse - Fraction(sse)) < 1e-12]
        assert len(at) == count
        sure = sum(record.genuine is True for record in at)
        unsure = sum(record.genuine is None for record in at)
        assert sure <= genuine_count <= sure + unsure
        assert not exact or not unsure


def _reaches(problem: Problem, signs: np.ndarray, error: np.ndarray) -> float:
    """The depth (at most 1) to which neurons with these signs can have this residual; -inf if they cannot at all."""
    x, y = problem.as_float.inputs, problem.as_float.targets
    n, d = x.shape
    h, slope = len(signs), float(problem.slope)
    blocks = [np.where(s > 0, 1, np.where(s < 0, slope, 0))[:, None] * x for s in signs]
    size = h * d + 2
    equal = np.concatenate([*blocks, np.full((n, 1), float(problem.offset)), np.zeros((n, 1))], axis=1)
    best = -np.inf
    for sides in product((1, 0, -1), repeat=h):
        upper, fixed = [], [equal]
        for j, side in enumerate(sides):
            rows = np.zeros((n if side else d, size))
            rows[:, j * d : (j + 1) * d] = side * signs[j][:, None] * x if side else np.eye(d)
            rows[:, -1] = -np.abs(signs[j]) if side else 0
            (upper if side else fixed).append(-rows if side else rows)
        matrix = np.concatenate(fixed)
        right = np.zeros(len(matrix))
        right[:n] = y + error
        answer = linprog(
            [0.0] * (size - 1) + [-1.0],
            A_ub=np.concatenate(upper) if upper else None,
            b_ub=np.zeros(sum(map(len, upper))) if upper else None,
            A_eq=matrix,
            b_eq=right,
            bounds=[*[(None, None)] * (size - 1), (None, 1)],
        )
        if answer.status == 0:
            best = max(best, float(answer.x[-1]) if upper else 1.0)
    return best


@settings(max_examples=15, deadline=None)
@given(
    st.integers(1, 2).flatmap(
        lambda d: st.lists(st.lists(st.integers(-2, 2), min_size=d + 1, max_size=d + 1), min_size=1, max_size=4)
    ),
    st.sampled_from(["0", "1/4", "3/2"]),
    st.booleans(),
    st.booleans(),
)
def test_pairs_of_neurons_against_programs_over_both(
    rows: list[list[int]], slope: str, bias: bool, offset: bool
) -> None:
    data = np.array(rows)
    x, y = data[:, :-1], data[:, -1]
    problem = read(x, y, 2, bias, offset, slope, "sum", "exact")[1]
    found = patterns(problem, boundary=False)
    expected = list(combinations_with_replacement(range(found.cells), 2))
    records = list(in_cell_minima(problem, found))
    assert [record.cells for record in records] == expected
    checked = slice(None, None, max(1, len(records) // 12))
    for record in records[checked]:
        x_float, slope_float = problem.as_float.inputs, float(problem.slope)
        blocks = [np.where(s > 0, 1, np.where(s < 0, slope_float, 0))[:, None] * x_float for s in record.signs]
        columns = np.concatenate([*blocks, np.ones((len(y), int(offset)))], axis=1)
        solution, _, rank, _ = np.linalg.lstsq(columns, y.astype(float), rcond=None)
        error = columns @ solution - y
        assert float(record.sse) == pytest.approx(float(error @ error), abs=1e-9)
        assert record.rank == rank
        assert record.unique == (rank == columns.shape[1])
        assert record.genuine == (_reaches(problem, record.signs, error) > 1e-7)
        if record.unique:
            assert record.weights is not None
            np.testing.assert_allclose(record.weights.astype(float).ravel(), solution[: 2 * problem.width], atol=1e-9)
    floats = list(in_cell_minima(problem.as_float))
    for record, rounded in zip(records, floats, strict=True):
        assert rounded.genuine is None or rounded.genuine == record.genuine
        assert float(record.sse) == pytest.approx(rounded.sse, abs=1e-9)


def test_unique_genuine_minima_are_critical_points_of_floats_in_general_position() -> None:
    rng = np.random.default_rng(6)
    for offset, slope in ((False, 0.0), (True, 0.1)):
        problem = read(rng.normal(size=(9, 1)), rng.normal(size=9), 2, True, offset, slope, "sum", "float64")[1]
        unique = 0
        for record in in_cell_minima(problem):
            assert record.genuine is not None or not record.unique
            if not record.unique or not record.genuine:
                continue
            unique += 1
            assert record.weights is not None
            assert record.margin is not None
            assert record.margin >= 1e3
            at = problem.inputs @ record.weights.T * record.signs.T
            outer = np.sign(at[0])
            assert (at * outer > 0).all()
            here = Evaluation(problem, Point(record.weights * outer[:, None], outer, record.offset or 0.0))
            assert float(here.sse) == pytest.approx(record.sse)
            gradient = here.gradient()
            assert max(np.abs(gradient.weights).max(), np.abs(gradient.outer).max()) < 1e-10
        assert unique > 0
