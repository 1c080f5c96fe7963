"""Plateaus: which strata of local minima hang together, up to the order of neurons.

Outputs are constant on a connected set of local minima, since only finitely many occur. Among local minima with the same
outputs every stratum is connected: in products of output weight and weights it is a convex polyhedron. The closure of one
stratum meets another exactly if the neurons can be paired so that each face of the other lies in the closure of the face of
the one, with the same sign of the output weight or with 0: every member of the other is then a limit, as outputs agree. (Output
weights that tend to 0 on a face while weights tend to a smaller face pass through output weight 0 on the face itself.) So what
touches is a matter of signs alone, and plateaus are the components of that graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from jaxtyping import Bool, Int64

from theodolite._errors import NotCoveredError, WorkloadError
from theodolite._typing import Array
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Number
from theodolite.relu._strata import Place
from theodolite.relu._supports import Solution, Spots, spots, stratum_count

__all__ = ["MOST_STRATA", "Plateau", "plateaus", "touches"]

MOST_STRATA = 4000
"""Up to this many strata with the same outputs are compared in pairs."""


@dataclass(frozen=True, eq=False)
class Plateau:
    """A connected component of the local minima, up to the order of neurons: S there, and its strata."""

    sse: Number
    strata: tuple[Place, ...]


def plateaus(patterns: Patterns, hidden: int, solutions: Iterable[Solution]) -> Iterator[Plateau]:
    """Yield the plateaus of all local minima of a problem, lowest first.

    ``solutions`` must be all local minima of the levels of interest. Raises ``NotCoveredError`` where some of them are not
    decided or ``patterns`` has cells only, ``WorkloadError`` for more than ``MOST_STRATA`` strata with the same outputs.
    """
    groups: dict[tuple[Number, ...], list[Solution]] = {}
    for solution in solutions:
        if not solution.decided or solution.unclear:
            raise NotCoveredError(
                "Which local minima hang together is not known",
                cause="round-off hides whether some points are local minima",
                fix='Pass exact data, or arithmetic="verified" for the floats as they are',
            )
        groups.setdefault(tuple(solution.error.tolist()), []).append(solution)
    if len(patterns) == patterns.cells and patterns.problem.lines.count:
        raise NotCoveredError(
            "Which local minima hang together is not known", cause="those on kinks, which join others, were not listed"
        )
    for group in sorted(groups.values(), key=lambda solutions: float(solutions[0].sse)):
        yield from _joined(patterns, hidden, group)


def _joined(patterns: Patterns, hidden: int, solutions: list[Solution]) -> Iterator[Plateau]:
    """Yield the plateaus of solutions with the same outputs."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    count = sum(stratum_count(solution, hidden) for solution in solutions)
    if count > MOST_STRATA:
        raise WorkloadError(
            f"{count:,} strata of local minima have the same outputs",
            count=count,
            cause=f"more than {MOST_STRATA:,} are not compared in pairs",
            fix="Use fewer neurons or samples",
        )
    places = [Place(patterns, solution, one) for solution in solutions for one in spots(solution, hidden)]
    touching = touches(patterns, [place.spots for place in places])
    number, labels = connected_components(csr_array(touching), directed=False)
    for label in range(number):
        members = tuple(places[i] for i in np.flatnonzero(labels == label))
        yield Plateau(members[0].solution.sse, members)


def touches(patterns: Patterns, strata: list[Spots]) -> Bool[np.ndarray, "s s"]:
    """Return whether the closure of stratum i meets stratum j, all having the same outputs."""
    kinds = sorted({spot for one in strata for spot in one})
    place = {spot: k for k, spot in enumerate(kinds)}
    below = _below(patterns, np.array(kinds, dtype=np.int64).reshape(-1, 2))
    numbers: Int64[np.ndarray, "s h"] = np.array([[place[spot] for spot in one] for one in strata], dtype=np.int64)
    found = np.zeros((len(strata), len(strata)), dtype=bool)
    for order in set(permutations(range(numbers.shape[1]))):
        pairs = np.ones_like(found)
        for k, other in enumerate(order):
            pairs &= below[numbers[:, k][:, None], numbers[:, other][None]]
        found |= pairs
    return found


def _below(patterns: Patterns, kinds: Array) -> Array:
    """Return for pairs of face and sign whether the second is the first, or its limit."""
    signs = patterns.signs[kinds[:, 0]]
    sides = kinds[:, 1]
    inside = np.array([((signs == 0) | (signs == one)).all(axis=1) for one in signs])
    return np.asarray(inside & ((sides[None] == 0) | (sides[None] == sides[:, None])))
