"""The global minimum of a small network by branch and bound over joint sign prefixes, exact at the end.

Bounds are those of ``_regions``, exact; the region with the lowest bound is divided first, so that the lowest bound among the
regions left is at every moment a lower bound of the loss, and the gap to the best point so far is known whenever the budget
ends.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import nextafter

from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem
from theodolite.relu._regions import Prefixes, Regions

__all__ = ["Optimum", "minimise", "row_order", "zero_point"]

_MOST_LEFT = 2 * 10**6
"""So many regions take about two gigabytes."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best point found, its sum of squares, and a number that no point goes below: equal to it if the search ended.

    ``nodes`` is how many regions were looked at.
    """

    point: Point
    sse: Fraction
    lower: Fraction
    nodes: int

    @property
    def complete(self) -> bool:
        """Whether the point is proven to be a global minimum."""
        return self.lower == self.sse


def row_order(problem: Problem) -> list[int]:
    """Return the order in which rows are looked at: those with the largest targets first, so that bounds rise fast."""
    targets = problem.targets - sum(problem.targets) / len(problem.targets) if problem.offset else problem.targets
    return sorted(range(problem.samples), key=lambda i: (-abs(targets[i]), i))


def minimise(
    problem: Problem,
    incumbent: Point,
    deadline: float = float("inf"),
    report: Callable[[int], None] = lambda count: None,
) -> Optimum:
    """Return the global minimum of a rational problem; ``incumbent`` is the best point known before.

    At ``deadline``, on Ctrl-C, or when millions of regions are left, the best point so far with a bound is the answer.
    """
    regions = Regions(problem, row_order(problem))
    best, sse = incumbent, Evaluation(problem, incumbent).sse
    heap: list[tuple[float, int, tuple[int, ...], Prefixes]] = [
        (0.0, 0, signs, regions.root()) for signs in regions.output_signs()
    ]
    heapq.heapify(heap)
    nodes, lower = 0, Fraction(0)
    try:
        while heap:
            lower = Fraction(heap[0][0])
            if lower >= sse:
                break
            if time.monotonic() >= deadline or len(heap) > _MOST_LEFT:
                return Optimum(best, sse, lower, nodes)
            _, _, signs, prefixes = heapq.heappop(heap)
            if regions.whole(prefixes):
                found = regions.point(signs, prefixes, regions.bound(signs, prefixes).weights)
                value = Evaluation(problem, found).sse
                if value < sse:
                    best, sse = found, value
                continue
            for child in regions.children(signs, prefixes):
                if regions.empty(child) is not None:
                    continue
                nodes += 1
                if nodes % 256 == 0:
                    report(nodes)
                bound = max(lower, regions.bound(signs, child).sse)
                if bound < sse:
                    # Deeper regions first among equal bounds: they lead to points.
                    heapq.heappush(heap, (_down(bound), -len(child[0]) * 10**9 + nodes, signs, child))
    except KeyboardInterrupt:
        return Optimum(best, sse, lower, nodes)
    return Optimum(best, sse, sse, nodes)


def _down(number: Fraction) -> float:
    """Return a float that is not above a number of zero or more."""
    return nextafter(float(number), 0.0)


def zero_point(problem: Problem) -> Point:
    """Return the point with all weights zero and the best output bias: an incumbent that is always there."""
    mean = sum(problem.targets) / Fraction(len(problem.targets)) if problem.offset else Fraction(0)
    return Point(problem.zeros(problem.hidden, problem.width), problem.zeros(problem.hidden), mean)
