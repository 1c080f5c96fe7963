"""The exceptions of Theodolite: each message states the fact, the cause and the fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "AtlasFileError",
    "CertificateError",
    "DataError",
    "NoEscapeError",
    "NoMinimumError",
    "NotCoveredError",
    "ShapeError",
    "StoreError",
    "TheodoliteError",
    "WorkloadError",
]


class TheodoliteError(Exception):
    """Anything that Theodolite refuses: ``fact`` says what, ``cause`` why, ``fix`` what to do instead.

    >>> raise TheodoliteError("Column 'age' has a missing value in row 7", fix="Drop or fill that row")
    Traceback (most recent call last):
    theodolite._errors.TheodoliteError: Column 'age' has a missing value in row 7. Drop or fill that row.
    """

    def __init__(self, fact: str, *, cause: str | None = None, fix: str | None = None) -> None:
        self.fact = fact
        self.cause = cause
        self.fix = fix
        trouble = ": ".join(part.rstrip(".") for part in (fact, cause) if part)
        super().__init__(" ".join(part.rstrip(".") + "." for part in (trouble, fix) if part))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.__dict__)


def _rebuild(kind: type[TheodoliteError], state: dict[str, Any]) -> TheodoliteError:
    """Restore an error that crossed a process boundary (its arguments are keywords, which pickle drops)."""
    error = kind.__new__(kind)
    TheodoliteError.__init__(error, state["fact"], cause=state["cause"], fix=state["fix"])
    error.__dict__.update(state)
    return error


class DataError(TheodoliteError, ValueError):
    """The numbers, options or files given cannot be used as they are."""


class ShapeError(DataError):
    """Sizes do not fit together."""


class NotCoveredError(TheodoliteError):
    """No theorem that Theodolite implements answers this question; the message says what is missing."""


class NoEscapeError(TheodoliteError):
    """There is no way down from this point, or none that can be proven."""


class NoMinimumError(TheodoliteError):
    """The infimum of the loss is not attained: ``infimum`` is its value, ``sequence(k)`` approaches it."""

    def __init__(self, fact: str, *, infimum: Any, sequence: Callable[[int], Any], cause: str | None = None) -> None:
        super().__init__(fact, cause=cause, fix="Use infimum and sequence(k) of this error")
        self.infimum = infimum
        self.sequence = sequence


class WorkloadError(TheodoliteError):
    """The work asked for would not end in any reasonable time: ``count`` says how much it is."""

    def __init__(self, fact: str, *, count: int, cause: str | None = None, fix: str | None = None) -> None:
        super().__init__(fact, cause=cause, fix=fix)
        self.count = count


class AtlasFileError(TheodoliteError):
    """A saved atlas cannot be read: it is truncated, of another version, or not an atlas."""


class CertificateError(TheodoliteError):
    """A certificate is refused: it is damaged, made for other data, or does not prove what it claims."""


class StoreError(TheodoliteError):
    """A folder of finished chunks cannot be used or written to."""
