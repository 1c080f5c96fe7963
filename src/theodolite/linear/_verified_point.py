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

from theodolite._numerics import as_fractions, exact_product, exact_projector, exact_pseudo_inverse, to_floats
from theodolite._typing import Array, Matrix, Parameters
from theodolite.linear._eigenspaces import Eigenspaces, ball, balls, middle
from theodolite.linear._exact_core import ExactCore, Spectrum

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
    def _spaces(self) -> Eigenspaces:
        return Eigenspaces(self.core, self.spectrum)

    @cached_property
    def _inverse(self) -> Array:
        """Sigma^+ in rationals."""
        return exact_pseudo_inverse(self.core.sigma)

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
        span, inverse_taken = self._span(near1, near2, taken)
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
        fed = w1 * cross * inverse_taken * regression
        unfed = seen - w1 * cross * balls(self._inverse) * regression
        idle = self._idle(near1, near2, silent)
        first = w1 - seen + pull + silent * fed + idle * unfed
        moved = [first - w1, b - w2]
        if 2 in core.layout.biased:
            moved.append(self._bias_moved(given, first, b))
        return moved

    def _span(self, near1: Matrix, near2: Matrix, taken: Sequence[int]) -> tuple[arb_mat | None, arb_mat]:
        """Return columns that span taken and outer directions (``None`` for none), and Sigma^+ on what is taken."""
        core = self.core
        size = len(core.sigma)
        product = near2 @ near1 @ to_floats(core.yx.T)
        columns, inverse = [], _identity(size) * 0
        values = self.spectrum.ends(_BITS)
        for group, count in enumerate(taken):
            if count:
                basis = middle(arb_mat(self._spaces.basis(group)).transpose())
                turn = np.linalg.svd(basis.T @ product)[0][:, :count]
                block = self._spaces.project(group, basis @ turn)
                columns.append(block)
                gram = block.transpose() * block
                inverse = inverse + block * gram.solve(block.transpose()) * (1 / ball(values[group]))
        if core.m < size:
            outside = as_fractions(np.eye(size, dtype=int)) - exact_projector(core.sigma)
            vectors, sizes, _ = np.linalg.svd(to_floats(outside) @ near2)
            count = _rank(sizes, near2)
            if count:
                columns.append(balls(outside) * arb_mat(vectors[:, :count].tolist()))
        return _beside(columns), inverse

    def _idle(self, near1: Matrix, near2: Matrix, silent: arb_mat) -> arb_mat:
        """Return a projector, inside ker B, on the hidden directions that carry the inner part of ``nearest``."""
        core = self.core
        unfed = exact_projector(core.xx) - exact_product(core.yx.T, self._inverse, core.regression)
        vectors, sizes, _ = np.linalg.svd(middle(silent) @ near1 @ to_floats(unfed))
        count = _rank(sizes, near1)
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


def _rank(sizes: Array, layer: Matrix) -> int:
    """Return how many singular values of an idle part of a layer are not round-off."""
    return int((sizes > _IDLE * max(float(np.linalg.norm(layer, 2)), 1e-300)).sum())


def _identity(size: int) -> arb_mat:
    return arb_mat(size, size, [int(i == j) for i in range(size) for j in range(size)])
