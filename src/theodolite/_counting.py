"""Counts in words, also those that no computer could list."""

from __future__ import annotations

import math

__all__ = ["in_words"]


def in_words(count: int) -> str:
    """Return ``count`` in digits, or where they would be many, its leading ones and the power of ten.

    >>> in_words(1234567), in_words(-(-(10**30) // 3)), in_words(10**5000)
    ('1,234,567', 'about 3.3e29', 'about 1.0e5000')
    """
    if count < 10**9:
        return f"{count:,}"
    exponent = int((count.bit_length() - 1) * math.log10(2))
    if count >= 10 ** (exponent + 1):
        exponent += 1
    return f"about {count * 10 // 10**exponent / 10:.1f}e{exponent}"
