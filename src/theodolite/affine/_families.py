"""The saddles with kinks: where their breakpoints lie, which way they open, how much each bends, and what the loss is.

With g = sqrt(gamma) and p = sqrt(1 + gamma), the lengths of the pieces between breakpoints are proportional to (first, inner,
..., inner, last), kinks alternate in sign, and the residual has the same mean square on every piece. Here 0 <= gamma < 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theodolite._typing import Array
from theodolite.affine._problem import Number, Problem, rational_sqrt
from theodolite.affine._roots import RootField

__all__ = ["FAMILIES", "Family", "Layout", "families_of", "layout", "loss_of"]


@dataclass(frozen=True)
class Family:
    """One of the five patterns; ``first_sign`` is the sign of w at the first breakpoint."""

    name: str
    first_sign: int
    even: bool
    code: int
    words: str

    @property
    def mirrored(self) -> bool:
        """Whether the breakpoints sit where the mirror image x -> -x of O+ has them."""
        return self.name == "O-"


FAMILIES = (
    Family("R", 1, True, 0, "even spacing, signs +-...+-"),
    Family("E+", 1, True, 1, "even number of kinks, signs +-...+-"),
    Family("E-", -1, True, 2, "even number of kinks, signs -+...-+"),
    Family("O+", 1, False, 3, "odd number of kinks, signs +-...+"),
    Family("O-", -1, False, 4, "odd number of kinks, signs -+...-"),
)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where a family with n kinks puts them, in one problem's arithmetic.

    ``lengths`` are those of the n + 1 pieces, ``at`` the breakpoints, ``signs`` those of w there, ``bends`` the sums of v |w|
    of all neurons at each breakpoint, ``slopes`` those of the residual on each piece, ``loss`` the value.
    """

    family: Family
    lengths: Array
    at: Array
    signs: Array
    bends: Array
    slopes: Array
    loss: Number


def families_of(gamma: Number, kinks: int) -> tuple[Family, ...]:
    """Return the families that have this many kinks, lowest loss first."""
    if kinks < 1 or gamma == 1:
        return ()
    if gamma == 0:
        return FAMILIES[:1] if kinks % 2 == 0 else ()
    return FAMILIES[1:3] if kinks % 2 == 0 else FAMILIES[3:]


def _proportions(problem: Problem, family: Family, kinks: int) -> tuple[Number, Number, Number, Number] | None:
    """Return first : inner : last and the square root of the factor by which the total enters the loss.

    None where these are irrational and the problem is exact. Common factors are divided out there, because E- with 1/gamma + 1
    a rational square is rational although sqrt(gamma) is not; in floats 1/gamma might overflow.
    """
    gamma = problem.gamma
    one = problem.number(1)
    if family.name == "R":
        return one, one, one, one
    if family.name == "E-" and problem.exact:
        inner = _root(problem, (1 + gamma) / gamma)
        return None if inner is None else (one, inner, one, gamma)
    g = one if family.name == "E+" else _root(problem, gamma)
    inner = one if kinks == 1 else _root(problem, 1 + gamma)
    if g is None or inner is None:
        return None
    if family.name == "E-":
        return g, inner, g, one
    return (g, inner, one, one) if family.mirrored else (one, inner, g, one)


def _root(problem: Problem, value: Number) -> Number | None:
    if isinstance(value, Fraction):
        return rational_sqrt(value)
    return float(np.sqrt(value))


def loss_of(problem: Problem, family: Family, kinks: int) -> Number:
    """Return the loss of the family: in exact problems a Fraction, or a sum of square roots where it is irrational."""
    gamma = problem.gamma
    shares = _proportions(problem, family, kinks)
    if shares is not None:
        total = shares[0] + (kinks - 1) * shares[1] + shares[2]
        return problem.plateau * (1 - gamma) ** 2 / (shares[3] ** 2 * total**4)
    steps = Fraction(kinks - 1)
    ends = {"E+": (2, 0), "E-": (0, 2)}.get(family.name, (1, 1))
    total = RootField(gamma, 1 + gamma).number(ends[0], ends[1], steps, 0)
    square = total * total
    return (square * square).inverse().scaled(problem.plateau * (1 - gamma) ** 2).value()


def layout(problem: Problem, family: Family, kinks: int) -> Layout | None:
    """Return the positions and bends of a family, or None where they are irrational and the problem is exact."""
    shares = _proportions(problem, family, kinks)
    if shares is None:
        return None
    first, inner, last, _ = shares
    lengths = problem.array([first, *[inner] * (kinks - 1), last])
    total = first + (kinks - 1) * inner + last
    lengths = lengths * (problem.length / total)
    gamma = problem.gamma
    order = np.arange(kinks + 1)
    alternating = 1 - 2 * (order % 2)
    # The slope of f on the first piece fixes kappa = |slope of r| times length; its sign follows the first kink.
    kappa = -family.first_sign * problem.alpha * (1 - gamma) * problem.length / (total**2 * shares[3])
    slopes = alternating * kappa / lengths
    return Layout(
        family,
        lengths,
        problem.start + np.cumsum(lengths)[:-1],
        family.first_sign * alternating[:-1],
        (slopes[1:] - slopes[:-1]) / (1 - gamma),
        slopes,
        kappa**2 * problem.length / 12,
    )
