"""The reduced problem in floats, each of them rounded once from many bits: it keeps apart what rational arithmetic told apart.

``X^T X = L D L^T`` is factored in rationals, so that ``C = L D^(1/2)`` and its pseudo-inverse are accurate to the last bit
however badly the inputs are scaled.
"""

from __future__ import annotations

from math import inf

import numpy as np
from flint import arb, arb_mat, ctx, fmpq, fmpq_mat

from theodolite._numerics import RankDecision, exact_nullspace, from_flint, to_flint, to_floats
from theodolite._typing import Array, Matrix, Vector
from theodolite.linear._eigenspaces import FIRST_BITS, Eigenspaces, balls, diagonal, middle
from theodolite.linear._exact_core import ExactCore, Spectrum
from theodolite.linear._reduction import Reduction

__all__ = ["precise_reduction"]


def precise_reduction(core: ExactCore, spectrum: Spectrum, x: Matrix, y: Matrix) -> Reduction:
    """Return the reduction of exactly given data; ``x`` and ``y`` are stand-ins for the data in floats."""
    lower, pivots = _factored(core.xx)
    with ctx.workprec(FIRST_BITS):
        roots = [arb(pivot).sqrt() for pivot in pivots]
        low = balls(lower)
        undo = _pseudo_inverse(lower)
        inputs = low * diagonal(roots)
        inverse = diagonal([1 / root for root in roots]) * undo
        target = balls(core.yx) * inverse.transpose()
    columns: list[list[arb]] = []
    groups = []
    spaces = Eigenspaces(core, spectrum)
    for group, multiplicity in enumerate(spectrum.multiplicities):
        groups.append(slice(len(columns), len(columns) + multiplicity))
        columns += spaces.basis(group)
    left = arb_mat(columns).transpose() if columns else arb_mat(len(core.sigma), 0)
    values = np.sqrt(np.repeat(spectrum.floats, spectrum.multiplicities))
    with ctx.workprec(FIRST_BITS):
        right = (target.transpose() * left).mid()
        sizes = [sum((entry * entry for entry in column), arb(0)).sqrt() for column in right.transpose().tolist()]
        right = right * diagonal([1 / size for size in sizes])
    left_floats, right_floats = middle(left), middle(right)
    norms = np.sqrt(to_floats(np.diag(core.xx)))
    return Reduction(
        x=x,
        y=y,
        samples=core.gram.count,
        inputs=middle(inputs),
        inverse=middle(inverse),
        free=_orthonormal(exact_nullspace(core.xx)),
        target=middle(target),
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


def _pseudo_inverse(columns: Array) -> arb_mat:
    """Return (L^T L)^-1 L^T for independent columns, to a hundred bits of its largest entry."""
    if not columns.shape[1]:
        return balls(columns.T)
    bits = FIRST_BITS
    while True:
        with ctx.workprec(bits):
            low = balls(columns)
            try:
                found = (low.transpose() * low).solve(low.transpose())
                largest = max(float(abs(entry).upper()) for entry in found.entries())
                if all(entry.rad() <= largest * arb(2) ** -100 for entry in found.entries()):
                    return found.mid()
            except ZeroDivisionError:  # not invertible in so few bits; it is, because the columns are independent
                pass
        bits *= 2


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
