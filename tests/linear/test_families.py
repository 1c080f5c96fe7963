"""The list of families against brute force: complete, without repetition, and in exactly the stated order."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite.linear._families import Compiled, Families, Plain, Sorted

LISTINGS = (Sorted, Plain, Compiled)


def brute(families: Families) -> list[tuple[int, ...]]:
    """Every vector of the box whose sum is at most the cap."""
    box = product(*(range(m + 1) for m in families.multiplicities))
    return [row for row in box if sum(row) <= families.cap]


def exact_sum(families: Families, row: tuple[int, ...]) -> Fraction:
    left = zip(families.multiplicities, row, families.eigenvalues.tolist(), strict=True)
    return sum((Fraction(mu) * (m - p) for m, p, mu in left), Fraction(0))


def all_of(
    listing: type[Sorted] | type[Plain] | type[Compiled], families: Families, step: int
) -> list[tuple[int, ...]]:
    source, out = listing(families), []
    while len(rows := source.take(step)):
        out += map(tuple, rows.tolist())
    return out


@st.composite
def problems(draw: st.DrawFn, eigenvalue: st.SearchStrategy[float]) -> tuple:
    eigenvalues = sorted(draw(st.sets(eigenvalue, max_size=5)), reverse=True)
    sizes = tuple(draw(st.integers(1, 3)) for _ in eigenvalues)
    cap = draw(st.integers(0, sum(sizes)))
    return np.array(eigenvalues, dtype=float), sizes, cap, draw(st.floats(0, 1e6)), 0.5


whole = st.integers(1, 9).map(float)
wild = st.floats(1e-12, 1e4) | st.sampled_from([1.0, 2.0, 3.0, 1 + 2.0**-52, 1e-16, 0.1, 0.2, 0.3])


@given(problems(whole), st.integers(1, 7))
def test_whole_eigenvalues_come_in_exact_order_from_every_listing(problem: tuple, step: int) -> None:
    families = Families(*problem)
    # sums of small integers are exact in floating point, so rational arithmetic must give the very same order, ties included
    expected = sorted(brute(families), key=lambda row: (exact_sum(families, row), [-p for p in row]))
    for listing in LISTINGS:
        assert all_of(listing, families, step) == expected
    assert families.count() == len(expected)


@given(problems(wild), st.integers(1, 7))
def test_any_eigenvalues_come_complete_and_never_decrease(problem: tuple, step: int) -> None:
    families = Families(*problem)
    rows = all_of(Compiled, families, step)
    assert sorted(rows) == sorted(brute(families))
    assert rows == all_of(Plain, families, 100) == all_of(Sorted, families, 100)
    taken = np.array(rows, dtype=np.int64).reshape(len(rows), len(families.multiplicities))
    sums, values = families.sums(taken), families.values(taken)
    assert (np.diff(sums) >= 0).all()
    assert (np.diff(values) >= 0).all()
    for here, after, total, following in zip(rows, rows[1:], sums, sums[1:], strict=False):
        assert total < following or here > after
    bound = 8 * 2.0**-53  # log2(5) + 3 units of round-off, rounded up
    for row, total in zip(rows, sums.tolist(), strict=True):
        exact = exact_sum(families, row)
        assert abs(Fraction(total) - exact) <= Fraction(bound) * exact


def test_worked_example() -> None:
    families = Families(np.array([9.0, 4.0, 1.0]), (1, 2, 1), cap=2, floor=0.0, weight=0.5)
    (rows,) = families.chunks()
    assert rows.tolist() == [[1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 2, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert families.values(rows).tolist() == [2.5, 4.0, 4.5, 5.0, 6.5, 7.0, 8.5, 9.0]
    assert families.value((0, 2, 0)) == 5.0


def test_equal_values_are_all_kept_larger_vector_first() -> None:
    families = Families(np.array([3.0, 2.0, 1.0]), (1, 1, 1), cap=3, floor=0.0, weight=1.0)
    (rows,) = families.chunks()
    assert rows.tolist() == [[1, 1, 1], [1, 1, 0], [1, 0, 1], [1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert families.values(rows).tolist() == [0, 1, 2, 3, 3, 4, 5, 6]


@pytest.mark.parametrize(("eigenvalues", "sizes", "cap"), [([], (), 0), ([2.0], (1,), 0), ([5.0, 1.0], (3, 2), 0)])
def test_one_family_where_nothing_can_be_taken(eigenvalues: list[float], sizes: tuple[int, ...], cap: int) -> None:
    families = Families(np.array(eigenvalues), sizes, cap, floor=7.0, weight=0.5)
    (rows,) = families.chunks()
    assert rows.tolist() == [[0] * len(sizes)]
    assert families.count() == 1
    assert families.value(rows[0]) == 7.0 + 0.5 * float(np.dot(sizes, eigenvalues))
    assert families.unpack(families.pack(rows)).tolist() == rows.tolist()


def test_one_eigenvalue_of_high_multiplicity() -> None:
    families = Families(np.array([2.0]), (70_000,), cap=70_000, floor=0.0, weight=1.0)
    assert families.count() == 70_001
    rows = np.concatenate(list(families.chunks()))
    assert rows[:, 0].tolist() == list(range(70_000, -1, -1))
    assert (families.unpack(families.pack(rows[:3])) == rows[:3]).all()


def test_small_gaps_survive_beside_large_eigenvalues() -> None:
    # the two best families differ by 1e-16 of the largest eigenvalue, and the value of each is right to the last digit
    families = Families(np.array([1e16, 2.0, 1.0]), (1, 1, 1), cap=2, floor=0.0, weight=1.0)
    (rows,) = families.chunks(limit=3)
    assert rows.tolist() == [[1, 1, 0], [1, 0, 1], [1, 0, 0]]
    assert families.values(rows).tolist() == [1.0, 2.0, 3.0]


def test_large_problem_agrees_with_all_subsets_sorted() -> None:
    rng = np.random.default_rng(5)
    families = Families(np.sort(rng.integers(1, 60, 17) + np.arange(17) / 64)[::-1].copy(), (1,) * 17, 9, 0.0, 1.0)
    bits = (np.arange(2**17)[:, None] >> np.arange(17)[::-1]) & 1
    bits = bits[bits.sum(axis=1) <= 9]
    order = np.lexsort([*(-bits[:, i] for i in reversed(range(17))), (1 - bits) @ families.eigenvalues])
    assert families.count() == len(bits)
    assert (np.concatenate(list(families.chunks())) == bits[order]).all()
    assert (Compiled(families).take(len(bits) + 1) == bits[order]).all()


def test_chunks_double_and_do_not_depend_on_the_limit() -> None:
    families = Families(np.sqrt(np.arange(60, 20, -1.0)), (2,) * 40, 30, 0.0, 0.5)
    free = list(islice(families.chunks(first=4, most=900), 10))
    assert [len(rows) for rows in free] == [4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    cut = list(families.chunks(limit=2800, first=4, most=900))
    assert sum(map(len, cut)) == 2800
    assert (np.concatenate(cut) == np.concatenate(free)[:2800]).all()
    assert (Plain(families).take(2800) == np.concatenate(cut)).all()
    assert list(families.chunks(limit=0)) == []


def test_the_kernel_goes_on_where_plain_python_stops() -> None:
    families = Families(np.exp(np.arange(40, 0, -1.0) / 9), (1,) * 40, 15, 0.0, 0.5)
    rows = np.concatenate(list(families.chunks(limit=5000)))
    assert (Plain(families).take(5000) == rows).all()
    assert (np.diff(families.values(rows)) >= 0).all()


def test_a_thousand_eigenvalues_start_at_the_best() -> None:
    mu = np.exp(-np.arange(1000) / 50)
    families = Families(mu, (1,) * 1000, 300, 0.0, 1.0)
    rows = next(families.chunks())
    assert np.flatnonzero(rows[0]).tolist() == list(range(300))
    assert np.flatnonzero(rows[1]).tolist() == [*range(299), 300]
    assert families.values(rows[:1])[0] == pytest.approx(mu[300:].sum(), rel=1e-14)


def test_counts_of_any_size() -> None:
    def count(sizes: tuple[int, ...], cap: int) -> int:
        return Families(np.arange(len(sizes), 0, -1.0), sizes, cap, 0.0, 1.0).count()

    assert count((1,) * 10, 10) == 1024
    assert count((2, 3, 4), 5) == 41
    assert count((1,) * 6, 3) == 42
    assert count((1,) * 64, 10) == sum(comb(64, s) for s in range(11))
    assert count((1,) * 1000, 1000) == 2**1000
    assert count((3,) * 300, 900) == 4**300


def test_keys_are_unary_bits() -> None:
    families = Families(np.array([3.0, 2.0, 1.0]), (3, 1, 5), 9, 0.0, 1.0)
    keys = families.pack(np.array([[2, 1, 4], [0, 0, 5]]))
    assert [[f"{byte:08b}" for byte in key] for key in keys] == [["11011111", "00000000"], ["00001111", "10000000"]]
    assert keys.shape[1] == families.key_width
    assert families.unpack(keys).tolist() == [[2, 1, 4], [0, 0, 5]]


@given(problems(wild))
def test_keys_round_trip(problem: tuple) -> None:
    families = Families(*problem)
    for rows in families.chunks():
        keys = families.pack(rows)
        assert keys.shape == (len(rows), families.key_width)
        assert (families.unpack(keys) == rows).all()
