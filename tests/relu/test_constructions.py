"""Constructed spurious minima, judged by perturbation, by exact values, and against the complete lists of small cases."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite import Kind
from theodolite._errors import NotCoveredError
from theodolite._numerics import to_floats
from theodolite.relu import ReluLandscape
from theodolite.relu._constructions import NoSpuriousExample, SpuriousExample

from .cases import A, Case, T


def landscape(case: Case) -> ReluLandscape:
    return ReluLandscape(
        [list(row) for row in case.inputs],
        list(case.targets),
        case.hidden,
        output_bias=case.offset,
        negative_slope=case.slope,
        reduction="sum",
    )


def check(land: ReluLandscape, found: SpuriousExample, seed: int = 0) -> None:
    """Perturb the minimum in (w, v, c): nothing near is lower; the better point is."""
    assert land.loss(found.params) == found.value
    assert land.loss(found.better) == found.better_value < found.value
    assert land.classify(found.params).kind is Kind.SPURIOUS_MINIMUM
    source, here = np.random.default_rng(seed), [to_floats(part) for part in found.params]
    lowest = float(found.value)
    for size in (1e-4, 1e-6):
        for _ in range(60):
            there = [part + size * source.normal(size=part.shape) for part in here]
            assert float(land.loss(there)) > lowest - 1e-10 * (1 + lowest)


@pytest.mark.parametrize("case", T + A, ids=str)
def test_cases_of_several_levels_have_an_example(case: Case) -> None:
    land = landscape(case)
    found = land.spurious_example()
    levels = {Fraction(level) for level in case.levels}
    assert bool(found) is (len(levels) > 1)
    if isinstance(found, SpuriousExample):
        assert found.value in levels
        assert found.value > min(levels)
        check(land, found)
    else:
        assert found.reason
        assert "<table" in found._repr_html_()
        assert found.reason in str(found)
        assert found.reason in repr(found)


@given(st.integers(0, 10**6), st.sampled_from(["0", "1/5", "2"]), st.booleans(), st.booleans())
def test_two_neurons_have_one_wherever_cells_fit_differently(seed: int, slope: str, bias: bool, offset: bool) -> None:
    source = np.random.default_rng(seed)
    n, d = int(source.integers(2, 8)), int(source.integers(1, 3))
    x, y = source.integers(-3, 4, (n, d)), source.integers(-3, 4, n)
    land = ReluLandscape(x.tolist(), y.tolist(), 2, bias=bias, output_bias=offset, negative_slope=slope)
    found = land.spurious_example()
    if isinstance(found, NoSpuriousExample):
        # every cell that a random draw hits has the same least squares value
        inputs = np.hstack([x, np.ones((n, int(bias)))]) if bias else x.astype(float)
        values = set()
        for w in source.normal(size=(40, inputs.shape[1])):
            sides = np.where(inputs @ w > 0, 1.0, float(Fraction(slope)))
            columns = np.hstack([sides[:, None] * inputs, np.ones((n, int(offset)))])
            values.add(round(float(np.sum((y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]) ** 2)), 6))
        assert len(values) == 1
        return
    check(land, found, seed)


def test_data_on_which_a_linear_fit_is_a_spurious_minimum() -> None:
    """Any data that is not linear has spurious minima (Yun, Sra & Jadbabaie 2019); the affine fit is one."""
    source = np.random.default_rng(5)
    x = source.normal(size=(30, 2))
    y = np.abs(x[:, 0]) + 0.3 * x[:, 1] ** 2
    land = ReluLandscape(x, y, 4, bias=True)
    found = land.spurious_example()
    assert isinstance(found, SpuriousExample)
    assert found.verdict.kind is Kind.SPURIOUS_MINIMUM
    assert land.loss(found.better) < land.loss(found.params)
    assert "opposite signs in one cell" in str(found)
    assert "<table" in found._repr_html_()
    assert "attained" in repr(found)


def test_zero_targets_have_none() -> None:
    found = ReluLandscape([[1, 0], [0, 1]], [0, 0], 3).spurious_example()
    assert not found
    assert "which no network of any width improves" in found.reason


def test_several_outputs_are_refused() -> None:
    with pytest.raises(NotCoveredError, match="several outputs"):
        ReluLandscape([[1], [2]], [[1, 2], [3, 4]], 2).spurious_example()
