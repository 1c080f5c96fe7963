"""Labels that have nothing to do with the inputs: the minimizer then moves with the sample, and the decay is polynomial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, lgamma, log, pi

import numpy as np

from theodolite._evidence import Evidence, Method
from theodolite._references import cite
from theodolite._typing import Array, Integer
from theodolite.probability._odds import Decay, Odds, check_whole, exact_or_float, inputs_of
from theodolite.probability._simulation import solve_in_cell

__all__ = ["NoisyLabels", "noisy_labels"]

NODES = 200


@dataclass(frozen=True)
class NoisyLabels(Odds):
    """The answer of ``noisy_labels``, a heuristic.

    ``leading`` is the leading order itself, which exceeds 1 for few samples (``probability`` is cut at 1).
    ``isotropic`` is the value for a minimizer whose direction were uniform and independent of the inputs, the heuristic
    before the limit of many samples: the mean of (1 - t/pi)^N + (t/pi)^N over the angle t. The two agree as N grows.
    """

    dimension: int
    leading: float
    isotropic: float

    @property
    def setting(self) -> str:
        """The assumptions that are arguments, in a few words."""
        return f"no bias, {inputs_of(self.dimension)}, noisy labels"

    def at(self, samples: Integer) -> NoisyLabels:
        """The same setting with another number of samples."""
        return noisy_labels(samples, self.dimension)

    def _more(self) -> Iterator[tuple[str, str]]:
        yield "before limit", f"{self.isotropic:.10g}, for a minimizer of uniform direction, independent of the inputs"

    @property
    def _entries(self) -> int:
        return self.samples * self.dimension

    def _trial(self, source: np.random.Generator, runs: int) -> tuple[Array, Array]:
        inputs = source.standard_normal((runs, self.samples, self.dimension))
        return solve_in_cell(inputs, inputs[..., :1] > 0, source.standard_normal((runs, self.samples)))


def noisy_labels(samples: Integer, dimension: Integer) -> NoisyLabels:
    """Return how probable a genuine minimum of one neuron is where the labels are noise: to leading order, by a heuristic.

    Inputs x are independent and standard normal in d = ``dimension`` >= 2 variables, labels are independent of them and
    centred; the neuron, without bias, is active on a half-space. For N = ``samples``

        P ~ 2 pi^(d-1) (d-2)! / B_d * N^(-(d-1)),    B_d = sqrt(pi) Gamma((d-1)/2)/Gamma(d/2):

    polynomial, not exponential, because the minimizer's direction spreads over all angles, and small angles cost
    little. Raises ``DataError`` for what is no count.

    >>> import theodolite as th
    >>> odds = th.probability.noisy_labels(1000, 2)
    >>> round(odds.probability * 1000, 9), round(odds.isotropic * 1001, 9)  # 2/N and 2/(N + 1)
    (2.0, 2.0)
    """
    count, width = check_whole("samples", samples, 1), check_whole("dimension", dimension, 2, 10_000)
    leading = log(2) + (width - 1) * log(pi / count) + lgamma(width - 1) - _log_beta(width)
    return NoisyLabels(
        count,
        exact_or_float(leading),
        min(leading, 0.0),
        Decay.POLYNOMIAL,
        float(width - 1),
        "2 pi^(d-1) (d-2)!/B_d N^(-(d-1)), at most 1, B_d = sqrt(pi) Gamma((d-1)/2)/Gamma(d/2)",
        _evidence(width, leading),
        width,
        exp(min(leading, 700.0)),
        _isotropic(count, width),
    )


def _log_beta(dimension: int) -> float:
    """Return the logarithm of the integral of sin^(d-2) from 0 to pi."""
    return 0.5 * log(pi) + lgamma((dimension - 1) / 2) - lgamma(dimension / 2)


def _isotropic(samples: int, dimension: int) -> float:
    """Return the mean of (1 - t/pi)^N + (t/pi)^N, t the angle of a uniform direction: by symmetry twice that of one term."""
    if dimension == 2:
        return 2 / (samples + 1)
    # With 1 - t/pi = exp(-v/(N + 1)) the first term is exp(-v) dv, and sines are all that is left to integrate.
    end = dimension + 40 + 12 * dimension**0.5
    places, weights = np.polynomial.legendre.leggauss(NODES)
    v = (places + 1) * end / 2
    logs = (dimension - 2) * np.log(np.sin(pi * -np.expm1(-v / (samples + 1)))) - v
    top = float(logs.max())
    total = log(float(weights @ np.exp(logs - top)) * end / 2) + top
    return exact_or_float(log(2 * pi / (samples + 1)) - _log_beta(dimension) + total)


def _evidence(dimension: int, leading: float) -> Evidence:
    large = "" if leading < 0 else "; here N is so small that the leading order exceeds 1 and says nothing"
    return Evidence(
        Method.NUMERIC,
        (cite("theodolite", "Genuine minima with noisy labels"),),
        scope="leading order for many samples, by a heuristic (a minimizer of uniform direction, independent of the inputs) and "
        f"Monte Carlo in 2 and 3 dimensions, not by a proof; one neuron without bias on {inputs_of(dimension)}, independent and "
        f"standard normal, labels independent of them with mean 0{large}",
        complete=False,
    )
