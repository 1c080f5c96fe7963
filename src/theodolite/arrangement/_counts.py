"""How many cells there are, without listing them: Cover's formula, and deletion and restriction."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, gcd

__all__ = ["count_by_restriction", "cover_count", "restriction_work"]

_Row = tuple[int, ...]


def cover_count(hyperplanes: int, dimension: int) -> int:
    """Return the number of cells of distinct hyperplanes through the origin in general position.

    That is 2 (C(n - 1, 0) + ... + C(n - 1, d - 1)). It is an upper bound in any other position.

    >>> cover_count(4, 3)
    14
    """
    if hyperplanes == 0:
        return 1
    return 2 * sum(comb(hyperplanes - 1, k) for k in range(dimension))


def restriction_work(hyperplanes: int, dimension: int) -> int:
    """Return a bound on how many arrangements ``count_by_restriction`` looks at."""
    return comb(hyperplanes, max(0, dimension - 2))


def count_by_restriction(rows: Sequence[Sequence[int]]) -> int:
    """Return the number of cells of the central arrangement of integer ``rows``, by Zaslavsky's recursion.

    cells(A) = cells(A without H) + cells(A restricted to H), in exact integers; parallel and zero rows are merged. A
    plane that n lines cut has 2 n cells.

    >>> count_by_restriction([(1, -1, 0), (0, 1, -1), (1, 0, -1)])
    6
    """
    lines = sorted({line for row in rows if (line := _line(row)) is not None})
    if not lines:
        return 1
    total = 1
    for k, line in enumerate(lines):  # delete from the end: what is left when H is restricted are the lines before it
        if len(line) == 1:
            return 2
        if len(line) == 2:
            return 2 * len(lines)
        total += _restricted_count(line, lines[:k])
    return total


def _restricted_count(line: _Row, others: Sequence[_Row]) -> int:
    pivot = next(k for k, entry in enumerate(line) if entry)
    lead = line[pivot]  # positive: lines start with a positive entry
    restricted = []
    for other in others:
        factor = other[pivot]
        restricted.append(
            [lead * a - factor * b for k, (a, b) in enumerate(zip(other, line, strict=True)) if k != pivot]
        )
    return count_by_restriction(restricted)


def _line(row: Sequence[int]) -> _Row | None:
    """Return the primitive vector on the line of ``row`` whose first entry is positive, or ``None`` for a zero row."""
    scale = gcd(*row)
    if scale == 0:
        return None
    lead = next(entry for entry in row if entry)
    scale = scale if lead > 0 else -scale
    return tuple(entry // scale for entry in row)
