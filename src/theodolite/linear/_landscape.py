"""``LinearLandscape``: the loss surface of a linear network on data, with every critical point known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from theodolite._arrays import check_rtol, given_epsilon
from theodolite._critical import CriticalSet, Piece, Stratum
from theodolite._errors import NoEscapeError
from theodolite._kind import Kind
from theodolite._landscape import SurveyableLandscape
from theodolite._panels import Description, Panel
from theodolite._table import Table
from theodolite._typing import Array, Matrix, Parameters, ParametersLike
from theodolite._verdict import Direction, Verdict
from theodolite.io._network import Specification
from theodolite.linear._canonical import balanced_member, random_member
from theodolite.linear._classify import Question, classify
from theodolite.linear._counts import Counts
from theodolite.linear._data import Samples, gather
from theodolite.linear._describe import Portrait
from theodolite.linear._families import Families
from theodolite.linear._options import Options, check_options
from theodolite.linear._reduction import Reduction, reduce
from theodolite.linear._sets import FamilySets

__all__ = ["LinearLandscape"]


class LinearLandscape(SurveyableLandscape):
    r"""The loss of the linear network x -> W2 W1 x on data, rows of X and Y being samples.

    .. math::  L(W_1, W_2) = \tfrac12 \lVert X W_1^T W_2^T - Y \rVert_F^2

    (``reduction="sum"`` drops the half, ``"mean"`` divides by the number of entries of Y as ``torch.nn.MSELoss`` does.)
    Parameters are ``(W1, W2)`` of shapes ``(hidden, d_in)`` and ``(d_out, hidden)``, as ``torch.nn.Linear`` has them.

    With P the projector on the columns of X, let Sigma = Y^T P Y have the positive eigenvalues mu_1 > ... > mu_k of
    multiplicities m_i. The critical points form one family for each (p_1, ..., p_k) with 0 <= p_i <= m_i and
    sum p_i <= hidden; its loss is 1/2 (||Y||^2 - sum p_i mu_i). All are global minima or strict saddles (Baldi & Hornik 1989;
    Zhou & Liang 2017, arXiv:1710.11205), for any X and Y, rank-deficient ones included. The Morse index of a family is
    sum_{b<a} p_a (m_b - p_b) + (hidden - s)(m - s) with s = sum p_i and m = sum m_i: our own statement, proved in the
    documentation. The data is reduced once by a QR factorisation; what follows does not depend on the number of samples.

    >>> import theodolite as th
    >>> land = th.LinearLandscape([[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 1.0]], hidden=1)
    >>> [(s.label, float(s.value), s.index) for s in land.critical_sets()]
    [('{1}', 0.5, 0), ('{2}', 2.0, 1), ('∅', 2.5, 2)]

    Raises ``DataError`` or ``ShapeError`` for data or widths that cannot be used, ``NotCoveredError`` for what no theorem
    here answers.
    """

    def __init__(
        self,
        X: Any,
        Y: Any,
        hidden: int | tuple[int, ...],
        *,
        bias: bool | str | tuple[int, ...] = False,
        l2: float = 0.0,
        reduction: str = "half_sum",
        arithmetic: str = "auto",
    ) -> None:
        self._gather([(X, Y)], hidden, bias, l2, reduction, arithmetic)

    @classmethod
    def from_batches(
        cls,
        batches: Iterable[tuple[Any, Any]],
        hidden: int | tuple[int, ...],
        *,
        bias: bool | str | tuple[int, ...] = False,
        l2: float = 0.0,
        reduction: str = "half_sum",
        arithmetic: str = "auto",
    ) -> LinearLandscape:
        """Build the landscape from pairs ``(X, Y)`` of row blocks, one in memory at a time.

        >>> import numpy as np, theodolite as th
        >>> land = th.LinearLandscape.from_batches(((np.eye(2), np.eye(2)) for _ in range(3)), hidden=1)
        >>> [round(float(s.value), 12) for s in land.critical_sets()]
        [1.5, 3.0]
        """
        land = cls.__new__(cls)
        land._gather(batches, hidden, bias, l2, reduction, arithmetic)
        return land

    @classmethod
    def from_specification(cls, spec: Specification, X: Any, Y: Any, **options: Any) -> LinearLandscape:
        """Build the landscape of a parsed network such as ``linear:4-2-4``; its outer widths are those of the data."""
        return cls(X, Y, spec.hidden, bias=spec.bias, **options)

    def _gather(
        self, batches: Iterable[tuple[Any, Any]], hidden: Any, bias: Any, l2: Any, reduction: str, arithmetic: str
    ) -> None:
        samples, _, _ = gather(batches)
        self._samples: Samples = samples
        self._options: Options = check_options(
            samples.d_in, samples.d_out, samples.count, hidden, bias, l2, reduction, arithmetic
        )

    @cached_property
    def _reduced(self) -> Reduction:
        return reduce(self._samples.x, self._samples.y, self._samples.count)

    @cached_property
    def _sets(self) -> FamilySets:
        reduced, options = self._reduced, self._options
        cap = min(options.hidden, reduced.m)
        floor = options.factor * reduced.floor
        families = Families(reduced.eigenvalues, reduced.multiplicities, cap, floor, options.factor)
        counts = Counts(reduced.multiplicities, options.hidden, options.d_in, options.d_out, reduced.rho)
        scope = f"all critical points of {self.specification} on {reduced.samples} samples"
        return FamilySets(families, counts, reduced.assumptions(), scope)

    @property
    def parameter_shapes(self) -> tuple[tuple[int, ...], ...]:
        """``((hidden, d_in), (d_out, hidden))``, as ``torch.nn.Linear`` stores its weights."""
        return (self._options.hidden, self._options.d_in), (self._options.d_out, self._options.hidden)

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        return f"linear:{self._options.d_in}-{self._options.hidden}-{self._options.d_out}"

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of the data and of every option."""
        text = f"{self.specification} {self._options.reduction} {self._options.arithmetic} {self._samples.digest}"
        return hashlib.sha256(text.encode()).hexdigest()

    def description(self) -> Description:
        """What this landscape is, in words and formulas."""
        return self._portrait.description()

    @cached_property
    def _portrait(self) -> Portrait:
        return Portrait(self._options, self._reduced, self._sets)

    def _residual(self, w1: Matrix, w2: Matrix) -> Matrix:
        residual: Matrix = (self._samples.x @ w1.T) @ w2.T - self._samples.y
        return residual

    def loss(self, params: ParametersLike) -> float:
        """Return the loss at ``params``, computed from the reduced data: its cost does not depend on the samples."""
        w1, w2 = self.coerce(params)
        return self._options.factor * float(np.sum(self._residual(w1, w2) ** 2))

    def gradient(self, params: ParametersLike) -> Parameters:
        """Return the gradient: with E = X W1^T W2^T - Y, twice the factor times (W2^T E^T X, E^T X W1^T)."""
        w1, w2 = self.coerce(params)
        error = 2 * self._options.factor * self._residual(w1, w2)
        return (w2.T @ error.T) @ self._samples.x, error.T @ (self._samples.x @ w1.T)

    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the derivative of the gradient at ``params`` along ``direction``."""
        (w1, w2), (v1, v2) = self.coerce(params), self.coerce(direction)
        x, unit = self._samples.x, 2 * self._options.factor
        error = unit * self._residual(w1, w2)
        hidden, moved = x @ w1.T, x @ v1.T
        change = unit * (moved @ w2.T + hidden @ v2.T)
        return (v2.T @ error.T + w2.T @ change.T) @ x, change.T @ hidden + error.T @ moved

    def count(self) -> int:
        """Return the number of families, in closed form: [z^s] of prod (1 + z + ... + z^m_i), summed over s."""
        return self._sets.families.count()

    def count_strata(self) -> int:
        """Return the number of strata of all families together, in closed form."""
        return self._sets.counts.count_strata()

    def work(self, *, limit: int | None = None) -> Iterator[Array]:
        """Yield blocks of packed selections in increasing loss."""
        return (np.asarray(self._sets.families.pack(taken)) for taken in self._sets.families.chunks(limit))

    def solve(self, item: Array) -> Table:
        """Return value, kind, index, nullity and dimension of the families packed in ``item``."""
        return self._sets.table(np.asarray(self._sets.families.unpack(item), dtype=np.int64))

    def name(self, key: bytes) -> str:
        """Return the selection that ``key`` stands for, for example ``{1, 3}``."""
        return self._sets.label(key)

    def global_minimum(self) -> CriticalSet:
        """Return the family of all global minima: the largest eigenvalues that the width can carry."""
        return self._sets.critical_set(self._sets.top, self)

    def representative_of(self, piece: Piece) -> Parameters:
        """Build the balanced member of a family, W2^T W2 = W1 W1^T; of any other stratum a fixed random member."""
        taken = self._sets.taken(piece.key)[0]
        if isinstance(piece, Stratum) and any(self._sets.idle(piece.key)):
            return self.sample_of(piece, np.random.default_rng(0))
        return balanced_member(self._reduced, self._options.hidden, taken)

    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a member: of a family from its largest stratum, of a stratum from all of it."""
        outer, inner = self._sets.idle(piece.key)
        return random_member(self._reduced, self._options.hidden, self._sets.taken(piece.key)[0], outer, inner, source)

    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Yield the strata (p0, q) of a family: outer directions only W2 has, inner ones only W1 has."""
        return self._sets.strata(critical_set)

    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs, moves and the plane of the way out."""
        return self._portrait.panels(self._sets.taken(critical_set.key), self)

    def classify(self, params: ParametersLike, *, rtol: float | None = None) -> Verdict:
        """Say what ``params`` is: critical if an exactly critical point lies within ``rtol`` times the layers' sizes.

        ``rtol`` is by default the square root of the round-off of the type in which the parameters were given. Inputs are
        measured in units of their own norms, so that rescaling a feature changes no verdict.
        """
        tolerance = float(np.sqrt(given_epsilon(params))) if rtol is None else check_rtol(rtol)
        w1, w2 = self.coerce(params)
        question = Question(
            self._reduced,
            self._sets,
            self,
            w1,
            w2,
            self.loss((w1, w2)),
            self.gradient((w1, w2)),
            2 * self._options.factor,
            tolerance,
        )
        return classify(question)

    def escape(self, params: ParametersLike) -> Direction:
        """Return a way down from ``params``: a curve with its exact decrease at saddles, the gradient elsewhere."""
        verdict = self.classify(params)
        if verdict.escape is None:
            minimum = verdict.kind is Kind.GLOBAL_MINIMUM
            raise NoEscapeError(
                "There is no way down" if minimum else "No way down can be proven here",
                cause="this is a global minimum"
                if minimum
                else f"the point is {verdict.kind}: {verdict.evidence.scope}",
                fix=None if minimum else "Pass more accurate parameters",
            )
        return verdict.escape
