"""Theodolite surveys the loss landscapes of neural networks exactly, wherever mathematics gives the whole answer."""

from typing import TYPE_CHECKING

from theodolite._atlas import Atlas
from theodolite._atlas_files import load_atlas
from theodolite._certificate import Certificate
from theodolite._critical import CriticalSet, Stratum
from theodolite._ensemble import Ensemble, EnsembleLevel
from theodolite._ensemble_faces import ensemble_figure, ensemble_page
from theodolite._errors import (
    AtlasFileError,
    CertificateError,
    DataError,
    NoEscapeError,
    NoMinimumError,
    NotCoveredError,
    ShapeError,
    StoreError,
    TheodoliteError,
    WorkloadError,
)
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._landscape import Landscape, SurveyableLandscape
from theodolite._references import REFERENCES, Reference, cite
from theodolite._survey import survey
from theodolite._training import train_ensemble
from theodolite._verdict import Direction, Verdict
from theodolite._version import __version__
from theodolite.dominance import DescentCertificate, Dominance, EmpiricalCheck, Regularity
from theodolite.linear import LinearLandscape, ResidualLandscape

if TYPE_CHECKING:
    from theodolite import probability
    from theodolite.activated import ActivatedLandscape
    from theodolite.affine import AffineTargetLandscape, AffineVerdict, PiecewiseTargetLandscape
    from theodolite.arrangement import Cells, cells, count_cells
    from theodolite.relu import (
        InCellMinimum,
        NoSpuriousExample,
        Polished,
        ReluLandscape,
        ReluStratum,
        ReluVerdict,
        SpuriousExample,
        UnlimitedWidth,
    )

__all__ = [
    "REFERENCES",
    "ActivatedLandscape",
    "AffineTargetLandscape",
    "AffineVerdict",
    "Assumption",
    "Atlas",
    "AtlasFileError",
    "Cells",
    "Certificate",
    "CertificateError",
    "CriticalSet",
    "DataError",
    "DescentCertificate",
    "Direction",
    "Dominance",
    "EmpiricalCheck",
    "Ensemble",
    "EnsembleLevel",
    "Evidence",
    "InCellMinimum",
    "Kind",
    "Landscape",
    "LinearLandscape",
    "Method",
    "NoEscapeError",
    "NoMinimumError",
    "NoSpuriousExample",
    "NotCoveredError",
    "PiecewiseTargetLandscape",
    "Polished",
    "Reference",
    "Regularity",
    "ReluLandscape",
    "ReluStratum",
    "ReluVerdict",
    "ResidualLandscape",
    "ShapeError",
    "SpuriousExample",
    "StoreError",
    "Stratum",
    "SurveyableLandscape",
    "TheodoliteError",
    "UnlimitedWidth",
    "Verdict",
    "WorkloadError",
    "__version__",
    "cells",
    "cite",
    "count_cells",
    "ensemble_figure",
    "ensemble_page",
    "load_atlas",
    "probability",
    "survey",
    "train_ensemble",
]

_LAZY = {
    "ActivatedLandscape": "theodolite.activated",
    **dict.fromkeys(("AffineTargetLandscape", "AffineVerdict", "PiecewiseTargetLandscape"), "theodolite.affine"),
    **dict.fromkeys(("Cells", "cells", "count_cells"), "theodolite.arrangement"),
    **dict.fromkeys(
        (
            "InCellMinimum",
            "NoSpuriousExample",
            "Polished",
            "ReluLandscape",
            "ReluStratum",
            "ReluVerdict",
            "SpuriousExample",
            "UnlimitedWidth",
        ),
        "theodolite.relu",
    ),
}
"""Names that are imported when they are first used: some homes import numba, and nobody needs all of them."""

_LAZY_MODULES = ("probability",)
"""Public modules, likewise."""


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _LAZY_MODULES:
        return import_module(f"theodolite.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
