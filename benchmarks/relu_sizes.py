"""Which ReLU networks can be surveyed: every local minimum, on kinks too, and every differentiable saddle, on one core.

Integer data, hidden biases, rational arithmetic. Prints the table of docs/relu.md; ``--budget`` is the time for one row.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

import theodolite as th

SIZES = [
    *((n, 1, h) for n, h in ((10, 1), (10, 2), (10, 3), (20, 1), (20, 2), (40, 1), (40, 2), (20, 3), (100, 2))),
    *((n, 2, h) for n, h in ((6, 1), (6, 2), (6, 3), (10, 1), (10, 2), (15, 1), (15, 2), (40, 1))),
    *((n, 3, h) for n, h in ((6, 1), (6, 2), (8, 1), (8, 2), (12, 1))),
]


def landscape(n: int, d: int, hidden: int) -> th.ReluLandscape:
    """Return the landscape of one row of the table: a bump and noise, as integers."""
    rng = np.random.default_rng([n, d])
    X = rng.permutation(np.arange(-n, n + 1))[:n, None] if d == 1 else rng.integers(-9, 10, (n, d))
    y = np.abs(X[:, 0]) - X[:, -1] + rng.integers(-3, 4, n)
    return th.ReluLandscape(X, y, hidden, bias=True)


def main() -> None:
    """Survey each size and print what was found and how long it took."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--budget", default="60s", help="time for one row")
    budget = options.parse_args().budget
    th.survey(landscape(6, 2, 2))  # loads and compiles what the others use
    print("| samples | inputs | neurons | sets of faces | on kinks | classes | of minima | seconds |")
    print("| ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |")
    for n, d, hidden in SIZES:
        land = landscape(n, d, hidden)
        start = perf_counter()
        atlas = th.survey(land, budget=budget)
        spent = perf_counter() - start
        found = f"{len(atlas):,} | {len(atlas.minima()):,}" if atlas.stopped is None else "not in time |"
        kinks = "yes" if land.exhaustive else "no"
        print(f"| {n} | {d} | {hidden} | {land.workload():,} | {kinks} | {found} | {spent:.3g} |", flush=True)


if __name__ == "__main__":
    main()
