"""Ways out: the step really lowers the loss by what is said, at the order that is said."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from tests.relu.points import SLOPES, critical_by_construction, fractions
from theodolite import Kind
from theodolite._errors import NoEscapeError
from theodolite.relu import ReluLandscape
from theodolite.relu._line import line_minimum
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._reading import read, sse_change


def leaving(seeds):
    for seed in seeds:
        land, params = critical_by_construction(seed)
        found = land.classify(params)
        if found.escape is not None:
            yield land, params, found


def test_the_decrease_is_what_it_says_in_rationals():
    seen = set()
    for land, params, found in leaving(range(200)):
        assert land.loss(params) - land.loss(found.escape.at()) == found.escape.decrease > 0
        seen.add((found.escape.order, found.escape.words.split(" ")[0]))
    assert {(1, "turn"), (2, "turn")} <= seen


def test_the_decrease_is_what_it_says_in_floats():
    for land, params, _ in leaving(range(200)):
        floats = tuple(np.asarray(part, dtype=object).astype(float) for part in params)
        found = land.classify(floats)
        if found.escape is not None:
            fall = found.value - land.loss(found.escape.at())
            assert fall == pytest.approx(float(found.escape.decrease), rel=1e-6, abs=1e-12 * (1 + found.value))
            assert found.escape.decrease > 0


def test_the_order_is_what_it_says():
    """Along the line the loss falls like t, or like t squared with the given curvature."""
    orders = set()
    for land, params, found in leaving(range(120)):
        way, start = found.escape, land.loss(params)
        tiny = Fraction(1, 2**30)
        first = (start - land.loss(way.at(tiny))) / tiny
        slope = land.directional_derivative(params, way.vector)
        orders.add(way.order)
        if way.order == 1:
            assert slope < 0
            assert first > 0
        else:
            assert slope == 0
            assert float(2 * first / tiny) == pytest.approx(-float(way.curvature), rel=1e-5)
            assert way.curvature < 0
    assert orders == {1, 2}


def test_the_output_bias_and_an_output_weight_of_zero():
    land = ReluLandscape([[1], [-1]], [2, 2], 1, output_bias=True)
    found = land.classify(([[1]], [0], 0))
    assert (found.kind, found.escape.words) == (Kind.NOT_CRITICAL, "move the output bias")
    assert found.escape.decrease == found.value
    found = ReluLandscape([[1], [-1]], [2, 2], 1).classify(([[1]], [0]))
    assert "output weight" in found.escape.words
    assert found.escape.decrease == 2


def test_minima_have_no_way_out():
    with pytest.raises(NoEscapeError, match="no way down"):
        ReluLandscape([[1], [-1]], [1, 1], 1).escape(([[0]], [-1]))


@pytest.mark.parametrize("seed", range(40))
def test_line_minimum_is_the_first_place_where_the_loss_stops_falling(seed):
    rng = np.random.default_rng(seed)
    n, d, h = 7, 2, 3
    land = ReluLandscape(
        rng.integers(-3, 4, (n, d)), rng.integers(-4, 5, n), h, output_bias=True, negative_slope=SLOPES[seed % 4]
    )
    problem = land.problem
    point = Point(fractions(rng.integers(-2, 3, (h, d))), fractions(rng.integers(-2, 3, h)), Fraction(1))
    way = Point(fractions(rng.integers(-3, 4, (h, d))), fractions([0] * h), Fraction(int(rng.integers(-2, 3))))
    error = read(problem, point, 0.0).error
    step = line_minimum(problem, point, error, way)
    start = Evaluation(problem, point)
    if start.directional_derivative(way) >= 0:
        assert step is None
        return
    assert step > 0
    values = [start.sse + sse_change(problem, point, way, step * Fraction(k, 64)) for k in range(65)]
    assert values[-1] == Evaluation(problem, point.moved(way, step)).sse
    assert all(later < earlier for earlier, later in pairwise(values))
    assert Evaluation(problem, point.moved(way, step)).directional_derivative(way) >= 0
    floats = problem.as_float
    near = line_minimum(floats, point.converted(floats), error.astype(float), way.converted(floats))
    assert near == pytest.approx(float(step))


def test_steps_are_tried_where_there_are_too_many_kinks(monkeypatch):
    from theodolite.relu import _line

    rng = np.random.default_rng(0)
    land = ReluLandscape(rng.standard_normal((50, 3)), rng.standard_normal(50), 4)
    params = rng.standard_normal((4, 3)), rng.standard_normal(4)
    monkeypatch.setattr(_line, "_MOST_BREAKS", 0)
    found = land.classify(params)
    assert found.kind is Kind.NOT_CRITICAL
    assert land.loss(found.escape.at()) < found.value
