"""Faces of an atlas for people: the self-contained page, the notebook table, and figures for papers."""

from theodolite.report._figures import FIGURES, figure, panel_figure
from theodolite.report._notebook import atlas_html
from theodolite.report._page import to_html, write_page

__all__ = ["FIGURES", "atlas_html", "figure", "panel_figure", "to_html", "write_page"]
