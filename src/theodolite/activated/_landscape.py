"""``ActivatedLandscape``: one hidden layer with an injective activation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theodolite._arrays import as_matrix, check_rtol, given_epsilon
from theodolite._critical import CriticalSet, Piece, Stratum
from theodolite._errors import DataError, NotCoveredError, ShapeError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._landscape import Landscape
from theodolite._panels import Description, Formula, Panel, TextPanel
from theodolite._references import cite
from theodolite._typing import Integer, Number, Option, Parameters, ParametersLike, Real
from theodolite._verdict import Verdict
from theodolite.activated._members import canonical_hidden, member, random_member, require_cover
from theodolite.activated._options import check_setting
from theodolite.activated._read import read
from theodolite.activated._verdict import judge
from theodolite.dominance import (
    ActivatedSubject,
    DescentCertificate,
    Dominance,
    Regularity,
    activated_descent,
    activated_dominance,
    activated_regularity,
    check_radius,
    nearest_minimizer,
)
from theodolite.io._network import Specification

__all__ = ["ActivatedLandscape"]

_STILL = 1e-10


class ActivatedLandscape(Landscape):
    r"""The loss of a network x -> W2 s(W1 x) with an injective activation s, rows of X and Y being samples.

    .. math::  L(W_1, W_2) = \tfrac12 \lVert s(X W_1^T) W_2^T - Y \rVert_F^2

    ``activation`` is ``"leaky_relu"`` (z for z > 0, else ``negative_slope`` z), ``"tanh"`` or ``"sigmoid"``; ``reduction`` is
    that of ``LinearLandscape``. Parameters are ``(W1, W2)`` of shapes ``(hidden, d_in)`` and ``(d_out, hidden)``.

    Where samples are linearly independent (no more of them than inputs) all networks of zero loss are known explicitly:
    ``minimizer`` builds any of them. Everywhere the gradient dominates the loss by a constant (Zhou & Liang 2017,
    arXiv:1710.06910),

    .. math::  \lVert \nabla L \rVert^2 \ge 2 \mu L, \qquad
        \mu = s_n(H)^2 + m^2 s_q(W_2)^2 s_n(X)^2

    with H the hidden outputs, m the least slope, and s_n, s_q the n-th and q-th largest singular values: wherever it is positive
    a critical point is a global minimum. Critical points of positive loss are not classified.

    Use it for the rate of gradient descent and for zero-loss networks of several outputs. For every local minimum of a
    piecewise linear network with one output on any number of samples there is ``ReluLandscape``, which also takes leaky
    ReLU and biases.

    >>> import theodolite as th
    >>> land = th.ActivatedLandscape([[2.0]], [[3.0]], 1, activation="leaky_relu", negative_slope=0.5)
    >>> found = land.dominance([[[-1.0]], [[4.0]]])
    >>> found.mu, round(found.constant * 34, 12)
    (17.0, 1.0)

    Raises ``DataError`` or ``ShapeError`` for data and options that cannot be used.
    """

    def __init__(
        self,
        X: Any,
        Y: Any,
        hidden: Integer,
        *,
        activation: Option,
        negative_slope: Number = 0.01,
        reduction: Option = "half_sum",
    ) -> None:
        self._setting = check_setting(X, Y, hidden, activation, negative_slope, reduction)

    @classmethod
    def from_specification(cls, spec: Specification, X: Any, Y: Any, **options: Any) -> ActivatedLandscape:
        """Build the landscape of a parsed network such as ``tanh:3-3-3`` or ``leaky_relu(0.1):3-3-3``."""
        arithmetic = options.pop("arithmetic", "auto")
        if arithmetic == "exact":
            raise NotCoveredError(
                f"{spec} is not covered in exact arithmetic", cause=f"{spec.kind} networks are worked on in floats"
            )
        if spec.bias:
            raise NotCoveredError(f"{spec} has biases", cause="activated networks are covered without them")
        if len(spec.hidden) != 1:
            raise NotCoveredError(
                f"{spec} is not covered",
                cause="activated networks are covered with one hidden layer",
                fix=f"Write it as {spec.kind}:3-3-3",
            )
        if options.pop("l2", 0):
            raise NotCoveredError(f"{spec} with weight decay is not covered", fix="Leave l2 out")
        if spec.slope is not None:
            options["negative_slope"] = float(spec.slope)
        return cls(X, Y, spec.hidden[0], activation=spec.kind, **options)

    @property
    def parameter_shapes(self) -> tuple[tuple[int, ...], ...]:
        """``((hidden, d_in), (d_out, hidden))``."""
        return self._setting.shapes

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        return self._setting.specification

    @property
    def fingerprint(self) -> str:
        """A SHA-256 of the data and of every option."""
        return self._setting.fingerprint

    def description(self) -> Description:
        """What this landscape is, in words and formulas."""
        setting, (inner, outer) = self._setting, self._setting.shapes
        formula = Formula(
            r"L = \tfrac12 \lVert s(X W_1^T) W_2^T - Y \rVert_F^2", f"the loss, s being {setting.model.activation.name}"
        )
        return Description(
            title=f"{setting.model.activation.name} network {inner[1]}-{inner[0]}-{outer[0]}",
            network=self.specification,
            data=f"{setting.samples} samples, {inner[1]} inputs, {outer[0]} outputs",
            parameter_count=self.parameter_count,
            noun="set",
            nouns="sets",
            way="along the negative gradient",
            formulas=(formula,),
            facts=(("samples", f"{setting.samples} of rank {setting.rank.rank}"),),
        )

    def loss(self, params: ParametersLike) -> Real:
        """Return the loss at ``params``."""
        return self._setting.factor * float(np.sum(self._setting.model.residual(self.coerce(params)) ** 2))

    def gradient(self, params: ParametersLike) -> Parameters:
        """Return the gradient; at a kink leaky ReLU has its negative slope, as PyTorch has it."""
        unit = 2 * self._setting.factor
        return tuple(unit * part for part in self._setting.model.gradient(self.coerce(params)))

    def directional_derivative(self, params: ParametersLike, direction: ParametersLike) -> Real:
        """Return the one-sided derivative of the loss along ``direction``, true at kinks too."""
        weights, steps, model = self.coerce(params), self.coerce(direction), self._setting.model
        inputs, moved = weights[0] @ model.x, steps[0] @ model.x
        slopes = model.activation.slope(inputs)
        slopes = np.where((inputs == 0) & (moved > 0) & model.activation.has_kink, 1.0, slopes)
        change = weights[1] @ (slopes * moved) + steps[1] @ model.activation.value(inputs)
        return 2 * self._setting.factor * float(np.vdot(model.residual(weights), change))

    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the derivative of the gradient along ``direction``; away from kinks, across which the loss has none."""
        weights, steps, model = self.coerce(params), self.coerce(direction), self._setting.model
        unit, s = 2 * self._setting.factor, model.activation
        inputs, moved = weights[0] @ model.x, steps[0] @ model.x
        hidden, slopes, error = s.value(inputs), s.slope(inputs), model.residual(weights)
        turned, pulled = slopes * moved, weights[1].T @ error
        change = weights[1] @ turned + steps[1] @ hidden
        back = s.second(inputs) * moved * pulled + slopes * (steps[1].T @ error + weights[1].T @ change)
        return unit * back @ model.x.T, unit * (change @ hidden.T + error @ turned.T)

    def global_minimum(self) -> CriticalSet:
        """Return the set of all networks of zero loss.

        Raises ``NotCoveredError`` for dependent samples, and where too few hidden units leave no such network.
        """
        setting = self._setting
        rank = require_cover(setting)
        canonical_hidden(setting)  # says where a sigmoid's range leaves no network of zero loss
        rows, width = setting.model.y.size, setting.hidden
        generic = self.parameter_count - rows if width >= setting.samples else None
        checked = (
            Assumption(f"the {setting.samples} samples are independent", setting.rank.margin, setting.rank.tolerance),
            Assumption(f"{width} hidden units carry the {rank} dimensions of the targets"),
        )
        reference = cite("zhou-liang-2017-dominance", "explicit global minimizers")
        evidence = Evidence(Method.THEOREM, (reference,), checked, f"all zero-loss networks of {self.specification}")
        return CriticalSet(
            0.0, Kind.GLOBAL_MINIMUM, 0, generic, generic, "zero loss", evidence, key=b"zero", landscape=self
        )

    def minimizer(self, hidden_outputs: Any, inner: Any = None, outer: Any = None) -> Parameters:
        """Return the zero-loss network with these hidden outputs (samples x hidden).

        ``inner`` (like W1) and ``outer`` (like W2) add what the loss does not see. Every network of zero loss is of this form.
        Raises ``DataError`` for outputs that the activation cannot reach, or that do not combine to Y.

        >>> import theodolite as th
        >>> land = th.ActivatedLandscape([[1.0]], [[2.0]], 1, activation="sigmoid")
        >>> land.minimizer([[2.0]])
        Traceback (most recent call last):
        theodolite._errors.DataError: sigmoid cannot reach 2 (sample 0, hidden unit 0): its values lie ...
        """
        require_cover(self._setting)
        outputs = as_matrix("hidden_outputs", hidden_outputs).values
        wanted = (self._setting.samples, self._setting.hidden)
        if outputs.shape != wanted:
            raise ShapeError(f"hidden_outputs has shape {outputs.shape}", fix=f"Pass shape {wanted}: samples x hidden")
        free = [
            None if part is None else as_matrix(name, part).values.reshape(shape)
            for name, part, shape in zip(("inner", "outer"), (inner, outer), self.parameter_shapes, strict=True)
        ]
        return member(self._setting, np.ascontiguousarray(outputs.T), *free)

    def representative_of(self, piece: Piece) -> Parameters:
        """Build the canonical zero-loss network."""
        return member(self._setting, canonical_hidden(self._setting))

    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a random zero-loss network."""
        return random_member(self._setting, source)

    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Raise ``NotCoveredError``: the ranks that the zero-loss networks can have are not listed."""
        raise NotCoveredError("The strata of the zero-loss networks are not listed", fix="Use sample()")

    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return what the zero-loss networks are, in words."""
        words = (
            "Choose hidden outputs H (samples x hidden) in the range of the activation, so that their columns span those of Y.",
            "W1 is then the inverse activation of H on the inputs, W2 the least-squares fit of Y by H.",
        )
        return (TextPanel("The networks of zero loss", words),)

    def classify(self, params: ParametersLike, *, rtol: Number | None = None) -> Verdict:
        """Say whether ``params`` is a global minimum or not critical; else it is undecided, and the evidence says why.

        A global minimum means that a network of zero loss is proven to lie within ``rtol`` times the size of the parameters (by
        default the square root of the round-off of their type).
        """
        tolerance = float(np.sqrt(given_epsilon(params))) if rtol is None else check_rtol(rtol)
        return judge(self._setting, self.coerce(params), tolerance, self._minima)

    @cached_property
    def _minima(self) -> CriticalSet | None:
        try:
            return self.global_minimum()
        except NotCoveredError:
            return None

    def _subject(self, params: ParametersLike, arithmetic: Option) -> ActivatedSubject:
        if arithmetic not in ("auto", "float64", "verified", "exact"):
            raise DataError(f"arithmetic is {arithmetic!r}", fix="Use one of auto, float64, verified, exact")
        if arithmetic == "exact":
            raise NotCoveredError(
                "Constants are not computed exactly",
                cause="they are products of algebraic and transcendental numbers",
                fix="Use arithmetic='verified', whose bounds are true of the exact numbers",
            )
        if arithmetic != "verified":
            return read(self._setting, self.coerce(params))
        from theodolite.dominance._verified_activated import read_activated_verified

        setting = self._setting
        units = {"half_sum": Fraction(1), "sum": Fraction(2), "mean": Fraction(2, setting.model.y.size)}
        scope = f"{setting.specification} with {setting.reduction} loss"
        return read_activated_verified(setting.model, self.coerce(params), units[setting.reduction], scope)

    def dominance(self, params: ParametersLike, radius: Number = 0.0, *, arithmetic: Option = "auto") -> Dominance:
        """Return a constant c with loss <= c ||gradient||^2 that is proven to hold in a ball about ``params``.

        The ball has W1 within ``radius`` in the Frobenius norm and W2 within it in the spectral norm. See
        ``LinearLandscape.dominance`` for the rest.
        """
        size = check_radius(radius)
        return activated_dominance(self._subject(params, arithmetic), size)

    def certify_descent(self, params: ParametersLike, *, arithmetic: Option = "auto") -> DescentCertificate:
        """Return the step and rate of gradient descent to zero loss that are guaranteed from ``params``, or why none are.

        A leaky ReLU must not cross a kink on the way: the loss is not smooth there.
        """
        return activated_descent(self._subject(params, arithmetic))

    def regularity(
        self, params: ParametersLike, minimizer: ParametersLike | None = None, *, arithmetic: Option = "auto"
    ) -> Regularity:
        """Return alpha and beta of the regularity condition about a zero-loss network; see ``LinearLandscape.regularity``."""
        weights = self.coerce(params)
        nearest = self.project(weights) if minimizer is None else self.coerce(minimizer)
        subject = self._subject(nearest, arithmetic)
        if not subject.minimal:
            raise NotCoveredError(
                "Regularity is about networks of zero loss",
                cause=f"the residual of the one given is at most {float(subject.sizes.residual):.3g}"
                + (", and verified arithmetic asks for exactly zero" if arithmetic == "verified" else ""),
                fix="Pass what project(params) returns, or leave it out",
            )
        steps = tuple(a - b for a, b in zip(weights, nearest, strict=True))
        length = float(np.sqrt(sum(np.sum(step**2) for step in steps)))
        size = float(np.sqrt(sum(np.sum(weight**2) for weight in nearest)))
        if length <= _STILL * size:
            gamma = None if subject.local is None else float(np.sqrt(float(subject.local)))
            return replace(activated_regularity(subject, 0.0, gamma), minimizer=nearest)
        seen = float(np.linalg.norm(self._setting.model.push(nearest, steps))) / length * (1 - 1e-12)
        return replace(activated_regularity(subject, length, seen), minimizer=nearest)

    def project(self, params: ParametersLike) -> Parameters:
        """Return a zero-loss network near ``params``: nearest among those around it, not of all."""
        model = self._setting.model
        return nearest_minimizer(self.coerce(params), model.residual, model.jacobian, model.rounding)
