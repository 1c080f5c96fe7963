"""How many neurons of which sort a member has: the strata of the critical sets, up to the order of neurons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

import numpy as np

from theodolite._kind import Kind
from theodolite.affine._catalogue import Entry
from theodolite.affine._problem import Problem

__all__ = ["Mix", "draw", "mixes"]


@dataclass(frozen=True)
class Mix:
    """Numbers of neurons: kinks that bend with their group, against it, or not at all; then the other sorts.

    ``outward`` counts neurons whose breakpoint is at an end of the interval and which are zero inside, with v of the sign
    that keeps them asleep; ``inward`` those with the other sign; ``asleep`` those with v = 0. ``constant`` neurons have w = 0
    and b != 0 (b > 0 for ReLU), and ``degenerate`` ones w = b = 0; both have v = 0, except that for z squared ``degenerate``
    has v != 0, ``centred`` is v = 0 with the line vanishing at the midpoint, and ``zero`` is w = b = v = 0.
    """

    along: int = 0
    against: int = 0
    limp: int = 0
    inactive: int = 0
    outward: int = 0
    inward: int = 0
    asleep: int = 0
    constant: int = 0
    degenerate: int = 0
    centred: int = 0
    zero: int = 0

    def to_bytes(self) -> bytes:
        """Return the counts as bytes, for the key of a stratum."""
        return np.array(astuple(self), dtype="<u4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Mix:
        """Return the counts that ``to_bytes`` wrote."""
        return cls(*(int(count) for count in np.frombuffer(data, dtype="<u4")))

    @property
    def label(self) -> str:
        """The counts in words."""
        names = (field.name for field in fields(self))
        return ", ".join(f"{count} {name}" for name, count in zip(names, astuple(self), strict=True) if count)

    def inertia(self, problem: Problem, entry: Entry) -> tuple[int, int] | None:
        """Return index and nullity, or None where a member has no second derivative."""
        size = sum(astuple(self))
        if problem.quadratic:
            waking = size - self.zero
            return waking, 3 * size - 2 * waking
        smooth = self.outward + self.inward == 0 and (self.degenerate == 0 or problem.linear)
        if not smooth:
            return None
        lively = self.constant + (self.degenerate if problem.linear else 0)
        index = self.along + lively
        return index, 3 * size + 1 - index - (entry.kinks + 1 + self.against + lively)

    def dimension(self, problem: Problem, entry: Entry) -> int:
        """Return the number of free parameters."""
        if problem.quadratic:
            return self.constant + self.degenerate + self.centred
        bent = 2 * (self.along + self.against) + self.limp - entry.kinks
        return bent + 3 * self.inactive + 2 * (self.outward + self.inward) + self.asleep + self.constant


def mixes(problem: Problem, entry: Entry, hidden: int) -> Iterator[Mix]:
    """Yield the mixes of a set that is not the global minimum, in a fixed order."""
    for counts in _splits(hidden - entry.kinks, _sorts(problem, entry)):
        mix = Mix(**{**counts, "along": counts.get("along", 0) + entry.kinks})
        if _allowed(problem, entry, mix):
            yield mix


def _sorts(problem: Problem, entry: Entry) -> tuple[str, ...]:
    if problem.quadratic:
        return ("constant", "degenerate", "centred", "zero")
    sorts: tuple[str, ...] = ("along", "against", "limp") if entry.kinks else ()
    if problem.gamma == 0:
        sorts += ("inactive", "outward", "inward", "asleep")
    return (*sorts, "constant", "degenerate")


def _allowed(problem: Problem, entry: Entry, mix: Mix) -> bool:
    """Return whether a constant fit with these neurons has the kind of ``entry`` (always, with kinks)."""
    if entry.kinks:
        return True
    if problem.quadratic:
        strict, asleep = mix.constant + mix.degenerate + mix.centred, 0
    else:
        strict, asleep = mix.inward + mix.constant + mix.degenerate, mix.asleep
    if entry.kind is Kind.STRICT_SADDLE:
        return strict > 0
    if problem.quadratic:
        return strict == 0
    return strict == 0 and (asleep > 0) == (entry.kind is Kind.NON_STRICT_SADDLE)


def draw(problem: Problem, entry: Entry, hidden: int, source: np.random.Generator) -> Mix:
    """Return random counts that make a member of the set."""
    sorts = _sorts(problem, entry)
    if entry.kind is Kind.SPURIOUS_MINIMUM:
        sorts = ("inactive", "outward")
    elif entry.kind is Kind.NON_STRICT_SADDLE:
        sorts = ("zero",) if problem.quadratic else ("inactive", "outward", "asleep")
    while True:
        picks = source.integers(0, len(sorts), size=hidden - entry.kinks)
        counts = {sort: int((picks == k).sum()) for k, sort in enumerate(sorts)}
        mix = Mix(**{**counts, "along": counts.get("along", 0) + entry.kinks})
        if _allowed(problem, entry, mix):
            return mix


def _splits(total: int, names: tuple[str, ...]) -> Iterator[dict[str, int]]:
    """Yield every way to share ``total`` among ``names``."""
    if len(names) == 1:
        yield {names[0]: total}
        return
    for first in range(total, -1, -1):
        for rest in _splits(total - first, names[1:]):
            yield {names[0]: first, **rest}
