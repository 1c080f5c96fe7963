"""``ResidualLandscape``: the loss surface of a linear residual network, the deep linear one shifted by the identity."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import msgspec
import numpy as np
from jaxtyping import UInt8

from theodolite._arrays import check_rtol, given_epsilon
from theodolite._critical import CriticalSet, Piece, Stratum
from theodolite._errors import NotCoveredError, ShapeError
from theodolite._evidence import Assumption, Evidence
from theodolite._kind import Kind
from theodolite._landscape import SurveyableLandscape
from theodolite._panels import Description, Panel
from theodolite._references import cite
from theodolite._table import Table
from theodolite._texts import Texts
from theodolite._typing import Array, Integer, Number, Option, Parameters, ParametersLike, Real
from theodolite._verdict import Direction, Verdict
from theodolite.io._network import Specification
from theodolite.linear._certificates import Certifier
from theodolite.linear._certified import CertifiedLandscape
from theodolite.linear._deep import DeepProblem
from theodolite.linear._landscape import LinearLandscape
from theodolite.linear._near_identity import factors_near_identity, fitted_map
from theodolite.linear._shallow import ShallowProblem

__all__ = ["ResidualLandscape"]


class ResidualLandscape(SurveyableLandscape, CertifiedLandscape):
    r"""The loss of the linear residual network x -> (I + A_l) ... (I + A_1) x on data, rows of X and Y being samples.

    .. math::  L(A_1, \ldots, A_l) = \tfrac12 \lVert X (I + A_1)^T \cdots (I + A_l)^T - Y \rVert_F^2

    A shift of the deep linear network W_k = I + A_k with all widths equal: gradient, Hessian, kinds, index and nullity are
    those of ``LinearLandscape`` there. If all ``||A_k||_2 < 1`` and the point is critical, it is a global minimum (Hardt & Ma
    2016, arXiv:1611.04231); every other critical point has some A_k with the eigenvalue -1.

    >>> import theodolite as th
    >>> land = th.ResidualLandscape([[1, 0], [0, 1]], [[2, 0], [0, 1]], depth=3)
    >>> [(s.label, str(s.kind), str(s.value)) for s in land.critical_sets(kind=th.Kind.NON_STRICT_SADDLE)]
    [('{1} non-strict', 'non-strict saddle', '1/2'), ('∅ non-strict', 'non-strict saddle', '5/2')]

    Raises ``DataError`` or ``ShapeError`` for data or depths that cannot be used.
    """

    def __init__(
        self, X: Any, Y: Any, depth: Integer, *, reduction: Option = "half_sum", arithmetic: Option = "auto"
    ) -> None:
        if isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < 2:
            raise ShapeError(
                f"The depth is {depth!r}",
                cause="a residual network has 2 layers or more; with one its loss is convex",
                fix="Pass an integer of 2 or more",
            )
        x, y = np.shape(X), np.shape(Y)
        widths = tuple(1 if len(shape) == 1 else shape[-1] if shape else 0 for shape in (x, y))
        if widths[0] != widths[1]:
            raise ShapeError(
                f"X has {widths[0]} columns and Y has {widths[1]}",
                cause="a residual network adds its input to its output",
                fix="Pass as many outputs as inputs, or use LinearLandscape",
            )
        self._depth = int(depth)
        hidden = (widths[0],) * (self._depth - 1)
        self._linear = LinearLandscape(X, Y, hidden, reduction=reduction, arithmetic=arithmetic)

    @classmethod
    def from_specification(cls, spec: Specification, X: Any, Y: Any, **options: Any) -> ResidualLandscape:
        """Build the landscape of a parsed network such as ``residual:4x3``; its width is that of the data."""
        if options.pop("l2", 0):
            raise NotCoveredError("Residual networks with weight decay are not covered", fix="Leave l2 out")
        return cls(X, Y, spec.depth, **options)

    @property
    def parameter_shapes(self) -> tuple[tuple[int, ...], ...]:
        """``depth`` square shapes."""
        return self._linear.parameter_shapes

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        return f"residual:{self.parameter_shapes[0][0]}x{self._depth}"

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of the data and of every option."""
        return hashlib.sha256(f"residual {self._linear.fingerprint}".encode()).hexdigest()

    def description(self) -> Description:
        """What this landscape is, in words and formulas."""
        told = self._linear.description()
        width = self.parameter_shapes[0][0]
        title = f"Linear residual network of width {width} and depth {self._depth}"
        return msgspec.structs.replace(told, title=title, network=self.specification)

    def data_arrays(self) -> dict[str, Array]:
        """Return X and Y as they were given."""
        return self._linear.data_arrays()

    def coerce(self, params: ParametersLike) -> Parameters:
        """Return ``params`` as arrays of the right shapes."""
        return self._linear.coerce(params)

    def _weights(self, params: ParametersLike) -> Parameters:
        return tuple(array + _identity(array) for array in self.coerce(params))

    def loss(self, params: ParametersLike) -> Real:
        """Return the loss at ``params``."""
        return self._linear.loss(self._weights(params))

    def gradient(self, params: ParametersLike) -> Parameters:
        """Return the gradient at ``params``."""
        return self._linear.gradient(self._weights(params))

    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the derivative of the gradient at ``params`` along ``direction``."""
        return self._linear.hessian_vector_product(self._weights(params), direction)

    def count(self) -> int:
        """Return the number of critical sets, in closed form."""
        return self._linear.count()

    def count_strata(self) -> int:
        """Return the number of strata of all sets together."""
        return self._linear.count_strata()

    def work(self, *, limit: int | None = None) -> Iterator[Array]:
        """Yield blocks of keys in increasing loss."""
        return self._linear.work(limit=limit)

    def solve(self, item: Array) -> Table:
        """Return the columns of the sets with these keys."""
        table = self._linear.solve(item)
        return replace(table, evidence=tuple(map(self._told, table.evidence)))

    def _told(self, evidence: Evidence) -> Evidence:
        """Return the evidence with the name of this network in its scope."""
        scope = evidence.scope.replace(self._linear.specification, self.specification)
        return msgspec.structs.replace(evidence, scope=scope)

    def _own(self, found: CriticalSet) -> CriticalSet:
        return replace(found, evidence=self._told(found.evidence)).attached(self)

    def name(self, key: bytes) -> str:
        """Return the label of the set with this key."""
        return self._linear.name(key)

    def names(self, keys: UInt8[np.ndarray, "sets width"]) -> Texts:
        """Return the labels of the sets with these keys."""
        return self._linear.names(keys)

    def global_minimum(self) -> CriticalSet:
        """Return the set of all global minima."""
        return self._own(self._linear.global_minimum())

    def representative_of(self, piece: Piece) -> Parameters:
        """Build the canonical member: for the global minima the one near the identity where there is one, else a balanced one."""
        if piece.kind is Kind.GLOBAL_MINIMUM and not isinstance(piece, Stratum):
            try:
                return self.near_identity_minimizer()
            except NotCoveredError:
                pass
        return _shifted(self._linear.representative_of(piece))

    def near_identity_minimizer(self) -> Parameters:
        """Return the global minimum with all ``||A_k||_2`` of order 1 / depth; ``NotCoveredError`` where there is none.

        >>> import theodolite as th
        >>> land = th.ResidualLandscape([[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [-1.0, 0.0]], depth=10)
        >>> point = land.near_identity_minimizer()
        >>> bool(land.loss(point) < 1e-25), round(max(float(np.linalg.norm(A, 2)) for A in point), 6)
        (True, 0.156918)
        """
        problem = self._linear._problem
        assert isinstance(problem, (ShallowProblem, DeepProblem))
        return factors_near_identity(fitted_map(problem.reduction), self._depth)

    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a random member of ``piece``."""
        return _shifted(self._linear.sample_of(piece, source))

    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Yield the strata of ``critical_set``."""
        return self._linear.strata_of(critical_set)

    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return the plain data of the figures that explain ``critical_set``."""
        return self._linear.panels(critical_set)

    def classify(self, params: ParametersLike, *, rtol: Number | None = None) -> Verdict:
        """Say what ``params`` is, as ``LinearLandscape`` does at ``I + A_k``; with all ``||A_k|| < 1`` the evidence says so."""
        weights = self._weights(params)
        if rtol is not None:
            tolerance: float | None = check_rtol(rtol)
        else:
            tolerance = None if weights[0].dtype == object else float(np.sqrt(given_epsilon(params)))
        verdict = self._linear.classify(weights, rtol=tolerance)
        evidence = verdict.evidence
        largest = max(float(np.linalg.norm(np.asarray(array, dtype=float), 2)) for array in _shifted(weights))
        if largest < 1:
            small = Assumption(
                f"every ||A_k|| is at most {largest:.3g}, below 1: a critical point here is a global minimum",
                1 / largest if largest else None,
                1.0,
            )
            evidence = msgspec.structs.replace(
                evidence,
                references=(*evidence.references, cite("hardt-ma-2016")),
                assumptions=(*evidence.assumptions, small),
            )
        found, way = verdict.critical_set, verdict.escape
        return replace(
            verdict,
            evidence=evidence,
            critical_set=None if found is None else self._own(found),
            nearest=None if verdict.nearest is None else _shifted(verdict.nearest),
            escape=None if way is None else replace(way, curve=partial(_shifted_curve, way)),
        )

    _identity_in_layers = True

    @property
    def certifier(self) -> Certifier:
        """What certifies points: dominance, regularity, descent."""
        return self._linear.certifier

    def to_core(self, params: ParametersLike) -> Parameters:
        """Return the layers ``I + A_k``."""
        return self._weights(params)

    def from_core(self, core: Parameters) -> Parameters:
        """Return the ``A_k`` of these layers."""
        return _shifted(core)


def _identity(array: Array) -> Array:
    return np.eye(len(array), dtype=object if array.dtype == object else float)


def _shifted(weights: Parameters) -> Parameters:
    return tuple(np.asarray(weight - _identity(weight)) for weight in weights)


def _shifted_curve(way: Direction, t: float) -> Parameters:
    return _shifted(way.at(t))
