"""Linear networks trained together, against one network at a time in PyTorch; their losses and where they lead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import theodolite as th

X = np.random.default_rng(0).normal(size=(12, 3)) + 0.5
Y = np.random.default_rng(1).normal(size=(12, 2)) - 0.3


def by_torch(start: list[np.ndarray], steps: int, rate: float, momentum: float, l2: float, reduction: str) -> Any:
    """Train one network as PyTorch does; ``start`` is in the order of the landscape."""
    layers = [torch.tensor(part, requires_grad=True) for part in start]

    def loss() -> torch.Tensor:
        current, rest = torch.tensor(X), list(layers)
        while rest:
            current = current @ rest.pop(0).T
            if rest and rest[0].ndim == 1:
                current = current + rest.pop(0)
        error = ((current - torch.tensor(Y)) ** 2).sum()
        return {"half_sum": 0.5, "sum": 1.0, "mean": 1 / Y.size}[reduction] * error

    optimizer = torch.optim.SGD(layers, lr=rate, momentum=momentum, weight_decay=l2)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    decay = l2 / 2 * sum(float((part.detach() ** 2).sum()) for part in layers)
    return [part.detach().numpy() for part in layers], float(loss().detach()) + decay


@pytest.mark.parametrize("hidden", [2, (4,), (3, 1, 2)])
@pytest.mark.parametrize("bias", [False, True, "hidden", (1,)])
@pytest.mark.parametrize("reduction", ["half_sum", "sum", "mean"])
def test_trainings_are_those_of_torch(hidden: Any, bias: Any, reduction: str) -> None:
    land = th.LinearLandscape(X, Y, hidden, bias=bias, reduction=reduction)
    compare(land, 0.0, reduction)


@pytest.mark.parametrize("hidden", [2, (3, 2)])
def test_trainings_with_decay_are_those_of_torch(hidden: Any) -> None:
    compare(th.LinearLandscape(X, Y, hidden, l2=0.3), 0.3, "half_sum")


def compare(land: th.LinearLandscape, l2: float, reduction: str) -> None:
    found = th.train_ensemble(land, 4, rng=5, steps=30, momentum=0.8)
    assert found.rate == land.training_rate()
    for run in range(4):
        start = [part[run] for part in found.starts]
        ends, loss = by_torch(start, 30, found.rate, 0.8, l2, reduction)
        for part, end in zip(found.ends, ends, strict=True):
            np.testing.assert_allclose(part[run], end, rtol=1e-9, atol=1e-11)
        assert found.losses[run] == pytest.approx(loss, rel=1e-10)
        assert found.losses[run] == pytest.approx(float(land.loss([part[run] for part in found.ends])), rel=1e-12)


def test_all_trainings_of_a_linear_network_end_at_its_only_minimum() -> None:
    land = th.LinearLandscape(X, Y, 1, bias=True)
    found = th.train_ensemble(land, 300, rng=0, steps=4000, momentum=0.9)
    (level,) = found.levels()
    assert level.kind is th.Kind.GLOBAL_MINIMUM
    assert level.runs == 300
    assert level.value == pytest.approx(float(land.global_minimum().value), rel=1e-12)
    assert found.against(th.survey(land)) == [level]


def test_networks_that_begin_at_a_saddle_are_counted_there() -> None:
    land = th.LinearLandscape([[1, 0], [0, 1]], [[2, 0], [0, 1]], hidden=1)
    starts = (np.zeros((3, 1, 2)), np.zeros((3, 2, 1)))
    from theodolite._endings import Nearness

    found = land.endings_of(starts, Nearness(1e-9, 1e-3), lambda done: None, lambda: False)
    assert found.judged.all()
    np.testing.assert_array_equal(found.value, [2.5] * 3)
    assert {th.Kind.from_code(int(code)) for code in found.kind} == {th.Kind.STRICT_SADDLE}


def test_losses_keep_their_digits_where_targets_are_far_from_zero() -> None:
    land = th.LinearLandscape(X, Y + 1e6, 2, bias=True)
    found = th.train_ensemble(land, 3, rng=0, steps=0)
    best = land.global_minimum().representative()
    stacked = tuple(np.stack([np.asarray(part, dtype=float)] * 2) for part in best)
    np.testing.assert_allclose(land.losses_of(stacked), float(land.loss(best)), rtol=1e-9)
    assert found.near.apart < 1e-3 * found.near.close < 1.0


def test_many_widths_are_trained_in_blocks() -> None:
    land = th.LinearLandscape(X, Y, (40, 50))
    found = th.train_ensemble(land, 70, rng=1, steps=3, momentum=0.5)
    alone = th.train_ensemble(land, 70, rng=1, steps=0)
    point = [part[69] for part in alone.starts]
    speed = [np.zeros_like(part) for part in point]
    for _ in range(3):
        pull = land.gradient(point)
        speed = [0.5 * old + new for old, new in zip(speed, pull, strict=True)]
        point = [part - found.rate * step for part, step in zip(point, speed, strict=True)]
    for part, end in zip(point, found.ends, strict=True):
        np.testing.assert_allclose(end[69], part, rtol=1e-9, atol=1e-12)
