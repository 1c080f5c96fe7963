"""What a linear landscape delegates: the mathematics of its core, the network without biases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._panels import Description, Panel
from theodolite._table import Table
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict

__all__ = ["Problem"]


@runtime_checkable
class Problem(Protocol):
    """One solved problem: all critical points of a core, whose parameters are weight matrices alone."""

    def count(self) -> int:
        """Return how many critical sets there are."""

    def count_strata(self) -> int:
        """Return how many strata they have together."""

    def work(self, limit: int | None) -> Iterator[Array]:
        """Yield packed keys in increasing loss."""

    def solve(self, item: Array) -> Table:
        """Return the columns of the sets with these keys."""

    def label(self, key: bytes) -> str:
        """Return what a set or stratum is called."""

    def global_minimum(self, home: Home) -> CriticalSet:
        """Return the set of all global minima."""

    def strata(self, piece: Piece) -> Iterator[Stratum]:
        """Yield the strata of a set."""

    def representative(self, piece: Piece) -> Parameters:
        """Build the canonical member of a piece, in core weights."""

    def sample(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a member of a piece, in core weights."""

    def judge(self, core: Parameters, loss: float, rtol: float, home: Home) -> Verdict:
        """Return the verdict on core weights at which the whole landscape has this loss."""

    def description(self) -> Description:
        """Return title, formulas and facts."""

    def panels(self, piece: Piece, home: Home) -> tuple[Panel, ...]:
        """Return the plain data of figures."""
