"""What ``Cells`` says about single cells, in any position."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

import theodolite as th
from tests.arrangement.families import braid, deformed, resonance, signs_at, threshold, type_b
from tests.arrangement.linear_programs import cells_by_programs
from tests.arrangement.test_counts import matrices
from theodolite.arrangement import Faces, _rows, _ways

CASES = {
    "braid": (braid(4), None),
    "resonance": (resonance(4), None),
    "threshold": (threshold(3), None),
    "type B": (type_b(3), None),
    "Shi": deformed(4, (0, 1)),
    "Catalan": deformed(3, (-1, 0, 1)),
    "generic": (np.random.default_rng(0).normal(size=(9, 3)), None),
    "generic affine": (np.random.default_rng(1).normal(size=(8, 2)), np.random.default_rng(2).normal(size=8)),
    "zeros and repeats": (np.array([[0, 0], [1, 2], [-2, -4], [0, 1], [1, 2], [0, 0]]), None),
    "zeros with offsets": (np.array([[0, 0], [1, 2], [-2, -4], [0, 1], [1, 2], [0, 0]]), np.array([1, 1, 1, 0, 2, -1])),
    "few rows": (np.array([[1, 2, 3, 4], [0, 0, 1, 1]]), None),
    "line": (np.array([[2], [-1], [3]]), np.array([1, 5, 1])),
    "basis late": (np.array([[1, 1, 0], [2, 2, 0], [0, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, -3]]), None),
}


@pytest.fixture(params=sorted(CASES), scope="module")
def case(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray | None, th.Cells]:
    rows, offsets = CASES[request.param]
    return rows, offsets, th.cells(rows, offsets)


Case = tuple[np.ndarray, "np.ndarray | None", th.Cells]


def test_signs_are_distinct_and_realised_by_their_witnesses(case: Case) -> None:
    rows, offsets, found = case
    signs = found.signs()
    assert signs.dtype == np.int8
    assert len(np.unique(signs, axis=0)) == len(signs) == found.count == len(found)
    for i in range(0, found.count, 1 + found.count // 40):
        assert signs_at(rows, offsets, found.witness(i)) == signs[i].tolist()


def test_central_cells_have_opposites_in_their_places(case: Case) -> None:
    _, offsets, found = case
    if offsets is None:
        assert np.array_equal(found.signs(), -found.signs()[::-1])


def test_every_cell_is_found_and_nothing_else(case: Case) -> None:
    rows, _, found = case
    signs = found.signs()
    places = range(0, found.count, 1 + found.count // 50)
    assert [found.find(signs[i]) for i in places] == list(places)
    assert signs[0] in found
    listed = {tuple(row) for row in signs.tolist()}
    source = np.random.default_rng(0)
    for _ in range(50):
        guess = source.choice([-1, 1], len(rows))
        guess[signs[0] == 0] = 0
        assert (found.find(guess) is not None) == (tuple(guess.tolist()) in listed)
    assert found.find(np.full(len(rows), 1) * (1 - signs[0] ** 2) + signs[0]) is None or not np.any(signs[0] == 0)


def test_facets_are_the_rows_whose_flip_is_a_cell(case: Case) -> None:
    _rows, _, found = case
    signs = found.signs()
    listed = {tuple(row): i for i, row in enumerate(signs.tolist())}
    lines = found.arrangement.place
    for i in range(0, found.count, 1 + found.count // 25):
        facets, across = [], []
        for line in dict.fromkeys(lines[lines >= 0].tolist()):
            flipped = np.where(lines == line, -signs[i], signs[i])
            if tuple(flipped.tolist()) in listed:
                facets += np.flatnonzero(lines == line).tolist()
                across.append(listed[tuple(flipped.tolist())])
        assert found.facets(i).tolist() == sorted(facets)
        assert found.neighbours(i).tolist() == across


def test_facet_rows_decide_membership(case: Case) -> None:
    rows, offsets, found = case
    if found.count > 1000:
        return
    witnesses = [found.witness(i) for i in range(0, found.count, 1 + found.count // 12)]
    for i in range(0, found.count, 1 + found.count // 12):
        facets = found.facets(i)
        for point in witnesses:
            at = np.array(signs_at(rows, offsets, point))
            assert np.array_equal(at[facets], found[i][facets]) == np.array_equal(at, found[i])


def test_words_are_what_packbits_makes(case: Case) -> None:
    _rows, _, found = case
    bytes_of = np.packbits(found.signs() > 0, axis=1)
    assert np.array_equal(found.packed.astype(">u8").view(np.uint8)[:, : bytes_of.shape[1]], bytes_of)


def test_batches_are_the_list_in_pieces_even_when_it_is_not_kept(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, offsets, found = case
    batches = list(found.batches(5))
    assert all(len(batch) <= 5 for batch in batches)
    assert np.array_equal(np.concatenate(batches), found.signs())
    monkeypatch.setattr(_ways, "MEMORY", 16)
    monkeypatch.setattr(_rows, "FEW", -1)  # small lists are always kept
    if found.count < 4 or not len(found.arrangement.rows):
        return
    streamed = th.cells(rows, offsets)
    assert streamed.count == found.count
    assert np.array_equal(np.concatenate(list(streamed.batches(7))), found.signs())
    assert np.array_equal(np.array(list(streamed)), found.signs())
    with pytest.raises(th.WorkloadError, match="store=DIR"):
        streamed.signs()


def test_faces_are_those_that_edges_between_cells_and_restrictions_give(case: Case) -> None:
    _rows, _offsets, found = case
    faces = found.faces()
    assert isinstance(faces, Faces)
    listed = {tuple(row) for row in faces.signs.tolist()}
    assert len(listed) == faces.count == len(faces)
    assert np.array_equal(found.faces(found.dimension).signs, found.signs()[np.lexsort(found.signs().T[::-1])])
    # Euler: the faces of a central arrangement, or the whole space cut by an affine one, count to (-1)^d.
    assert sum((-1) ** int(k) for k in faces.dimensions) == (-1) ** found.dimension
    for k in range(found.dimension + 1):
        assert found.faces(k).count == int((faces.dimensions == k).sum())
    # Every face is in the closure of a cell; X o Y (X where not zero, else Y) of faces is a face.
    source = np.random.default_rng(3)
    some = source.integers(0, faces.count, (200, 2))
    for a, b in faces.signs[some]:
        assert tuple(np.where(a != 0, a, b).tolist()) in listed


def test_faces_of_known_numbers() -> None:
    plane = th.cells([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]).faces()
    assert len(plane) == 51
    assert np.bincount(plane.dimensions).tolist() == [1, 12, 24, 14]
    assert len(th.cells([[1, 0], [0, 1], [1, 1], [1, -1]]).faces()) == 17
    cube = th.cells(np.eye(4, dtype=int)).faces()
    assert len(cube) == 3**4
    ordered_partitions = th.cells(braid(4)).faces()
    assert len(ordered_partitions) == 75
    assert ordered_partitions.dimensions.min() == 1  # the line of equal coordinates


@given(matrices())
def test_all_of_a_random_position(rows: np.ndarray) -> None:
    found = th.cells(rows)
    signs = found.signs()
    assert len(np.unique(signs, axis=0)) == found.count
    assert np.array_equal(signs, -signs[::-1])
    assert signs_at(rows, None, found.witness(found.count - 1)) == signs[-1].tolist()
    faces = found.faces()
    assert np.sum(np.all((faces.signs != 0) == (signs[0] != 0), axis=1)) == found.count
    assert sum((-1) ** int(k) for k in faces.dimensions) == (-1) ** rows.shape[1]


@pytest.mark.parametrize(("n", "d", "seed"), [(7, 2, 0), (6, 3, 1), (5, 4, 2), (6, 2, 3)])
def test_against_a_tree_of_linear_programs(n: int, d: int, seed: int) -> None:
    source = np.random.default_rng(seed)
    rows = source.integers(-2, 3, (n, d)).astype(float)
    rows = rows[np.any(rows != 0, axis=1)]
    for offsets in (np.zeros(len(rows)), source.integers(-1, 2, len(rows)).astype(float)):
        found = th.cells(rows, offsets)
        assert {tuple(row) for row in found.signs().tolist()} == cells_by_programs(rows, offsets)


def test_many_hyperplanes() -> None:
    rows = np.random.default_rng(8).normal(size=(1100, 2))
    found = th.cells(rows)
    assert found.count == 2200
    assert found.packed.shape == (2200, 18)
    steps = np.abs(np.diff(np.sort(np.arctan2(rows[:, 1], rows[:, 0]) % np.pi)))
    assert steps.min() > 0
    assert all(len(found.facets(i)) == 2 for i in range(0, 2200, 97))
    lattice = np.array([(1, k // 40 - 20, k % 40 - 20) for k in range(1200)])
    affine = th.cells(lattice[:, 1:], lattice[:, 0] * 0 + 1)
    assert affine.count == th.count_cells(lattice[:, 1:], np.ones(1200, dtype=int))
    assert len(np.unique(affine.packed, axis=0)) == affine.count


def test_repeats_of_rows_in_general_position_are_swept() -> None:
    rows = np.random.default_rng(3).normal(size=(30, 3))
    repeated = np.vstack([rows[:4], -2 * rows[2:], rows * 0, rows[:2]])
    wide = np.hstack([repeated, repeated[:, :1] * 2, repeated[:, :1] * 0])
    for given_rows in (repeated, wide):
        found = th.cells(given_rows)
        assert found.count == th.cells(rows).count
        assert "swept" in str(found.evidence)
        assert signs_at(given_rows, None, found.witness(5)) == found[5].tolist()
        assert np.array_equal(found.signs(), np.unique(found.signs(), axis=0))


def test_printing() -> None:
    found = th.cells([[1, 0], [0, 1]], [Fraction(1, 3), 0])
    assert str(found).startswith("cells      4\nrows       2 in dimension 2, with offsets")
    assert "<table" in found._repr_html_()
    assert "2 distinct hyperplanes of rank 2, by their rays, every sign in Python integers" in str(found.evidence)
    assert "decided by a floating-point error bound" in str(th.cells(resonance(4)).evidence)
    assert th.cells([[0.1, 0.3], [1.0, 7.0]]).evidence.method is th.Method.VERIFIED


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([1, 2, 3],), th.ShapeError, "1 dimensions"),
        (([[1, 2], [3, 4]], [1]), th.ShapeError, "1 entries"),
        (([[1, 2], [3, 4]], [[1, 2], [3, 4]]), th.ShapeError, "offsets has 2 dimensions"),
        (([[1, float("nan")]],), th.DataError, "nan at row 0, column 1"),
        (([[1, 2]], [float("inf")]), th.DataError, "inf at position 0"),
        (([["1", "two"]],), th.DataError, "'two'"),
        (([[1j, 2]],), th.DataError, "complex"),
    ],
)
def test_what_is_no_arrangement(arguments: tuple[object, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        th.cells(*arguments)


def test_options_that_do_not_fit() -> None:
    found = th.cells([[1, 0], [0, 1]])
    with pytest.raises(th.DataError, match="no cell 4"):
        found.witness(4)
    with pytest.raises(th.ShapeError, match="2 rows"):
        found.find([1, 1, 1])
    with pytest.raises(th.DataError, match="'roman'"):
        th.cells([[1]], arithmetic="roman")
    with pytest.raises(th.DataError, match="floats"):
        th.cells([[0.5]], arithmetic="exact")
    with pytest.raises(th.DataError, match="size"):
        list(found.batches(0))
    with pytest.raises(th.DataError, match="dimension"):
        found.faces(-1)
    with pytest.raises(th.DataError, match="dimension is True"):
        found.faces(True)
    for signs in (["+", "-"], [float("nan"), 1], "+-"):
        with pytest.raises(th.DataError, match="signs are"):
            found.find(signs)
    with pytest.raises(th.DataError, match="no cells 4"):
        found.signs(4)
    with pytest.raises(th.WorkloadError, match="independent"):
        th.cells(np.eye(70, dtype=int))
    assert th.count_cells(np.eye(70, dtype=int)) == 2**70
