"""``PiecewiseTargetLandscape``: a shallow network on any piecewise polynomial target and density, loss and derivatives exact."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from theodolite._arrays import as_number, coerce_parameters
from theodolite._errors import DataError, NotCoveredError, ShapeError
from theodolite._landscape import Landscape
from theodolite._panels import Description, Formula
from theodolite._typing import Parameters, ParametersLike, Real
from theodolite._verdict import Direction, Verdict
from theodolite.affine._options import Options, check_options
from theodolite.affine._polynomials import Polynomials
from theodolite.affine._problem import Network, Number
from theodolite.affine._weighted import WeightedLoss

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

    def _values(self, params: ParametersLike) -> WeightedLoss:
        found = self.coerce(params)
        problem = self._options.problem if found[0].dtype == object else self._options.problem.as_float()
        knots = problem.array(self._knots)
        target, density = (
            Polynomials.about_zero(knots, problem.array(_padded(self._tables[name]))) for name in ("target", "density")
        )
        return WeightedLoss(problem, Network.of(found), target, density)

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
