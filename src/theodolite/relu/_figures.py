"""A ReLU landscape in words, formulas and plain data for figures."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from theodolite._panels import Curve, CurvePanel, Description, Formula, Panel, SignsPanel, StrataPanel, TextPanel
from theodolite._typing import Array
from theodolite._verdict import Direction
from theodolite.relu._arrangement_figure import Pieces, arrangement_panel
from theodolite.relu._options import Options
from theodolite.relu._point import Point
from theodolite.relu._portrait import Portrait
from theodolite.relu._problem import Problem

__all__ = ["describe", "figures", "way_out"]


def describe(options: Options, problem: Problem, facts: Iterable[tuple[str, str]] = ()) -> Description:
    """Return title, formulas and facts; ``facts`` are further ones, such as the value at unlimited width."""
    kind = "ReLU" if options.slope == 0 else "Leaky ReLU"
    lines = problem.lines
    zero = int((lines.line < 0).sum())
    rows = f"{problem.samples}, on {lines.count} lines through the origin" if lines.count else f"{problem.samples}"
    told = [("Samples", f"{rows}{f'; zero rows: {zero}' if zero else ''}")]
    if options.slope:
        told.append(("Negative slope", str(options.slope)))
    told.append(("Arithmetic", "rational" if problem.exact else "floating point"))
    bias, offset = "b_j" if options.bias else "", "c + " if options.output_bias else ""
    inside = rf"w_j \cdot x_i{f' + {bias}' if bias else ''}"
    factor = {"half_sum": r"\frac{1}{2} ", "sum": "", "mean": rf"\frac{{1}}{{{problem.targets.size}}} "}[
        options.reduction
    ]
    slope = "" if options.slope == 0 else rf" - {_plain(options.slope)} \max(-t, 0)"
    return Description(
        title=f"{kind} network {options.d_in}-{options.hidden}-{options.d_out}",
        network=options.specification,
        data=f"{problem.samples} samples",
        parameter_count=sum(int(np.prod(shape)) for shape in options.shapes),
        noun="class",
        nouns="classes",
        way="",
        formulas=(
            Formula(
                rf"L = {factor}\sum_i e_i^2, \quad e_i = {offset}\sum_j v_j \, s({inside}) - y_i, \quad "
                rf"s(t) = \max(t, 0){slope}",
                "The loss, a convex quadratic wherever no neuron switches on a sample, once v is multiplied into the weights.",
            ),
            Formula(
                r"\min_{v_j \ne 0} \, \min_{d} \, v_j \sum_i e_i \, \dot s(w_j \cdot x_i; d \cdot x_i) \ge 0, \qquad "
                r"v_j = 0: \; \sum_i e_i \, s(u \cdot x_i) = 0 \text{ near } w_j",
                "A point is a local minimum exactly if every neuron by itself passes: no direction d lowers the loss to first "
                "order, and where v is 0 no turn of the weights makes the neuron useful."
                + (" The residuals also sum to 0." if options.output_bias else ""),
            ),
        ),
        facts=(*told, *facts),
        listed="local minima and differentiable saddles",
    )


def figures(
    portrait: Portrait,
    pieces: Pieces | None,
    *,
    smooth: int | None = None,
    kinked: int | None = None,
    signs: tuple[int, int] | None = None,
    lowest: Point | None = None,
) -> tuple[Panel, ...]:
    """Return the panels of one critical set, drawn for its canonical member ``portrait``.

    ``smooth`` and ``kinked`` count its strata where the loss is differentiable and on kinks (``None``: not counted); ``signs``
    are index and nullity where the member has a Hessian, ``lowest`` is a global minimum to compare with, for one input.
    """
    problem = portrait.problem
    panels: list[Panel] = []
    if smooth is not None or kinked is not None:
        panels.append(_strata(smooth, kinked))
    panels.append(portrait.neurons())
    if signs is not None:
        size = sum(part.size for part in (portrait.plain.weights, portrait.plain.outer)) + problem.offset
        panels.append(
            SignsPanel(
                f"Curvature signs, {size} parameters",
                signs[0],
                signs[1],
                size - sum(signs),
                "At the member drawn here. Along zeros the loss does not fall unless the index is above 0: that is a theorem.",
            )
        )
    panels += portrait.function([("a global minimum", lowest)] if lowest is not None else [])
    if pieces is not None:
        panels.append(arrangement_panel(pieces, portrait))
    return tuple(panels)


def _strata(smooth: int | None, kinked: int | None) -> StrataPanel:
    if kinked is None:
        caption = "Strata on kinks are too many to enumerate; there may be some at this loss."
    elif smooth == 0:
        caption = (
            "Every point of this set lies on a kink: no method that follows gradients of a smooth loss describes it."
        )
    elif kinked == 0:
        caption = "The loss is differentiable all over this set."
    else:
        caption = (
            "A stratum is a choice of faces and signs, one for each neuron; several may form one connected plateau."
        )
    return StrataPanel("Strata", smooth, kinked, caption)


def way_out(direction: Direction, losses: Array, steps: Array) -> tuple[Panel, ...]:
    """Return a way down in words, and the ``losses`` at ``steps`` along it."""
    order = {1: "first", 2: "second", 3: "third"}.get(direction.order, f"{direction.order}th")
    words = f"{direction.words[0].upper()}{direction.words[1:]}: the loss falls at {order} order."
    return (
        TextPanel("Way out", (words, f"A step of {direction.step:g} lowers it by {float(direction.decrease):.6g}.")),
        CurvePanel(
            "Loss along the way out",
            "From the member drawn above; the tick is the step recommended.",
            "step",
            "loss",
            (Curve("loss", "model", tuple(steps.tolist()), tuple(losses.tolist())),),
            (float(direction.step),),
        ),
    )


def _plain(value: object) -> str:
    text = str(value)
    numerator, bar, denominator = text.partition("/")
    return rf"\tfrac{{{numerator}}}{{{denominator}}}" if bar else text
