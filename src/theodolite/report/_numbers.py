"""Numbers as text: real minus signs, few digits, enough of them to tell two values apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from math import floor, isfinite, log10

__all__ = ["TIE", "counted", "faithful", "number", "numbers", "power_of_ten", "rounded", "same", "tick", "typeset"]

_EXPONENT = re.compile(r"(?<![\w.])(-?\d+(?:\.\d+)?)e([+-]?\d+)(?!\w)")
_HYPHEN = re.compile(r"(?<![\w)\]}.-])-(?=\d)")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SIGNS = {" != ": " ≠ ", " <= ": " ≤ ", " >= ": " ≥ "}
_MOST_EXTRA_DIGITS = 6
_ROUNDING = 1e-13
"""Values below this share of the largest are zeros that rounding has spoilt."""

TIE = 1e-9
"""Values closer than this, relative to the largest, need not look different."""


def same(one: float, other: float, largest: float) -> bool:
    """Whether two values are one as far as a reader is concerned; ``largest`` is the size of the numbers around them."""
    return abs(one - other) <= TIE * abs(largest)


def number(x: float, extra: int = 0) -> str:
    """Return ``x`` with two decimals below 100 and one above, and ``extra`` digits more.

    >>> number(7.6023), number(-340.68), number(0.0), number(0.01234), number(3.2e-9)
    ('7.60', '−340.7', '0', '0.0123', '3.20 × 10⁻⁹')
    """
    if x == 0:
        return "0"
    if not isfinite(x):
        return "not finite" if x != x else ("∞" if x > 0 else "−∞")
    decimals = _decimals(abs(x))
    if decimals is None:
        return _scientific(x, 2 + extra)
    return _minus(_grouped(f"{x:.{decimals + extra}f}"))


def _decimals(size: float) -> int | None:
    """Return the decimals of a number of this size, ``None`` where it is written with a power of ten."""
    if size >= 1e7 or size < 1e-3:
        return None
    if size >= 1:
        return 1 if size >= 100 else 2
    return 2 - floor(log10(size))


def numbers(values: Sequence[float]) -> list[str]:
    """Return ``values`` as text, each with as many more digits (up to six) as it takes to tell those of its size apart."""
    finite = sorted({v for v in values if isfinite(v)})
    largest = max((abs(v) for v in finite), default=0.0)
    extra: dict[int | None, int] = {}
    for a, b in pairwise(finite):
        if max(abs(a), abs(b)) <= _ROUNDING * largest or same(a, b, max(abs(a), abs(b))):
            continue
        group = _decimals(abs(b))
        digits = extra.get(group, 0)
        while digits < _MOST_EXTRA_DIGITS and number(a, digits) == number(b, digits):
            digits += 1
        extra[group] = digits
    return [number(v, extra.get(_decimals(abs(v)), 0)) if isfinite(v) else number(v) for v in values]


def faithful(x: float) -> str:
    """Return the shortest text that reads back as exactly ``x``.

    >>> faithful(-0.1), faithful(1e-20), faithful(12.0)
    ('−0.1', '1 × 10⁻²⁰', '12')
    """
    mantissa, _, power = repr(float(x)).partition("e")
    mantissa = _minus(mantissa.removesuffix(".0"))
    return f"{mantissa} × 10{str(int(power)).translate(_SUPERSCRIPTS)}" if power else mantissa


def rounded(x: float) -> str:
    """Return ``x`` to three digits, for margins, tolerances and residuals.

    >>> rounded(0.00012345), rounded(31.04), rounded(2.2e-16), rounded(123456.0), rounded(float("inf"))
    ('1.23 × 10⁻⁴', '31', '2.2 × 10⁻¹⁶', '1.23 × 10⁵', '∞')
    """
    if not isfinite(x):
        return number(x)
    mantissa, _, power = f"{x:.3g}".partition("e")
    if not power and x != 0 and abs(x) < 1e-3:
        mantissa, _, power = f"{x:.2e}".partition("e")
    return f"{_minus(mantissa)} × 10{str(int(power)).translate(_SUPERSCRIPTS)}" if power else _minus(mantissa)


def counted(n: int) -> str:
    """Return a count, its digits in groups of three; past fifteen digits only the first three of them.

    >>> counted(2000) == "2\\u202f000", counted(11), counted(112_345 * 10**12)
    (True, '11', 'about 1.12 × 10¹⁷')
    """
    if abs(n) >= 10**15:
        digits = len(str(abs(n))) - 1
        lead = str(abs(n))
        return f"about {lead[0]}.{lead[1:3]} × 10{str(digits).translate(_SUPERSCRIPTS)}"
    return _minus(f"{n:,}".replace(",", "\u202f"))


def tick(x: float, step: float) -> str:
    """Return an axis number with the decimals that ``step`` needs.

    >>> tick(0.30000000000000004, 0.1), tick(315.0, 5.0), tick(2e7, 1e7), tick(0.0, 1e-9)
    ('0.3', '315', '2 × 10⁷', '0')
    """
    if abs(x) < step * 1e-6:
        return "0"
    if abs(x) >= 1e7 or step < 1e-5:
        digits = max(0, floor(log10(abs(x)) + 1e-9) - floor(log10(step) + 1e-9))
        return _scientific(x, digits)
    return _minus(_grouped(f"{x:.{max(0, -floor(log10(step) + 1e-9))}f}"))


def power_of_ten(power: int, *, plain: bool) -> str:
    """Return 10 to ``power`` as an axis writes it.

    >>> power_of_ten(-2, plain=True), power_of_ten(7, plain=False)
    ('0.01', '10⁷')
    """
    return tick(10.0**power, 10.0**power) if plain else f"10{str(power).translate(_SUPERSCRIPTS)}"


def typeset(text: str) -> str:
    """Return ``text`` with real minus signs and powers of ten where programs write 1e-25 and -3.

    >>> typeset("floor 1.5e-25, shift -3, linear:4-2-4")
    'floor 1.5 × 10⁻²⁵, shift −3, linear:4-2-4'
    """
    for written, sign in _SIGNS.items():
        text = text.replace(written, sign)
    text = _EXPONENT.sub(lambda m: f"{m[1]} × 10{str(int(m[2])).translate(_SUPERSCRIPTS)}", text)
    return _HYPHEN.sub("−", text)


def _scientific(x: float, digits: int) -> str:
    mantissa, _, power = f"{x:.{digits}e}".partition("e")
    return f"{_minus(mantissa)} × 10{str(int(power)).translate(_SUPERSCRIPTS)}"


def _grouped(text: str) -> str:
    """Set the digits before the point in groups of three where there are five or more of them."""
    whole, point, rest = text.partition(".")
    if len(whole.removeprefix("-")) >= 5:
        whole = f"{int(whole):,}".replace(",", "\u202f")
    return whole + point + rest


def _minus(text: str) -> str:
    return text.replace("-", "−")
