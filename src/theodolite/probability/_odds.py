"""What every answer here has: the probability, how it decays, the formula in words, and how it is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import exp, inf, log
from typing import Any

import numpy as np

from theodolite._errors import DataError
from theodolite._evidence import Evidence
from theodolite._notebook import facts_html, facts_text
from theodolite._typing import Array, Integer, Number, Real, Seed
from theodolite.probability._simulation import Simulation, run_trials

__all__ = ["Decay", "Odds", "check_whole", "decay_of", "exact_or_float", "inputs_of", "log_of"]

SAMPLES_AT_MOST = 10**9
SHORT = 40


class Decay(Enum):
    """How a probability falls as the number of samples grows."""

    NONE = "none"
    EXPONENTIAL = "exponential"
    POLYNOMIAL = "polynomial"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Odds(ABC):
    """The probability that the minimizer inside a pattern is unique and genuine, for ``samples`` random inputs.

    ``probability`` is a ``Fraction`` where everything given was rational, else a float, which may underflow to 0 where
    ``log_probability`` (natural logarithm) does not. ``decay`` says how it falls with the number N of samples:
    exponentially, as exp(-``rate`` N) up to a factor of lower order; polynomially, as N^(-``rate``); or not at all
    (``rate`` 0). ``formula`` is what was evaluated, in words.
    """

    samples: int
    probability: Real
    log_probability: float
    decay: Decay
    rate: float
    formula: str
    evidence: Evidence

    @abstractmethod
    def at(self, samples: Integer) -> Odds:
        """The same setting with another number of samples."""

    @property
    @abstractmethod
    def setting(self) -> str:
        """The assumptions that are arguments, in a few words."""

    @property
    @abstractmethod
    def _entries(self) -> int:
        """How many numbers one data set takes while it is solved."""

    @abstractmethod
    def _trial(self, source: np.random.Generator, runs: int) -> tuple[Array, Array]:
        """Draw and solve so many data sets."""

    def simulate(self, runs: Integer = 10_000, rng: Seed = 0, *, confidence: Number = 0.99) -> Simulation:
        """Draw ``runs`` data sets, solve each, and count the minimizers that are unique and genuine.

        Raises ``DataError`` for what is no count, seed or confidence, and ``WorkloadError`` for what would take hours.
        """
        return run_trials(self._trial, self._entries, runs, rng, confidence)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "setting", self.setting
        yield "samples", f"{self.samples:,}"
        yield "probability", self._number()
        yield from self._more()
        yield "formula", self.formula
        yield "decay", self._decay()
        yield "known by", str(self.evidence)

    def _more(self) -> Iterator[tuple[str, str]]:
        """Yield related numbers that the setting knows."""
        yield from ()

    def _number(self) -> str:
        if self.log_probability == -inf:
            return "0"
        if self.log_probability < -700:
            exponent = int(self.log_probability // log(10))
            return f"{exp(self.log_probability - exponent * log(10)):.6g}e{exponent}"
        text = f"{exp(self.log_probability):.10g}"
        exact = str(self.probability) if isinstance(self.probability, Fraction) else ""
        return f"{exact}, about {text}" if "/" in exact and len(exact) <= SHORT else text

    def _decay(self) -> str:
        if self.decay is Decay.NONE:
            return "none: no region is forbidden"
        if self.decay is Decay.POLYNOMIAL:
            return f"polynomial: as N^(-{self.rate:g}) for N samples"
        if self.rate == inf:
            return "the probability is 0 for every number of samples"
        return f"exponential: as exp(-{self.rate:.6g} N) for N samples"

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


def inputs_of(dimension: int) -> str:
    """Return how many inputs there are, in words."""
    return f"{dimension} input{'' if dimension == 1 else 's'}"


def check_whole(name: str, value: Any, least: int, most: int = SAMPLES_AT_MOST) -> int:
    """Return ``value`` as an int, or refuse what is no integer between ``least`` and ``most``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
        raise DataError(f"{name} is {value!r}", fix=f"Pass an integer from {least:,} to {most:,}")
    return int(value)


def log_of(value: Real) -> float:
    """Return the natural logarithm of a probability, of a ``Fraction`` of any size too."""
    if isinstance(value, Fraction):
        return log(value.numerator) - log(value.denominator) if value else -inf
    return log(float(value)) if float(value) > 0 else -inf


def exact_or_float(log_probability: float) -> float:
    """Return the probability whose logarithm this is; rounding never makes it more than 1."""
    return exp(min(log_probability, 0.0))


def decay_of(rate: float) -> Decay:
    """Return how something falls that is of the order of exp(-rate N)."""
    return Decay.EXPONENTIAL if rate > 0 else Decay.NONE
