"""Algebraic numbers, against mpmath's roots, sympy's root isolation and closed forms."""

import pickle
from fractions import Fraction
from math import inf, nan

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from theodolite._errors import DataError
from theodolite._numerics import AlgebraicNumber, eigenvalues, real_roots
from theodolite._numerics._isolation import narrowed

coefficients = st.lists(st.integers(-9, 9), min_size=1, max_size=5)
variable = sympy.Symbol("x")


def product(*polynomials):
    total = [1]
    for polynomial in polynomials:
        total = [int(c) for c in np.convolve(np.array(total, dtype=object), np.array(polynomial, dtype=object))]
    return total


def numbers(polynomial):
    return [root for root, _ in real_roots(polynomial)]


def as_mpf(fraction):
    return mpmath.mpf(fraction.numerator) / fraction.denominator


@given(coefficients, coefficients, st.integers(1, 3))
def test_roots_agree_with_sympy(first, second, power):
    polynomial = product(first, *[second] * power)
    if not any(polynomial):
        with pytest.raises(DataError, match="zero polynomial"):
            real_roots(polynomial)
        return
    found = real_roots(polynomial)
    peer = sympy.Poly(polynomial[::-1], variable)
    intervals = peer.intervals(eps=sympy.Rational(1, 10**12)) if peer.degree() > 0 else []
    assert [multiplicity for _, multiplicity in reversed(found)] == [multiplicity for _, multiplicity in intervals]
    for (root, _), ((low, high), _) in zip(reversed(found), intervals, strict=True):
        assert Fraction(int(low.p), int(low.q)) <= root <= Fraction(int(high.p), int(high.q))


@given(coefficients, st.integers(0, 400))
def test_enclosures_hold_the_root(polynomial, bits):
    if not any(polynomial):
        return
    for root in numbers(polynomial):
        low, high = root.enclosure(bits)
        assert low <= root <= high
        assert (high - low) * 2**bits <= 1
        value = sympy.Poly(root.polynomial[::-1], variable)
        at = [value.eval(sympy.Rational(end.numerator, end.denominator)) for end in (low, high)]
        assert at == [0, 0] if low == high else at[0] * at[1] < 0


@given(coefficients, coefficients, st.fractions(-4, 4, max_denominator=5))
def test_order_and_hash_are_those_of_the_values(first, second, rational):
    if not any(first) or not any(second):
        return
    listed = [*numbers(first), *numbers(second), rational]
    with mpmath.workdps(40):
        for a in listed:
            for b in listed:
                enclosed = [x.enclosure(120)[0] if isinstance(x, AlgebraicNumber) else x for x in (a, b)]
                distance = as_mpf(enclosed[0]) - as_mpf(enclosed[1])
                if abs(distance) > 1e-30:
                    assert (a > b, a < b, a == b) == (distance > 0, distance < 0, False)
                else:
                    assert a == b
                    assert hash(a) == hash(b)
                    assert a <= b <= a


def test_golden_ratio():
    golden, conjugate = numbers([-1, -1, 1])
    assert str(golden) == "(1+√5)/2"
    assert str(conjugate) == "(1-√5)/2"
    assert float(golden) == (1 + 5**0.5) / 2
    for n, (a, b) in enumerate([(1, 1), (89, 55), (832040, 514229)]):
        assert (golden > Fraction(a, b)) == (n != 1), "convergents alternate around the limit"
    assert golden != float(golden)
    assert -inf < conjugate < golden < inf
    assert golden != nan


def test_repeated_roots_of_a_symmetric_matrix():
    block = np.array([[0, 1, 0], [1, 1, 0], [0, 0, 2]])
    found = eigenvalues(np.kron(np.eye(2, dtype=int), block))
    assert [(str(value), multiplicity) for value, multiplicity in found] == [("2", 2), ("(1+√5)/2", 2), ("(1-√5)/2", 2)]


def test_eigenvalues_of_rationals_and_of_nothing():
    third = Fraction(1, 3)
    found = eigenvalues(np.array([[third, 0], [0, third]], dtype=object))
    assert found == [(AlgebraicNumber.from_rational(third), 2)]
    assert found[0][0] == third
    assert found[0][0].rational == third
    assert eigenvalues(np.zeros((0, 0))) == []
    assert [(value.sign(), count) for value, count in eigenvalues(np.zeros((3, 3)))] == [(0, 3)]
    with pytest.raises(DataError, match="not symmetric"):
        eigenvalues(np.array([[0, 1], [0, 0]]))


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_eigenvalues_agree_with_mpmath(seed, size):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-4, 5, (size, size))
    matrix = matrix + matrix.T
    found = [value for value, multiplicity in eigenvalues(matrix) for _ in range(multiplicity)]
    with mpmath.workdps(50):
        truth = sorted(mpmath.eigsy(mpmath.matrix(matrix.tolist()), eigvals_only=True), reverse=True)
        for value, expected in zip(found, truth, strict=True):
            low, high = value.enclosure(100)
            assert as_mpf(low) - 1e-28 <= expected <= as_mpf(high) + 1e-28


def test_wilkinson_polynomial():
    integers = numbers(product(*[[-k, 1] for k in range(1, 21)]))
    assert integers == list(range(20, 0, -1))
    perturbed = product(*[[-k, 1] for k in range(1, 21)])
    perturbed = [c * 2**23 for c in perturbed]
    perturbed[19] -= 1  # Wilkinson's: ten of the twenty roots leave the real line
    found = real_roots(perturbed)
    assert len(found) == 10
    assert float(found[0][0]) == pytest.approx(20.846908101, rel=1e-9)


def test_roots_closer_than_floats_tell():
    gap = 10**30
    # (x^2 - 2)^2 gap^2 = 1: near each of ±√2 a pair of roots about 7e-31 apart
    near = numbers([4 * gap**2 - 1, 0, -4 * gap**2, 0, gap**2])
    assert len(near) == 4
    assert near[0] > near[1] > near[2] > near[3]
    assert float(near[0]) == float(near[1])
    root_two = numbers([-2, 0, 1])[0]
    assert near[1] < root_two < near[0]
    rational = Fraction(10**30 + 1, 10**30)
    one, above = numbers(product([-1, 1], [-rational.numerator, rational.denominator]))[::-1]
    assert (one, above) == (1, rational)


@pytest.mark.parametrize("polynomial", [(-1, -1, 0, 0, 0, 1), (5, -2, 0, 1), (-1, 1, -10, 1)])
@pytest.mark.parametrize("bits", [0, 7, 300])
def test_newton_is_not_trusted_on_a_wide_interval(polynomial, bits):
    low, high = narrowed(polynomial, (Fraction(-20), Fraction(30)), bits)
    assert (high - low) * 2**bits <= 1
    (root,) = numbers(list(polynomial))
    assert low < root < high


def test_mignotte_pair():
    # x^9 - 2 (50 x - 1)^2 has two roots closer than 1e-6 to 1/50
    polynomial = [-2, 200, -5000, 0, 0, 0, 0, 0, 0, 1]
    close = [root for root in numbers(polynomial) if abs(float(root) - 0.02) < 1e-4]
    assert len(close) == 2
    assert close[0] > Fraction(1, 50) > close[1]
    assert float(close[0]) - float(close[1]) < 1e-9


@pytest.mark.parametrize(
    ("polynomial", "texts"),
    [
        ([-3, 2], ["3/2"]),
        ([-2, 0, 1], ["√2", "-√2"]),
        ([-1, 0, 2], ["√2/2", "-√2/2"]),
        ([-45, 0, 4], ["3√5/2", "-3√5/2"]),
        ([2, -5, 1], ["(5+√17)/2", "(5-√17)/2"]),
        ([1, 4, 1], ["-2+√3", "-2-√3"]),
        ([-3, 0, 0, 1], ["root of x^3 - 3 in [1.442249, 1.442250]"]),
        ([0, 1], ["0"]),
        ([7], []),
    ],
)
def test_text(polynomial, texts):
    assert [str(root) for root in numbers(polynomial)] == texts


@given(coefficients)
def test_pickling_keeps_the_number(polynomial):
    if not any(polynomial):
        return
    for root in numbers(polynomial):
        copy = pickle.loads(pickle.dumps(root))
        assert copy == root
        assert hash(copy) == hash(root)
        assert str(copy) == str(root)


def test_floats_are_rounded_correctly():
    with mpmath.workdps(80):
        for radicand in (2, 3, 10**40 + 1, 5 * 10**30):
            root = numbers([-radicand, 0, 1])[0]
            assert float(root) == float(mpmath.sqrt(radicand))
    tiny = numbers([-2, 0, 10**600])[0]
    assert float(tiny) == 1.4142135623730951e-300


def test_long_polynomials_are_named_by_degree():
    text = str(numbers(product([-(10**40), 0, 0, 1], [3, 0, 0, 0, 0, 10**50]))[0])
    assert text.startswith("root of ")
    long = numbers([-(10**90) - 1, 0, 0, 1])[0]
    assert str(long).startswith("root of an integer polynomial of degree 3 in [")
    assert Fraction(str(long).split("[")[1].split(",")[0]) < long
