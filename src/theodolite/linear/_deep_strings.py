"""The strings of which every critical point of a deep linear network is made beside the directions that it fits.

Beside those directions a critical point consists of maps Z_1, ..., Z_H from each layer to the next and a fixed map T from the
outputs back to the inputs: H + 1 spaces in a circle, where all H + 1 products of H consecutive maps vanish. In suitable
bases every map then sends each basis vector to one or to zero: the point is a sum of strings, arcs of at most H vertices of
the circle 0 -> 1 -> ... -> H -> 0. A stratum says how often each arc occurs. (Krull-Schmidt for nilpotent representations
of the cyclic quiver; what is derived from it here is our own, proved in the documentation.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from theodolite._errors import WorkloadError
from theodolite._typing import Array

__all__ = ["Arc", "Arcs", "arcs_of"]

_MOST_STATES = 200_000
"""Counting gives up where it would have to tell apart more situations than this."""


@dataclass(frozen=True)
class Arc:
    """The vertices start, start + 1, ..., end of the circle of ``size`` vertices."""

    start: int
    length: int
    size: int

    @property
    def end(self) -> int:
        """The last vertex."""
        return (self.start + self.length - 1) % self.size

    @property
    def crosses(self) -> bool:
        """Whether the step from the outputs back to the inputs (the map T) is inside."""
        return self.start + self.length > self.size

    @property
    def vertices(self) -> tuple[int, ...]:
        """Its vertices in order."""
        return tuple((self.start + i) % self.size for i in range(self.length))

    def place(self, vertex: int) -> int | None:
        """Return how many steps after the start ``vertex`` comes, ``None`` if it is not in the arc."""
        steps = (vertex - self.start) % self.size
        return steps if steps < self.length else None

    def junction(self, other: Arc) -> list[int]:
        """Return the arrows (v stands for v -> v + 1) on which a string here can pass to one on ``other``."""
        first = (other.start - 1) % self.size
        place = self.place(first)
        return [] if place is None else [(first + i) % self.size for i in range(self.length - place)]

    def __str__(self) -> str:
        return f"{self.start}" if self.length == 1 else f"{self.start}→{self.end}"


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
    def members(self) -> Array:
        """For each arc which vertices it has, arcs x vertices."""
        return np.array([[arc.place(v) is not None for v in range(self.depth + 1)] for arc in self.all], dtype=np.int64)

    @cached_property
    def _junctions(self) -> tuple[Array, Array]:
        """Which pairs give one negative and one positive eigenvalue, and which only a positive one."""
        count, last = len(self.all), self.depth
        both, single = np.zeros((count, count), dtype=np.int64), np.zeros((count, count), dtype=np.int64)
        for i, one in enumerate(self.all):
            for j, two in enumerate(self.all[:i]):
                if len({*one.vertices, *two.vertices}) <= last:
                    continue
                genuine = [any(arrow != last for arrow in pair) for pair in (one.junction(two), two.junction(one))]
                (both if all(genuine) else single)[i, j] = 1
        return both, single

    @cached_property
    def _homs(self) -> Array:
        """The dimension of the maps from one string to another: its start is in the other, the other's end in it."""
        return np.array(
            [
                [one.place(two.end) is not None and two.place(one.start) is not None for two in self.all]
                for one in self.all
            ],
            dtype=np.int64,
        )

    def saddles(self, counts: Array) -> Array:
        """Return IE of each row of multiplicities: how many pairs of strings give a way down to second order."""
        return np.asarray(np.einsum("ni,ij,nj->n", counts, self._junctions[0], counts))

    def bowls(self, counts: Array) -> Array:
        """Return R of each row: how many pairs of strings give a positive eigenvalue and no negative one."""
        return np.asarray(np.einsum("ni,ij,nj->n", counts, self._junctions[1], counts))

    def endomorphisms(self, counts: Array) -> Array:
        """Return the dimension of the stabiliser of each row."""
        return np.asarray(np.einsum("ni,ij,nj->n", counts, self._homs, counts))

    def plain(self, widths: Sequence[int], target: int) -> Array:
        """Return the multiplicities where all Z vanish: T alone, everything else single vertices."""
        return next(self.strata(widths, target))

    def strata(self, widths: Sequence[int], target: int) -> Iterator[Array]:
        """Yield every multiset of arcs with ``widths[v]`` of them through vertex v and ``target`` through T."""
        counts = np.zeros(len(self.all), dtype=np.int64)
        yield from self._fill(0, target, list(widths), counts)

    def _fill(self, number: int, left: int, room: list[int], counts: Array) -> Iterator[Array]:
        if number == len(self.all):
            yield counts.copy()
            return
        arc = self.all[number]
        left = self._left(number, left, room)
        for taken in self._choices(number, left, room):
            counts[number] = taken
            for vertex in arc.vertices:
                room[vertex] -= taken
            yield from self._fill(number + 1, left - taken, room, counts)
            for vertex in arc.vertices:
                room[vertex] += taken
        counts[number] = 0

    def _left(self, number: int, left: int, room: Sequence[int]) -> int:
        """Return how many arcs are still to be placed that cross, or that start where this one does."""
        return left if self.all[number].crosses else room[self.all[number].start]

    def _choices(self, number: int, left: int, room: Sequence[int]) -> range:
        """Return how often this arc may be taken; the last of each kind takes what is left."""
        arc = self.all[number]
        if arc.length == 1 or (arc.crosses and arc.length == 2):
            return range(left, left + 1)
        return range(min(left, *(room[vertex] for vertex in arc.vertices)) + 1)

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
        counts, room, left = np.zeros(len(self.all), dtype=np.int64), list(widths), target
        for number, arc in enumerate(self.all):
            left = self._left(number, left, room)
            choices = self._choices(number, left, room)
            counts[number] = taken = int(source.integers(choices.start, choices.stop))
            left -= taken
            for vertex in arc.vertices:
                room[vertex] -= taken
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
