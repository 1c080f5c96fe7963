"""Neurons with bias whose weights are parallel: patterns and labels switch at thresholds along one direction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, log, log1p, pi, sqrt
from typing import Any

import numpy as np

from theodolite._arrays import as_number
from theodolite._errors import DataError, ShapeError
from theodolite._evidence import Evidence, Method
from theodolite._references import cite
from theodolite._typing import Array, Integer, Number
from theodolite.probability._odds import Odds, check_whole, decay_of, exact_or_float, inputs_of
from theodolite.probability._simulation import solve_in_cell
from theodolite.probability._tail import log_filled

__all__ = ["NestedThresholds", "nested_thresholds", "parallel_threshold"]

NEURONS_AT_MOST = 50
NARROW = 0.1
FARTHEST = 37.0
"""The normal mass beyond this is too small for floating point."""


@dataclass(frozen=True)
class Orientation:
    """One choice, for each neuron, of agreeing with its pattern on all samples or on none.

    ``turned`` names the neurons that agree on none; ``masses`` are those of the slabs, each less what is forbidden;
    ``allowed`` is their sum, as its distance ``forbidden`` from 1, so that masses near 1 keep their digits.
    """

    turned: tuple[int, ...]
    masses: tuple[float, ...]
    forbidden: float

    @property
    def log_allowed(self) -> float:
        """The logarithm of the mass on which a sample may lie."""
        return log1p(-self.forbidden) if self.forbidden < 0.5 else log(sum(self.masses))


@dataclass(frozen=True)
class NestedThresholds(Odds):
    """The answer of ``nested_thresholds`` and ``parallel_threshold``.

    ``agreement`` is the same probability without asking for uniqueness, the sum over orientations of (sum of q)^N: that
    each neuron agrees with its pattern on all samples or on none. ``orientations`` are the choices that have any mass.
    """

    dimension: int
    thresholds: tuple[float, ...]
    teacher_thresholds: tuple[float, ...]
    agreement: float
    orientations: tuple[Orientation, ...]

    @property
    def setting(self) -> str:
        """The assumptions that are arguments, in a few words."""
        shown = [", ".join(f"{number:g}" for number in row) for row in (self.thresholds, self.teacher_thresholds)]
        words = "thresholds" if len(self.thresholds) > 1 else "threshold"
        return f"bias, {inputs_of(self.dimension)}, {words} {shown[0]}, of the labels {shown[1]}"

    def at(self, samples: Integer) -> NestedThresholds:
        """The same setting with another number of samples."""
        return nested_thresholds(samples, self.dimension, self.thresholds, self.teacher_thresholds)

    def _more(self) -> Iterator[tuple[str, str]]:
        yield "signs alone", f"{self.agreement:.10g}, also where the minimizer is not unique"

    @property
    def _entries(self) -> int:
        return self.samples * (self.dimension + 1) * len(self.thresholds)

    def _trial(self, source: np.random.Generator, runs: int) -> tuple[Array, Array]:
        inputs = np.ones((runs, self.samples, self.dimension + 1))
        inputs[..., :-1] = source.standard_normal((runs, self.samples, self.dimension))
        along = inputs[..., :1]
        active = along > np.array(self.thresholds)
        slopes = source.uniform(1, 2, (runs, 1, len(self.thresholds)))
        slopes *= source.choice([-1.0, 1.0], slopes.shape)
        pieces = np.where(active, slopes * (along - np.array(self.teacher_thresholds)), 0).sum(axis=2)
        labels = np.where(active.any(axis=2), pieces, source.standard_normal(pieces.shape))
        return solve_in_cell(inputs, active, labels)


def parallel_threshold(
    samples: Integer, dimension: Integer, threshold: Number, teacher_threshold: Number
) -> NestedThresholds:
    """Return how probable it is that one neuron with bias has a unique and genuine minimum in a given pattern.

    Inputs x are independent and standard normal in ``dimension`` variables, u is a unit vector; the neuron is active
    where u . x > tau = ``threshold``; there the labels are c (u . x - tau') exactly, c not 0, tau' =
    ``teacher_threshold``. With Phi the normal distribution, mu = abs(Phi(tau') - Phi(tau)) and p = (1 - Phi(max(tau,
    tau')))/(1 - mu)

        P = (1 - mu)^N P(Binomial(N, p) >= dimension + 1) + mu^N [tau' > tau and N > dimension].

    It is ``nested_thresholds`` with one threshold. Raises ``DataError`` for what is no count or number.

    >>> import theodolite as th
    >>> from statistics import NormalDist
    >>> odds = th.probability.parallel_threshold(50, 2, threshold=0, teacher_threshold=0.1)
    >>> mu = NormalDist().cdf(0.1) - 0.5
    >>> print(f"{odds.probability:.6f}, without uniqueness {(1 - mu) ** 50:.6f}")
    0.131056, without uniqueness 0.131056
    """
    return nested_thresholds(samples, dimension, [threshold], [teacher_threshold])


def nested_thresholds(
    samples: Integer, dimension: Integer, thresholds: Any, teacher_thresholds: Any
) -> NestedThresholds:
    """Return how probable it is that neurons with nested parallel thresholds have a unique and genuine minimum in their patterns.

    Inputs x are independent and standard normal in ``dimension`` variables, u is a unit vector; neuron k is active
    where u . x > tau_k, tau_1 < ... < tau_m the ``thresholds``. The labels are the sum of c_k (u . x - tau'_k) over all
    active neurons k, exactly, c_k not 0 and tau'_k the ``teacher_thresholds``, in the order of the thresholds (on
    inputs on which no neuron is active they may be anything). Then

        P = sum over o of the sum over n_1, ..., n_m > dimension of N!/(n_0! ... n_m!) q_0^n_0 ... q_m^n_m,

    q_k the normal mass of slab k (tau_k < u . x < tau_(k+1)) where, for each j, u . x lies outside the interval between
    tau_j and tau'_j (o_j = +) or inside it (o_j = -). Raises ``DataError`` for thresholds that do not increase or
    counts that are none, ``ShapeError`` for lists of different lengths.

    >>> import theodolite as th
    >>> from statistics import NormalDist
    >>> odds = th.probability.nested_thresholds(100, 1, thresholds=[0, 1], teacher_thresholds=[0.02, 1])
    >>> mu = NormalDist().cdf(0.02) - 0.5
    >>> print(f"{odds.probability:.6f}, without uniqueness {(1 - mu) ** 100:.6f}")
    0.448866, without uniqueness 0.448866
    """
    count, width = check_whole("samples", samples, 1), check_whole("dimension", dimension, 1, 10_000)
    ours, theirs = _numbers("thresholds", thresholds), _numbers("teacher_thresholds", teacher_thresholds)
    if len(ours) != len(theirs):
        raise ShapeError(
            f"There are {len(ours)} thresholds and {len(theirs)} teacher thresholds",
            fix="Pass one teacher threshold for each threshold",
        )
    for low, high in pairwise(ours):
        if low >= high:
            raise DataError(f"Threshold {high:g} follows {low:g}", cause="they must increase", fix="Sort them")
    orientations = _orientations(ours, theirs)
    counted = [item for item in orientations if all(mass > 0 for mass in item.masses[1:])]
    logs = [log_filled(count, width + 1, item.masses[0], np.array(item.masses[1:])) for item in counted]
    logarithm = min(0.0, _log_sum(logs))
    rate = min((-item.log_allowed for item in counted), default=inf)
    return NestedThresholds(
        count,
        exact_or_float(logarithm),
        logarithm,
        decay_of(rate),
        rate + 0.0,
        _FORMULA if len(ours) == 1 else _FORMULAS,
        _evidence(len(ours), width),
        width,
        ours,
        theirs,
        exact_or_float(_log_sum([count * item.log_allowed for item in orientations])),
        orientations,
    )


_FORMULA = (
    "(1 - mu)^N P(Bin(N, p) >= d + 1), plus mu^N if tau' > tau and N > d: no sample lies between tau and tau', or all do, "
    "and more than d are active; mu is the normal mass between tau and tau', p = (1 - Phi(max))/(1 - mu)"
)
_FORMULAS = (
    "sum over orientations of the multinomial probability that all samples lie where the orientation allows, more than d of "
    "them in each slab: each neuron agrees with its pattern on all samples or on none"
)


def _numbers(name: str, given: Any) -> tuple[float, ...]:
    if isinstance(given, str) or not isinstance(given, (Iterable, np.ndarray)):
        raise DataError(f"{name} is {given!r}", fix="Pass a sequence of numbers")
    numbers = tuple(float(as_number(f"An entry of {name}", entry)) for entry in given)
    if not 0 < len(numbers) <= NEURONS_AT_MOST:
        raise DataError(f"{name} has {len(numbers)} entries", fix=f"Pass from 1 to {NEURONS_AT_MOST} numbers")
    for number in numbers:
        if abs(number) > FARTHEST:
            raise DataError(
                f"An entry of {name} is {number:g}",
                cause="the normal mass beyond it is too small for floating point",
                fix=f"Pass numbers between {-FARTHEST:g} and {FARTHEST:g}",
            )
    return numbers


def _mass(low: float, high: float) -> float:
    """Return the standard normal mass between two numbers, to full relative precision.

    Across a narrow interval the density is integrated, across a wide one the difference of the tails is taken on the side
    on which nothing cancels.
    """
    from scipy.special import ndtr

    if high - low < NARROW:
        places, weights = np.polynomial.legendre.leggauss(12)
        middle, half = (low + high) / 2, (high - low) / 2
        return float(weights @ np.exp(-((middle + half * places) ** 2) / 2)) * half / sqrt(2 * pi)
    return float(ndtr(-low) - ndtr(-high) if low > 0 else ndtr(high) - ndtr(low))


def _orientations(ours: tuple[float, ...], theirs: tuple[float, ...]) -> tuple[Orientation, ...]:
    """Cut the line at all thresholds: each piece lies in one slab, and is allowed in exactly one orientation."""
    cuts = [-inf, *sorted({*ours, *theirs}), inf]
    spans = [(min(pair), max(pair)) for pair in zip(ours, theirs, strict=True)]
    pieces: dict[tuple[int, ...], list[tuple[int, float]]] = {(): []}
    for low, high in pairwise(cuts):
        turned = tuple(k for k, (left, right) in enumerate(spans) if left <= low and high <= right)
        slab = sum(threshold <= low for threshold in ours)
        pieces.setdefault(turned, []).append((slab, _mass(low, high)))
    everything = [(key, mass) for key, found in pieces.items() for _, mass in found]
    return tuple(
        Orientation(
            key,
            tuple(sum((mass for at, mass in found if at == slab), 0.0) for slab in range(len(ours) + 1)),
            sum((mass for other, mass in everything if other != key), 0.0),
        )
        for key, found in sorted(pieces.items())
        if sum(mass for _, mass in found) > 0
    )


def _log_sum(logs: Sequence[float]) -> float:
    top = max(logs, default=-inf)
    return top if top == -inf else top + log(sum(exp(value - top) for value in logs))


def _evidence(neurons: int, dimension: int) -> Evidence:
    several = f"{neurons} neurons" if neurons > 1 else "one neuron"
    return Evidence(
        Method.THEOREM,
        (cite("theodolite", "Genuine minima of neurons with nested thresholds"),),
        scope=f"{several} with bias on {inputs_of(dimension)}, independent and standard normal; all weights parallel, labels "
        "affine on each slab, without noise; minima that are not unique are not counted",
    )
