"""The sweep over all sets of m patterns, by the compiled kernel on any number of threads.

>>> from theodolite.relu._data import read
>>> from theodolite.relu._patterns import patterns
>>> problem = read([[0, 1], [1, 1], [2, 1]], [0, 1, 0], 2, False, False, 0, "sum", "auto")[1]
>>> found = patterns(problem, boundary=False)
>>> swept = sweep(found, 2, fitted_cells(found))
>>> swept.sets.tolist(), sorted(swept.doubtful.tolist())[:3]
([], [[1, 2], [1, 3], [1, 4]])

No pair of cells is sure to have its least squares solution inside; patterns with fewer active rows than columns are doubtful.
Faces other than cells take part in the same way: ``sweep(found, m, faces)`` with any distinct faces of ``patterns(problem)``, say
all of them but those without columns. A face of dimension k has k columns and k coordinates there. ``sweep_below`` lists all
sets whose least squares value is below a number, which is how the lowest of all minima is found.

Sets never disappear: what normal equations cannot decide is ``doubtful``, and ``sets`` are tested with slack, so that every set
is to be decided again by better arithmetic before anything is said of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import comb, inf

import numpy as np
from jaxtyping import Float64, Int64

from theodolite._errors import NotCoveredError, WorkloadError
from theodolite._typing import Array
from theodolite.relu._kernels import DOUBTFUL, LANES, make_sweep
from theodolite.relu._moments import Moments, cone_moments, space_moments
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Problem

__all__ = ["Swept", "fitted_cells", "sweep", "sweep_below"]

_MOST_BYTES = 2**31
_MOST_SCRATCH = 1024
_CHUNK = 64
"""First patterns of a piece of a sweep over pairs, whose products are made as they are needed."""
_ROOM = 2**14
_PIECE = 2**20
"""Sets of a piece of other sweeps, about: the first pattern is the same in many."""
_WORTH_A_THREAD = 10**6
_BATCH = 2**12
_CLEAR = 1e3


@dataclass(frozen=True, eq=False)
class Swept:
    """What is left of a sweep over sets of faces: rows of increasing face numbers.

    ``sets`` (S, m) passed, with sums of squares ``sse`` (to about 1e-7 of the target's); ``doubtful`` (D, m) could not be judged,
    and come in the order of the sweep, which is the same on any number of threads.
    """

    sets: Int64[np.ndarray, "S m"]
    sse: Float64[np.ndarray, " S"]
    doubtful: Int64[np.ndarray, "D m"]


def fitted_cells(found: Patterns) -> list[int]:
    """Return cells whose patterns are all different as column spaces: without dead ones, all-minus counting as all-plus."""
    signs = found.signs[: found.cells]
    minus, present = (signs <= 0).all(axis=1), (signs != 0).any(axis=1)
    return [int(cell) for cell in np.flatnonzero(~minus & present)]


def sweep(
    found: Patterns,
    m: int,
    faces: Sequence[int],
    *,
    below: float = inf,
    threads: int = 1,
    moments: Moments | None = None,
) -> Swept:
    """Return the sets of m of the ``faces`` whose least squares solution may be inside all of its faces or their negatives.

    The solution is unique modulo scale in each of these sets; sets of dependent columns are doubtful. ``below`` restricts both to
    sums of squares below it.
    """
    return _swept(cone_moments(found, faces) if moments is None else moments, m, below, threads, inside=True)


def sweep_below(
    problem: Problem, found: Patterns, m: int, incumbent: float, *, faces: Sequence[int] | None = None, threads: int = 1
) -> Swept:
    """Return all sets of m cells (or ``faces``) whose least squares value is below ``incumbent``, up to round-off.

    Dependent columns are no trouble here: what the kernel cannot judge is done by singular values, and doubtful is only a set
    whose rank is unclear. A minimum of the loss is never below the value of its set, so only these sets can improve on
    ``incumbent``.
    """
    chosen = fitted_cells(found) if faces is None else faces
    moments = space_moments(found, chosen)
    swept = _swept(moments, m, incumbent, threads, inside=False)
    values, clear = _values(problem.as_float, found, swept.doubtful)
    slack = 1e-9 * (moments.norm**2)
    low = values < incumbent + slack
    sets = np.concatenate([swept.sets, swept.doubtful[low & clear]])
    sse = np.concatenate([swept.sse, values[low & clear]])
    order = np.lexsort(sets.T[::-1])
    return Swept(sets[order], sse[order], swept.doubtful[~clear])


def _swept(moments: Moments, m: int, below: float, threads: int, *, inside: bool) -> Swept:
    if m > moments.count:
        return Swept(np.zeros((0, m), dtype=np.int64), np.zeros(0), np.zeros((0, m), dtype=np.int64))
    if m * moments.width**2 > _MOST_SCRATCH:
        raise NotCoveredError(
            f"Sets of {m} patterns of {moments.width} coordinates are not swept",
            cause=f"the sweep keeps its numbers on the stack, for sets times squared coordinates of up to {_MOST_SCRATCH}",
            fix="Use fewer features or a narrower network",
        )
    size = 8 * moments.count * len(moments.grams) * LANES * moments.width**2
    if m > 2 and size > _MOST_BYTES:
        raise WorkloadError(
            f"A sweep over the sets of {m} of {moments.count:,} patterns would need {size / 2**30:.1f} GiB",
            count=comb(moments.count, m),
            cause="the products of all pairs of patterns are kept",
            fix="Use fewer samples or a narrower network",
        )
    relative = below / moments.norm**2 if moments.norm > 0 else inf
    whole = moments.blocks(0, moments.count) if m > 2 else None
    threads = min(threads, 1 + comb(moments.count, m) // _WORTH_A_THREAD)
    pieces = list(_pieces(moments.count, m))

    def run(some: list[tuple[int, int]]) -> list[tuple[Array, Array, Array]]:
        return list(_run(moments, m, some, relative, whole, inside))

    if threads == 1:
        parts = run(pieces)
    else:
        with ThreadPoolExecutor(threads) as pool:
            shares = list(pool.map(run, (pieces[k::threads] for k in range(threads))))
        parts = [shares[k % threads][k // threads] for k in range(len(pieces))]
    sets, values, states = (np.concatenate([part[k] for part in parts]) for k in range(3))
    doubtful = states == DOUBTFUL
    passed = np.sort(moments.faces[sets[~doubtful]], axis=1)
    order = np.lexsort(passed.T[::-1])
    sse = np.maximum(values[~doubtful], 0) * moments.norm**2
    return Swept(passed[order], sse[order], np.sort(moments.faces[sets[doubtful]], axis=1))


def _pieces(count: int, m: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of the first pattern that are about equally much work."""
    if m == 1:
        yield 0, 1
        return
    last = count - m + 1
    if m == 2:
        for start in range(0, last, _CHUNK):
            yield start, min(start + _CHUNK, last)
        return
    start, work = 0, 0
    for place in range(last):
        work += comb(count - place - 1, m - 1)
        if work >= _PIECE or place == last - 1:
            yield start, place + 1
            start, work = place + 1, 0


def _run(
    moments: Moments, m: int, pieces: list[tuple[int, int]], below: float, whole: Array | None, inside: bool
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield what the kernel finds in each piece; ``whole`` are the products of all patterns, made here if missing."""
    kernel = make_sweep(m, moments.width, moments.tests.shape[1] if inside else 0)
    chosen = np.zeros(max(1, m - 1), dtype=np.int64)
    room = np.empty(max(((stop - start) for start, stop in pieces), default=0) * moments.grams.size) if m == 2 else None
    most = _ROOM
    for start, stop in pieces:
        offset, skipped, products = 0, 0, whole
        if products is None:
            offset, skipped = start, start // LANES if m == 2 else 0
            products = moments.blocks(start, stop, skipped, room)
        while True:
            sets = np.empty((most, m), dtype=np.int32)
            values, states = np.empty(most), np.empty(most, dtype=np.int8)
            found = kernel(
                products,
                offset,
                skipped,
                moments.grams,
                moments.moments,
                moments.tests,
                moments.rows,
                moments.first,
                start,
                stop,
                moments.count,
                below,
                chosen,
                sets,
                values,
                states,
            )
            if found <= most:
                break
            most = 2 * int(found)
        yield sets[:found].copy(), values[:found].copy(), states[:found].copy()


def _values(problem: Problem, found: Patterns, sets: Array) -> tuple[Array, Array]:
    """Return the least squares values of sets by singular values, and whether their ranks are clear."""
    values, clear = np.zeros(len(sets)), np.ones(len(sets), dtype=bool)
    columns = {face: problem.array(found.columns(face)) for face in np.unique(sets).tolist()}
    target = problem.targets - problem.targets.mean() if problem.offset else problem.targets
    widths = np.array([sum(columns[face].shape[1] for face in row) for row in sets.tolist()], dtype=np.int64)
    for width in np.unique(widths).tolist():
        places = np.flatnonzero(widths == width)
        for start in range(0, len(places), _BATCH):
            batch = places[start : start + _BATCH]
            stacked = np.stack(
                [np.concatenate([columns[face] for face in row], axis=1) for row in sets[batch].tolist()]
            )
            if problem.offset:
                stacked = stacked - stacked.mean(axis=1, keepdims=True)
            norms = np.linalg.norm(stacked, axis=1, keepdims=True)
            left, singular, _ = np.linalg.svd(stacked / np.where(norms > 0, norms, 1), full_matrices=False)
            cut = max(stacked.shape[1:]) * 10 * np.finfo(np.float64).eps * singular[:, :1]
            kept = singular > cut
            explained = (np.einsum("bnk,n->bk", left, target) * kept) ** 2
            values[batch] = np.maximum(target @ target - explained.sum(axis=1), 0)
            clear[batch] = ~(kept & (singular < _CLEAR * cut)).any(axis=1)
    return values, clear
