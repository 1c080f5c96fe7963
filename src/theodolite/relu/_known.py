"""What is known of the lowest sum of squares of a landscape: the best value attained so far, and a proven lower bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from theodolite.relu._problem import Number

__all__ = ["Known"]


@dataclass
class Known:
    """The lowest sum of squares S that some point is known to attain, and a number that no point can go below.

    ``attained_by`` and ``bounded_by`` say in words where they come from. Both only ever improve. ``constructed`` and
    ``unlimited`` say that the values of closed-form constructions were looked at, and in which arithmetic the infimum over all
    widths was.
    """

    attained: Number | None = None
    attained_by: str = ""
    bound: Number = field(default_factory=lambda: Fraction(0))
    bounded_by: str = "a sum of squares is not negative"
    constructed: bool = False
    unlimited: str = ""

    def attain(self, sse: Number, words: str) -> None:
        """Note that some point has the sum of squares ``sse``."""
        if self.attained is None or sse < self.attained:
            self.attained, self.attained_by = sse, words

    def raise_bound(self, sse: Number, words: str) -> None:
        """Note that no point has a sum of squares below ``sse``."""
        if sse > self.bound:
            self.bound, self.bounded_by = sse, words
