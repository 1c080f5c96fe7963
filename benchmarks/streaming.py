"""Streaming a large data set into a landscape: time and peak memory.

    python benchmarks/streaming.py [SAMPLES] [INPUTS]

The rows of an autoencoder's data are drawn in blocks of 4,096 in float32 and never held together. Printed are the time to
factor them, the peak memory of the process, and the time to the lowest hundred families.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

import theodolite as th

BLOCK = 4096


def blocks(samples: int, inputs: int) -> Iterator[tuple[Any, Any]]:
    """Yield correlated float32 data as pairs (X, X)."""
    source = np.random.default_rng(0)
    mixing = (source.standard_normal((inputs, inputs)) * np.geomspace(1, 1e-3, inputs)).astype(np.float32)
    for start in range(0, samples, BLOCK):
        rows = source.standard_normal((min(BLOCK, samples - start), inputs), dtype=np.float32) @ mixing
        yield rows, rows


def main(samples: int = 1_000_000, inputs: int = 784) -> None:
    """Print the figures."""
    began = time.perf_counter()
    land = th.LinearLandscape.from_batches(blocks(samples, inputs), hidden=10)
    factored = time.perf_counter()
    lowest = list(islice(land.critical_sets(), 100))
    listed = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{samples} x {inputs} in float32: {samples * inputs * 4 / 2**30:.1f} GiB in all")
    print(f"factored in {factored - began:.1f} s, peak memory {peak:.0f} MiB")
    print(f"{len(lowest)} lowest of {land.count():.3g} families in {listed - factored:.2f} s more")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
