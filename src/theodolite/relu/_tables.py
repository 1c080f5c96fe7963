"""Rows of an atlas of a ReLU landscape: one per support while they are found, one per value and kind in the end."""

from __future__ import annotations

from theodolite._table import Table
from theodolite.relu._known import Known
from theodolite.relu._problem import Problem

__all__ = ["gathered", "label"]


def gathered(rows: Table, problem: Problem, known: Known, *, complete: bool) -> Table:
    """Return one row per value and kind."""
    raise NotImplementedError


def label(key: bytes, problem: Problem) -> str:
    """Return what the set with this key is called."""
    raise NotImplementedError
