"""Strips and functions as SVG that keeps its text at any width: places across are shares of the width, no script is needed."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from math import ceil, floor

from theodolite._ensemble import EnsembleLevel
from theodolite._panels import Curve, CurvePanel
from theodolite.report._axis import Axis, nice_step
from theodolite.report._numbers import counted, tick
from theodolite.report._palette import glyph, variable
from theodolite.report._strips import BINS, Strip, Strips, percent

__all__ = ["AXIS_WIDTH", "draw_axis", "draw_functions", "draw_strip"]

AXIS_WIDTH = 64
_HEIGHT, _TOP, _BOTTOM = 480, 14, 14
_RUG, _MARK, _BAR, _LONGEST = 20.0, 26.0, 31.0, 46.0
"""Places across a strip in percent: where losses end, where marks are, where bars begin, and how long the longest is."""

_APART = 13
"""Labels of bars keep this many pixels between their middles."""

_BREAK = 18


def _y(axis: Axis, value: float) -> float:
    """Return the height of ``value`` in pixels from above; a break takes some room."""
    breaks = [axis.place(high) for _, high in axis.pieces[:-1]]
    share = axis.place(value)
    room = _HEIGHT - _TOP - _BOTTOM - _BREAK * len(breaks)
    above = sum(share > place + 1e-9 for place in breaks)
    return _HEIGHT - _BOTTOM - share * room - _BREAK * above


def _svg(body: str, label: str, height: int = _HEIGHT) -> str:
    return f'<svg width="100%" height="{height}" role="img" aria-label="{escape(label)}">{body}</svg>'


def draw_axis(axis: Axis) -> str:
    """Return the axis with its numbers."""
    parts = [
        f'<text x="{AXIS_WIDTH - 6}" y="{_y(axis, value):.1f}" dy=".35em" text-anchor="end" font-size="12" class="soft">'
        f"{escape(text)}</text>"
        for value, text in axis.ticks
    ]
    return f'<svg width="{AXIS_WIDTH}" height="{_HEIGHT}" aria-hidden="true">{"".join(parts)}{_breaks(axis, AXIS_WIDTH)}</svg>'


def _breaks(axis: Axis, width: int | None) -> str:
    """Return two short strokes for every break of the axis."""
    out = []
    for _, high in axis.pieces[:-1]:
        middle = _y(axis, high) - _BREAK / 2
        left, right = (f"{(width or 0) - 12}", f"{width or 0}") if width else ("0", "100%")
        dash = "" if width else ' stroke-dasharray="3 3"'
        out += [
            f'<line x1="{left}" x2="{right}" y1="{edge:.1f}" y2="{edge:.1f}" stroke="var(--ink2)"{dash}/>'
            for edge in (middle - 3, middle + 3)
        ]
    return "".join(out)


def draw_strip(strips: Strips, strip: Strip) -> str:
    """Return one strip: losses at the end, marks of the levels, bars of the shares of runs."""
    axis = strips.axis
    grid = "".join(
        f'<line x1="0" x2="100%" y1="{_y(axis, value):.1f}" y2="{_y(axis, value):.1f}" stroke="var(--hair)"/>'
        for value, _ in axis.ticks
    )
    levels = [*strip.levels][::-1]  # the lowest is drawn last, on top
    bars = "".join(_bar(strips, level) for level in levels)
    marks = "".join(_mark(axis, level) for level in sorted(levels, key=lambda level: level.runs > 0))
    words = (
        f"{strip.name}: {len(strip.levels)} levels; {', '.join(strip.in_words())}. Every number is in the table below."
    )
    return _svg(grid + _breaks(axis, None) + _rug(strips, strip) + bars + marks + _labels(strips, strip), words)


def _rug(strips: Strips, strip: Strip) -> str:
    """Return how many runs ended at each height as lines, as wide as the root of their number."""
    counts = strips.density(strip)
    most, out = int(counts.max(initial=1)) or 1, []
    heights = _bin_heights(strips.axis)
    for place, count in enumerate(counts.tolist()):
        if count:
            width = max(1.0, (_RUG - 1) * (count / most) ** 0.5)
            y = heights[place]
            out.append(
                f'<rect x="{_RUG - width:.2f}%" width="{width:.2f}%" y="{y - 1.6:.1f}" height="3.2" fill="var(--density)"/>'
            )
    return "".join(out)


def _bin_heights(axis: Axis) -> list[float]:
    breaks = [axis.place(top) for _, top in axis.pieces[:-1]]
    room = _HEIGHT - _TOP - _BOTTOM - _BREAK * len(breaks)
    found = []
    for place in range(BINS):
        share = (place + 0.5) / BINS
        found.append(_HEIGHT - _BOTTOM - share * room - _BREAK * sum(share > edge for edge in breaks))
    return found


def _bar(strips: Strips, level: EnsembleLevel) -> str:
    if not level.runs:
        return ""
    y, colour = _y(strips.axis, level.value), f"var({variable(level.kind)})"
    width = _LONGEST * level.share / strips.largest_share
    shape = f'y="{y - 3.5:.1f}" height="7" fill="{colour}" stroke="var(--paper)" stroke-width=".6"'
    return (
        f'<rect x="{_BAR}%" width="1.5" {shape}/><rect x="{_BAR}%" width="{width:.3f}%" {shape}>'
        f"<title>{escape(_told(level))}</title></rect>"
    )


def _mark(axis: Axis, level: EnsembleLevel) -> str:
    """Return the mark of a level: small where no run arrived."""
    size = 13 if level.runs else 8
    y = _y(axis, level.value)
    return (
        f'<svg x="{_MARK}%" y="{y:.1f}" overflow="visible" width="1" height="1">'
        f'<g transform="translate({-size / 2} {-size / 2})">'
        f"<title>{escape(_told(level))}</title>{glyph(level.kind, size)}</g></svg>"
    )


def _told(level: EnsembleLevel) -> str:
    return f"{level.kind} at {level.value:.6g}: {counted(level.runs)} runs, {percent(level.share)}"


def _labels(strips: Strips, strip: Strip) -> str:
    """Return the shares beside the bars, where they have room: the lowest level first, then the most frequented ones."""
    levels = strip.levels
    order = [*levels[:1], *sorted(levels[1:], key=lambda level: -level.runs)]
    taken: list[float] = []
    out = []
    for level in order:
        y = _y(strips.axis, level.value)
        if any(abs(y - other) < _APART for other in taken):
            continue
        taken.append(y)
        place = _BAR + _LONGEST * level.share / strips.largest_share
        text = percent(level.share) if level.runs else "0"
        soft = "" if level.runs else ' class="soft"'
        out.append(f'<text x="{place:.2f}%" y="{y:.1f}" dx="6" dy=".35em" font-size="12"{soft}>{text}</text>')
    return "".join(out)


_PLOT = (52, 260)
"""Room for numbers beside functions, and their height, in pixels."""


def draw_functions(panel: CurvePanel) -> str:
    """Return the functions over the data: lines are stretched to the width, dots and numbers are not."""
    models = [curve for curve in panel.curves if curve.role in ("target", "model")]
    data = [curve for curve in panel.curves if curve.role == "data"]
    xs = [x for curve in models for x in curve.x]
    ys = [y for curve in (*models, *data) for y in curve.y]
    left, right = min(xs), max(xs)
    room = 0.06 * (max(ys) - min(ys)) or 1.0
    bottom, top = min(ys) - room, max(ys) + room
    margin, height = _PLOT

    def across(x: float) -> float:
        return 100 * (x - left) / (right - left)

    def up(y: float) -> float:
        return 100 * (top - y) / (top - bottom)

    lines = "".join(_line(curve, across, up) for curve in models)
    dots = "".join(
        f'<circle cx="{across(x):.2f}%" cy="{up(y):.2f}%" r="3.2" fill="var(--ink)" stroke="var(--paper)"/>'
        for curve in data
        for x, y in zip(curve.x, curve.y, strict=True)
    )
    ticks = _ticks(bottom, top, 6)
    grid = "".join(f'<line x1="0" x2="100%" y1="{up(y):.2f}%" y2="{up(y):.2f}%" stroke="var(--hair)"/>' for y in ticks)
    numbers = "".join(
        f'<text x="{margin - 6}" y="{height * up(y) / 100:.1f}" dy=".35em" text-anchor="end" font-size="12" class="soft">'
        f"{tick(y, ticks[1] - ticks[0])}</text>"
        for y in ticks
    )
    steps = _ticks(left, right, 6)
    below = "".join(
        f'<text x="{across(x):.2f}%" y="14" text-anchor="middle" font-size="12" class="soft">'
        f"{tick(x, steps[1] - steps[0])}</text>"
        for x in steps
        if 3 < across(x) < 97
    )
    key = "".join(
        f'<li><svg width="22" height="10" aria-hidden="true"><line x1="0" x2="22" y1="5" y2="5" {_look(curve)}/></svg>'
        f"{escape(curve.name)}</li>"
        for curve in models[::-1]
    )
    stretched = 'width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none" overflow="hidden"'
    drawn = (
        f'<svg width="100%" height="{height}" role="img" aria-label="Functions over the data">{grid}'
        f"<svg {stretched}>{lines}</svg>{dots}</svg>"
    )
    return (
        f'<div class="plot"><svg width="{margin}" height="{height}" aria-hidden="true">{numbers}</svg><div>{drawn}'
        f'<svg width="100%" height="18" aria-hidden="true">{below}</svg></div></div><ul class="legend">{key}</ul>'
    )


def _look(curve: Curve) -> str:
    colour, dash = ("--min", "") if curve.role == "model" else ("--spur", ' stroke-dasharray="6 4"')
    return f'stroke="var({colour})" stroke-width="2"{dash}'


def _line(curve: Curve, across: Callable[[float], float], up: Callable[[float], float]) -> str:
    corners = " ".join(f"{across(x):.3f},{up(y):.3f}" for x, y in zip(curve.x, curve.y, strict=True))
    return f'<polyline points="{corners}" fill="none" {_look(curve)} vector-effect="non-scaling-stroke"/>'


def _ticks(low: float, high: float, count: int) -> list[float]:
    step = nice_step(high - low, count)
    return [step * k for k in range(ceil(low / step), floor(high / step) + 1)]
