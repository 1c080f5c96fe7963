"""What pages show of gradient descent: only around minima where a constant holds, and the run under its guarantee."""

from __future__ import annotations

import numpy as np
import pytest

import theodolite as th
from theodolite._panels import CurvePanel, Panel

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2))


def run_panel(panels: tuple[Panel, ...]) -> CurvePanel | None:
    return next((panel for panel in panels if isinstance(panel, CurvePanel) and panel.logarithmic), None)


@pytest.mark.parametrize(
    "land",
    [
        th.LinearLandscape(X, Y, 3),
        th.LinearLandscape(X, Y, (3, 4)),
        th.LinearLandscape(X, Y, 3, bias=(1,), reduction="mean"),
        th.ResidualLandscape(X, X + 0.1 * RNG.normal(size=(20, 3)), 4),
        th.LinearLandscape([[1, 0], [0, 1]], [[2, 0], [0, 1]], 2),
    ],
    ids=lambda land: land.specification,
)
def test_the_run_lies_under_the_guarantee(land: th.SurveyableLandscape) -> None:
    panel = run_panel(land.global_minimum().panels())
    assert panel is not None
    promised, run = panel.curves
    assert promised.x == run.x
    assert all(below <= above * (1 + 1e-9) for below, above in zip(run.y, promised.y, strict=True))
    assert run.y[-1] < run.y[0]
    assert promised.y[-1] < promised.y[0]


@pytest.mark.parametrize(
    "land",
    [
        th.LinearLandscape(X, Y, 1),
        th.LinearLandscape(X, Y, 3, bias=True),
        th.LinearLandscape(X, X, 3, l2=0.1),
    ],
    ids=["bottleneck", "bias", "decay"],
)
def test_nothing_is_shown_where_nothing_is_certified(land: th.SurveyableLandscape) -> None:
    assert run_panel(land.global_minimum().panels()) is None


def test_saddles_have_no_guarantee() -> None:
    land = th.LinearLandscape(X, Y, 3)
    saddle = next(land.critical_sets(kind=th.Kind.STRICT_SADDLE))
    assert run_panel(saddle.panels()) is None
