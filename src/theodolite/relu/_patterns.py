"""Every face of weight space: the sign vectors that x_i . w can have, zeros included, and what a fit on each of them needs.

A neuron on a face with zero rows I has its weights in the null space of X_I, a *flat*; the faces of one flat share its basis,
and in coordinates of that basis they are the cells of the arrangement restricted to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import comb

import numpy as np
from jaxtyping import Int8, Int64, Shaped

from theodolite._numerics import as_fractions, exact_nullspace, exact_product, to_floats
from theodolite._typing import Array
from theodolite.relu._problem import Problem

__all__ = ["Patterns", "face_count", "patterns"]


@dataclass(frozen=True, eq=False)
class Patterns:
    """The faces of {w : x_i . w = 0}, exact for the rows as given.

    ``signs`` (F, n) lists the cells first, then the other faces by falling dimension, lexicographically with - before 0
    before +; zero rows have sign 0. ``dimensions`` are those of the faces, lineality included. Faces 0, ..., ``cells`` - 1
    are the cells.
    """

    problem: Problem
    signs: Int8[np.ndarray, "F n"]
    dimensions: Int64[np.ndarray, " F"]
    cells: int
    _bases: dict[int, Array] = field(default_factory=dict, repr=False)
    _images: dict[int, Array] = field(default_factory=dict, repr=False)
    _columns: dict[int, Array] = field(default_factory=dict, repr=False)
    _tested: dict[int, list[Array]] = field(default_factory=dict, repr=False)
    _witnesses: dict[int, Array] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.signs)

    def basis(self, face: int) -> Shaped[np.ndarray, "d dim"]:
        """Return a basis of the null space of the rows on which the face is 0: the identity for cells.

        Orthonormal in floating point, where it is the rounded one of the exact null space.
        """
        flat = int(self.flats[face])
        if flat not in self._bases:
            problem = self.problem
            if face < self.cells:
                basis = problem.array(np.eye(problem.width, dtype=np.int64))
            elif problem.exact:
                basis = self._exact_basis(face)
            else:
                basis = _orthonormal(self._exact_basis(face))
            self._bases[flat] = basis
        return self._bases[flat]

    def columns(self, face: int) -> Shaped[np.ndarray, "n dim"]:
        """Return D_a X basis, D_a being 1 on rows of sign +, the slope on rows of sign -, and 0 on rows of sign 0."""
        if face not in self._columns:
            flat = int(self.flats[face])
            if flat not in self._images:
                self._images[flat] = self.problem.product(self.problem.inputs, self.basis(face))
            self._columns[face] = self.weights(face)[:, None] * self._images[flat]
        return self._columns[face]

    def weights(self, face: int) -> Shaped[np.ndarray, " n"]:
        """Return the diagonal of D_a."""
        signs, number = self.signs[face], self.problem.number
        return np.where(signs > 0, number(1), np.where(signs < 0, number(self.problem.slope), number(0)))

    def tested(self, face: int) -> Int64[np.ndarray, " _"]:
        """Return rows, one for each facet: a w in the face's flat is in its relative interior iff it has its signs there."""
        flat = int(self.flats[face])
        if flat not in self._tested:
            self._tested[flat] = _facet_rows(self.signs[self._members[flat]])
        return self._tested[flat][int(self._places[face])]

    def witness(self, face: int) -> Shaped[np.ndarray, " d"]:
        """Return a point in the relative interior of the face (0 where the face is a linear space)."""
        if face not in self._witnesses:
            rays = self.rays(face)
            if self.problem.exact:
                point = rays.sum(axis=1) if rays.shape[1] else self.problem.zeros(self.problem.width)
            else:
                units = to_floats(rays / np.abs(rays).max(axis=0)) if rays.size else np.zeros(rays.shape)
                point = (units / np.linalg.norm(units, axis=0)).sum(axis=1)
            self._witnesses[face] = point
        return self._witnesses[face]

    @cached_property
    def flats(self) -> Int64[np.ndarray, " F"]:
        """The flat of each face, numbered from 0: faces with the same zero rows share it."""
        if not self.signs.shape[1]:
            return np.zeros(len(self), dtype=np.int64)
        packed = np.packbits(self.signs == 0, axis=1)
        _, first, flats = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        return rank[flats.reshape(-1)]

    @cached_property
    def _members(self) -> list[Array]:
        """The faces of each flat, in order."""
        order = np.argsort(self.flats, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.flats))[:-1])

    @cached_property
    def _places(self) -> Array:
        """The place of each face among those of its flat."""
        places = np.empty(len(self), dtype=np.int64)
        for members in self._members:
            places[members] = np.arange(len(members))
        return places

    def _exact_basis(self, face: int) -> Array:
        """Return a basis of the flat in rationals."""
        problem, lines = self.problem.as_exact, self.problem.lines
        on = np.unique(lines.line[(self.signs[face] == 0) & (lines.line >= 0)])
        if not len(on):
            return as_fractions(np.eye(problem.width, dtype=np.int64))
        return exact_nullspace(as_fractions(lines.direction[on]))

    def rays(self, face: int) -> Array:
        """Return rays that span the face with its lineality, as columns of rationals."""
        from theodolite.arrangement._reduce import reduce
        from theodolite.arrangement._rows import fraction_rows
        from theodolite.arrangement._twin import rays_of_cell

        basis, rows = self._exact_basis(face), self.tested(face)
        if not len(rows):
            return basis[:, :0]
        restricted = exact_product(as_fractions(self.problem.inputs[rows]), basis)
        small = reduce(fraction_rows(restricted), True, basis.shape[1])
        sides = np.empty(len(small.rows), dtype=np.int8)
        sides[small.place] = self.signs[face][rows] * small.turn
        rays = np.array(rays_of_cell(small.rows, sides.tolist()), dtype=object).reshape(-1, small.rows.width)
        return exact_product(basis[:, small.columns], as_fractions(rays.T))


def patterns(problem: Problem, *, boundary: bool = True) -> Patterns:
    """Return all faces of the arrangement of the rows, or only its cells where ``boundary`` is false.

    >>> from theodolite.relu._data import read
    >>> found = patterns(read([[1, 0], [0, 1]], [1, 1], 1, False, False, 0, "sum", "auto")[1])
    >>> len(found), found.cells, found.signs[:4].tolist()
    (9, 4, [[-1, -1], [-1, 1], [1, -1], [1, 1]])
    """
    from theodolite.arrangement import cells

    found = cells(problem.inputs)
    if boundary:
        faces = found.faces()
        signs, dimensions = faces.signs, faces.dimensions
    else:
        signs = found.signs()
        signs = signs[np.lexsort(signs.T[::-1])]
        dimensions = np.full(len(signs), problem.width, dtype=np.int64)
    return Patterns(problem, signs, dimensions, found.count)


def face_count(problem: Problem, *, boundary: bool) -> int:
    """Return how many faces (or cells) there are at most: exactly so many if the lines of the rows are in general position.

    >>> from theodolite.relu._data import read
    >>> problem = read([[1, 0], [0, 1], [1, 1]], [1, 1, 0], 1, False, False, 0, "sum", "auto")[1]
    >>> face_count(problem, boundary=True)
    13
    """
    from theodolite.arrangement._counts import cover_count

    lines = problem.lines.count
    rank = min(lines, problem.width)
    if not boundary:
        return cover_count(lines, rank)
    return 1 + sum(comb(lines, zeros) * cover_count(lines - zeros, rank - zeros) for zeros in range(rank))


def _orthonormal(basis: Array) -> Array:
    """Return an orthonormal basis of the span of rational columns, in floats."""
    if not basis.size:
        return np.zeros(basis.shape)
    return np.linalg.qr(to_floats(basis / np.abs(basis).max(axis=0)))[0]


def _facet_rows(signs: Array) -> list[Array]:
    """Return for each face of one flat one row per facet, the first of those that vanish on it.

    Rows vanish together on the flat iff their signs agree or are opposite in all of its faces. A group of such rows carries a
    facet iff turning its signs gives another face. Faces are found by hashes, and then compared.
    """
    live = np.flatnonzero(signs[0] != 0)
    if not len(live):
        return [live]
    turned = signs[:, live] * signs[0, live]
    groups = np.unique(turned, axis=1, return_index=True)[1]
    groups.sort()
    sides, rows = signs[:, live[groups]], live[groups]
    weights = np.random.default_rng(0).integers(-(2**62), 2**62, size=len(rows)) * 2 + 1
    with np.errstate(over="ignore"):
        keys = (sides * weights).sum(axis=1)
        beyond = keys[:, None] - 2 * sides * weights
    order = np.argsort(keys)
    found = np.minimum(np.searchsorted(keys[order], beyond), len(keys) - 1)
    at = order[found]
    face, row = np.nonzero(keys[at] == beyond)
    differs = (sides[at[face, row]] != sides[face]).sum(axis=1)
    is_facet = np.zeros(beyond.shape, dtype=bool)
    is_facet[face[differs == 1], row[differs == 1]] = True
    return [rows[kept] for kept in is_facet]
