"""``ReluLandscape``: one hidden layer of ReLU or leaky ReLU neurons on data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from theodolite._arrays import check_rtol, given_epsilon
from theodolite._budget import seconds
from theodolite._certificate import Certificate
from theodolite._critical import CriticalSet, Piece, Stratum
from theodolite._errors import DataError, NotCoveredError
from theodolite._kind import Kind
from theodolite._panels import Description, Panel
from theodolite._progress import ProgressLike, reporter
from theodolite._table import Table
from theodolite._typing import Array, Number, Option, Parameters, ParametersLike, Real
from theodolite._verdict import Verdict
from theodolite.io._network import Specification
from theodolite.relu._constructions import NoSpuriousExample, SpuriousExample, spurious_example
from theodolite.relu._in_cell import InCellMinimum
from theodolite.relu._options import read_specification
from theodolite.relu._polish import Polished, polish
from theodolite.relu._settle import Settling
from theodolite.relu._surface import ReluSurface, quiet
from theodolite.relu._trained import TrainedInVectors
from theodolite.relu._unlimited import UnlimitedWidth, unlimited_width

if TYPE_CHECKING:
    from theodolite.relu._catalogue import Catalogue
    from theodolite.relu._pieces import ReluStratum

__all__ = ["ReluLandscape"]

MOST_LISTED = 20_000
"""Up to so many sets of faces the global minimum is the lowest of all local minima, which are listed."""


class ReluLandscape(TrainedInVectors, ReluSurface):
    r"""The loss of a network of one hidden layer of ReLU or leaky ReLU neurons, rows of X and y being samples.

    .. math::  L(W, b, v, c) = \tfrac12 \sum_i \Bigl(c + \sum_j v_j\, s(w_j \cdot x_i + b_j) - y_i\Bigr)^2, \qquad
        s(t) = \max(t, 0) + \gamma \min(t, 0)

    with gamma ``negative_slope``; b is there with ``bias``, c with ``output_bias``. ``reduction`` is that of
    ``LinearLandscape``. Parameters are ``(W, [b], v, [c])`` of shapes ``(hidden, d)``, ``(hidden,)``, ``(hidden,)``, ``()``.

    The loss is a convex quadratic on every cell of weight space in which no neuron changes its sign on a sample, once v is
    absorbed into the weights. So every point can be judged, kinks and dead neurons included, and every local minimum of a
    small network can be listed (Liu 2020, arXiv:2002.04763; Zhou & Liang 2017, arXiv:1710.11205; the exact test on kinks and
    the enumeration are Theodolite's).

    A survey lists all local minima, differentiable or not, and all differentiable saddles, as one set per value and kind; its
    candidates are the sets of at most ``hidden`` faces of weight space, which ``workload`` counts.

    For the rate of gradient descent to zero loss, and for zero-loss networks of several outputs, see ``ActivatedLandscape``;
    with several outputs (``y`` of several columns) loss and derivatives are here too, but no survey.

    >>> import theodolite as th
    >>> land = th.ReluLandscape([[1], [-1]], [1, 1], hidden=1)
    >>> str(land.loss(([[-1]], [1]))), str(land.loss(([[0]], [-1])))
    ('1/2', '1')

    Raises ``DataError`` or ``ShapeError`` for data and options that cannot be used, ``NotCoveredError`` for a slope of 1.
    """

    ordered = False
    joins = True

    @classmethod
    def from_specification(cls, spec: Specification, X: Any, Y: Any, **options: Any) -> ReluLandscape:
        """Build the landscape of a parsed network such as ``relu:2-3-1+bias`` or ``leaky_relu(0.1):2-3-1``."""
        if options.pop("l2", 0):
            raise NotCoveredError(f"{spec} with weight decay is not covered", fix="Leave l2 out")
        return cls(X, Y, **read_specification(spec), **options)

    def description(self) -> Description:
        """What this landscape is, in words and formulas."""
        from theodolite.relu._figures import describe

        return describe(self._options, self._problem)

    @cached_property
    def _catalogue(self) -> Catalogue:
        from theodolite.relu._catalogue import Catalogue

        return Catalogue(self._problem, self._known)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_catalogue"}

    def _catalogue_with(self, nondifferentiable: Option | bool) -> Catalogue:
        """Return the catalogue of what ``nondifferentiable`` asks for."""
        from theodolite.relu._catalogue import Catalogue

        if nondifferentiable not in ("auto", True, False):
            raise DataError(f"nondifferentiable is {nondifferentiable!r}", fix='Pass True, False or "auto"')
        if nondifferentiable in ("auto", self._catalogue.boundary):
            return self._catalogue
        return Catalogue(self._problem, self._known, bool(nondifferentiable))

    def local_minima(self, nondifferentiable: Option | bool = "auto") -> Iterator[ReluStratum]:
        """Yield the strata of all local minima, lowest loss first: each an exact choice of faces and signs of v.

        ``nondifferentiable=False`` leaves those on kinks out, ``"auto"`` does so where there are more than 10**6 sets of faces;
        the evidence of each stratum then says that it is of an incomplete list. ``WorkloadError`` above 10**6 sets.
        """
        return self._catalogue_with(nondifferentiable).all_strata(self, saddles=False)

    def saddles(self) -> Iterator[ReluStratum]:
        """Yield the strata of all differentiable saddles, lowest loss first, with index and nullity."""
        return self._catalogue.all_strata(self, saddles=True)

    def count(self) -> int:
        """Return how many critical sets a survey lists; ``NotCoveredError`` before one was done: no formula knows it."""
        return self._catalogue.count()

    def workload(self) -> int:
        """Return how many sets of faces of weight space a survey tries (at most; exactly, in general position)."""
        return self._catalogue.workload

    @property
    def exhaustive(self) -> bool:
        """Whether a survey enumerates local minima on kinks too: where that is at most 10**6 sets of faces."""
        return self._catalogue.boundary

    def work(self, *, limit: int | None = None) -> Iterator[Any]:
        """Yield ranges of sets of faces."""
        return self._catalogue.work()

    def solve(self, item: Any) -> Table:
        """Return the supports of local minima and saddles in one range, one row each."""
        return self._catalogue.solve(item)

    def gathered(self, table: Table, complete: bool) -> Table:
        """Return one row per value and kind; only a complete enumeration says which minima are global."""
        return self._catalogue.gathered(table, complete)

    def name(self, key: bytes) -> str:
        """Return the label of the set with this key: signs of the samples for each neuron of one member.

        In ``+[-0+] -[++-]`` one neuron has v > 0, is off on the first sample, has its kink on the second and is on on the
        third; another has v < 0. Further neurons repeat these, or have v = 0.
        """
        return self._catalogue.name(key)

    def critical_sets(
        self,
        *,
        kind: Kind | None = None,
        below: Real | None = None,
        above: Real | None = None,
        max_index: int | None = None,
    ) -> Iterator[CriticalSet]:
        """Yield the critical sets, lowest value first: enumerates all of them at the first one.

        Filters are those of every landscape. Raises ``WorkloadError`` where ``survey`` would.
        """
        table = self._catalogue.sets()
        kinds = None if kind is None else (kind,)
        yield from table.take(table.matching(kinds, below, above, max_index)).rows(self.name, self)

    def global_minimum(self, *, budget: Real | str | None = None, progress: ProgressLike = None) -> CriticalSet:
        """Return the set of global minimizers: from the list of all local minima where that is short, else by a search.

        The search trains and polishes from random starts, and then tries all independent sets of faces of weight space, or
        bounds regions of it, so that what it returns is proven. ``bounds`` of the set are a proven lower bound and the loss;
        they differ where the ``budget``, a time such as ``"60s"``, or Ctrl-C ended it first: then the kind is what ``classify``
        says of the best point if that is a minimum, else ``UNDECIDED``.

        Raises ``NotCoveredError`` where a decision was too close in floats, and for several outputs.

        >>> land = ReluLandscape([[0, 1], [1, 1], [2, 1]], [0, 1, 0], hidden=1, reduction="sum")
        >>> str(land.global_minimum().value)
        '2/3'
        """
        if self._catalogue.solved or self._catalogue.workload <= MOST_LISTED:
            return self._catalogue.global_minimum(self)
        deadline = time.monotonic() + (inf if budget is None else seconds(budget))
        shown = reporter(progress, None, "steps")
        try:
            found = self._catalogue.searched_minimum(self, shown.update, deadline)
        finally:
            shown.close()
        if found.kind is Kind.LOCAL_MINIMUM:  # the search was stopped, maybe before it had settled
            kind = self.classify(found.representative()).kind
            return (
                found
                if kind is found.kind
                else replace(found, kind=kind if kind.is_minimum else Kind.UNDECIDED, index=None)
            )
        return found

    def certificate_of(self, piece: Piece) -> Certificate:
        """Return the certificate of ``piece``: of a global minimum that nothing is lower, of a local one within which radius.

        Raises ``NotCoveredError`` for data in floats and for saddles, ``WorkloadError`` for one that would be too large.
        """
        from theodolite.relu._proof import certify_global

        point = self._catalogue.member(piece, None)
        if piece.kind is Kind.GLOBAL_MINIMUM:
            return certify_global(self._problem, self._options, point, self._samples())
        return self.certificate(self._shown(point, self._problem))

    def certificate(self, params: ParametersLike) -> Certificate:
        """Return the certificate that ``params``, given exactly, is a local minimum, with the radius within which none is lower.

        >>> land = ReluLandscape([[1], [-1]], [1, 1], hidden=1)
        >>> str(land.certificate(([[1]], [1])).verify([[1], [-1]], [1, 1]).value[0])
        '1/2'
        """
        from theodolite.relu._proof import certify_local

        problem, point = self._read(params)
        kind = self.classify(params).kind
        if not kind.is_minimum:
            raise NotCoveredError("There is no certificate for this point", cause=f"it is a {kind}")
        return certify_local(problem, self._options, point, self._samples())

    def _samples(self) -> tuple[Array, Array]:
        """Return X and y in the problem's arithmetic."""
        problem = self._problem
        return (problem.inputs[:, :-1] if self._options.bias else problem.inputs), problem.targets

    def representative_of(self, piece: Piece) -> Parameters:
        """Build the canonical member: of its first stratum, which usually is not a generic one."""
        return self._shown(self._catalogue.member(piece, None), self._problem)

    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a random member: a stratum, then a point in it, with neurons in random order and scale."""
        return self._shown(self._catalogue.member(piece, source), self._problem)

    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Yield the strata: faces of weight space and signs of v, one for each neuron, up to the order of neurons."""
        return self._catalogue.strata(critical_set, self)

    def divided(self, table: Table) -> Table:
        """Return the plateaus of the local minima in ``table``: connected components, up to the order of neurons.

        Raises ``NotCoveredError`` where not all local minima are listed and decided, ``WorkloadError`` for many strata.
        """
        return self._catalogue.divided(table)

    def components(self, table: Table) -> Array:
        """Return a number for each row that ``divided`` gave: all different."""
        return np.arange(len(table))

    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return neurons, function over the data, curvature signs, and the arrangement for up to three parameters a neuron."""
        from theodolite.relu._views import panels

        return panels(self._catalogue, critical_set, self._options.bias)

    def classify(self, params: ParametersLike, *, rtol: Number | None = None) -> Verdict:
        """Say what ``params`` is: kinks, dead neurons and neurons with v = 0 included.

        The loss is a local minimum exactly if every neuron passes its own test (see docs/relu). Rational parameters on rational
        data are decided exactly; floats with margins, and where a margin is not clear the verdict is ``UNDECIDED``. ``rtol`` is
        the relative round-off of the parameters (by default from the type in which they were given).

        A local minimum is called global where its loss equals a proven lower bound, and spurious where this landscape knows of
        a better point: from closed-form constructions, and from whatever was polished or listed before.
        """
        from theodolite.relu._verdict import verdict

        problem, point = self._read(params)
        tolerance = (0.0 if problem.exact else given_epsilon(params)) if rtol is None else check_rtol(rtol)
        return verdict(problem, point, tolerance, self._known, self._shown, self.specification)

    def polish(
        self, params: ParametersLike, *, budget: Real | str | None = None, progress: ProgressLike = None
    ) -> Polished:
        """Descend from ``params`` to a local minimum and say what it is: a trainer for the last mile that ends in a proof.

        Every step minimises the loss exactly along a line, over kinks; kinks and neurons with v = 0 are left where the exact
        test of ``classify`` fails. There is no step size, the loss never rises, and the number of steps is finite. Exact data
        and parameters stay exact. ``budget`` is a time such as ``"30s"``; ``progress`` is that of ``survey``.

        Raises ``NotCoveredError`` for several outputs.

        >>> land = ReluLandscape([[1], [-1]], [1, 1], hidden=1, reduction="sum")
        >>> done = land.polish(([[0]], [0]))
        >>> [str(loss) for loss in done.losses], str(done.verdict.kind), done.complete
        (['2', '1'], 'local minimum', True)
        """
        problem, point = self._read(params)
        with quiet():
            settling = Settling(self._problem, self._known, self._shown, self.specification)
            return polish(problem, point, self._options.bias, self.classify, budget, progress, settling)

    def spurious_example(self) -> SpuriousExample | NoSpuriousExample:
        """Return a local minimum of this landscape that is not the lowest, with a better point; or why none was constructed.

        Two neurons in one cell of weight space attain the least squares value of that cell, which is a local minimum; one neuron
        can be dead, linear on all samples, or 0. The minimum is judged by ``classify``. What is returned is true if it is an
        example. Raises ``NotCoveredError`` for several outputs.

        >>> found = ReluLandscape([[0, 1], [1, 1], [2, 1]], [0, 1, 0], hidden=2, reduction="sum").spurious_example()
        >>> str(found.value), str(found.better_value), str(found.verdict.kind)
        ('1', '0', 'spurious minimum')
        """
        with quiet():
            return spurious_example(self._problem, self._known, self._options.bias, self.classify)

    def unlimited_width(self) -> UnlimitedWidth:
        """Return the infimum of the loss over networks of every width, in closed form, and a network that attains it.

        Outputs of all widths on the samples are a linear space: one dimension for each line that rows span, and those of
        linear functions that two-sided lines add. The value is a linear least squares residual, exact for exact data.

        >>> land = ReluLandscape([[1], [2]], [1, -1], hidden=1, reduction="sum")
        >>> found = land.unlimited_width()
        >>> found.value, found.width
        (Fraction(9, 5), 1)
        """
        with quiet():
            return unlimited_width(self._problem, self._known, self._options.bias)

    def in_cell_minima(self) -> Iterator[InCellMinimum]:
        """Yield the minimum of the loss's quadratic on every joint cell (multiset of ``hidden`` cells), lazily.

        Each record has the cells and their signs, S, the rank of the quadratic's columns, whether the minimiser is unique up to
        rescaling, and whether it is *genuine*: in the cell, and so a local minimum of the loss (``None`` where floats are too
        close to call). Two neurons or more in each cell that occurs are always genuine (Liu 2020, arXiv:2002.04763; the test
        by multiplicities is Theodolite's).

        Raises ``NotCoveredError`` for networks of several outputs.
        """
        from theodolite.relu._in_cell import in_cell_minima

        if self._problem.outputs > 1:
            raise NotCoveredError(
                f"In-cell minima of {self.specification} are not covered",
                cause="with several outputs the loss is not a convex quadratic on cells",
                fix="Take one output at a time",
            )
        return in_cell_minima(self._problem)
