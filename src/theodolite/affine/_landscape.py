"""``AffineTargetLandscape``: a shallow network that fits a straight line on an interval, with every critical point known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theodolite._arrays import check_rtol, coerce_parameters, given_epsilon, refuse_floats
from theodolite._certificate import Certificate
from theodolite._critical import CriticalSet, Piece, Stratum
from theodolite._errors import DataError, NoMinimumError, NotCoveredError
from theodolite._evidence import Method
from theodolite._hessian import Hessian
from theodolite._kind import Kind
from theodolite._landscape import SurveyableLandscape
from theodolite._panels import Description, Panel
from theodolite._table import Table
from theodolite._typing import Parameters, ParametersLike, Real
from theodolite.affine._catalogue import Catalogue, Entry
from theodolite.affine._descents import calculus, check_hessian
from theodolite.affine._dual import Dual
from theodolite.affine._figures import describe, figures
from theodolite.affine._finding import Finding, find_exactly, unproven
from theodolite.affine._members import Builder, has_members
from theodolite.affine._mix import Mix, mixes
from theodolite.affine._names import neuron_names
from theodolite.affine._nearby import find_nearby
from theodolite.affine._options import Options, check_options, read_specification
from theodolite.affine._problem import Network, Problem
from theodolite.affine._verdicts import AffineVerdict, direction_of, verdict_of
from theodolite.io._network import Specification

__all__ = ["AffineTargetLandscape"]

_ROUNDING = 512
"""The default tolerance of ``classify`` in units of the round-off of the parameters given."""


class AffineTargetLandscape(SurveyableLandscape):
    r"""The true loss of a shallow network on an affine target, its inputs spread evenly over an interval.

    .. math::  L(w, b, v, c) = \int_{T_0}^{T_1} \Bigl(c + \sum_j v_j\, s(w_j x + b_j) - \alpha x - \beta\Bigr)^2 dx

    with ``slope`` alpha, ``intercept`` beta, ``interval`` (T0, T1) and the activation s: ``"relu"`` max(z, 0), ``"leaky_relu"``
    (z for z >= 0 and ``negative_slope`` z below), ``"quadratic"`` z squared. Parameters are ``(w, b, v, c)`` of shapes
    ``(hidden,)`` three times and ``()``. No data, no sampling, no quadrature: every integral is a polynomial, evaluated exactly
    in Fractions and in centred monomials in floats.

    Every critical point is known (Cheridito, Jentzen & Rossmannek, arXiv:2103.10922): exact fits, constant fits, and saddles
    whose breakpoints are evenly laid out. Local minima that are not global consist of dead ReLU neurons; leaky and quadratic
    networks have none. For ReLU the saddles with kinks have an even number n of breakpoints and the loss
    alpha^2 T^3 / (12 (n+1)^4).

    >>> import theodolite as th
    >>> land = th.AffineTargetLandscape(2)
    >>> for found in land.critical_sets():
    ...     print(found.value, found.kind, found.label, sep=", ")
    0, global minimum, exact fit
    1/972, strict saddle, R2
    1/12, spurious minimum, constant fit, dead neurons
    1/12, strict saddle, constant fit, saddle
    1/12, non-strict saddle, constant fit, flat saddle

    Raises ``DataError`` for an empty interval, a negative slope below 0 or an unknown activation.
    """

    def __init__(
        self,
        hidden: int,
        *,
        activation: str = "relu",
        negative_slope: Any = 0.01,
        interval: Any = (0, 1),
        slope: Any = 1,
        intercept: Any = 0,
        arithmetic: str = "auto",
    ) -> None:
        self._options: Options = check_options(
            hidden, activation, negative_slope, interval, slope, intercept, arithmetic
        )

    @classmethod
    def from_specification(cls, spec: Specification, X: Any, Y: Any, **options: Any) -> AffineTargetLandscape:
        """Build the landscape of a parsed network such as ``relu:1-5-1``; there is no data, so X and Y are None."""
        if X is not None or Y is not None:
            raise DataError("An affine target needs no data", fix="Leave X and Y out")
        return cls(**read_specification(spec), **options)

    @property
    def problem(self) -> Problem:
        """Activation, interval and target in numbers: rational where all of them were given exactly."""
        return self._options.problem

    @cached_property
    def _catalogue(self) -> Catalogue:
        return Catalogue(Dual(self.problem).core, self._options.hidden)

    @property
    def parameter_shapes(self) -> tuple[tuple[int, ...], ...]:
        """``((hidden,), (hidden,), (hidden,), ())``: weights, biases, output weights, output bias."""
        n = self._options.hidden
        return (n,), (n,), (n,), ()

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        return self._options.specification

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of every option."""
        return hashlib.sha256(repr(self._options).encode()).hexdigest()

    def description(self) -> Description:
        """What this landscape is, in words and formulas."""
        return describe(self._options, self._catalogue)

    def coerce(self, params: ParametersLike) -> Parameters:
        """Return ``params`` as four arrays: of Fractions where everything is exact, else of floats."""
        options = self._options
        found = coerce_parameters(params, self.parameter_shapes, keep_exact=options.may_be_exact)
        if options.arithmetic == "verified":
            return tuple(options.problem.array(part) for part in found)
        if options.arithmetic == "exact":
            refuse_floats(found)
        return found

    def _read(self, params: ParametersLike) -> tuple[Problem, Network]:
        found = self.coerce(params)
        exact = all(part.dtype == object for part in found)
        return (self.problem if exact else self.problem.as_float()), Network.of(found)

    def loss(self, params: ParametersLike) -> Real:
        """Return the integral of the squared residual: a Fraction where everything is exact."""
        with _quiet():
            loss = _plain(calculus(*self._read(params)).loss)
        return float("inf") if loss != loss else loss

    def gradient(self, params: ParametersLike, *, convention: str = "autodiff") -> Parameters:
        """Return the gradient, shaped as the parameters.

        At neurons with w = b = 0 the loss is not differentiable (unless v = 0 or the fit is exact) and s'(0) must be chosen:
        ``"autodiff"`` takes the slope for z < 0, as PyTorch does, ``"open"`` takes 0 and ``"closed"`` takes 1. A point is
        critical exactly if the closed gradient vanishes.
        """
        problem, network = self._read(params)
        slopes = {"autodiff": problem.gamma, "open": problem.number(0), "closed": problem.number(1)}
        if convention not in slopes:
            raise DataError(f"convention is {convention!r}", fix=f"Use one of {', '.join(slopes)}")
        with _quiet():
            return calculus(problem, network).gradient(slopes[convention]).parameters

    def directional_derivative(self, params: ParametersLike, direction: ParametersLike) -> Real:
        """Return the one-sided derivative along ``direction``, which exists everywhere."""
        problem, network, change = self._read_both(params, direction)
        with _quiet():
            return _plain(calculus(problem, network).directional_derivative(change))

    def second_order_form(self, params: ParametersLike, direction: ParametersLike) -> Real:
        """Return q(d), the limit of 2 (L(p + s d) - L(p) - s L'(p; d)) / s^2 as s falls to 0.

        It exists everywhere. Where the Hessian H does, q(d) is d^T H d; a breakpoint at an end of the interval and a neuron
        with w = b = 0 add one-sided terms.
        """
        problem, network, change = self._read_both(params, direction)
        with _quiet():
            return _plain(calculus(problem, network).second_order_form(change))

    def hessian(self, params: ParametersLike) -> Hessian:
        """Return the Hessian as an operator; ``NotCoveredError`` where the loss has no second derivative."""
        check_hessian(calculus(*self._read(params)))
        return super().hessian(params)

    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the Hessian applied to ``direction``; ``NotCoveredError`` where the loss has no second derivative."""
        problem, network, change = self._read_both(params, direction)
        values = calculus(problem, network)
        check_hessian(values)
        return values.hessian_product(change).parameters

    def _read_both(self, params: ParametersLike, direction: ParametersLike) -> tuple[Problem, Network, Network]:
        (problem, network), (other, change) = self._read(params), self._read(direction)
        if problem.exact == other.exact:
            return problem, network, change
        problem = self.problem.as_float()
        return problem, _as_float(network), _as_float(change)

    def neuron_types(self, params: ParametersLike) -> tuple[str, ...]:
        """Return what each neuron does on the interval.

        ReLU: degenerate (w = b = 0), inactive (negative throughout), semi-inactive-T0 or -T1 (zero at that end, negative inside),
        semi-active (w = 0 < b), type-1-active (affine throughout), type-2-active (breakpoint inside). Leaky: degenerate, constant
        (w = 0), affine+, affine- and kink. Quadratic: degenerate, constant (w = 0) and generic.

        >>> import theodolite as th
        >>> th.AffineTargetLandscape(3).neuron_types(([1, -1, 0], [0, 0, 2], [1, 1, 1], 0))
        ('type-1-active', 'semi-inactive-T0', 'semi-active')
        """
        problem, network = self._read(params)
        return neuron_names(problem, network, 0.0 if problem.exact else 8 * given_epsilon(params))

    def count(self) -> int:
        """Return how many critical sets there are."""
        return self._catalogue.count()

    def work(self, *, limit: int | None = None) -> Iterator[tuple[int, int]]:
        """Yield ranges of set numbers, lowest value first."""
        end = self.count() if limit is None else min(limit, self.count())
        start, size = 0, 16
        while start < end:
            yield start, min(start + size, end)
            start, size = start + size, min(2 * size, 4096)

    def solve(self, item: tuple[int, int]) -> Table:
        """Return the critical sets of one range."""
        return Table.of([self._catalogue.critical_set(self._catalogue.entry(k)) for k in range(*item)])

    def name(self, key: bytes) -> str:
        """Return the label of the set with this key, for example ``R2``."""
        return Entry.of(key).label

    def critical_values(self) -> tuple[Real, ...]:
        """Return all critical values, lowest first, each once.

        >>> import theodolite as th
        >>> [str(value) for value in th.AffineTargetLandscape(4).critical_values()]
        ['0', '1/7500', '1/972', '1/12']
        """
        values: list[Real] = []
        for number in range(self.count()):
            value = self._catalogue.value(self._catalogue.entry(number))
            if not values or values[-1] != value:
                values.append(value)
        return tuple(values)

    def global_minimum(self) -> CriticalSet:
        """Return the set of exact fits; ``NoMinimumError`` for one squared neuron, which only comes arbitrarily close."""
        if not self._catalogue.attained:
            raise NoMinimumError(
                "The infimum of the loss is not attained",
                cause="one squared neuron comes arbitrarily close to a sloped line but equals none",
                infimum=self.problem.number(0),
                sequence=self._approach,
            )
        return self._catalogue.critical_set(Entry(Kind.GLOBAL_MINIMUM)).attached(self)

    def _approach(self, k: int) -> Parameters:
        """Return the k-th network of a sequence whose loss falls to 0: w = 1/k, so that the loss is T^5 / (180 k^4)."""
        p = self.problem
        w, v = 1 / p.number(max(1, k)), p.number(1)
        shift = p.alpha / (2 * w)
        c = p.alpha * p.middle + p.beta - shift**2 - w**2 * p.length**2 / 12
        return Network(p.array([w]), p.array([shift - w * p.middle]), p.array([v]), c).parameters

    def certificate_of(self, piece: Piece) -> Certificate:
        """Return the canonical member of a class: an exactly critical point, whose gradient and loss anyone can integrate."""
        from theodolite.affine._proof import certificate

        return certificate(self.problem, self._options.hidden, self.representative_of(piece))

    def representative_of(self, piece: Piece) -> Parameters:
        """Build the canonical member: one neuron per breakpoint, the others inactive or constant."""
        return self._build(piece, None)

    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a random member: neurons of every sort that the class allows, groups split at breakpoints."""
        return self._build(piece, source)

    def _build(self, piece: Piece, source: np.random.Generator | None) -> Parameters:
        entry, tail = Entry.of(piece.key), Entry.tail(piece.key)
        problem = self.problem
        if not has_members(Dual(problem).core, entry):
            problem = problem.as_float()
        dual = Dual(problem)
        mix = Mix.from_bytes(tail) if tail else None
        return dual.outward(Builder(dual.core, self._options.hidden, source).member(entry, mix)).parameters

    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Yield the pieces with given numbers of neurons of each sort, up to the order of neurons."""
        entry = Entry.of(critical_set.key)
        if entry.kind is Kind.GLOBAL_MINIMUM:
            raise NotCoveredError(
                "The strata of the exact fits are not listed",
                cause="they are as many as the ways to share neurons among cancelling groups",
                fix="Use sample(rng), which draws from all of them",
            )
        problem = self._catalogue.problem
        for mix in mixes(problem, entry, self._options.hidden):
            inertia = mix.inertia(problem, entry)
            yield Stratum(
                value=critical_set.value,
                kind=critical_set.kind,
                index=None if inertia is None else inertia[0],
                nullity=None if inertia is None else inertia[1],
                dimension=mix.dimension(problem, entry),
                label=f"{entry.label}: {mix.label}",
                evidence=critical_set.evidence,
                key=entry.key + mix.to_bytes(),
                landscape=self,
            )

    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return realization, residual, curvature signs, and the slice past a minimum with dead neurons."""
        return figures(self, critical_set)

    def classify(self, params: ParametersLike, *, rtol: float | None = None) -> AffineVerdict:
        """Say what ``params`` is, how that is known, and how to leave if it is not a minimum.

        Exact parameters get exact answers. Floats are compared with the nearest exactly critical network: it counts if it is
        reached by changing parameters by at most ``rtol`` relative to their own terms (by default 512 times the round-off of the
        type given; pass 1e-6 or so for the end of an optimization). Beyond 100 times that the point is not critical; what lies
        between, or next to a boundary between kinds, is ``UNDECIDED``.
        """
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                return self._verdict(params, rtol)
        except (FloatingPointError, OverflowError) as error:
            raise DataError(
                "These parameters cannot be classified in floats",
                cause=str(error),
                fix="Rescale them, or pass Fractions",
            ) from None

    def _verdict(self, params: ParametersLike, rtol: float | None) -> AffineVerdict:
        problem, network = self._read(params)
        dual = Dual(problem)
        scope = f"{self.specification} on the interval and target given"
        if problem.exact:
            finding = find_exactly(dual.core, dual.inward(network))
            method = Method.VERIFIED if self._options.arithmetic == "verified" else Method.EXACT
        else:
            grain = given_epsilon(params)
            tolerance = _ROUNDING * grain if rtol is None else check_rtol(rtol)
            finding = find_nearby(dual.core, dual.inward(network), tolerance, grain)
            method = Method.THEOREM
        finding = _outward(dual, finding)
        critical_set = None
        if finding.entry is not None:
            critical_set = self._catalogue.critical_set(finding.entry).attached(self)
        direction = None
        if finding.descent is not None:
            direction = direction_of(problem, network, finding.descent, self.problem.as_exact())
        if finding.kind is Kind.NOT_CRITICAL and direction is None and not problem.exact:
            finding = unproven(finding)
        finding = replace(finding, value=_plain(finding.value))
        gap = finding.value if self._catalogue.attained else None
        return verdict_of(finding, critical_set, self.neuron_types(params), method, direction, gap, scope)


def _outward(dual: Dual, finding: Finding) -> Finding:
    """Return a finding about the reduced network in the landscape's own parameters."""
    if not dual.turned:
        return finding
    descent = finding.descent
    if descent is not None:
        descent = replace(descent, direction=dual.outward(descent.direction))
    nearest = None if finding.nearest is None else dual.outward(finding.nearest)
    return replace(finding, nearest=nearest, descent=descent)


def _as_float(network: Network) -> Network:
    return network.map(lambda part: part.astype(np.float64))


def _plain(value: Any) -> Real:
    """Return a Python Fraction or float."""
    return value if isinstance(value, Fraction) else float(value)


def _quiet() -> np.errstate:
    """Return a context in which losses beyond the range of floats are infinite, without a warning."""
    return np.errstate(over="ignore", invalid="ignore", divide="ignore")
