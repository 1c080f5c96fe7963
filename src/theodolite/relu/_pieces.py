"""The strata of a critical set, and members of both, from keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from theodolite._critical import CriticalSet, Home, Stratum
from theodolite._errors import DataError
from theodolite._typing import Array
from theodolite.relu._connected import Plateau
from theodolite.relu._keys import Key, Sort, face_words
from theodolite.relu._members import member
from theodolite.relu._minima import fitter
from theodolite.relu._patterns import Patterns
from theodolite.relu._point import Point
from theodolite.relu._saddles import Saddle, saddle_count, saddle_strata, saddles_on
from theodolite.relu._strata import Place, strata
from theodolite.relu._supports import Solution, stratum_count

__all__ = ["Pieces", "ReluStratum"]

_MOST_FELT = 12
"""Of more neurons of output weight 0 on one stratum the nullity is not computed: it takes all their subsets."""


@dataclass(frozen=True, repr=False)
class ReluStratum(Stratum):
    """Local minima or saddles with one choice of faces of weight space and of signs of v, up to the order of neurons.

    ``signs`` (hidden, n) are the signs of w_j . x_i, ``output_signs`` (hidden,) those of v. ``differentiable``: no neuron is at
    a kink. ``unique``: the products of output weight and weights, and so the function, have one value for all members.
    """

    signs: Array = field(default_factory=lambda: np.empty((0, 0), dtype=np.int8), compare=False)
    output_signs: tuple[int, ...] = ()
    differentiable: bool = True
    unique: bool = False
    place: Place | None = field(default=None, repr=False, compare=False)

    @property
    def isolated(self) -> bool | None:
        """Whether near a member there is no other local minimum but by rescaling neurons; ``None`` where that takes too long."""
        return None if self.place is None or self.place.falling else self.place.isolated


@dataclass(frozen=True, eq=False)
class Pieces:
    """Finds solutions and strata again from their keys."""

    patterns: Patterns

    @property
    def _hidden(self) -> int:
        return self.patterns.problem.hidden

    @cached_property
    def _faces(self) -> dict[bytes, int]:
        return {signs.tobytes(): face for face, signs in enumerate(self.patterns.signs)}

    def solution(self, packed: bytes) -> Solution | Saddle:
        """Return what one row stands for."""
        key = Key.of(packed, self.patterns.problem)
        pairs = tuple(sorted((self._faces.get(signs, -1), sign) for sign, signs in key.neurons))
        faces = tuple(sorted({face for face, _ in pairs}))
        if -1 not in faces:
            found = fitter(self.patterns, self._hidden)
            decided = key.sort in (Sort.MINIMUM, Sort.SADDLE)
            if key.sort in (Sort.SADDLE, Sort.MAYBE_SADDLE):
                for saddle in saddles_on(found, faces):
                    if saddle.solution.support.pairs == pairs and saddle.decided == decided:
                        return saddle
            for solution in found.solutions(faces):
                if solution.support.pairs == pairs and solution.decided == decided:
                    return solution
        raise DataError(f"{key.label} is no part of this landscape", fix="Use the key of a set that was found in it")

    def places(self, packed: bytes) -> Iterator[Place]:
        """Yield the strata of one row."""
        found = self.solution(packed)
        if isinstance(found, Saddle):
            yield from saddle_strata(self.patterns, self._hidden, found)
        else:
            yield from strata(self.patterns, self._hidden, found)

    def counts(self, packed: bytes) -> tuple[int, int]:
        """Return how many strata of one row are differentiable, and how many are on kinks."""
        found = self.solution(packed)
        if isinstance(found, Saddle):
            return saddle_count(found, self._hidden), 0
        smooth = stratum_count(found, self._hidden, differentiable=True)
        return smooth, stratum_count(found, self._hidden) - smooth

    def strata(self, rows: list[bytes], critical_set: CriticalSet, home: Home) -> Iterator[ReluStratum]:
        """Yield the strata of all ``rows`` of a set."""
        for packed in rows:
            for place in self.places(packed):
                yield self.stratum(place, critical_set, home)

    def _key(self, place: Place, sort: Sort) -> bytes:
        """Return the key of a stratum: that of its row, then its neurons."""
        problem = self.patterns.problem
        row, whole = (
            tuple((sign, self.patterns.signs[face].tobytes()) for face, sign in spots)
            for spots in (place.solution.support.pairs, place.spots)
        )
        return Key(sort, row).packed(problem) + Key(sort, whole).packed(problem)

    def stratum(self, place: Place, critical_set: CriticalSet, home: Home) -> ReluStratum:
        """Return one stratum of a set."""
        signs = self.patterns.signs[[face for face, _ in place.spots]]
        spots = tuple((sign, row.tobytes()) for (_, sign), row in zip(place.spots, signs, strict=True))
        costly = sum(not sign for _, sign in place.spots) > _MOST_FELT
        smooth = place.differentiable
        return ReluStratum(
            value=critical_set.value,
            kind=critical_set.kind,
            index=place.index,
            nullity=None if costly else place.nullity,
            dimension=place.dimension,
            label=" ".join(f"{'-0+'[sign + 1]}[{face_words(np.frombuffer(row, np.int8))}]" for sign, row in spots),
            evidence=critical_set.evidence,
            index_range=(place.falling, place.falling) if smooth else None,
            nullity_range=None if costly else place.nullity_range,
            ranges_exact=smooth and not costly,
            key=self._key(place, Sort(critical_set.key[0])),
            landscape=home,
            signs=signs,
            output_signs=tuple(sign for _, sign in place.spots),
            differentiable=smooth,
            unique=place.unique,
            place=place,
        )

    def place(self, key: bytes) -> Place:
        """Return the stratum with this key."""
        found = self.solution(key[: len(key) // 2])
        solution = found.solution if isinstance(found, Saddle) else found
        neurons = Key.of(key[len(key) // 2 :], self.patterns.problem).neurons
        spots = tuple(sorted((self._faces[signs], sign) for sign, signs in neurons))
        falling = sum(not sign and face in found.falling for face, sign in spots) if isinstance(found, Saddle) else 0
        return Place(self.patterns, solution, spots, falling)

    def point(self, key: bytes) -> Point:
        """Return the canonical member of the set or stratum with this key."""
        width = len(Key(Sort.MINIMUM, ()).packed(self.patterns.problem))
        return member(next(self.places(key)) if len(key) == width else self.place(key), None)

    def joined(self, plateau: Plateau, item: CriticalSet) -> CriticalSet:
        """Return a plateau of local minima as a part of ``item``."""
        dimension = max(place.dimension for place in plateau.strata)
        first = min(plateau.strata, key=lambda place: (not place.differentiable, -place.dimension))
        largest = [place.nullity for place in plateau.strata if place.dimension == dimension]
        spans = [span for place in plateau.strata if (span := place.nullity_range)]
        return replace(
            item,
            nullity=largest[0] if len(set(largest)) == 1 else None,
            dimension=dimension,
            nullity_range=(min(low for low, _ in spans), max(high for _, high in spans)) if spans else None,
            ranges_exact=True,
            key=self._key(first, Sort.MINIMUM),
        )

    def sample(self, rows: list[bytes], source: np.random.Generator) -> Point:
        """Return a random member of the set that these ``rows`` are."""
        return self.drawn(self._stratum_of(rows[int(source.integers(len(rows)))], source), source)

    def drawn(self, place: Place, source: np.random.Generator) -> Point:
        """Return a random member of a stratum, its neurons in random order."""
        point = member(place, source)
        order = source.permutation(self._hidden)
        return Point(point.weights[order], point.outer[order], point.offset)

    def _stratum_of(self, packed: bytes, source: np.random.Generator) -> Place:
        """Return a random stratum of one row: of neurons that are free to be anywhere each is drawn by itself."""
        found = self.solution(packed)
        falling = found.falling if isinstance(found, Saddle) else ()
        solution = found.solution if isinstance(found, Saddle) else found
        pairs = solution.support.pairs
        idle = [face for face in solution.zeros if not falling or face < self.patterns.cells]
        others = [*pairs, *((face, 0) for face in (*idle, *falling))]
        spots = [*pairs, *((falling[int(source.integers(len(falling)))], 0) for _ in range(bool(falling)))]
        spots += [others[int(source.integers(len(others)))] for _ in range(self._hidden - len(spots))]
        return Place(self.patterns, solution, tuple(sorted(spots)), sum(not s and f in falling for f, s in spots))
