"""Theodolite surveys the loss landscapes of neural networks exactly, wherever mathematics gives the whole answer."""

from theodolite._atlas import Atlas
from theodolite._atlas_files import load_atlas
from theodolite._critical import CriticalSet, Stratum
from theodolite._errors import (
    AtlasFileError,
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
from theodolite._verdict import Direction, Verdict
from theodolite._version import __version__
from theodolite.linear import LinearLandscape

__all__ = [
    "REFERENCES",
    "Assumption",
    "Atlas",
    "AtlasFileError",
    "CriticalSet",
    "DataError",
    "Direction",
    "Evidence",
    "Kind",
    "Landscape",
    "LinearLandscape",
    "Method",
    "NoEscapeError",
    "NoMinimumError",
    "NotCoveredError",
    "Reference",
    "ShapeError",
    "StoreError",
    "Stratum",
    "SurveyableLandscape",
    "TheodoliteError",
    "Verdict",
    "WorkloadError",
    "__version__",
    "cite",
    "load_atlas",
    "survey",
]
