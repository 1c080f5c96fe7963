"""Faces of an atlas for people: the self-contained page, the notebook table, and figures for papers."""

from theodolite.report._ensemble_page import write_ensembles
from theodolite.report._figures import FIGURES, draw_ensembles, figure, panel_figure
from theodolite.report._notebook import atlas_html
from theodolite.report._page import to_html, write_page

__all__ = [
    "FIGURES",
    "atlas_html",
    "draw_ensembles",
    "figure",
    "panel_figure",
    "to_html",
    "write_ensembles",
    "write_page",
]
