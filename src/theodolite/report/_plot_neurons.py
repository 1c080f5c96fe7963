"""Functions of two inputs over their samples, and the cells of a neuron's weights, as matplotlib figures."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.patches import Circle, Wedge
from matplotlib.patheffects import withStroke

from theodolite._panels import ArrangementPanel, FieldPanel, Panel
from theodolite._typing import Array
from theodolite.report._axis import nice_step
from theodolite.report._palette import INK, ISO, RULE, SECOND_INK, TINTS
from theodolite.report._plot_style import ReportFigure, canvas

__all__ = ["draw_arrangement", "draw_field"]


def draw_field(panel: Panel, loss: str) -> ReportFigure:
    """Return a piecewise linear function of two inputs: tints and contours exact between the lines where neurons switch."""
    assert isinstance(panel, FieldPanel)
    figure, axes = canvas(4.6, 3.9)
    x0, x1, y0, y1 = panel.box
    samples = np.array(panel.samples)
    fitted = _height(panel, samples[:, :2])
    heights = np.concatenate([fitted, samples[:, 2]])
    low, high = float(heights.min()), float(heights.max())
    step = nice_step(high - low or 1.0, 9)
    levels = step * np.arange(np.floor(low / step) - 6, np.ceil(high / step) + 7)
    inside = levels[(levels > low) & (levels < high)]
    group = max(1, -(-(len(inside) + 1) // len(TINTS)))
    bounds = [-np.inf, *inside[group - 1 :: group][: len(TINTS) - 1], np.inf]
    pieces, hinges = _pieces(panel)
    for k in range(len(bounds) - 1):
        parts = [_cut(_cut(piece, bounds[k], 1), bounds[k + 1], -1) for piece in pieces]
        shown = [part[:, :2] for part in parts if len(part) > 2]
        axes.add_collection(PolyCollection(shown, facecolors=TINTS[k], edgecolors=TINTS[k], linewidths=0.3, zorder=0))
    lines = [line for piece in pieces for level in levels for line in _contour(piece, float(level))]
    axes.add_collection(LineCollection(lines, colors=ISO, linewidths=0.5, zorder=1))
    axes.add_collection(LineCollection(hinges, colors=INK, linewidths=1.3, zorder=2, label="a neuron switches"))
    worst = float(np.abs(samples[:, 2] - fitted).max())
    stem = 0.07 * (y1 - y0) / worst if worst > 1e-9 * (np.abs(heights).max() or 1.0) else 0.0
    for (x, y, target), value in zip(samples, fitted, strict=True):
        axes.plot([x, x], [y, y + stem * (target - value)], color=INK, linewidth=1.6, zorder=3)
    shades = [TINTS[max(0, int(np.searchsorted(bounds, t, side="right")) - 1)] for t in samples[:, 2]]
    axes.scatter(samples[:, 0], samples[:, 1], c=shades, s=26, edgecolors=INK, linewidths=0.9, zorder=4, label="sample")
    axes.set(xlim=(x0, x1), ylim=(y0, y1))
    axes.grid(visible=False)
    axes.set_xlabel(panel.x_label.replace("$", r"\$"), loc="right")
    axes.set_ylabel(panel.y_label.replace("$", r"\$"), loc="top")
    axes.set_title(f"contours every {step:g}; longest residual {worst:.3g}", loc="left", size=8, color=SECOND_INK)
    return figure


def _height(panel: FieldPanel, places: Array) -> Array:
    weights = np.array(panel.neurons).reshape(-1, 4)
    before = places @ weights[:, :2].T + weights[:, 2]
    return np.asarray(np.where(before > 0, before, panel.slope * before) @ weights[:, 3] + panel.offset)


def _pieces(panel: FieldPanel) -> tuple[list[Array], list[Array]]:
    """Return the convex pieces (x, y, height) on which the function is affine, and the lines between them."""
    x0, x1, y0, y1 = panel.box
    frame = np.array([[x0, y0, 0.0], [x1, y0, 0.0], [x1, y1, 0.0], [x0, y1, 0.0]])
    found, hinges = [frame], []
    for a, b, c, _ in panel.neurons:
        sided = [_with_height(piece, piece[:, :2] @ np.array([a, b]) + c) for piece in (frame, *found)]
        line = _contour(sided[0], 0.0)
        if not line:
            continue
        hinges += line
        parts = [_cut(piece, 0.0, side) for piece in sided[1:] for side in (1, -1)]
        found = [part for part in parts if len(part) > 2]
    out = []
    for piece in found:
        middle = piece[:, :2].mean(axis=0)
        slopes = sum(
            (v * (1.0 if a * middle[0] + b * middle[1] + c > 0 else panel.slope) * np.array([a, b, c]))
            for a, b, c, v in panel.neurons
        ) + np.array([0.0, 0.0, panel.offset])
        out.append(_with_height(piece, piece[:, :2] @ slopes[:2] + slopes[2]))
    return out, hinges


def _with_height(piece: Array, height: Array) -> Array:
    return np.column_stack([piece[:, :2], height])


def _cut(piece: Array, level: float, side: int) -> Array:
    """Return the part of a convex piece whose height is at least (``side`` 1) or at most (-1) ``level``."""
    if not np.isfinite(level):
        return piece
    out = []
    for a, b in zip(piece, np.roll(piece, -1, axis=0), strict=True):
        if side * (a[2] - level) >= 0:
            out.append(a)
        if (a[2] < level) != (b[2] < level) and a[2] != level:
            out.append(a + (level - a[2]) / (b[2] - a[2]) * (b - a))
    return np.array(out).reshape(-1, 3)


def _contour(piece: Array, level: float) -> list[Array]:
    """Return the segment of a convex piece at height ``level``, if it has one."""
    ends = [
        (a + (level - a[2]) / (b[2] - a[2]) * (b - a))[:2]
        for a, b in zip(piece, np.roll(piece, -1, axis=0), strict=True)
        if (a[2] < level) != (b[2] < level)
    ]
    return [np.array(ends)] if len(ends) == 2 else []


def draw_arrangement(panel: Panel, loss: str) -> ReportFigure:
    """Return the cells of a neuron's weights: arcs of a circle, or the two halves of a sphere side by side."""
    assert isinstance(panel, ArrangementPanel)
    low, high = min(panel.values), max(panel.values)
    shades = [TINTS[min(6, int(7 * (v - low) / (high - low)))] if high > low else TINTS[3] for v in panel.values]
    flat = len(panel.axes) == 2
    figure, axes = canvas(3.8, 3.8) if flat else canvas(6.2, 3.5)
    axes.set_axis_off()
    axes.set_aspect("equal")
    (_circle if flat else _sphere)(panel, axes, shades)
    axes.set_title(f"{loss} in the cells from {low:.4g} (dark) to {high:.4g}", loc="left", size=8, color=SECOND_INK)
    return figure


def _circle(panel: ArrangementPanel, axes: Axes, shades: list[str]) -> None:
    inner = 0.72
    for (ax, ay, bx, by), shade in zip(panel.outlines, shades, strict=True):
        ends = np.degrees([np.arctan2(ay, ax), np.arctan2(by, bx)])
        axes.add_patch(Wedge((0, 0), 1, *ends, width=1 - inner, facecolor=shade, edgecolor=shade, linewidth=0.4))
    for radius in (1, inner):
        axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor=RULE, linewidth=0.8))
    for (a, b), name in zip(panel.lines, panel.names, strict=True):
        for x, y in ((-b, a), (b, -a)):
            axes.plot([inner * x, 1.04 * x], [inner * y, 1.04 * y], color=SECOND_INK, linewidth=0.9)
        if len(panel.lines) <= 24:
            axes.annotate(name, (-1.28 * b, 1.2 * a), ha="center", va="center", size=7, color=SECOND_INK)
    middle = (1 + inner) / 2
    for mark in panel.neurons:
        x, y = mark.place
        _neuron(axes, middle * x, middle * y, mark.label, mark.kinked)
    axes.set(xlim=(-1.45, 1.45), ylim=(-1.35, 1.35))
    axes.annotate(f"{panel.axes[0]} →, {panel.axes[1]} ↑", (0, 0.2), ha="center", size=8, color=SECOND_INK)


def _sphere(panel: ArrangementPanel, axes: Axes, shades: list[str]) -> None:
    for face, shift in ((1, 0.0), (-1, 2.35)):
        for flat, shade in zip(panel.outlines, shades, strict=True):
            corners = np.array(flat).reshape(-1, 3)
            if face * corners[:, 2].sum() > 0:
                edge = np.concatenate([_arc(a, b) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
                axes.fill(edge[:, 0] + shift, edge[:, 1], facecolor=shade, edgecolor=shade, linewidth=0.3)
        t = np.linspace(0, np.pi, 60)
        for a, b, c in panel.lines:
            length = np.hypot(a, b)
            if length > 1e-9:
                u, v = np.array([-b, a]) / length, -c * np.array([a, b]) / length
                path = np.cos(t)[:, None] * u + face * np.sin(t)[:, None] * v
                axes.plot(path[:, 0] + shift, path[:, 1], color=SECOND_INK, linewidth=0.7)
        axes.add_patch(Circle((shift, 0), 1, fill=False, edgecolor=ISO, linewidth=1.0))
        words = f"{panel.axes[2]} {'>' if face > 0 else '<'} 0"
        axes.annotate(words, (shift, -1.22), ha="center", size=8, color=SECOND_INK)
        for mark in panel.neurons:
            if face * mark.place[2] > -1e-9:
                _neuron(axes, mark.place[0] + shift, mark.place[1], mark.label, mark.kinked)
    axes.annotate(f"{panel.axes[0]} →, {panel.axes[1]} ↑", (1.175, -1.4), ha="center", size=8, color=SECOND_INK)
    axes.set(xlim=(-1.15, 3.5), ylim=(-1.5, 1.15))


def _arc(a: Array, b: Array) -> Array:
    """Return points on the great circle from ``a`` up to ``b``."""
    angle = float(np.arccos(np.clip(a @ b, -1, 1)))
    share = np.linspace(0, 1, max(2, int(angle / 0.1)), endpoint=False)[:, None]
    if angle < 1e-6:
        return a[None]
    return np.asarray((np.sin(angle * (1 - share)) * a + np.sin(angle * share) * b) / np.sin(angle))


def _neuron(axes: Axes, x: float, y: float, label: str, kinked: bool) -> None:
    axes.plot([x], [y], "o", color=INK, markersize=5, markeredgecolor="white", markeredgewidth=0.6, zorder=6)
    if kinked:
        axes.annotate("—", (x, y), (0, -9), textcoords="offset points", ha="center", size=8, weight="bold", color=INK)
    halo = [withStroke(linewidth=2, foreground="white")]
    axes.annotate(
        label, (x, y), (5, 4), textcoords="offset points", size=8, weight="bold", color=INK, path_effects=halo, zorder=7
    )
