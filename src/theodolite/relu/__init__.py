"""One hidden layer of ReLU or leaky ReLU neurons on data: every local minimum, and a verdict at any point."""

from __future__ import annotations

from theodolite.relu._constructions import NoSpuriousExample, SpuriousExample
from theodolite.relu._in_cell import InCellMinimum
from theodolite.relu._landscape import ReluLandscape
from theodolite.relu._pieces import ReluStratum
from theodolite.relu._polish import Polished
from theodolite.relu._unlimited import UnlimitedWidth
from theodolite.relu._verdict import ReluVerdict

__all__ = [
    "InCellMinimum",
    "NoSpuriousExample",
    "Polished",
    "ReluLandscape",
    "ReluStratum",
    "ReluVerdict",
    "SpuriousExample",
    "UnlimitedWidth",
]
