"""What is said of a product of layers in verified arithmetic: every bound is true of the exact numbers.

The data enters as the Gram matrix of [X Y] in Fractions, and X^T X = L D L^T turns it into x = L D^(1/2) and
y = Y^T X L (L^T L)^-1 D^(-1/2). Whether the residual vanishes is decided in rationals.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import inf

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from theodolite._evidence import Assumption, Method
from theodolite._numerics import exact_rank, from_flint, to_flint, to_floats
from theodolite._typing import Array, Parameters
from theodolite.dominance._certify import Subject
from theodolite.dominance._chain import Chain
from theodolite.dominance._enclosures import ball, balls, largest, norm_above, norm_below, precise, smallest
from theodolite.dominance._read import narrowest
from theodolite.dominance._sizes import Sizes

__all__ = ["read_verified"]

_ENTRIES_MOST = 40_000
"""Up to so many entries the Jacobian is enclosed."""


def read_verified(
    gram: Array, inputs: int, weights: Parameters, unit: Fraction, checked: tuple[Assumption, ...], scope: str
) -> Subject:
    """Return what is known at exact ``weights`` for data with this Gram matrix, ``inputs`` columns of X before those of Y."""
    lower, pivots = _factored(gram[:inputs, :inputs])
    cross = to_flint(gram[inputs:, :inputs])
    output = to_flint(weights[0])
    for weight in weights[1:]:
        output = to_flint(weight) * output
    pulled = cross * lower * (lower.transpose() * lower).inv() if pivots else fmpq_mat(cross.nrows(), 0)
    exact = [fmpq(1) / pivot for pivot in pivots]
    misfit = output * lower - pulled * _diagonal(exact) if pivots else fmpq_mat(cross.nrows(), 0)
    fits = all(entry == 0 for entry in misfit.entries())
    rank = len(pivots)
    with precise():
        roots = [arb(pivot).sqrt() for pivot in pivots]
        x = arb_mat(lower) * _ball_diagonal(roots)
        y = arb_mat(pulled) * _ball_diagonal([1 / root for root in roots])
        layers = [balls(weight) for weight in weights]
        error = arb_mat(misfit) * _ball_diagonal(roots)
        rights, lefts = [x], [balls(np.eye(len(weights[-1])))]
        for layer in layers:
            rights.append(layer * rights[-1])
        for layer in reversed(layers[1:]):
            lefts.insert(0, lefts[0] * layer)
        gradient = [left.transpose() * error * right.transpose() for left, right in zip(lefts, rights, strict=False)]
        residual = Fraction(0) if fits else norm_above(error)
        outputs = len(weights[-1])
        sizes = Sizes(
            x_low=smallest(x, rank),
            x_high=largest(x),
            lefts=tuple(smallest(left, outputs) for left in lefts),
            rights=tuple(smallest(right, rank) for right in rights[:-1]),
            rows=tuple(smallest(layer, layer.nrows()) for layer in layers),
            columns=tuple(smallest(layer, layer.ncols()) for layer in layers),
            norms=tuple(largest(layer) for layer in layers),
            ntk=_ntk(lefts, rights, outputs, rank),
            residual=residual,
        )
        slope = norm_below(*gradient)
        floats = Chain(_floats(x), _floats(y))
        arrays = tuple(to_floats(weight) for weight in weights)
        width = narrowest(floats, arrays)
        tail = Fraction(0)
        if width < min(outputs, rank) and exact_rank(from_flint(cross)) > width:
            tail = sum((smallest(y, place) ** 2 for place in range(width + 1, min(outputs, rank) + 1)), tail) / 2
        excess = residual**2 / 2 - tail
        return Subject(
            chain=floats,
            weights=arrays,
            sizes=sizes,
            unit=unit,
            tail=float(tail),
            minimal=fits,
            ratio=excess / slope**2 if slope else inf,
            local=_local(lefts, rights, sizes, width, outputs, rank) if fits and rank else None,
            method=Method.VERIFIED,
            checked=(Assumption(f"rank X = {rank} of {inputs}, exactly"), *checked),
            scope=scope,
        )


def _factored(matrix: Array) -> tuple[fmpq_mat, list[fmpq]]:
    """Return L and D with ``matrix = L D L^T``, as many columns as the rank."""
    rows = to_flint(matrix).tolist()
    size = len(rows)
    columns, pivots = [], []
    for k in range(size):
        pivot = rows[k][k]
        if pivot == 0:
            continue
        column = [rows[i][k] / pivot if i >= k else fmpq(0) for i in range(size)]
        for i, j in product(range(k, size), repeat=2):
            rows[i][j] = rows[i][j] - column[i] * column[j] * pivot
        columns.append(column)
        pivots.append(pivot)
    entries = [column[i] for i in range(size) for column in columns]
    return fmpq_mat(size, len(columns), entries), pivots


def _diagonal(entries: list[fmpq]) -> fmpq_mat:
    size = len(entries)
    return fmpq_mat(size, size, [entries[i] if i == j else fmpq(0) for i in range(size) for j in range(size)])


def _ball_diagonal(entries: list[arb]) -> arb_mat:
    size = len(entries)
    return arb_mat(size, size, [entries[i] if i == j else arb(0) for i in range(size) for j in range(size)])


def _ntk(lefts: list[arb_mat], rights: list[arb_mat], outputs: int, rank: int) -> Fraction | None:
    """Return a lower bound on the smallest singular value of the Jacobian; ``None`` where it is too large to enclose."""
    if len(lefts) <= 2:
        low = ball(smallest(lefts[0], outputs))
        rows = [[low * entry for entry in row] for row in rights[0].tolist()]
        if len(lefts) == 2:
            rows += rights[1].tolist()
        return smallest(arb_mat(rows), rank) if rank else Fraction(0)
    jacobian = _jacobian(lefts, rights, outputs, rank)
    return None if jacobian is None else smallest(jacobian, outputs * rank)


def _jacobian(lefts: list[arb_mat], rights: list[arb_mat], outputs: int, rank: int) -> arb_mat | None:
    """Return J, ``None`` where it has too many entries."""
    columns = sum(left.ncols() * right.nrows() for left, right in zip(lefts, rights, strict=False))
    if not outputs * rank or outputs * rank * columns > _ENTRIES_MOST:
        return None
    sides = [(left.tolist(), right.tolist()) for left, right in zip(lefts, rights, strict=False)]
    rows = [
        [a * right[b][j] for left, right in sides for a in left[i] for b in range(len(right))]
        for i in range(outputs)
        for j in range(rank)
    ]
    return arb_mat(rows)


def _local(
    lefts: list[arb_mat], rights: list[arb_mat], sizes: Sizes, width: int, outputs: int, rank: int
) -> Fraction | None:
    """Return a lower bound on the squared smallest nonzero singular value of J where its rank is the largest possible."""
    most = width * (outputs + rank - width)
    if most == outputs * rank:
        return None if not sizes.ntk else sizes.ntk**2
    jacobian = _jacobian(lefts, rights, outputs, rank)
    low = Fraction(0) if jacobian is None else smallest(jacobian, most)
    return low**2 or None


def _floats(matrix: arb_mat) -> Array:
    entries = [float(entry.mid()) for entry in matrix.entries()]
    return np.array(entries, dtype=np.float64).reshape(matrix.nrows(), matrix.ncols())
