"""The compiled training against plain array code, step by step, and that against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from theodolite.relu._landscape import ReluLandscape
from theodolite.relu._problem import Problem
from theodolite.relu._training import Fleet, plain_step, train


def problem_of(
    rng: np.random.Generator, d: int, slope: float, offset: bool, reduction: str = "half_sum", n: int = 9
) -> Problem:
    land = ReluLandscape(
        rng.normal(size=(n, d)), rng.normal(size=n), 3, negative_slope=slope, output_bias=offset, reduction=reduction
    )
    return land.problem


def fleet_of(rng: np.random.Generator, runs: int, h: int, d: int, offset: bool) -> Fleet:
    return Fleet(
        rng.normal(size=(runs, h, d)), rng.normal(size=(runs, h)), rng.normal(size=runs) if offset else np.zeros(runs)
    )


@pytest.mark.parametrize(("h", "d"), [(1, 1), (3, 2), (4, 3)])
@pytest.mark.parametrize("offset", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("runs", [1, 64, 90])
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


@pytest.mark.parametrize("n", [1, 4, 31, 32, 33, 70])
def test_samples_come_in_any_number(n: int) -> None:
    rng = np.random.default_rng(n)
    problem = problem_of(rng, 2, 0.2, True, "mean", n)
    slow = fleet_of(rng, 7, 3, 2, True)
    fast = Fleet(slow.weights.copy(), slow.outer.copy(), slow.offsets.copy())
    velocity = slow.zeros()
    for _ in range(10):
        plain_step(problem, slow, velocity, 0.05, 0.5)
    train(problem, fast, 0.05, 0.5, 10, lambda done: None, lambda: False)
    for name in ("weights", "outer", "offsets"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-10, atol=1e-12)


def test_threads_and_neighbours_change_no_number() -> None:
    rng = np.random.default_rng(3)
    problem = problem_of(rng, 2, 0.0, True)
    start = fleet_of(rng, 300, 3, 2, True)
    found = []
    for threads, runs in ((1, 300), (3, 300), (2, 70)):
        fleet = Fleet(start.weights[:runs].copy(), start.outer[:runs].copy(), start.offsets[:runs].copy())
        train(problem, fleet, 0.01, 0.9, 40, lambda done: None, lambda: False, threads)
        found.append(fleet)
    np.testing.assert_array_equal(found[0].weights, found[1].weights)
    np.testing.assert_array_equal(found[0].weights[:70], found[2].weights)
    np.testing.assert_array_equal(found[0].offsets, found[1].offsets)


def test_large_networks_train_in_plain_arrays() -> None:
    rng = np.random.default_rng(4)
    problem = problem_of(rng, 40, 0.1, True, "mean")
    slow = fleet_of(rng, 5, 30, 40, True)
    fast = Fleet(slow.weights.copy(), slow.outer.copy(), slow.offsets.copy())
    velocity = slow.zeros()
    for _ in range(5):
        plain_step(problem, slow, velocity, 1e-4, 0.5)
    seen: list[int] = []
    assert train(problem, fast, 1e-4, 0.5, 5, seen.append, lambda: False) == 5
    assert seen == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(fast.weights, slow.weights)
    assert train(problem, fast, 1e-4, 0.5, 5, seen.append, lambda: True) == 0


def test_training_stops_when_told() -> None:
    rng = np.random.default_rng(1)
    problem = problem_of(rng, 2, 0.0, False)
    fleet = fleet_of(rng, 10**6, 3, 2, False)
    seen: list[int] = []
    done = train(problem, fleet, 0.01, 0.0, 10**6, seen.append, lambda: len(seen) >= 2, 1)
    assert done == seen[-1] < 10**6
