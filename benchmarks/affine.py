"""Affine targets: classification by size, exact against floats; loss and gradient against quadrature and a grid.

Run ``python benchmarks/affine.py``; add ``--large`` for exact classification of 100 000 neurons.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
from scipy.integrate import quad

import theodolite as th
from _timing import median_of_five

QUAD_LIMIT = 2000


def classification(sizes: tuple[int, ...], largest_exact: int) -> None:
    """Classify a random member of the saddle with ten breakpoints, its neurons of every sort."""
    print("classify: neurons, seconds in floats, seconds in fractions, kinds")
    for size in sizes:
        land = th.AffineTargetLandscape(size)
        found = next(s for s in land.critical_sets(above=float(land.global_minimum().value)) if s.label == "R10")
        exact = found.sample(1)
        floats = tuple(np.asarray(part, dtype=float) for part in exact)
        seconds, verdict = median_of_five(lambda land=land, floats=floats: land.classify(floats))
        line = f"{size:>8} {seconds:>10.4f}"
        if size <= largest_exact:
            exact_seconds, exact_verdict = median_of_five(lambda land=land, exact=exact: land.classify(exact))
            assert exact_verdict.kind is verdict.kind
            line += f" {exact_seconds:>10.3f}"
        else:
            line += "          -"
        print(line, verdict.kind)


def by_quad(w: np.ndarray, b: np.ndarray, v: np.ndarray, c: float) -> np.ndarray:
    """Loss and gradient by SciPy's adaptive quadrature, told where the breakpoints are."""
    breaks = np.unique([t for t in -b / w if 0 < t < 1])

    def residual(x: float) -> float:
        return c + float(v @ np.maximum(w * x + b, 0.0)) - x

    def integral(f: object) -> float:
        return float(quad(f, 0.0, 1.0, points=breaks, limit=QUAD_LIMIT)[0])

    out = [integral(lambda x: residual(x) ** 2)]
    for j in range(len(w)):
        out.append(2 * v[j] * integral(lambda x, j=j: residual(x) * x * (w[j] * x + b[j] > 0)))
        out.append(2 * v[j] * integral(lambda x, j=j: residual(x) * (w[j] * x + b[j] > 0)))
        out.append(2 * integral(lambda x, j=j: residual(x) * max(w[j] * x + b[j], 0.0)))
    out.append(2 * integral(residual))
    return ordered(np.array(out), len(w))


def ordered(entries: np.ndarray, size: int) -> np.ndarray:
    """Bring (loss, then w, b, v neuron by neuron, then c) into the order of packed parameters."""
    inner = entries[1:-1].reshape(size, 3).T.ravel()
    return np.concatenate([entries[:1], inner, entries[-1:]])


def by_grid(parts: tuple[np.ndarray, ...], points: int) -> np.ndarray:
    """Loss and gradient of the mean over midpoints, by PyTorch."""
    w, b, v, c = (torch.tensor(part, requires_grad=True) for part in parts)
    x = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    loss = ((torch.relu(x[:, None] * w + b) @ v + c - x) ** 2).mean()
    gradient = torch.autograd.grad(loss, (w, b, v, c))
    return np.concatenate([[loss.item()], *(part.numpy().ravel() for part in gradient)])


def loss_and_gradient(size: int) -> None:
    """Time and error of loss and gradient at a random point; the truth comes from fractions."""
    print(f"loss and gradient, {size} neurons: method, seconds, largest error relative to the largest entry")
    land = th.AffineTargetLandscape(size)
    source = np.random.default_rng(0)
    parts = (*(source.integers(-64, 65, size) / 32 + 1 / 64 for _ in range(3)), np.array(0.25))
    precise = th.AffineTargetLandscape(size, arithmetic="verified")

    def exact() -> np.ndarray:
        entries = [precise.loss(parts), *precise.pack(precise.gradient(parts))]
        return np.array([float(entry) for entry in entries])

    def mine() -> np.ndarray:
        return np.concatenate([[float(land.loss(parts))], land.pack(land.gradient(parts))])

    seconds, truth = median_of_five(exact)
    print(f"  theodolite, fractions   {seconds:>10.5f}  exact")
    methods = {"theodolite, floats": mine}
    if size <= 30:
        methods["scipy quad"] = lambda: by_quad(*parts)
    for points in (1000, 10_000, 100_000, 1_000_000):
        if size * points <= 30_000_000:
            methods[f"torch, {points} points"] = lambda points=points: by_grid(parts, points)
    for name, call in methods.items():
        seconds, found = median_of_five(call)
        error = np.abs(found - truth).max() / np.abs(truth).max()
        print(f"  {name:<23} {seconds:>10.5f}  {error:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(2)
    large = "--large" in sys.argv[1:]
    loss_and_gradient(10)
    loss_and_gradient(30)
    classification((1000, 10_000, 100_000), 100_000 if large else 10_000)
