"""Pictures of several ensembles side by side: where trainings end, by width."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

from theodolite._atlas import Atlas
from theodolite._certificate import Certificate
from theodolite._ensemble import Ensemble

__all__ = ["ensemble_figure", "ensemble_page"]


def ensemble_page(
    ensembles: Sequence[Ensemble],
    path: str | PathLike[str] | None = None,
    *,
    atlases: Sequence[Atlas | None] | None = None,
    certificates: Sequence[Certificate | None] | None = None,
) -> str:
    """Return one self-contained page about several ensembles as HTML, and write it to ``path`` if there is one.

    Each ensemble is a strip: the losses at which its trainings ended, beside the levels of its landscape with the share of runs
    that arrived at each. ``atlases`` (one for each, or ``None``) make these levels the complete list, with those that no run
    reached; ``certificates`` of the global minima are summed up. Where inputs are one number, the functions of the lowest minimum
    and of the trap that caught most runs are drawn over the data.

    Raises ``DataError`` where lengths differ, an atlas is about another landscape, or the page cannot be written.
    """
    from theodolite.report import write_ensembles

    return write_ensembles(ensembles, path, atlases, certificates)


def ensemble_figure(ensembles: Sequence[Ensemble], *, atlases: Sequence[Atlas | None] | None = None) -> Any:
    """Return a matplotlib figure of the strips of several ensembles, in the visual language of their page.

    Raises ``DataError`` as ``ensemble_page``, ``TheodoliteError`` where matplotlib is missing.
    """
    from theodolite.report import draw_ensembles

    return draw_ensembles(ensembles, atlases)
