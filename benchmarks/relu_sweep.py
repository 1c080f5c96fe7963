"""The sweep over sets of patterns of a ReLU network: least squares and cone test for every set, against NumPy.

Run ``python benchmarks/relu_sweep.py``. All sides do the same work in one process: for every set of m patterns the least squares
solution, and whether each of its blocks lies in its cone or the opposite one. The peers are a Python loop over
``numpy.linalg.lstsq`` and the best batched form that we found (normal equations of stacked products, ``numpy.linalg.solve``,
boolean masks); both are timed on a sample of the sets. All must find the same genuine sets. Times of the kernel include making
the products of patterns. The limit is what the same core does in fused multiply-adds in numba in the same run. Times of one core
are processor times, medians of five, so that other work on the machine counts on no side; the gain of four threads is in
elapsed time, and means something on an idle machine only.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from math import comb
from statistics import median
from time import process_time
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numba
import numpy as np

from _timing import median_of_five
from theodolite.relu._data import read
from theodolite.relu._moments import Moments, cone_moments
from theodolite.relu._patterns import Patterns, patterns
from theodolite.relu._sweep import fitted_cells, sweep

CASES = ((200, 2, 2), (500, 2, 2), (100, 2, 3), (250, 2, 3), (100, 2, 4), (24, 3, 2), (50, 3, 2), (16, 3, 3))
FUSED = 128
Result = TypeVar("Result")
SAMPLE_LOOP, SAMPLE_BATCH = 4000, 60_000


def main() -> None:
    """Print a table of rates and ratios."""
    limit = fused_multiply_adds()
    print(f"one core: {limit / 1e9:.0f} GFLOP/s of fused multiply-adds")
    print(
        f"{'case':>16} {'sets':>11} {'kernel':>9} {'x loop':>7} {'x batch':>7} {'of limit':>8} {'4 threads':>9} {'passed':>7} "
        f"{'doubtful':>8}"
    )
    for n, d, m in CASES:
        report(n, d, m, limit)


def report(n: int, d: int, m: int, limit: float) -> None:
    """Time one case and print its line."""
    rng = np.random.default_rng(n + d + m)
    x = np.concatenate([rng.normal(size=(n, d - 1)), np.ones((n, 1))], axis=1)
    problem = read(x, rng.normal(size=n), m, False, False, 0.0, "sum", "float64")[1]
    found = patterns(problem, boundary=False)
    cells = fitted_cells(found)
    count = comb(len(cells), m)
    moments = cone_moments(found, cells)
    sweep(found, m, cells, moments=moments)  # compiles, on the very first run
    one, swept = processor_time(lambda: sweep(found, m, cells, moments=moments))
    alone, _ = median_of_five(lambda: sweep(found, m, cells, moments=moments))
    four, same = median_of_five(lambda: sweep(found, m, cells, moments=moments, threads=4))
    assert (swept.sets == same.sets).all()

    sample = np.sort(rng.integers(len(cells), size=(4 * SAMPLE_BATCH, m)), axis=1)
    sample = sample[(np.diff(sample, axis=1) > 0).all(axis=1)][:SAMPLE_BATCH]
    columns = {cell: found.columns(cell) for cell in cells}
    loop, by_loop = processor_time(lambda: by_lstsq(found, columns, moments.faces[sample[:SAMPLE_LOOP]]))
    batch, by_batch = processor_time(lambda: by_normal_equations(moments, sample))
    passed = {tuple(row) for row in swept.sets.tolist()} | {tuple(row) for row in swept.doubtful.tolist()}
    for sets in (sample[:SAMPLE_LOOP][by_loop], sample[by_batch]):
        assert {tuple(sorted(row)) for row in moments.faces[sets].tolist()} <= passed

    rate, loop_rate, batch_rate = count / one, SAMPLE_LOOP / loop, len(sample) / batch
    print(
        f"{f'n={n} d={d} m={m}':>16} {count:>11,} {rate / 1e6:>5.1f} M/s {rate / loop_rate:>7.0f} {rate / batch_rate:>7.0f} "
        f"{rate * flops(m, d) / limit:>8.0%} {alone / four:>8.1f}x {len(swept.sets):>7,} {len(swept.doubtful) / count:>8.1%}"
    )


def flops(m: int, d: int) -> int:
    """Return what the kernel does for the last pattern of one set, two for each fused pair; products of columns not counted."""
    facets = max(1, 2 * (d - 1))
    before = d**3 if m > 2 else 0
    solves, schur = d * d * (d + 1) // 2, d * (d * (d + 1) // 2 + d)
    own = d * (d + 1) * (d + 2) // 6 + d * (d + 1)
    return 2 * (before + solves + schur + own + facets * d)


def by_lstsq(found: Patterns, columns: dict[int, np.ndarray], sets: np.ndarray) -> np.ndarray:
    """Return which sets are genuine, one ``numpy.linalg.lstsq`` each."""
    x, y, d = found.problem.inputs, found.problem.targets, found.problem.width
    out = np.zeros(len(sets), dtype=bool)
    for k, row in enumerate(sets.tolist()):
        matrix = np.concatenate([columns[cell] for cell in row], axis=1)
        solution, _, rank, _ = np.linalg.lstsq(matrix, y, rcond=None)
        if rank < matrix.shape[1]:
            continue
        for j, cell in enumerate(row):
            before = found.signs[cell] * (x @ solution[j * d : (j + 1) * d])
            if not ((before > 0).all() or (before < 0).all()):
                break
        else:
            out[k] = True
    return out


def by_normal_equations(moments: Moments, sets: np.ndarray) -> np.ndarray:
    """Return which sets are genuine, all at once: blocks of one matrix of products, solved together."""
    d, count, size = moments.width, moments.count, sets.shape[1] * moments.width
    columns = moments.columns[:, :, :count].transpose(0, 2, 1).reshape(len(moments.columns), -1)
    products = columns.T @ columns
    pulled = moments.moments.T
    most = int(np.diff(moments.first).max())
    tests = np.stack(
        [
            moments.rows[a + np.arange(most) % (b - a)]
            for a, b in zip(moments.first[:-1], moments.first[1:], strict=True)
        ]
    )
    places = (sets[:, :, None] * d + np.arange(d)).reshape(len(sets), size)
    gram = products[places[:, :, None], places[:, None, :]]
    gram[:, range(size), range(size)] += (
        1e-14  # so that dependent sets do not raise: they are no part of the comparison
    )
    solution = np.linalg.solve(gram, pulled[sets].reshape(len(sets), size, 1))[:, :, 0]
    out = np.ones(len(sets), dtype=bool)
    for j in range(sets.shape[1]):
        before = np.einsum("kfd,kd->kf", tests[sets[:, j]], solution[:, j * d : (j + 1) * d])
        out &= (before > 0).all(axis=1) | (before < 0).all(axis=1)
    return out


def processor_time(call: Callable[[], Result]) -> tuple[float, Result]:
    """Return the median processor time of five calls in seconds, and what the last one returned."""
    times = []
    for _ in range(5):
        start = process_time()
        result = call()
        times.append(process_time() - start)
    return median(times), result


def fused_multiply_adds() -> float:
    """Return how many floating-point operations a second one core does with everything in registers or the nearest cache."""

    @numba.njit(fastmath=True)
    def work(rounds: int) -> float:
        values = np.ones(FUSED)
        for _ in range(rounds):
            for k in range(len(values)):
                values[k] = values[k] * 0.999999 + 1e-7
        return values.sum()

    work(1)
    rounds = 10**6
    time, _ = processor_time(lambda: work(rounds))
    return 2 * FUSED * rounds / time


if __name__ == "__main__":
    main()
