"""Numbers as text: real minus signs, few digits, enough of them to tell two values apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10

__all__ = ["counted", "faithful", "number", "numbers", "rounded", "same", "tick"]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_EXTRA_DIGITS = 6
_TIE = 1e-9
"""Values closer than this, relative to the largest, need not look different."""


def same(one: float, other: float, largest: float) -> bool:
    """Whether two values are one as far as a reader is concerned; ``largest`` is the size of the numbers around them."""
    return abs(one - other) <= _TIE * abs(largest)


def number(x: float, extra: int = 0) -> str:
    """Return ``x`` with two decimals below 100 and one above, and ``extra`` digits more.

    >>> number(7.6023), number(-340.68), number(0.0), number(0.01234), number(3.2e-9)
    ('7.60', '−340.7', '0', '0.0123', '3.20 × 10⁻⁹')
    """
    size = abs(x)
    if x == 0:
        return "0"
    if not isfinite(x):
        return "not finite" if x != x else ("∞" if x > 0 else "−∞")
    if size >= 1e6 or size < 1e-3:
        return _scientific(x, 2 + extra)
    if size >= 100:
        decimals = 1
    elif size >= 1:
        decimals = 2
    else:
        decimals = 2 - floor(log10(size))
    return _minus(f"{x:.{decimals + extra}f}")


def numbers(values: Sequence[float]) -> list[str]:
    """Return ``values`` as text, with as many more digits as it takes to tell them apart (up to six)."""
    ordered = sorted(set(values))
    finite = [v for v in ordered if isfinite(v)]
    if not finite:
        return [number(v) for v in values]
    largest = max(abs(finite[0]), abs(finite[-1]))
    zero = 1e-13 * largest
    apart = [(a, b) for a, b in zip(finite, finite[1:], strict=False) if not same(a, b, max(abs(a), abs(b)))]
    extra = 0
    while extra < _MOST_EXTRA_DIGITS and any(number(a, extra) == number(b, extra) for a, b in apart if abs(b) > zero):
        extra += 1
    return [number(v, extra) for v in values]


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

    >>> rounded(0.00012345), rounded(31.04), rounded(2.2e-16), rounded(123456.0)
    ('1.23 × 10⁻⁴', '31', '2.2 × 10⁻¹⁶', '1.23 × 10⁵')
    """
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
    if abs(x) >= 1e6 or abs(x) < 1e-3:
        digits = max(0, floor(log10(abs(x)) + 1e-9) - floor(log10(step) + 1e-9))
        return _scientific(x, digits)
    return _minus(f"{x:.{max(0, -floor(log10(step) + 1e-9))}f}")


def _scientific(x: float, digits: int) -> str:
    mantissa, _, power = f"{x:.{digits}e}".partition("e")
    return f"{_minus(mantissa)} × 10{str(int(power)).translate(_SUPERSCRIPTS)}"


def _minus(text: str) -> str:
    return text.replace("-", "−")
