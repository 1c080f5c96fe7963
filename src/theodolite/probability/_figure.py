"""Exponential against polynomial decay, in one picture."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np

from theodolite._errors import DataError
from theodolite._panels import Curve, CurvePanel
from theodolite._typing import Array, Integer, Seed
from theodolite.probability._odds import Decay, Odds, check_whole
from theodolite.probability._simulation import Simulation

__all__ = ["figure", "panel"]

ROLES = ("model", "target", "reference")
PLACES = 100
DOTS = 8
SHY = 1e-12
LOWEST = 1e-9
"""Smaller probabilities are not drawn: the slower decay would shrink to a line at the top."""


def panel(*odds: Any, largest: Integer = 100, runs: Integer = 0, rng: Seed = 0) -> CurvePanel:
    """Return one to three probabilities as functions of the number of samples, on a logarithmic scale, as plain data for figures.

    Each curve goes from the fewest samples with a positive probability (below 1 for a leading order) up to ``largest``.
    With ``runs``, dots are Monte-Carlo estimates from so many data sets each, at up to eight numbers of samples, and
    stems their 99 % intervals; estimates of 0 have no place on a logarithmic scale and are left out.
    """
    if not 1 <= len(odds) <= len(ROLES) or not all(isinstance(item, Odds) for item in odds):
        raise DataError(
            f"{', '.join(type(item).__name__ for item in odds) or 'Nothing'} cannot be drawn",
            fix=f"Pass from 1 to {len(ROLES)} answers of theodolite.probability",
        )
    most, trials = check_whole("largest", largest, 10, 10**6), check_whole("runs", runs, 0)
    curves, seen = [], []
    for item, role in zip(odds, ROLES, strict=False):
        places = np.unique([*_rounded(np.linspace(1, most, PLACES)), *_rounded(np.geomspace(1, most, PLACES))])
        found = [(int(n), item.at(int(n)).log_probability) for n in places]
        bound = 0.0 if item.evidence.complete else -SHY
        kept = [(float(n), exp(value)) for n, value in found if log(LOWEST) <= value <= bound]
        if not kept:
            raise DataError(
                f"All probabilities up to {most:,} samples are below {LOWEST:g}",
                cause=item.setting,
                fix="Choose another range or setting",
            )
        curves.append(Curve(_name(item), role, tuple(n for n, _ in kept), tuple(p for _, p in kept)))
        if trials:
            seen += _dots(item, [int(n) for n, _ in kept], trials, rng)
    if seen:
        names = f"Monte Carlo, {trials:,} runs each"
        curves.append(
            Curve(
                "99 % intervals",
                "stems",
                tuple(float(n) for n, _ in seen for _ in range(2)),
                tuple(end for _, found in seen for end in (found.lower, found.upper)),
            )
        )
        curves.append(
            Curve(names, "data", tuple(float(n) for n, _ in seen), tuple(found.estimate for _, found in seen))
        )
    return CurvePanel(
        "Odds of a genuine minimum",
        _caption(odds),
        "number of samples",
        "probability that the minimum inside a pattern is genuine",
        tuple(curves),
        logarithmic=True,
    )


def figure(*odds: Any, largest: Integer = 100, runs: Integer = 0, rng: Seed = 0) -> Any:
    """Return the picture of ``panel`` as a matplotlib figure; save it with ``savefig``.

    Raises ``TheodoliteError`` where matplotlib is missing (``pip install "theodolite[plot]"``).
    """
    drawn = panel(*odds, largest=largest, runs=runs, rng=rng)
    from theodolite.report import panel_figure

    return panel_figure(drawn)


def _rounded(places: Array) -> list[int]:
    return [round(float(place)) for place in places]


def _dots(item: Odds, places: list[int], runs: int, rng: Seed) -> list[tuple[int, Simulation]]:
    """Return estimates at numbers of samples spread over the curve, where any run was genuine."""
    chosen = sorted({places[round(k * (len(places) - 1) / (DOTS - 1))] for k in range(DOTS)})
    found = [(n, item.at(n).simulate(runs, rng)) for n in chosen]
    return [(n, simulation) for n, simulation in found if simulation.genuine]


def _name(item: Odds) -> str:
    heuristic = ", leading order" if not item.evidence.complete else ""
    return f"{item.setting}{heuristic}"


def _caption(odds: tuple[Odds, ...]) -> str:
    kinds = {item.decay for item in odds}
    if {Decay.EXPONENTIAL, Decay.POLYNOMIAL} <= kinds:
        return (
            "Exponential decay is a straight line here: the minimizer's hyperplane is fixed, and every further sample may "
            "fall on the wrong side. With noisy labels the hyperplane moves with the samples, and the decay is polynomial."
        )
    return (
        "On this scale exponential decay is a straight line, once there are enough samples for a unique minimum; polynomial "
        "decay is a curve."
    )
