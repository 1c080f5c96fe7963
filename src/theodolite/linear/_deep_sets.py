"""Critical sets of a deep linear network: one per selection and branch, as columns, keys, labels and strata.

The points of a selection are all strict saddles unless it takes the largest eigenvalues. If it does, and could take more, it
has strict members and, from three layers on, non-strict ones: two sets with one value, told apart by the last byte of the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._references import Reference, cite
from theodolite._table import UNKNOWN, Table
from theodolite._typing import Array
from theodolite.linear._deep_counts import Branch, DeepCounts, Span
from theodolite.linear._families import Families
from theodolite.linear._sets import selection_label

__all__ = ["DeepSets", "branch_kind"]


def branch_kind(branch: Branch, top: bool, full: bool) -> Kind:
    """Return the kind of a branch of a selection that is ``top`` (takes the largest) and ``full`` (cannot take more)."""
    if top and full:
        return Kind.GLOBAL_MINIMUM
    return Kind.NON_STRICT_SADDLE if branch is Branch.FLAT else Kind.STRICT_SADDLE


@dataclass(frozen=True, eq=False)
class DeepSets:
    """Builds the tables, labels and strata of one landscape; ``zeros`` counts parameters that the loss does not see."""

    families: Families
    counts: DeepCounts
    checked: tuple[Assumption, ...]
    scope: str
    zeros: int = 0

    @cached_property
    def evidence(self) -> Evidence:
        """How every set is known: by theorem, given the ranks and ties that were decided."""
        return Evidence(Method.THEOREM, self.references, self.checked, self.scope)

    @property
    def references(self) -> tuple[Reference, ...]:
        """By whose theorems."""
        return (
            cite("achour-2021"),
            cite("zhou-liang-2017"),
            cite("theodolite", "index and nullity at every critical point of any depth"),
        )

    @property
    def top(self) -> Array:
        """The selection of the global minima."""
        return self.top_of(self.families.cap)

    def top_of(self, size: int) -> Array:
        """The selection of the ``size`` largest eigenvalues."""
        below = np.cumsum([0, *self.families.multiplicities[:-1]]) if self.families.multiplicities else np.zeros(0)
        top: Array = np.clip(size - below, 0, self.families.sizes).astype(np.int64).reshape(1, -1)
        return top

    def is_top(self, taken: Array) -> Array:
        """Return which rows of ``taken`` take the largest eigenvalues."""
        return np.asarray(self.counts.flat.rotations(taken) == 0)

    def count(self) -> int:
        """Return the number of sets: one per selection, one more for each top selection that could take more, if H >= 3."""
        return self.families.count() + (self.families.cap if self.counts.depth > 2 else 0)

    def branches(self, taken: Array) -> tuple[Array, Array]:
        """Return the rows of ``taken`` once per branch, non-strict before strict, and the branches."""
        if self.counts.depth == 2:
            return taken, np.zeros(len(taken), dtype=np.uint8)
        split = self.is_top(taken) & (self.counts.flat.size(taken) < self.families.cap)
        rows = np.repeat(np.arange(len(taken)), np.where(split, 2, 1))
        branch = np.where(split[rows], int(Branch.STRICT), int(Branch.ALL)).astype(np.uint8)
        first = np.append(True, rows[1:] != rows[:-1])[: len(rows)]
        branch[split[rows] & first] = int(Branch.FLAT)
        return taken[rows], branch

    def pack(self, taken: Array, branch: Array) -> Array:
        """Return the keys: the selection in bits, then the branch in one byte."""
        return np.concatenate([self.families.pack(taken), branch[:, None].astype(np.uint8)], axis=1)

    def unpack(self, keys: Array) -> tuple[Array, Array]:
        """Return selections and branches of packed keys."""
        return np.asarray(self.families.unpack(keys[:, :-1]), dtype=np.int64), keys[:, -1]

    def table(self, keys: Array) -> Table:
        """Return one row per key, in the order given."""
        taken, branch = self.unpack(keys)
        flat = self.counts.flat
        sizes, rotations = flat.size(taken), flat.rotations(taken)
        nullity, dimension = (
            self.counts.nullity_without(taken) + self.zeros,
            self.counts.dimension_without(taken) + self.zeros,
        )
        integers = np.empty((len(keys), 7), dtype=np.int64)
        kinds, exact = np.empty(len(keys), dtype=np.int8), np.empty(len(keys), dtype=bool)
        for size, kind in {*zip(sizes.tolist(), branch.tolist(), strict=True)}:
            rows = (sizes == size) & (branch == kind)
            span = self.counts.span(size, Branch(kind))
            low, high = span.saddles_range
            least, most = span.weight_range
            integers[rows] = np.stack(
                [
                    rotations[rows] + span.saddles if span.saddles is not None else np.full(rows.sum(), UNKNOWN),
                    nullity[rows] - span.weight if span.weight is not None else np.full(rows.sum(), UNKNOWN),
                    dimension[rows] - span.endomorphisms
                    if span.endomorphisms is not None
                    else np.full(rows.sum(), UNKNOWN),
                    rotations[rows] + low,
                    rotations[rows] + high,
                    nullity[rows] - most,
                    nullity[rows] - least,
                ],
                axis=1,
            )
            exact[rows] = span.exact
            kinds[rows] = branch_kind(Branch(kind), False, False).code
        kinds[(sizes == self.families.cap) & (rotations == 0)] = Kind.GLOBAL_MINIMUM.code
        return Table(
            self.families.values(taken),
            kinds,
            integers.astype(np.int32),
            np.zeros(len(keys), dtype=np.int32),
            keys,
            (self.evidence,),
            True if exact.all() else exact,
        )

    def read(self, key: bytes) -> tuple[Array, Branch, Array | None]:
        """Return the selection as a row, the branch, and for a stratum its multiplicities."""
        width = self.families.key_width
        row = np.frombuffer(key[: width + 1], dtype=np.uint8)[None, :]
        taken, branch = self.unpack(row)
        tail = key[width + 1 :]
        strings = np.frombuffer(tail, dtype="<u4").astype(np.int64) if tail else None
        return taken, Branch(int(branch[0])), strings

    def span(self, key: bytes) -> Span:
        """Return the ranges of the set that a key stands for."""
        taken, branch, _ = self.read(key)
        return self.counts.span(int(taken.sum()), branch)

    def critical_set(self, taken: Array, branch: Branch, home: Home) -> CriticalSet:
        """Return one branch of a single row ``taken``."""
        keys = self.pack(taken, np.array([int(branch)], dtype=np.uint8))
        return self.table(keys).row(0, self.label, home)

    def branch_of(self, taken: Array, strict: bool) -> Branch:
        """Return the branch that a point of this selection belongs to, given whether its strings have a way down."""
        branches = self.branches(taken)[1]
        if len(branches) == 1:
            return Branch.ALL
        return Branch.STRICT if strict else Branch.FLAT

    def label(self, key: bytes) -> str:
        """Return the selection in braces, with the branch where there are two, and the strings where the key names them."""
        taken, branch, strings = self.read(key)
        text = selection_label(taken[0])
        if branch is not Branch.ALL:
            text += " strict" if branch is Branch.STRICT else " non-strict"
        if strings is not None:
            named = [
                f"{many}×{arc}" if many > 1 else f"{arc}"
                for arc, many in zip(self.counts.arcs.all, strings.tolist(), strict=True)
                if many
            ]
            text += f" with strings {', '.join(named)}" if named else " with no strings"
        return text

    def strata(self, piece: Piece) -> Iterator[Stratum]:
        """Yield the strata of one set; index and nullity are constant on each."""
        taken, branch, strings = self.read(piece.key)
        if strings is not None:
            yield self.stratum(taken, branch, strings, piece.landscape)
            return
        for row in self.counts.arcs.strata(*self.counts.rest(int(taken.sum()))):
            saddles = int(self.counts.arcs.saddles(row[None, :])[0])
            if branch is Branch.ALL or (saddles > 0) == (branch is Branch.STRICT):
                yield self.stratum(taken, branch, row, piece.landscape)

    def numbers(self, taken: Array, strings: Array) -> tuple[int, int, int]:
        """Return index, nullity and dimension of the stratum of a single row with these multiplicities."""
        arcs, row = self.counts.arcs, strings[None, :]
        saddles, bowls = int(arcs.saddles(row)[0]), int(arcs.bowls(row)[0])
        return (
            int(self.counts.flat.rotations(taken)[0]) + saddles,
            int(self.counts.nullity_without(taken)[0]) - 2 * saddles - bowls + self.zeros,
            int(self.counts.dimension_without(taken)[0]) - int(arcs.endomorphisms(row)[0]) + self.zeros,
        )

    def stratum(self, taken: Array, branch: Branch, strings: Array, home: Home | None) -> Stratum:
        """Return the stratum with these multiplicities."""
        index, nullity, dimension = self.numbers(taken, strings)
        full = int(taken.sum()) == self.families.cap
        key = self.pack(taken, np.array([int(branch)], dtype=np.uint8))[0].tobytes() + strings.astype("<u4").tobytes()
        return Stratum(
            value=float(self.families.values(taken)[0]),
            kind=branch_kind(branch, bool(self.is_top(taken)[0]), full),
            index=index,
            nullity=nullity,
            dimension=dimension,
            label=self.label(key),
            evidence=self.evidence,
            key=key,
            landscape=home,
        )
