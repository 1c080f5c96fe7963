"""From what is given to what is searched: distinct hyperplanes through the origin of a space that they span.

An affine arrangement {w : A w = b} is the central one of the rows (a_i, -b_i), met with the half-space of the row (0,
..., 0, 1), which becomes row 0. A central arrangement is symmetric, so the sign of its first hyperplane may be fixed
too: in both cases the search looks for the cells on the + side of row 0. Zero rows drop out (their sign is 0 in every
cell), parallel rows join one hyperplane each, and where the rows span less than the space, columns are dropped until
they do (the rest is lineality).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from typing import no_type_check

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._merge import merge
from theodolite.arrangement._residues import independent_rows, inverse, prime_table
from theodolite.arrangement._rows import Rows
from theodolite.arrangement._words import kernel

__all__ = ["Arrangement", "in_position", "reduce"]


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Distinct hyperplanes ``rows``, the first ``rows.width`` of them independent, and how the given rows lie on them.

    ``place[i]`` is the hyperplane of given row i (-1 for a zero row) and ``turn[i]`` its direction against it (1, -1,
    or 0). ``central`` says that the opposite of each cell is a cell too; otherwise row 0 is the one at infinity.
    ``columns`` are the columns kept of the ``dimension`` (plus one if affine) that were given.
    """

    rows: Rows
    place: Array
    turn: Array
    central: bool
    columns: Array
    dimension: int

    @property
    def lineality(self) -> int:
        """The dimension of the largest linear space that lies in every cell."""
        return self.dimension + (0 if self.central else 1) - len(self.columns)

    @cached_property
    def direct(self) -> bool:
        """Whether a cell's words over the hyperplanes are its words over the given rows."""
        return (
            self.central
            and len(self.place) == len(self.rows)
            and bool(np.all(self.turn == 1))
            and bool(np.all(self.place == np.arange(len(self.place))))
        )


def in_position(rows: Rows, central: bool, dimension: int) -> Arrangement:
    """Return the arrangement of rows known to be in general position: nothing is to be reduced."""
    n = len(rows) if central else len(rows) - 1
    place = np.arange(n) if central else np.arange(1, n + 1)
    return Arrangement(rows, place, np.ones(n, dtype=np.int8), central, np.arange(rows.width), dimension)


def reduce(rows: Rows, central: bool, dimension: int) -> Arrangement:
    """Merge parallel rows, drop zero rows and superfluous columns, and put a basis first. Exact throughout."""
    entries = rows.entries
    merged = None if rows.few else merge(entries)
    if merged is not None:
        place, turns, picked, columns = merged
        kept = rows.take(picked, None if len(columns) == rows.width else columns)
        if not central:
            place, turns = place[1:], turns[1:]
        return Arrangement(kept, place, turns, central, columns, dimension)
    present = np.flatnonzero(np.any(entries != 0, axis=1))
    first, group, turn = _lines(rows, present)
    distinct = rows.take(first)
    order, columns = _basis_first(distinct)
    rank_of = np.empty(len(order), dtype=np.int64)
    rank_of[order] = np.arange(len(order))
    place = np.full(len(entries), -1, dtype=np.int64)
    place[present] = rank_of[group]
    turns = np.zeros(len(entries), dtype=np.int8)
    turns[present] = turn
    if not central:
        place, turns = place[1:], turns[1:]
    return Arrangement(distinct.take(order, columns), place, turns, central, columns, dimension)


def _lines(rows: Rows, present: Array) -> tuple[Array, Array, Array]:
    """Return the first row on each line, and for each present row its line and direction."""
    entries = rows.entries[present]
    if len(present) == 0:
        return present, np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int8)
    leading = np.argmax(entries != 0, axis=1)
    signs = np.where(entries[np.arange(len(entries)), leading] > 0, 1, -1).astype(np.int8)
    if rows.few:
        first, group = _lines_by_integers(Rows(entries))
        return present[first], group, signs * signs[first[group]]
    for attempt in range(1, 9):
        prime = prime_table(attempt)[0][-1:]
        keys = _line_keys(Rows(entries).residues(prime)[0], leading, int(prime[0]))
        if keys[0] >= 0:
            break
    unique, first, group = np.unique(keys, return_index=True, return_inverse=True)
    if len(unique) < len(entries) and not _truly_parallel(Rows(entries), first[group]):
        first, group = _lines_by_integers(Rows(entries))
    order = np.argsort(first)  # lines in the order of their first rows
    rank_of = np.empty(len(order), dtype=np.int64)
    rank_of[order] = np.arange(len(order))
    first, group = first[order], rank_of[group]
    return present[first], group, signs * signs[first[group]]


@kernel
@no_type_check
def _line_keys(residues, leading, prime):
    """Return one number for each row that is the same for parallel rows; all -1 if the prime divides a leading
    entry."""
    n, d = residues.shape
    keys = np.empty(n, dtype=np.int64)
    for i in range(n):
        lead = residues[i, leading[i]]
        if lead == 0:
            keys[:] = -1
            return keys
        scale = inverse(lead, prime)
        key = np.uint64(leading[i] + 1)
        for k in range(d):
            key = (key ^ np.uint64(residues[i, k] * scale % prime)) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        keys[i] = np.int64(key >> np.uint64(1))
    return keys


def _truly_parallel(rows: Rows, partner: Array) -> bool:
    """Whether each row is a multiple of its partner, in exact integers."""
    for i, j in enumerate(partner.tolist()):
        if i != j:
            a, b = rows.integers(i), rows.integers(j)
            k = next(k for k, entry in enumerate(a) if entry)
            if any(x * b[k] != y * a[k] for x, y in zip(a, b, strict=True)):
                return False
    return True


def _lines_by_integers(rows: Rows) -> tuple[Array, Array]:
    """Group parallel rows by their primitive integer vectors: for few rows, and after two keys collided."""
    seen: dict[tuple[int, ...], int] = {}
    first: list[int] = []
    group: list[int] = []
    for i in range(len(rows)):
        entries = rows.integers(i)
        lead = next(entry for entry in entries if entry)
        scale = gcd(*entries) * (1 if lead > 0 else -1)
        key = tuple(entry // scale for entry in entries)
        if key not in seen:
            seen[key] = len(first)
            first.append(i)
        group.append(seen[key])
    return np.array(first), np.array(group)


def _basis_first(rows: Rows) -> tuple[Array, Array]:
    """Return the order of rows that puts a basis of their span first, and as many columns on which it stays one.

    Rows independent modulo a prime are independent. That no more are is proven by primes whose product exceeds every
    minor.
    """
    n, d = rows.entries.shape
    if n == 0:
        return np.arange(0), np.arange(0)
    if rows.few:
        vectors = [rows.integers(i) for i in range(n)]
        best = _first_independent(vectors)
        columns = _first_independent(list(zip(*(vectors[i] for i in best.tolist()), strict=True)))
        return np.concatenate([best, np.setdiff1d(np.arange(n), best)]), columns
    best = np.empty(0, dtype=np.int64)
    columns = np.empty(0, dtype=np.int64)
    tried = 0
    for enough in (False, True):
        count = rows.residue_count() if enough else 1
        primes = prime_table(count)[0]
        for prime in primes[tried:]:
            residues = rows.residues(np.array([prime]))[0]
            basis = _independent(residues, min(n, d), int(prime))
            if len(basis) > len(best):
                best = basis
                columns = _independent(np.ascontiguousarray(residues[basis].T), len(basis), int(prime))
            if len(best) == min(n, d):
                break
        tried = count
        if len(best) == min(n, d):
            break
    rest = np.setdiff1d(np.arange(n), best)
    return np.concatenate([best, rest]), columns


def _first_independent(vectors: Sequence[Sequence[int]]) -> Array:
    """Return the places of the first vectors that are independent, by elimination in integers."""
    places: list[int] = []
    echelon: list[tuple[int, list[int]]] = []
    for i, vector in enumerate(vectors):
        rest = list(vector)
        for pivot, row in echelon:
            rest = [row[pivot] * a - rest[pivot] * b for a, b in zip(rest, row, strict=True)]
        pivot = next((k for k, entry in enumerate(rest) if entry), -1)
        if pivot >= 0:
            common = gcd(*rest)
            echelon.append((pivot, [entry // common for entry in rest]))
            places.append(i)
    return np.array(places, dtype=np.int64)


def _independent(residues: Array, wanted: int, prime: int) -> Array:
    n, d = residues.shape
    out = np.empty(wanted, dtype=np.int64)
    found = independent_rows(residues, np.arange(n), n, wanted, prime, np.empty((wanted, d), dtype=np.int64), out)
    return out[:found]
