"""Exact numbers as text and back: fractions as "p/q", sums of algebraic numbers by a list of the roots that occur in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import msgspec

from theodolite._errors import TheodoliteError
from theodolite._npz import UnreadableError
from theodolite._typing import Real

__all__ = ["Root", "WrittenNumber", "read_fraction", "read_values", "write_fraction", "write_values"]

_CHARACTERS_MOST = 10**6
_DECIMAL_MOST = 4000
_DEGREE_MOST = 200
_ROOTS_MOST = 10_000
_INTEGER = r"-?(?:\d+|0x[0-9a-f]+)"
_RATIONAL = re.compile(f"{_INTEGER}(?:/(?:{_INTEGER}))?", re.ASCII)
_TERM = re.compile(r"(?P<weight>[^*]+)\*r(?P<root>\d{1,6})", re.ASCII)


class Root(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A real root of an irreducible polynomial: coefficients from the constant up, roots counted from the largest, from 0."""

    polynomial: tuple[str, ...]
    index: int


class WrittenNumber:
    """An exact number of which a file holds only how it is written, and the nearest float."""

    def __init__(self, text: str, nearest: float) -> None:
        self.text = text
        self.nearest = nearest

    def __float__(self) -> float:
        return self.nearest

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<exact number {self.text}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WrittenNumber) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __lt__(self, other: Any) -> bool:
        return self.nearest < float(other)

    def __gt__(self, other: Any) -> bool:
        return self.nearest > float(other)


def write_fraction(value: int | Fraction) -> str:
    """Return "p/q" in decimal digits, or hexadecimal ones if there are thousands.

    >>> write_fraction(Fraction(-2, 4)), write_fraction(Fraction(3))
    ('-1/2', '3')
    """
    parts = [int(value.numerator), int(value.denominator)]
    decimal = all(part.bit_length() < 3 * _DECIMAL_MOST for part in parts)
    return "/".join(str(part) if decimal else hex(part) for part in (parts if parts[1] != 1 else parts[:1]))


def read_fraction(text: str) -> Fraction:
    """Return the fraction that ``write_fraction`` wrote as ``text``, or raise ``UnreadableError``."""
    try:
        if len(text) <= _CHARACTERS_MOST and _RATIONAL.fullmatch(text):
            return Fraction(*(int(part, 16 if "0x" in part else 10) for part in text.split("/")))
    except (ValueError, ZeroDivisionError):
        pass  # more decimal digits than Python reads, or a division by zero
    raise UnreadableError(f"the exact value {text[:40]!r} is not a fraction that can be used")


def write_values(values: Iterable[Real]) -> tuple[list[str], list[Root]]:
    """Return exact values as texts, and the roots that these name.

    A fraction is "p/q", a root of the list "r0", "r1", ..., a sum "p/q + p/q*r0 + ..."; a float is empty, and any other number is
    written as it prints itself.
    """
    places: dict[Any, int] = {}
    texts = [_written(value, places) for value in values]
    return texts, [Root(tuple(map(_integer, number.polynomial)), number.index) for number in places]


def _integer(number: int) -> str:
    return write_fraction(int(number))


def _written(value: Real, places: dict[Any, int]) -> str:
    if isinstance(value, float):
        return ""
    if isinstance(value, (int, Fraction)):
        return write_fraction(value)
    if isinstance(value, WrittenNumber):
        return value.text
    from theodolite._numerics import AlgebraicNumber, AlgebraicSum

    if isinstance(value, AlgebraicNumber):
        return f"r{places.setdefault(value, len(places))}"
    if isinstance(value, AlgebraicSum):
        terms = [f"{write_fraction(weight)}*r{places.setdefault(root, len(places))}" for root, weight in value.terms]
        return " + ".join([write_fraction(value.constant), *terms]) if terms else f"{write_fraction(value.constant)} + "
    return str(value)


def read_values(texts: Iterable[str], nearest: Sequence[float], roots: Sequence[Root]) -> tuple[Real, ...]:
    """Return the values that ``write_values`` wrote, or raise ``UnreadableError``; each must be close to its float."""
    if len(roots) > _ROOTS_MOST:
        raise UnreadableError(f"it has {len(roots):,} algebraic numbers, more than {_ROOTS_MOST:,}")
    numbers = [_root(root) for root in roots]
    return tuple(_value(text, near, numbers) for text, near in zip(texts, nearest, strict=True))


def _value(text: str, nearest: float, numbers: list[Any]) -> Real:
    if not text:
        return nearest
    if len(text) > _CHARACTERS_MOST:
        raise UnreadableError(f"an exact value has {len(text):,} characters, more than {_CHARACTERS_MOST:,}")
    if re.fullmatch(r"r\d{1,6}", text, re.ASCII):
        value = _pick(numbers, text[1:])
    elif " + " in text and _RATIONAL.match(text):
        constant, *terms = text.removesuffix(" + ").split(" + ")
        value = _sum(read_fraction(constant), terms, numbers)
    elif _RATIONAL.match(text):
        value = read_fraction(text)
    else:
        return WrittenNumber(text, nearest)
    try:
        close = abs(float(value) - nearest) <= 1e-9 * max(abs(nearest), 1e-300)
    except OverflowError:
        close = False
    if not close:
        raise UnreadableError(f"the exact value {text[:40]!r} and the value {nearest!r} disagree")
    return value  # type: ignore[no-any-return]


def _pick(numbers: list[Any], place: str) -> Any:
    if int(place) >= len(numbers):
        raise UnreadableError(f"r{place} is not among the {len(numbers)} algebraic numbers in the file")
    return numbers[int(place)]


def _sum(constant: Fraction, terms: list[str], numbers: list[Any]) -> Any:
    from theodolite._numerics import AlgebraicSum

    parts = {}
    for term in terms:
        match = _TERM.fullmatch(term)
        if match is None:
            raise UnreadableError(f"the term {term[:40]!r} of an exact value cannot be read")
        parts[_pick(numbers, match["root"])] = read_fraction(match["weight"])
    return AlgebraicSum(constant, parts)


def _root(root: Root) -> Any:
    """Return the algebraic number, after checking what its class takes for granted: comparisons would not end otherwise."""
    from flint import fmpz_poly

    from theodolite._numerics import AlgebraicNumber

    if not 2 <= len(root.polynomial) <= _DEGREE_MOST + 1 or sum(map(len, root.polynomial)) > _CHARACTERS_MOST:
        raise UnreadableError(f"a polynomial has degree {len(root.polynomial) - 1} or very long coefficients")
    fractions = [read_fraction(text) for text in root.polynomial]
    coefficients = tuple(number.numerator for number in fractions)
    content, factors = fmpz_poly(list(coefficients)).factor()
    irreducible = len(factors) == 1 and factors[0][1] == 1 and content == 1 and coefficients[-1] > 0
    if not irreducible or any(number.denominator != 1 for number in fractions):
        raise UnreadableError(
            f"{', '.join(root.polynomial)[:80]} are not the coefficients of an irreducible polynomial"
        )
    try:
        if 0 <= root.index < _DEGREE_MOST and (root.index == 0 or len(coefficients) > 2):
            return AlgebraicNumber(coefficients, root.index)
    except (IndexError, TheodoliteError):
        pass  # fewer real roots, or none that could be isolated
    raise UnreadableError(f"a polynomial has no real root number {root.index}")
