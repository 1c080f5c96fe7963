"""The list of all local minima and differentiable saddles of one problem: how much there is to do, and the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece
from theodolite._errors import NotCoveredError, WorkloadError
from theodolite._kind import Kind
from theodolite._table import Table
from theodolite.relu._connected import Plateau, plateaus
from theodolite.relu._evidence import loss_of
from theodolite.relu._keys import Key, Sort
from theodolite.relu._known import Known
from theodolite.relu._minima import solve
from theodolite.relu._patterns import Patterns, face_count, patterns
from theodolite.relu._pieces import Pieces, ReluStratum
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._rows import rows_of
from theodolite.relu._saddles import saddles
from theodolite.relu._strata import Place
from theodolite.relu._supports import Item, Solution, pieces
from theodolite.relu._tables import gathered, same_level

__all__ = ["MOST_FACES", "MOST_FACE_SETS", "Catalogue", "candidates"]

MOST_FACE_SETS = 10**6
"""Up to this many sets of faces are tried unasked; where there are more, local minima on kinks are left out."""

MOST_FACES = 10**6
"""Of more faces of weight space not even a list is made."""


def candidates(problem: Problem, *, boundary: bool) -> int:
    """Return how many sets of at most ``hidden`` faces there are (of cells, where ``boundary`` is false): an upper bound.

    It is exact where the lines of the samples are in general position.

    >>> from theodolite import ReluLandscape
    >>> candidates(ReluLandscape([[1, 0], [0, 1]], [1, 1], hidden=2).problem, boundary=True)  # 1 + 9 + 36
    46
    """
    faces = face_count(problem, boundary=boundary)
    return sum(comb(faces, size) for size in range(min(problem.hidden, faces) + 1))


class Catalogue:
    """What a landscape knows of its critical sets, and how it finds out. A solved one keeps its rows, one per support.

    ``boundary`` says whether local minima on kinks are enumerated; ``None``: where that is cheap.
    """

    def __init__(self, problem: Problem, known: Known, boundary: bool | None = None) -> None:
        self.problem = problem
        self._known = known
        self._boundary = boundary
        self._rows: Table | None = None
        self._complete = False
        self._joined: dict[bytes, list[Plateau]] = {}
        self._points: dict[bytes, Point] = {}

    @cached_property
    def boundary(self) -> bool:
        """Whether minima on kinks are enumerated."""
        if self._boundary is not None:
            return self._boundary
        return candidates(self.problem, boundary=True) <= MOST_FACE_SETS

    @cached_property
    def patterns(self) -> Patterns:
        """The faces of weight space, or its cells."""
        faces = face_count(self.problem, boundary=self.boundary)
        if faces > MOST_FACES:
            raise WorkloadError(
                f"Weight space has {faces:,} {'faces' if self.boundary else 'cells'} in which a neuron can lie",
                count=faces,
                cause=f"more than {MOST_FACES:,} are not listed: the samples are too many for so many inputs",
                fix="Use fewer samples or inputs; classify and polish work at any size",
            )
        return patterns(self.problem, boundary=self.boundary)

    @cached_property
    def pieces(self) -> Pieces:
        """What finds strata and members again."""
        return Pieces(self.patterns)

    @cached_property
    def _with_kinks(self) -> Catalogue:
        """The same with all faces, for sets that a search found on kinks that are not enumerated."""
        return self if self.boundary else Catalogue(self.problem, self._known, True)

    def pieces_of(self, key: bytes) -> Pieces:
        """Return what finds the strata of the set with this key again."""
        return self._with_kinks.pieces if key[: self.key_width] in self._points else self.pieces

    @property
    def workload(self) -> int:
        """How many sets of faces there are to try."""
        self._check_single_output()
        return candidates(self.problem, boundary=self.boundary)

    def _check_single_output(self) -> None:
        if self.problem.outputs > 1:
            raise NotCoveredError(
                f"A network with {self.problem.outputs} outputs cannot be surveyed",
                cause="with several outputs no test is known that decides what a point on a kink is",
                fix="Survey one output at a time, or ask what single points are with classify",
            )

    @property
    def solved(self) -> bool:
        """Whether all local minima are listed."""
        return self._complete and self.boundary

    def count(self) -> int:
        """Return how many sets there are, where that is known."""
        if not self._complete or not self.boundary:
            raise NotCoveredError(
                "How many critical sets there are is not known",
                cause="no formula counts them: they depend on every number of the data",
                fix="Enumerate them first, with survey(land)",
            )
        return len(self.sets())

    def work(self) -> Iterator[Item]:
        """Yield the pieces of the enumeration."""
        self._check_single_output()
        return pieces(self.patterns, self.problem.hidden)

    def solve(self, item: Any) -> Table:
        """Return one row per support of local minima, and of saddles, in one piece."""
        faces, hidden, piece = self.patterns, self.problem.hidden, tuple(item)
        return rows_of(faces, hidden, solve(faces, hidden, piece), saddles(faces, hidden, piece), self.boundary)

    def gathered(self, rows: Table, complete: bool) -> Table:
        """Return one row per value and kind, and remember what was found."""
        self._check_single_output()
        if complete or not self._complete:
            self._rows, self._complete = rows, complete
        return gathered(rows, self.problem, self._known, boundary=self.boundary, complete=complete)

    def rows(self) -> Table:
        """Return all rows, enumerated now if they were not before."""
        if not self._complete and self.workload <= MOST_FACE_SETS:
            self._rows = Table.join([self.solve(item) for item in self.work()])
            self._complete = True
        if self._rows is None:
            raise WorkloadError(
                f"There are {self.workload:,} sets of faces to try",
                count=self.workload,
                cause=f"more than {MOST_FACE_SETS:,} are tried only in a survey",
                fix="Use survey(land, budget='60s') for what a minute gives, or a store and several workers",
            )
        return self._rows

    def sets(self) -> Table:
        """Return one row per value and kind, lowest value first."""
        return gathered(self.rows(), self.problem, self._known, boundary=self.boundary, complete=self._complete)

    def name(self, key: bytes) -> str:
        """Return what the set with this key is called."""
        return Key.of(key[len(key) // self.key_width // 2 * self.key_width :], self.problem).label

    def searched_minimum(self, home: Home, report: Callable[[int], None], deadline: float) -> CriticalSet:
        """Return the set of the lowest point, found without listing the others; bounds say how low another could be."""
        from theodolite.relu._global import lowest, widened

        self._check_single_output()
        problem, known = self.problem, self._known
        found = lowest(problem, report, deadline)
        known.attain(found.sse, "a search for the global minimum")
        known.raise_bound(found.lower, "a search for the global minimum, which bounds all others")
        low, value = loss_of(problem, found.lower), loss_of(problem, found.sse)
        key = found.key.packed(problem)
        self._points[key] = widened(problem, found.point)
        kind = Kind.GLOBAL_MINIMUM if found.complete else Kind.LOCAL_MINIMUM if found.decided else Kind.UNDECIDED
        smooth = all(np.frombuffer(signs, np.int8)[problem.lines.line >= 0].all() for _, signs in found.key.neurons)
        index = 0 if smooth and found.decided else None
        known_by = found.evidence(problem)
        bounds = float(low), float(value)
        return CriticalSet(
            value, kind, index, None, None, self.name(key), known_by, bounds=bounds, key=key, landscape=home
        )

    def global_minimum(self, home: Home) -> CriticalSet:
        """Return the set of lowest value, where it is proven to be the global minimum."""
        table = self.sets()
        found = np.flatnonzero(table.kind == Kind.GLOBAL_MINIMUM.code)
        if len(found):
            return table.row(int(found[0]), self.name, home)
        if self.boundary:
            cause, fix = (
                "some decision was too close to make in floating point",
                'Pass exact data, or arithmetic="verified"',
            )
        else:
            cause, fix = "local minima on kinks are too many to enumerate", "Use a smaller network or fewer samples"
        raise NotCoveredError("Which local minimum is the global one is not known", cause=cause, fix=fix)

    def strata(self, critical_set: CriticalSet, home: Home) -> Iterator[ReluStratum]:
        """Yield the strata of a set, or of a plateau."""
        if len(critical_set.key) > self.key_width:
            places = self._places(critical_set.key)
            return (self.pieces.stratum(place, critical_set, home) for place in places)
        return self.pieces_of(critical_set.key).strata(self._keys(critical_set.key), critical_set, home)

    def stratum_counts(self, critical_set: CriticalSet) -> tuple[int, int]:
        """Return how many strata of a set are differentiable, and how many are on kinks."""
        if len(critical_set.key) > self.key_width:
            smooth = [place.differentiable for place in self._places(critical_set.key)]
            return sum(smooth), len(smooth) - sum(smooth)
        found = [self.pieces_of(critical_set.key).counts(key) for key in self._keys(critical_set.key)]
        return sum(smooth for smooth, _ in found), sum(kinked for _, kinked in found)

    def all_strata(self, home: Home, *, saddles: bool) -> Iterator[ReluStratum]:
        """Yield the strata of all local minima, or of all saddles, lowest value first."""
        sorts = (Sort.SADDLE, Sort.MAYBE_SADDLE) if saddles else (Sort.MINIMUM, Sort.MAYBE_MINIMUM)
        table = self.sets()
        for row in np.flatnonzero(np.isin(table.keys[:, 0], sorts)) if len(table) else ():
            yield from self.strata(table.row(int(row), self.name, home), home)

    def _keys(self, key: bytes) -> list[bytes]:
        """Return the keys of all rows of the set with this key: its own alone where the others were never listed."""
        try:
            listed = self.rows() if self._rows is None else self._rows  # what a survey that stopped early has, not more
            rows = same_level(listed, self.problem, key)
        except WorkloadError:
            return [key]
        return [row.tobytes() for row in rows.keys] or [key]

    def member(self, piece: Piece, source: np.random.Generator | None) -> Point:
        """Return a member of a set or of a stratum: the canonical one without ``source``."""
        if piece.key in self._points:
            point = self._points[piece.key]
            return point if source is None else point.stirred(self.problem, source)
        if source is None:
            return self.pieces_of(piece.key).point(piece.key)
        if not isinstance(piece, CriticalSet):
            pieces = self.pieces_of(piece.key)
            return pieces.drawn(pieces.place(piece.key), source)
        if len(piece.key) > self.key_width:
            places = self._places(piece.key)
            return self.pieces.drawn(places[int(source.integers(len(places)))], source)
        return self.pieces.sample(self._keys(piece.key), source)

    def divided(self, table: Table) -> Table:
        """Return one row for each plateau of the local minima in ``table``."""
        if not self._complete or not self.boundary:
            self.rows()
        if not self._complete or not self.boundary:
            raise NotCoveredError(
                "Which local minima hang together is not known",
                cause="not all of them are listed, and others may join them",
                fix="Survey without limit or budget, a network with few samples and neurons",
            )
        found: list[CriticalSet] = []
        for i in range(len(table)):
            item = table.row(i, self.name, None)
            if item.key[0] in (Sort.MINIMUM, Sort.MAYBE_MINIMUM):
                found += [self.pieces.joined(plateau, item) for plateau in self._plateaus(item.key[: self.key_width])]
        return Table.of(found).sorted()

    @property
    def key_width(self) -> int:
        """How many bytes the key of a set has; those of strata and plateaus have twice as many."""
        return len(Key(Sort.MINIMUM, ()).packed(self.problem))

    def _plateaus(self, key: bytes) -> list[Plateau]:
        """Return the plateaus of the set with this key."""
        if key not in self._joined:
            found = [self.pieces.solution(packed) for packed in self._keys(key)]
            solutions = [solution for solution in found if isinstance(solution, Solution)]
            self._joined[key] = list(plateaus(self.patterns, self.problem.hidden, solutions))
        return self._joined[key]

    def _places(self, key: bytes) -> list[Place]:
        """Return the strata of the plateau with this key."""
        spots = self.pieces.place(key).spots
        return next(
            list(plateau.strata)
            for plateau in self._plateaus(key[: self.key_width])
            if any(place.spots == spots for place in plateau.strata)
        )
