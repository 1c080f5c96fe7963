"""Each kernel against its twin in plain Python integers."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.arrangement.families import braid, deformed, resonance, threshold, type_d
from theodolite.arrangement import _expand, _narrow, _reduce, _rows, _run, _start
from theodolite.arrangement._counts import cover_count
from theodolite.arrangement._filter import filtered_dot, inverse_bound, verified_inverse
from theodolite.arrangement._given import read
from theodolite.arrangement._polygons import polygon_cells
from theodolite.arrangement._reduce import reduce
from theodolite.arrangement._residues import cofactors, prime_table, residue_dot, residue_sign
from theodolite.arrangement._rows import SMALLEST, Rows, float_rows, integer_rows
from theodolite.arrangement._run import Prefix, Tally, search_cells
from theodolite.arrangement._sort import sort_words
from theodolite.arrangement._start import dual_rays
from theodolite.arrangement._sweep import sweep_cells
from theodolite.arrangement._twin import cells_by_rays, cells_by_vertices, determinant
from theodolite.arrangement._words import words_for


def unpacked(words: np.ndarray, n: int) -> list[tuple[int, ...]]:
    bits = np.unpackbits(words.astype(">u8").view(np.uint8), axis=1)[:, :n]
    return [tuple(row) for row in (2 * bits.astype(int) - 1).tolist()]


def searched(rows: Rows, **options: object) -> tuple[list[tuple[int, ...]], Tally]:
    arrangement = reduce(rows, True, rows.width)
    tally = Tally()
    found = [
        cell
        for _, words in search_cells(arrangement, tally, batch=7, **options)
        for cell in unpacked(words, len(arrangement.rows))
    ]
    return found, tally


FAMILIES = {"braid": braid(5), "resonance": resonance(4), "threshold": threshold(3), "type D": type_d(4)}


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("arithmetic", ["integers", "filter", "residues"])
def test_the_ray_method_lists_what_its_twin_lists_in_the_same_order(name: str, arithmetic: str) -> None:
    entries = FAMILIES[name].astype(np.int64)
    rows = {
        "integers": Rows(entries),
        "filter": Rows(entries / 4),
        "residues": Rows(entries.astype(object) * 3**100),
    }[arithmetic]
    found, tally = searched(rows)
    assert found == list(cells_by_rays(reduce(rows, True, rows.width).rows))
    assert found == sorted(found)
    used = (tally.integers > 0, tally.filtered + tally.residues > 0)
    assert used == ((True, False) if arithmetic == "integers" else (False, True))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_search_for_few_small_rows_takes_the_steps_of_the_search_for_any(name: str) -> None:
    rows = Rows(FAMILIES[name].astype(np.int64))
    for options in ({}, {"stop": 6}, {"keep": False}, {"whole": True}):
        arrangement = reduce(rows, True, rows.width)
        made = []
        for handing_over in (None, 0, 3):  # not at all, at once, after a few batches
            tally, calls = Tally(), list[int]()

            def step(*state: object, handing_over: int | None = handing_over, calls: list[int] = calls) -> object:
                calls.append(1)
                done = len(calls) - 1 == handing_over
                return (0, _narrow.LARGE) if done else _narrow.search_narrow(*state)

            with mock.patch.object(_run, "search_narrow", step):
                found = [
                    (count, words.tolist()) for count, words in search_cells(arrangement, tally, batch=7, **options)
                ]
            made.append((sum(count for count, _ in found), [row for _, words in found for row in words], *tally.counts))
            assert calls
        assert made[0] == made[1] == made[2]


@pytest.mark.parametrize("scale", [120, 250, 300, 500, 2**29])  # too small for it; in the midst; at its start
def test_integers_that_outgrow_the_search_for_small_ones(scale: int) -> None:
    source = np.random.default_rng(scale)
    basis = source.integers(-scale, scale, (5, 4))
    entries = np.vstack([basis, basis[[0, 1, 2]] + basis[[1, 2, 3]], basis[[0, 4]] - basis[[4, 2]]])
    found, _ = searched(Rows(entries))
    assert found == list(cells_by_rays(reduce(Rows(entries), True, 4).rows))


@given(
    st.integers(1, 5).flatmap(
        lambda d: st.lists(st.lists(st.integers(-3, 3), min_size=d, max_size=d), min_size=1, max_size=12)
    ),
    st.sampled_from([1, 7, 2**25, 2**40]),
)
def test_rows_are_merged_alike_in_small_integers_and_in_large_ones(entries: list[list[int]], scale: int) -> None:
    rows = Rows(np.array(entries) * scale)
    with mock.patch.object(_rows, "FEW", -1):
        merged = reduce(rows, True, rows.width)
        with mock.patch.object(_reduce, "merge", return_value=None):
            general = reduce(rows, True, rows.width)
    assert merged.rows.entries.tolist() == general.rows.entries.tolist()
    for name in ("place", "turn", "columns"):
        assert getattr(merged, name).tolist() == getattr(general, name).tolist(), name
        assert getattr(merged, name).dtype == getattr(general, name).dtype
    d = merged.rows.width
    if d:
        coordinates, small = np.zeros((d, d), dtype=np.int64), np.zeros(d, dtype=np.bool_)
        assert _start.integer_duals(merged.rows.entries, 2.0**61, coordinates, small) or scale > 2**20
        duals = dual_rays(merged.rows)
        assert all(coordinates[i].tolist() == duals[i] for i in range(d) if small[i])


def test_integers_that_overflow_inside_the_loop_go_on_by_residues() -> None:
    source = np.random.default_rng(5)
    basis = source.integers(-(2**12), 2**12, (4, 4))
    sums = basis[[0, 1, 2, 0]] + basis[[1, 2, 3, 3]]
    more = source.integers(-(2**12), 2**12, (3, 4))
    entries = np.vstack([basis, more, more[[0, 1, 2]] + more[[1, 2, 0]], sums])
    found, tally = searched(Rows(entries))
    assert tally.integers > 0
    assert tally.filtered > 0
    assert tally.residues > 0
    assert found == list(cells_by_rays(reduce(Rows(entries), True, 4).rows))


@given(
    st.integers(2, 4).flatmap(
        lambda d: st.lists(st.lists(st.integers(-2, 2), min_size=d, max_size=d), min_size=1, max_size=8)
    )
)
def test_random_small_rows(entries: list[list[int]]) -> None:
    given_rows = read(entries, None, "auto").rows
    arrangement = reduce(given_rows, True, given_rows.width)
    if len(arrangement.rows):
        assert searched(given_rows)[0] == list(cells_by_rays(arrangement.rows))


def test_prefixes_part_the_cells() -> None:
    arrangement = reduce(integer_rows(resonance(4)), True, 4)
    n = len(arrangement.rows)
    whole = [cell for _, words in search_cells(arrangement, Tally()) for cell in unpacked(words, n)]
    parts = []
    for start in sorted({cell[:7] for cell in whole}):
        prefix = Prefix((sum(1 << (63 - k) for k, sign in enumerate(start) if sign > 0),), 7)
        found = [cell for _, words in search_cells(arrangement, Tally(), prefix=prefix) for cell in unpacked(words, n)]
        assert {cell[:7] for cell in found} == {start}
        parts += found
    assert parts == whole
    both = [cell for _, words in search_cells(arrangement, Tally(), whole=True) for cell in unpacked(words, n)]
    assert both == [tuple(-s for s in cell) for cell in reversed(whole)] + whole


@pytest.mark.parametrize(("n", "d"), [(2, 2), (5, 2), (6, 3), (7, 4), (7, 5), (5, 5), (70, 2), (530, 2)])
def test_the_sweep_finds_what_its_twin_finds(n: int, d: int) -> None:
    rows = float_rows(np.random.default_rng(n + d).normal(size=(n, d)))
    floats, slack = rows.floats()
    expected = cells_by_vertices(rows)
    words = sweep_cells(floats, slack, len(expected), np.zeros(3, dtype=np.int64))
    assert words is not None
    assert unpacked(words, n) == sorted(expected)


@pytest.mark.parametrize("rows", [braid(4), threshold(3), np.array([[1, 0], [0, 1], [2, 0]]), deformed(3, (0, 1))[0]])
def test_the_sweep_never_claims_general_position_where_there_is_none(rows: np.ndarray) -> None:
    floats, slack = integer_rows(rows).floats()
    assert sweep_cells(floats, slack, 10**5, np.zeros(3, dtype=np.int64)) is None
    assert sweep_cells(floats, slack, 10**5, np.zeros(3, dtype=np.int64), keep=False) is None


def polygons(rows: Rows) -> list[tuple[int, ...]] | None:
    """Return the cells that cutting polygons finds, ``None`` where it gives up."""
    floats, slack = rows.floats()
    count = cover_count(len(rows), 3) // 2
    out = np.empty((count, words_for(len(rows))), dtype=np.uint64)
    return unpacked(out, len(rows)) if polygon_cells(floats, slack, count, np.zeros(3, dtype=np.int64), out) else None


@pytest.mark.parametrize("n", [3, 4, 5, 8, 20])
@pytest.mark.parametrize("seed", range(8))
def test_polygons_are_cut_as_the_twin_cuts_cones(n: int, seed: int) -> None:
    rows = float_rows(np.random.default_rng(seed).normal(size=(n, 3)))
    assert polygons(rows) == list(cells_by_rays(rows))


@pytest.mark.parametrize("n", [63, 64, 65, 128, 129, 260])
def test_polygons_and_lines_give_the_same_list(n: int) -> None:
    rows = float_rows(np.random.default_rng(n).normal(size=(n, 3)))
    floats, slack = rows.floats()
    swept = sweep_cells(floats, slack, cover_count(n, 3) // 2, np.zeros(3, dtype=np.int64))
    assert swept is not None
    assert polygons(rows) == unpacked(swept, n)


def test_polygons_of_many_edges_are_cut() -> None:
    turns = 2 * np.pi * (np.arange(150) + 0.1) / 150
    cone = np.column_stack([np.cos(turns), np.sin(turns), np.full(150, 0.9)])
    cone += np.random.default_rng(0).normal(size=cone.shape) * 1e-4
    rows = float_rows(cone)
    floats, slack = rows.floats()
    swept = sweep_cells(floats, slack, cover_count(150, 3) // 2, np.zeros(3, dtype=np.int64))
    assert swept is not None
    found = polygons(rows)
    assert found == unpacked(swept, 150)
    assert (1,) * 150 in found


@given(st.lists(st.tuples(*[st.integers(-4, 4)] * 3), min_size=3, max_size=9, unique=True), st.sampled_from([1, 2**60]))
def test_polygons_are_right_or_given_up(entries: list[tuple[int, ...]], scale: int) -> None:
    rows = Rows(np.array(entries) * scale)
    found = polygons(rows)
    minors = [determinant([entries[i] for i in three]) for three in combinations(range(len(entries)), 3)]
    assert (found is not None) == all(minors)
    if found is not None:
        assert found == list(cells_by_rays(rows))


@pytest.mark.parametrize("gap", [2.0**-52, 1e-13, 1e-9, 1e-160])
def test_polygons_never_guess_a_sign(gap: float) -> None:
    source = np.random.default_rng(3)
    for _ in range(40):
        array = source.integers(-2, 3, (6, 3)) + gap * source.integers(-3, 4, (6, 3))
        if not np.all(np.any(array, axis=1)):
            continue
        rows = float_rows(array)
        found = polygons(rows)
        if found is not None:
            assert found == list(cells_by_rays(rows))


@given(
    st.integers(1, 5).flatmap(
        lambda d: st.lists(
            st.lists(st.integers(-(2**70), 2**70) | st.integers(-1, 1), min_size=d, max_size=d), min_size=d, max_size=d
        )
    )
)
def test_residues_give_the_sign_of_the_determinant(matrix: list[list[int]]) -> None:
    d = len(matrix)
    rows = Rows(np.array(matrix, dtype=object).reshape(d, d))
    primes, inverses = prime_table(rows.residue_count())
    residues = rows.residues(primes)
    values = np.empty(len(primes), dtype=np.int64)
    vector = np.empty(d, dtype=np.int64)
    for k, prime in enumerate(primes.tolist()):
        cofactors(residues[k], np.arange(d - 1), prime, np.empty((d, d), dtype=np.int64), vector)
        values[k] = residue_dot(residues[k], d - 1, vector, prime)
        assert values[k] == int(determinant(matrix)) % prime
    exact = determinant(matrix)
    assert residue_sign(values, primes, inverses, np.empty_like(values)) == (exact > 0) - (exact < 0)


@given(st.integers(1, 4), st.integers(0, 10**6), st.sampled_from([0, 20, 40, 50]))
def test_the_filter_never_decides_wrongly(d: int, seed: int, closeness: int) -> None:
    source = np.random.default_rng(seed)
    matrix = source.normal(size=(d, d))
    matrix[-1] += matrix[:-1].sum(axis=0) * 2.0**closeness  # nearly dependent rows
    matrix /= np.abs(matrix).max(axis=1, keepdims=True)
    inverse = np.empty((d, d))
    beta = verified_inverse(matrix, inverse, np.empty((d, d)), 0.0)
    if beta >= 0.5:
        return
    whole = determinant([Rows(matrix).exact(i) for i in range(d)])
    for column in range(d):
        radius = inverse_bound(inverse, column, beta)
        for i in range(d):
            minor = [
                [entry for k, entry in enumerate(Rows(matrix).exact(j)) if k != i] for j in range(d) if j != column
            ]
            true = determinant(minor) * (-1) ** (i + column) / whole
            assert abs(true - type(true)(inverse[i, column])) <= radius
    other = source.normal(size=(1, d))
    value, bound = filtered_dot(other, 0, inverse, 0, inverse_bound(inverse, 0, beta), 0.0)
    cofactor = [
        determinant([[e for k, e in enumerate(Rows(matrix).exact(j)) if k != i] for j in range(1, d)])
        * (-1) ** i
        / whole
        for i in range(d)
    ]
    true = sum(Rows(other).exact(0)[i] * cofactor[i] for i in range(d))
    assert abs(true - type(true)(value)) <= bound


def test_the_filter_says_nothing_where_its_own_numbers_overflow_or_stand_for_nothing() -> None:
    tiny = 1e-199
    matrix = np.array([[1.0, 0, 0], [1.0, tiny, 0], [0, 1.0, tiny]])  # its inverse has entries of 1e398
    inverse, work = np.empty((3, 3)), np.empty((3, 3))
    assert verified_inverse(matrix, inverse, work, 0.0) >= 0.5
    assert verified_inverse(np.eye(3), inverse, work, 1.0) >= 0.5


@given(st.integers(1, 4), st.integers(0, 300), st.integers(0, 10**6))
def test_words_are_sorted(width: int, count: int, seed: int) -> None:
    words = np.random.default_rng(seed).integers(0, 3, (count, width)).astype(np.uint64) << np.uint64(62)
    assert sort_words(words).tolist() == sorted(words.tolist())


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=6, max_size=6))
def test_rows_of_floats_are_the_floats(entries: list[float]) -> None:
    array = np.array(entries).reshape(3, 2)
    rows = float_rows(array)
    columns = [[rows.exact(i)[k] for i in range(3)] for k in range(2)]
    given_columns = [[Rows(array).exact(i)[k] for i in range(3)] for k in range(2)]
    for i in range(3):  # each row up to a positive factor and a common stretch of the columns
        for k in range(2):
            assert (columns[k][i] > 0, columns[k][i] < 0) == (given_columns[k][i] > 0, given_columns[k][i] < 0)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert (columns[0][i] * columns[1][j] == columns[1][i] * columns[0][j]) == (
            given_columns[0][i] * given_columns[1][j] == given_columns[1][i] * given_columns[0][j]
        )
    floats, slack = rows.floats()
    assert slack <= 2.0**-53 or (slack == 1.0 and np.any((np.abs(floats) < SMALLEST) & (array != 0)))
    assert np.all(
        (np.sign(floats) == np.sign(array)) | (floats == 0)
    )  # what underflows is less than every bound allows
    primes = prime_table(2)[0]
    for k, prime in enumerate(primes.tolist()):
        for i in range(3):
            residues, integers = rows.residues(primes)[k, i].tolist(), rows.integers(i)
            lead = next((e for e in zip(residues, integers, strict=True) if e[1]), None)
            if lead is not None:  # residues of a multiple of the row
                assert all((r * lead[1] - lead[0] * e) % prime == 0 for r, e in zip(residues, integers, strict=True))


@given(
    st.integers(1, 4).flatmap(
        lambda d: st.lists(st.lists(st.integers(-2, 2), min_size=d + 1, max_size=d + 1), min_size=1, max_size=6)
    ),
    st.booleans(),
)
def test_small_arrangements_are_what_the_kernels_make_of_them(entries: list[list[int]], central: bool) -> None:
    rows, offsets = [row[:-1] for row in entries], None if central else [row[-1] for row in entries]
    with mock.patch.object(_rows, "FEW", -1), mock.patch.object(_expand, "FEW", -1):
        compiled = th.cells(rows, offsets)
        reached = [(compiled.neighbours(i).tolist(), compiled.find(compiled[i])) for i in range(compiled.count)]
        faces = compiled.faces()
    found = th.cells(rows, offsets)
    assert np.array_equal(found.packed, compiled.packed)
    assert found.packed.dtype == compiled.packed.dtype
    assert [(found.neighbours(i).tolist(), found.find(found[i])) for i in range(found.count)] == reached
    assert np.array_equal(found.faces().signs, faces.signs)
    arrangement, other = found.arrangement, compiled.arrangement
    if "swept" not in str(compiled.evidence):  # what was swept was not reduced
        assert np.array_equal(arrangement.place, other.place)
        assert np.array_equal(arrangement.turn, other.turn)
        assert np.array_equal(arrangement.columns, other.columns)


def test_small_arrangements_compile_nothing() -> None:
    script = """
import sys, theodolite as th
for offsets in (None, [0, "0.5", 1]):
    found = th.cells([[1, 0], [0.1, 1], [1, 1]], offsets, verify=True)
    found.signs(), found.faces(), found.facets(0), found.neighbours(0), found.find(found[1]), found.witness(0)
parts = [module for name, module in sys.modules.items() if name.startswith("theodolite.arrangement")]
kernels = {id(k): k for module in parts for k in vars(module).values() if hasattr(k, "signatures")}
print(len(kernels) > 10, [kernel.__name__ for kernel in kernels.values() if kernel.signatures])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True []\n"
