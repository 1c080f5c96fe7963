"""``LinearLandscape``: the loss surface of a linear network on data, with every critical point known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import UInt8

from theodolite._arrays import as_matrix, check_rtol, coerce_parameters, given_epsilon
from theodolite._certificate import Certificate
from theodolite._critical import CriticalSet, Piece, Stratum
from theodolite._errors import NotCoveredError
from theodolite._kind import Kind
from theodolite._landscape import SurveyableLandscape
from theodolite._panels import Description, Panel
from theodolite._table import Table
from theodolite._texts import Texts
from theodolite._typing import Array, Batches, Biased, Number, Option, Parameters, ParametersLike, Real, Widths
from theodolite._verdict import Verdict
from theodolite.io._network import Specification
from theodolite.linear._arithmetic import exact_problem, float_note, verified_problem
from theodolite.linear._certificates import Certifier, certifier_for
from theodolite.linear._certified import CertifiedLandscape
from theodolite.linear._charts import Chart, PlainChart, chart_for
from theodolite.linear._data import Samples, gather
from theodolite.linear._decay_problem import DecayProblem
from theodolite.linear._deep import DeepProblem
from theodolite.linear._descent_panels import descent_panels
from theodolite.linear._exact_data import Ledger, in_floats, is_exact
from theodolite.linear._lift import lift_verdict
from theodolite.linear._network import Network
from theodolite.linear._options import Options, check_options
from theodolite.linear._problem import Problem
from theodolite.linear._shallow import ShallowProblem
from theodolite.linear._trained import TrainedInArrays
from theodolite.linear._uncovered import UncoveredProblem, obstacle

__all__ = ["LinearLandscape"]


class LinearLandscape(TrainedInArrays, SurveyableLandscape, CertifiedLandscape):
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
    >>> [(s.label, round(float(s.value), 12), s.index) for s in land.critical_sets()]
    [('{1}', 0.5, 0), ('{2}', 2.0, 1), ('∅', 2.5, 2)]

    With a tuple of widths the network is W_H ... W_1 x, parameters ``(W1, ..., WH)``. From three layers on there are non-strict
    saddles too, where the Hessian has no negative eigenvalue: a selection of the largest eigenvalues that could take more
    has strict and non-strict members, two sets of one value (Achour, Malgouyres & Gerchinovitz 2021, arXiv:2107.13289). Index
    and nullity come from the ranks of partial products: our own statement, proved in the documentation.

    >>> deep = th.LinearLandscape([[1, 0], [0, 1]], [[2, 0], [0, 1]], hidden=(1, 2))
    >>> [(s.label, str(s.value), str(s.kind)) for s in deep.critical_sets()][2:]
    [('∅ non-strict', '5/2', 'non-strict saddle'), ('∅ strict', '5/2', 'strict saddle')]

    Raises ``DataError`` or ``ShapeError`` for data or widths that cannot be used, ``NotCoveredError`` for what no theorem
    here answers.
    """

    def __init__(
        self,
        X: Any,
        Y: Any,
        hidden: Widths,
        *,
        bias: Biased = False,
        l2: Number = 0.0,
        reduction: Option = "half_sum",
        arithmetic: Option = "auto",
    ) -> None:
        self._gather([(X, Y)], hidden, bias, l2, reduction, arithmetic)
        self._given: tuple[Any, Any] | None = (X, Y)

    @classmethod
    def from_batches(
        cls,
        batches: Batches,
        hidden: Widths,
        *,
        bias: Biased = False,
        l2: Number = 0.0,
        reduction: Option = "half_sum",
        arithmetic: Option = "auto",
    ) -> LinearLandscape:
        """Build the landscape from pairs ``(X, Y)`` of row blocks, one in memory at a time.

        >>> import numpy as np, theodolite as th
        >>> land = th.LinearLandscape.from_batches(((np.eye(2), np.eye(2)) for _ in range(3)), hidden=1)
        >>> [round(float(s.value), 12) for s in land.critical_sets()]
        [1.5, 3.0]
        """
        land = cls.__new__(cls)
        land._gather(batches, hidden, bias, l2, reduction, arithmetic)
        land._given = None
        return land

    @classmethod
    def from_specification(cls, spec: Specification, X: Any, Y: Any, **options: Any) -> LinearLandscape:
        """Build the landscape of a parsed network such as ``linear:4-2-4``; its outer widths are those of the data."""
        return cls(X, Y, spec.hidden, bias=spec.biased, **options)

    def _gather(self, batches: Any, hidden: Any, bias: Any, l2: Any, reduction: Any, arithmetic: Any) -> None:
        ledger = Ledger(arithmetic)
        samples, _, _ = gather(batches, ledger.add)
        self._samples: Samples = samples
        self._options: Options = check_options(
            samples.d_in, samples.d_out, samples.count, hidden, bias, l2, reduction, arithmetic
        )
        self._network = Network(self._options.layout, samples, self._options.factor, self._options.l2)
        self._obstacle = obstacle(self._options, samples)
        self._chart: Chart = chart_for(samples, self._options.layout) if self._obstacle is None else PlainChart(samples)
        self._exact = exact_problem(self._options, ledger, self._chart)
        self._verified = verified_problem(self._options, ledger, self._chart)
        self._float_note = float_note(self._options, ledger)

    @cached_property
    def _problem(self) -> Problem:
        if self._obstacle is not None:
            return UncoveredProblem(self._network, self._options, self._obstacle)
        rational: Problem | None = self._exact or self._verified
        if rational is not None:
            return rational
        note = f", in floating point: {self._float_note}" if self._float_note else ""
        if self._options.layout.depth > 2:
            return DeepProblem(self._chart, self._samples.count, self._options, note)
        problem = ShallowProblem(self._chart, self._samples.count, self._options, note)
        if not self._options.l2:
            return problem
        if self._options.layout.biased:
            raise NotCoveredError(
                "Weight decay together with biases is not covered",
                cause="decay on a bias destroys the change of variables that removes it",
                fix="Use l2=0, or bias=False on centred data",
            )
        return DecayProblem(self._network, problem.reduction, self._options)

    @property
    def parameter_shapes(self) -> tuple[tuple[int, ...], ...]:
        """``((hidden, d_in), (d_out, hidden))``, as ``torch.nn.Linear`` stores its weights, each bias behind its weights."""
        return self._options.layout.shapes

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        return self._options.specification

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of the data and of every option."""
        options = self._options
        digest = self._samples.digest if self._exact is None else self._exact.digest
        text = f"{self.specification} {options.reduction} {options.l2!r} {options.arithmetic} {digest}"
        return hashlib.sha256(text.encode()).hexdigest()

    def description(self) -> Description:
        """What this landscape is, in words and formulas."""
        return self._problem.description()

    def coerce(self, params: ParametersLike) -> Parameters:
        """Return ``params`` as arrays of the right shapes: of ``Fraction`` where data and parameters are exact, else float64."""
        return coerce_parameters(params, self.parameter_shapes, keep_exact=self._exact is not None)

    def loss(self, params: ParametersLike) -> Real:
        """Return the loss at ``params``, computed from the reduced data: its cost does not depend on the samples."""
        network, (arrays,) = self._network_for(params)
        loss: Real = network.loss(arrays)
        return loss

    def gradient(self, params: ParametersLike) -> Parameters:
        """Return the gradient: with E = X W1^T W2^T - Y, twice the factor times (W2^T E^T X, E^T X W1^T)."""
        network, (arrays,) = self._network_for(params)
        gradient: Parameters = network.gradient(arrays)
        return gradient

    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the derivative of the gradient at ``params`` along ``direction``."""
        network, (arrays, step) = self._network_for(params, direction)
        product: Parameters = network.hessian_vector_product(arrays, step)
        return product

    def _network_for(self, *given: ParametersLike) -> tuple[Any, list[Parameters]]:
        """Return the loss in rationals if all of ``given`` are exact, else in floats, and what was given likewise."""
        coerced = [self.coerce(params) for params in given]
        if self._exact is not None and all(map(is_exact, coerced)):
            return self._exact.network, coerced
        return self._network, [in_floats(params) for params in coerced]

    def count(self) -> int:
        """Return the number of families, in closed form: [z^s] of prod (1 + z + ... + z^m_i), summed over s."""
        return self._problem.count()

    def count_strata(self) -> int:
        """Return the number of strata of all families together, in closed form."""
        return self._problem.count_strata()

    def work(self, *, limit: int | None = None) -> Iterator[Array]:
        """Yield blocks of packed selections in increasing loss."""
        return self._problem.work(limit)

    def solve(self, item: Array) -> Table:
        """Return value, kind, index, nullity and dimension of the sets packed in ``item``."""
        return self._problem.solve(item)

    def data_arrays(self) -> dict[str, Array]:
        """Return X and Y as they were given; batches are not kept, and neither is the data of a copy sent to a worker."""
        if self._given is None:
            return super().data_arrays()
        given = {name: as_matrix(name, data) for name, data in zip("XY", self._given, strict=True)}
        return {name: data.values if data.exact is None else data.exact for name, data in given.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_given": None}

    def name(self, key: bytes) -> str:
        """Return the selection that ``key`` stands for, for example ``{1, 3}``."""
        return self._problem.label(key)

    def names(self, keys: UInt8[np.ndarray, "sets width"]) -> Texts:
        """Return the selections that ``keys`` stand for, many at once."""
        problem = self._problem
        return problem.labels(keys) if isinstance(problem, ShallowProblem) else super().names(keys)

    def global_minimum(self) -> CriticalSet:
        """Return the family of all global minima: the largest eigenvalues that the width can carry."""
        return self._problem.global_minimum(self)

    def certificate_of(self, piece: Piece) -> Certificate:
        """Return eigenvalues between rational numbers, counted, and what the set takes of them: on exactly given data."""
        from theodolite.linear._proof import certificate

        data = self.data_arrays()
        return certificate(self._problem, self._options, data["X"], data["Y"], piece.key)

    def representative_of(self, piece: Piece) -> Parameters:
        """Build the balanced member of a family, W2^T W2 = W1 W1^T, hidden biases zero."""
        return self._chart.lift(self._problem.representative(piece), None)

    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a member: of a family from its largest stratum, of a stratum from all of it."""
        return self._chart.stir(self._chart.lift(self._problem.sample(piece, source), None), source)

    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Yield the strata (p0, q) of a family: outer directions only W2 has, inner ones only W1 has."""
        return self._problem.strata(critical_set)

    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return spectrum, curvature signs, moves and the plane of the way out."""
        panels = self._problem.panels(critical_set, self)
        if (
            critical_set.kind is not Kind.GLOBAL_MINIMUM
            or self._options.l2
            or self._options.layout.biased not in ((), (1,))
        ):
            return panels
        core = self.to_core(in_floats(self.representative_of(critical_set)))
        return (*panels, *descent_panels(self.certifier, in_floats(core), self.specification))

    def classify(self, params: ParametersLike, *, rtol: Number | None = None) -> Verdict:
        """Say what ``params`` is: critical if an exactly critical point lies within ``rtol`` times the layers' sizes.

        ``rtol`` is by default the square root of the round-off of the type in which the parameters were given. Inputs are
        measured in units of their own norms, so that rescaling a feature changes no verdict. Where data and parameters are
        given exactly, and ``rtol`` is not, there is no tolerance: the verdict is decided in rational arithmetic.
        """
        tolerance = float(np.sqrt(given_epsilon(params))) if rtol is None else check_rtol(rtol)
        given = self.coerce(params)
        arrays = in_floats(given)
        verdict = self._problem.judge(self._chart.core(arrays), self._network.checked_loss(arrays), tolerance, self)
        verdict = lift_verdict(self._network, self._chart, arrays, verdict, tolerance)
        if self._exact is not None and rtol is None and is_exact(given):
            verdict = self._exact.judge_exactly(given, verdict, self)
        elif self._verified is not None:
            verdict = self._verified.certify(arrays, verdict)
        return verdict

    @cached_property
    def certifier(self) -> Certifier:
        """What certifies points: dominance, regularity, descent."""
        gram = None if self._exact is None else self._exact.core.gram
        return certifier_for(self._options, self._chart, self._samples.count, gram)

    def to_core(self, params: ParametersLike) -> Parameters:
        """Return the weights alone, [W1 b1] for the first layer where only it has a bias."""
        return self._chart.core(self.coerce(params))

    def from_core(self, core: Parameters) -> Parameters:
        """Return the parameters with these core weights."""
        return self._chart.lift(core, None)
