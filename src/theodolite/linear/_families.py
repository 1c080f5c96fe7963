"""Every family of critical points of a shallow linear network, in increasing value, without a Python object for each.

A family takes p_i of the m_i directions of eigenvalue mu_i, at most ``cap`` in all; its loss is
floor + weight * sum_i (m_i - p_i) mu_i. Summed by parts, with C_l the number of directions left out among mu_1..mu_l and
d_l = mu_l - mu_(l+1) their gaps (mu_(k+1) = 0), this is floor + weight * sum_l C_l d_l: nonnegative terms only, so nothing
cancels, and moving one direction from mu_l to mu_(l+1) raises the single number C_l. Rounded addition in a fixed order is
monotone, so such a move never lowers the computed value: the order is exact for the computed values, not up to rounding.

All families are found from the best one by such moves. The parent of a family undoes the move at the smallest l where one
can be undone (p_l < m_l and p_(l+1) > 0): a tree, so nothing is met twice and nothing need be remembered but its frontier.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64, Integer, UInt8

from theodolite._typing import Array, Vector
from theodolite.linear._counts import selections_by_size

__all__ = ["Compiled", "Families", "Plain", "Sorted"]

Taken = Integer[np.ndarray, "rows k"]

_SORTED_AT_ONCE = 2**16
"""Landscapes whose families have at most this many numbers together are listed and sorted at the start."""

_PLAIN_ROWS = 1024
"""This many rows of a larger one come from plain Python, which starts at once."""

_SORTED_LATER = 2**22
"""After that, up to this many numbers are still sorted; beyond, the compiled kernel is loaded."""

_BLOCK = 2**19
"""So many numbers are worked on at a time by ``sums``."""


@dataclass(frozen=True, eq=False)
class Families:
    """All families of one landscape: vectors (p_1, ..., p_k) with 0 <= p_i <= multiplicities[i] and sum at most ``cap``.

    ``eigenvalues`` are the distinct positive eigenvalues of Sigma, largest first. The loss of a family is
    ``floor + weight * sum_i (multiplicities[i] - p_i) * eigenvalues[i]``; that sum is computed with a relative error of at
    most about (log2(k) + 3) units of round-off.

    The order is by that sum, before floor and weight enter; of equal sums the lexicographically larger vector comes first.
    Hence ``values`` of consecutive families never decrease.

    >>> families = Families(np.array([9.0, 4.0, 1.0]), (1, 2, 1), cap=2, floor=0.0, weight=0.5)
    >>> families.count()
    8
    >>> rows = next(families.chunks(limit=3))
    >>> rows.tolist(), families.values(rows).tolist()
    ([[1, 1, 0], [1, 0, 1], [1, 0, 0]], [2.5, 4.0, 4.5])
    """

    eigenvalues: Vector
    multiplicities: tuple[int, ...]
    cap: int
    floor: float
    weight: float

    def count(self) -> int:
        """Return how many families there are, without listing them."""
        return sum(selections_by_size(self.multiplicities, self.cap))

    def value(self, taken: Array | tuple[int, ...]) -> float:
        """Return the loss of one family."""
        return float(self.values(np.asarray(taken, dtype=np.int64).reshape(1, -1))[0])

    def values(self, taken: Taken) -> Float64[np.ndarray, " rows"]:
        """Return the loss of each family."""
        return self.floor + self.weight * self.sums(taken)

    def sums(self, taken: Taken) -> Float64[np.ndarray, " rows"]:
        """Return sum_i (m_i - p_i) mu_i of each family: the numbers by which families are ordered."""
        out = np.zeros(len(taken))
        k = len(self.multiplicities)
        leaves = 1 << max(k - 1, 0).bit_length()
        step = max(1, _BLOCK // leaves)
        for start in range(0, len(taken), step):
            block = self.sizes - taken[start : start + step].astype(np.int64)
            terms = np.zeros((len(block), leaves))
            terms[:, :k] = np.cumsum(block, axis=1) * self.gaps
            while terms.shape[1] > 1:  # the kernel makes the same additions in the same order
                half = terms.shape[1] // 2
                terms = terms[:, :half] + terms[:, half:]
            out[start : start + step] = terms[:, 0]
        return out

    def chunks(self, limit: int | None = None, first: int = 16, most: int = 16384) -> Iterator[Array]:
        """Yield the families in order as arrays of ``first`` rows, then twice as many each time, up to ``most``.

        The arrays depend on nothing but these arguments; ``limit`` cuts the list after that many rows. Memory beside them
        grows by at most 68 bytes for each row (136 just after it was enlarged), whatever k.
        """
        total = self.count()
        rest = total if limit is None else min(limit, total)
        numbers = total * max(1, len(self.multiplicities))
        source: Sorted | Plain | Compiled = Sorted(self) if numbers <= _SORTED_AT_ONCE else Plain(self)
        done, size = 0, first
        while rest:
            size = min(size, rest)
            if isinstance(source, Plain) and done + size > _PLAIN_ROWS:
                source = Sorted(self) if numbers <= _SORTED_LATER else Compiled(self)
                source.take(done)
            yield source.take(size)
            done, rest, size = done + size, rest - size, min(2 * size, most)

    @property
    def key_width(self) -> int:
        """How many bytes a packed family has."""
        return (sum(self.multiplicities) + 7) // 8

    def pack(self, taken: Taken) -> UInt8[np.ndarray, "rows width"]:
        """Return each family as bits: m_i bits for eigenvalue i, the first p_i of them set, padded to whole bytes."""
        place = np.concatenate([np.arange(m) for m in self.multiplicities] or [np.arange(0)])
        return np.packbits(place < np.repeat(taken, self.multiplicities, axis=1), axis=1)

    def unpack(self, keys: UInt8[np.ndarray, "rows width"]) -> Taken:
        """Return the families that ``pack`` made into ``keys``."""
        out = np.zeros((len(keys), len(self.multiplicities)), dtype=self.dtype)
        if out.size:
            bits = np.unpackbits(keys, axis=1, count=sum(self.multiplicities))
            np.add.reduceat(bits, np.cumsum((0, *self.multiplicities[:-1])), axis=1, dtype=self.dtype, out=out)
        return out

    @cached_property
    def sizes(self) -> Array:
        """The multiplicities as an array."""
        return np.array(self.multiplicities, dtype=np.int64)

    @cached_property
    def gaps(self) -> Array:
        """Each eigenvalue less the next one; less zero for the last."""
        gaps: Array = self.eigenvalues - np.append(self.eigenvalues[1:], 0.0)[: len(self.eigenvalues)]
        return gaps

    @cached_property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest unsigned type of at least 16 bits that holds every p_i."""
        return np.dtype(np.uint16 if max(self.multiplicities, default=0) < 2**16 else np.uint32)


class Sorted:
    """All families, listed and sorted at once."""

    def __init__(self, families: Families) -> None:
        rows, spare = np.zeros((1, 0), dtype=families.dtype), np.array([families.cap])
        for m in (
            families.multiplicities
        ):  # every row so far, continued by every number of directions that it still may take
            choices = np.minimum(spare, m) + 1
            number = np.arange(choices.sum()) - np.repeat(np.cumsum(choices) - choices, choices)
            rows = np.column_stack([np.repeat(rows, choices, axis=0), number.astype(families.dtype)])
            spare = np.repeat(spare, choices) - number
        rows = rows[::-1]  # now lexicographically larger rows come first, and a stable sort leaves ties so
        self.rows = rows[np.argsort(families.sums(rows), kind="stable")]
        self.done = 0

    def take(self, count: int) -> Array:
        """Return the next families, at most ``count``."""
        self.done += count
        return self.rows[self.done - count : self.done]


class Plain:
    """The families in order, from a heap of tuples: slow, obvious, and the reference for ``Compiled``."""

    def __init__(self, families: Families) -> None:
        self.families = families
        self.sizes = (
            *families.multiplicities,
            families.cap,
        )  # the last entry counts what is not taken, so that sums agree
        best, spare = [], families.cap
        for m in self.sizes:
            best.append(min(m, spare))
            spare -= best[-1]
        self.heap: list[tuple[float, tuple[int, ...]]] = []
        self._push([tuple(best)])

    def _push(self, found: list[tuple[int, ...]]) -> None:
        taken = np.array(found, dtype=np.int64)[:, :-1]
        for total, row in zip(self.families.sums(taken).tolist(), found, strict=True):
            heapq.heappush(self.heap, (total, tuple(-p for p in row)))

    def take(self, count: int) -> Array:
        """Return the next families, at most ``count``."""
        out: list[tuple[int, ...]] = []
        while self.heap and len(out) < count:
            row = tuple(-p for p in heapq.heappop(self.heap)[1])
            out.append(row[:-1])
            if children := self._children(row):
                self._push(children)
        return np.array(out, dtype=self.families.dtype).reshape(len(out), len(self.sizes) - 1)

    def _children(self, row: tuple[int, ...]) -> list[tuple[int, ...]]:
        found = []
        last = len(row) - 1
        undo = next((i for i in range(last) if row[i] < self.sizes[i] and row[i + 1] > 0), last)
        for i in range(min(undo + 2, last)):
            mine = i <= undo or row[i] == 1  # else undoing at ``undo`` leads to another parent
            if mine and row[i] > 0 and row[i + 1] < self.sizes[i + 1]:
                found.append((*row[:i], row[i] - 1, row[i + 1] + 1, *row[i + 2 :]))
        return found


class Compiled:
    """The families in order, from the compiled kernel: memory in a few arrays that grow between calls."""

    def __init__(self, families: Families) -> None:
        self.families = families
        self.sizes = np.append(families.sizes, families.cap)
        self.keys, self.slots = np.zeros(1), np.zeros(1, dtype=np.int32)
        self.states = np.array([[families.cap, len(families.sizes), 0, -1]], dtype=np.int32)
        self.cells = np.zeros((0, 3), dtype=np.int32)
        self.used = np.array([1, 0])  # entries of the heap, cells
        self.keys[0] = families.sums(Plain(families).take(1))[0]

    def take(self, count: int) -> Array:
        """Return the next families, at most ``count``."""
        return self.take_with_sums(count)[0]

    def take_with_sums(self, count: int) -> tuple[Array, Array]:
        """Return the next families, at most ``count``, and their sums."""
        from theodolite.linear._kernels import advance

        self._make_room(count)
        rows = np.empty((count, len(self.families.sizes)), dtype=self.families.dtype)
        sums = np.empty(count)
        done = advance(
            rows, sums, self.sizes, self.families.gaps, self.keys, self.slots, self.states, self.cells, self.used
        )
        return rows[:done], sums[:done]

    def _make_room(self, count: int) -> None:
        entries, cells = int(self.used[0]) + 2 * count + 1, int(self.used[1]) + count
        if entries > len(self.keys):
            more = max(entries, 2 * len(self.keys)) - len(self.keys)
            self.slots = np.append(self.slots, np.arange(len(self.keys), len(self.keys) + more, dtype=np.int32))
            self.keys = np.append(self.keys, np.zeros(more))
            self.states = np.append(self.states, np.zeros((more, 4), dtype=np.int32), axis=0)
        if cells > len(self.cells):
            more = max(cells, 2 * len(self.cells)) - len(self.cells)
            self.cells = np.append(self.cells, np.zeros((more, 3), dtype=np.int32), axis=0)
