r"""What a fit on each face of weight space, and a test of its residual, need: integer matrices.

Rational rows, targets and slopes are multiples of integers, so that all decisions are about integers. On face a, with basis N of
the face's flat, the columns of :math:`D_a X N` span what one neuron adds to the outputs, one sign of its output weight given.
Whether no direction of its weights lowers S is a matter of finitely many rays v: :math:`h(v) = \sum_i e_i s'(x_i \cdot w; x_i
\cdot v)` is linear on the cells of the arrangement of the rows that are zero on the face, and linear in the residual e.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from math import gcd, lcm

import numpy as np
from flint import fmpz_mat

from theodolite._numerics import as_fractions, exact_nullspace, exact_product, exact_row_space
from theodolite._typing import Array
from theodolite.arrangement import cells
from theodolite.relu._closeness import length, power_of_two
from theodolite.relu._patterns import Patterns

__all__ = ["Forms", "integers"]

Rows = list[list[int]]


def integers(matrix: Array) -> tuple[Rows, int]:
    """Return the entries of a rational matrix times their least common denominator, and that denominator."""
    common = lcm(1, *(entry.denominator for entry in matrix.flat))
    return [[int(entry * common) for entry in row] for row in matrix], common


def _primitive(vector: Array) -> tuple[int, ...]:
    """Return the smallest integer vector of this direction."""
    (row,), _ = integers(vector[None])
    common = gcd(*row)
    return tuple(entry // common for entry in row)


@dataclass(frozen=True, eq=False)
class Forms:
    """Integer matrices of the faces of ``patterns``, whose floats count as the binary numbers that they are; all cached.

    With ``x``, ``y``, ``top`` and ``bottom`` integer: rows are ``x / x_unit``, targets ``y / y_unit``, the slope is
    ``top / bottom``; outputs of ``columns`` are in units of ``1 / (bottom * x_unit)``.
    """

    patterns: Patterns
    _columns: dict[int, Rows] = field(default_factory=dict, repr=False)
    _inside: dict[int, Rows] = field(default_factory=dict, repr=False)
    _one_sided: dict[int, fmpz_mat] = field(default_factory=dict, repr=False)
    _rays: dict[int, list[tuple[int, ...]]] = field(default_factory=dict, repr=False)
    _along_rays: dict[int, fmpz_mat] = field(default_factory=dict, repr=False)
    _vanishing: dict[int, fmpz_mat] = field(default_factory=dict, repr=False)
    _bases: dict[int, Rows] = field(default_factory=dict, repr=False)

    @cached_property
    def exact(self) -> Patterns:
        """The same faces of the rational problem."""
        given = self.patterns
        if given.problem.exact:
            return given
        return Patterns(given.problem.as_exact, given.signs, given.dimensions, given.cells)

    @cached_property
    def _scaled(self) -> tuple[Rows, int, Rows, int, int, int]:
        problem = self.exact.problem
        rows, unit = integers(problem.inputs)
        targets, measure = integers(problem.targets[:, None])
        slope = Fraction(problem.slope)
        return rows, unit, targets, measure, slope.numerator, slope.denominator

    @property
    def unit(self) -> Fraction:
        """What an output of 1 in terms of ``columns`` is, over what a residual of 1 is: weights are coefficients times this."""
        _, unit, _, measure, _, bottom = self._scaled
        return Fraction(unit * bottom, measure)

    @property
    def measure(self) -> int:
        """Residuals of fits are integers or fractions over this."""
        return self._scaled[3]

    @cached_property
    def targets(self) -> list[int]:
        """The targets times ``measure``."""
        return [row[0] for row in self._scaled[2]]

    @cached_property
    def constant(self) -> Rows:
        """The column of the output bias, as a list of no or one row."""
        return [[1] * len(self.targets)] if self.exact.problem.offset else []

    def basis(self, face: int) -> Rows:
        """Return an integer basis of the face's flat, one row for each basis vector."""
        flat = int(self.patterns.flats[face])
        if flat not in self._bases:
            basis = self.exact.basis(face)
            self._bases[flat] = [list(_primitive(vector)) for vector in basis.T]
        return self._bases[flat]

    def weights(self, face: int) -> list[int]:
        """Return the diagonal of D_a times the denominator of the slope."""
        *_, top, bottom = self._scaled
        return [bottom if sign > 0 else top if sign < 0 else 0 for sign in self.patterns.signs[face].tolist()]

    def _products(self, vectors: Rows) -> Rows:
        """Return x_i . v, one row for each v."""
        return [[sum(a * b for a, b in zip(row, v, strict=True)) for row in self._scaled[0]] for v in vectors]

    def images(self, face: int) -> Rows:
        """Return the columns of X N, as rows of length n: the same for all faces of a flat."""
        return self._products(self.basis(face))

    def columns(self, face: int) -> Rows:
        """Return the columns of D_a X N, as rows of length n."""
        if face not in self._columns:
            weights = self.weights(face)
            self._columns[face] = [
                [weight * entry for weight, entry in zip(weights, image, strict=True)] for image in self.images(face)
            ]
        return self._columns[face]

    def lengths(self, face: int) -> list[Fraction]:
        """Return how long the vectors X N c are for unit vectors c, in the units of ``columns`` (1 where they are 0)."""
        bottom = self._scaled[5]
        return [Fraction(bottom * length(image) if any(image) else 1) for image in self._products(self.basis(face))]

    def inside(self, face: int) -> Rows:
        """Return rows t with: N c is in the relative interior of the face iff t . c > 0 for all of them."""
        if face not in self._inside:
            tested, signs = self.patterns.tested(face).tolist(), self.patterns.signs[face].tolist()
            images = self._products(self.basis(face))
            self._inside[face] = [[signs[i] * image[i] for image in images] for i in tested]
        return self._inside[face]

    def one_sided(self, face: int) -> fmpz_mat:
        """Return rows m, one for each ray v along which the slope of S can be smallest: h(v) = m . e."""
        if face not in self._one_sided:
            *_, top, bottom = self._scaled
            signs, weights = self.patterns.signs[face].tolist(), self.weights(face)
            rays = self.rays(face)
            rows = [
                [
                    weights[i] * entry if signs[i] else (bottom if entry > 0 else top) * entry
                    for i, entry in enumerate(image)
                ]
                for image in self._products([list(ray) for ray in rays])
            ]
            self._one_sided[face] = fmpz_mat(len(rows), len(self.targets), [entry for row in rows for entry in row])
        return self._one_sided[face]

    def rays(self, face: int) -> list[tuple[int, ...]]:
        """Return the rays of the arrangement of the rows that are zero on the face, in the space that they span."""
        flat = int(self.patterns.flats[face])
        if flat not in self._rays:
            problem = self.exact.problem
            on = self._lines_on(face)
            self._rays[flat] = _rays(as_fractions(problem.lines.direction[on])) if on else []
        return self._rays[flat]

    def along_rays(self, cell: int) -> fmpz_mat:
        """Return the rows (D_a X ray) of the rays that bound a cell."""
        if cell not in self._along_rays:
            weights = self.weights(cell)
            rays = [list(_primitive(ray)) for ray in self.exact.rays(cell).T]
            rows = [[w * entry for w, entry in zip(weights, image, strict=True)] for image in self._products(rays)]
            self._along_rays[cell] = fmpz_mat(len(rows), len(weights), [entry for row in rows for entry in row])
        return self._along_rays[cell]

    def level_rays(self, face: int) -> Array:
        """Return the rays that bound a face, one in each row, scaled by powers of 2 to lengths of about 1."""
        rays = self.exact.rays(face).T
        return np.array([ray / power_of_two(max(map(abs, ray))) for ray in rays], dtype=object).reshape(rays.shape)

    def interior(self, face: int) -> Array:
        """Return a point inside a face that is about as far from all of its facets as their angles allow."""
        rays = self.level_rays(face)
        return rays.sum(axis=0) if len(rays) else self.exact.problem.zeros(rays.shape[1])

    def sides(self, face: int) -> list[list[int]]:
        """Return the signs that the rays have on the lines of the rows that are zero on the face."""
        directions = self.exact.problem.lines.direction[self._lines_on(face)]
        images = exact_product(as_fractions(np.array(self.rays(face), dtype=object)), directions.T)
        return [[(entry > 0) - (entry < 0) for entry in row] for row in images]

    def cells_around(self, face: int) -> list[list[int]]:
        """Return the signs that the cells next to the face have on those lines."""
        lines = self._lines_on(face)
        found = cells(self.exact.problem.lines.direction[lines])
        return [[int(sign) for sign in row] for row in found.signs().tolist()]

    def vanishing(self, face: int) -> fmpz_mat:
        """Return rows m with: a neuron of output weight 0 on this face can be part of a local minimum iff m . e = 0 for all."""
        if face not in self._vanishing:
            x, *_, top, bottom = self._scaled
            lines, signs = self.exact.problem.lines, self.patterns.signs[face].tolist()
            weights = [
                2 * weight if sign else top + bottom for weight, sign in zip(self.weights(face), signs, strict=True)
            ]
            rows = [[weights[i] * row[k] for i, row in enumerate(x)] for k in range(self.exact.problem.width)]
            for line in self._lines_on(face):
                sizes = lines.coefficient * (lines.line == line)
                rows.append(integers(np.abs(sizes)[None])[0][0])
            self._vanishing[face] = fmpz_mat(len(rows), len(x), [entry for row in rows for entry in row])
        return self._vanishing[face]

    def _lines_on(self, face: int) -> list[int]:
        """Return the lines of the rows that are zero on the face."""
        lines = self.exact.problem.lines.line
        return [int(line) for line in np.unique(lines[(self.patterns.signs[face] == 0) & (lines >= 0)])]


def _rays(rows: Array) -> list[tuple[int, ...]]:
    """Return both directions of every line, in the span of ``rows``, that is orthogonal to all but one dimension of them."""
    span = exact_row_space(rows)
    rank = len(span)
    images = exact_product(rows, span.T)
    found: dict[tuple[int, ...], None] = {}
    for chosen in combinations(range(len(rows)), rank - 1):
        kernel = exact_nullspace(images[list(chosen)]) if chosen else as_fractions(np.eye(rank, dtype=np.int64))
        if kernel.shape[1] == 1:
            ray = _primitive(exact_product(span.T, kernel)[:, 0])
            found[ray] = found[tuple(-entry for entry in ray)] = None
    return list(found)
