"""Kind and index of critical points of deep linear networks: from ranks of partial products, and from a dense Hessian.

Run ``python benchmarks/deep.py``. The points are random strict members of the selection of the larger half of the
eigenvalues, of networks with three hidden layers of equal width. One thread, median of five calls (dense: one); the exponents
are fitted to the three largest sizes.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import time  # noqa: E402  threads are set before NumPy starts

import numpy as np  # noqa: E402

import theodolite as th  # noqa: E402
from _timing import median_of_five  # noqa: E402
from theodolite.linear._deep_counts import Branch  # noqa: E402

DENSE = (2, 4, 6, 8, 12, 16, 24)
FURTHER = (32, 48, 64, 96, 128)
CLEAR = 1e-9
"""Dense eigenvalues below this fraction of the largest count as zero."""


def landscape(width: int, layers: int) -> th.LinearLandscape:
    """Return the landscape of a network with all widths equal, on Gaussian data."""
    source = np.random.default_rng(width)
    x = source.standard_normal((3 * width, width))
    return th.LinearLandscape(x, x @ source.standard_normal((width, width)), (width,) * (layers - 1))


def strict_member(land: th.LinearLandscape, taken: int) -> tuple:
    """Return a random strict member of the selection of the ``taken`` largest eigenvalues."""
    sets = land._problem.sets
    return sets.critical_set(sets.top_of(taken), Branch.STRICT, land).sample(0)


def dense_index(land: th.LinearLandscape, params: tuple) -> int:
    """Return the number of negative eigenvalues of the dense Hessian."""
    values = np.linalg.eigvalsh(land.hessian(params).todense())
    return int((values < -CLEAR * np.abs(values).max()).sum())


def exponent(sizes: list[int], times: list[float]) -> float:
    """Return the slope of log time against log size over the three largest sizes."""
    return float(np.polyfit(np.log(sizes[-3:]), np.log(times[-3:]), 1)[0])


def main() -> None:
    """Print the tables."""
    print("Four layers of width d, one thread: seconds for kind and index of one point, everything included\n")
    print(f"{'d':>4} {'parameters':>11} {'classify':>10} {'dense':>10} {'index':>7} {'dense index':>12}")
    ours, theirs = [], []
    for width in (*DENSE, *FURTHER):
        land = landscape(width, 4)
        params = strict_member(land, width // 2)
        seconds, verdict = median_of_five(lambda land=land, params=params: land.classify(params))
        ours.append(seconds)
        line = f"{width:>4} {land.parameter_count:>11} {seconds:>10.2g}"
        if width in DENSE:
            start = time.perf_counter()
            index = dense_index(land, params)
            theirs.append(time.perf_counter() - start)
            line += f" {theirs[-1]:>10.2g} {verdict.index:>7} {index:>12}"
        else:
            line += f" {'-':>10} {verdict.index:>7} {'-':>12}"
        print(line, flush=True)
    sizes = [*DENSE, *FURTHER]
    print(f"\nfitted exponents in d: classify {exponent(sizes, ours):.1f}, dense {exponent(list(DENSE), theirs):.1f}")

    land = landscape(64, 10)
    print("\nTen layers of width 64 (40,960 parameters; a dense Hessian would take 13 GB):")
    for item in (land.global_minimum(), *_first(land)):
        params = item.sample(0)
        seconds, verdict = median_of_five(lambda params=params: land.classify(params))
        print(f"  {verdict.kind!s:20} index {verdict.index}: {seconds:.3f} s")

    land = landscape(8, 4)
    items = _first(land)
    start = time.perf_counter()
    points = [point for item in items for point in item.sample(0, size=500)]
    drawn = time.perf_counter() - start
    start = time.perf_counter()
    right = sum(land.classify(point).kind is items[i // 500].kind for i, point in enumerate(points))
    judged = time.perf_counter() - start
    print(
        f"\n{len(points)} samples of 8-8-8-8-8: drawn in {drawn:.1f} s, classified in {judged:.1f} s, {right} as drawn"
    )


def _first(land: th.LinearLandscape) -> list[th.CriticalSet]:
    """Return the lowest non-strict and strict saddles of the selection one below the global minimum."""
    found = []
    for item in land.critical_sets():
        if item.label.endswith("strict"):
            found.append(item)
        if len(found) == 2:
            break
    return found


if __name__ == "__main__":
    main()
