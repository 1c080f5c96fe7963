"""Loss and derivatives on a piecewise polynomial target, weighted by a piecewise polynomial density."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._typing import Array
from theodolite.affine._kinked import supports_of
from theodolite.affine._lines import Lines, Supports
from theodolite.affine._polynomials import Polynomials
from theodolite.affine._problem import Network, Number, Problem

__all__ = ["WeightedLoss"]


@dataclass(frozen=True, eq=False)
class WeightedLoss:
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
