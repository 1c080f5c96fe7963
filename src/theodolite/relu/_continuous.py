"""Whether strict linear inequalities have a common solution: decided in rationals, with the solution or the reason."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm
from operator import mul

import numpy as np
from flint import fmpq, fmpz_mat

__all__ = ["gordan", "nonnegative_combination", "proposed", "strictly_inside"]

Rows = Sequence[Sequence[int]] | Sequence[Sequence[Fraction]]

_USED = 1e-9
"""Rows of a proposed combination with smaller weights are left out."""


def strictly_inside(rows: Rows, width: int) -> list[Fraction] | None:
    """Return x with ``row . x > 0`` for all rows, or ``None`` where there is none.

    By Gordan's theorem there is none iff some convex combination of the rows is 0. The simplex method looks for that
    combination (Bland's rule, rational numbers); where it ends without, its multipliers are a solution.

    >>> strictly_inside([[1, 0], [1, 1]], 2) is None, strictly_inside([[1, 1], [-1, -1]], 2) is None
    (False, True)
    """
    return gordan(rows, width)[0]


def gordan(rows: Rows, width: int) -> tuple[list[Fraction] | None, list[Fraction] | None]:
    """Return x with ``row . x > 0`` for all rows and ``None``, or ``None`` and weights of a convex combination that is 0.

    >>> gordan([[1, 1], [-2, -2]], 2)[1]
    [Fraction(2, 3), Fraction(1, 3)]
    """
    if not rows:
        return [Fraction(0)] * width, None
    for place, row in enumerate(rows):
        if not any(row):
            return None, [Fraction(int(k == place)) for k in range(len(rows))]
    solved, numbers = _simplex(rows, width)
    found = [Fraction(int(x.p), int(x.q)) for x in numbers]
    return (found, None) if solved else (None, found)


def proposed(
    rows: Sequence[Sequence[int]], width: int, units: Sequence[int] | None = None
) -> tuple[list[int] | None, list[Fraction] | None]:
    """Return what ``gordan`` does, in integers and another solution perhaps: floats propose, integers check, else decide.

    ``units`` are the powers of 2 in whose units x is wanted to be at most about 1; ``None``: those that suit the rows.

    >>> proposed([[1, 1], [-2, -2]], 2)[1]
    [Fraction(2, 3), Fraction(1, 3)]
    """
    from theodolite.relu._simplex_kernel import propose

    sizes = [max(map(abs, row)) for row in rows]
    scaled = np.array([[e / (size or 1) for e in row] for row, size in zip(rows, sizes, strict=True)])
    if units is None:
        several = np.count_nonzero(scaled, axis=1) > 1  # a single number has the size that is given to it
        columns = -np.frexp(np.abs(scaled[several]).max(axis=0, initial=0.0))[1]
    else:
        columns = np.array(units)
    scaled = np.ldexp(scaled, columns)
    largest = np.abs(scaled).max(axis=1, keepdims=True)
    solved, point, weights = propose(scaled / np.where(largest > 0, largest, 1.0))
    if solved:
        found = _whole(
            [Fraction(entry) * Fraction(2) ** k for entry, k in zip(point.tolist(), columns.tolist(), strict=True)]
        )
        if all(sum(map(mul, row, found)) > 0 for row in rows):
            return found, None
    else:
        used = np.flatnonzero(weights > _USED).tolist()
        shares = _vanishing([rows[j] for j in used], width)
        if shares is not None:
            reason = [Fraction(0)] * len(rows)
            for j, share in zip(used, shares, strict=True):
                reason[j] = share
            return None, reason
    decided, reasons = gordan(rows, width)
    return None if decided is None else _whole(decided), reasons


def _whole(numbers: list[Fraction]) -> list[int]:
    """Return the smallest positive multiple that is whole."""
    unit = lcm(*(entry.denominator for entry in numbers))
    return [int(entry * unit) for entry in numbers]


def _vanishing(rows: Sequence[Sequence[int]], width: int) -> list[Fraction] | None:
    """Return the weights of the convex combination of all rows that is 0, where there is one and only one."""
    kernel, dimension = fmpz_mat(len(rows), width, [entry for row in rows for entry in row]).transpose().nullspace()
    if dimension != 1:
        return None
    weights = [int(line[0]) for line in kernel.tolist()]
    total = sum(weights)
    if any(weight * total <= 0 for weight in weights):
        return None
    return [Fraction(weight, total) for weight in weights]


def nonnegative_combination(rays: Sequence[Sequence[int]], free: Sequence[Sequence[int]]) -> bool:
    """Return whether some combination is 0 that has a positive weight on a ray, no negative one, and any weights on ``free``.

    >>> nonnegative_combination([[1, 0], [0, 1]], [[1, 1]]), nonnegative_combination([[1, 0], [0, 1]], [[1, -1]])
    (True, False)
    >>> nonnegative_combination([[1, 0]], [[0, 1]])
    False
    """
    n = len(rays[0])
    rows: Rows = rays
    if free:
        kernel = fmpz_mat(len(free), n, [entry for row in free for entry in row]).nullspace()
        basis = [[int(entry) for entry in row] for row in kernel[0].transpose().tolist()[: kernel[1]]]
        rows = [[sum(a * b for a, b in zip(ray, v, strict=True)) for v in basis] for ray in rays]
        n = len(basis)
    return strictly_inside(rows, n) is None


def _simplex(rows: Rows, width: int) -> tuple[bool, list[fmpq]]:
    """Minimise the sum of artificial variables a in ``rows' y + a = 0, sum y + a_0 = 1``, all of them non-negative.

    Return whether that sum stays above 0, and the multipliers of the first equations, with their signs turned, or else y.
    """
    count, size = len(rows), width + 1
    zero, one = fmpq(0), fmpq(1)
    # Columns: y, artificial variables, right side. Equation 0 is the sum; the last row holds reduced costs.
    tableau = [[one] * count + [one] + [zero] * width + [one]]
    for k in range(width):
        unit = [one if place == k + 1 else zero for place in range(size)]
        tableau.append([fmpq(row[k].numerator, row[k].denominator) for row in rows] + unit + [zero])
    costs = [-sum((line[j] for line in tableau), zero) for j in range(count)] + [zero] * size
    costs.append(-one)
    basis = list(range(count, count + size))
    while True:
        entering = next((j for j in range(count) if costs[j] < 0), None)
        if entering is None:
            break
        leaving = _leaving(tableau, basis, entering)
        pivot = tableau[leaving]
        scale = one / pivot[entering]
        tableau[leaving] = pivot = [entry * scale if entry else entry for entry in pivot]
        filled = [(place, entry) for place, entry in enumerate(pivot) if entry]
        for line in (*(line for place, line in enumerate(tableau) if place != leaving), costs):
            factor = line[entering]
            if factor:
                for place, entry in filled:
                    line[place] -= factor * entry
        basis[leaving] = entering
    if costs[-1] == 0:
        weights = [zero] * count
        for place, line in zip(basis, tableau, strict=True):
            if place < count:
                weights[place] = line[-1]
        return False, weights
    # The reduced cost of artificial variable k is 1 minus its multiplier.
    return True, [costs[count + 1 + k] - one for k in range(width)]


def _leaving(tableau: list[list[fmpq]], basis: list[int], entering: int) -> int:
    """Return the equation whose variable reaches 0 first, of several the one of the first variable."""
    best: tuple[fmpq, int] | None = None
    chosen = -1
    for place, line in enumerate(tableau):
        if line[entering] > 0:
            key = (line[-1] / line[entering], basis[place])
            if best is None or key < best:
                best, chosen = key, place
    return chosen
