"""One hidden layer, no weight decay: all critical points in float64."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._panels import Description, Panel
from theodolite._table import Table
from theodolite._texts import Texts
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._canonical import balanced_member, random_member
from theodolite.linear._charts import Chart
from theodolite.linear._classify import Question, classify
from theodolite.linear._counts import Counts
from theodolite.linear._describe import Portrait
from theodolite.linear._families import Families
from theodolite.linear._labels import selection_labels
from theodolite.linear._options import Options
from theodolite.linear._reduction import Reduction, reduce
from theodolite.linear._sets import FamilySets

__all__ = ["ShallowProblem"]


class ShallowProblem:
    """The families of ``factor * ||X W1^T W2^T - Y||^2`` in the coordinates of a chart."""

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
    def sets(self) -> FamilySets:
        """The families, their counts and their labels."""
        reduced, options = self.reduction, self._options
        hidden, factor = options.layout.hidden, options.factor
        cap = min(hidden, reduced.m)
        families = Families(reduced.eigenvalues, reduced.multiplicities, cap, factor * reduced.floor, factor)
        counts = Counts(reduced.multiplicities, hidden, reduced.d_in, reduced.d_out, reduced.rho)
        return FamilySets(families, counts, reduced.assumptions(), self.scope, self._chart.zeros)

    @property
    def scope(self) -> str:
        """For which points the families are all there are, and in which arithmetic."""
        return f"all critical points of {self._options.specification} on {self._samples} samples{self._note}"

    @cached_property
    def _portrait(self) -> Portrait:
        return Portrait(self._options, self.reduction, self.sets)

    def count(self) -> int:
        """Return the number of families: [z^s] of prod (1 + z + ... + z^m_i), summed over s."""
        return self.sets.families.count()

    def count_strata(self) -> int:
        """Return the number of strata of all families together."""
        return self.sets.counts.count_strata()

    def work(self, limit: int | None) -> Iterator[Array]:
        """Yield blocks of packed selections in increasing loss."""
        return (np.asarray(self.sets.families.pack(taken)) for taken in self.sets.families.chunks(limit))

    def solve(self, item: Array) -> Table:
        """Return value, kind, index, nullity and dimension of the families packed in ``item``."""
        return self.sets.table(np.asarray(self.sets.families.unpack(item), dtype=np.int64))

    def label(self, key: bytes) -> str:
        """Return the selection that ``key`` stands for, for example ``{1, 3}``."""
        return self.sets.label(key)

    def labels(self, keys: Array) -> Texts:
        """Return the selections that the rows of ``keys`` stand for; all rows are keys of families."""
        return selection_labels(np.asarray(self.sets.families.unpack(keys), dtype=np.int64))

    def global_minimum(self, home: Home) -> CriticalSet:
        """Return the family of the largest eigenvalues that the width can carry."""
        return self.sets.critical_set(self.sets.top, home)

    def strata(self, piece: Piece) -> Iterator[Stratum]:
        """Yield the strata (p0, q) of a family."""
        return self.sets.strata(piece)

    def representative(self, piece: Piece) -> Parameters:
        """Build the balanced member of a family, W2^T W2 = W1 W1^T; of any other stratum a fixed random member."""
        if isinstance(piece, Stratum) and any(self.sets.idle(piece.key)):
            return self.sample(piece, np.random.default_rng(0))
        return balanced_member(self.reduction, self._options.layout.hidden, self.sets.taken(piece.key)[0])

    def sample(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a member: of a family from its largest stratum, of a stratum from all of it."""
        outer, inner = self.sets.idle(piece.key)
        taken = self.sets.taken(piece.key)[0]
        return random_member(self.reduction, self._options.layout.hidden, taken, outer, inner, source)

    def judge(self, core: Parameters, loss: float, rtol: float, home: Home) -> Verdict:
        """Return the verdict on core weights: critical within ``rtol``, provably not, or undecided."""
        w1, w2 = core
        return classify(Question(self.reduction, self.sets, home, w1, w2, loss, 2 * self._options.factor, rtol))

    def description(self) -> Description:
        """Return title, formulas and facts."""
        return self._portrait.description()

    def panels(self, piece: Piece, home: Home) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs, moves and the plane of the way out."""
        return self._portrait.panels(self.sets.taken(piece.key), home)
