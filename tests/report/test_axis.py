"""The rules of the ladder's axis: plain, broken, logarithmic or by rank."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from theodolite.report._axis import axis_for, nice_step

losses = st.lists(st.one_of(st.just(0.0), st.floats(1e-12, 1e12)), min_size=1, max_size=40)


def test_even_values_get_a_plain_axis():
    assert axis_for([1.0, 2.0, 3.0, 5.0]).kind == "linear"


def test_one_large_gap_breaks_the_axis_with_one_scale():
    iris = [7.6, 19.85, 23.91, 25.68, 316.8, 320.8, 322.6, 333.1, 334.9, 338.9, 340.7]
    axis = axis_for(iris)
    assert axis.kind == "broken"
    (_, low), (high, _) = axis.pieces
    assert 25.68 < low < high < 316.8
    assert f"{high - low:.1f} left out" in axis.note
    assert (axis.place(23.91) - axis.place(19.85)) / 4.06 == pytest.approx(
        (axis.place(320.8) - axis.place(316.8)) / 4.0
    )


def test_decades_get_a_logarithmic_axis_that_says_so():
    axis = axis_for([10.0**k for k in range(10)])
    assert axis.kind == "log"
    assert "logarithmic" in axis.caption
    steps = np.diff([axis.place(10.0**k) for k in range(10)])
    assert steps == pytest.approx(np.full(9, steps[0]))


def test_the_lowest_saddle_is_never_hidden_behind_the_minimum():
    clumps = [12_884.0, 17_076.0, 28_400.0, 2.1e5, 2.3e5, 2.09e6, 2.1e6, 2.3e6]
    axis = axis_for(clumps)
    assert axis.kind == "log"
    assert axis.place(17_076.0) - axis.place(12_884.0) > 0.03


def test_a_zero_forbids_the_logarithm():
    assert axis_for([0.0, 1e-3, 1.0, 1e4]).kind == "rank"
    assert axis_for([1e-20, 1e-3, 1.0, 1e4]).kind == "rank", "a zero that rounding has spoilt is a zero"


@pytest.mark.parametrize("zero", [0.0, 5.8e-28])
def test_a_zero_minimum_neither_hides_the_lowest_saddle_nor_makes_decades_of_rounding(zero):
    axis = axis_for([zero, 1.78, 5.99, 7.77, 157.7, 159.5, 163.7, 165.5, 4604.2, 4610.1, 4769.6])
    assert axis.kind == "rank"
    assert axis.place(1.78) - axis.place(zero) > 0.05


def test_several_large_gaps_get_equal_steps():
    axis = axis_for([1.0, 1.1, 50.0, 50.1, 900.0, 901.0, 50.0 + 1e-12])
    assert axis.kind == "rank"
    assert len(axis.steps) == 6
    assert "rank" in axis.caption
    assert np.diff([axis.place(v) for v in axis.steps]) == pytest.approx(np.full(5, 1 / 6))


@pytest.mark.parametrize("values", [[], [0.0], [3.0], [-2.0, -2.0], [1.0, 1000.0], [-5.0, 0.0, 7.0]])
def test_few_values(values):
    axis = axis_for(values)
    assert axis.ticks
    assert all(0 < axis.place(v) < 1 or v == 0 for v in values)


@given(losses)
def test_places_are_inside_and_in_order(values):
    axis = axis_for(values)
    places = [axis.place(v) for v in sorted(values)]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places)
    assert all(0 <= axis.place(v) <= 1 for v, _ in axis.ticks)
    assert 1 <= len(axis.ticks) <= 30


@given(st.floats(1e-9, 1e9), st.integers(2, 12))
@example(31.499, 9)
@example(13.4999, 9)
@example(5e-300, 9)
def test_steps_are_nice(span, count):
    step = nice_step(span, count)
    assert f"{step:e}"[0] in "125"
    assert 0.62 < span / step / count < 1.6
