"""Any number of hidden layers, no weight decay: all critical points in float64."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._panels import Description, Panel
from theodolite._table import Table
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._canonical import random_orthonormal, selected_directions
from theodolite.linear._charts import Chart
from theodolite.linear._deep_classify import DeepQuestion, classify_deep
from theodolite.linear._deep_counts import Branch, DeepCounts
from theodolite.linear._deep_describe import DeepPortrait
from theodolite.linear._deep_members import build_member
from theodolite.linear._deep_sets import DeepSets
from theodolite.linear._families import Families
from theodolite.linear._options import Options
from theodolite.linear._reduction import Reduction, reduce

__all__ = ["DeepProblem"]

_DRAWS = 30
"""So many strings are drawn at random in search of a member of one branch before the plainest one is taken."""


class DeepProblem:
    """The critical sets of ``factor * ||X W1^T ... WH^T - Y||^2`` in the coordinates of a chart."""

    def __init__(self, chart: Chart, samples: int, options: Options, note: str = "") -> None:
        self._options = options
        self._chart = chart
        self._samples = samples
        self._note = note

    @cached_property
    def reduction(self) -> Reduction:
        """The reduced data."""
        x, y, x_sizes, y_sizes = self._chart.data()
        return reduce(x, y, self._samples, x_sizes, y_sizes)

    @cached_property
    def sets(self) -> DeepSets:
        """The critical sets, their counts and their labels."""
        reduced, options = self.reduction, self._options
        counts = DeepCounts(reduced.multiplicities, (reduced.rho, *options.layout.widths[1:]), reduced.d_in)
        factor = options.factor
        families = Families(reduced.eigenvalues, reduced.multiplicities, counts.cap, factor * reduced.floor, factor)
        scope = f"all critical points of {options.specification} on {self._samples} samples{self._note}"
        return DeepSets(families, counts, reduced.assumptions(), scope, self._chart.zeros)

    @cached_property
    def _portrait(self) -> DeepPortrait:
        return DeepPortrait(self._options, self.reduction, self.sets)

    def count(self) -> int:
        """Return the number of sets: one per selection, and one more per top selection that could take more if H >= 3."""
        return self.sets.count()

    def count_strata(self) -> int:
        """Return the number of strata of all sets together."""
        return self.sets.counts.count_strata()

    def work(self, limit: int | None) -> Iterator[Array]:
        """Yield blocks of keys in increasing loss."""
        left = self.count() if limit is None else limit
        for taken in self._selections(limit):
            keys = self.sets.pack(*self.sets.branches(np.asarray(taken, dtype=np.int64)))[:left]
            if len(keys):
                yield keys
            left -= len(keys)

    def _selections(self, limit: int | None) -> Iterator[Array]:
        return self.sets.families.chunks(limit)

    def solve(self, item: Array) -> Table:
        """Return value, kind, index, nullity, dimension and ranges of the sets with these keys."""
        return self.sets.table(item)

    def label(self, key: bytes) -> str:
        """Return the selection that ``key`` stands for, for example ``{1} non-strict``."""
        return self.sets.label(key)

    def global_minimum(self, home: Home) -> CriticalSet:
        """Return the set of the largest eigenvalues that the narrowest layer can carry."""
        return self.sets.critical_set(self.sets.top, Branch.ALL, home)

    def strata(self, piece: Piece) -> Iterator[Stratum]:
        """Yield the strata of a set: one per multiset of strings."""
        return self.sets.strata(piece)

    def representative(self, piece: Piece) -> Parameters:
        """Build the balanced member without strings between layers; a strict member of a top selection has the one it needs."""
        return self._member(piece, None)

    def sample(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a member: of a set from its largest stratum where that is known, of a stratum from all of it."""
        return self._member(piece, source)

    def _member(self, piece: Piece, source: np.random.Generator | None) -> Parameters:
        taken, branch, strings = self.sets.read(piece.key)
        if strings is None:
            strings = self._plain(taken, branch) if source is None else self._drawn(taken, branch, source)
        elif (
            source is None
            and self.sets.counts.arcs.plain(*self.sets.counts.rest(int(taken.sum()))).tolist() != strings.tolist()
        ):
            source = np.random.default_rng(0)
        rotations = None
        if source is not None:
            groups = zip(self.reduction.multiplicities, taken[0], strict=True)
            rotations = [random_orthonormal(source, many, int(count)) for many, count in groups]
        turn = selected_directions(self.reduction, taken[0], rotations)
        counts = self.sets.counts
        return build_member(self.reduction, counts.widths, turn, counts.arcs, strings, source)

    def _plain(self, taken: Array, branch: Branch) -> Array:
        """Return the plainest strings of a branch: no maps between layers, or one string across all hidden layers."""
        arcs = self.sets.counts.arcs
        widths, target = self.sets.counts.rest(int(taken.sum()))
        strings = arcs.plain(widths, target)
        if branch is Branch.STRICT:
            strings = strings.copy()
            strings[arcs.place[1, arcs.depth - 1]] += 1
            for vertex in range(1, arcs.depth):
                strings[arcs.place[vertex, 1]] -= 1
        return strings

    def _drawn(self, taken: Array, branch: Branch, source: np.random.Generator) -> Array:
        """Return the strings of the largest stratum where it is known, else random ones of the branch."""
        counts = self.sets.counts
        size = int(taken.sum())
        span = counts.span(size, branch)
        if span.largest is not None:
            return span.largest
        rest = counts.rest(size)
        for _ in range(_DRAWS):
            drawn = counts.arcs.draw_flat(*rest, source) if branch is Branch.FLAT else counts.arcs.draw(*rest, source)
            if drawn is not None and (branch is not Branch.STRICT or counts.arcs.saddles(drawn[None, :])[0]):
                return drawn
        return self._plain(taken, branch)

    def judge(self, core: Parameters, loss: float, rtol: float, home: Home) -> Verdict:
        """Return the verdict on core weights: critical within ``rtol``, provably not, or undecided."""
        question = DeepQuestion(self.reduction, self.sets, home, core, loss, self._options.factor, rtol)
        return classify_deep(question)

    def description(self) -> Description:
        """Return title, formulas and facts."""
        return self._portrait.description()

    def panels(self, piece: Piece, home: Home) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs, moves, and at a non-strict saddle the loss along the descent curve."""
        return self._portrait.panels(piece, self.representative(piece))
