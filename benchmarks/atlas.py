"""A million critical sets: how much memory they take, how fast one is looked at, how fast they are saved and loaded.

Run ``python benchmarks/atlas.py``; it needs about 1 GB of memory and two minutes.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import theodolite as th

SETS = 10**6
LOOKS = 20_000


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what ``work`` returns and how many seconds it took."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def resident() -> float:
    """Return the memory that this process has now, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 24))
    land = th.LinearLandscape(X, X @ rng.standard_normal((24, 24)), hidden=12)
    th.survey(land, limit=5000)  # loads the compiled kernel
    before = resident()
    atlas, seconds = timed(lambda: th.survey(land, limit=SETS))
    table = atlas.table
    arrays = (table.value, table.kind, table.integers, table.evidence_id, table.keys)
    print(f"survey of {len(atlas):,} of {land.count():,} sets   {seconds:8.2f} s")
    print(f"columns in memory                          {sum(array.nbytes for array in arrays) / 1e6:8.1f} MB")
    print(f"process grew by                            {resident() - before:8.1f} MB")
    print(
        f"largest size of the process                {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:8.1f} MB"
    )
    places = rng.integers(0, len(atlas), LOOKS).tolist()
    _, seconds = timed(lambda: [atlas[i] for i in places])
    print(f"atlas[i]                                   {seconds / LOOKS * 1e6:8.1f} us")
    print(f"atlas[a:b] of half                         {timed(lambda: atlas[: SETS // 2])[1] * 1e3:8.1f} ms")
    print(f"where(max_index=3)                         {timed(lambda: atlas.where(max_index=3))[1] * 1e3:8.1f} ms")
    levels, seconds = timed(atlas.levels)
    print(f"levels(), {len(levels):,} of them              {seconds:8.2f} s")
    for library in ("pandas", "polars", "pyarrow"):
        print(f"to_frame({library!r}){timed(lambda name=library: atlas.to_frame(name))[1]:33.2f} s")
    before = resident()
    exact = replace(table, exact=tuple(Fraction(3 * i + 1, 10**9 + 7) for i in range(SETS)))
    print(f'exact values, "p/q" of ten digits, add      {resident() - before:8.1f} MB')
    del exact
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".json", ".npz", ".parquet"):
            path = Path(folder) / f"atlas{suffix}"
            _, saving = timed(lambda to=path: atlas.save(to))
            _, loading = timed(lambda from_=path: th.load_atlas(from_))
            size = path.stat().st_size / 1e6
            print(f"{suffix:9} {size:8.1f} MB, saved in {saving:6.2f} s, loaded in {loading:6.2f} s")


if __name__ == "__main__":
    main()
