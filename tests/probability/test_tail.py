"""The multinomial sum: against exact sums of fractions, binomial tails, and 60 digits."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import factorial, inf, log

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from theodolite.probability._tail import log_filled


def exact_sum(samples, least, idle, cells):
    """The sum as it is written, term by term."""
    total = Fraction(0)
    for counts in product(range(least, samples + 1), repeat=len(cells)):
        rest = samples - sum(counts)
        if rest >= 0:
            term = Fraction(factorial(samples), factorial(rest)) * idle**rest
            for count, cell in zip(counts, cells, strict=True):
                term *= cell**count / factorial(count)
            total += term
    return total


@given(
    samples=st.integers(1, 16),
    least=st.integers(1, 4),
    idle=st.integers(0, 50),
    cells=st.lists(st.integers(1, 50), min_size=1, max_size=3),
)
def test_small_sums_term_by_term(samples, least, idle, cells):
    whole = sum(cells) + idle
    exact = exact_sum(samples, least, Fraction(idle, whole), [Fraction(cell, whole) for cell in cells])
    found = log_filled(samples, least, idle / whole, np.array(cells) / whole)
    if exact == 0:
        assert found == -inf
    else:
        assert found == pytest.approx(log(exact), rel=1e-12, abs=1e-12)


@given(
    samples=st.integers(1, 16),
    least=st.integers(1, 3),
    powers=st.lists(st.integers(-60, 0), min_size=2, max_size=4),
)
def test_masses_of_very_different_sizes(samples, least, powers):
    """The masses need not add up to 1, and may be tiny."""
    idle, *cells = [Fraction(10) ** power for power in powers]
    exact = exact_sum(samples, least, idle, cells)
    found = log_filled(samples, least, float(idle), np.array([float(cell) for cell in cells]))
    expected = log(exact.numerator) - log(exact.denominator) if exact else -inf
    assert found == expected or found == pytest.approx(expected, rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("samples", [30, 1000, 10**6])
@pytest.mark.parametrize("least", [1, 4, 20])
@pytest.mark.parametrize("share", [1e-9, 1e-4, 0.03, 0.5, 0.999])
def test_one_cell_is_a_binomial_tail(samples, least, share):
    found = log_filled(samples, least, 1 - share, np.array([share]))
    with mpmath.workdps(60):
        few = mpmath.fsum(
            mpmath.binomial(samples, k) * mpmath.mpf(share) ** k * (1 - mpmath.mpf(share)) ** (samples - k)
            for k in range(least)
        )
        expected = float(mpmath.log(1 - few)) if few < 0.999 else None
    if expected is None:  # 1 - few cancels: sum the tail itself
        expected = float(binom.logsf(least - 1, samples, share))
        assert found == pytest.approx(expected, rel=1e-6)
    else:
        assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("samples", [200, 3000])
def test_two_cells_by_summing_over_the_first(samples):
    idle, cells, least = 0.3, np.array([0.01, 0.69]), 5
    counts = np.arange(least, samples - least + 1)
    weights = binom.logpmf(counts, samples, cells[0]) + binom.logsf(
        least - 1, samples - counts, cells[1] / (idle + cells[1])
    )
    assert log_filled(samples, least, idle, cells) == pytest.approx(float(np.logaddexp.reduce(weights)), abs=1e-10)


@pytest.mark.parametrize("samples", [4, 5, 50, 10**5])
def test_scaling_all_masses_scales_the_sum(samples):
    cells = np.array([0.2, 0.3])
    plain, scaled = log_filled(samples, 2, 0.5, cells), log_filled(samples, 2, 0.05, cells / 10)
    assert scaled == pytest.approx(plain - samples * log(10), rel=1e-13, abs=1e-9)


def test_what_cannot_be_filled():
    assert log_filled(3, 2, 0.5, np.array([0.25, 0.25])) == -inf
    assert log_filled(30, 2, 0.5, np.array([0.5, 0.0])) == -inf
