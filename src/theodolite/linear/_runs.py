"""Runs of families that floats cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theodolite._typing import Array
from theodolite.linear._families import Families

__all__ = ["separated_runs"]


def separated_runs(families: Families, apart: float) -> Iterator[Array]:
    """Yield all families, in increasing computed sum, cut wherever two neighbouring sums differ by more than ``apart``."""
    open_run: Array | None = None
    for block in families.chunks():
        rows = block if open_run is None else np.concatenate([open_run, block])
        cuts = np.flatnonzero(np.diff(families.sums(rows)) > apart) + 1
        *closed, open_run = np.split(rows, cuts)
        yield from closed
    if open_run is not None:
        yield open_run
