"""Reading a certificate field by field: what is missing, left over or of the wrong type is refused with its place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NoReturn

from theodolite._errors import CertificateError

__all__ = ["Fields", "about", "digest_of", "fraction_text", "refuse", "seal_of"]

_LONGEST_NUMBER = 4_300
"""Digits of the longest number that is read: of longer ones Python makes no integers unless told to."""

_WHOLE = re.compile(r"-?[0-9]+", re.ASCII)
_RATIONAL = re.compile(r"-?[0-9]+(/[0-9]+)?", re.ASCII)


def refuse(fact: str, cause: str | None = None) -> NoReturn:
    """Refuse the certificate."""
    raise CertificateError(fact, cause=cause, fix="Do not trust this certificate; make it anew")


class Fields:
    """The entries of one JSON object, each taken once and checked; ``done`` refuses what was not asked for."""

    def __init__(self, entries: Any, place: str) -> None:
        if not isinstance(entries, dict):
            refuse(f"{place} is no object")
        self._entries: Mapping[str, Any] = entries
        self._place = place
        self._left = set(entries)

    def take(self, name: str) -> Any:
        """Return an entry as it stands."""
        if name not in self._entries:
            refuse(f"{self._place} has no {name!r}")
        self._left.discard(name)
        return self._entries[name]

    def done(self) -> None:
        """Refuse entries that nobody asked for."""
        if self._left:
            refuse(f"{self._place} has an unknown entry {min(map(repr, self._left)):.80}")

    def fields(self, name: str) -> Fields:
        """Return an entry that is an object itself."""
        return Fields(self.take(name), f"{self._place}.{name}")

    def text(self, name: str) -> str:
        """Return a text."""
        value = self.take(name)
        if not isinstance(value, str):
            refuse(f"{self._place}.{name} is {_shown(value)}, not a text")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            refuse(f"{self._place}.{name} is {_shown(value)}, not true or false")
        return value

    def whole(self, name: str, least: int = 0) -> int:
        """Return an integer of at least ``least``."""
        return whole_number(self.take(name), f"{self._place}.{name}", least)

    def fraction(self, name: str) -> Fraction:
        """Return a rational number, written as text."""
        return rational(self.take(name), f"{self._place}.{name}")

    def vector(self, name: str, length: int) -> list[Fraction]:
        """Return so many rational numbers."""
        return rationals(self.take(name), f"{self._place}.{name}", length)

    def matrix(self, name: str, rows: int, columns: int) -> list[list[Fraction]]:
        """Return rows of rational numbers."""
        place = f"{self._place}.{name}"
        return [
            rationals(row, f"{place}[{i}]", columns) for i, row in enumerate(sequence(self.take(name), place, rows))
        ]


def sequence(value: Any, place: str, length: int | None = None) -> Sequence[Any]:
    """Return a list, of ``length`` entries if that is given."""
    if not isinstance(value, list) or (length is not None and len(value) != length):
        refuse(f"{place} is not a list{'' if length is None else f' of {length} entries'}")
    return value


def whole_number(value: Any, place: str, least: int | None = None) -> int:
    """Return an integer; numbers that do not fit JSON readers are written as text."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _WHOLE.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        refuse(f"{place} is {_shown(value)}, not a whole number{'' if least is None else f' of {least} or more'}")
    return value


def rational(value: Any, place: str) -> Fraction:
    """Return a rational number from its text ``p`` or ``p/q`` in lowest terms."""
    if isinstance(value, str) and len(value) <= 2 * _LONGEST_NUMBER and _RATIONAL.fullmatch(value):
        try:
            number = Fraction(value)
        except (ValueError, ZeroDivisionError):
            number = None
        if number is not None and str(number) == value:
            return number
    refuse(f"{place} is {_shown(value)}, not a fraction in lowest terms written as text")


def _shown(value: Any) -> str:
    """Return the beginning of something that was read, for a message."""
    if isinstance(value, int) and abs(value) >= 10**80:
        return f"an integer of {value.bit_length()} bits"
    return type(value).__name__ if isinstance(value, (list, dict)) else f"{value!r:.80}"


def about(number: Fraction) -> str:
    """Return a rational number as a rounded decimal, of any size, for a message."""
    try:
        return f"{float(number):.10g}"
    except OverflowError:
        return f"about 2^{number.numerator.bit_length() - number.denominator.bit_length()}"


def rationals(value: Any, place: str, length: int) -> list[Fraction]:
    """Return so many rational numbers."""
    return [rational(entry, f"{place}[{i}]") for i, entry in enumerate(sequence(value, place, length))]


def fraction_text(number: Fraction) -> str:
    """Return the text of a rational number, as certificates hold it."""
    return str(Fraction(number))


def digest_of(X: Sequence[Sequence[Fraction]], Y: Sequence[Sequence[Fraction]]) -> str:
    """Return the SHA-256 of the data, written row by row as fractions."""
    lines = (" ".join(map(fraction_text, [*x, *y])) for x, y in zip(X, Y, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def seal_of(certificate: Mapping[str, Any]) -> str:
    """Return the SHA-256 of everything in a certificate except its seal: it finds damage, it proves nothing."""
    rest = {name: entry for name, entry in certificate.items() if name != "seal"}
    try:
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        refuse("The certificate is not plain JSON", f"{error}"[:200])
    return hashlib.sha256(text.encode()).hexdigest()
