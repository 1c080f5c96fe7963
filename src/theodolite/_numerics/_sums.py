"""Rational combinations of algebraic numbers, such as critical values: compared by proof, or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from fractions import Fraction
from functools import total_ordering
from math import lcm, perm
from numbers import Rational
from typing import Any

import numpy as np

from theodolite._errors import TheodoliteError
from theodolite._numerics._algebraic import AlgebraicNumber
from theodolite._numerics._isolation import Interval, Polynomial, isolations
from theodolite._numerics._text import sum_text

__all__ = ["BITS", "AlgebraicSum", "UndecidedError"]

BITS = 4096
"""To how many binary places two sums are compared before their order is left undecided."""


class UndecidedError(TheodoliteError):
    """Two numbers agree to as many bits as were asked for, and no identity shows that they are equal."""


@total_ordering
class AlgebraicSum:
    """A rational plus rational multiples of algebraic numbers.

    Sums are kept in a normal form: roots of quadratics as multiples of square roots of squarefree integers, and the sum of
    all roots of one polynomial as the rational that it is. Comparison is a proof: equal normal forms are equal, disjoint
    enclosures are ordered, and a difference smaller than the least non-zero number of its degree and size is zero
    (the norm of an algebraic integer is an integer). What remains open after ``BITS`` bits raises ``UndecidedError``.

    >>> golden, conjugate = AlgebraicNumber((-1, -1, 1), 0), AlgebraicNumber((-1, -1, 1), 1)
    >>> print(golden + conjugate, golden - conjugate, golden / 2 + 1, golden + conjugate == 1)
    1 √5 (5+√5)/4 True
    """

    __slots__ = ("_interval", "constant", "terms")

    def __init__(self, constant: Rational | int, terms: Mapping[AlgebraicNumber, Rational | int] | None = None) -> None:
        self.constant, self.terms = _normal_form(_fraction(constant), terms or {})
        self._interval: Interval | None = None

    @property
    def rational(self) -> Fraction | None:
        """The value as a ``Fraction``, where the normal form is rational."""
        return None if self.terms else self.constant

    def enclosure(self, bits: int = 64) -> Interval:
        """Return rationals low <= value <= high with high - low at most 2⁻ᵇⁱᵗˢ."""
        if self._interval is not None and (self._interval[1] - self._interval[0]) * 2**bits <= 1:
            return self._interval
        size = sum((abs(weight) for _, weight in self.terms), Fraction(1))
        inner = bits + int(size).bit_length()
        low = high = self.constant
        for number, weight in self.terms:
            ends = sorted(weight * end for end in number.enclosure(inner))
            low, high = low + ends[0], high + ends[1]
        self._interval = (low, high)
        return self._interval

    def sign(self, bits: int = BITS) -> int:
        """Return -1, 0 or 1, each of them proven; raises ``UndecidedError`` where ``bits`` bits do not tell."""
        if not self.terms:
            return (self.constant > 0) - (self.constant < 0)
        enough = self._zero_bits()
        precision = min(64, bits)
        while True:
            low, high = self.enclosure(precision)
            if low > 0 or high < 0:
                return 1 if low > 0 else -1
            if precision > enough:
                return 0
            if precision >= bits:
                raise UndecidedError(
                    f"Whether {self} is zero is not decided",
                    cause=f"it vanishes to {bits} bits, and a proof by size would need {enough + 1}",
                    fix="Ask for more bits: (a - b).sign(bits)",
                )
            precision = min(2 * precision, bits)

    def _zero_bits(self) -> int:
        """Return b such that only zero is smaller than 2⁻ᵇ: N times the value is an algebraic integer of bounded conjugates."""
        integral = lcm(
            self.constant.denominator, *((weight / n.polynomial[-1]).denominator for n, weight in self.terms)
        )
        size = abs(self.constant) + sum(abs(weight) * _conjugate_bound(n.polynomial) for n, weight in self.terms)
        degree: int = 1
        for polynomial, roots in Counter(number.polynomial for number, _ in self.terms).items():
            degree *= perm(len(polynomial) - 1, roots)
        return (degree - 1) * (int(integral * size) + 1).bit_length() + integral.bit_length()

    def _compare(self, other: AlgebraicSum) -> int:
        if self.terms != other.terms:
            (low, high), (other_low, other_high) = self.enclosure(), other.enclosure()
            if low > other_high or high < other_low:
                return 1 if low > other_high else -1
        return self._plus(other._scaled(Fraction(-1))).sign()

    def __eq__(self, other: object) -> bool:
        value = _exact(other)
        return NotImplemented if value is None else self._compare(value) == 0

    def __lt__(self, other: object) -> bool:
        if isinstance(other, (float, np.floating)) and np.isinf(other):
            return bool(other > 0)
        value = _exact(other)
        return NotImplemented if value is None else self._compare(value) < 0

    def __hash__(self) -> int:
        return hash(self.constant) if not self.terms else hash(float(self))

    def __float__(self) -> float:
        """Return the nearest float (or its neighbour, should a midpoint of two floats agree with the value to 4096 bits)."""
        if not self.terms:
            return float(self.constant)
        precision = 64
        while True:
            low, high = (float(end) for end in self.enclosure(precision))
            if low == high:
                return low + 0.0
            if precision >= BITS:
                return float((Fraction(low) + Fraction(high)) / 2)
            precision *= 2

    def _plus(self, other: AlgebraicSum) -> AlgebraicSum:
        total = dict(self.terms)
        for number, weight in other.terms:
            total[number] = total.get(number, Fraction(0)) + weight
        return AlgebraicSum(self.constant + other.constant, total)

    def _scaled(self, factor: Fraction) -> AlgebraicSum:
        return AlgebraicSum(self.constant * factor, {number: weight * factor for number, weight in self.terms})

    def __add__(self, other: Any) -> Any:
        if isinstance(other, float):
            return float(self) + other
        value = _operand(other)
        return NotImplemented if value is None else self._plus(value)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, float):
            return float(self) * other
        return self._scaled(_fraction(other)) if isinstance(other, Rational) else NotImplemented

    def __truediv__(self, other: Any) -> Any:
        if isinstance(other, float):
            return float(self) / other
        return self._scaled(1 / _fraction(other)) if isinstance(other, Rational) else NotImplemented

    def __neg__(self) -> AlgebraicSum:
        return self._scaled(Fraction(-1))

    def __sub__(self, other: Any) -> Any:
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __abs__(self) -> AlgebraicSum:
        return -self if self.sign() < 0 else self

    __radd__ = __add__
    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return AlgebraicSum, (self.constant, dict(self.terms))

    def __str__(self) -> str:
        return sum_text(self.constant, self.terms)

    def __repr__(self) -> str:
        return f"AlgebraicSum({self})"


Terms = tuple[tuple[AlgebraicNumber, Fraction], ...]


def _normal_form(constant: Fraction, terms: Mapping[AlgebraicNumber, Any]) -> tuple[Fraction, Terms]:
    grouped: defaultdict[Polynomial, defaultdict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    for number, given in terms.items():
        weight = _fraction(given)
        if number.rational is not None:
            constant += weight * number.rational
        elif (surd := number.surd()) is not None:
            whole, factor, radicand = surd
            constant += weight * whole
            grouped[-radicand, 0, 1][0] += weight * factor
        else:
            grouped[number.polynomial][number.index] += weight
    out = []
    for polynomial, weights in sorted(grouped.items()):
        shift = _commonest_weight(polynomial, weights)
        constant -= shift * Fraction(polynomial[-2], polynomial[-1])
        shifted = ((index, weights[index] - shift) for index in range(len(isolations(polynomial))))
        out += [(AlgebraicNumber(polynomial, index), weight) for index, weight in shifted if weight]
    return constant, tuple(out)


def _commonest_weight(polynomial: Polynomial, weights: Mapping[int, Fraction]) -> Fraction:
    """Return what to subtract from all weights: a multiple of the sum of all roots, which is rational if all are real.

    Taking the commonest weight (of several the smallest) leaves few terms, and the same ones whatever multiple was there.
    """
    degree = len(polynomial) - 1
    if degree == 2:  # so that multiples of √n, root 0 of x² - n, stay multiples of √n
        return weights.get(1, Fraction(0))
    if len(isolations(polynomial)) < degree:
        return Fraction(0)
    counts = Counter(weights.get(index, Fraction(0)) for index in range(degree))
    return max(counts, key=lambda weight: (counts[weight], -weight))


def _conjugate_bound(polynomial: Polynomial) -> Fraction:
    """Return a bound on the absolute values of all roots: from their enclosures if all are real, else Cauchy's."""
    intervals = isolations(polynomial)
    if len(intervals) == len(polynomial) - 1:
        return max(abs(end) for interval in intervals for end in interval)
    return 1 + max(abs(Fraction(coefficient, polynomial[-1])) for coefficient in polynomial[:-1])


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.numerator), int(number.denominator))


def _operand(number: object) -> AlgebraicSum | None:
    if isinstance(number, AlgebraicSum):
        return number
    if isinstance(number, AlgebraicNumber):
        return AlgebraicSum(0, {number: 1})
    return AlgebraicSum(_fraction(number)) if isinstance(number, Rational) else None


def _exact(number: object) -> AlgebraicSum | None:
    """Return a number as a sum, finite floats as the binary numbers they are."""
    if isinstance(number, (float, np.floating)):
        return AlgebraicSum(Fraction(float(number))) if np.isfinite(number) else None
    return _operand(number)
