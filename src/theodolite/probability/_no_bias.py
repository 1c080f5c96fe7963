"""One neuron without bias: its pattern and the labels belong to two hyperplanes through the origin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import comb, cos, exp, log, log1p, pi, sin
from typing import Any

import numpy as np

from theodolite._errors import DataError
from theodolite._evidence import Evidence, Method
from theodolite._references import cite
from theodolite._typing import Array, Integer, Real
from theodolite.probability._angle import in_pi, share_of_pi
from theodolite.probability._odds import Odds, check_whole, decay_of, exact_or_float, inputs_of, log_of
from theodolite.probability._simulation import solve_in_cell
from theodolite.probability._tail import log_filled

__all__ = ["NoBias", "no_bias"]

BITS_AT_MOST = 20_000
"""Exact probabilities have about twice so many binary digits at most; beyond, floating point."""


@dataclass(frozen=True)
class NoBias(Odds):
    """The answer of ``no_bias``. ``share`` is angle/pi, the mass on which pattern and labels disagree."""

    dimension: int
    share: Real

    @property
    def agreement(self) -> float:
        """The probability that pattern and labels agree on all samples or on none, unique or not."""
        share = float(self.share)
        return (1 - share) ** self.samples + share**self.samples

    @property
    def setting(self) -> str:
        """The assumptions that are arguments, in a few words."""
        return f"no bias, {inputs_of(self.dimension)}, angle {in_pi(self.share)}"

    def at(self, samples: Integer) -> NoBias:
        """The same setting with another number of samples."""
        return _no_bias(check_whole("samples", samples, 1), self.dimension, self.share)

    def _more(self) -> Iterator[tuple[str, str]]:
        yield "signs alone", f"{self.agreement:.10g}, also where the minimizer is not unique"

    @property
    def _entries(self) -> int:
        return self.samples * self.dimension

    def _trial(self, source: np.random.Generator, runs: int) -> tuple[Array, Array]:
        inputs = source.standard_normal((runs, self.samples, self.dimension))
        active = inputs[..., :1] > 0
        teacher = np.zeros(self.dimension)
        teacher[:2] = [cos(pi * float(self.share)), sin(pi * float(self.share))][: self.dimension]
        labels = np.where(active[..., 0], inputs @ teacher, source.standard_normal((runs, self.samples)))
        return solve_in_cell(inputs, active, labels)


def no_bias(samples: Integer, dimension: Integer, angle: Any) -> NoBias:
    """Return how probable it is that one neuron without bias has a unique and genuine minimum in a given pattern.

    Inputs x are independent and rotationally symmetric in ``dimension`` variables (standard normal, say); the neuron is
    active where w0 . x > 0; there the labels are w* . x exactly, elsewhere anything. ``angle`` is the one between w0
    and w*: radians, or an exact text such as "pi/3" or "60 deg". With mu = angle/pi and N = ``samples``

        P = ((1 - mu)^N + mu^N) P(Binomial(N, 1/2) >= dimension).

    Raises ``DataError`` for what is no count or angle.

    >>> import theodolite as th
    >>> th.probability.no_bias(2, 1, 0).probability  # one of two samples on the active side
    Fraction(3, 4)
    >>> print(f"{th.probability.no_bias(20, 3, 'pi/6').rate:.6f}")  # -log(1 - 1/6)
    0.182322
    """
    count, width = check_whole("samples", samples, 1), check_whole("dimension", dimension, 1, 10_000)
    share = share_of_pi(angle)
    if width == 1 and share not in (0, 1):
        raise DataError(
            f"The angle is {angle!r}", cause="on a line two directions agree or are opposite", fix='Pass 0 or "pi"'
        )
    return _no_bias(count, width, share)


def _no_bias(samples: int, dimension: int, share: Real) -> NoBias:
    exact = isinstance(share, Fraction) and samples * (1 + share.denominator.bit_length()) <= BITS_AT_MOST
    probability: Real
    if exact and isinstance(share, Fraction):
        # The rarer of the two sums has fewer terms.
        few = sum(comb(samples, k) for k in range(min(dimension, samples + 1)))
        probability = ((1 - share) ** samples + share**samples) * Fraction(2**samples - few, 2**samples)
        logarithm = log_of(probability)
    else:
        mu = float(share)
        less, more = sorted((mu, 1 - mu))
        agree = samples * log1p(-less)
        if less > 0:
            agree += log1p(exp(samples * (log(less) - log(more))))
        logarithm = min(0.0, agree + log_filled(samples, dimension, 0.5, np.array([0.5])))
        probability = exact_or_float(logarithm)
    rate = 0.0 - log1p(-min(float(share), 1 - float(share)))
    return NoBias(
        samples,
        probability,
        logarithm,
        decay_of(rate),
        rate,
        "((1 - mu)^N + mu^N) times the probability that at least d of N samples are active, mu = angle/pi: "
        "all samples agree or all disagree, and an agreeing or disagreeing sample is active with probability 1/2",
        _evidence(exact, dimension),
        dimension,
        share,
    )


def _evidence(exact: bool, dimension: int) -> Evidence:
    return Evidence(
        Method.EXACT if exact else Method.THEOREM,
        (cite("theodolite", "Genuine minima of one neuron without bias"),),
        scope=f"one neuron without bias on {inputs_of(dimension)}, independent and rotationally symmetric; labels linear "
        "where it is active, without noise; minima that are not unique are not counted",
    )
