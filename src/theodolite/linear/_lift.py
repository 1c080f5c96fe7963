"""Verdicts and ways out of the bias-free core, told of the network that the user has."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._typing import Parameters
from theodolite._verdict import Direction, Verdict
from theodolite.linear._charts import Chart
from theodolite.linear._escape import gradient_direction
from theodolite.linear._network import Network

__all__ = ["lift_verdict"]

_EPSILON = float(np.finfo(np.float64).eps)


def lift_verdict(network: Network, chart: Chart, params: Parameters, verdict: Verdict, rtol: float) -> Verdict:
    """Return the verdict on ``params`` from that on its core; an output bias that is off is a way down of its own."""
    core = chart.core(params)
    misfit, size = chart.misfit(params)
    nearest = None if verdict.nearest is None else chart.lift(verdict.nearest, params)
    verdict = replace(
        verdict,
        nearest=nearest,
        distance=_distance(params, nearest, verdict.distance),
        scaled_gradient=max(verdict.scaled_gradient, misfit / size if size else 0.0),
    )
    if misfit > rtol * size:
        off = Assumption(f"the output bias is off by {misfit:.3g}", misfit / (rtol * size), rtol)
        evidence = Evidence(
            Method.NUMERIC, verdict.evidence.references, (off,), "the output bias has a gradient of its own"
        )
        verdict = replace(verdict, kind=Kind.NOT_CRITICAL, index=None, nullity=None, escape=None, evidence=evidence)
    if verdict.kind is Kind.NOT_CRITICAL:
        return replace(verdict, escape=gradient_direction(network, params))
    if verdict.escape is None:
        return verdict
    return replace(verdict, escape=_lift_direction(chart, params, core, verdict.escape))


def _distance(params: Parameters, nearest: Parameters | None, core: float | None) -> float | None:
    """Return how far ``nearest`` is, output bias included, rounded up."""
    if nearest is None or core is None:
        return core
    moved = sum(float(np.sum((there - here) ** 2)) for here, there in zip(params, nearest, strict=True))
    size = sum(float(np.sum(here**2)) for here in params)
    return max(core, float(np.sqrt(moved)) + 8 * _EPSILON * float(np.sqrt(size)))


def _lift_direction(chart: Chart, params: Parameters, core: Parameters, way: Direction) -> Direction:
    """Return the way out with the output bias following the weights: the loss along it is the core's, exactly."""
    return replace(way, vector=chart.push(core, way.vector, params), curve=partial(_lifted_curve, chart, params, way))


def _lifted_curve(chart: Chart, params: Parameters, way: Direction, t: float) -> Parameters:
    return chart.lift(way.at(t), params)
