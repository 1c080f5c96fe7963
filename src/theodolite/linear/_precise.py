"""The reduced problem in floats, each of them rounded once from many bits: it keeps apart what rational arithmetic told apart.

Eigenprojectors of Sigma come from ``prod_{j != i} (Sigma - mu_j) / (mu_i - mu_j)`` in ball arithmetic, with as many bits as
the gaps of the eigenvalues need; ``X^T X = L D L^T`` is factored in rationals, so that ``C = L D^(1/2)`` and its
pseudo-inverse are accurate to the last bit however badly the inputs are scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import inf

import numpy as np
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from theodolite._errors import TheodoliteError
from theodolite._numerics import RankDecision, exact_nullspace, from_flint, to_flint, to_floats
from theodolite._typing import Array, Matrix, Vector
from theodolite.linear._exact_core import ExactCore, Spectrum
from theodolite.linear._reduction import Reduction

__all__ = ["balls", "precise_reduction", "projectors"]

_FIRST_BITS = 192
_MOST_BITS = 2**16
_ACCURATE = 100
"""Projectors are made accurate to so many binary places."""


def balls(matrix: Array) -> arb_mat:
    """Return a matrix of fractions as balls of the present precision."""
    return arb_mat(to_flint(matrix))


def projectors(core: ExactCore, spectrum: Spectrum) -> list[arb_mat]:
    """Return enclosures of the orthogonal projectors on the eigenspaces of the positive eigenvalues, accurate to 100 bits."""
    size = len(core.sigma)
    bits = _FIRST_BITS
    while bits <= _MOST_BITS:
        with ctx.workprec(bits):
            sigma, one = balls(core.sigma), _identity(size)
            values = [_ball(low, high) for low, high in spectrum.ends(bits + _size_bits(core))]
            others = [*values, arb(0)] if core.m < size else values
            if all(a > b for a, b in pairwise(others)):
                found = _products([sigma - value * one for value in others], others, len(values), one)
                if all(entry.rad() < arb(2) ** -_ACCURATE for matrix in found for entry in matrix.entries()):
                    return found
        bits *= 2
    raise TheodoliteError(
        f"The eigenspaces of a {size} x {size} matrix were not told apart",
        cause=f"some of its eigenvalues agree to {_MOST_BITS} bits",
    )


def _products(factors: list[arb_mat], values: list[arb], wanted: int, one: arb_mat) -> list[arb_mat]:
    """Return for each place the product of all other factors, divided by the differences of the values."""
    before, after = [one], [one]
    for factor in factors[:-1]:
        before.append(before[-1] * factor)
    for factor in reversed(factors[1:]):
        after.append(factor * after[-1])
    found = []
    for i in range(wanted):
        scale = arb(1)
        for j, value in enumerate(values):
            if j != i:
                scale *= values[i] - value
        found.append(before[i] * after[len(factors) - 1 - i] * (1 / scale))
    return found


def precise_reduction(core: ExactCore, spectrum: Spectrum, x: Matrix, y: Matrix) -> Reduction:
    """Return the reduction of exactly given data; ``x`` and ``y`` are stand-ins for the data in floats."""
    lower, pivots = _factored(core.xx)
    with ctx.workprec(_FIRST_BITS):
        roots = [arb(pivot).sqrt() for pivot in pivots]
        low = balls(lower)
        undo = balls(_pseudo_inverse(lower))
        inputs = low * _diagonal(roots)
        inverse = _diagonal([1 / root for root in roots]) * undo
        target = balls(core.yx) * inverse.transpose()
    columns: list[list[arb]] = []
    groups = []
    for projector, multiplicity in zip(projectors(core, spectrum), spectrum.multiplicities, strict=True):
        groups.append(slice(len(columns), len(columns) + multiplicity))
        columns += _range(projector, multiplicity)
    left = arb_mat(columns).transpose() if columns else arb_mat(len(core.sigma), 0)
    values = np.sqrt(np.repeat(spectrum.floats, spectrum.multiplicities))
    with ctx.workprec(_FIRST_BITS):
        right = (target.transpose() * left).mid()
        sizes = [sum((entry * entry for entry in column), arb(0)).sqrt() for column in right.transpose().tolist()]
        right = right * _diagonal([1 / size for size in sizes])
    left_floats, right_floats = _floats(left), _floats(right)
    norms = np.sqrt(to_floats(np.diag(core.xx)))
    return Reduction(
        x=x,
        y=y,
        samples=core.gram.count,
        inputs=_floats(inputs),
        inverse=_floats(inverse),
        free=_orthonormal(exact_nullspace(core.xx)),
        target=_floats(target),
        singular_values=values.astype(np.float64),
        left=left_floats,
        right=right_floats,
        left_null=_complement(left_floats),
        right_null=_complement(right_floats),
        floor=float(core.floor),
        groups=tuple(groups),
        input_scale=np.ldexp(1.0, np.where(norms > 0, np.frexp(norms)[1], 0)),
        input_rank=RankDecision(core.rho, 0.0, inf, 0.0),
        target_rank=RankDecision(core.m, 0.0, inf, 0.0),
    )


def _factored(matrix: Array) -> tuple[Array, list[fmpq]]:
    """Return L (as many columns as the rank) and D with ``matrix = L D L^T``, a zero pivot skipping its column."""
    rows = to_flint(matrix).tolist()
    size = len(rows)
    columns, pivots = [], []
    for k in range(size):
        pivot = rows[k][k]
        if pivot == 0:
            continue
        column = [rows[i][k] / pivot if i >= k else fmpq(0) for i in range(size)]
        for i in range(k, size):
            for j in range(k, i + 1):
                rows[i][j] = rows[j][i] = rows[i][j] - column[i] * column[j] * pivot
        columns.append(column)
        pivots.append(pivot)
    entries = [column[i] for i in range(size) for column in columns]
    return from_flint(fmpq_mat(size, len(columns), entries)), pivots


def _pseudo_inverse(columns: Array) -> Array:
    """Return (L^T L)^-1 L^T for independent columns."""
    if not columns.shape[1]:
        return columns.T
    low = to_flint(columns)
    return from_flint((low.transpose() * low).solve(low.transpose()))


def _range(projector: arb_mat, dimension: int) -> list[list[arb]]:
    """Return an orthonormal basis of the range of a projector: its largest columns, orthogonalised in many bits."""
    with ctx.workprec(_FIRST_BITS):
        rest = [[entry.mid() for entry in column] for column in projector.tolist()]
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


def _ball(low: Fraction, high: Fraction) -> arb:
    ends = [arb(fmpq(end.numerator, end.denominator)) for end in (low, high)]
    return ends[0].union(ends[1])


def _size_bits(core: ExactCore) -> int:
    """Return how many binary places are needed beyond those of a number of order one."""
    size = sum((abs(entry) for entry in np.diag(core.sigma)), Fraction(0))
    return max(0, size.denominator.bit_length() - size.numerator.bit_length() + 1)


def _identity(size: int) -> arb_mat:
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _diagonal(entries: Sequence[arb]) -> arb_mat:
    size = len(entries)
    return arb_mat(size, size, [entries[i] if i == j else arb(0) for i in range(size) for j in range(size)])


def _floats(matrix: arb_mat) -> Matrix:
    return np.array([float(entry.mid()) for entry in matrix.entries()], dtype=np.float64).reshape(
        matrix.nrows(), matrix.ncols()
    )


def _orthonormal(columns: Array) -> Matrix:
    """Return an orthonormal basis of the span of rational columns."""
    floats = to_floats(columns)
    sizes: Vector = np.abs(floats).max(axis=0, initial=0.0)
    return np.linalg.qr(floats / np.where(sizes > 0, sizes, 1.0))[0] if floats.size else floats


def _complement(columns: Matrix) -> Matrix:
    size, count = columns.shape
    if count == size:
        return np.zeros((size, 0))
    return np.linalg.qr(columns, mode="complete")[0][:, count:]
