"""Panels of one set as matplotlib figures."""

from __future__ import annotations

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap

from theodolite._panels import CurvePanel, Panel, PlanePanel, ProfilePanel, SignsPanel, SlidesPanel, SpectrumPanel
from theodolite.report._axis import nice_step
from theodolite.report._encode import NAMED_BARS
from theodolite.report._numbers import number
from theodolite.report._palette import COLOURS, INK, ISO, RULE, SECOND_INK, TINTS
from theodolite.report._plot_style import ReportFigure, canvas, draw_mark, plain_text

__all__ = ["draw_curves", "draw_plane", "draw_profile", "draw_signs", "draw_slides", "draw_spectrum"]

_POINTS = 201


def draw_spectrum(panel: Panel, loss: str) -> ReportFigure:
    """Return bars of singular values: filled is kept, the text says what losing the rest costs."""
    assert isinstance(panel, SpectrumPanel)
    n = len(panel.names)
    figure, axes = canvas(4.2, max(1.2, min(6.0, 0.25 * n + 0.7)))
    places, values, kept = np.arange(n), np.array(panel.singular_values), np.array(panel.kept)
    axes.barh(places, values, height=0.6, facecolor="white", edgecolor=SECOND_INK, linewidth=0.8)
    axes.barh(places, values * kept, height=0.6, facecolor=SECOND_INK, edgecolor=SECOND_INK, linewidth=0.8)
    axes.invert_yaxis()
    axes.grid(visible=False)
    if n <= NAMED_BARS:
        axes.set_yticks(places, panel.names)
        for place, value, share, cost in zip(places, values, kept, panel.costs, strict=True):
            text = "kept" if share >= 1 else f"lost {number(cost)}"
            axes.annotate(
                text, (value, place), (5, 0), textcoords="offset points", va="center", size=7.5, color=SECOND_INK
            )
    axes.set_xlabel("singular value", loc="right")
    axes.margins(x=0.2)
    axes.set_title(panel.title, loc="left", size=9)
    return figure


def draw_signs(panel: Panel, loss: str) -> ReportFigure:
    """Return one bar of three counts: negative, zero and positive curvatures."""
    assert isinstance(panel, SignsPanel)
    figure, axes = canvas(4.2, 1.0)
    left = 0
    parts = (("negative", panel.negative, "#B06A00"), ("zero", panel.zero, "white"), ("positive", panel.positive, RULE))
    for _, count, colour in parts:
        axes.barh([0], [count], left=[left], facecolor=colour, edgecolor=SECOND_INK, linewidth=0.6)
        left += count
    words = ", ".join(f"{count} {name}" for name, count, _ in parts)
    axes.annotate(words, (0, -0.45), (0, -3), textcoords="offset points", size=8, va="top", color=SECOND_INK)
    axes.set_axis_off()
    axes.set_ylim(-0.9, 0.45)
    axes.set_title(panel.title, loc="left", size=9)
    return figure


def draw_plane(panel: Panel, loss: str) -> ReportFigure:
    """Return the contour map of a plane: low is the darker tint, the coloured contour is the height of the chosen set."""
    assert isinstance(panel, PlanePanel)
    figure, axes = canvas(4.4, 4.4)
    side = np.linspace(-panel.extent, panel.extent, _POINTS)
    x, y = np.meshgrid(side, side)
    z = np.polynomial.polynomial.polyval2d(x, y, np.array(panel.coefficients))
    heights = [mark.value for mark in panel.marks] or [float(np.median(z))]
    low, high = min(float(z.min()), *heights), max(heights)
    top = high + 0.14 * (high - low) if high > low else float(np.median(z))
    step = nice_step(top - low, 11) if top > low else 1.0
    levels = np.arange(np.ceil(low / step) * step, top, step)
    if len(levels):
        bounds = np.unique([low - step, *levels, top])
        shades = [TINTS[int(k * len(TINTS) / (len(bounds) - 1))] for k in range(len(bounds) - 1)]
        axes.contourf(x, y, z, levels=bounds, cmap=ListedColormap(shades))
        axes.contour(x, y, z, levels=levels, colors=ISO, linewidths=0.5)
    here = next((mark for mark in panel.marks if mark.here), None)
    if here is not None and panel.goal is not None:
        axes.contour(x, y, z, levels=[here.value], colors=COLOURS[here.kind], linewidths=1.1)
    named: set[str] = set()
    for mark in sorted(panel.marks, key=lambda mark: not mark.here):
        draw_mark(axes, float(mark.x), float(mark.y), mark.kind, chosen=mark.here)
        if mark.label not in named:
            named.add(mark.label)
            text = f"{plain_text(mark.label)}  {number(mark.value)}"
            axes.annotate(text, (mark.x, mark.y), (0, 9), textcoords="offset points", ha="center", size=7.5, color=INK)
    axes.grid(visible=False)
    axes.set_aspect("equal")
    axes.set_xlabel(panel.x_label.replace("$", r"\$"), loc="right")
    axes.set_ylabel(panel.y_label.replace("$", r"\$"), loc="top")
    return figure


def draw_profile(panel: Panel, loss: str) -> ReportFigure:
    """Return the loss along a descent curve and its quadratic model at the start."""
    assert isinstance(panel, ProfilePanel)
    figure, axes = canvas(4.6, 3.0)
    t = np.linspace(0, panel.extent, _POINTS)
    exact = np.polynomial.polynomial.polyval(t, panel.coefficients)
    model = np.polynomial.polynomial.polyval(t, panel.coefficients[:3])
    room = 0.35 * (float(np.ptp(exact)) or 1.0)
    inside = (model > exact.min() - room) & (model < exact.max() + room)
    axes.plot(
        t[inside], model[inside], color=ISO, linewidth=1.0, linestyle=":", label="its quadratic model at the start"
    )
    axes.plot(t, exact, color=INK, linewidth=1.6, label="loss along the curve")
    axes.set_xlabel("along the descent curve, t", loc="right")
    axes.set_title(loss, loc="left", size=8, color=SECOND_INK)
    axes.legend(frameon=False, fontsize=8)
    return figure


def draw_curves(panel: Panel, loss: str) -> ReportFigure:
    """Return functions of one variable drawn together, breakpoints ticked."""
    assert isinstance(panel, CurvePanel)
    figure, axes = canvas(4.6, 3.0)
    looks = {"model": (INK, 1.6, "-"), "target": ("#0A5AA8", 1.2, "--")}
    for curve in panel.curves:
        if curve.role == "data":
            axes.plot(curve.x, curve.y, ".", color=SECOND_INK, markersize=4, label=curve.name)
        elif curve.role == "stems":
            ends = np.array([curve.x, curve.y]).T.reshape(-1, 2, 2)
            axes.add_collection(LineCollection(list(ends), colors=ISO, linewidths=1.0, label=curve.name))
        else:
            colour, width, dash = looks.get(curve.role, (ISO, 1.0, ":"))
            axes.plot(curve.x, curve.y, color=colour, linewidth=width, linestyle=dash, label=curve.name)
    for place in panel.ticks:
        axes.axvline(place, ymax=0.04, color=SECOND_INK, linewidth=1.2)
    if panel.logarithmic:
        axes.set_yscale("log")
    axes.set_xlabel(panel.x_label.replace("$", r"\$"), loc="right")
    axes.set_title(panel.y_label.replace("$", r"\$"), loc="left", size=8, color=SECOND_INK)
    axes.legend(frameon=False, fontsize=8)
    return figure


def draw_slides(panel: Panel, loss: str) -> ReportFigure:
    """Return the frame that the page opens with; where the slider stands is in the title."""
    assert isinstance(panel, SlidesPanel)
    slide = panel.slides[panel.opening]
    frame = CurvePanel(panel.title, panel.caption, panel.x_label, panel.y_label, slide.curves, slide.ticks)
    figure = draw_curves(frame, loss)
    figure.axes[0].set_title(f"{panel.slider} {slide.words}".replace("$", r"\$"), loc="right", size=8, color=SECOND_INK)
    return figure
