"""The closed cones of weights with given signs on the first rows, by their generators, in integers.

A cone {w : side_i x_i . w >= 0} is kept as rays and a basis of the lines that it contains. Rows are added one at a time (the
double description method, Motzkin et al. 1953): a row keeps the generators on its side and adds one between every adjacent pair
of opposite ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import gcd

__all__ = ["Cone", "whole_space"]

Vector = tuple[int, ...]


@dataclass(frozen=True)
class Cone:
    """The weights with the signs ``sides`` on the first rows: ``rays`` and ``lines`` generate them, lines in both directions.

    ``rows`` are those of the first rows that bound the cone, each turned to its side.
    """

    sides: tuple[int, ...]
    rows: tuple[Vector, ...]
    rays: tuple[Vector, ...]
    lines: tuple[Vector, ...]

    @cached_property
    def generators(self) -> tuple[Vector, ...]:
        """Vectors whose combinations with weights of zero or more are the cone."""
        return (*self.rays, *self.lines, *(_minus(line) for line in self.lines))

    def cut(self, row: Vector, side: int) -> Cone | None:
        """Return the part with the sign ``side`` on one row more, ``None`` where it has no interior."""
        if side == 0:
            return Cone((*self.sides, 0), self.rows, self.rays, self.lines)
        turned = row if side > 0 else _minus(row)
        sides, rows = (*self.sides, side), (*self.rows, turned)
        crossing = next((line for line in self.lines if _dot(turned, line)), None)
        if crossing is not None:
            return self._cut_through_lines(turned, crossing, sides, rows)
        above = [ray for ray in self.rays if _dot(turned, ray) > 0]
        if not above:
            return None
        below = [ray for ray in self.rays if _dot(turned, ray) < 0]
        level = [ray for ray in self.rays if not _dot(turned, ray)]
        tight = {ray: frozenset(i for i, other in enumerate(self.rows) if not _dot(other, ray)) for ray in self.rays}
        between = [
            _combined(turned, up, down)
            for up in above
            for down in below
            if self._adjacent(tight[up] & tight[down], up, down, tight)
        ]
        return Cone(sides, rows, tuple(above + level + between), self.lines)

    def _cut_through_lines(
        self, turned: Vector, line: Vector, sides: tuple[int, ...], rows: tuple[Vector, ...]
    ) -> Cone:
        """Return the part on one side of a hyperplane that a line crosses: the line becomes a ray, all else moves along it."""
        ray = line if _dot(turned, line) > 0 else _minus(line)
        moved = [_onto(turned, other, ray) for other in (*self.rays, *self.lines) if other != line]
        count = len(self.rays)
        return Cone(sides, rows, (*moved[:count], ray), tuple(moved[count:]))

    def _adjacent(self, shared: frozenset[int], up: Vector, down: Vector, tight: dict[Vector, frozenset[int]]) -> bool:
        """Return whether no third ray lies on all facets that two rays share."""
        return not any(shared <= tight[other] for other in self.rays if other not in (up, down))


def whole_space(width: int) -> Cone:
    """Return the cone of all weights."""
    lines = tuple(tuple(int(i == j) for j in range(width)) for i in range(width))
    return Cone((), (), (), lines)


def _dot(left: Vector, right: Vector) -> int:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _minus(vector: Vector) -> Vector:
    return tuple(-entry for entry in vector)


def _combined(row: Vector, up: Vector, down: Vector) -> Vector:
    """Return the positive combination of two vectors on which ``row`` vanishes."""
    a, b = -_dot(row, down), _dot(row, up)
    return _reduced(tuple(a * x + b * y for x, y in zip(up, down, strict=True)))


def _onto(row: Vector, vector: Vector, ray: Vector) -> Vector:
    """Return a positive multiple of ``vector`` moved along ``ray`` until ``row`` vanishes on it."""
    a, b = _dot(row, ray), _dot(row, vector)
    return _reduced(tuple(a * x - b * y for x, y in zip(vector, ray, strict=True)))


def _reduced(vector: Vector) -> Vector:
    common = gcd(*vector)
    return tuple(entry // common for entry in vector) if common > 1 else vector
