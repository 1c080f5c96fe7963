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
from theodolite.relu._kernels import LANES
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Problem
from theodolite.relu._products import near_order, products

__all__ = ["Moments", "cone_moments", "space_moments"]

_VANISHING = 1e-14
"""Columns that centring makes this much smaller are constant."""
_FRESH = 64
"""Cells after which sums are started anew."""
_SMALL = 1e-6
"""Squared norms below this, against that of the whole column of X, are not left to sums that change step by step."""
_CLEAR = 1e-7
"""Patterns whose singular values fall below this, relative to the largest, and do not vanish, are left to better arithmetic."""


@dataclass(frozen=True, eq=False)
class Steps:
    """What the products of cells are made of, one cell after the other: see ``products``."""

    inputs: Float[np.ndarray, "n d"]
    weights: Float[np.ndarray, "K n"]
    lanes: Float[np.ndarray, "n B 64"]
    scales: Float[np.ndarray, "B d 64"]
    shifts: Float[np.ndarray, "B d 64"]

    def fill(self, start: int, stop: int, skipped: int, out: Array) -> None:
        """Put the products of cells ``start``, ..., ``stop`` - 1 into ``out``; sums start anew before they drift."""
        blocks, d, _ = self.scales.shape
        sums = np.empty((blocks - skipped, d, d, LANES))
        for begin in range(start, stop, _FRESH):
            end = min(begin + _FRESH, stop)
            products(
                self.inputs,
                self.weights,
                self.lanes,
                self.scales,
                self.shifts,
                begin,
                end,
                skipped,
                sums,
                out[begin - start : end - start],
            )


@dataclass(frozen=True, eq=False)
class Moments:
    """K patterns of d coordinates over n samples, in blocks of 64.

    ``faces`` are the patterns, in the order in which they are numbered here. ``rows`` (R, d) are the test rows of pattern a from
    ``first[a]`` to ``first[a + 1]``, of norm 1, positive inside its cone. ``norm`` is that of the (centred) target. ``widths``
    are the numbers of columns that patterns really have; ``steps`` make products from cell to cell where that is safe.
    """

    faces: Int64[np.ndarray, " K"]
    columns: Float[np.ndarray, "n B d 64"]
    grams: Float[np.ndarray, "B d d 64"]
    moments: Float[np.ndarray, "B d 64"]
    tests: Float[np.ndarray, "B f d 64"]
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
        return int(self.columns.shape[2])

    def blocks(
        self, start: int, stop: int, skipped: int = 0, room: Array | None = None
    ) -> Float[np.ndarray, "_ d _ d 64"]:
        """Return the products of the columns of patterns ``start``, ..., ``stop`` - 1 with those of all from a block on.

        They are put into ``room`` if there is some.
        """
        n, blocks, d, _ = self.columns.shape
        shape = (stop - start, d, blocks - skipped, d, LANES)
        size = int(np.prod(shape))
        out: Array = (np.empty(size) if room is None else room[:size]).reshape(shape)
        if self.steps is not None:
            self.steps.fill(start, stop, skipped, out)
            return out
        places = np.arange(start, stop)
        left = self.columns[:, places // LANES, :, places % LANES].transpose(0, 2, 1).reshape(-1, n)
        right = self.columns.reshape(n, -1)[:, skipped * d * LANES :]
        np.matmul(left, right, out=out.reshape(len(left), -1))
        return out


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
    """Return the steps from cell to cell, unless some face is no cell or has columns too small to be had by differences."""
    problem = found.problem.as_float
    n, count, d = raw.shape
    if not count or max(faces) >= found.cells:
        return None
    present = columns.any(axis=0)
    weights = np.array([problem.array(found.weights(face)) for face in faces])
    whole = np.maximum((problem.inputs**2).sum(axis=0) * np.abs(weights).max() ** 2, np.finfo(np.float64).tiny)
    if (scales**2 < _SMALL * whole)[present].any():
        return None
    size = -(-count // LANES) * LANES
    inverse, shifts, lanes = np.zeros((size, d)), np.zeros((size, d)), np.zeros((size, n))
    inverse[:count] = present / scales
    if problem.offset:
        shifts[:count] = raw.mean(axis=0) * np.sqrt(n) * inverse[:count]
    lanes[:count] = weights
    return Steps(
        np.ascontiguousarray(problem.inputs),
        weights,
        np.ascontiguousarray(lanes.T.reshape(n, -1, LANES)),
        _blocked(inverse),
        _blocked(shifts),
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
    n, count = columns.shape[:2]
    blocks = -(-count // LANES)
    target = problem.targets - problem.targets.mean() if problem.offset else problem.targets
    norm = float(np.linalg.norm(target))
    padded = np.zeros((n, blocks * LANES, d))
    padded[:, :count] = columns
    grams = np.einsum("nbk,nbh->bkh", padded, padded)
    missing = np.arange(d) >= np.append(widths, np.zeros(blocks * LANES - count, dtype=np.int64))[:, None]
    grams[:, range(d), range(d)] += missing
    pulled = np.einsum("nbk,n->bk", padded, target / (norm or 1.0))
    facets = min(max((len(part) for part in parts), default=0), max(1, 2 * (d - 1)))
    tests = np.zeros((blocks * LANES, facets, d))
    for place, part in enumerate(parts):
        if len(part):
            tests[place] = part[np.arange(facets) % len(part)]
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return Moments(
        np.asarray(faces, dtype=np.int64),
        np.ascontiguousarray(padded.reshape(n, blocks, LANES, d).transpose(0, 1, 3, 2)),
        _blocked(grams),
        _blocked(pulled),
        _blocked(tests),
        np.concatenate([np.zeros((0, d)), *parts]),
        first,
        widths,
        norm,
        steps,
    )


def _blocked(array: Array) -> Array:
    """Return an array over patterns with 64 of them side by side as the last axis."""
    whole = array.reshape(len(array) // LANES, LANES, *array.shape[1:])
    return np.ascontiguousarray(np.moveaxis(whole, 1, -1))
