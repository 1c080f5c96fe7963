"""Every differentiable saddle: a fit of some neurons, and others of output weight 0 with which the loss can fall.

Of a neuron of output weight 0 the loss sees :math:`g = X^T D_a e` only, e being the residual of the fit of the others. It is
critical where w . g = 0, which has a solution inside cell a exactly if g = 0 or g takes both signs on the rays of the cell.
Every neuron with g != 0 then gives the Hessian one negative eigenvalue: all these points are strict saddles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb

from theodolite.relu._minima import Fitter, fitter
from theodolite.relu._patterns import Patterns
from theodolite.relu._strata import Place
from theodolite.relu._supports import Item, Solution, multisets, repeats, tuples

__all__ = ["Saddle", "saddle_count", "saddle_strata", "saddles", "saddles_on"]


@dataclass(frozen=True, eq=False)
class Saddle:
    """The saddles in which the neurons with output weights that are not 0 have one support, all in cells.

    ``solution`` holds the fit; its ``zeros`` are cells in which a neuron of output weight 0 has g = 0. ``falling`` are the
    cells with g != 0, of which a saddle needs one at least; where it is not ``decided`` round-off hides whether they are.
    """

    solution: Solution
    falling: tuple[int, ...]
    decided: bool = True


def saddles(patterns: Patterns, hidden: int, item: Item) -> list[Saddle]:
    """Return the saddles whose support is on one of the sets of faces of a piece of work."""
    size, _, _ = item
    if size >= hidden:
        return []
    found = fitter(patterns, hidden)
    sets = tuples(item, len(patterns))
    sets = sets[(sets < patterns.cells).all(axis=1)]
    return [saddle for faces in sets[found.screen.kept(sets)].tolist() for saddle in saddles_on(found, tuple(faces))]


def saddles_on(found: Fitter, faces: tuple[int, ...]) -> Iterator[Saddle]:
    """Yield the saddles with supports on exactly these cells."""
    for solution in found.critical(faces):
        if len(solution.support.pairs) >= found.hidden:
            continue
        falling, unclear = found.falling(solution)
        if falling:
            yield Saddle(solution, falling, solution.decided)
        if unclear:
            yield Saddle(solution, unclear, False)


def saddle_count(saddle: Saddle, hidden: int, index: int | None = None) -> int:
    """Return how many strata there are, all of them or those of one index."""
    taken = [index] if index is not None else range(1, hidden - len(saddle.solution.support.pairs) + 1)
    size, zeros = len(saddle.solution.support.pairs), len(_idle(saddle.solution))
    return sum(
        comb(len(saddle.falling) + count - 1, count) * multisets(size, zeros, hidden - count)
        for count in taken
        if 1 <= count <= hidden - size
    )


def _idle(solution: Solution) -> tuple[int, ...]:
    """Return the cells of neurons of output weight 0 with g = 0."""
    return tuple(face for face in solution.zeros if face < solution.cells)


def saddle_strata(patterns: Patterns, hidden: int, saddle: Saddle) -> Iterator[Place]:
    """Yield the strata of a saddle, those of small index first."""
    pairs, idle = saddle.solution.support.pairs, _idle(saddle.solution)
    for index in range(1, hidden - len(pairs) + 1):
        for falling in combinations_with_replacement(saddle.falling, index):
            for taken in range(len(pairs), hidden - index + 1):
                for counts in repeats(len(pairs), taken):
                    neurons = [pair for pair, count in zip(pairs, counts, strict=True) for _ in range(count)]
                    for rest in combinations_with_replacement(idle, hidden - index - taken):
                        spots = sorted(neurons + [(face, 0) for face in (*falling, *rest)])
                        yield Place(patterns, saddle.solution, tuple(spots), index)
