"""``PiecewiseTargetLandscape``: a shallow network on any piecewise polynomial target and density, loss and derivatives exact."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from theodolite._arrays import coerce_parameters
from theodolite._errors import DataError, NotCoveredError, ShapeError
from theodolite._landscape import Landscape
from theodolite._panels import Description, Formula
from theodolite._typing import Array, Parameters, ParametersLike, Real
from theodolite._verdict import Direction, Verdict
from theodolite.affine._kinked import supports_of
from theodolite.affine._lines import Lines, Supports
from theodolite.affine._options import Options, check_options
from theodolite.affine._polynomials import Polynomials
from theodolite.affine._problem import Network, Number, Problem, as_number

__all__ = ["PiecewiseTargetLandscape"]


class PiecewiseTargetLandscape(Landscape):
    r"""The true loss of a shallow network on a piecewise polynomial target, inputs having a piecewise polynomial density.

    .. math::  L(w, b, v, c) = \int \Bigl(c + \sum_j v_j\, s(w_j x + b_j) - y(x)\Bigr)^2 \rho(x)\, dx

    ``knots`` are the ends of the pieces in increasing order; ``target`` and ``density`` have for each piece its coefficients,
    lowest power of x first (by default the density is 1). Parameters and activations are those of ``AffineTargetLandscape``.
    Loss, gradient and Hessian are exact in Fractions and free of quadrature in floats; critical points are not classified.

    >>> import theodolite as th
    >>> land = th.PiecewiseTargetLandscape(1, knots=(0, 1, 2), target=([0, 1], [2, -1]))  # a hat
    >>> land.loss(([1], [0], [0], "1/2"))
    Fraction(1, 6)

    Raises ``DataError`` or ``ShapeError`` for knots, coefficients or options that cannot be used.
    """

    def __init__(
        self,
        hidden: int,
        *,
        target: Any,
        knots: Any = (0, 1),
        density: Any = None,
        activation: str = "relu",
        negative_slope: Any = 0.01,
        arithmetic: str = "auto",
    ) -> None:
        ends = [as_number("a knot", knot) for knot in knots]
        if len(ends) < 2 or any(not a < b for a, b in pairwise(ends)):
            raise DataError(f"knots are {knots!r}", fix="Pass two or more numbers in increasing order")
        tables = {"target": _table("target", target, len(ends) - 1)}
        tables["density"] = _table("density", [[1]] * (len(ends) - 1) if density is None else density, len(ends) - 1)
        numbers = [*ends, *(number for table in tables.values() for row in table for number in row)]
        if arithmetic == "exact" and any(isinstance(number, float) for number in numbers):
            raise DataError("A knot or coefficient is a float", fix='Pass integers, Fractions or strings such as "0.1"')
        options = check_options(hidden, activation, negative_slope, (ends[0], ends[-1]), 0, 0, arithmetic)
        if not options.problem.exact or (any(isinstance(n, float) for n in numbers) and arithmetic != "verified"):
            options = replace(options, problem=options.problem.as_float())
        self._options: Options = options
        self._knots, self._tables = ends, tables
        _check_density(ends, tables["density"])

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
        return hashlib.sha256(repr((self._options, self._knots, self._tables)).encode()).hexdigest()

    def description(self) -> Description:
        """What this landscape is, in words and formulas."""
        return Description(
            title=f"Network {self.specification} on a piecewise polynomial target",
            network=self.specification,
            data=f"the true loss on {len(self._knots) - 1} pieces of [{self._knots[0]}, {self._knots[-1]}]",
            parameter_count=self.parameter_count,
            noun="class",
            nouns="classes",
            way="follow the gradient",
            formulas=(
                Formula(
                    r"L = \int \Bigl(c + \sum_j v_j\, s(w_j x + b_j) - y(x)\Bigr)^2 \rho(x)\, dx",
                    "The loss is an integral over all inputs, weighted by their density.",
                ),
            ),
        )

    def coerce(self, params: ParametersLike) -> Parameters:
        """Return ``params`` as four arrays: of Fractions where everything is exact, else of floats."""
        found = coerce_parameters(params, self.parameter_shapes, keep_exact=self._options.may_be_exact)
        if self._options.arithmetic == "verified":
            return tuple(self._options.problem.array(part) for part in found)
        if self._options.arithmetic == "exact" and found[0].dtype != object:
            raise DataError("The parameters are floats", fix="Pass integers, Fractions or decimal strings")
        return found

    def _values(self, params: ParametersLike) -> PiecewiseLoss:
        found = self.coerce(params)
        problem = self._options.problem if found[0].dtype == object else self._options.problem.as_float()
        knots = problem.array(self._knots)
        target, density = (
            Polynomials.about_zero(knots, problem.array(_padded(self._tables[name]))) for name in ("target", "density")
        )
        return PiecewiseLoss(problem, Network.of(found), target, density)

    def loss(self, params: ParametersLike) -> Real:
        """Return the weighted integral of the squared residual: a Fraction where everything is exact."""
        values = self._values(params)
        loss: Real = values.weighted.times(values.residual).integral()
        return loss if isinstance(loss, Fraction) else float(loss)

    def gradient(self, params: ParametersLike) -> Parameters:
        """Return the gradient; at neurons with w = b = 0 as automatic differentiation takes it."""
        return self._values(params).gradient().parameters

    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the Hessian applied to ``direction``; ``NotCoveredError`` where the loss has no second derivative."""
        first, second = self.coerce(params), self.coerce(direction)
        if first[0].dtype != second[0].dtype:
            first, second = (tuple(part.astype(np.float64) for part in parts) for parts in (first, second))
        values = self._values(first)
        obstacle = values.obstacle()
        if obstacle is not None:
            raise NotCoveredError("The loss has no Hessian here", cause=obstacle, fix="Move that breakpoint a little")
        return values.hessian_product(Network.of(second)).parameters

    def classify(self, params: ParametersLike, *, rtol: float | None = None) -> Verdict:
        """Raise ``NotCoveredError``: the critical points are classified for affine targets only."""
        raise self._unclassified()

    def escape(self, params: ParametersLike) -> Direction:
        """Raise ``NotCoveredError``, as ``classify`` does."""
        raise self._unclassified()

    def _unclassified(self) -> NotCoveredError:
        return NotCoveredError(
            f"Points of {self.specification} on a piecewise target are not classified",
            cause="the classification is known for affine targets and uniform inputs",
            fix="Use AffineTargetLandscape, or gradient and hessian of this landscape",
        )


@dataclass(frozen=True, eq=False)
class PiecewiseLoss:
    """The loss of one network on one target and density, cut at knots and breakpoints."""

    problem: Problem
    network: Network
    target: Polynomials
    density: Polynomials

    @cached_property
    def supports(self) -> Supports:
        """The slope of the activation along each neuron left and right of its breakpoint, measured from the midpoint."""
        p, net = self.problem, self.network
        return supports_of(p, net.w * p.start + net.b, net.w * p.end + net.b, p.gamma)

    @cached_property
    def knots(self) -> Array:
        """All knots and breakpoints."""
        if self.problem.quadratic:
            return self.target.knots
        return np.union1d(self.target.knots, self.breaks)

    @cached_property
    def breaks(self) -> Array:
        """The breakpoints of the kinks, in the order of neurons."""
        found: Array = self.supports.at[self.supports.kinked] + self.problem.middle
        return found

    @cached_property
    def weight(self) -> Polynomials:
        """The density on the fine pieces."""
        return self.density.refined(self.knots)

    @cached_property
    def residual(self) -> Polynomials:
        """f - y on the fine pieces."""
        net = self.network
        return self._sum(net.v, net.w, net.b, net.c).plus(self.target.refined(self.knots), -1)

    @cached_property
    def weighted(self) -> Polynomials:
        """(f - y) times the density."""
        return self.residual.times(self.weight)

    def _sum(self, v: Array, w: Array, b: Array, c: Number) -> Polynomials:
        """Return c plus the sum of v s(w x + b), for lines with the breakpoints of this network."""
        p = self.problem
        shift = b + w * p.middle
        if p.quadratic:
            return self._global([c + (v * shift * shift).sum(), 2 * (v * shift * w).sum(), (v * w * w).sum()])
        return self._lines(Lines.combine(p.length / 2, v * w, v * shift, self.supports, (p.number(0), c)))

    def _global(self, terms: list[Number]) -> Polynomials:
        """Return one polynomial in powers of x - midpoint on the fine pieces."""
        p = self.problem
        ends = p.array([p.start, p.end])
        return Polynomials(ends, p.array([terms])).refined(self.knots)

    def _lines(self, lines: Lines) -> Polynomials:
        p = self.problem
        knots = lines.knots + p.middle
        knots[0], knots[-1] = p.start, p.end
        rows = np.stack([lines.level + lines.slope * (lines.knots[:-1] + lines.knots[1:]) / 2, lines.slope], axis=1)
        return Polynomials(knots, rows).refined(self.knots)

    def _against(self, weighted: Polynomials) -> tuple[Array, Array, Array]:
        """Return per neuron the integrals of ``weighted`` times s-factors times 1, y and y^2, y = x - midpoint.

        The s-factors are the slopes of the activation (1 for squares, whose slope is left to the caller).
        """
        below = weighted.moments_below(self.problem.middle)
        if self.problem.quadratic:
            one = self.problem.array([1] * len(self.network.w))
            return below[0][-1] * one, below[1][-1] * one, below[2][-1] * one
        s = self.supports
        place = np.searchsorted(self.knots, self.breaks)
        out = []
        for part in below:
            result = s.left * part[-1]
            inner = part[place]
            result[s.kinked] = s.left[s.kinked] * inner + s.right[s.kinked] * (part[-1] - inner)
            out.append(result)
        return out[0], out[1], out[2]

    def gradient(self) -> Network:
        """Return the gradient."""
        p, net = self.problem, self.network
        area, first, second = self._against(self.weighted)
        shift = net.b + net.w * p.middle
        whole = self.weighted.integral()
        if p.quadratic:
            low, tilt = shift * area + net.w * first, shift * first + net.w * second
            return Network(
                4 * net.v * (tilt + p.middle * low), 4 * net.v * low, 2 * (shift * low + net.w * tilt), 2 * whole
            )
        asleep = (net.w == 0) & (net.b == 0)
        below = self.weighted.moments_below(p.middle)
        area = np.where(asleep, p.gamma * below[0][-1], area)
        first = np.where(asleep, p.gamma * below[1][-1], first)
        return Network(
            2 * net.v * (first + p.middle * area), 2 * net.v * area, 2 * (net.w * first + shift * area), 2 * whole
        )

    def obstacle(self) -> str | None:
        """Return why the loss has no second derivative here, or None if none was found."""
        p, net = self.problem, self.network
        if p.quadratic or p.linear:
            return None
        if ((net.w == 0) & (net.b == 0)).any():
            return "a neuron has w = b = 0"
        counting = net.v != 0
        touching = (net.w * p.start + net.b == 0) | (net.w * p.end + net.b == 0)
        if (touching & counting).any():
            return "a neuron has its breakpoint at an end of the interval"
        inner = self.breaks[counting[self.supports.kinked]]
        left, right = (self.weighted.at(inner, from_left=side) for side in (True, False))
        jumps = np.isin(inner, self.target.knots) & (left != right)
        return "a breakpoint is at a knot where target or density jumps" if jumps.any() else None

    def hessian_product(self, d: Network) -> Network:
        """Return the Hessian applied to ``d``."""
        p, net = self.problem, self.network
        shift, shift_d = net.b + net.w * p.middle, d.b + d.w * p.middle
        area, first, second = self._against(self.weighted)
        if p.quadratic:
            terms = [
                d.c + (d.v * shift**2 + 2 * net.v * shift * shift_d).sum(),
                2 * (d.v * shift * net.w + net.v * (shift * d.w + net.w * shift_d)).sum(),
                (d.v * net.w**2 + 2 * net.v * net.w * d.w).sum(),
            ]
            change = self._global(terms).times(self.weight)
            e0, e1, e2 = self._against(change)
            low, tilt = shift * e0 + net.w * e1, shift * e1 + net.w * e2
            still, still_tilt = shift * area + net.w * first, shift * first + net.w * second
            moved, moved_tilt = shift_d * area + d.w * first, shift_d * first + d.w * second
            to_b = 4 * (net.v * (low + moved) + d.v * still)
            to_w = 4 * (net.v * (tilt + moved_tilt) + d.v * still_tilt)
            to_v = 2 * (shift * low + net.w * tilt) + 4 * (shift_d * still + d.w * still_tilt)
            return Network(to_w + p.middle * to_b, to_b, to_v, 2 * change.integral())
        lines = Lines.combine(
            p.length / 2,
            d.v * net.w + net.v * d.w,
            d.v * shift + net.v * shift_d,
            self.supports,
            (p.number(0), d.c),
        )
        change = self._lines(lines).times(self.weight)
        e0, e1, _ = self._against(change)
        kinked = self.supports.kinked
        position, corner = p.zeros(len(net.w)), p.zeros(len(net.w))
        position[kinked] = self.breaks
        corner[kinked] = 2 * (1 - p.gamma) * net.v[kinked] * self.weighted.at(self.breaks) / np.abs(net.w[kinked])
        corner = corner * (position * d.w + d.b)
        return Network(
            2 * net.v * (e1 + p.middle * e0) + 2 * d.v * (first + p.middle * area) + corner * position,
            2 * net.v * e0 + 2 * d.v * area + corner,
            2 * (net.w * e1 + shift * e0) + 2 * (d.w * first + shift_d * area),
            2 * change.integral(),
        )


def _table(name: str, rows: Any, pieces: int) -> list[list[Number]]:
    """Return coefficients as numbers, one list per piece."""
    try:
        found = [[as_number(f"A coefficient of {name}", entry) for entry in row] for row in rows]
    except TypeError:
        raise DataError(f"{name} is {rows!r}", fix="Pass one list of coefficients for each piece") from None
    if len(found) != pieces:
        raise ShapeError(
            f"{name} has {len(found)} pieces",
            cause=f"the knots make {pieces}",
            fix="Pass one list of coefficients for each",
        )
    if any(not row for row in found):
        raise DataError(f"A piece of {name} has no coefficients", fix="Write [0] for zero")
    return found


def _padded(rows: list[list[Number]]) -> list[list[Number]]:
    size = max(len(row) for row in rows)
    return [[*row, *[0] * (size - len(row))] for row in rows]


def _check_density(knots: list[Number], rows: list[list[Number]]) -> None:
    """Refuse a density that is negative somewhere: at the ends of a piece or where its slope vanishes."""
    for (low, high), row in zip(pairwise(knots), rows, strict=True):
        a, b = float(low), float(high)
        curve = np.polynomial.Polynomial([float(entry) for entry in row])
        turns = [float(x.real) for x in np.atleast_1d(curve.deriv().roots()) if abs(x.imag) < 1e-9 and a < x.real < b]
        places = [a, b, *turns]
        least = min(places, key=lambda x: float(curve(x)))
        size = float(np.max(np.abs(curve(np.array(places)))))
        if float(curve(least)) < -1e-12 * size:
            raise DataError(
                f"The density is {float(curve(least)):.6g} at x = {least:.6g}", fix="Pass one that is not negative"
            )
