"""The steps from one selection to lower ones: add a direction, or swap one for a stronger one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from theodolite._panels import Move
from theodolite._typing import Array
from theodolite.linear._families import Families
from theodolite.linear._sets import selection_label

__all__ = ["MOST_MOVES", "Moves", "list_moves"]

MOST_MOVES = 12
"""So many steps are shown."""


@dataclass(frozen=True)
class Moves:
    """The largest steps that lower the loss, how many there are in all, and the groups (dropped, added) of the largest."""

    shown: tuple[Move, ...]
    count: int
    largest: tuple[int | None, int] | None


def list_moves(
    families: Families, taken: Array, key: Callable[[Array], bytes], formula: Callable[[int, int | None], str]
) -> Moves:
    """Return the steps down from the selection ``taken``, largest decrease first.

    ``key`` gives the key of the set where a step ends, ``formula(added, dropped)`` its decrease in symbols.
    """
    eigenvalues = families.eigenvalues
    steps: list[tuple[float, int | None, int]] = []
    spare = int(taken.sum()) < families.cap
    for j, multiplicity in enumerate(families.multiplicities):
        if taken[j] == multiplicity:
            continue
        if spare:
            steps.append((float(eigenvalues[j]), None, j))
        steps += [(float(eigenvalues[j] - eigenvalues[i]), i, j) for i in range(j + 1, len(taken)) if taken[i]]
    steps.sort(key=lambda step: -step[0])
    shown = []
    for gain, dropped, added in steps[:MOST_MOVES]:
        after = taken.copy()
        after[added] += 1
        if dropped is not None:
            after[dropped] -= 1
        words = f"add {added + 1}" if dropped is None else f"swap {dropped + 1} for {added + 1}"
        weighed = families.weight * gain
        shown.append(Move(words, formula(added, dropped), weighed, selection_label(after), key(after)))
    return Moves(tuple(shown), len(steps), (steps[0][1], steps[0][2]) if steps else None)
