"""How the families of leaky networks move and merge as the slope below zero goes from 0 (ReLU) to 1 (a linear network)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from theodolite._panels import Curve, CurvePanel, Panel, Slide, SlidesPanel
from theodolite.affine._families import FAMILIES, Layout, layout
from theodolite.affine._problem import Problem

__all__ = ["moving_families"]

_SLOPES = (0.001, 0.003, 0.01, 0.02, 0.04, *(round(0.05 * k, 2) for k in range(1, 20)), 0.97, 0.99, 0.999)
_ROLES = ("model", "target")


def moving_families(problem: Problem, kinks: int) -> list[Panel]:
    """Return the residuals of both families with this many kinks under a slider, and all losses against the slope."""
    p = problem.as_float()
    own = p.gamma if p.gamma < 1 else 1 / p.gamma
    slides = tuple(_slide(replace(p, gamma=gamma), kinks) for gamma in _SLOPES)
    return [
        SlidesPanel(
            f"The families with {kinks} kink{'' if kinks == 1 else 's'}, moving",
            "Towards 0 the outer pieces of E- and one of O+ and O- shrink away, and the saddles of ReLU networks remain; "
            "towards 1 the bends fade and the network comes close to the target. Ticks are the breakpoints of both families.",
            "x",
            "network − target",
            "slope below zero",
            slides,
            int(np.argmin(np.abs(np.array(_SLOPES) - own))),
        ),
        _values(p, max(kinks, 4), own),
    ]


def _slide(problem: Problem, kinks: int) -> Slide:
    """Return both residuals at one slope."""
    curves = [_curve("zero", "reference", np.array([problem.start, problem.end]), np.zeros(2))]
    ticks: list[float] = []
    for family, role in zip((f for f in FAMILIES[1:] if f.even == (kinks % 2 == 0)), _ROLES, strict=True):
        place = layout(problem, family, kinks)
        if place is not None:
            x, y = _residual(problem, place)
            curves.append(_curve(f"{family.name}{kinks}", role, x, y))
            ticks += [float(t) for t in place.at]
    return Slide(f"{problem.gamma:g}", tuple(curves), tuple(ticks))


def _residual(problem: Problem, place: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the pieces and the residual there; it vanishes at the first midpoint."""
    x = np.concatenate([[problem.start], place.at, [problem.end]])
    rises = place.slopes * place.lengths
    return x, np.concatenate([[0.0], np.cumsum(rises)]) - rises[0] / 2


def _values(problem: Problem, most: int, own: float) -> CurvePanel:
    """Return the fourth root of each critical value, relative to the constant fit, against the slope below zero."""
    gammas = np.linspace(0.0, 1.0, 101)
    g, p = np.sqrt(gammas), np.sqrt(1 + gammas)
    curves = []
    for kinks in range(1, most + 1):
        pairs = (("O", 1 + g, "target"),) if kinks % 2 else (("E+", 2 + 0 * g, "model"), ("E-", 2 * g, "reference"))
        for name, ends, role in pairs:
            total = ends + (kinks - 1) * p
            curves.append(_curve(f"{name}{kinks}", role, gammas, np.sqrt(1 - gammas) / total))
    return CurvePanel(
        "Losses merge at both ends",
        "At slope 0, O1 and E-2 reach the constant fit, O3 and E-4 join E+2 in the ReLU saddle R2, and so on; at 1 all losses go "
        "to 0 together, because a linear network fits the target. The tick is the slope of this landscape.",
        "slope below zero",
        "(loss / loss of the best constant)^¼",
        tuple(curves),
        (float(own),),
    )


def _curve(name: str, role: str, x: np.ndarray, y: np.ndarray) -> Curve:
    return Curve(name, role, tuple(float(value) for value in x), tuple(float(value) for value in y))
