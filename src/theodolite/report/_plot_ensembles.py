"""Strips of ensembles as a matplotlib figure."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from theodolite._atlas import Atlas
from theodolite._ensemble import Ensemble
from theodolite.report._axis import Axis
from theodolite.report._palette import COLOURS, HAIRLINE, ISO, SECOND_INK
from theodolite.report._plot_style import ReportFigure, canvas, draw_mark, plain_text, tidy
from theodolite.report._strips import BINS, Strip, Strips, percent, strips_of

__all__ = ["ensembles_drawn"]

_BREAK = 0.05
_MARK, _BAR, _LONGEST = 0.26, 0.32, 0.46
_APART = 0.035


def ensembles_drawn(ensembles: Sequence[Ensemble], atlases: Sequence[Atlas | None] | None) -> ReportFigure:
    """Return the strips side by side."""
    strips = strips_of(ensembles, atlases, None)
    figure, first = canvas(1.0 + 2.1 * len(strips.all), 4.6)
    first.remove()
    axes = figure.subplots(1, len(strips.all), squeeze=False, sharey=True)[0]
    for k, (one, strip) in enumerate(zip(axes, strips.all, strict=True)):
        tidy(one)
        _draw(one, strips, strip)
        one.tick_params(left=k == 0)
        if k:
            one.spines["left"].set_visible(False)
    return figure


def _draw(axes: Axes, strips: Strips, strip: Strip) -> None:
    axis = strips.axis
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.02 + _BREAK * (len(axis.pieces) - 1))
    axes.set_yticks([_height(axis, value) for value, _ in axis.ticks], [text for _, text in axis.ticks])
    for value, _ in axis.ticks:
        axes.axhline(_height(axis, value), color=HAIRLINE, linewidth=0.6, zorder=0)
    counts = strips.density(strip)
    most = max(1, int(counts.max()))
    for place, count in enumerate(counts.tolist()):
        if count:
            width = max(0.01, 0.19 * (count / most) ** 0.5)
            axes.barh(_room(axis, (place + 0.5) / BINS), width, left=0.2 - width, height=0.8 / BINS, color=ISO)
    for level in strip.levels:
        y = _height(axis, level.value)
        width = _LONGEST * level.share / strips.largest_share
        if level.runs:
            axes.barh(y, max(width, 0.004), left=_BAR, height=0.014, color=COLOURS[level.kind])
        draw_mark(axes, _MARK, y, level.kind, size=6.0 if level.runs else 3.4)
    taken: list[float] = []
    for level in [*strip.levels[:1], *sorted(strip.levels[1:], key=lambda level: -level.runs)]:
        y = _height(axis, level.value)
        if all(abs(y - other) >= _APART for other in taken):
            taken.append(y)
            end = _BAR + _LONGEST * level.share / strips.largest_share + 0.02
            text = percent(level.share) if level.runs else "0"
            axes.text(end, y, text, size=7.5, va="center", color=SECOND_INK if not level.runs else "black")
    axes.set_title(f"{plain_text(strip.name)}\n{_two_lines(strip)}", loc="left", size=8, color=SECOND_INK)


def _two_lines(strip: Strip) -> str:
    first, *rest = strip.in_words()
    return f"{first}\n{', '.join(rest)}" if rest else first


def _height(axis: Axis, value: float) -> float:
    return _room(axis, axis.place(value))


def _room(axis: Axis, share: float) -> float:
    """Return a height with the room that breaks take."""
    return share + _BREAK * sum(share > axis.place(high) + 1e-9 for _, high in axis.pieces[:-1])
