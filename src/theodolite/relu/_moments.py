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

__all__ = ["Moments", "cone_moments", "space_moments"]

_VANISHING = 1e-14
"""Columns that centring makes this much smaller are constant."""
_CLEAR = 1e-7
"""Patterns whose singular values fall below this, relative to the largest, and do not vanish, are left to better arithmetic."""


@dataclass(frozen=True, eq=False)
class Moments:
    """K patterns of d coordinates over n samples, in blocks of 64.

    ``rows`` (R, d) are the test rows of pattern a from ``first[a]`` to ``first[a + 1]``, of norm 1, positive inside its cone.
    ``norm`` is that of the (centred) target. ``widths`` are the numbers of columns that patterns really have.
    """

    columns: Float[np.ndarray, "n B d 64"]
    grams: Float[np.ndarray, "B d d 64"]
    moments: Float[np.ndarray, "B d 64"]
    tests: Float[np.ndarray, "B f d 64"]
    rows: Float[np.ndarray, "R d"]
    first: Int64[np.ndarray, " K_and_1"]
    widths: Int64[np.ndarray, " K"]
    norm: float

    @property
    def count(self) -> int:
        """K."""
        return len(self.widths)

    @property
    def width(self) -> int:
        """d."""
        return int(self.columns.shape[2])

    def blocks(self, start: int, stop: int, skipped: int = 0) -> Float[np.ndarray, "_ d _ d 64"]:
        """Return the products of the columns of patterns ``start``, ..., ``stop`` - 1 with those of all from a block on."""
        n, blocks, d, _ = self.columns.shape
        places = np.arange(start, stop)
        left = self.columns[:, places // LANES, :, places % LANES].transpose(0, 2, 1).reshape(-1, n)
        right = self.columns.reshape(n, -1)[:, skipped * d * LANES :]
        products: Array = (left @ right).reshape(stop - start, d, blocks - skipped, d, LANES)
        return products


def cone_moments(found: Patterns, faces: Sequence[int]) -> Moments:
    """Return the moments of ``faces`` with the rows that tell whether weights are on them."""
    problem = found.problem.as_float
    d = max((int(found.dimensions[face]) for face in faces), default=1)
    columns = np.zeros((problem.samples, len(faces), d))
    widths = np.array([int(found.dimensions[face]) for face in faces], dtype=np.int64)
    norms = np.linalg.norm(problem.inputs, axis=1)
    unit = problem.inputs / np.where(norms > 0, norms, 1)[:, None]
    bases = []
    for place, face in enumerate(faces):
        basis = problem.array(found.basis(face))
        columns[:, place, : widths[place]] = problem.array(found.columns(face))
        bases.append(basis)
    columns, scales = _scaled(problem, columns)
    parts = []
    for place, face in enumerate(faces):
        tested = found.tested(face)
        rows = np.zeros((len(tested), d))
        images = unit[tested] @ bases[place] / scales[place, : widths[place]]
        rows[:, : widths[place]] = found.signs[face][tested, None] * images
        parts.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    return _laid_out(problem, columns, widths, parts, d)


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
    return _laid_out(problem, spaces, widths, [np.zeros((0, d))] * len(faces), d)


def _scaled(problem: Problem, columns: Array) -> tuple[Array, Array]:
    """Return centred columns of norm 1 (zero columns stay), and the norms that they had."""
    sizes = np.linalg.norm(columns, axis=0)
    if problem.offset:
        columns = columns - columns.mean(axis=0)
    norms = np.linalg.norm(columns, axis=0)
    norms = np.where(norms > _VANISHING * problem.samples * sizes, norms, 0.0)
    scales = np.where(norms > 0, norms, np.where(sizes > 0, sizes, 1.0))
    return np.where(norms > 0, columns / scales, 0.0), scales


def _laid_out(problem: Problem, columns: Array, widths: Array, parts: list[Array], d: int) -> Moments:
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
        np.ascontiguousarray(padded.reshape(n, blocks, LANES, d).transpose(0, 1, 3, 2)),
        _blocked(grams),
        _blocked(pulled),
        _blocked(tests),
        np.concatenate([np.zeros((0, d)), *parts]),
        first,
        widths,
        norm,
    )


def _blocked(array: Array) -> Array:
    """Return an array over patterns with 64 of them side by side as the last axis."""
    whole = array.reshape(len(array) // LANES, LANES, *array.shape[1:])
    return np.ascontiguousarray(np.moveaxis(whole, 1, -1))
