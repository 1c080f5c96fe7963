"""From the same random start, in the same time: `polish`, BFGS and Adam. Loss reached, and what `classify` says of the end.

Data: a sine, a product and noise. BFGS is SciPy's L-BFGS-B with exact gradients, Adam that of PyTorch with full batches, rate
0.01 and a cosine schedule. Run with OMP_NUM_THREADS=1. Prints the table of docs/relu.md.
"""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize

import theodolite as th

SIZES = [(100, 2, 3), (1_000, 5, 10), (10_000, 5, 20), (10_000, 10, 50), (100_000, 10, 100)]


def landscape(n: int, d: int, hidden: int) -> tuple[th.ReluLandscape, list[np.ndarray]]:
    """Return a landscape and a start with weights of the size that trainers take."""
    rng = np.random.default_rng([n, d])
    x = rng.normal(size=(n, d))
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, -1] + 0.3 * rng.normal(size=n)
    land = th.ReluLandscape(x, y, hidden, bias=True, output_bias=True, reduction="mean")
    scales = (d**-0.5, d**-0.5, hidden**-0.5, 0.0)
    return land, [scale * rng.normal(size=shape) for scale, shape in zip(scales, land.parameter_shapes, strict=True)]


class _Late(Exception):
    pass


def with_bfgs(land: th.ReluLandscape, start: list[np.ndarray], seconds: float) -> list[np.ndarray]:
    """Return the best parameters that L-BFGS finds in this time."""
    loss = _torch_loss(land)
    shapes, end = land.parameter_shapes, perf_counter() + seconds
    best: list[Any] = [math.inf, start]

    def value(vector: np.ndarray) -> tuple[float, np.ndarray]:
        if perf_counter() > end:
            raise _Late
        parts = np.split(vector, np.cumsum([math.prod(shape) for shape in shapes])[:-1])
        tensors = [
            torch.tensor(part.reshape(shape), requires_grad=True) for part, shape in zip(parts, shapes, strict=True)
        ]
        found = loss(tensors)
        found.backward()
        if found.item() < best[0]:
            best[:] = [found.item(), [tensor.detach().numpy() for tensor in tensors]]
        return found.item(), np.concatenate([tensor.grad.numpy().ravel() for tensor in tensors])

    vector = np.concatenate([part.ravel() for part in start])
    limits = {"maxiter": 10**9, "maxfun": 10**9, "ftol": 0.0, "gtol": 0.0, "maxcor": 30}
    with contextlib.suppress(_Late):
        minimize(value, vector, jac=True, method="L-BFGS-B", options=limits)
    return best[1]


def with_adam(land: th.ReluLandscape, start: list[np.ndarray], seconds: float) -> list[np.ndarray]:
    """Return the parameters that Adam ends at after this time."""
    loss = _torch_loss(land)
    tensors = [torch.tensor(part, requires_grad=True) for part in start]
    optimizer = torch.optim.Adam(tensors, 0.01)
    begin = perf_counter()
    while (spent := perf_counter() - begin) < seconds:
        optimizer.param_groups[0]["lr"] = 0.005 * (1 + math.cos(math.pi * spent / seconds))
        optimizer.zero_grad()
        loss(tensors).backward()
        optimizer.step()
    return [tensor.detach().numpy() for tensor in tensors]


def _torch_loss(land: th.ReluLandscape) -> Callable[[list[torch.Tensor]], torch.Tensor]:
    x, y = torch.tensor(land.problem.inputs[:, :-1].copy()), torch.tensor(land.problem.targets)

    def loss(tensors: list[torch.Tensor]) -> torch.Tensor:
        weights, biases, outer, offset = tensors
        return ((torch.relu(x @ weights.T + biases) @ outer + offset - y) ** 2).mean()

    return loss


def main() -> None:
    """Polish each size, give the others the same time, and print what all reached."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--budget", default="10m", help="time for one descent")
    options.add_argument("--sizes", type=int, default=4, help="how many of the sizes, small ones first (of 5)")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    land, start = landscape(400, 5, 20)
    land.polish(start)  # loads and compiles what the others use
    print("| samples | inputs | neurons | seconds | steps | polish | verdict | L-BFGS | verdict | Adam | verdict |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | --- | ---: | --- |")
    for n, d, hidden in SIZES[: chosen.sizes]:
        land, start = landscape(n, d, hidden)
        begin = perf_counter()
        done = land.polish(start, budget=chosen.budget)
        spent = perf_counter() - begin
        cells = [f"{n:,}", str(d), str(hidden), f"{spent:.2g}", f"{len(done.path) - 1:,}"]
        cells += [f"{done.losses[-1]:.6f}", str(done.verdict.kind)]
        for train in (with_bfgs, with_adam):
            params = train(land, start, spent)
            cells += [f"{land.loss(params):.6f}", str(land.classify(params).kind)]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
