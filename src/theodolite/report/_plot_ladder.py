"""The ladder as a matplotlib figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, NullLocator

from theodolite.report._axis import Axis
from theodolite.report._encode import ask, kinks_of
from theodolite.report._ladder import (
    BINS,
    LABELLED_AT_MOST,
    MARKED_AT_MOST,
    STEPS_AT_MOST,
    across,
    labelled,
    marked,
    strips,
)
from theodolite.report._palette import HAIRLINE, INK, ISO, SECOND_INK, Kink
from theodolite.report._plot_labels import MarkLabel, place_labels
from theodolite.report._plot_style import ReportFigure, canvas, draw_mark, plain_text
from theodolite.report._rows import AtlasLike, Rows

__all__ = ["draw_ladder"]

_BREAK = 0.08
_SMALL: dict[str, Any] = {"size": 8, "color": SECOND_INK}


def draw_ladder(atlas: AtlasLike, rows: Rows, chosen: int) -> ReportFigure:
    """Return the ladder: loss upward by the axis rules of the page, Morse index rightward."""
    figure, axes = canvas(5.6, 4.6)
    axis = rows.axis
    dense = rows.total > MARKED_AT_MOST
    asked = None if dense or len(rows.sets) > STEPS_AT_MOST else ask(atlas, rows)
    rows = rows if asked is None else replace(rows, kinks=kinks_of(asked))
    side = across(rows)
    known = [n for n in side.all if n is not None]
    aside = max(known, default=0) + 1.5
    listed = range(len(rows.sets))
    places = [
        ((aside if x is None else x) + 0.2 * min(beside, 4), _height(axis, float(item.value)))
        for x, beside, item in zip(side.listed, side.beside, rows.sets, strict=True)
    ]
    shown = sorted(({*marked(rows), chosen} if dense else set(listed)) & set(listed))
    _scale(axes, axis)
    if dense:
        _densities(axes, axis, rows, side.all, aside)
    if asked is not None:
        _steps(axes, places, [best and best[1] for best in asked.best], chosen)
    size = 6.5 if len(shown) <= LABELLED_AT_MOST else 4.5
    for row in shown:
        kink = rows.kinks[row] if rows.kinks else Kink.NONE
        draw_mark(axes, *places[row], rows.sets[row].kind, size=size, chosen=row == chosen, kink=kink)
    named = labelled(rows) if len(rows.sets) <= LABELLED_AT_MOST else labelled(rows)[:8]
    axes.set_ylim(-0.02, 1.02 + _BREAK * (len(axis.pieces) - 1))
    axes.set_xlim(min(known, default=0) - 0.4, (aside if None in side.all else max(known, default=0)) + 0.9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True) if side.numbered else NullLocator())
    if side.numbered and None in side.all:
        _name_unknown(axes, max(known, default=0), aside)
    axes.set_xlabel(side.label, loc="right")
    scale = {"log": ", logarithmic", "rank": ", by rank"}.get(axis.kind, "")
    axes.set_title(f"{plain_text(atlas.description.loss_name)}{scale}", loc="left", **_SMALL)
    ordered = [row for row in dict.fromkeys((chosen, *named)) if row in shown]
    labels = [
        MarkLabel(places[row], plain_text(rows.sets[row].label), rows.shown[row], row == chosen) for row in ordered
    ]
    place_labels(figure, axes, labels, [places[row] for row in shown])
    return figure


def _name_unknown(axes: Axes, most: int, aside: float) -> None:
    """Number the known indices only, and say what stands apart from them."""
    numbers = [int(place) for place in axes.get_xticks() if 0 <= place <= most]
    axes.set_xticks([*numbers, aside], [*map(str, numbers), "unknown"])


def _scale(axes: Axes, axis: Axis) -> None:
    axes.grid(visible=False)
    axes.set_yticks([_height(axis, value) for value, _ in axis.ticks], [text for _, text in axis.ticks])
    across = axes.get_yaxis_transform()
    for value, _ in axis.ticks:
        axes.axhline(_height(axis, value), color=HAIRLINE, linewidth=0.6, zorder=0)
    for _, high in axis.pieces[:-1]:
        low = axis.place(high)
        axes.annotate(axis.note, (1, low + _BREAK / 2), xycoords=across, ha="right", va="center", size=8)
        for edge in (low, low + _BREAK):
            ends = [edge - 0.006, edge + 0.006]
            axes.plot([-0.012, 0.012], ends, transform=across, color=SECOND_INK, linewidth=0.8, clip_on=False)


def _height(axis: Axis, value: float) -> float:
    share = axis.place(value)
    return share + _BREAK * sum(share > axis.place(high) + 1e-9 for _, high in axis.pieces[:-1])


def _steps(axes: Axes, places: list[tuple[float, float]], best: list[int | None], chosen: int) -> None:
    """Draw the best single step out of every saddle as a thin curve, that of the chosen set dark."""
    for row, to in enumerate(best):
        if to is None:
            continue
        (a, b), (c, d) = places[row], places[to]
        drop = (d - b) * 0.55
        curve = Path(
            [(a, b), (a, b + drop), (c + (a - c) * 0.45, d - drop * 0.35), (c, d)],
            [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
        )
        colour, width = (INK, 1.3) if row == chosen else (ISO, 0.6)
        axes.add_patch(PathPatch(curve, facecolor="none", edgecolor=colour, linewidth=width, zorder=2))


def _densities(axes: Axes, axis: Axis, rows: Rows, indices: tuple[int | None, ...], aside: float) -> None:
    cells = strips(axis, rows.values, indices)
    most = max(n for _, _, n in cells)
    breaks = [axis.place(high) for _, high in axis.pieces[:-1]]
    lines = []
    for index, bin_, n in cells:
        x, half = (aside if index < 0 else index), max(0.04, 0.42 * float(np.sqrt(n / most)))
        share = (bin_ + 0.5) / BINS
        y = share + _BREAK * sum(share > cut + 1e-9 for cut in breaks)
        lines.append([(x - half, y), (x + half, y)])
    axes.add_collection(LineCollection(lines, colors=ISO, linewidths=1.3, zorder=1))
