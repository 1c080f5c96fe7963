r"""Inner products of the columns that patterns have, in the layout that the compiled sweep reads.

Columns :math:`D_a X N_a` (N_a a basis of the pattern's flat) are centred where there is an output bias, which removes it, and
divided by their norms; so is the target. Patterns of fewer than d columns get the rest as unit vectors of their own, orthogonal
to everything, on which every solution is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64

from theodolite._typing import Array
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Problem
from theodolite.relu._products import near_order, products
from theodolite.relu._strip import LANES

__all__ = ["Moments", "cone_moments", "space_moments"]

_VANISHING = 1e-14
"""Columns that centring makes this much smaller are constant."""
_SMALL = 3e-4
"""Squared norms below this, against that of the whole column of X, are not left to sums that change step by step."""
_MOST_SMALL = 0.1
"""Where more than this part of all cells has such columns, no sums change step by step."""
_CLEAR = 1e-7
"""Patterns whose singular values fall below this, relative to the largest, and do not vanish, are left to better arithmetic."""


Steps = tuple[Array, Array, Array, Array, Array, Array, Array, Array, Array]
"""What the products of cells are made of, one cell after the other: see ``next_sums``."""


@dataclass(frozen=True, eq=False)
class Moments:
    """K patterns of d coordinates over n samples, side by side in strips of 16, which end at L.

    ``faces`` are the patterns, in the order in which they are numbered here. ``rows`` (R, d) are the test rows of pattern a from
    ``first[a]`` to ``first[a + 1]``, of norm 1, positive inside its cone. ``norm`` is that of the (centred) target. ``widths``
    are the numbers of columns that patterns really have; ``steps`` make products from cell to cell where that is safe.
    """

    faces: Int64[np.ndarray, " K"]
    columns: Float[np.ndarray, "n d L"]
    grams: Float[np.ndarray, "d d L"]
    moments: Float[np.ndarray, "d L"]
    tests: Float[np.ndarray, "f d L"]
    rows: Float[np.ndarray, "R d"]
    first: Int64[np.ndarray, " K_and_1"]
    widths: Int64[np.ndarray, " K"]
    norm: float
    steps: Steps | None

    @property
    def count(self) -> int:
        """K."""
        return len(self.widths)

    @property
    def width(self) -> int:
        """d."""
        return int(self.columns.shape[1])

    def products(self, start: int, stop: int, room: Array | None = None) -> Float[np.ndarray, "_ d d L"]:
        """Return the products of the columns of patterns ``start``, ..., ``stop`` - 1 with those of all later ones.

        They are made from cell to cell where that is safe, and put into ``room`` if there is some. What is before the strip of
        ``start`` is not filled in.
        """
        _, d, size = self.columns.shape
        shape = (stop - start, d, d, size)
        out: Array = np.empty(shape) if room is None else room[: int(np.prod(shape))].reshape(shape)
        if self.steps is not None:
            products(self.steps, start, np.empty((d, d, size)), out)
            return out
        skipped = start // LANES * LANES
        for k in range(d):
            left = np.ascontiguousarray(self.columns[:, k, start:stop].T)
            for h in range(d):
                np.matmul(left, self.columns[:, h, skipped:], out=out[:, k, h, skipped:])
        return out

    @property
    def stepping(self) -> bool:
        """Whether the products of all cells may be made from one cell to the next."""
        return self.steps is not None and not len(self.steps[7])


def cone_moments(found: Patterns, faces: Sequence[int]) -> Moments:
    """Return the moments of ``faces`` with the rows that tell whether weights are on them."""
    problem = found.problem.as_float
    d = max((int(found.dimensions[face]) for face in faces), default=1)
    faces = np.asarray(faces, dtype=np.int64)[near_order(found.signs[faces])].tolist() if len(faces) else []
    columns = np.zeros((problem.samples, len(faces), d))
    widths = np.array([int(found.dimensions[face]) for face in faces], dtype=np.int64)
    norms = np.linalg.norm(problem.inputs, axis=1)
    unit = problem.inputs / np.where(norms > 0, norms, 1)[:, None]
    bases = []
    for place, face in enumerate(faces):
        basis = problem.array(found.basis(face))
        columns[:, place, : widths[place]] = problem.array(found.columns(face))
        bases.append(basis)
    raw, (columns, scales) = columns, _scaled(problem, columns)
    parts = []
    for place, face in enumerate(faces):
        tested = found.tested(face)
        rows = np.zeros((len(tested), d))
        images = unit[tested] @ bases[place] / scales[place, : widths[place]]
        rows[:, : widths[place]] = found.signs[face][tested, None] * images
        parts.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    steps = _steps(found, faces, raw, columns, scales)
    return _laid_out(problem, faces, columns, widths, parts, d, steps)


def space_moments(found: Patterns, faces: Sequence[int]) -> Moments:
    """Return the moments of orthonormal bases of the column spaces of ``faces``: for sums of squares, not for solutions.

    A pattern whose rank is not clear gets a column of norm 0, which no sweep takes for one of its own.
    """
    problem = found.problem.as_float
    n, d = problem.samples, max((int(found.dimensions[face]) for face in faces), default=1)
    columns = np.zeros((n, len(faces), d))
    for place, face in enumerate(faces):
        columns[:, place, : int(found.dimensions[face])] = problem.array(found.columns(face))
    columns, _ = _scaled(problem, columns)
    left, values, _ = np.linalg.svd(columns.transpose(1, 0, 2), full_matrices=False)
    largest = values[:, :1]
    kept = values > max(n, d) * 10 * np.finfo(np.float64).eps * largest
    widths = kept.sum(axis=1)
    spaces = np.zeros((n, len(faces), d))
    spaces[:, :, : values.shape[1]] = (left * (kept & (values > _CLEAR * largest))[:, None, :]).transpose(1, 0, 2)
    return _laid_out(problem, faces, spaces, widths, [np.zeros((0, d))] * len(faces), d, None)


def _scaled(problem: Problem, columns: Array) -> tuple[Array, Array]:
    """Return centred columns of norm 1 (zero columns stay), and the norms that they had."""
    sizes = np.linalg.norm(columns, axis=0)
    if problem.offset:
        columns = columns - columns.mean(axis=0)
    norms = np.linalg.norm(columns, axis=0)
    norms = np.where(norms > _VANISHING * problem.samples * sizes, norms, 0.0)
    scales = np.where(norms > 0, norms, np.where(sizes > 0, sizes, 1.0))
    return np.where(norms > 0, columns / scales, 0.0), scales


def _steps(found: Patterns, faces: Sequence[int], raw: Array, columns: Array, scales: Array) -> Steps | None:
    """Return the steps from cell to cell, unless some face is no cell or many have columns too small to be had by differences."""
    problem = found.problem.as_float
    n, count, d = raw.shape
    if not count or max(faces) >= found.cells:
        return None
    present = columns.any(axis=0)
    weights = np.array([problem.array(found.weights(face)) for face in faces])
    whole = np.maximum((problem.inputs**2).sum(axis=0) * np.abs(weights).max() ** 2, np.finfo(np.float64).tiny)
    kept = np.flatnonzero(((scales**2 < _SMALL * whole) & present).any(axis=1))
    if len(kept) > _MOST_SMALL * count:
        return None
    inverse = present / scales
    shifts = raw.mean(axis=0) * np.sqrt(n) * inverse if problem.offset else np.zeros((count, d))
    places, changed = np.nonzero(np.diff(weights, axis=0))
    begins = np.searchsorted(places, np.arange(-1, count))
    spread = _in_strips(columns.transpose(0, 2, 1))
    exact = np.einsum("nsk,nhl->skhl", columns[:, kept], spread, optimize=True)
    return (
        np.ascontiguousarray(problem.inputs),
        weights,
        _in_strips(weights.T),
        _in_strips(inverse.T),
        _in_strips(shifts.T),
        changed,
        begins,
        kept,
        np.ascontiguousarray(exact),
    )


def _laid_out(
    problem: Problem,
    faces: Sequence[int],
    columns: Array,
    widths: Array,
    parts: list[Array],
    d: int,
    steps: Steps | None,
) -> Moments:
    count = len(widths)
    target = problem.targets - problem.targets.mean() if problem.offset else problem.targets
    norm = float(np.linalg.norm(target))
    padded = _in_strips(columns.transpose(0, 2, 1))
    grams = np.einsum("nkl,nhl->khl", padded, padded)
    missing = np.arange(d)[:, None] >= np.append(widths, np.zeros(padded.shape[2] - count, dtype=np.int64))
    grams[range(d), range(d)] += missing
    pulled = np.einsum("nkl,n->kl", padded, target / (norm or 1.0))
    facets = min(max((len(part) for part in parts), default=0), max(1, 2 * (d - 1)))
    tests = np.zeros((count, facets, d))
    for place, part in enumerate(parts):
        if len(part):
            tests[place] = part[np.arange(facets) % len(part)]
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return Moments(
        np.asarray(faces, dtype=np.int64),
        padded,
        grams,
        pulled,
        _in_strips(tests.transpose(1, 2, 0)),
        np.concatenate([np.zeros((0, d)), *parts]),
        first,
        widths,
        norm,
        steps,
    )


def _in_strips(array: Array) -> Array:
    """Return an array whose last axis are patterns with zeros behind the last one, so that strips of 16 are whole."""
    count = array.shape[-1]
    whole = np.zeros((*array.shape[:-1], -(-count // LANES) * LANES))
    whole[..., :count] = array
    return whole
