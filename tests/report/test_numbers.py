"""Numbers as text: what is shown reads back as what was meant."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from theodolite.report._numbers import counted, faithful, number, numbers, rounded, same, tick, typeset

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
finite = st.floats(-1e15, 1e15, allow_nan=False)


def read(text: str) -> float:
    """Read a shown number back, knowing only how numbers are written."""
    text = text.replace("−", "-").replace("\u202f", "")
    found = re.fullmatch(r"(-?[\d.]+)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", text)
    assert found, text
    # As one literal: 10.0 ** -324 is zero, though the number it scales need not be.
    return float(f"{found[1]}e{(found[2] or '⁰').translate(SUPERSCRIPTS)}")


@given(finite)
@example(5e-324)
@example(999.95)
@example(-0.00099999)
def test_shown_numbers_are_close_to_the_truth(x):
    shown = number(x)
    assert "-" not in shown
    assert read(shown) == pytest.approx(x, rel=5.1e-3, abs=0)


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(5e-324)
@example(-2.5e-320)
@example(1.7976931348623157e308)
def test_faithful_loses_nothing(x):
    assert read(faithful(x)) == x


@given(st.lists(st.floats(1e-6, 1e9), min_size=2, max_size=30))
def test_values_that_differ_look_different(values):
    ordered = sorted(values)
    gaps = [(b - a) / b for a, b in pairwise(ordered) if b > a]
    assume(all(gap > 1e-4 for gap in gaps))
    shown = numbers(values)
    assert len(set(shown)) == len(set(values))
    assert [read(text) for text in shown] == pytest.approx(values, rel=5.1e-3)


def test_values_that_rounding_split_need_no_digits():
    assert numbers([340.0, 340.0 + 1e-10, 2.0]) == ["340.0", "340.0", "2.00"]
    assert numbers([1e-30, 3e-30, 340.0])[2] == "340.0"


@given(st.integers(0, 10**40))
def test_counts_keep_their_size(n):
    text = counted(n)
    if text.startswith("about"):
        assert read(text.removeprefix("about ")) == pytest.approx(n, rel=1e-2)
    else:
        assert int(text.replace("\u202f", "")) == n


@given(st.floats(-1e6, 1e6), st.sampled_from([0.001, 0.02, 0.5, 1.0, 20.0, 5000.0]))
def test_ticks_are_exact_multiples(x, step):
    k = round(x / step)
    assume(abs(k) < 10**6)
    assert read(tick(k * step, step)) == pytest.approx(k * step, rel=1e-9, abs=1e-12)


def test_small_things():
    assert same(1.0, 1.0 + 1e-12, 1.0)
    assert not same(1.0, 1.001, 1.0)
    assert rounded(0.0) == "0"
    assert number(float("inf")) == "∞"
    assert number(float("nan")) == "not finite"
    assert typeset("v != 0, n <= 2, x>=1") == "v ≠ 0, n ≤ 2, x>=1"
    assert rounded(float("inf")) == "∞"
    assert typeset("x-1, 3-2, arXiv:1710.11205, 2:53-58, -4e-3") == "x-1, 3-2, arXiv:1710.11205, 2:53-58, −4 × 10⁻³"
