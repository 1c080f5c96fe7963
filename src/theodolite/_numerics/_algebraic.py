"""Real algebraic numbers: roots of integer polynomials, compared exactly, with enclosures as narrow as asked for."""

from __future__ import annotations

from fractions import Fraction
from functools import total_ordering
from itertools import count
from numbers import Rational
from typing import Any

import numpy as np
from flint import fmpz, fmpz_poly

from theodolite._errors import DataError
from theodolite._numerics._inertia import check_symmetric
from theodolite._numerics._isolation import Interval, Polynomial, isolations, narrowed, sign_at
from theodolite._numerics._rationals import as_fractions, as_integers
from theodolite._numerics._text import decimal_interval, polynomial_text, surd_text
from theodolite._typing import Array

__all__ = ["AlgebraicNumber", "characteristic_roots", "eigenvalues", "nearest_float", "real_roots"]


@total_ordering
class AlgebraicNumber:
    """A real root of an irreducible integer polynomial: root number ``index`` in decreasing order.

    ``polynomial`` holds the coefficients, constant term first; rationals p/q are the roots of q x - p. Two of these numbers are
    equal exactly if polynomial and index are, and so they hash, sort and compare, also with rationals and floats, without any
    tolerance. ``float`` rounds correctly. Sums and rational multiples are ``AlgebraicSum``.

    >>> golden, conjugate = (root for root, multiplicity in real_roots([-1, -1, 1]))
    >>> print(golden, float(golden), golden > Fraction(1618, 1000))
    (1+√5)/2 1.618033988749895 True
    """

    __slots__ = ("_interval", "index", "polynomial")

    def __init__(self, polynomial: Polynomial, index: int = 0) -> None:
        self.polynomial = polynomial
        self.index = index
        if len(polynomial) == 2:
            value = Fraction(-polynomial[0], polynomial[1])
            self._interval: Interval = (value, value)
        else:
            self._interval = isolations(polynomial)[index]

    @classmethod
    def from_rational(cls, value: Rational | int) -> AlgebraicNumber:
        """Return a rational as an algebraic number."""
        return cls((-int(value.numerator), int(value.denominator)))

    @property
    def degree(self) -> int:
        """The degree of the polynomial; 1 for rationals."""
        return len(self.polynomial) - 1

    @property
    def rational(self) -> Fraction | None:
        """The number as a ``Fraction``, where it is rational."""
        return self._interval[0] if self.degree == 1 else None

    def enclosure(self, bits: int = 64) -> Interval:
        """Return rationals low <= number <= high with high - low at most 2⁻ᵇⁱᵗˢ; what was narrowed once is kept."""
        low, high = self._interval
        if (high - low) * 2**bits > 1:
            self._interval = narrowed(self.polynomial, self._interval, bits)
        return self._interval

    def sign(self) -> int:
        """Return -1, 0 or 1."""
        return self._compare(Fraction(0))

    def _compare(self, other: Fraction | float | AlgebraicNumber) -> int:
        low, high = self._interval
        if not isinstance(other, AlgebraicNumber):
            if self.degree == 1 or not low < other < high:
                return 1 if low > other or (low == other < high) else -1 if low < other else 0
            return 1 if sign_at(self.polynomial, Fraction(other)) == sign_at(self.polynomial, low) else -1
        if self.polynomial == other.polynomial:
            return (self.index < other.index) - (self.index > other.index)
        for power in count(6):
            low, high = self.enclosure(2**power)
            other_low, other_high = other.enclosure(2**power)
            if low > other_high or high < other_low:
                return 1 if low > other_high else -1
        raise AssertionError("unreachable: different irreducible polynomials have different roots")

    def __eq__(self, other: object) -> bool:
        value = _comparable(other)
        return NotImplemented if value is None else self._compare(value) == 0

    def __lt__(self, other: object) -> bool:
        value = _comparable(other)
        return NotImplemented if value is None else self._compare(value) < 0

    def __hash__(self) -> int:
        return hash(self._interval[0]) if self.degree == 1 else hash(float(self))

    def __float__(self) -> float:
        return float(self._interval[0]) if self.degree == 1 else nearest_float(self)

    def __add__(self, other: Any) -> Any:
        return _as_sum(self) + other

    def __sub__(self, other: Any) -> Any:
        return _as_sum(self) - other

    def __rsub__(self, other: Any) -> Any:
        return -_as_sum(self) + other

    def __mul__(self, other: Any) -> Any:
        return _as_sum(self) * other

    def __truediv__(self, other: Any) -> Any:
        return _as_sum(self) / other

    def __neg__(self) -> Any:
        return -_as_sum(self)

    __radd__ = __add__
    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return AlgebraicNumber, (self.polynomial, self.index)

    def __str__(self) -> str:
        if self.rational is not None:
            return str(self.rational)
        surd = self.surd() if self.degree == 2 else None
        if surd is not None:
            return surd_text(*surd)
        return f"root of {polynomial_text(self.polynomial)} in {decimal_interval(self)}"

    def __repr__(self) -> str:
        return f"AlgebraicNumber({self})"

    def surd(self) -> tuple[Fraction, Fraction, int] | None:
        """Return (a, b, n) with number = a + b √n, n squarefree, for degree 2 with a discriminant of up to 128 bits."""
        if self.degree != 2:
            return None
        constant, linear, leading = self.polynomial
        discriminant = linear**2 - 4 * leading * constant
        if discriminant.bit_length() > 128:
            return None
        square, free = 1, 1
        for prime, power in fmpz(discriminant).factor():
            square *= int(prime) ** (power // 2)
            free *= int(prime) ** (power % 2)
        return Fraction(-linear, 2 * leading), Fraction(square * (-1) ** self.index, 2 * leading), free


def nearest_float(number: Any) -> float:
    """Return the float nearest to an irrational number that has an ``enclosure``."""
    for power in count(6):
        low, high = (float(end) for end in number.enclosure(2**power))
        if low == high:
            return low
    raise AssertionError("unreachable: an irrational number is no midpoint of two floats")


def _comparable(other: object) -> Fraction | float | AlgebraicNumber | None:
    """Return what a number can be compared with exactly: infinities stay floats, all else that is rational a ``Fraction``."""
    if isinstance(other, AlgebraicNumber):
        return other if other.rational is None else other.rational
    if isinstance(other, Rational):
        return Fraction(int(other.numerator), int(other.denominator))
    if isinstance(other, (float, np.floating)) and not np.isnan(other):
        return Fraction(float(other)) if np.isfinite(other) else float(other)
    return None


def _as_sum(number: AlgebraicNumber) -> Any:
    from theodolite._numerics._sums import AlgebraicSum

    return AlgebraicSum(0, {number: 1})


def real_roots(coefficients: Any) -> list[tuple[AlgebraicNumber, int]]:
    """Return the distinct real roots of a polynomial with rational coefficients and their multiplicities, largest first.

    ``coefficients`` start with the constant term. The polynomial is factored into irreducible ones over the integers.

    >>> [(str(root), multiplicity) for root, multiplicity in real_roots([0, 0, -2, 0, 1])]
    [('√2', 1), ('0', 2), ('-√2', 1)]
    """
    integers, _ = as_integers(as_fractions(list(coefficients))[None, :])
    poly = fmpz_poly(list(integers.entries()))
    if poly.is_zero():
        raise DataError("Every number is a root of the zero polynomial", fix="Pass a coefficient that is not zero")
    roots = []
    for factor, multiplicity in poly.factor()[1]:
        sign = 1 if factor.leading_coefficient() > 0 else -1
        irreducible = tuple(sign * int(coefficient) for coefficient in factor.coeffs())
        number = 1 if len(irreducible) == 2 else len(isolations(irreducible))
        roots += [(AlgebraicNumber(irreducible, index), multiplicity) for index in range(number)]
    return sorted(roots, key=lambda pair: pair[0], reverse=True)


def eigenvalues(matrix: Array) -> list[tuple[AlgebraicNumber, int]]:
    """Return the distinct eigenvalues of a symmetric matrix of rationals and their multiplicities, largest first.

    They are roots of its characteristic polynomial, found without any rounding.

    >>> [(str(value), multiplicity) for value, multiplicity in eigenvalues(np.array([[2, 1], [1, 1]]))]
    [('(3+√5)/2', 1), ('(3-√5)/2', 1)]
    """
    fractions = as_fractions(matrix)
    check_symmetric(fractions)
    return characteristic_roots(fractions)


def characteristic_roots(matrix: Array) -> list[tuple[AlgebraicNumber, int]]:
    """Return the distinct real roots of the characteristic polynomial of any square matrix of rationals."""
    if len(matrix) == 0:
        return []
    integers, denominator = as_integers(matrix)
    coefficients = [int(coefficient) for coefficient in integers.charpoly().coeffs()]
    return real_roots([coefficient * denominator**power for power, coefficient in enumerate(coefficients)])
