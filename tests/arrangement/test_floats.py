"""Binary floats: the cells of the very numbers passed, however close to a degenerate position they are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.arrangement.families import braid, count_by_deletion, exact, resonance, threshold


def as_fractions(rows: np.ndarray) -> np.ndarray:
    return np.array(exact(rows), dtype=object).reshape(rows.shape)


def agree(rows: np.ndarray, offsets: np.ndarray | None = None) -> th.Cells:
    """Check that floats and the fractions equal to them have the same cells in the same order."""
    floats = th.cells(rows, offsets)
    fractions = th.cells(as_fractions(rows), None if offsets is None else [Fraction(b) for b in offsets.tolist()])
    assert floats.evidence.method is th.Method.VERIFIED
    assert fractions.evidence.method is th.Method.EXACT
    assert np.array_equal(floats.packed, fractions.packed)
    assert th.count_cells(rows, offsets) == floats.count
    return floats


@pytest.mark.parametrize("gap", [1e-6, 1e-9, 1e-15, 2.0**-52])
@pytest.mark.parametrize("scale", [1.0, 1e16, 1e-140])
def test_near_degenerate_clusters(gap: float, scale: float) -> None:
    source = np.random.default_rng(4)
    centres = source.normal(size=(3, 3))
    rows = np.repeat(centres, 3, axis=0) + gap * source.integers(-2, 3, (9, 3))
    rows *= scale ** source.choice([0, 1], (9, 1))
    rows *= [1.0, scale, 1.0]
    assert agree(rows).count == count_by_deletion(exact(rows))


@pytest.mark.parametrize("rows", [braid(5), resonance(4), threshold(3)])
def test_rounded_degeneracies_are_decided_as_they_are(rows: np.ndarray) -> None:
    source = np.random.default_rng(6)
    rounded = rows @ source.normal(size=(rows.shape[1], rows.shape[1]))  # each dependency is off by a few ulps
    found = agree(rounded)
    assert found.count >= th.count_cells(rows)
    assert ", 0 by exact residues" not in str(found.evidence)


def test_rows_scaled_by_rounded_factors_stay_parallel_or_not_as_they_are() -> None:
    base = np.random.default_rng(7).normal(size=(4, 2))
    rows = np.vstack([base, base * 2, base * 0.1, -base])
    found = agree(rows)
    assert found.count == count_by_deletion(exact(rows))
    assert found.count > 8


@pytest.mark.parametrize("places", [1, 2])
def test_measurements_with_few_decimals(places: int) -> None:
    rows = np.round(np.random.default_rng(9).normal(size=(14, 3)), places)
    found = agree(np.hstack([rows[:, :2], np.ones((14, 1))]))
    decimals = [[f"{entry:.{places}f}" for entry in row] + ["1"] for row in rows[:, :2].tolist()]
    meant = th.cells(decimals)
    assert meant.evidence.method is th.Method.EXACT
    assert meant.count <= found.count


floats = st.sampled_from(
    [0.0, 0.1, 0.2, 0.3, -0.1, 1.0, 1 + 2.0**-52, -0.7, 3e-9, 1e16, -1e-300, 5e-324, 1e308]
) | st.floats(-1e3, 1e3, allow_subnormal=True)


@given(st.integers(1, 4).flatmap(lambda d: st.lists(st.lists(floats, min_size=d, max_size=d), min_size=1, max_size=7)))
def test_any_floats(entries: list[list[float]]) -> None:
    rows = np.array(entries)
    assert agree(rows).count == count_by_deletion(exact(rows))


@given(st.lists(st.tuples(floats, floats, floats), min_size=1, max_size=7))
def test_any_floats_with_offsets(entries: list[tuple[float, float, float]]) -> None:
    array = np.array(entries)
    agree(array[:, :2], array[:, 2])


def test_half_precision_and_integers_of_every_width() -> None:
    rows = np.array([[1, 2], [2, 1], [3, -3], [100, 100]])
    expected = th.cells(rows).signs()
    for kind in (np.int8, np.int16, np.int32, np.uint64, np.float16, np.float32, object):
        given_rows = np.abs(rows).astype(kind) if kind is np.uint64 else rows.astype(kind)
        wanted = th.cells(np.abs(rows)).signs() if kind is np.uint64 else expected
        assert np.array_equal(th.cells(given_rows).signs(), wanted)
    large = [[2**63, -1], [2**63 + 1, -1], [1, 0]]
    assert th.count_cells(large) == 6
    assert th.count_cells(np.array([[2**64 - 1, 1], [2**64 - 2, 1]], dtype=np.uint64)) == 4
    assert th.count_cells(np.array([[-(2**63), 1], [-(2**63) + 1, 1]])) == 4
    assert th.count_cells([[1]], offsets=[-(2**63)]) == 2
    assert th.count_cells([[1], [1]], np.array([-(2**63), 2**63 - 1])) == 3


def test_tables_and_tensors() -> None:
    import pandas as pd
    import torch

    rows = np.array([[1.5, 2.0], [0.1, -1.0], [3.0, 4.0]])
    expected = th.cells(rows, [0.0, 1.0, 2.0]).signs()
    table = pd.DataFrame(rows, columns=["x", "y"])
    assert np.array_equal(th.cells(table, pd.DataFrame({"b": [0.0, 1.0, 2.0]})).signs(), expected)
    assert np.array_equal(th.cells(torch.tensor(rows), torch.tensor([0.0, 1.0, 2.0])).signs(), expected)
    whole = pd.DataFrame({"x": [1, 2], "y": [3, 6]})
    assert th.cells(whole).evidence.method is th.Method.EXACT
    assert th.count_cells(whole) == 2


@pytest.mark.parametrize("seed", range(12))
def test_numbers_as_small_as_floats_can_be_beside_ordinary_ones(seed: int) -> None:
    source = np.random.default_rng(seed)
    rows = source.integers(-2, 3, (6, 4)) * source.choice([1.0, 5e-324], (6, 4))
    assert agree(rows).count == count_by_deletion(exact(rows))


def test_small_numbers_that_underflow_beside_large_ones() -> None:
    least = 5e-324
    rows = np.array(
        [
            [1, least, 2, 2],
            [least, 2, 0, least],
            [-least, -1, 2 * least, -3 * least],
            [2 * least, -1, -1, 2],
            [0, 2, -1, -2],
            [2, -3 * least, -1, 0],
        ]
    )
    assert agree(rows).count == count_by_deletion(exact(rows)) == 52


def test_large_integers_beside_floats_are_not_rounded() -> None:
    for large in (2**53 + 1, np.int64(2**53 + 1)):
        assert th.cells([[large, 1.0], [2**53, 1.0]]).count == 4
