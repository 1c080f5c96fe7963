"""Where trainings ended: the critical point that each run leads to, its loss, and what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int64

from theodolite._kind import Kind
from theodolite._typing import Array, Parameters

__all__ = ["Endings", "Nearness", "grouped", "judged_one_by_one"]


class Nearness(NamedTuple):
    """Losses that differ by more than ``apart`` are different levels; a run at most ``close`` above its level has arrived."""

    apart: float
    close: float


@dataclass(frozen=True, eq=False)
class Endings:
    """For each run the point that it leads to.

    ``value`` is the loss there (``nan`` where none was found), ``kind`` the code of its kind, ``place`` its position in
    ``points`` (-1 where none was found); ``judged`` is false for runs that nobody looked at because the time was up.
    """

    value: Float64[np.ndarray, " runs"]
    kind: Int8[np.ndarray, " runs"]
    place: Int64[np.ndarray, " runs"]
    judged: Bool[np.ndarray, " runs"]
    points: list[Parameters] = field(default_factory=list)

    @classmethod
    def unknown(cls, runs: int) -> Endings:
        """Return endings of which nothing is known yet."""
        return cls(
            np.full(runs, np.nan),
            np.full(runs, Kind.UNDECIDED.code, dtype=np.int8),
            np.full(runs, -1, dtype=np.int64),
            np.zeros(runs, dtype=np.bool_),
        )

    def note(self, runs: Array | list[int], point: Parameters, value: float, kind: Kind) -> None:
        """Say that some runs lead to a point."""
        self.value[runs] = value
        self.kind[runs] = kind.code
        self.place[runs] = len(self.points)
        self.judged[runs] = True
        self.points.append(point)

    def nowhere(self, runs: Array | list[int]) -> None:
        """Say that some runs were looked at and lead to no point that could be found."""
        self.judged[runs] = True

    def among(self, runs: Array, total: int) -> Endings:
        """Return these endings as those of ``runs`` out of ``total``, of which nothing more is known."""
        found = Endings.unknown(total)
        for mine, theirs in zip(self._columns(), found._columns(), strict=True):
            theirs[runs] = mine
        found.points.extend(self.points)
        return found

    def _columns(self) -> tuple[Array, Array, Array, Array]:
        return self.value, self.kind, self.place, self.judged

    def levels(self, apart: float) -> list[Array]:
        """Return the runs that lead to a minimum, grouped by its value, lowest first; a new group begins ``apart`` above."""
        minima = [kind.code for kind in Kind if kind.is_minimum]
        runs = np.flatnonzero(np.isin(self.kind, minima))
        return grouped(self.value, runs, apart)


def grouped(values: Array, runs: Array, apart: float) -> list[Array]:
    """Return ``runs`` in groups of about equal values, lowest first."""
    ordered = runs[np.argsort(values[runs], kind="stable")]
    cuts = np.flatnonzero(np.diff(values[ordered]) > apart) + 1
    return [group for group in np.split(ordered, cuts) if len(group)]


def judged_one_by_one(
    runs: Array, total: int, judge: Callable[[int], tuple[Parameters, float, Kind] | None], stop: Callable[[], bool]
) -> Endings:
    """Return the endings of ``runs``, each judged for itself until ``stop`` says so; the others of ``total`` lead nowhere."""
    found = Endings.unknown(total)
    found.nowhere(np.setdiff1d(np.arange(total), runs))
    for run in runs.tolist():
        if stop():
            break
        end = judge(run)
        if end is None:
            found.nowhere([run])
        else:
            found.note([run], *end)
    return found
