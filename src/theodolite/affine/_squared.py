"""Loss, derivatives and the second-order form for the activation z squared: polynomials on one piece."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._typing import Array
from theodolite.affine._problem import Network, Number, Problem

__all__ = ["SquaredLoss"]


@dataclass(frozen=True, eq=False)
class SquaredLoss:
    """The loss of one network and what can be derived from it; polynomials in y = x - midpoint, lowest power first."""

    problem: Problem
    network: Network

    @cached_property
    def powers(self) -> Array:
        """The integrals of y^0, ..., y^4 over the interval."""
        half = self.problem.length / 2
        return self.problem.array([2 * half ** (k + 1) / (k + 1) if k % 2 == 0 else 0 for k in range(5)])

    @cached_property
    def shift(self) -> Array:
        """b + w m: the value of each neuron's line at the midpoint."""
        value: Array = self.network.b + self.network.w * self.problem.middle
        return value

    @cached_property
    def residual(self) -> Array:
        """The three coefficients of f(x) - alpha x - beta."""
        p, net = self.problem, self.network
        weighted = net.v * self.shift
        return p.array(
            [
                (weighted * self.shift).sum() + net.c - p.alpha * p.middle - p.beta,
                2 * (weighted * net.w).sum() - p.alpha,
                (net.v * net.w * net.w).sum(),
            ]
        )

    @cached_property
    def loss(self) -> Number:
        """The integral of the squared residual."""
        return self._integral(self.residual, self.residual)

    def gradient(self, slope_at_zero: Number) -> Network:
        """Return the gradient; the activation is smooth, so ``slope_at_zero`` changes nothing."""
        p, net = self.problem, self.network
        area, moment, second = self._moments(self.residual)
        weight = self.shift * area + net.w * moment
        tilt = self.shift * moment + net.w * second
        return Network(
            4 * net.v * (tilt + p.middle * weight),
            4 * net.v * weight,
            2 * (self.shift * weight + net.w * tilt),
            2 * area + slope_at_zero * 0,
        )

    def obstacle(self) -> str | None:
        """Return None: a polynomial has every derivative."""
        return None

    def hessian_product(self, d: Network) -> Network:
        """Return the Hessian applied to ``d``."""
        p, net = self.problem, self.network
        shift_d = d.b + d.w * p.middle
        change = self._change(d)
        r0, r1, r2 = self._moments(self.residual)
        e0, e1, e2 = self._moments(change)
        # The weights of the residual are v z s'(z)/2 and so on; each product rule has one term per varied factor.
        weight = self.shift * e0 + net.w * e1
        tilt = self.shift * e1 + net.w * e2
        moved_weight = shift_d * r0 + d.w * r1
        moved_tilt = shift_d * r1 + d.w * r2
        still_weight = self.shift * r0 + net.w * r1
        still_tilt = self.shift * r1 + net.w * r2
        to_shift = 4 * (net.v * (weight + moved_weight) + d.v * still_weight)
        to_slope = 4 * (net.v * (tilt + moved_tilt) + d.v * still_tilt)
        to_v = 2 * (self.shift * weight + net.w * tilt) + 4 * (shift_d * still_weight + d.w * still_tilt)
        return Network(to_slope + p.middle * to_shift, to_shift, to_v, 2 * e0)

    def directional_derivative(self, d: Network) -> Number:
        """Return the derivative along ``d``."""
        return self.gradient(self.problem.number(0)).dot(d)

    def second_order_form(self, d: Network) -> Number:
        """Return the second derivative along ``d``."""
        return self.hessian_product(d).dot(d)

    def _change(self, d: Network) -> Array:
        p, net = self.problem, self.network
        shift_d = d.b + d.w * p.middle
        return p.array(
            [
                d.c + (d.v * self.shift**2 + 2 * net.v * self.shift * shift_d).sum(),
                2 * (d.v * self.shift * net.w + net.v * (self.shift * d.w + net.w * shift_d)).sum(),
                (d.v * net.w**2 + 2 * net.v * net.w * d.w).sum(),
            ]
        )

    def _moments(self, polynomial: Array) -> tuple[Number, Number, Number]:
        """Return the integrals of the polynomial times 1, y and y^2."""
        m = self.powers
        values = [(polynomial * m[k : k + 3]).sum() for k in range(3)]
        return values[0], values[1], values[2]

    def _integral(self, first: Array, second: Array) -> Number:
        value: Number = (np.outer(first, second) * self.powers[np.add.outer(range(3), range(3))]).sum()
        return value
