"""Algebraic numbers in words: closed forms for square roots, polynomial and interval for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from itertools import count
from math import floor, frexp, lcm
from typing import Any

__all__ = ["decimal_interval", "polynomial_text", "sum_text", "surd_text"]

_LONGEST = 80
"""Polynomials of more characters than this are named by their degree."""


def surd_text(whole: Fraction, factor: Fraction, radicand: int) -> str:
    """Write a + b √n over one denominator."""
    bottom = lcm(whole.denominator, factor.denominator)
    first, second = int(whole * bottom), int(factor * bottom)
    sign = "-" if second < 0 else "+" if first else ""
    top = f"{first or ''}{sign}{abs(second) if abs(second) != 1 else ''}√{radicand}"
    if bottom == 1:
        return top
    return f"({top})/{bottom}" if first else f"{top}/{bottom}"


def polynomial_text(polynomial: tuple[int, ...]) -> str:
    text = ""
    for power in reversed(range(len(polynomial))):
        coefficient = polynomial[power]
        if coefficient:
            size = "" if abs(coefficient) == 1 and power else str(abs(coefficient))
            symbol = "" if power == 0 else "x" if power == 1 else f"x^{power}"
            text += f" {'-' if coefficient < 0 else '+'} {size}{symbol}"
    text = text.removeprefix(" + ").strip()
    return text if len(text) <= _LONGEST else f"an integer polynomial of degree {len(polynomial) - 1}"


def decimal_interval(number: Any) -> str:
    """Write two neighbouring decimals of about six digits with an irrational number between them."""
    places = 6 - round(frexp(float(number))[1] * 0.30103)
    for power in count(6):
        low, high = (floor(end * Fraction(10) ** places) for end in number.enclosure(2**power))
        if low == high:
            return f"[{Decimal(low).scaleb(-places)}, {Decimal(low + 1).scaleb(-places)}]"
    raise AssertionError("unreachable: an irrational number lies between two decimals")


def sum_text(constant: Fraction, terms: Iterable[tuple[Any, Fraction]]) -> str:
    """Write a rational plus rational multiples of algebraic numbers, one square root over a common denominator."""
    listed = list(terms)
    if len(listed) == 1 and (surd := listed[0][0].surd()) is not None and surd[0] == 0:
        return surd_text(constant, listed[0][1] * surd[1], surd[2])
    text = str(constant) if constant or not listed else ""
    for number, weight in listed:
        size = "" if abs(weight) == 1 else f"{abs(weight)}·"
        symbol = str(number) if number.degree == 2 else f"({number})"
        sign = " - " if weight < 0 else " + "
        text += f"{sign if text else sign.strip(' +')}{size}{symbol}"
    return text
