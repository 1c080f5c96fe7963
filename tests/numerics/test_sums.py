"""Rational combinations of algebraic numbers, against identities and against mpmath with more digits."""

import pickle
from fractions import Fraction
from math import inf

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite._errors import TheodoliteError
from theodolite._numerics import AlgebraicNumber, AlgebraicSum, UndecidedError, eigenvalues, real_roots

small = st.fractions(-3, 3, max_denominator=4)


def roots(*polynomial):
    return [root for root, _ in real_roots(polynomial)]


GOLDEN, CONJUGATE = roots(-1, -1, 1)
ROOT_TWO = roots(-2, 0, 1)[0]
ROOT_THREE = roots(-3, 0, 1)[0]
CUBIC = roots(1, -3, 0, 1)  # x^3 - 3x + 1: three real roots
CUBE_ROOT = roots(-2, 0, 0, 1)[0]  # two of its conjugates are not real
POOL = [GOLDEN, CONJUGATE, ROOT_TWO, ROOT_THREE, *CUBIC, CUBE_ROOT]


def value_of(constant, weights, digits=60):
    with mpmath.workdps(digits):
        total = mpmath.mpf(constant.numerator) / constant.denominator
        for number, weight in zip(POOL, weights, strict=True):
            low, _ = number.enclosure(4 * digits)
            total += mpmath.mpf(weight.numerator) / weight.denominator * low.numerator / low.denominator
        return +total


@given(small, st.lists(small, min_size=len(POOL), max_size=len(POOL)), st.integers(0, 200))
def test_enclosures_floats_and_signs(constant, weights, bits):
    total = AlgebraicSum(constant, dict(zip(POOL, weights, strict=True)))
    truth = value_of(constant, weights)
    low, high = total.enclosure(bits)
    assert (high - low) * 2**bits <= 1
    with mpmath.workdps(60):
        assert mpmath.mpf(low.numerator) / low.denominator - mpmath.mpf(10) ** -50 <= truth
        assert truth <= mpmath.mpf(high.numerator) / high.denominator + mpmath.mpf(10) ** -50
    assert float(total) == pytest.approx(float(truth), rel=1e-15, abs=1e-45)
    assert total.sign() == (0 if abs(truth) < 1e-45 else mpmath.sign(truth))


@given(small, st.lists(small, min_size=len(POOL), max_size=len(POOL)), small, st.integers(-3, 3))
def test_arithmetic_is_consistent(constant, weights, shift, factor):
    total = sum((number * weight for number, weight in zip(POOL, weights, strict=True)), constant + 0 * GOLDEN)
    assert total == AlgebraicSum(constant, dict(zip(POOL, weights, strict=True)))
    assert hash(total) == hash(AlgebraicSum(constant, dict(zip(POOL, weights, strict=True))))
    assert total + shift - total == shift
    assert total * factor == factor * total
    assert shift - total == -(total - shift)
    assert total - total == 0
    assert abs(total) >= 0
    if factor:
        assert total / factor * factor == total
    copy = pickle.loads(pickle.dumps(total))
    assert copy == total
    assert str(copy) == str(total)


@given(st.integers(0, 2**32), st.integers(1, 5))
def test_the_sum_of_all_eigenvalues_is_the_trace(seed, size):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-4, 5, (size, size))
    matrix = matrix + matrix.T
    listed = [value for value, multiplicity in eigenvalues(matrix) for _ in range(multiplicity)]
    total = sum(listed, AlgebraicSum(0))
    assert total.rational == np.trace(matrix)
    for left_out in listed:
        rest = sum((value for value in listed if value is not left_out), AlgebraicSum(0))
        if listed.count(left_out) == 1:
            assert rest + left_out == int(np.trace(matrix))


def test_identities_of_quadratics():
    assert GOLDEN + CONJUGATE == 1
    assert roots(-5, 0, 1)[0] == GOLDEN - CONJUGATE
    other = roots(-11, -4, 4)[0]  # (1+2√3)/2
    assert other - ROOT_THREE == Fraction(1, 2)
    assert hash(other - ROOT_THREE) == hash(Fraction(1, 2))


def test_equality_that_only_the_size_of_numbers_proves():
    biquadratic = roots(1, 0, -10, 0, 1)[0]  # √2 + √3, of degree four
    difference = ROOT_TWO + ROOT_THREE - biquadratic
    assert difference.terms
    assert difference.sign() == 0
    assert biquadratic == ROOT_TWO + ROOT_THREE
    assert hash(ROOT_TWO + ROOT_THREE) == hash(biquadratic)
    assert biquadratic + roots(1, 0, -10, 0, 1)[3] == 0


def test_close_but_different():
    near = roots(-2 * 10**60 - 1, 0, 10**60)[0]  # larger than √2 by about 3.5e-61
    assert near > ROOT_TWO
    assert (near - ROOT_TWO).sign() == 1
    assert 0 < near + ROOT_THREE - ROOT_TWO - ROOT_THREE < Fraction(1, 10**60)


def test_undecided_is_said():
    difference = ROOT_TWO + ROOT_THREE - roots(1, 0, -10, 0, 1)[0]
    with pytest.raises(UndecidedError, match="it vanishes to 8 bits") as caught:
        difference.sign(bits=8)
    assert isinstance(caught.value, TheodoliteError)


def test_commonest_weight_is_taken_out():
    first, second, third = CUBIC
    assert first + second == -third
    assert (first + second).terms == (-third + 0).terms
    assert str(1 + first + second) == f"1 - ({third})"


@pytest.mark.parametrize(
    ("total", "text"),
    [
        (AlgebraicSum(Fraction(5, 2)), "5/2"),
        (AlgebraicSum(0), "0"),
        (GOLDEN * 1, "(1+√5)/2"),
        (-ROOT_TWO, "-√2"),
        (Fraction(1, 2) - 3 * ROOT_TWO / 4, "(2-3√2)/4"),
        (ROOT_TWO + ROOT_THREE / 2 - 1, "-1 + 1/2·√3 + √2"),
    ],
)
def test_text(total, text):
    assert str(total) == text
    assert repr(total) == f"AlgebraicSum({text})"


def test_with_floats_and_infinities():
    assert 2 * float(GOLDEN) == GOLDEN * 2.0
    assert inf > ROOT_TWO + ROOT_THREE
    assert -inf < ROOT_TWO + ROOT_THREE
    assert ROOT_TWO + ROOT_THREE > 3.14
    assert sorted([2.0, ROOT_TWO + 0, 1, CUBIC[0] + 0]) == [1, ROOT_TWO, CUBIC[0], 2]
    with pytest.raises(TypeError):
        ROOT_TWO * "a"
    with pytest.raises(ZeroDivisionError):
        ROOT_TWO / 0
    assert AlgebraicNumber((0, 1)) + 1 == 1
