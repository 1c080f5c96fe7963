"""Canvas, colours and marks of matplotlib figures; imported only where a figure is drawn."""

from __future__ import annotations

from io import BytesIO, StringIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path

from theodolite._kind import Kind
from theodolite.report._palette import COLOURS, HAIRLINE, INK, PAPER, RULE, SECOND_INK, SHAPES, Kink

__all__ = ["ReportFigure", "canvas", "draw_mark", "plain_text", "tidy"]

_LONGEST = 24

_MARKERS = {"disc": "o", "ring": "o", "trap": "v", "diamond": "D", "half": "D", "open": "D", "square": "s"}
_OPEN = {"ring", "open", "square"}


class ReportFigure(Figure):
    """A figure that a notebook shows by itself, once, whether or not pyplot is loaded."""

    def _repr_svg_(self) -> str:
        buffer = StringIO()
        self.savefig(buffer, format="svg")
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=150)
        return buffer.getvalue()


def canvas(width: float, height: float) -> tuple[ReportFigure, Axes]:
    """Return a figure of this size in inches and its axes."""
    drawn = ReportFigure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.add_subplot()
    tidy(axes)
    return drawn, axes


def tidy(axes: Axes) -> None:
    """Give ``axes`` the page's thin lines and small, soft numbers."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=RULE, linewidth=0.8)
    axes.tick_params(colors=SECOND_INK, labelsize=8, length=3, width=0.6)
    axes.xaxis.label.set(color=SECOND_INK, size=8)
    axes.yaxis.label.set(color=SECOND_INK, size=8)
    axes.grid(visible=True, axis="y", color=HAIRLINE, linewidth=0.6)
    axes.set_axisbelow(True)


def draw_mark(
    axes: Axes,
    x: float,
    y: float,
    kind: Kind,
    *,
    size: float = 6.5,
    chosen: bool = False,
    kink: Kink = Kink.NONE,
    **more: Any,
) -> None:
    """Draw the mark of ``kind`` at a point, with a ring around it if it is the chosen one and a bar under it for kinks."""
    shape, colour = SHAPES[kind], COLOURS[kind]
    small = 0.82 if _MARKERS[shape] == "D" else 1.0
    look: dict[str, Any] = {
        "marker": MarkerStyle(_MARKERS[shape], fillstyle="left" if shape == "half" else "full"),
        "markersize": size * small,
        "markeredgecolor": colour if shape in _OPEN or shape == "half" else "white",
        "markeredgewidth": 1.1 if shape in _OPEN or shape == "half" else 0.6,
        "markerfacecolor": PAPER if shape in _OPEN else colour,
        "linestyle": "none",
        "zorder": 5,
        "clip_on": False,
    }
    if shape == "half":
        look["markerfacecoloralt"] = PAPER
    axes.plot([x], [y], **{**look, **more})
    if kink:
        bar = Path([(-1, -1.5), (1 if kink is Kink.ALL else 0, -1.5)])  # matplotlib scales it by its largest coordinate
        under: dict[str, Any] = {"marker": bar, "markersize": 1.5 * size + 2.4, "markerfacecolor": "none", "zorder": 5}
        axes.plot([x], [y], **under, markeredgecolor=colour, markeredgewidth=1.4, linestyle="none", clip_on=False)
    if chosen:
        ring: dict[str, Any] = {
            "marker": "o",
            "markersize": 2.1 * size,
            "markerfacecolor": "none",
            "markeredgecolor": INK,
        }
        axes.plot([x], [y], **ring, markeredgewidth=0.9, linestyle="none", zorder=4, clip_on=False)


def plain_text(text: str) -> str:
    """Return a label short enough for a figure, its dollar signs not read as mathematics."""
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return short.replace("$", r"\$")
