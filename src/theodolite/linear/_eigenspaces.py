"""Eigenspaces of Sigma in many bits, kept apart however close their eigenvalues are.

The orthogonal projector on eigenspace i is ``prod_{j != i} (Sigma - mu_j) / (mu_i - mu_j)``. It is applied to a few columns in
ball arithmetic, with as many bits as the gaps of the eigenvalues need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np
from flint import arb, arb_mat, ctx, fmpq

from theodolite._errors import TheodoliteError
from theodolite._numerics import to_flint, to_floats
from theodolite._typing import Array, Matrix
from theodolite.linear._exact_core import Ends, ExactCore, Spectrum

__all__ = ["Eigenspaces", "ball", "balls", "diagonal", "middle"]

FIRST_BITS = 192
_MOST_BITS = 2**16
_ACCURATE = 100
"""Columns are projected to so many binary places."""

_CLUSTER = 1e-6
"""Float eigenvectors whose eigenvalues are this close, relative to the largest, may be mixtures of each other."""


def balls(matrix: Array) -> arb_mat:
    """Return a matrix of fractions as balls of the present precision."""
    return arb_mat(to_flint(matrix))


def ball(ends: Ends) -> arb:
    """Return a ball around an interval."""
    low, high = (arb(fmpq(end.numerator, end.denominator)) for end in ends)
    return low.union(high)


def diagonal(entries: Sequence[arb]) -> arb_mat:
    """Return a diagonal matrix."""
    size = len(entries)
    return arb_mat(size, size, [entries[i] if i == j else arb(0) for i in range(size) for j in range(size)])


def middle(matrix: arb_mat) -> Matrix:
    """Return the centres of balls as floats."""
    entries: Array = np.array([float(entry.mid()) for entry in matrix.entries()], dtype=np.float64)
    return entries.reshape(matrix.nrows(), matrix.ncols())


@dataclass(frozen=True, eq=False)
class Eigenspaces:
    """The eigenspaces of the positive eigenvalues of one landscape."""

    core: ExactCore
    spectrum: Spectrum

    def project(self, group: int, columns: Matrix) -> arb_mat:
        """Return an enclosure of the projections of float ``columns`` on eigenspace ``group``, accurate to 100 bits."""
        bits = FIRST_BITS
        while bits <= _MOST_BITS:
            with ctx.workprec(bits):
                values = [ball(ends) for ends in self.spectrum.ends(bits + self._size_bits)]
                others = [*values, arb(0)] if self.core.m < len(self.core.sigma) else values
                if all(a > b for a, b in pairwise(others)):
                    found = self._filtered(group, others, arb_mat(columns.tolist()))
                    if all(entry.rad() < arb(2) ** -_ACCURATE for entry in found.entries()):
                        return found
            bits *= 2
        raise TheodoliteError(
            f"The eigenspaces of a {len(self.core.sigma)} x {len(self.core.sigma)} matrix were not told apart",
            cause=f"some of its eigenvalues agree to {_MOST_BITS} bits",
        )

    def _filtered(self, group: int, values: list[arb], columns: arb_mat) -> arb_mat:
        sigma = balls(self.core.sigma)
        for other, value in enumerate(values):
            if other != group:
                columns = (sigma * columns - value * columns) * (1 / (values[group] - value))
        return columns

    def basis(self, group: int) -> list[list[arb]]:
        """Return orthonormal vectors of eigenspace ``group``, exact to 100 bits but not enclosed."""
        values, vectors = self._rounded
        largest = max(float(values.max(initial=0.0)), 1e-300)
        near = abs(values - float(self._share(group))) <= _CLUSTER * largest
        columns = self.project(group, vectors[:, near])
        return _orthonormal(columns, self.spectrum.multiplicities[group])

    @cached_property
    def _rounded(self) -> tuple[Array, Matrix]:
        """Eigenvalues and eigenvectors of Sigma divided by its trace, in floats."""
        values, vectors = np.linalg.eigh(to_floats(self.core.sigma / self._trace))
        return values, vectors

    @cached_property
    def _trace(self) -> Fraction:
        return sum(np.diag(self.core.sigma), Fraction(0)) or Fraction(1)

    def _share(self, group: int) -> Fraction:
        low, high = self.spectrum.ends(64 + self._size_bits)[group]
        return (low + high) / 2 / self._trace

    @cached_property
    def _size_bits(self) -> int:
        """How many binary places are needed beyond those of a number of order one."""
        return max(0, self._trace.denominator.bit_length() - self._trace.numerator.bit_length() + 1)


def _orthonormal(columns: arb_mat, dimension: int) -> list[list[arb]]:
    """Return an orthonormal basis of the span: the largest column first, the others orthogonalised in many bits."""
    with ctx.workprec(FIRST_BITS):
        rest = [[entry.mid() for entry in column] for column in columns.transpose().tolist()]
        basis: list[list[arb]] = []
        for _ in range(dimension):
            sizes = [sum((entry * entry for entry in column), arb(0)).mid() for column in rest]
            best = max(range(len(rest)), key=lambda place: float(sizes[place]))
            root = sizes[best].sqrt()
            unit = [(entry / root).mid() for entry in rest[best]]
            basis.append(unit)
            for place, column in enumerate(rest):
                share = sum((a * b for a, b in zip(unit, column, strict=True)), arb(0))
                rest[place] = [(b - share * a).mid() for a, b in zip(unit, column, strict=True)]
        return basis
