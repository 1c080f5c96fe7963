"""What a critical point can be."""

from __future__ import annotations

from enum import Enum

__all__ = ["Kind"]


class Kind(Enum):
    """The kind of a point of a loss landscape.

    The first six are kinds of critical points; a verdict may also be ``NOT_CRITICAL`` or ``UNDECIDED``.

    >>> print(Kind.STRICT_SADDLE, Kind.STRICT_SADDLE.is_minimum)
    strict saddle False
    """

    GLOBAL_MINIMUM = "global minimum"
    SPURIOUS_MINIMUM = "spurious minimum"
    LOCAL_MINIMUM = "local minimum"
    STRICT_SADDLE = "strict saddle"
    NON_STRICT_SADDLE = "non-strict saddle"
    SADDLE = "saddle"
    NOT_CRITICAL = "not critical"
    UNDECIDED = "undecided"

    def __str__(self) -> str:
        return self.value

    @property
    def meaning(self) -> str:
        """One sentence that says what this kind is."""
        return _MEANINGS[self]

    @property
    def code(self) -> int:
        """The number under which this kind is stored in the columns of an atlas."""
        return _CODES[self]

    @classmethod
    def from_code(cls, code: int) -> Kind:
        """The kind stored as ``code``."""
        return _KINDS[code]

    @property
    def is_minimum(self) -> bool:
        """Whether points of this kind are local minima (global ones included)."""
        return self in (Kind.GLOBAL_MINIMUM, Kind.SPURIOUS_MINIMUM, Kind.LOCAL_MINIMUM)

    @property
    def is_saddle(self) -> bool:
        """Whether points of this kind are critical and proven not to be local minima."""
        return self in (Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE, Kind.SADDLE)


_KINDS = tuple(Kind)
_CODES = {kind: code for code, kind in enumerate(_KINDS)}
_MEANINGS = {
    Kind.GLOBAL_MINIMUM: "no point of the landscape has a lower loss",
    Kind.SPURIOUS_MINIMUM: "a local minimum whose loss is proven not to be the lowest",
    Kind.LOCAL_MINIMUM: "a proven local minimum; whether its loss is the lowest is not known",
    Kind.STRICT_SADDLE: "the loss falls to second order in some direction",
    Kind.NON_STRICT_SADDLE: "not a minimum, but no direction falls to second order",
    Kind.SADDLE: "not a minimum; whether some direction falls to second order is undefined or undecided",
    Kind.NOT_CRITICAL: "the loss falls to first order in some direction",
    Kind.UNDECIDED: "too close to call, or outside what the theory covers",
}
