"""The global minimum by brute force: cone-constrained least squares over all sets of cells with signs of output weights.

On a closed cell with the rays rho what a neuron of output sign s can add to the outputs is the cone of s times s(X rho). So the
minimum is the lowest of the least squares problems with weights of zero or more over all sets of at most ``hidden`` different
pairs (cell, sign). Cells and rays come from all sign vectors and all subsets of rows; SciPy solves the problems, in floats.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
from scipy.optimize import nnls

from theodolite.checker._algebra import echelon, null_vector

__all__ = ["lowest_by_cones"]


def _rays(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return both directions of every line that is orthogonal to all but one dimension of the rows, which span everything."""
    width, found = len(rows[0]), []
    for chosen in combinations(rows, width - 1):
        ray = null_vector(chosen, width)
        if ray is not None:
            for turned in (ray, [-e for e in ray]):
                if not any(_parallel(turned, other) for other in found):
                    found.append(turned)
    return found


def _parallel(left: list[Fraction], right: list[Fraction]) -> bool:
    place = next(k for k, e in enumerate(left) if e)
    factor = right[place] / left[place]
    return factor > 0 and all(factor * a == b for a, b in zip(left, right, strict=True))


def _dot(a: Any, b: Any) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def lowest_by_cones(X: Any, y: Any, hidden: int, slope: Fraction, offset: bool) -> float:
    """Return the smallest sum of squares of rows X, a 1 already appended where neurons have biases."""
    kept = echelon([[Fraction(e) for e in row] for row in X])[1]
    rows = [[Fraction(row[k]) for k in kept] for row in X]
    target = np.array([float(Fraction(e)) for e in y])
    free = [np.ones(len(y)), -np.ones(len(y))] if offset else []
    live = [row for row in rows if any(row)]
    units: list[list[np.ndarray]] = []
    rays = _rays(live) if live and kept else []
    for sides in product((1, -1), repeat=len(live)) if rays else ():
        own = [ray for ray in rays if all(side * _dot(row, ray) >= 0 for side, row in zip(sides, live, strict=True))]
        inside = [sum(part) for part in zip(*own, strict=True)] if own else []
        if not own or not all(side * _dot(row, inside) > 0 for side, row in zip(sides, live, strict=True)):
            continue
        outputs = []
        for ray in own:
            before = [_dot(row, ray) for row in rows]
            column = [b if b >= 0 else slope * b for b in before]
            size = max(map(abs, column))
            outputs.append(np.array([float(c / size) if size else 0.0 for c in column]))
        units += [outputs, [-column for column in outputs]]
    best = float("inf")
    for size in range(hidden + 1):
        for chosen in combinations(units, size):
            columns = [column for unit in chosen for column in unit] + free
            if columns:
                matrix = np.array(columns).T
                norms = np.linalg.norm(matrix, axis=0)
                distance = nnls(matrix / np.where(norms > 0, norms, 1), target)[1]
            else:
                distance = float(np.linalg.norm(target))
            best = min(best, distance**2)
    return best
