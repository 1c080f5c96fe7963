"""Points in floating point: kinks met up to round-off, coarse types, and parameters beside a critical point."""

from fractions import Fraction

import numpy as np
import pytest

from theodolite import Kind, ReluLandscape


@pytest.mark.parametrize(
    ("rows", "y", "weights", "slope"),
    [
        ([[0, -2, 1], [0, -2, 1], [0, 0, 1], [0, -2, 1], [2, 1, 1]], [-1, 0, 3, -2, -1], [[-3, -2, -4]], 0.5),
        ([[1, 1], [-1, 1], [1, 1], [2, 1], [2, 1], [-1, -1]], [1, 0, -3, -2, 3, 0], [[-1, 1]], 0.0),
    ],
)
def test_a_sleeping_neuron_at_a_kink_that_rounding_misses_has_a_way_out_that_is_worth_it(rows, y, weights, slope):
    """The critical point next to these floats is at a kink where w . x is not 0 but 1e-16."""
    exact = ReluLandscape(rows, y, 1, negative_slope=slope).classify((weights, [0]))
    land = ReluLandscape(np.array(rows, dtype=float), np.array(y, dtype=float), 1, negative_slope=slope)
    params = np.array(weights, dtype=float), np.array([0.0])
    found = land.classify(params)
    assert found.kind is exact.kind is Kind.SADDLE
    assert found.escape.order == 2
    assert found.escape.decrease > 0.1 * exact.escape.decrease
    assert land.loss(params) - land.loss(found.escape.at()) == pytest.approx(found.escape.decrease)


def test_verdicts_are_short_in_a_console():
    found = ReluLandscape([[1], [-1]], [1, 1], 1).classify(([[1]], [1]))
    assert repr(found) == "<Verdict: local minimum, loss 0.5, index 0>"


def test_products_of_a_hessian_beyond_floats_do_not_warn():
    land = ReluLandscape([[1.0, 0.5], [2.0, 1.0]], [1.0, 0.0], 1)
    huge = [[1e308, 1e308]], [1e308]
    assert land.hessian(huge).shape == (3, 3)
    product = land.hessian_vector_product(huge, ([[1.0, 0.0]], [0.0]))
    assert not np.isfinite(product[0]).all()


def _one_neuron(rng, n=40, d=3, kink=False):
    """Data for which one neuron of random weights is a local minimum, on the kink of the first sample if asked for."""
    x, w = rng.standard_normal((n, d)), rng.standard_normal(d)
    if kink:
        x[0] -= (x[0] @ w) / (w @ w) * w
    active = (x @ w > 0) & ~(kink & (np.arange(n) == 0))
    error = rng.standard_normal(n)
    span = x[active]
    if kink:
        span = span - np.outer(span @ x[0], x[0]) / (x[0] @ x[0])
    error[active] -= span @ np.linalg.lstsq(span, error[active], rcond=None)[0]
    if kink:
        share = (error[active] @ x[active]) @ x[0] / (x[0] @ x[0])
        error[0], error[active] = 3 * abs(share), -np.sign(share) * error[active]
    return x, np.where(active, x @ w, 0) - error, w


@pytest.mark.parametrize("kink", [False, True])
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_a_minimum_rounded_to_any_type_is_one(kind, kink):
    rng = np.random.default_rng(1)
    for _ in range(5):
        x, y, w = _one_neuron(rng, kink=kink)
        found = ReluLandscape(x, y, 1).classify(([w.astype(kind)], np.ones(1, kind)))
        assert found.kind in (Kind.LOCAL_MINIMUM, Kind.SPURIOUS_MINIMUM)
        assert found.distance < 20 * np.finfo(kind).eps * np.linalg.norm(w)


@pytest.mark.parametrize("kink", [False, True])
@pytest.mark.parametrize(("kind", "far"), [(np.float64, 1e-5), (np.float32, 0.1)])
def test_what_is_far_from_a_minimum_is_not_critical(kind, far, kink):
    """Also where only the length of w changes, which keeps its kinks."""
    rng = np.random.default_rng(1)
    for move in ([1, 1, 1], [1, 1, -0.9], [-0.9, 1, 1], [1, -0.5, 0]):
        x, y, w = _one_neuron(rng, kink=kink)
        land = ReluLandscape(x, y, 1)
        params = [(w * (1 + far * np.array(move))).astype(kind)], np.ones(1, kind)
        found = land.classify(params)
        assert found.kind is Kind.NOT_CRITICAL
        above = land.loss(params) - land.loss(([w], [1.0]))
        assert found.escape.decrease > 1e-3 * above
        assert land.loss(params) - land.loss(found.escape.at()) == pytest.approx(found.escape.decrease, abs=1e-12)


def test_random_coarse_parameters_are_not_critical():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((30, 2))
    land = ReluLandscape(x, np.sin(x @ [1.0, 2.0]), 4)
    for kind in (np.float32, np.float16):
        for _ in range(10):
            params = rng.standard_normal((4, 2)).astype(kind), rng.standard_normal(4).astype(kind)
            found = land.classify(params)
            assert found.kind is Kind.NOT_CRITICAL
            assert land.loss(found.escape.at()) < land.loss(params)
    assert land.classify((rng.standard_normal((4, 2)), rng.standard_normal(4)), rtol=1e-4).kind is Kind.NOT_CRITICAL


@pytest.mark.parametrize(
    ("rows", "y", "weights", "outer", "slope"),
    [
        (
            [[2, 1], [2, -2], [-1, -1], [2, -1], [-1, -2], [2, 1], [-1, 0]],
            ["29/3", "77/6", "9/2", "8", "15/2", "-2", "-3"],
            [[-1, 2], [-1, 1], [0, 0], [-1, 2]],
            [-2, -2, -2, -1],
            Fraction(1, 2),
        ),
        (
            [[2, 1, 1], [0, 0, -2], [1, 2, 0], [-2, -1, 1], [2, -2, -1]],
            ["-149/5", "183/20", "-2", "3", "-14/5"],
            [[-4, 2, -3], [0, 0, 0], [-4, 2, -3]],
            [1, 1, 1],
            Fraction(1, 10),
        ),
    ],
)
def test_a_neuron_at_the_origin_beside_others_whose_gradient_vanishes(rows, y, weights, outer, slope):
    """The loss is level in the cells of the others: a tie in rationals, round-off in floats."""
    exact = ReluLandscape(rows, y, len(outer), negative_slope=slope).classify((weights, outer))
    floats = np.array(rows, dtype=float), np.array([float(Fraction(entry)) for entry in y])
    found = ReluLandscape(*floats, len(outer), negative_slope=float(slope)).classify(
        (np.array(weights, dtype=float), np.array(outer, dtype=float))
    )
    assert found.kind is exact.kind is Kind.SPURIOUS_MINIMUM
    assert "flat up to round-off" in str(found.evidence)


@pytest.mark.parametrize(
    ("rows", "y", "weights", "outer", "slope"),
    [
        ([[-1, 2], [-2, -1], [2, 0], [2, 1]], [1, 2, -1, 3], [[1, -2], [2, 1]], [-2, 2], 0.0),
        ([[0, -2], [-1, 0], [2, 1], [-2, -1]], [3, -1, 1, 2], [[1, -2], [-2, 2]], [1, 2], 0.5),
    ],
)
def test_steps_across_kinks_do_not_end_at_the_kink_that_rounding_missed(rows, y, weights, outer, slope):
    """Columns in units that floats do not hold exactly: w . x is 1e-16 where it was 0."""
    exact = ReluLandscape(rows, y, 2, negative_slope=slope).classify((weights, outer))
    units = np.array([1e3, 1e-7])
    land = ReluLandscape(np.array(rows) * units, np.array(y, dtype=float), 2, negative_slope=slope)
    params = np.array(weights) / units, np.array(outer, dtype=float)
    found = land.classify(params)
    assert found.kind is exact.kind is Kind.NOT_CRITICAL
    assert found.escape.decrease > 1e-3 * exact.escape.decrease
    assert land.loss(params) - land.loss(found.escape.at()) == pytest.approx(found.escape.decrease)


def test_a_way_that_kinks_bar_is_left_for_one_across_them():
    """Descents that keep kinks end at once here; neurons 0 and 1 can leave theirs."""
    rows, y = np.array([[0, 0, 0], [-1, 0, -2], [-2, 2, 1], [-2, 2, 2]]), [1, -4, 3, 2]
    weights = np.array([[0, 0, 0], [0, -2, 2], [2, 4, -4], [0, -1, -1]])
    outer, units = [-2, -1, -1, -1], np.array([1e3, 1e-7, 1e5])
    exact = ReluLandscape(rows, y, 4, output_bias=True).classify((weights, outer, 2))
    land = ReluLandscape(rows * units, np.array(y, dtype=float), 4, output_bias=True)
    params = weights / units, np.array(outer, dtype=float), np.array(2.0)
    found = land.classify(params)
    assert found.kind is exact.kind is Kind.NOT_CRITICAL
    assert found.escape.decrease > 1e-3 * exact.escape.decrease
    assert land.loss(params) - land.loss(found.escape.at()) == pytest.approx(found.escape.decrease)
