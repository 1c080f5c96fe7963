"""The picture of exponential against polynomial decay: its data, and that it is drawn."""

from __future__ import annotations

import io

import numpy as np
import pytest

import theodolite as th
from theodolite.probability import figure, fixed_hyperplanes, no_bias, noisy_labels, panel

FIXED, NOISY = no_bias(20, 2, "pi/18"), noisy_labels(20, 2)


def test_the_data_of_the_picture():
    drawn = panel(FIXED, NOISY, largest=60, runs=500, rng=3)
    assert drawn.logarithmic
    assert [curve.role for curve in drawn.curves] == ["model", "target", "stems", "data"]
    exponential, polynomial, stems, dots = drawn.curves
    assert exponential.x == tuple(range(2, 61))
    assert exponential.y[20] == pytest.approx(float(no_bias(22, 2, "pi/18").probability))
    assert polynomial.x[0] == 3.0, "the leading order is below 1 from three samples on"
    assert np.allclose(polynomial.y, 2 / np.array(polynomial.x))
    assert "leading order" in polynomial.name
    found = no_bias(2, 2, "pi/18").simulate(500, 3)
    assert (dots.x[0], dots.y[0]) == (2.0, found.estimate)
    assert stems.y[:2] == (found.lower, found.upper)
    assert len(stems.x) == 2 * len(dots.x)
    assert min(stems.y) > 0
    assert "straight line" in drawn.caption


def test_straight_and_bent():
    exponential, polynomial = panel(FIXED, NOISY, largest=100).curves
    slopes = np.diff(np.log(exponential.y[-20:]))
    assert np.allclose(slopes, np.log(17 / 18))
    bends = np.diff(np.log(polynomial.y), 2)
    assert (bends > 0).all()


def test_long_curves_are_thinned_and_end_where_they_are_too_low():
    (curve,) = panel(FIXED, largest=10**6).curves
    assert len(curve.x) > 20
    (curve,) = panel(NOISY, largest=10**6).curves
    assert len(curve.x) <= 200
    assert curve.x[-1] == 10**6
    (curve,) = panel(FIXED, largest=1000).curves
    assert min(curve.y) >= 1e-9
    assert curve.x[-1] < 1000


def test_estimates_of_zero_are_left_out():
    rare = no_bias(20, 2, "pi/2")
    drawn = panel(rare, largest=30, runs=50)
    dots = drawn.curves[-1]
    assert all(dots.y)
    assert len(dots.x) < 8


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: panel(), "Nothing cannot be drawn"),
        (lambda: panel(FIXED, FIXED, FIXED, FIXED), "NoBias, NoBias, NoBias, NoBias cannot"),
        (lambda: panel(0.5), "float cannot be drawn"),
        (lambda: panel(FIXED, largest=5), "largest is 5"),
        (lambda: panel(FIXED, runs=-1), "runs is -1"),
        (lambda: panel(fixed_hyperplanes(5, [1])), "below 1e-09"),
    ],
)
def test_what_is_refused(call, said):
    with pytest.raises(th.DataError, match=said):
        call()


def test_the_picture_is_drawn():
    drawn = figure(FIXED, NOISY, largest=40, runs=200)
    (axes,) = drawn.axes
    assert axes.get_yscale() == "log"
    assert len(drawn.legends) == 1
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert texts[0] == FIXED.setting == "no bias, 2 inputs, angle pi/18"
    assert len(texts) == 4
    file = io.BytesIO()
    drawn.savefig(file, format="svg")
    assert file.getvalue().startswith(b"<?xml")
