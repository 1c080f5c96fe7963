"""The compiled sweep against its slow twin at many sizes, and against the exact list of in-cell minima."""

from itertools import combinations
from math import inf

import numpy as np
import pytest

from theodolite._errors import NotCoveredError
from theodolite.relu._data import read
from theodolite.relu._in_cell import in_cell_minima
from theodolite.relu._moments import Moments, cone_moments, space_moments
from theodolite.relu._patterns import Patterns, patterns
from theodolite.relu._sweep import fitted_cells, sweep, sweep_below
from theodolite.relu._twin import sweep_slowly


def _patterns(
    n: int, d: int, *, seed: int, slope: float = 0.0, offset: bool = False, boundary: bool = False
) -> Patterns:
    rng = np.random.default_rng(seed)
    problem = read(rng.normal(size=(n, d)), rng.normal(size=n), 1, False, offset, slope, "sum", "float64")[1]
    return patterns(problem, boundary=boundary)


def _target(found: Patterns) -> np.ndarray:
    y = found.problem.targets
    y = y - y.mean() if found.problem.offset else y
    return y / np.linalg.norm(y)


def _agree(found: Patterns, faces: list[int], m: int, below: float, *, inside: bool, most: int = 3000) -> int:
    """Compare the kernel with its twin, on all sets or as many as named; return how many sets passed."""
    moments: Moments = cone_moments(found, faces) if inside else space_moments(found, faces)
    sets = list(combinations(range(len(faces)), m))
    if len(sets) > most:
        chosen = np.random.default_rng(0).choice(len(sets), size=most, replace=False)
        sets = [sets[k] for k in chosen]
    if inside:
        swept = sweep(found, m, faces, below=below)
        doubtful = {tuple(row) for row in swept.doubtful.tolist()}
    else:
        swept = sweep_below(found.problem, found, m, below, faces=faces)
        doubtful = set()
    passed = dict(zip(map(tuple, swept.sets.tolist()), swept.sse.tolist(), strict=True))
    place = {int(face): k for k, face in enumerate(moments.faces)}
    returned = [tuple(sorted(place[face] for face in row)) for row in (*passed, *doubtful)]
    sets = sorted({*sets, *returned[:most]})
    scale = moments.norm**2
    expected = sweep_slowly(moments, _target(found), sets, below / scale, inside)
    for chosen in sets:
        name = tuple(sorted(moments.faces[list(chosen)].tolist()))
        value, state = expected.get(chosen, (0.0, 0))
        if inside or state != 2:
            assert (name in passed, name in doubtful) == (state == 1, state == 2)
        if name in passed and state == 1:
            assert passed[name] == pytest.approx(value * scale, abs=1e-7 * scale)
    return len(passed)


SIZES = [(1, 3), (2, 2), (3, 2), (2, 3), (4, 3)]
MORE = [(m, d) for m in (1, 2, 3, 4) for d in (1, 2, 3, 4) if (m, d) not in SIZES] + [(5, 2), (6, 2)]


@pytest.mark.parametrize(("m", "d"), [*SIZES, *(pytest.param(m, d, marks=pytest.mark.slow) for m, d in MORE)])
@pytest.mark.parametrize(("slope", "offset"), [(0.0, False), (0.25, True)])
def test_kernel_and_twin_agree(m: int, d: int, slope: float, offset: bool) -> None:
    n = max(3 * d, m * d + 4)
    found = _patterns(n, d, seed=10 * m + d, slope=slope, offset=offset)
    cells = fitted_cells(found)
    most = {1: 70, 2: 70, 3: 40, 4: 20}.get(m, 14)
    few = cells[:: max(1, -(-len(cells) // most))]
    _agree(found, few, m, inf, inside=True, most=800)
    values = [
        value
        for value, state in sweep_slowly(
            space_moments(found, few),
            _target(found),
            [tuple(range(k, k + m)) for k in range(len(few) - m + 1)],
            inf,
            False,
        ).values()
        if state == 1
    ]
    scale = space_moments(found, few).norm ** 2
    below = float(np.quantile(values, 0.2)) * scale if values else inf
    _agree(found, few, m, below, inside=False, most=800)


def test_several_blocks_of_patterns_and_of_output() -> None:
    found = _patterns(50, 2, seed=1, offset=True, slope=0.1)
    cells = fitted_cells(found)
    assert len(cells) == 100
    _agree(found, cells, 2, inf, inside=True, most=5000)
    count = 100 * 99 * 98 // 6
    whole = sweep_below(found.problem, found, 3, inf)
    assert len(whole.sets) + len(whole.doubtful) == count
    assert len({tuple(row) for row in whole.sets.tolist()}) == len(whole.sets)


@pytest.mark.parametrize(("m", "offset"), [(2, False), (2, True), (3, False)])
def test_threads_change_nothing(m: int, offset: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _patterns(40, 2, seed=1, offset=offset)
    cells = fitted_cells(found)
    whole = sweep_below(found.problem, found, m, inf)
    monkeypatch.setattr("theodolite.relu._sweep._PIECE", 300)
    for one, three in (
        (sweep(found, m, cells), sweep(found, m, cells, threads=3)),
        (sweep_below(found.problem, found, m, inf), sweep_below(found.problem, found, m, inf, threads=3)),
    ):
        np.testing.assert_array_equal(one.sets, three.sets)
        np.testing.assert_array_equal(one.sse, three.sse)
        np.testing.assert_array_equal(one.doubtful, three.doubtful)
    np.testing.assert_array_equal(one.sets, whole.sets)
    np.testing.assert_allclose(one.sse, whole.sse, atol=1e-12)


@pytest.mark.parametrize(("slope", "offset"), [(0.0, False), (0.0, True), (1.5, True)])
def test_products_from_cell_to_cell_are_products_of_columns(slope: float, offset: bool) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(40, 3))
    x[1:, 2] *= 1e-3  # so that a third column has only one large entry, and is small in cells without it
    problem = read(x, rng.normal(size=40), 1, False, offset, slope, "sum", "float64")[1]
    found = patterns(problem, boundary=False)
    with_entry = found.signs[: found.cells, 0] > 0
    cells = [*np.flatnonzero(with_entry)[10:155].tolist(), *np.flatnonzero(~with_entry)[20:25].tolist()]
    moments = cone_moments(found, cells)
    assert moments.steps is not None
    assert len(moments.steps[7]) == (5 if slope == 0 else 0)
    expected = np.einsum("nka,nhb->akhb", moments.columns, moments.columns)
    products, by_part = moments.products(0, 150), moments.products(70, 130)
    for a in range(150):
        np.testing.assert_allclose(products[a, :, :, a:150], expected[a, :, :, a:150], atol=1e-12)
    for a in range(70, 130):
        np.testing.assert_allclose(by_part[a - 70, :, :, a:150], expected[a, :, :, a:150], atol=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_a_sweep_that_runs_out_of_room_goes_on(m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _patterns(12, 2, seed=4)
    cells = fitted_cells(found)
    whole, below = sweep(found, m, cells), sweep_below(found.problem, found, m, inf)
    monkeypatch.setattr("theodolite.relu._sweep._ROOM", 1)
    again, below_again = sweep(found, m, cells), sweep_below(found.problem, found, m, inf)
    assert len(whole.doubtful) >= len(cells)
    assert len(below.sets) > len(cells)
    for one, two in ((whole, again), (below, below_again)):
        np.testing.assert_array_equal(one.sets, two.sets)
        np.testing.assert_array_equal(one.sse, two.sse)
        np.testing.assert_array_equal(one.doubtful, two.doubtful)


def test_rows_of_very_different_sizes() -> None:
    rng = np.random.default_rng(9)
    rows = rng.normal(size=(12, 2)) * np.array([1e-7, 1, 1e7])[np.arange(12) % 3, None]
    problem = read(rows, rng.normal(size=12), 2, False, False, 0.0, "sum", "float64")[1]
    found = patterns(problem, boundary=False)
    assert cone_moments(found, fitted_cells(found)).steps is None
    _agree(found, fitted_cells(found), 2, inf, inside=True)


def test_sets_too_large_for_the_stack_are_refused() -> None:
    rng = np.random.default_rng(11)
    problem = read(rng.normal(size=(4, 30)), rng.normal(size=4), 2, False, False, 0.0, "sum", "float64")[1]
    found = patterns(problem, boundary=False)
    with pytest.raises(NotCoveredError, match="2 patterns of 30 coordinates"):
        sweep(found, 2, fitted_cells(found))


def test_faces_of_mixed_dimensions() -> None:
    found = _patterns(9, 3, seed=2, boundary=True)
    columns = [face for face in range(len(found)) if found.columns(face).any()]
    faces = columns[:: len(columns) // 40]
    assert len({int(found.dimensions[face]) for face in faces}) == 3
    assert _agree(found, faces, 2, inf, inside=True) > 0
    _agree(found, faces, 2, 0.7 * float(found.problem.targets @ found.problem.targets), inside=False)


@pytest.mark.parametrize(("slope", "offset"), [(0.0, False), (0.0, True), (0.2, False), (0.2, True)])
def test_no_genuine_minimum_is_lost(slope: float, offset: bool) -> None:
    rng = np.random.default_rng(8)
    genuine = 0
    for trial in range(6):
        x = rng.normal(size=(10, 1))
        y = np.maximum(x[:, 0] - 0.3, 0) - np.maximum(-x[:, 0], 0) + (0.1 + 0.2 * trial) * rng.normal(size=10)
        problem = read(x, y, 2, True, offset, slope, "sum", "float64")[1]
        found = patterns(problem, boundary=False)
        swept = sweep(found, 2, fitted_cells(found))
        passed = dict(zip(map(tuple, swept.sets.tolist()), swept.sse.tolist(), strict=True))
        doubtful = {tuple(row) for row in swept.doubtful.tolist()}
        linear = int(np.flatnonzero((found.signs > 0).all(axis=1))[0])
        for record in in_cell_minima(problem, found):
            cells = tuple(sorted(linear if (found.signs[cell] < 0).all() else cell for cell in record.cells))
            if record.unique and record.genuine:
                genuine += 1
                assert cells in passed or cells in doubtful
                if cells in passed:
                    assert passed[cells] == pytest.approx(record.sse, abs=1e-7 * float(y @ y))
            elif record.unique and record.genuine is False and record.margin is not None and record.margin > 1e9:
                assert cells not in passed
    assert genuine > 0


def test_targets_of_zero_and_too_few_patterns() -> None:
    found = _patterns(6, 2, seed=3)
    found.problem.targets[:] = 0
    cells = fitted_cells(found)
    swept = sweep(found, 2, cells)
    assert len(swept.sets) + len(swept.doubtful) == len(cells) * (len(cells) - 1) // 2
    assert not swept.sse.any()
    assert len(sweep(found, 2, cells[:1]).sets) == 0


def test_dependent_sets_are_left_to_better_arithmetic_and_values_are_not() -> None:
    x = np.array([[1, 0], [0, 1], [1, 1], [1, -1], [2, 1], [2, 2]])
    problem = read(x, np.array([1, 2, -1, 1, 0, 3]), 2, False, False, 0, "sum", "exact")[1]
    found = patterns(problem, boundary=False)
    cells = fitted_cells(found)
    swept = sweep(found, 2, cells)
    records = {record.cells: record for record in in_cell_minima(problem, found)}
    doubtful = {tuple(row) for row in swept.doubtful.tolist()}
    pairs = list(combinations(cells, 2))
    assert doubtful == {pair for pair in pairs if not records[pair].unique}
    below = sweep_below(problem, found, 2, inf)
    assert len(below.doubtful) == 0
    for pair, sse in zip(below.sets.tolist(), below.sse.tolist(), strict=True):
        assert sse == pytest.approx(float(records[tuple(pair)].sse), abs=1e-9)
    assert len(below.sets) == len(pairs)
