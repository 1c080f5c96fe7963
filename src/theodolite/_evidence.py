"""How an answer is known: every object that Theodolite returns carries an ``Evidence``."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from theodolite._notebook import facts_html
from theodolite._references import Reference

__all__ = ["Assumption", "Evidence", "Method"]


class Method(StrEnum):
    """The four ways in which Theodolite knows something, strongest first."""

    EXACT = "exact"
    """decided in rational arithmetic about exactly given numbers"""
    THEOREM = "theorem"
    """a proven formula, evaluated in floating point on decisions with stated margins"""
    VERIFIED = "verified"
    """rigorous enclosures for the floating-point numbers as given"""
    NUMERIC = "numeric"
    """plain numerics: the residual is all that is known"""


class Assumption(msgspec.Struct, frozen=True):
    """One hypothesis that was checked, and how clear the decision was.

    ``margin`` is the factor by which the deciding number stays clear of its threshold (1 is a tie, larger
    is safer, ``None`` where nothing had to be decided); ``tolerance`` is that threshold.
    """

    statement: str
    margin: float | None = None
    tolerance: float | None = None

    def __str__(self) -> str:
        notes = []
        if self.margin is not None:
            notes.append(f"margin {self.margin:.3g}")
        if self.tolerance is not None:
            notes.append(f"tolerance {self.tolerance:.3g}")
        return f"{self.statement} ({', '.join(notes)})" if notes else self.statement


class Evidence(msgspec.Struct, frozen=True):
    """The reason to believe an answer.

    ``method`` says how it is known, ``references`` by whose theorem, ``assumptions`` what was checked and with which
    margin, ``scope`` for which landscape and points it holds, ``residual`` how well it was met in numbers
    (``None`` where no number entered), and ``complete`` whether nothing is missing within that scope.
    """

    method: Method
    references: tuple[Reference, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    scope: str = ""
    residual: float | None = None
    complete: bool = True

    def __str__(self) -> str:
        by = "; ".join(str(reference) for reference in self.references)
        lines = [f"{self.method.value}{': ' + by if by else ''}"]
        lines += [f"  checked: {assumption}" for assumption in self.assumptions]
        if self.residual is not None:
            lines.append(f"  residual: {self.residual:.3g}")
        if self.scope or not self.complete:
            lines.append(f"  scope: {self.scope or 'not stated'}{'' if self.complete else ' (not complete)'}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return facts_html([("known by", str(self))])
