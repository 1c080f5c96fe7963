"""The compiled training against plain array code, step by step, and that against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from theodolite.relu._landscape import ReluLandscape
from theodolite.relu._problem import Problem
from theodolite.relu._training import Fleet, plain_step, train


def problem_of(rng: np.random.Generator, d: int, slope: float, offset: bool, reduction: str = "half_sum") -> Problem:
    land = ReluLandscape(
        rng.normal(size=(9, d)), rng.normal(size=9), 3, negative_slope=slope, output_bias=offset, reduction=reduction
    )
    return land.problem


def fleet_of(rng: np.random.Generator, runs: int, h: int, d: int, offset: bool) -> Fleet:
    return Fleet(
        rng.normal(size=(runs, h, d)), rng.normal(size=(runs, h)), rng.normal(size=runs) if offset else np.zeros(runs)
    )


@pytest.mark.parametrize(("h", "d"), [(1, 1), (3, 2), (4, 3)])
@pytest.mark.parametrize("offset", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("runs", [1, 32, 45])
def test_the_kernel_does_what_plain_steps_do(h: int, d: int, offset: bool, slope: float, runs: int) -> None:
    rng = np.random.default_rng(h * 10 + d)
    problem = problem_of(rng, d, slope, offset, "mean")
    slow = fleet_of(rng, runs, h, d, offset)
    fast = Fleet(slow.weights.copy(), slow.outer.copy(), slow.offsets.copy())
    velocity = slow.zeros()
    for _ in range(25):
        plain_step(problem, slow, velocity, 0.05, 0.7)
    assert train(problem, fast, 0.05, 0.7, 25, lambda done: None, lambda: False, 2) == 25
    for name in ("weights", "outer", "offsets"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("offset", [False, True])
def test_plain_steps_are_those_of_torch(offset: bool) -> None:
    rng = np.random.default_rng(8)
    problem = problem_of(rng, 2, 0.1, offset)
    fleet = fleet_of(rng, 1, 3, 2, offset)
    w, v, c = (torch.tensor(part[0], requires_grad=True) for part in (fleet.weights, fleet.outer, fleet.offsets))
    chosen = [w, v, c] if offset else [w, v]
    optimizer = torch.optim.SGD(chosen, lr=0.005, momentum=0.9)
    velocity = fleet.zeros()
    for _ in range(30):
        optimizer.zero_grad()
        hidden = torch.nn.functional.leaky_relu(torch.tensor(problem.inputs) @ w.T, 0.1)
        (0.5 * ((hidden @ v + c - torch.tensor(problem.targets)) ** 2).sum()).backward()
        optimizer.step()
        plain_step(problem, fleet, velocity, 0.005, 0.9)
    assert np.isfinite(fleet.weights).all()
    np.testing.assert_allclose(fleet.weights[0], w.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(fleet.outer[0], v.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(fleet.offsets[0], c.detach().numpy(), rtol=1e-10)


def test_training_stops_when_told() -> None:
    rng = np.random.default_rng(1)
    problem = problem_of(rng, 2, 0.0, False)
    fleet = fleet_of(rng, 10**6, 3, 2, False)
    seen: list[int] = []
    done = train(problem, fleet, 0.01, 0.0, 10**6, seen.append, lambda: len(seen) >= 2, 1)
    assert done == seen[-1] < 10**6
