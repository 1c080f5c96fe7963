"""Figures for papers and notebooks, in the visual language of the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from theodolite._atlas import Atlas
from theodolite._ensemble import Ensemble
from theodolite._errors import DataError, NotCoveredError, TheodoliteError
from theodolite._panels import (
    ArrangementPanel,
    CurvePanel,
    FieldPanel,
    Panel,
    PlanePanel,
    ProfilePanel,
    SignsPanel,
    SlidesPanel,
    SpectrumPanel,
)
from theodolite.report._rows import AtlasLike, gather

__all__ = ["FIGURES", "draw_ensembles", "figure", "panel_figure"]

_PANELS: dict[str, type[Any]] = {
    "spectrum": SpectrumPanel,
    "signs": SignsPanel,
    "plane": PlanePanel,
    "profile": ProfilePanel,
    "curves": CurvePanel,
    "slides": SlidesPanel,
    "field": FieldPanel,
    "arrangement": ArrangementPanel,
}
FIGURES = ("ladder", *_PANELS)
"""The names that ``figure`` knows."""


def figure(atlas: AtlasLike, name: str = "ladder", *, chosen: int | None = None) -> Any:
    """Return a matplotlib figure of ``atlas``, in the visual language of its page.

    ``name`` is "ladder", or names a panel of one set: "spectrum", "signs", "plane", "profile", "curves", "slides",
    "field" (a function of two inputs over its samples), "arrangement" (the cells of a neuron's weights).
    ``chosen`` is the position of the set to draw, by default the one that the page opens with. Save it with ``savefig``.
    Raises ``TheodoliteError`` where matplotlib is missing (``pip install "theodolite[plot]"``) and ``NotCoveredError`` where the
    landscape has no such panel for this set.
    """
    if name not in FIGURES:
        raise DataError(f"There is no figure {name!r}", fix=f"Use one of {', '.join(FIGURES)}")
    _need_matplotlib()
    if not len(atlas):
        raise DataError("This atlas has no sets to draw", fix="Survey without a filter that leaves nothing")
    rows = gather(atlas)
    if chosen is not None and not 0 <= chosen < len(atlas):
        raise DataError(
            f"Set {chosen} was asked for", cause=f"this atlas has {len(atlas)}", fix="Pass a position in it"
        )
    if name == "ladder":
        from theodolite.report._plot_ladder import draw_ladder

        return draw_ladder(atlas, rows, rows.opening if chosen is None else chosen)
    item = rows.sets[rows.opening] if chosen is None else atlas[chosen]
    if atlas.landscape is None:
        raise NotCoveredError(
            f"The {name} of {item.label} is not known",
            cause="the atlas was loaded without its landscape",
            fix="Load it with load_atlas(path, land)",
        )
    wanted = [panel for panel in atlas.landscape.panels(item) if isinstance(panel, _PANELS[name])]
    if not wanted:
        raise NotCoveredError(
            f"{item.label} has no {name}",
            cause="its landscape supplies none",
            fix="Choose another figure or another set",
        )
    return _drawer(name)(wanted[0], atlas.description.loss_name)


def panel_figure(panel: CurvePanel) -> Any:
    """Return a matplotlib figure of curves that belong to no atlas, what they are below it.

    Raises ``TheodoliteError`` where matplotlib is missing.
    """
    _need_matplotlib()
    drawn = _drawer("curves")(panel, "")
    drawn.axes[0].get_legend().remove()
    drawn.set_size_inches(4.6, 3.0 + 0.2 * len(panel.curves))
    drawn.legend(loc="outside lower left", frameon=False, fontsize=8)
    return drawn


def draw_ensembles(ensembles: Sequence[Ensemble], atlases: Sequence[Atlas | None] | None = None) -> Any:
    """Return a matplotlib figure of where the trainings of several ensembles ended.

    Raises ``DataError`` for lists that do not fit, ``TheodoliteError`` where matplotlib is missing.
    """
    _need_matplotlib()
    from theodolite.report._plot_ensembles import ensembles_drawn

    return ensembles_drawn(ensembles, atlases)


def _need_matplotlib() -> None:
    if find_spec("matplotlib") is None:
        raise TheodoliteError(
            "Figures need matplotlib", cause="it is not installed", fix='Install it: pip install "theodolite[plot]"'
        )


def _drawer(name: str) -> Callable[[Panel, str], Any]:
    from theodolite.report import _plot_neurons, _plot_panels

    drawers: dict[str, Callable[[Panel, str], Any]] = {
        "spectrum": _plot_panels.draw_spectrum,
        "signs": _plot_panels.draw_signs,
        "plane": _plot_panels.draw_plane,
        "profile": _plot_panels.draw_profile,
        "curves": _plot_panels.draw_curves,
        "slides": _plot_panels.draw_slides,
        "field": _plot_neurons.draw_field,
        "arrangement": _plot_neurons.draw_arrangement,
    }
    return drawers[name]
