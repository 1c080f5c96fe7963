"""Real roots of irreducible integer polynomials: isolating intervals, proven by exact signs, and their refinement."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import lru_cache
from typing import Any

from flint import arb, fmpq, fmpq_poly, fmpz_poly

from theodolite._errors import TheodoliteError
from theodolite._numerics._inertia import sign_changes

__all__ = ["Interval", "Polynomial", "dyadic", "isolations", "narrowed", "real_root_count", "sign_at"]

Polynomial = tuple[int, ...]
"""Integer coefficients, constant term first, the last one positive."""

Interval = tuple[Fraction, Fraction]


@lru_cache(maxsize=1024)
def isolations(polynomial: Polynomial) -> tuple[Interval, ...]:
    """Return one interval per real root of an irreducible polynomial of degree two or more, largest root first.

    flint proposes the intervals; that each holds exactly one root is then shown by exact arithmetic: the signs at its ends
    differ, the intervals are disjoint, and there are as many as Sturm's theorem counts (or as the degree allows).
    """
    poly = fmpz_poly(list(polynomial))
    balls: Any = poly.complex_roots()  # pairs of a ball and its multiplicity, which is one here
    found = sorted(_ends(ball.real) for ball, _ in balls if ball.imag.is_zero())
    disjoint = all(left[1] < right[0] for left, right in itertools.pairwise(found))
    crossed = all(sign_at(polynomial, low) * sign_at(polynomial, high) < 0 for low, high in found)
    if not (disjoint and crossed and (len(found) == poly.degree() or len(found) == real_root_count(polynomial))):
        raise TheodoliteError(
            f"The real roots of {poly} could not be isolated", cause="the proof by exact signs failed"
        )
    return tuple(reversed(found))


def _ends(ball: arb) -> Interval:
    middle, radius = (dyadic(part) for part in (ball.mid(), ball.rad()))
    radius = radius or Fraction(1, 2**64)
    return middle - radius, middle + radius


def dyadic(ball: arb) -> Fraction:
    """Return an exact ball as the fraction that it is."""
    mantissa, exponent = (int(part) for part in ball.man_exp())
    return mantissa * Fraction(2) ** exponent


def real_root_count(polynomial: Polynomial) -> int:
    """Return the number of real roots of a polynomial without repeated roots, by Sturm's theorem."""
    chain = [fmpq_poly(list(polynomial))]
    chain.append(chain[0].derivative())
    while chain[-1].degree() > 0:
        chain.append(-(chain[-2] % chain[-1]))
    at_plus = [_sign(poly[poly.degree()]) for poly in chain]
    at_minus = [sign * (-1) ** poly.degree() for sign, poly in zip(at_plus, chain, strict=True)]
    return sign_changes(at_minus) - sign_changes(at_plus)


def _sign(number: fmpq) -> int:
    return (number > 0) - (number < 0)


def sign_at(polynomial: Polynomial, place: Fraction) -> int:
    """Return the sign of the polynomial at a rational number, exactly."""
    return _sign(fmpz_poly(list(polynomial))(fmpq(place.numerator, place.denominator)))


def narrowed(polynomial: Polynomial, interval: Interval, bits: int) -> Interval:
    """Return an interval of width at most 2⁻ᵇⁱᵗˢ around the only root in ``interval``.

    Each step takes Newton's guess rounded to twice as many bits as are known, and keeps it only where the exact signs on
    both sides of it differ; otherwise it halves the interval.
    """
    poly = fmpz_poly(list(polynomial))
    slope = poly.derivative()
    low, high = (fmpq(end.numerator, end.denominator) for end in interval)
    sign_low = _sign(poly(low))
    target = fmpq(1, 2**bits)
    while high - low > target:
        middle = (low + high) / 2
        derivative = slope(middle)
        known = max(1, _bits(high - low))
        radius = fmpq(1, 2 ** min(2 * known, bits + 1)) / 2
        if derivative != 0 and 2 * radius < high - low:
            guess = _rounded(middle - poly(middle) / derivative, min(2 * known, bits + 1) + 2)
            left, right = guess - radius, guess + radius
            if low <= left and right <= high and _sign(poly(left)) == sign_low == -_sign(poly(right)):
                low, high = left, right
                continue
        middle = _rounded(middle, known + 3)
        if _sign(poly(middle)) == sign_low:
            low = middle
        else:
            high = middle
    return Fraction(int(low.p), int(low.q)), Fraction(int(high.p), int(high.q))


def _bits(width: fmpq) -> int:
    """Return about -log2 of a positive width."""
    return int(width.q).bit_length() - int(width.p).bit_length()


def _rounded(number: fmpq, bits: int) -> fmpq:
    return fmpq((number * 2**bits).floor(), 2**bits)
