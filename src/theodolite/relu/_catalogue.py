"""The list of all local minima and differentiable saddles of one problem: how much there is to do, and the result."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._errors import NotCoveredError, WorkloadError
from theodolite._kind import Kind
from theodolite._table import Table
from theodolite._typing import Array, Parameters
from theodolite.relu._keys import Key
from theodolite.relu._known import Known
from theodolite.relu._patterns import Patterns, face_count, patterns
from theodolite.relu._problem import Problem
from theodolite.relu._tables import gathered

__all__ = ["MOST_FACE_SETS", "Catalogue", "candidates"]

MOST_FACE_SETS = 10**6
"""Up to this many sets of faces are tried unasked; where there are more, local minima on kinks are left out."""


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
    """What a landscape knows of its critical sets, and how it finds out. A solved one keeps its rows, one per support."""

    def __init__(self, problem: Problem, known: Known, biased: bool) -> None:
        self.problem = problem
        self._known = known
        self._biased = biased
        self._rows: Table | None = None
        self._complete = False

    @cached_property
    def boundary(self) -> bool:
        """Whether minima on kinks are enumerated."""
        return candidates(self.problem, boundary=True) <= MOST_FACE_SETS

    @cached_property
    def patterns(self) -> Patterns:
        """The faces of weight space, or its cells."""
        return patterns(self.problem, boundary=self.boundary)

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

    def count(self) -> int:
        """Return how many sets there are, where that is known."""
        if not self._complete or not self.boundary:
            raise NotCoveredError(
                "How many critical sets there are is not known",
                cause="no formula counts them: they depend on every number of the data",
                fix="Enumerate them first, with survey(land)",
            )
        return len(self.sets())

    def work(self) -> Iterator[Any]:
        """Yield the pieces of the enumeration."""
        self._check_single_output()
        from theodolite.relu._supports import pieces

        return pieces(self.patterns, self.problem.hidden)

    def solve(self, item: Any) -> Table:
        """Return one row per support of local minima, and of saddles, in one piece."""
        from theodolite.relu._minima import solve
        from theodolite.relu._rows import minimum_rows

        return minimum_rows(
            self.patterns, self.problem.hidden, solve(self.patterns, self.problem.hidden, item), self.boundary
        )

    def gathered(self, rows: Table, complete: bool) -> Table:
        """Return one row per value and kind, and remember what was found."""
        self._check_single_output()
        if complete or self._rows is None:
            self._rows, self._complete = rows, complete
        return gathered(rows, self.problem, self._known, boundary=self.boundary, complete=complete)

    def rows(self) -> Table:
        """Return all rows, enumerated now if they were not before."""
        if self._rows is not None and self._complete:
            return self._rows
        if self.workload > MOST_FACE_SETS:
            if self._rows is not None:
                return self._rows
            raise WorkloadError(
                f"There are {self.workload:,} sets of faces to try",
                count=self.workload,
                cause=f"more than {MOST_FACE_SETS:,} are tried only in a survey",
                fix="Use survey(land, budget='60s') for what a minute gives, or a store and several workers",
            )
        self._rows = Table.join([self.solve(item) for item in self.work()])
        self._complete = True
        return self._rows

    def sets(self) -> Table:
        """Return one row per value and kind, lowest value first."""
        rows = self.rows()
        return gathered(rows, self.problem, self._known, boundary=self.boundary, complete=self._complete)

    def name(self, key: bytes) -> str:
        """Return what the set with this key is called."""
        return Key.of(key, self.problem).label

    def global_minimum(self, home: Home) -> CriticalSet:
        """Return the set of lowest value, where it is proven to be the global minimum."""
        table = self.sets()
        found = np.flatnonzero(table.kind == Kind.GLOBAL_MINIMUM.code)
        if not len(found):
            raise NotCoveredError(
                "Which local minimum is the global one is not known",
                cause="minima on kinks are too many to enumerate, and one of them may be lower"
                if not self.boundary
                else "some decision was too close to make in floating point",
                fix="Use a smaller network or fewer samples"
                if not self.boundary
                else 'Pass exact data, or arithmetic="verified" for the floats as they are',
            )
        return table.row(int(found[0]), self.name, home)

    def member(self, piece: Piece, source: np.random.Generator | None) -> Parameters:
        """Return a member of a set or of a stratum: the canonical one without ``source``."""
        raise NotImplementedError

    def strata(self, critical_set: CriticalSet, home: Home) -> Iterator[Stratum]:
        """Yield the strata of a set."""
        raise NotImplementedError

    def components(self, table: Table) -> Array:
        """Return a number for each row of ``table``: equal for sets that are connected."""
        raise NotImplementedError
