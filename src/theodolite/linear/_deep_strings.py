"""The strings of which every critical point of a deep linear network is made beside the directions that it fits.

Beside those directions a critical point consists of maps Z_1, ..., Z_H from each layer to the next and a fixed map T from the
outputs back to the inputs: H + 1 spaces in a circle, where all H + 1 products of H consecutive maps vanish. In suitable
bases every map then sends each basis vector to one or to zero: the point is a sum of strings, arcs of at most H vertices of
the circle 0 -> 1 -> ... -> H -> 0. A stratum says how often each arc occurs. (Krull-Schmidt for nilpotent representations
of the cyclic quiver; what is derived from it here is our own, proved in the documentation.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from theodolite._errors import WorkloadError
from theodolite._typing import Array
from theodolite.linear._deep_arc import Arc

__all__ = ["Arcs", "arcs_of"]

_MOST_STATES = 200_000
"""Counting gives up where it would have to tell apart more situations than this."""


@dataclass(frozen=True)
class Arcs:
    """All arcs of a network with ``depth`` layers, and what pairs of them contribute to index, nullity and dimension."""

    depth: int

    @cached_property
    def all(self) -> tuple[Arc, ...]:
        """The arcs in a fixed order: those through T, then by start; the shortest of each kind last."""
        size = self.depth + 1
        arcs = [Arc(start, length, size) for start in range(size) for length in range(1, size)]
        return tuple(sorted(arcs, key=lambda arc: (0 if arc.crosses else 1 + arc.start, -arc.length)))

    @cached_property
    def place(self) -> dict[tuple[int, int], int]:
        """The number of the arc with a given start and length."""
        return {(arc.start, arc.length): number for number, arc in enumerate(self.all)}

    @cached_property
    def _starts(self) -> Array:
        return np.array([arc.start for arc in self.all])

    @cached_property
    def _lengths(self) -> Array:
        return np.array([arc.length for arc in self.all])

    def _has(self, vertices: Array, arcs: Array) -> Array:
        """Return whether vertex i is on arc j."""
        return np.asarray((vertices[:, None] - self._starts[arcs]) % (self.depth + 1) < self._lengths[arcs])

    def _pairs(self, arcs: Array) -> tuple[Array, Array]:
        """Return which pairs give one negative and one positive eigenvalue, and which only a positive one.

        Two arcs cover the circle if each contains what comes before the start of the other. The junction from one to the
        other has no arrow but T if the one ends at the outputs and the other starts at the inputs.
        """
        starts = self._starts[arcs]
        ends = (starts + self._lengths[arcs] - 1) % (self.depth + 1)
        before = self._has(starts - 1, arcs)
        cover = before & before.T
        bare = (ends == self.depth)[:, None] & (starts == 0)
        bare = bare | bare.T
        return cover & ~bare, cover & bare

    def _sum(self, counts: Array, pairs: Callable[[Array], Array]) -> Array:
        """Return the sum of ``pairs`` over all ordered pairs of strings of each row."""
        arcs = np.flatnonzero(counts.any(axis=0))
        there = counts[:, arcs]
        return np.asarray(np.einsum("ni,ni->n", there @ pairs(arcs).astype(np.int64), there))

    def saddles(self, counts: Array) -> Array:
        """Return IE of each row of multiplicities: how many pairs of strings give a way down to second order."""
        return self._sum(counts, lambda arcs: self._pairs(arcs)[0]) // 2

    def bowls(self, counts: Array) -> Array:
        """Return R of each row: how many pairs of strings give a positive eigenvalue and no negative one."""
        return self._sum(counts, lambda arcs: self._pairs(arcs)[1]) // 2

    def endomorphisms(self, counts: Array) -> Array:
        """Return the dimension of the stabiliser of each row.

        One string maps to another if its start is in the other and the other's end in it.
        """

        def maps(arcs: Array) -> Array:
            starts = self._starts[arcs]
            ends = (starts + self._lengths[arcs] - 1) % (self.depth + 1)
            return np.asarray(self._has(starts, arcs) & self._has(ends, arcs).T)

        return self._sum(counts, maps)

    def plain(self, widths: Sequence[int], target: int) -> Array:
        """Return the multiplicities where all Z vanish: T alone, everything else single vertices."""
        return next(self.strata(widths, target))

    def strata(self, widths: Sequence[int], target: int) -> Iterator[Array]:
        """Yield every multiset of arcs with ``widths[v]`` of them through vertex v and ``target`` through T."""
        counts, room = np.zeros(len(self.all), dtype=np.int64), list(widths)
        lefts = [self._left(0, target, room)]
        choices = [iter(self._choices(0, lefts[0], room))]
        while choices:
            number = len(choices) - 1
            self._take(number, -int(counts[number]), room)
            taken = next(choices[-1], None)
            counts[number] = taken or 0
            if taken is None:
                choices.pop()
                lefts.pop()
                continue
            self._take(number, taken, room)
            if number + 1 == len(self.all):
                yield counts.copy()
                continue
            lefts.append(self._left(number + 1, lefts[-1] - taken, room))
            choices.append(iter(self._choices(number + 1, lefts[-1], room)))

    def _take(self, number: int, taken: int, room: list[int]) -> None:
        if taken:
            for vertex in self.all[number].vertices:
                room[vertex] -= taken

    def _left(self, number: int, left: int, room: Sequence[int]) -> int:
        """Return how many arcs are still to be placed that cross, or that start where this one does."""
        return left if self.all[number].crosses else room[self.all[number].start]

    def _choices(self, number: int, left: int, room: Sequence[int]) -> range:
        """Return how often this arc may be taken; the last of each kind takes what is left."""
        arc = self.all[number]
        if arc.length == 1 or (arc.crosses and arc.length == 2):
            return range(left, left + 1)
        return range(min(left, *(room[vertex] for vertex in arc.vertices)) + 1 if left else 1)

    def count(self, widths: Sequence[int], target: int) -> int:
        """Return how many multisets ``strata`` yields, without listing them; ``WorkloadError`` where even that is too much."""
        states = {(target, tuple(widths)): 1}
        for number, arc in enumerate(self.all):
            after: dict[tuple[int, tuple[int, ...]], int] = {}
            for (left, room), ways in states.items():
                here = self._left(number, left, room)
                for taken in self._choices(number, here, room):
                    rest = tuple(width - taken * (v in arc.vertices) for v, width in enumerate(room))
                    key = (here - taken if arc.crosses else 0, rest)
                    after[key] = after.get(key, 0) + ways
            states = after
            if len(states) > _MOST_STATES:
                raise WorkloadError(
                    "The strata are too many to be counted",
                    count=sum(states.values()),
                    cause=f"there are more than {sum(states.values())}",
                    fix="List some of them with strata(), which is lazy",
                )
        return sum(states.values())

    def draw(self, widths: Sequence[int], target: int, source: np.random.Generator) -> Array:
        """Draw a multiset of arcs; every one can come."""
        return self._draw(widths, target, source, lambda number, counts: False)

    def draw_flat(self, widths: Sequence[int], target: int, source: np.random.Generator) -> Array | None:
        """Draw a multiset of arcs without a way down to second order; ``None`` where the attempt led to one with.

        Two or three layers, drawn at random, are passed by no string; three always suffice.
        """
        still = {int(layer) for layer in source.permutation(self.depth)[: source.integers(2, 4)]}

        def joins(number: int, counts: Array) -> bool:
            there = np.append(np.flatnonzero(counts), number)
            passed = self.all[number].vertices[:-1]
            return not still.isdisjoint(passed) or bool(self._pairs(there)[0][-1, :-1].any())

        counts = self._draw(widths, target, source, joins)
        return None if self.saddles(counts[None, :])[0] else counts

    def _draw(
        self,
        widths: Sequence[int],
        target: int,
        source: np.random.Generator,
        avoided: Callable[[int, Array], bool],
    ) -> Array:
        counts, room, left = np.zeros(len(self.all), dtype=np.int64), list(widths), target
        for number in range(len(self.all)):
            left = self._left(number, left, room)
            choices = self._choices(number, left, room)
            if len(choices) > 1 and avoided(number, counts):
                continue
            counts[number] = taken = int(source.integers(choices.start, choices.stop))
            left -= taken
            self._take(number, taken, room)
        return counts

    def generic(self, widths: Sequence[int], target: int) -> Array:
        """Return the multiplicities where all Z are in general position: along every path the rank is as large as it can be.

        Only where some width is zero, so that every product around the circle vanishes.
        """

        def rank(start: int, length: int) -> int:
            if length > self.depth:
                return 0
            arc = Arc(start % (self.depth + 1), length, self.depth + 1)
            most = min(widths[vertex] for vertex in arc.vertices)
            return min(most, target) if arc.crosses else most

        return np.array(
            [
                rank(arc.start, arc.length)
                - rank(arc.start - 1, arc.length + 1)
                - rank(arc.start, arc.length + 1)
                + rank(arc.start - 1, arc.length + 2)
                for arc in self.all
            ],
            dtype=np.int64,
        )


@lru_cache(maxsize=64)
def arcs_of(depth: int) -> Arcs:
    """Return the arcs of this depth, made once."""
    return Arcs(depth)
