"""The panels of one critical set of a ReLU landscape: what it knows of the set, handed to what draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theodolite._critical import CriticalSet
from theodolite._errors import TheodoliteError
from theodolite._kind import Kind
from theodolite._panels import Panel
from theodolite.relu._arrangement_figure import pieces
from theodolite.relu._figures import figures
from theodolite.relu._point import Point
from theodolite.relu._portrait import Portrait

if TYPE_CHECKING:
    from theodolite.relu._catalogue import Catalogue

__all__ = ["panels"]


def panels(catalogue: Catalogue, critical_set: CriticalSet, biased: bool) -> tuple[Panel, ...]:
    """Return the panels of ``critical_set``, drawn for its canonical member; ``biased``: neurons have biases."""
    problem = catalogue.problem
    smooth, kinked = catalogue.stratum_counts(critical_set)
    place = next(catalogue.pieces_of(critical_set.key).places(critical_set.key))
    signs = None if place.index is None or place.nullity is None else (place.index, place.nullity)
    portrait = Portrait(problem, catalogue.member(critical_set, None), biased)
    return figures(
        portrait,
        pieces(problem, biased),
        smooth=smooth,
        kinked=kinked if catalogue.boundary else None,
        signs=signs,
        lowest=_lowest(catalogue, critical_set) if portrait.inputs == 1 else None,
    )


def _lowest(catalogue: Catalogue, critical_set: CriticalSet) -> Point | None:
    """Return a global minimum to compare with."""
    if critical_set.kind is Kind.GLOBAL_MINIMUM or critical_set.landscape is None:
        return None
    try:
        return catalogue.member(catalogue.global_minimum(critical_set.landscape), None)
    except TheodoliteError:  # it is not known which one is
        return None
