"""Points in floating point: kinks met up to round-off, coarse types, and parameters beside a critical point."""

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
