"""Loss, derivatives and the second-order form for activations with one kink: ReLU and leaky ReLU.

One sort of the breakpoints and prefix sums of the residual's integrals serve all neurons: O(N log N).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._typing import Array
from theodolite.affine._lines import Lines, Supports
from theodolite.affine._problem import Network, Number, Problem

__all__ = ["KinkedLoss", "supports_of"]


@dataclass(frozen=True, eq=False)
class KinkedLoss:
    """The loss of one network and what can be derived from it."""

    problem: Problem
    network: Network

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The values of w x + b at both ends of the interval."""
        net, p = self.network, self.problem
        return net.w * p.start + net.b, net.w * p.end + net.b

    @cached_property
    def degenerate(self) -> Array:
        """Which neurons have w = b = 0 (none if the activation has no kink there)."""
        mask: Array = (self.network.w == 0) & (self.network.b == 0)
        return mask & (not self.problem.linear)

    @cached_property
    def supports(self) -> Supports:
        """The slope of the activation along each neuron, left and right of its breakpoint."""
        return supports_of(self.problem, *self.ends, self.problem.gamma)

    @cached_property
    def residual(self) -> Lines:
        """f(x) - alpha x - beta, in y = x - midpoint."""
        p, net = self.problem, self.network
        shift = net.b + net.w * p.middle
        base = (-p.alpha, net.c - p.alpha * p.middle - p.beta)
        return Lines.combine(p.length / 2, net.v * net.w, net.v * shift, self.supports, base)

    @cached_property
    def loss(self) -> Number:
        """The integral of the squared residual."""
        return self.residual.square()

    @cached_property
    def moments(self) -> tuple[Array, Array]:
        """Per neuron the integrals of r s'(z) and of y r s'(z); zero for neurons with w = b = 0."""
        return self.residual.against(self.supports)

    def gradient(self, slope_at_zero: Number) -> Network:
        """Return the gradient; ``slope_at_zero`` is what s'(0) means for neurons with w = b = 0."""
        p, net = self.problem, self.network
        area, moment = self.moments
        if self.degenerate.any():
            whole, first = self.residual.total
            area = np.where(self.degenerate, slope_at_zero * whole, area)
            moment = np.where(self.degenerate, slope_at_zero * first, moment)
        shift = net.b + net.w * p.middle
        return Network(
            2 * net.v * (moment + p.middle * area),
            2 * net.v * area,
            2 * (net.w * moment + shift * area),
            2 * self.residual.total[0],
        )

    @cached_property
    def corners(self) -> Array:
        """The second derivative of the loss in the position of each inner breakpoint, divided by its squared velocity."""
        p, net = self.problem, self.network
        corner = p.zeros(len(net.w))
        inner = self.supports.kinked
        values = self.residual.at(self.supports.at[inner])
        corner[inner] = 2 * (1 - p.gamma) * net.v[inner] * values / np.abs(net.w[inner])
        return corner

    def obstacle(self) -> str | None:
        """Return why the loss has no second derivative here, or None if it has."""
        if self.problem.linear:
            return None
        residual = self.loss != 0
        if (self.degenerate & ((self.network.v != 0) | residual)).any():
            return "a neuron has w = b = 0"
        left, right = self.residual.ends[0][0], self.residual.ends[1][-1]
        at_start = (self.ends[0] == 0) & ~self.degenerate & (self.network.v != 0)
        at_end = (self.ends[1] == 0) & ~self.degenerate & (self.network.v != 0)
        if (left != 0 and at_start.any()) or (right != 0 and at_end.any()):
            return "a neuron has its breakpoint at an end of the interval"
        return None

    def hessian_product(self, d: Network) -> Network:
        """Return the Hessian applied to ``d``, by the formula that holds where the second derivative exists."""
        p, net = self.problem, self.network
        area, moment = self.moments
        turn, lift = self.motion(d)
        change = Lines.combine(p.length / 2, turn, lift, self.supports, (p.number(0), d.c))
        its_area, its_moment = change.against(self.supports)
        shift, shift_d = net.b + net.w * p.middle, d.b + d.w * p.middle
        position = np.where(self.supports.kinked, self.supports.at + p.middle, p.zeros(len(net.w)))
        corner = self.corners * (position * d.w + d.b)
        first = moment + p.middle * area
        return Network(
            2 * net.v * (its_moment + p.middle * its_area) + 2 * d.v * first + corner * position,
            2 * net.v * its_area + 2 * d.v * area + corner,
            2 * (net.w * its_moment + shift * its_area) + 2 * (d.w * moment + shift_d * area),
            2 * change.total[0],
        )

    def motion(self, d: Network) -> tuple[Array, Array]:
        """Return slope and level of dv z + v dz for each neuron, in y = x - midpoint."""
        p, net = self.problem, self.network
        shift, shift_d = net.b + net.w * p.middle, d.b + d.w * p.middle
        return d.v * net.w + net.v * d.w, d.v * shift + net.v * shift_d

    def directional_derivative(self, d: Network) -> Number:
        """Return the one-sided derivative along ``d``, which exists everywhere."""
        gradient = self.gradient(self.problem.number(0))
        keep = ~self.degenerate
        slope = (keep * (gradient.w * d.w + gradient.b * d.b) + gradient.v * d.v).sum() + gradient.c * d.c
        return slope + 2 * (self.network.v * self._awakened(d)).sum()

    def second_order_form(self, d: Network) -> Number:
        """Return q(d), the limit of 2 (L(phi + s d) - L(phi) - s L'(phi; d)) / s^2 as s falls to 0.

        Breakpoints at the ends of the interval and neurons with w = b = 0 add their one-sided terms.
        """
        p, net = self.problem, self.network
        turn, lift = self.motion(d)
        area, moment = self.moments
        sleeping = self.degenerate
        supports = self._supports_with(d)
        change = Lines.combine(p.length / 2, turn, lift, supports, (p.number(0), d.c))
        shift_d = d.b + d.w * p.middle
        total = 2 * change.square()
        total += 4 * (~sleeping * d.v * (d.w * moment + shift_d * area)).sum()
        position = np.where(self.supports.kinked, self.supports.at + p.middle, p.zeros(len(net.w)))
        total += (self.corners * (position * d.w + d.b) ** 2).sum()
        total += 4 * (d.v * self._awakened(d)).sum()
        for z, end, value, inward in (
            (self.ends[0], p.start, self.residual.ends[0][0], 1),
            (self.ends[1], p.end, self.residual.ends[1][-1], -1),
        ):
            here = (z == 0) & (net.w != 0)
            w = net.w[here]
            speed = np.maximum(-inward * (d.w[here] * end + d.b[here]) / w, p.number(0))
            total += (2 * (1 - p.gamma) * net.v[here] * value * np.abs(w) * speed**2).sum()
        return total

    def _supports_with(self, d: Network) -> Supports:
        """Return the factors just after a step along ``d``, which wakes the neurons with w = b = 0."""
        sleeping = self.degenerate
        if not sleeping.any():
            return self.supports
        p = self.problem
        awake = supports_of(p, d.w * p.start + d.b, d.w * p.end + d.b, p.gamma)
        pairs = ((getattr(awake, name), getattr(self.supports, name)) for name in ("left", "right", "kinked", "at"))
        return Supports(*(np.where(sleeping, new, old) for new, old in pairs))

    def _awakened(self, d: Network) -> Array:
        """Return the integral of r s(dw x + db) for each neuron with w = b = 0, zero for the others."""
        p, sleeping = self.problem, self.degenerate
        out = p.zeros(len(sleeping))
        if not sleeping.any():
            return out
        dw, db = d.w[sleeping], d.b[sleeping]
        awake = supports_of(p, dw * p.start + db, dw * p.end + db, p.gamma)
        area, moment = self.residual.against(awake)
        out[sleeping] = dw * moment + (db + dw * p.middle) * area
        return out


def supports_of(p: Problem, at_start: Array, at_end: Array, gamma: Number) -> Supports:
    """Return the factors of neurons with these values of w x + b at the ends of the interval."""
    rising, falling = at_end > 0, at_start > 0
    one, low = p.number(1), gamma
    kinked = ((rising & (at_start < 0)) | (falling & (at_end < 0))) & (not p.linear)
    left, right = (np.full(len(at_start), low, dtype=at_start.dtype) for _ in range(2))
    left[falling | (~kinked & rising)] = one
    right[rising | (~kinked & falling)] = one
    if not p.linear:
        zero = (at_start == 0) & (at_end == 0)
        left[zero], right[zero] = p.number(0), p.number(0)
    at = p.zeros(len(at_start))
    low_end, high_end = at_start[kinked], at_end[kinked]
    at[kinked] = p.length / 2 * ((low_end + high_end) / (low_end - high_end))
    return Supports(left, right, kinked, at)
