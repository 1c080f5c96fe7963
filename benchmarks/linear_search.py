"""All critical sets of the iris 4-2-4 autoencoder: by theory, and by searching for zeros of the gradient.

Run ``python benchmarks/linear.py search``. The search knows the loss only. It is given every advantage: gradient and dense
Hessian in closed form on the 4 by 4 moment matrix, two solvers (MINPACK's hybrid Newton method and Levenberg-Marquardt),
starts at all scales. A point counts if its gradient is below 1e-10 of the size of its terms, and as found if its loss is that of
a critical set to 1e-7 of the largest; other accepted points are strays. The search cannot know when it has found everything.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from scipy.optimize import least_squares, root

import theodolite as th
from _timing import median_of_five
from theodolite.io import read_table


class Search:
    """Loss, gradient and Hessian of 1/2 ||X W1' W2' - X||^2 in the moments S = X'X."""

    def __init__(self, moments: np.ndarray, hidden: int) -> None:
        self.moments, self.hidden, self.size = moments, hidden, len(moments)

    def split(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        half = self.hidden * self.size
        return point[:half].reshape(self.hidden, self.size), point[half:].reshape(self.size, self.hidden)

    def loss(self, point: np.ndarray) -> float:
        w1, w2 = self.split(point)
        error = w2 @ w1 - np.eye(self.size)
        return float(np.trace(error @ self.moments @ error.T)) / 2

    def gradient(self, point: np.ndarray) -> np.ndarray:
        w1, w2 = self.split(point)
        error = (w2 @ w1 - np.eye(self.size)) @ self.moments
        return np.concatenate([(w2.T @ error).ravel(), (error @ w1.T).ravel()])

    def hessian(self, point: np.ndarray) -> np.ndarray:
        w1, w2 = self.split(point)
        error = (w2 @ w1 - np.eye(self.size)) @ self.moments
        rows = []
        for unit in np.eye(point.size):
            v1, v2 = self.split(unit)
            change = (v2 @ w1 + w2 @ v1) @ self.moments
            rows.append(
                np.concatenate([(v2.T @ error + w2.T @ change).ravel(), (change @ w1.T + error @ v1.T).ravel()])
            )
        return np.array(rows)

    def stationary(self, point: np.ndarray) -> bool:
        w1, w2 = map(np.linalg.norm, self.split(point))
        terms = np.linalg.norm(self.moments) * (1 + w1 * w2) * max(w1, w2, 1e-3)
        return bool(np.linalg.norm(self.gradient(point)) < 1e-10 * terms)


def compare(title: str, x: np.ndarray, hidden: int, starts: dict[str, int]) -> None:
    """Print time and number of sets for theory and search on the autoencoder of ``x``."""
    elapsed, sets = median_of_five(lambda: list(th.LinearLandscape(x, x, hidden).critical_sets()))
    print(f"{title}: {len(sets)} critical sets by theory in {1e3 * elapsed:.2f} ms, complete, with index and nullity")
    values = np.array([float(item.value) for item in sets])
    search = Search(x.T @ x, hidden)
    for name, tries in starts.items():
        rng = np.random.default_rng(0)
        found: dict[int, float] = {}
        strays = rejected = 0
        start = perf_counter()
        for _ in range(tries):
            point = rng.normal(size=2 * hidden * x.shape[1]) * 10 ** rng.uniform(-1.5, 0.5)
            point = SOLVERS[name](search, point)
            if not search.stationary(point):
                rejected += 1
                continue
            distance = abs(values - search.loss(point))
            if distance.min() < 1e-7 * values[-1]:
                found.setdefault(int(distance.argmin()), perf_counter() - start)
            else:
                strays += 1
        total, last = perf_counter() - start, max(found.values(), default=0.0)
        print(
            f"  {name}: {len(found)} of {len(sets)} from {tries} starts in {total:.1f} s, the last after {last:.1f} s"
        )
        print(
            f"    {rejected} starts ended nowhere, {strays} at no critical value; ratio of times {total / elapsed:.0f}"
        )


SOLVERS = {
    "hybrid Newton": lambda search, point: root(search.gradient, point, jac=search.hessian, tol=1e-13).x,
    "Levenberg-Marquardt": lambda search, point: (
        least_squares(search.gradient, point, search.hessian, method="lm", xtol=1e-14, ftol=1e-15, gtol=1e-15).x
    ),
}


def main() -> None:
    """Compare on iris, where a good search succeeds, and on wine, where it does not."""
    iris, wine = read_table("iris").matrix, read_table("wine").matrix[:, :13]
    compare("iris, linear:4-2-4", iris, 2, {"hybrid Newton": 500, "Levenberg-Marquardt": 500})
    wine = (wine - wine.mean(axis=0)) / wine.std(axis=0)
    compare("wine (standardised), linear:13-4-13", wine, 4, {"hybrid Newton": 500, "Levenberg-Marquardt": 20})
