"""Families and strata of a shallow linear network as critical sets: columns, keys, labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import cite
from theodolite._table import Table
from theodolite._typing import Array, Real
from theodolite.linear._counts import Counts
from theodolite.linear._families import Families

__all__ = ["FamilySets", "selection_label"]


@dataclass(frozen=True, eq=False)
class FamilySets:
    """Builds the tables, labels and strata of one landscape's families from their selections.

    ``zeros`` is how many parameters the loss does not see beyond those that ``counts`` knows of.
    """

    families: Families
    counts: Counts
    checked: tuple[Assumption, ...]
    scope: str
    zeros: int = 0

    @cached_property
    def evidence(self) -> Evidence:
        """How every family is known: by theorem, given the ranks and ties that were decided."""
        return Evidence(
            Method.THEOREM,
            (cite("baldi-hornik-1989"), cite("zhou-liang-2017"), cite("theodolite", "index at every stratum")),
            self.checked,
            self.scope,
        )

    @cached_property
    def top(self) -> Array:
        """The selection of the global minima: as many of the largest eigenvalues as the width allows."""
        left = self.families.cap
        taken = []
        for multiplicity in self.families.multiplicities:
            taken.append(min(left, multiplicity))
            left -= taken[-1]
        return np.array([taken], dtype=np.int64)

    def table(self, taken: Array) -> Table:
        """Return one row per family, in the order given."""
        index = self.counts.index(taken)
        generic = self.counts.generic(taken)
        low, high = self.counts.nullity_range(taken)
        free = self.zeros
        columns = (index, generic.nullity + free, generic.dimension + free, index, index, low + free, high + free)
        kinds = np.where(index == 0, Kind.GLOBAL_MINIMUM.code, Kind.STRICT_SADDLE.code)
        return Table(
            self.families.values(taken),
            kinds.astype(np.int8),
            np.stack(columns, axis=1).astype(np.int32),
            np.zeros(len(taken), dtype=np.int32),
            self.families.pack(taken),
            (self.evidence,),
        )

    def value_of(self, taken: Array) -> Real:
        """Return the loss of the family of a single row ``taken``."""
        return float(self.families.values(taken)[0])

    def taken(self, key: bytes) -> Array:
        """Return the selection that a key of a family or of a stratum stands for, as a single row."""
        row = np.frombuffer(key[: self.families.key_width], dtype=np.uint8)[None, :]
        return np.asarray(self.families.unpack(row), dtype=np.int64)

    def nullity(self, taken: Array, outer: int, inner: int) -> int:
        """Return the nullity of the stratum (p0, q) = (outer, inner) of the family of a single row ``taken``."""
        return int(self.counts.stratum_nullity(taken, outer, inner)[0]) + self.zeros

    def critical_set(self, taken: Array, home: Home) -> CriticalSet:
        """Return the family of a single row ``taken``."""
        return self.table(taken).row(0, self.label, home)

    def label(self, key: bytes) -> str:
        """Return the selection in braces, with the stratum behind it where the key names one."""
        text = selection_label(self.taken(key)[0])
        if len(key) > self.families.key_width:
            outer, inner = self.idle(key)
            text += f" with {outer} outer, {inner} inner"
        return text

    def idle(self, key: bytes) -> tuple[int, int]:
        """Return (p0, q) of a stratum's key; for a family those of its largest stratum."""
        tail = key[self.families.key_width :]
        if tail:
            outer, inner = np.frombuffer(tail, dtype="<u4")
            return int(outer), int(inner)
        generic = self.counts.generic(self.taken(key))
        return int(generic.outer[0]), int(generic.inner[0])

    def strata(self, family: Piece) -> Iterator[Stratum]:
        """Yield the strata of one family; all of them have its value and index."""
        taken = self.taken(family.key)
        for outer, inner in self.counts.strata([int(p) for p in taken[0]]):
            yield self.stratum(taken, outer, inner, family.landscape)

    def stratum(self, taken: Array, outer: int, inner: int, home: Home | None) -> Stratum:
        """Return the stratum (p0, q) = (outer, inner) of the family of a single row ``taken``."""
        key = self.families.pack(taken)[0].tobytes() + np.array([outer, inner], dtype="<u4").tobytes()
        index = int(self.counts.index(taken)[0])
        return Stratum(
            value=self.value_of(taken),
            kind=Kind.STRICT_SADDLE if index else Kind.GLOBAL_MINIMUM,
            index=index,
            nullity=self.nullity(taken, outer, inner),
            dimension=int(self.counts.stratum_dimension(taken, outer, inner)[0]) + self.zeros,
            label=self.label(key),
            evidence=self.evidence,
            key=key,
            landscape=home,
        )


def selection_label(taken: Sequence[int] | Array) -> str:
    """Return a selection as the set of its eigenvalues' numbers: exponents count repeated ones, dashes join long runs.

    >>> selection_label([1, 0, 2]), selection_label([0, 0]), selection_label([1] * 12)
    ('{1, 3²}', '∅', '{1–12}')
    """
    parts: list[str] = []
    run: list[int] = []

    def close() -> None:
        if len(run) > 4:
            parts.append(f"{run[0]}–{run[-1]}")
        else:
            parts.extend(map(str, run))
        run.clear()

    for number, count in enumerate((int(p) for p in taken), start=1):
        if run and (count != 1 or number != run[-1] + 1):
            close()
        if count == 1:
            run.append(number)
        elif count > 1:
            parts.append(f"{number}{str(count).translate(_SUPERSCRIPTS)}")
    close()
    return "{" + ", ".join(parts) + "}" if parts else "∅"


_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
