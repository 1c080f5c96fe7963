"""Known numbers of cells, and numbers counted in an independent way."""

from __future__ import annotations

from fractions import Fraction
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.arrangement.families import (
    braid,
    count_by_deletion,
    deformed,
    exact,
    graphical,
    homogeneous,
    resonance,
    threshold,
    type_b,
    type_d,
)

CENTRAL = {
    "braid 4": (braid(4), factorial(4)),
    "braid 6": (braid(6), factorial(6)),
    "type B 3": (type_b(3), 2**3 * factorial(3)),
    "type B 4": (type_b(4), 2**4 * factorial(4)),
    "type D 4": (type_d(4), 2**3 * factorial(4)),
    "resonance 3": (resonance(3), 32),
    "resonance 4": (resonance(4), 370),
    "resonance 5": (resonance(5), 11292),
    "threshold 2": (threshold(2), 14),
    "threshold 3": (threshold(3), 104),
    "threshold 4": (threshold(4), 1882),
    "threshold 5": (threshold(5), 94572),
    "cycle of 6": (graphical(6, [(i, (i + 1) % 6) for i in range(6)]), 2**6 - 2),
    "path of 7": (graphical(7, [(i, i + 1) for i in range(6)]), 2**6),
    "K(2,3)": (graphical(5, [(i, j) for i in (0, 1) for j in (2, 3, 4)]), 46),
    "unit cube": (np.eye(7, dtype=int), 2**7),
}
AFFINE = {
    "Catalan 3": (deformed(3, (-1, 0, 1)), 6 * 5),
    "Catalan 4": (deformed(4, (-1, 0, 1)), 24 * 14),
    "Shi 3": (deformed(3, (0, 1)), 4**2),
    "Shi 4": (deformed(4, (0, 1)), 5**3),
    "Shi 5": (deformed(5, (0, 1)), 6**4),
    "Linial 3": (deformed(3, (1,)), 7),
    "Linial 4": (deformed(4, (1,)), 36),
    "Linial 5": (deformed(5, (1,)), 246),
}


@pytest.mark.parametrize("name", CENTRAL)
def test_central_families(name: str) -> None:
    rows, count = CENTRAL[name]
    found = th.cells(rows)
    assert (found.count, len(np.unique(found.packed, axis=0)), th.count_cells(rows)) == (count, count, count)
    assert found.complete
    assert found.evidence.method is th.Method.EXACT


@pytest.mark.parametrize("name", AFFINE)
def test_affine_families(name: str) -> None:
    (rows, offsets), count = AFFINE[name]
    found = th.cells(rows, offsets)
    assert (found.count, len(np.unique(found.packed, axis=0)), th.count_cells(rows, offsets)) == (count, count, count)


@pytest.mark.slow
def test_large_anchors() -> None:
    assert th.count_cells(resonance(6)) == 1_066_044
    assert th.count_cells(threshold(6)) == 15_028_134
    assert th.count_cells(braid(9)) == factorial(9)


@pytest.mark.parametrize(
    ("n", "d"), [(1, 1), (5, 2), (7, 3), (40, 3), (9, 4), (13, 5), (9, 7), (130, 2), (70, 3), (3, 5)]
)
@pytest.mark.parametrize("kind", ["normal", "integer"])
def test_general_position_follows_cover(n: int, d: int, kind: str) -> None:
    source = np.random.default_rng(n * d)
    rows = source.normal(size=(n, d)) if kind == "normal" else source.integers(-(10**6), 10**6, (n, d))
    count = 2 * sum(comb(n - 1, k) for k in range(d))
    found = th.cells(rows)
    assert (found.count, len(np.unique(found.packed, axis=0)), th.count_cells(rows)) == (count, count, count)


@pytest.mark.parametrize(("n", "d"), [(8, 1), (9, 2), (30, 2), (12, 3), (65, 2), (10, 4)])
def test_affine_general_position(n: int, d: int) -> None:
    source = np.random.default_rng(n + d)
    found = th.cells(source.normal(size=(n, d)), source.normal(size=n))
    assert found.count == sum(comb(n, k) for k in range(d + 1))
    assert len(np.unique(found.packed, axis=0)) == found.count


small = st.integers(-2, 2)


@st.composite
def matrices(draw: st.DrawFn) -> np.ndarray:
    """Small matrices full of zeros, repeats and multiples."""
    d = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(small, min_size=d, max_size=d), max_size=7))
    if rows:
        for k in draw(st.lists(st.integers(0, len(rows) - 1), max_size=2)):
            rows.append([draw(st.sampled_from((-3, -1, 1, 2))) * entry for entry in rows[k]])
    return np.array(rows, dtype=np.int64).reshape(len(rows), d)


@given(matrices())
def test_any_central_position(rows: np.ndarray) -> None:
    expected = count_by_deletion(exact(rows))
    assert th.cells(rows, verify=True).count == expected
    assert th.count_cells(rows) == expected
    assert th.count_cells(rows.astype(float)) == expected
    assert th.count_cells(rows * np.float64(np.pi)) == expected  # entries 2^a 3^b: rounding scales whole rows


@given(matrices(), st.data())
def test_any_affine_position(rows: np.ndarray, data: st.DataObject) -> None:
    offsets = data.draw(st.lists(small, min_size=len(rows), max_size=len(rows)))
    expected = count_by_deletion(homogeneous(rows, offsets)) // 2 if len(rows) else 1
    assert th.cells(rows, offsets, verify=True).count == expected
    assert th.count_cells(rows, np.array(offsets, dtype=float)) == expected


@given(matrices(), st.integers(60, 400))
def test_size_of_the_numbers_does_not_matter(rows: np.ndarray, bits: int) -> None:
    scale = 3**bits + 1
    large = np.array([[int(entry) * scale for entry in row] for row in rows.tolist()], dtype=object).reshape(rows.shape)
    for k in range(rows.shape[1]):  # stretch the columns: the same cells, with entries of hundreds of digits
        large[:, k] *= 7 ** (k * 10)
    assert th.cells(large).signs().tolist() == th.cells(rows).signs().tolist()


def test_verification_counts_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from theodolite.arrangement import _enumerate

    found = th.cells(resonance(4), verify=True)
    assert "Zaslavsky" in str(found.evidence)
    monkeypatch.setattr(_enumerate, "VERIFIABLE", 10)
    with pytest.raises(th.NotCoveredError, match="cannot be verified"):
        th.cells(threshold(4), verify=True)
    monkeypatch.undo()
    monkeypatch.setattr(_enumerate, "count_by_restriction", lambda rows: 371)
    with pytest.raises(th.TheodoliteError, match="371"):
        th.cells(resonance(4), verify=True)


def test_decimals_and_the_floats_nearest_to_them() -> None:
    decimals = [["0.1", "0.3"], ["0.2", "0.6"], ["0.7", "2.1"]]
    assert th.count_cells(decimals) == 2  # one line
    floats = [[float(entry) for entry in row] for row in decimals]
    assert th.count_cells(floats) == count_by_deletion(exact(floats)) == 4  # 2.1 is not three times 0.7 once rounded
    thirds = [[Fraction(1, 3), Fraction(2, 3)], [Fraction(1, 7), Fraction(2, 7)]]
    assert th.count_cells(thirds) == 2
