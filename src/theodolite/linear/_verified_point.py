"""An exactly critical point near float parameters, enclosed in balls: its distance is bounded rigorously.

With E spanning taken eigendirections of Sigma and outer directions in its kernel, B the projection of W2 on them, R the best
linear map and Px the projector on the samples' inputs,

    ``W1' = W1 (1 - Px) + B^+ R + (1 - B^+ B) V + Q V0``

where V and V0 are the parts of W1 that feed taken directions and no direction at all, and Q is a projector with B Q = 0:
``(W1', B)`` is critical, whatever E and Q are. It is the construction made in floats, with everything enclosed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import arb, arb_mat, ctx

from theodolite._numerics import as_fractions, exact_projector
from theodolite._typing import Array, Matrix, Parameters
from theodolite.linear._exact_core import ExactCore, Spectrum
from theodolite.linear._precise import balls, projectors

__all__ = ["VerifiedPoint"]

_BITS = 320
_IDLE = 1e-6
"""Singular values below this share of the largest belong to the idle parts that the nearest point in floats has dropped."""


@dataclass(frozen=True, eq=False)
class VerifiedPoint:
    """Encloses critical points of one landscape."""

    core: ExactCore
    spectrum: Spectrum

    @cached_property
    def _projectors(self) -> list[arb_mat]:
        return projectors(self.core, self.spectrum)

    def distance(self, params: Parameters, nearest: Parameters, taken: Sequence[int]) -> float | None:
        """Return a bound on the distance of ``params`` to a critical point of ``taken``; ``None`` where none was enclosed.

        ``nearest``, the critical point found in floats, says which directions within eigenspaces to take and which idle ones.
        """
        with ctx.workprec(_BITS):
            try:
                moved = self._moved(params, nearest, taken)
            except ZeroDivisionError:
                return None
            total = sum((entry * entry for matrix in moved for entry in matrix.entries()), arb(0)).upper()
            return float(np.nextafter(float(total.sqrt().upper()), np.inf)) if total.is_finite() else None

    def _moved(self, params: Parameters, nearest: Parameters, taken: Sequence[int]) -> list[arb_mat]:
        """Return what must be added to each layer, and to the output bias, to reach the critical point."""
        core = self.core
        given = tuple(as_fractions(array) for array in params)
        w1, w2 = (balls(array) for array in core.core(given))
        near1, near2 = core.core(nearest)
        regression, cross = balls(core.regression), balls(core.yx.T)
        span, inverse_left = self._span(near1, near2, taken)
        hidden = w2.ncols()
        one = _identity(hidden)
        if span is None:
            b, pull, silent = w2 * 0, w1 * 0, one
        else:
            gram = span.transpose() * span
            coordinates = gram.solve(span.transpose() * w2)
            outer = coordinates * coordinates.transpose()
            b = span * coordinates
            pull = coordinates.transpose() * outer.solve(gram.solve(span.transpose() * regression))
            silent = one - coordinates.transpose() * outer.solve(coordinates)
        seen = w1 * balls(exact_projector(core.xx))
        everything = _sum(
            [p * (1 / _ball(ends)) for p, ends in zip(self._projectors, self._ends, strict=True)], len(core.sigma)
        )
        fed = w1 * cross * (everything - inverse_left) * regression
        unfed = seen - w1 * cross * everything * regression
        idle = self._idle(near1, near2, silent)
        first = w1 - seen + pull + silent * fed + idle * unfed
        moved = [first - w1, b - w2]
        if 2 in core.layout.biased:
            moved.append(self._bias_moved(given, first, b))
        return moved

    @cached_property
    def _ends(self) -> list[tuple[arb, arb]]:
        return [(_rational(low), _rational(high)) for low, high in self.spectrum.ends(_BITS)]

    def _span(self, near1: Matrix, near2: Matrix, taken: Sequence[int]) -> tuple[arb_mat | None, arb_mat]:
        """Return columns that span taken and outer directions (``None`` for none), and Sigma^+ on what is not taken."""
        core = self.core
        size = len(core.sigma)
        product = near2 @ near1 @ _floats(balls(core.yx.T))
        columns, left = [], []
        everything = _identity(size)
        for projector, count, ends in zip(self._projectors, taken, self._ends, strict=True):
            everything = everything - projector
            rest = projector
            if count:
                vectors = np.linalg.svd(_floats(projector) @ product)[0][:, :count]
                block = projector * arb_mat(vectors.tolist())
                columns.append(block)
                gram = block.transpose() * block
                rest = projector - block * gram.solve(block.transpose())
            left.append(rest * (1 / _ball(ends)))
        if core.m < size:
            part = _floats(everything) @ near2
            vectors, sizes, _ = np.linalg.svd(part)
            count = int((sizes > _IDLE * max(float(np.linalg.norm(near2, 2)), 1e-300)).sum())
            if count:
                columns.append(everything * arb_mat(vectors[:, :count].tolist()))
        return _beside(columns), _sum(left, size)

    def _idle(self, near1: Matrix, near2: Matrix, silent: arb_mat) -> arb_mat:
        """Return the projector, inside ker B, on the hidden directions that carry the inner part of ``nearest``."""
        core = self.core
        part = near1 @ _floats(balls(exact_projector(core.xx)))
        everything = sum(
            (_floats(p) / float(_ball(e).mid()) for p, e in zip(self._projectors, self._ends, strict=True)),
            np.zeros((len(core.sigma),) * 2),
        )
        part = part - near1 @ _floats(balls(core.yx.T)) @ everything @ _floats(balls(core.regression))
        part = _floats(silent) @ part
        vectors, sizes, _ = np.linalg.svd(part)
        count = int((sizes > _IDLE * max(float(np.linalg.norm(near1, 2)), 1e-300)).sum())
        if not count:
            return silent * 0
        basis = silent * arb_mat(vectors[:, :count].tolist())
        return basis * (basis.transpose() * basis).solve(basis.transpose())

    def _bias_moved(self, given: Parameters, first: arb_mat, second: arb_mat) -> arb_mat:
        """Return how far the output bias is from the one that fits the means exactly."""
        core, gram = self.core, self.core.gram
        _, (b1, b2) = core.layout.split(given)
        means = gram.matrix[1:, :1] / gram.count
        x_mean, y_mean = balls(means[: gram.d_in]), balls(means[gram.d_in :])
        carried = first * x_mean + balls(as_fractions(b1)[:, None])
        return y_mean - second * carried - balls(as_fractions(b2)[:, None])


def _beside(blocks: list[arb_mat]) -> arb_mat | None:
    if not blocks:
        return None
    return arb_mat(
        [[entry for row in rows for entry in row] for rows in zip(*(b.tolist() for b in blocks), strict=True)]
    )


def _sum(matrices: list[arb_mat], size: int) -> arb_mat:
    total = _identity(size) * 0
    for matrix in matrices:
        total = total + matrix
    return total


def _identity(size: int) -> arb_mat:
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])


def _rational(end: object) -> arb:
    return balls(np.array([[end]], dtype=object))[0, 0]


def _ball(ends: tuple[arb, arb]) -> arb:
    return ends[0].union(ends[1])


def _floats(matrix: arb_mat) -> Matrix:
    entries: Array = np.array([float(entry.mid()) for entry in matrix.entries()], dtype=np.float64)
    return entries.reshape(matrix.nrows(), matrix.ncols())
