"""Critical values of a shallow linear network with 200 eigenvalues, in increasing order: the first, and a million of them.

Run ``python benchmarks/linear.py values``. Each figure is the median of five runs in this process. The peer is the same search
over a heap of Python tuples (``heapq``), timed on fewer values in the same run; both must list the same families.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

import theodolite as th
from _timing import median_of_five
from theodolite.linear._families import Compiled, Families, Plain

EIGENVALUES, HIDDEN, MILLION, PEER = 200, 100, 10**6, 20_000


def main() -> None:
    """Print the times and ratios."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, EIGENVALUES))
    land = th.LinearLandscape(x, x @ rng.normal(size=(EIGENVALUES, EIGENVALUES)) / 14, hidden=HIDDEN)
    print(f"{land.specification}: {float(land.count()):.3g} critical families")  # count() also does the one reduction
    families: Families = land._problem.sets.families

    start = perf_counter()
    Compiled(families).take(1)
    print(f"loading the kernel (compiling it on the very first run): {perf_counter() - start:.2f} s, once")

    first, _ = median_of_five(lambda: families.values(next(families.chunks(first=1))))
    print(f"first value after the reduction: {1e3 * first:.2f} ms")
    block, _ = median_of_five(lambda: families.values(next(families.chunks())))
    print(f"first 16 values: {1e3 * block:.2f} ms")

    def values() -> None:
        last = -np.inf
        for rows in families.chunks(MILLION):
            found = families.values(rows)
            assert last <= found[0]
            assert (np.diff(found) >= 0).all()
            last = found[-1]

    def tables() -> None:
        for item in land.work(limit=MILLION):
            land.solve(item)

    million, _ = median_of_five(values)
    print(f"a million families and their values, in order: {million:.2f} s")
    million, _ = median_of_five(tables)
    print(f"the same with index, nullity, dimension and keys, as a survey stores them: {million:.2f} s")

    source = Compiled(families)
    source.take(MILLION)
    arrays = (source.keys, source.slots, source.states, source.cells)
    print(f"memory of the search after a million: {sum(a.nbytes for a in arrays) / 2**20:.0f} MiB")

    assert (Plain(families).take(PEER) == Compiled(families).take(PEER)).all()
    plain, _ = median_of_five(lambda: Plain(families).take(PEER))
    compiled, _ = median_of_five(lambda: Compiled(families).take(PEER))
    each = f"heap of tuples {1e6 * plain / PEER:.1f} us each, kernel {1e6 * compiled / PEER:.2f} us each"
    print(f"{PEER} families: {each}, ratio {plain / compiled:.0f}")
