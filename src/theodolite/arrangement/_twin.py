"""The kernels once more in plain Python integers: slow, obvious, and what the kernels are tested against.

The ray method's twin also lists the cells of arrangements so small that compiling a kernel would take longer, and
answers single questions about one cell (its rays, hence an interior point), where speed does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import gcd

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._rows import Rows
from theodolite.arrangement._start import dual_rays

__all__ = ["Ray", "cells_by_rays", "cells_by_vertices", "determinant", "rays_of_cell", "signs_by_rays"]

Ray = tuple[int, ...]


def _sign(value: int | Fraction) -> int:
    return (value > 0) - (value < 0)


def _dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _between(row: Sequence[int], up: Ray, down: Ray) -> Ray:
    """Return the ray on ``row`` between a ray above and a ray below it."""
    p, q = _dot(row, up), -_dot(row, down)
    mixed = [q * a + p * b for a, b in zip(up, down, strict=True)]
    scale = gcd(*mixed)
    return tuple(entry // scale for entry in mixed)


def _cut(rows: Sequence[Sequence[int]], rays: list[Ray], row: int, valid: Sequence[int]) -> tuple[list[Ray], list[Ray]]:
    """Return the rays of the two halves into which ``row`` cuts a cone; ``valid`` are the rows that bound it."""
    sides = {ray: _sign(_dot(rows[row], ray)) for ray in rays}
    tight = {ray: {i for i in valid if _dot(rows[i], ray) == 0} for ray in rays}
    new = []
    for up, down in product(rays, rays):
        if sides[up] > 0 > sides[down]:
            shared = tight[up] & tight[down]
            if not any(shared <= tight[ray] for ray in rays if ray not in (up, down)):
                new.append(_between(rows[row], up, down))
    middle = [ray for ray in rays if sides[ray] == 0] + new
    return [ray for ray in rays if sides[ray] < 0] + middle, [ray for ray in rays if sides[ray] > 0] + middle


def cells_by_rays(rows: Rows) -> Iterator[tuple[int, ...]]:
    """Yield the sign vectors of the cells on the + side of row 0, in increasing order: the twin of ``search``."""
    integers = [rows.integers(i) for i in range(len(rows))]
    duals = [tuple(ray) for ray in dual_rays(rows)]
    d = rows.width

    def visit(signs: list[int], rays: list[Ray]) -> Iterator[tuple[int, ...]]:
        row = len(signs)
        if row == len(integers):
            yield tuple(signs)
            return
        sides = {_sign(_dot(integers[row], ray)) for ray in rays}
        if sides >= {-1, 1}:
            low, high = _cut(integers, rays, row, range(row))
            yield from visit([*signs, -1], low)
            yield from visit([*signs, 1], high)
        else:
            yield from visit([*signs, 1 if 1 in sides else -1], rays)

    for tail in product((-1, 1), repeat=d - 1):
        signs = [1, *tail]
        yield from visit(signs, [tuple(s * x for x in ray) for s, ray in zip(signs, duals, strict=True)])


def signs_by_rays(rows: Rows, *, central: bool) -> Array:
    """Return the signs over the hyperplanes, int8 (cells, rows), in increasing order: of the cells on the + side of
    row 0, and if ``central`` of their opposites before them."""
    half = np.array(list(cells_by_rays(rows)), dtype=np.int8).reshape(-1, len(rows))
    return np.concatenate([-half[::-1], half]) if central else half


def rays_of_cell(rows: Rows, signs: Sequence[int]) -> list[Ray]:
    """Return the extreme rays of the cell with these ``signs`` as primitive integer vectors."""
    integers = [rows.integers(i) for i in range(len(rows))]
    d = rows.width
    rays: list[Ray] = [tuple(int(s) * x for x in ray) for s, ray in zip(signs, dual_rays(rows), strict=False)]
    for row in range(d, len(integers)):
        if {_sign(_dot(integers[row], ray)) for ray in rays} >= {-1, 1}:
            low, high = _cut(integers, rays, row, range(row))
            rays = high if signs[row] > 0 else low
    return rays


def determinant(matrix: Sequence[Sequence[int | Fraction]]) -> Fraction:
    """Return a determinant by elimination in fractions: the twin of the residues and of the filter."""
    rows = [[Fraction(entry) for entry in row] for row in matrix]
    value = Fraction(1)
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k] != 0), None)
        if pivot is None:
            return Fraction(0)
        if pivot != k:
            rows[k], rows[pivot] = rows[pivot], rows[k]
            value = -value
        value *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return value


def cells_by_vertices(rows: Rows) -> set[tuple[int, ...]]:
    """Return the cells on the + side of row 0 in general position: the 2**(d-1) around each vertex line. Twin of
    ``sweep``."""
    integers = [rows.integers(i) for i in range(len(rows))]
    d = rows.width
    cells = set()
    for tight in combinations(range(len(integers)), d - 1):
        vertex = [determinant([[int(k == j) for k in range(d)], *(integers[i] for i in tight)]) for j in range(d)]
        at = [_sign(sum((a * x for a, x in zip(row, vertex, strict=True)), Fraction(0))) for row in integers]
        for turn, *choice in product((-1, 1), repeat=d):
            signs = [turn * s for s in at]
            for i, s in zip(tight, choice, strict=True):
                signs[i] = s
            if signs[0] > 0:
                cells.add(tuple(signs))
    return cells
