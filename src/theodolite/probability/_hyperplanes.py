"""The general principle: whatever fixes the minimizer, it is genuine if no sample lies where it must not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import exp, inf, log, log1p
from typing import Any

import numpy as np

from theodolite._arrays import as_number
from theodolite._errors import DataError
from theodolite._evidence import Evidence, Method
from theodolite._references import cite
from theodolite._typing import Array, Integer, Real
from theodolite.probability._odds import Odds, check_whole, decay_of, exact_or_float, log_of

__all__ = ["FixedHyperplanes", "fixed_hyperplanes"]

BITS_AT_MOST = 20_000
SLACK = 1e-12
"""How much more than 1 the allowed masses may add up to, for rounding."""


@dataclass(frozen=True)
class FixedHyperplanes(Odds):
    """The answer of ``fixed_hyperplanes``; ``forbidden`` are the masses that it was given."""

    forbidden: tuple[Real, ...]

    @property
    def setting(self) -> str:
        """The assumptions that are arguments, in a few words."""
        return f"fixed hyperplanes, forbidden masses {', '.join(f'{float(mass):g}' for mass in self.forbidden)}"

    def at(self, samples: Integer) -> FixedHyperplanes:
        """The same setting with another number of samples."""
        return fixed_hyperplanes(samples, self.forbidden)

    @property
    def _entries(self) -> int:
        return self.samples

    def _trial(self, source: np.random.Generator, runs: int) -> tuple[Array, Array]:
        """Draw for each sample in which of the allowed sets it lies: nothing is solved, because nothing but masses is given."""
        ends = np.cumsum([1 - float(mass) for mass in self.forbidden])
        sets = np.searchsorted(ends, source.random((runs, self.samples)), side="right")
        alike = (sets == sets[:, :1]).all(axis=1) & (sets[:, 0] < len(self.forbidden))
        return alike, np.ones(runs, dtype=bool)


def fixed_hyperplanes(samples: Integer, forbidden: Any) -> FixedHyperplanes:
    """Return how probable it is that a minimizer is genuine whose hyperplanes do not depend on the sample.

    Neuron j has the pattern of a hyperplane H_j, and the minimizer puts its kink on H'_j, both fixed beforehand. Let
    D_j be the set on which the two classify differently. In orientation o neuron j must agree on every sample (o_j = +:
    none lies in D_j) or on none (o_j = -: none lies outside). ``forbidden`` lists, for each orientation o, the mass
    mu_o of what is forbidden in it, the union over j of D_j or of its complement. Then, for N = ``samples`` independent
    inputs of any distribution,

        P = sum over o of (1 - mu_o)^N,

    apart from the probability that the minimizer is not unique. The allowed sets are disjoint, so the numbers 1 - mu_o
    add up to at most 1; orientations left out count as forbidden altogether. Raises ``DataError`` for what are no such
    masses.

    >>> import theodolite as th
    >>> th.probability.fixed_hyperplanes(3, ["1/4", "3/4"]).probability
    Fraction(7, 16)
    """
    count = check_whole("samples", samples, 1)
    if isinstance(forbidden, str) or not isinstance(forbidden, (Iterable, np.ndarray)):
        raise DataError(f"forbidden is {forbidden!r}", fix="Pass a sequence of masses, one for each orientation")
    masses: tuple[Any, ...] = tuple(as_number("An entry of forbidden", entry) for entry in forbidden)
    for mass in masses:
        if not 0 <= mass <= 1:
            raise DataError(f"A forbidden mass is {mass}", fix="Pass numbers between 0 and 1")
    allowed = [1 - mass for mass in masses]
    if not masses or sum(allowed) > 1 + (SLACK if any(isinstance(mass, float) for mass in masses) else 0):
        raise DataError(
            f"The allowed masses add up to {float(sum(allowed)):g}" if masses else "forbidden is empty",
            cause="what one orientation allows every other forbids",
            fix="Pass for each orientation the mass of the union of its forbidden sets",
        )
    exact = all(isinstance(mass, Fraction) for mass in masses)
    exact = exact and count * sum(mass.denominator.bit_length() for mass in masses) <= BITS_AT_MOST
    logs = [log1p(-float(mass)) if 2 * mass < 1 else log_of(1 - mass) for mass in masses]
    top = max(logs)
    probability: Real
    if exact:
        probability = Fraction(sum(mass**count for mass in allowed))
        logarithm = log_of(probability)
    else:
        spread = [exp(count * (value - top)) for value in logs] if top > -inf else []
        logarithm = min(0.0, count * top + log(sum(spread))) if spread else -inf
        probability = exact_or_float(logarithm)
    return FixedHyperplanes(
        count,
        probability,
        logarithm,
        decay_of(-top),
        0.0 - top,
        "sum over orientations of (1 - mu)^N, mu the mass forbidden in each: no sample lies where its neuron must not be wrong, "
        "or none lies where it must not be right",
        _evidence(exact),
        masses,
    )


def _evidence(exact: bool) -> Evidence:
    return Evidence(
        Method.EXACT if exact else Method.THEOREM,
        (cite("theodolite", "Genuine minima with fixed hyperplanes"),),
        scope="independent inputs with these masses, a minimizer whose hyperplanes do not depend on them, each neuron with a "
        "pattern of its own; the probability that the minimizer is not unique is left out",
    )
