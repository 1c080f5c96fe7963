"""The exact global minimum of small ReLU networks against 1,000 BFGS restarts: how long, and who found it.

Prints the table of docs/relu_optimum.md. Both sides get the same data and all cores (``--processes``); BFGS is SciPy's with the
exact gradient, from random starts of several sizes, and every start counts. ``--restarts`` is their number.
"""

from __future__ import annotations

import argparse
import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from time import perf_counter

import numpy as np
from scipy.optimize import minimize

import theodolite as th

# name, samples, inputs, neurons, noise only, further options
ROWS = [
    ("1-D, bias", 200, 1, 3, False, {}),
    ("1-D, bias, leaky 1/10", 200, 1, 3, False, {"negative_slope": "1/10"}),
    ("1-D, bias, output bias", 200, 1, 3, False, {"output_bias": True}),
    ("1-D, bias, pure noise", 200, 1, 3, True, {}),
    ("2-D, bias", 50, 2, 2, False, {}),
    ("2-D, bias, leaky 1/10", 50, 2, 2, False, {"negative_slope": "1/10"}),
    ("2-D, bias, output bias", 50, 2, 2, False, {"output_bias": True}),
    ("2-D, bias, pure noise", 50, 2, 2, True, {}),
]


def data(n: int, d: int, noise: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return integers: two slopes and noise, or noise alone."""
    rng = np.random.default_rng([n, d, noise])
    X = rng.permutation(np.arange(-n, n + 1))[:n, None] if d == 1 else rng.integers(-30, 31, (n, d))
    if noise:
        return X, rng.integers(-20, 21, n)
    return X, np.abs(X[:, 0]) - X[:, -1] + rng.integers(-9, 10, n)


def restart(task: tuple[int, np.ndarray, np.ndarray, int, float, bool]) -> float:
    """Return the sum of squares at which BFGS ends from one random start, in units of the data's own size."""
    seed, X, y, h, slope, offset = task
    n, d = X.shape
    rng = np.random.default_rng(seed)
    rows = np.column_stack([X / np.abs(X).max(), np.ones(n)])
    target = y / np.linalg.norm(y)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        W, v, c = parameters[: h * (d + 1)].reshape(h, d + 1), parameters[h * (d + 1) : -1], parameters[-1]
        before = rows @ W.T
        share = np.where(before >= 0, 1.0, slope)
        e = (before * share) @ v + offset * c - target
        pulled = 2 * e[:, None] * share
        return float(e @ e), np.concatenate(
            [((pulled * v).T @ rows).ravel(), 2 * (before * share).T @ e, [2 * offset * e.sum()]]
        )

    start = rng.normal(size=h * (d + 2) + 1) * 10 ** rng.uniform(-1, 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
    return float(found.fun) * float(y @ y)


def main() -> None:
    """Solve each row by both and print who found the minimum."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--restarts", type=int, default=1000, help="starts of BFGS")
    options.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="processes for BFGS")
    options.add_argument("--budget", default="300s", help="time for one exact search")
    given = options.parse_args()
    X, y = data(20, 2, False)
    th.ReluLandscape(X, y, 2, bias=True).global_minimum()  # loads and compiles what the others use
    X, y = data(40, 1, False)
    th.ReluLandscape(X, y, 3, bias=True).global_minimum()
    print("| data | samples | neurons | exact: S | seconds | proven | BFGS: best S | seconds | starts that found it |")
    print("| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |")
    with ProcessPoolExecutor(given.processes) as pool:
        for name, n, d, h, noise, more in ROWS:
            X, y = data(n, d, noise)
            begun = perf_counter()
            best = th.ReluLandscape(X, y, h, bias=True, reduction="sum", **more).global_minimum(budget=given.budget)
            exact = perf_counter() - begun
            slope, offset = float(Fraction(more.get("negative_slope", "0"))), bool(more.get("output_bias", False))
            tasks = [(seed, X, y, h, slope, offset) for seed in range(given.restarts)]
            begun = perf_counter()
            ends = np.array(list(pool.map(restart, tasks, chunksize=10)))
            spent = perf_counter() - begun
            value = float(best.value)
            hits = int((ends <= value * (1 + 1e-6)).sum())
            proven = "yes" if best.kind is th.Kind.GLOBAL_MINIMUM else "no"
            print(
                f"| {name} | {n} | {h} | {value:.6g} | {exact:.1f} | {proven} | {ends.min():.6g} | {spent:.1f} "
                f"| {hits} of {given.restarts} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
