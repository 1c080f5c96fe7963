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

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import comb, inf

import numpy as np
from jaxtyping import Float64, Int64

from theodolite._errors import NotCoveredError, WorkloadError
from theodolite._typing import Array
from theodolite.relu._kernels import make_sweep
from theodolite.relu._moments import Moments, Steps, cone_moments, space_moments
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Problem

__all__ = ["Swept", "fitted_cells", "sweep", "sweep_below"]

_MOST_BYTES = 2**31
_MOST_SCRATCH = 1024
_PIECE = 2**22
"""Sets of a piece of a sweep, about. Pieces are the same on any number of threads, so that round-off is."""
_HELD = 2**21
"""Bytes of products that are made at once for a sweep over pairs, where they are not made as they are needed."""
_ROOM = 2**20
"""Sets for which one array has room, or a few more; what is not used of it takes no memory."""
_BATCH = 2**12
_CLEAR = 1e3


Found = tuple[Array, Array, Array]
"""Sets, their sums of squares, and doubtful sets."""


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
    size = 8 * moments.count * moments.grams.size * max(0, m - 2)
    if size > _MOST_BYTES:
        raise WorkloadError(
            f"A sweep over the sets of {m} of {moments.count:,} patterns would need {size / 2**30:.1f} GiB",
            count=comb(moments.count, m),
            cause="the products of all pairs of patterns are kept",
            fix="Use fewer samples or a narrower network",
        )
    relative = below / moments.norm**2 if moments.norm > 0 else inf
    table = moments.products(0, moments.count) if m > 2 else None
    pieces = list(_pieces(moments, m))
    threads = min(threads, len(pieces))
    parts: list[list[Found]] = [[] for _ in pieces]
    waiting = iter(range(len(pieces)))

    def work() -> None:
        run = _runner(moments, m, relative, table, inside)
        for place in waiting:
            parts[place] = list(run(*pieces[place]))

    if threads == 1:
        work()
    else:
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(work) for _ in range(threads)]:
                done.result()
    sets, values, doubtful = (_joined([found[k] for part in parts for found in part]) for k in range(3))
    order = np.lexsort(sets.T[::-1])
    return Swept(sets[order], np.maximum(values[order], 0) * moments.norm**2, doubtful)


def _joined(arrays: list[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _pieces(moments: Moments, m: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of the first pattern that are about equally much work."""
    if m == 1:
        yield 0, 1
        return
    count = moments.count
    last, most = count - m + 1, count
    if m == 2 and not moments.stepping:
        most = max(1, _HELD // (8 * moments.grams.size))
    start, done = 0, 0
    for place in range(last):
        done += comb(count - place - 1, m - 1)
        if done >= _PIECE or place + 1 - start == most or place == last - 1:
            yield start, place + 1
            start, done = place + 1, 0


def _runner(
    moments: Moments, m: int, below: float, table: Array | None, inside: bool
) -> Callable[[int, int], Iterator[Found]]:
    """Return what yields the sets, sums of squares and doubtful sets that begin with a range of patterns.

    ``table`` are the products of all patterns; where there is none and no steps that make them, they are made here.
    """
    d, end = moments.moments.shape
    stepping = m == 2 and moments.stepping
    kernel = make_sweep(m, d, moments.tests.shape[0] if inside else 0, stepping)
    steps = moments.steps if stepping else _no_steps()
    sums, none = np.empty((d, d, end)), np.empty((1, d, d, end))
    room = np.empty(_HELD // 8 + d * d * end if m == 2 else 0)
    levels = max(1, m - 2)
    tables = np.empty((max(1, m - 3), moments.count if m > 3 else 1, d, d, end))
    gone, owns, rights = np.zeros((levels, d, d, end)), np.empty((levels, d, d, end)), np.empty((levels, d, end))

    def run(start: int, stop: int) -> Iterator[Found]:
        products = none if stepping or m == 1 else moments.products(start, stop, room) if table is None else table
        chosen, names = start + np.arange(max(1, m - 1)), np.empty(m - 1, dtype=np.int64)
        size = min(_ROOM, comb(moments.count, m)) + moments.count
        while chosen[0] < stop:
            sets, values, doubtful = np.empty((size, m), np.int64), np.empty(size), np.empty((size, m), np.int64)
            found, doubts = kernel(
                products,
                start if table is None else 0,
                steps,
                sums,
                moments.grams,
                moments.moments,
                moments.tests,
                moments.rows,
                moments.first,
                tables,
                gone,
                owns,
                rights,
                chosen,
                stop,
                names,
                moments.faces,
                below,
                sets,
                values,
                doubtful,
            )
            yield sets[:found], values[:found], doubtful[:doubts]

    return run


def _no_steps() -> Steps:
    """Return what stands for steps where they are not used."""
    whole, flat = np.zeros(0, dtype=np.int64), np.zeros((0, 0))
    return flat, flat, flat, flat, flat, whole, whole, whole, np.zeros((0, 0, 0, 0))


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
