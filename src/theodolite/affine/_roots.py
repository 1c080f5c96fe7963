"""Exact arithmetic with two square roots: losses of leaky networks are x + y sqrt(a) + z sqrt(b) + t sqrt(a b)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from theodolite.affine._problem import Number, rational_sqrt

__all__ = ["RootField", "RootNumber"]


@dataclass(frozen=True)
class RootField:
    """The rationals with the square roots of two positive rationals; these may be rational, or multiples of each other."""

    first: Fraction
    second: Fraction

    def number(self, x: Number, y: Number, z: Number, t: Number) -> RootNumber:
        """Return x + y sqrt(first) + z sqrt(second) + t sqrt(first second)."""
        return RootNumber(self, (Fraction(x), Fraction(y), Fraction(z), Fraction(t)))


@dataclass(frozen=True)
class RootNumber:
    """A number of a ``RootField`` by its four coefficients."""

    field: RootField
    parts: tuple[Fraction, Fraction, Fraction, Fraction]

    def __mul__(self, other: RootNumber) -> RootNumber:
        a, b = self.field.first, self.field.second
        (x, y, z, t), (p, q, r, s) = self.parts, other.parts
        return self.field.number(
            x * p + a * y * q + b * z * r + a * b * t * s,
            x * q + y * p + b * (z * s + t * r),
            x * r + z * p + a * (y * s + t * q),
            x * s + t * p + y * r + z * q,
        )

    def scaled(self, factor: Fraction) -> RootNumber:
        """Return the product with a rational."""
        return self.field.number(*(factor * part for part in self.parts))

    def inverse(self) -> RootNumber:
        """Return the reciprocal; no conjugate of the number may vanish unless its root is rational."""
        settled = self._settled()
        x, y, z, t = settled.parts
        turned = self.field.number(x, y, -z, -t)
        x, y, _, _ = (settled * turned).parts  # the second root is gone
        norm = x * x - self.field.first * y * y
        return (turned * self.field.number(x, -y, 0, 0)).scaled(1 / norm)

    def _settled(self) -> RootNumber:
        """Return the same number without roots that are rational, or rational multiples of the other one."""
        a, b = self.field.first, self.field.second
        x, y, z, t = self.parts
        root = rational_sqrt(a)
        if root is not None:
            x, y, z, t = x + root * y, Fraction(0), z + root * t, Fraction(0)
        root = rational_sqrt(b)
        if root is not None:
            x, y, z, t = x + root * z, y + root * t, Fraction(0), Fraction(0)
        root = rational_sqrt(a * b)
        if root is not None:  # sqrt(b) = root / sqrt(a) = (root / a) sqrt(a)
            x, y, z, t = x + root * t, y + root / a * z, Fraction(0), Fraction(0)
        return self.field.number(x, y, z, t)

    def value(self) -> Number:
        """Return the number as a Fraction where it is rational, else as an ``AlgebraicSum``, which compares exactly."""
        from theodolite._numerics import AlgebraicNumber, AlgebraicSum

        a, b = self.field.first, self.field.second
        x, *weights = self._settled().parts
        terms = {
            AlgebraicNumber((-square.numerator * square.denominator, 0, 1), 0): weight / square.denominator
            for weight, square in zip(weights, (a, b, a * b), strict=True)
            if weight
        }
        total = AlgebraicSum(x, terms)
        return total if total.rational is None else total.rational
