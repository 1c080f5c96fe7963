"""How benchmarks measure: the median of five calls in one process."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import TypeVar

Result = TypeVar("Result")


def median_of_five(call: Callable[[], Result]) -> tuple[float, Result]:
    """Return the median time of five calls in seconds, and what the last one returned."""
    times = []
    for _ in range(5):
        start = perf_counter()
        result = call()
        times.append(perf_counter() - start)
    return median(times), result
