r"""The one-sided derivative of the sum of squares when one neuron moves off its kinks.

For a neuron with the signs :math:`s_i` of :math:`w \cdot x_i` and the output weight z, S changes at the rate
:math:`2 |z|\, h(v)` when w moves along v, with

.. math::  h(v) = g \cdot v + \sum_\ell r_\ell\, (u_\ell \cdot v)^+ + l_\ell\, (u_\ell \cdot v)^-

over the lines of the rows on which the neuron is 0: g comes from the other rows, r and l from both sides of each line. That is
:math:`s [P \cdot v + \frac{1-\gamma}{2} \sum_\ell \kappa_\ell |u_\ell \cdot v|]` with the cancellation between P and kappa done
on paper, so that what is zero for every error is zero in floating point too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Shaped

from theodolite._numerics import to_floats
from theodolite._typing import Array
from theodolite.relu._problem import Number, Problem

__all__ = ["OneSided", "as_floats", "one_sided", "rounding"]

_UNITS = 16.0
"""Round-off of an error, in units of 2^-52 times the numbers that it is the difference of."""


@dataclass(frozen=True, eq=False)
class OneSided:
    """The function h above, in rationals or in floats.

    ``directions`` (l, d) are the lines, ``right`` and ``left`` (l,) their two slopes, ``lines`` (l,) their numbers in
    ``problem.lines`` (-1 where a line is not one of those). The noises bound what round-off in the errors can do (zeros for
    rationals).
    """

    linear: Shaped[np.ndarray, " d"]
    right: Shaped[np.ndarray, " l"]
    left: Shaped[np.ndarray, " l"]
    directions: Shaped[np.ndarray, "l d"]
    lines: Int[np.ndarray, " l"]
    linear_noise: Float[np.ndarray, " d"]
    right_noise: Float[np.ndarray, " l"]
    left_noise: Float[np.ndarray, " l"]

    @property
    def exact(self) -> bool:
        """Whether the numbers are rational."""
        return self.linear.dtype == object

    @property
    def bends(self) -> Array:
        """Half of ``right + left``: (1 - gamma) s kappa / 2, positive where h is convex across the line."""
        return np.asarray((self.right + self.left) / 2)

    @property
    def mean(self) -> Array:
        """s P: the linear part of h once every line is written with an absolute value."""
        return np.asarray(self.linear + ((self.right - self.left) / 2) @ self.directions)

    def value(self, v: Array) -> Number:
        """Return h(v)."""
        across = self.directions @ v
        return self.linear @ v + (np.where(across > 0, self.right, -self.left) * across).sum()

    def noise(self, v: Array) -> float:
        """Return how far round-off in the errors can move h(v)."""
        across = self.directions @ v
        sides = np.where(across > 0, self.right_noise, self.left_noise) * np.abs(across)
        return float(self.linear_noise @ np.abs(v) + sides.sum())

    def take(self, keep: Array, linear: Array | None = None) -> OneSided:
        """Return the function with the lines ``keep`` only, and with another linear part."""
        return OneSided(
            self.linear if linear is None else linear,
            self.right[keep],
            self.left[keep],
            self.directions[keep],
            self.lines[keep],
            self.linear_noise,
            self.right_noise[keep],
            self.left_noise[keep],
        )


def rounding(problem: Problem, terms: Array, units: float = _UNITS) -> Array:
    """Return a bound on the round-off of each error, given the sum of the sizes of the terms that it is made of.

    Data of a coarser type adds its own rounding, which happened once and not in every operation.
    """
    if problem.exact:
        return np.zeros(problem.samples)
    epsilon = float(np.finfo(np.float64).eps)
    coarse = problem.epsilon if problem.epsilon > epsilon else 0.0
    return np.asarray((units * epsilon + coarse) * terms)


def one_sided(problem: Problem, error: Array, signs: Array, outer_sign: int, noise: Any = None) -> OneSided:
    """Return h of a neuron with the sign vector ``signs`` (n,) and an output weight of sign +1 or -1.

    ``error`` (n,) is the residual e in the problem's arithmetic, ``noise`` (n,) a bound on its round-off. By default that is the
    round-off of numbers as large as the error and the targets together.
    """
    lines = problem.lines
    gamma = problem.slope
    if noise is None:
        noise = rounding(problem, np.abs(error) + np.abs(problem.targets))
    kinked = np.flatnonzero((signs == 0) & (lines.line >= 0))
    found, place = np.unique(lines.line[kinked], return_inverse=True)
    linear, linear_noise = _linear(problem, error, signs, outer_sign, noise)
    right, left = problem.zeros(len(found)), problem.zeros(len(found))
    right_noise, left_noise = np.zeros(len(found)), np.zeros(len(found))
    pull = outer_sign * error[kinked] * np.abs(lines.coefficient[kinked])
    ahead = np.asarray(lines.coefficient[kinked] > 0, dtype=bool)
    np.add.at(right, place, np.where(ahead, pull, -gamma * pull))
    np.add.at(left, place, np.where(ahead, -gamma * pull, pull))
    if not problem.exact:
        blur = noise[kinked] * np.abs(lines.coefficient[kinked])
        np.add.at(right_noise, place, np.where(ahead, blur, gamma * blur))
        np.add.at(left_noise, place, np.where(ahead, gamma * blur, blur))
    return OneSided(linear, right, left, lines.direction[found], found, linear_noise, right_noise, left_noise)


def _linear(problem: Problem, error: Array, signs: Array, outer_sign: int, noise: Array) -> tuple[Array, Array]:
    """Return s times the sum of e_i x_i over the rows ahead and gamma times those behind, and its round-off."""
    active = signs != 0 if problem.slope != 0 else signs > 0
    rows = problem.inputs[active]
    weight = np.asarray(np.where(np.asarray(signs[active] > 0), problem.number(1), problem.slope))
    if not len(rows):
        return problem.zeros(problem.width), np.zeros(problem.width)
    linear = outer_sign * problem.product((weight * error[active]).reshape(1, -1), rows)[0]
    if problem.exact:
        return linear, np.zeros(problem.width)
    return linear, (weight * noise[active]) @ np.abs(rows)


def as_floats(form: OneSided) -> OneSided:
    """Return the nearest floats of a rational function, without noise."""
    return OneSided(
        to_floats(form.linear),
        to_floats(form.right),
        to_floats(form.left),
        to_floats(form.directions),
        form.lines,
        form.linear_noise,
        form.right_noise,
        form.left_noise,
    )
