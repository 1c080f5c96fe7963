"""Where trainings ended: the critical value that each run leads to, and how far above it the run stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int8

from theodolite._kind import Kind

__all__ = ["Endings", "judged_one_by_one"]


@dataclass(frozen=True, eq=False)
class Endings:
    """For each run the loss of the point that it leads to (``nan`` where none was found), and what kind of point that is.

    ``kind`` holds the codes of kinds, ``judged`` is false for runs that were left out because the time was up.
    """

    value: Float64[np.ndarray, " runs"]
    kind: Int8[np.ndarray, " runs"]
    judged: Bool[np.ndarray, " runs"]

    @classmethod
    def unknown(cls, runs: int) -> Endings:
        """Return endings of which nothing is known yet."""
        return cls(
            np.full(runs, np.nan), np.full(runs, Kind.UNDECIDED.code, dtype=np.int8), np.zeros(runs, dtype=np.bool_)
        )

    def note(self, which: Bool[np.ndarray, " runs"], value: float, kind: Kind) -> None:
        """Say of some runs where they lead."""
        self.value[which] = value
        self.kind[which] = kind.code
        self.judged[which] = True


def judged_one_by_one(
    runs: int, judge: Callable[[int], tuple[float, Kind]], stop: Callable[[], bool], which: Bool[np.ndarray, " runs"]
) -> Endings:
    """Return the endings of some runs, each judged for itself until ``stop`` says so."""
    found = Endings.unknown(runs)
    for run in np.flatnonzero(which):
        if stop():
            break
        value, kind = judge(int(run))
        alone = np.zeros(runs, dtype=np.bool_)
        alone[run] = True
        found.note(alone, value, kind)
    return found
