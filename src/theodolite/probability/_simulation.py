"""Monte Carlo: draw data, solve the least-squares problem of a pattern, and look whether its minimizer has that pattern."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from theodolite._critical import generator
from theodolite._errors import DataError, WorkloadError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._notebook import facts_html, facts_text
from theodolite._typing import Array, Real

__all__ = ["Simulation", "Trial", "clopper_pearson", "run_trials", "solve_in_cell"]

Trial = Callable[[np.random.Generator, int], tuple[Array, Array]]
"""Draws so many data sets; returns for each whether the minimizer is unique and genuine, and whether it is unique."""

ENTRIES_AT_ONCE = 1_000_000
ENTRIES_AT_MOST = 10**10
"""Some ten minutes of one core."""
RANK_TOLERANCE = 1e-10
"""A pivot of the QR decomposition below this, relative to its column, counts as zero.

Rank is lost here only by having too few samples, which leaves pivots of 1e-16; others are this small with a probability
of that order.
"""


@dataclass(frozen=True)
class Simulation:
    """What random data sets showed: ``genuine`` of ``runs`` minimizers were unique and genuine.

    ``lower`` and ``upper`` bound the probability with at least this ``confidence`` (Clopper and Pearson's interval,
    which never covers less); ``unique`` counts unique minimizers, ``seed`` is ``None`` where a generator was passed.
    """

    estimate: float
    lower: float
    upper: float
    confidence: float
    runs: int
    genuine: int
    unique: int
    seed: int | None
    evidence: Evidence

    def covers(self, probability: Real) -> bool:
        """Whether ``probability`` lies in the confidence interval."""
        return self.lower <= float(probability) <= self.upper

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known, in reading order."""
        yield "estimate", f"{self.estimate:.6g} ({self.genuine:,} of {self.runs:,} runs)"
        yield "interval", f"{self.lower:.6g} to {self.upper:.6g}, confidence {100 * self.confidence:g} %"
        yield "unique", f"{self.unique:,} runs"
        yield "seed", "given as a generator" if self.seed is None else str(self.seed)
        yield "known by", str(self.evidence)

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


def run_trials(trial: Trial, entries: int, runs: Any, rng: Any, confidence: Any) -> Simulation:
    """Run ``trial``, which draws ``entries`` numbers for each data set, in batches that fit in the cache."""
    if isinstance(runs, bool) or not isinstance(runs, (int, np.integer)) or runs < 1:
        raise DataError(f"runs is {runs!r}", fix="Pass how many data sets to draw, an integer of 1 or more")
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float, np.number)) or not 0 < confidence < 1:
        raise DataError(f"confidence is {confidence!r}", fix="Pass a number between 0 and 1, such as 0.99")
    if int(runs) * entries > ENTRIES_AT_MOST:
        raise WorkloadError(
            f"{int(runs):,} runs draw {int(runs) * entries:,} numbers",
            count=int(runs) * entries,
            cause=f"more than {ENTRIES_AT_MOST:,} are not drawn",
            fix=f"Ask for at most {ENTRIES_AT_MOST // entries:,} runs"
            if entries <= ENTRIES_AT_MOST
            else "Use fewer samples",
        )
    source, left, genuine, unique = generator(rng), int(runs), 0, 0
    while left:
        batch = min(left, max(1, ENTRIES_AT_ONCE // entries))
        good, sole = trial(source, batch)
        genuine, unique, left = genuine + int(good.sum()), unique + int(sole.sum()), left - batch
    lower, upper = clopper_pearson(genuine, int(runs), float(confidence))
    seed = None if isinstance(rng, np.random.Generator) else int(rng)
    return Simulation(
        genuine / int(runs),
        lower,
        upper,
        float(confidence),
        int(runs),
        genuine,
        unique,
        seed,
        _evidence(float(confidence)),
    )


def _evidence(confidence: float) -> Evidence:
    return Evidence(
        Method.NUMERIC,
        assumptions=(
            Assumption(
                "the minimizer is unique: no pivot of the QR decomposition is small against its column",
                tolerance=RANK_TOLERANCE,
            ),
        ),
        scope=f"random data sets; the interval holds with a probability of at least {100 * confidence:g} %",
    )


def clopper_pearson(hits: int, runs: int, confidence: float) -> tuple[float, float]:
    """Return an interval that covers the probability of a hit with at least this confidence, whatever it is."""
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    lower = float(betaincinv(hits, runs - hits + 1, tail)) if hits else 0.0
    upper = float(betaincinv(hits + 1, runs - hits, 1 - tail)) if hits < runs else 1.0
    return lower, upper


def solve_in_cell(inputs: Array, active: Array, labels: Array) -> tuple[Array, Array]:
    """Solve each least-squares problem of a batch; return which minimizers are unique and genuine, and which are unique.

    ``inputs`` has the shape (runs, samples, dimension), ``active`` (runs, samples, neurons), ``labels`` (runs,
    samples). The minimizer is genuine if each neuron is positive on all its active samples and negative on all others,
    or the other way round.
    """
    runs, samples, dimension = inputs.shape
    width = active.shape[2] * dimension
    if samples < width:
        return np.zeros(runs, dtype=bool), np.zeros(runs, dtype=bool)
    design = (active[..., None] * inputs[:, :, None, :]).reshape(runs, samples, width)
    basis, upper = np.linalg.qr(design)
    pivots = np.abs(np.diagonal(upper, axis1=1, axis2=2))
    unique = (pivots > RANK_TOLERANCE * np.linalg.norm(design, axis=1)).all(axis=1)
    upper[~unique] = np.eye(width)
    weights = np.linalg.solve(upper, np.swapaxes(basis, 1, 2) @ labels[..., None])
    heights = inputs @ np.swapaxes(weights.reshape(runs, -1, dimension), 1, 2)
    sides = np.where(active, heights, -heights)
    genuine: Array = np.all(np.all(sides > 0, axis=1) | np.all(sides < 0, axis=1), axis=1)
    return genuine & unique, unique
