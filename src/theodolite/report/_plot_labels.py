"""Labels beside the marks of a matplotlib figure: each where it hides nothing, shorter if need be, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from theodolite._typing import Array
from theodolite.report._plot_style import ReportFigure

__all__ = ["MarkLabel", "place_labels"]

_MARK = 5.5
"""Points around the middle of a mark that no label may cover."""

_HALO = 2.2


@dataclass(frozen=True)
class MarkLabel:
    """A text for the mark at ``place``: ``name`` and, where there is room, ``value``; a ``chosen`` one is never left out."""

    place: tuple[float, float]
    name: str
    value: str
    chosen: bool = False


def place_labels(
    figure: ReportFigure, axes: Axes, labels: Iterable[MarkLabel], marks: Iterable[tuple[float, float]]
) -> None:
    """Write ``labels``, the first with the most freedom, beside ``marks`` whose places are in data coordinates."""
    figure.draw_without_rendering()
    point = figure.dpi / 72
    taken = [text.get_window_extent() for text in axes.texts]
    taken += [_around(axes.transData.transform(place), _MARK * point) for place in marks]
    room = Bbox.from_extents(axes.bbox.x0 + point, axes.bbox.y0, figure.bbox.x1, figure.bbox.y1)
    for label in labels:
        box = _written(axes, label, taken, room)
        if box is not None:
            taken.append(box)


def _written(axes: Axes, label: MarkLabel, taken: list[Bbox], room: Bbox) -> Bbox | None:
    """Write one label, and return the box that it fills."""
    away = 10 if label.chosen else 7
    halo = [withStroke(linewidth=_HALO, foreground="white")]
    text = axes.annotate(
        "", label.place, (away, 0), textcoords="offset points", size=7.5, zorder=6, path_effects=halo, va="center"
    )
    text.set_in_layout(False)
    text.set_fontweight("bold" if label.chosen else "normal")
    for words in (f"{label.name}  {label.value}", label.name):
        text.set_text(words)
        for x, y, side in _spots(away):
            text.set_position((x, y))
            text.set_horizontalalignment(side)
            box = text.get_window_extent()
            if _inside(box, room) and not any(box.overlaps(other) for other in taken):
                return box
    if label.chosen:
        text.set_position((away, 0))
        text.set_horizontalalignment("left")
        return text.get_window_extent()
    text.remove()
    return None


def _spots(away: int) -> tuple[tuple[int, int, Literal["left", "right"]], ...]:
    return (
        (away, 0, "left"),
        (-away, 0, "right"),
        (away - 4, -away - 1, "left"),
        (away - 4, away + 1, "left"),
        (4 - away, away + 1, "right"),
        (4 - away, -away - 1, "right"),
    )


def _around(middle: Array, reach: float) -> Bbox:
    x, y = middle
    return Bbox.from_extents(x - reach, y - reach, x + reach, y + reach)


def _inside(box: Bbox, room: Bbox) -> bool:
    return bool(box.x0 >= room.x0 and box.x1 <= room.x1 and box.y0 >= room.y0 and box.y1 <= room.y1)
