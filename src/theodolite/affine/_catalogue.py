"""The list of all critical sets of one landscape: kind, value, inertia and dimension of each, in increasing value."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from theodolite._critical import CriticalSet
from theodolite._errors import DataError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite.affine._families import FAMILIES, Family, families_of, loss_of
from theodolite.affine._problem import Activation, Number, Problem

__all__ = ["Catalogue", "Entry"]

_KEY = struct.Struct("<BBI")
_FLAT = (Kind.SPURIOUS_MINIMUM, Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE)
_CODES = {Kind.GLOBAL_MINIMUM: 0, Kind.SPURIOUS_MINIMUM: 1, Kind.STRICT_SADDLE: 2, Kind.NON_STRICT_SADDLE: 3}
_WORDS = {
    Kind.GLOBAL_MINIMUM: "exact fit",
    Kind.SPURIOUS_MINIMUM: "constant fit, dead neurons",
    Kind.STRICT_SADDLE: "constant fit, saddle",
    Kind.NON_STRICT_SADDLE: "constant fit, flat saddle",
}


@dataclass(frozen=True)
class Entry:
    """One critical set: its kind, and for saddles with kinks the family and how many."""

    kind: Kind
    family: Family | None = None
    kinks: int = 0

    @property
    def key(self) -> bytes:
        """What names this set in an atlas."""
        return _KEY.pack(_CODES[self.kind], 255 if self.family is None else self.family.code, self.kinks)

    @classmethod
    def of(cls, key: bytes) -> Entry:
        """Return the entry that made this key (of a set or of one of its strata)."""
        code, family, kinks = _KEY.unpack(key[: _KEY.size])
        kind = next(kind for kind, number in _CODES.items() if number == code)
        return cls(kind, None if family == 255 else FAMILIES[family], kinks)

    @staticmethod
    def tail(key: bytes) -> bytes:
        """Return what a stratum adds to the key of its set."""
        return key[_KEY.size :]

    @property
    def label(self) -> str:
        """The name of the set: family and number of kinks, or what a constant fit is."""
        return _WORDS[self.kind] if self.family is None else f"{self.family.name}{self.kinks}"


@dataclass(frozen=True)
class Inertia:
    """Index, nullity and dimension of a set, as the columns of an atlas have them, and why something is missing."""

    index: int | None
    nullity: int | None
    dimension: int
    index_range: tuple[int, int] | None
    nullity_range: tuple[int, int] | None
    gap: str = ""


@dataclass(frozen=True)
class Catalogue:
    """All critical sets of one problem with this many neurons. Sets are numbered from 0, lowest value first.

    ``problem`` has 0 <= gamma <= 1 (larger slopes are reduced to this by duality).
    """

    problem: Problem
    hidden: int

    @property
    def attained(self) -> bool:
        """Whether a global minimum exists: one squared neuron only comes arbitrarily close to a sloped target."""
        return not (self.problem.quadratic and self.hidden == 1 and self.problem.alpha != 0)

    def count(self) -> int:
        """Return the number of sets."""
        return int(self.attained) + self.kinked + len(self.flat)

    @property
    def kinked(self) -> int:
        """The number of sets of saddles with kinks."""
        p = self.problem
        if p.alpha == 0 or p.quadratic or p.linear:
            return 0
        return self.hidden // 2 if p.gamma == 0 else 2 * self.hidden

    @property
    def flat(self) -> tuple[Entry, ...]:
        """The sets of points that are not minimizers and whose network is constant."""
        p = self.problem
        if p.alpha == 0:
            return ()
        if p.quadratic:
            return Entry(Kind.STRICT_SADDLE), Entry(Kind.NON_STRICT_SADDLE)
        return tuple(Entry(kind) for kind in _FLAT) if p.gamma == 0 else (Entry(Kind.STRICT_SADDLE),)

    def entry(self, number: int) -> Entry:
        """Return the set with this number."""
        if number < 0 or number >= self.count():
            raise DataError(f"There is no set {number}", cause=f"there are {self.count()}")
        if self.attained:
            if number == 0:
                return Entry(Kind.GLOBAL_MINIMUM)
            number -= 1
        if number >= self.kinked:
            return self.flat[number - self.kinked]
        if self.problem.gamma == 0:
            kinks, which = 2 * (self.hidden // 2 - number), 0
        else:
            kinks, which = self.hidden - number // 2, number % 2
        return Entry(Kind.STRICT_SADDLE, families_of(self.problem.gamma, kinks)[which], kinks)

    def value(self, entry: Entry) -> Number:
        """Return the loss on a set."""
        if entry.kind is Kind.GLOBAL_MINIMUM:
            return self.problem.number(0)
        if entry.family is None:
            return self.problem.plateau
        return loss_of(self.problem, entry.family, entry.kinks)

    def critical_set(self, entry: Entry) -> CriticalSet:
        """Return the set with everything known about it, not yet attached to a landscape."""
        facts = self.inertia(entry)
        value = self.value(entry)
        return CriticalSet(
            value=value,
            kind=entry.kind,
            index=facts.index,
            nullity=facts.nullity,
            dimension=facts.dimension,
            label=entry.label,
            evidence=self.evidence(entry, facts.gap, exact=not isinstance(value, float)),
            index_range=facts.index_range,
            nullity_range=facts.nullity_range,
            key=entry.key,
        )

    def evidence(self, entry: Entry, gap: str, *, exact: bool) -> Evidence:
        """Return how a set is known."""
        references = [cite("cheridito-2021")]
        if entry.kind is not Kind.GLOBAL_MINIMUM:
            references.append(cite("theodolite", theorem="Inertia at an affine target"))
        checked: tuple[Assumption, ...] = (Assumption(gap),) if gap else ()
        if not self.attained:
            checked += (Assumption("there is no global minimum: the infimum 0 is approached but not attained"),)
        return Evidence(
            Method.EXACT if exact else Method.THEOREM,
            tuple(references),
            checked,
            scope="all critical points of the true loss for this activation, interval and affine target",
        )

    def inertia(self, entry: Entry) -> Inertia:
        """Return index, nullity and dimension of a set."""
        n = self.hidden
        if entry.kind is Kind.GLOBAL_MINIMUM:
            return self._inertia_of_fits()
        if entry.kind is Kind.SPURIOUS_MINIMUM:
            return Inertia(
                0, 3 * n, 3 * n, (0, 0), (3 * n, 3 * n), _one_sided("a breakpoint at an end of the interval")
            )
        if self.problem.quadratic:
            if entry.kind is Kind.NON_STRICT_SADDLE:
                return Inertia(0, 3 * n, 0, (0, 0), (3 * n, 3 * n))
            return Inertia(n, n, n, (1, n), (n, 3 * n - 2))
        if entry.kind is Kind.NON_STRICT_SADDLE:
            return Inertia(0, 3 * n, 3 * n - 2, (0, 0), (3 * n, 3 * n), _one_sided("a breakpoint at an end"))
        if entry.family is None:
            return self._inertia_of_constants()
        k = entry.kinks
        if entry.family.name == "R":
            ranges = _one_sided("a breakpoint at an end of the interval, or w = b = 0")
            return Inertia(k, 3 * n - 2 * k, 3 * n - 2 * k, (k, n), (n, 3 * n - 2 * k), ranges)
        unique = n == k
        gap = "" if unique else "members with every neuron kinked fill the top dimension with several indices"
        return Inertia(k if unique else None, 2 * n - k, 2 * n - k, (k, n), (n, 3 * n - 2 * k), gap)

    def _inertia_of_constants(self) -> Inertia:
        n = self.hidden
        if self.problem.gamma == 0:
            gap = "a generic member has a breakpoint at an end of the interval, where no second derivative exists"
            return Inertia(None, None, 3 * n - 1, (1, n), (n, 3 * n - 2), gap)
        gap = "" if self.problem.linear else _one_sided("w = b = 0")
        return Inertia(n, n, n, (n, n), (n, n), gap)

    def _inertia_of_fits(self) -> Inertia:
        n, p = self.hidden, self.problem
        if p.quadratic:
            if p.alpha != 0:
                return Inertia(0, 3 * n - 2, 3 * n - 2, (0, 0), (3 * n - 2, 3 * n - 2))
            # Rank of the derivatives of f within 1, y, y^2: 1 where all vanish, 3 at most, 2 at most for one neuron.
            nullity = 3 * n - 2 if n > 2 else 2 if n == 1 else None
            gap = "" if nullity is not None else "several largest strata with different nullity"
            lowest = 3 * n - 2 if n > 1 else 2
            return Inertia(0, nullity, max(2 * n, 3 * n - 2), (0, 0), (lowest, 3 * n), gap)
        gap = _one_sided("w = b = 0 and v ≠ 0") if not p.linear else ""
        # Two opposite kinks at one point bring three directions; on a flat target their slope must be cancelled by two more.
        paired = n > (1 if p.alpha != 0 else 3)
        lowest = 3 * n - 1 if p.linear else 2 * n - int(paired)
        if p.alpha == 0:
            top = 3 * n if p.activation is Activation.RELU or p.gamma == 0 else 3 * n - 1
            return Inertia(0, top, top, (0, 0), (lowest, 3 * n), gap)
        return Inertia(0, 3 * n - 1, 3 * n - 1, (0, 0), (lowest, 3 * n - 1), gap)


def _one_sided(where: str) -> str:
    return f"ranges are over members with a second derivative, that is without {where}"
