"""Descents: monotone, exact where the data is, and ending where the exact test finds a local minimum."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite import Kind
from theodolite._errors import DataError, NotCoveredError
from theodolite._numerics import to_floats
from theodolite.relu import ReluLandscape

from .cases import A, Case, T

KINDS_OF_MINIMA = {Kind.GLOBAL_MINIMUM, Kind.SPURIOUS_MINIMUM, Kind.LOCAL_MINIMUM}


def random_landscape(seed: int, exact: bool):
    """Return a small landscape and a start, degenerate in one of many ways."""
    source = np.random.default_rng(seed)
    n, d, h = int(source.integers(1, 9)), int(source.integers(1, 4)), int(source.integers(1, 5))
    x = source.integers(-3, 4, (n, d)) if exact else source.normal(size=(n, d))
    y = source.integers(-3, 4, n) if exact else source.normal(size=n)
    trouble, where = source.integers(0, 8), source.integers(0, 5)
    if trouble == 1:
        x[-1] = x[0]
    elif trouble == 2:
        x[0] = 0
    elif trouble == 3:
        y = y * 0
    elif trouble == 4:
        y = y * 0 + 1
    elif trouble == 5 and not exact:
        x = x * 10.0 ** source.integers(-8, 9, n)[:, None]
    elif trouble == 6 and not exact:
        x = x * 10.0 ** source.integers(-8, 9, d)
    elif trouble == 7:
        x[-1] = -2 * x[0]
    land = ReluLandscape(
        x.tolist(),
        y.tolist(),
        h,
        bias=bool(source.integers(2)),
        output_bias=bool(source.integers(2)),
        negative_slope=["0", "1/4", "2"][source.integers(3)],
    )
    params = [source.integers(-2, 3, shape) if exact else source.normal(size=shape) for shape in land.parameter_shapes]
    if where == 1:
        params[0] = params[0] * 0
    elif where == 2:
        params = [part * 0 for part in params]
    elif where == 3:
        outer = next(i for i, shape in reversed(list(enumerate(land.parameter_shapes))) if shape == (h,))
        params[outer] = params[outer] * 0
    return land, [part.tolist() for part in params]


@pytest.mark.parametrize("case", T + A, ids=str)
@pytest.mark.parametrize("exact", [True, False], ids=["rationals", "floats"])
def test_descents_end_at_the_levels_of_the_case(case: Case, exact: bool) -> None:
    kind = int if exact else float
    land = ReluLandscape(
        [[kind(entry) for entry in row] for row in case.inputs],
        [kind(entry) for entry in case.targets],
        case.hidden,
        output_bias=case.offset,
        negative_slope=case.slope if exact else float(Fraction(case.slope)),
        reduction="sum",
    )
    levels = {Fraction(level) for level in case.levels}
    source = np.random.default_rng(len(case.name))
    for _ in range(12):
        params = [source.integers(-3, 4, shape).tolist() for shape in land.parameter_shapes]
        done = land.polish(params)
        assert done.complete
        assert all(b < a for a, b in zip(done.losses, done.losses[1:], strict=False))
        if exact:
            assert done.losses[-1] in levels
            assert done.verdict.kind in KINDS_OF_MINIMA
        else:
            assert min(abs(float(level) - done.losses[-1]) for level in levels) < 1e-9
            assert done.verdict.kind in KINDS_OF_MINIMA | {Kind.UNDECIDED}


@given(st.integers(0, 10**7))
def test_exact_descents_end_at_proven_minima(seed: int) -> None:
    land, params = random_landscape(seed, exact=True)
    done = land.polish(params)
    assert done.complete
    assert done.verdict.kind in KINDS_OF_MINIMA
    assert [land.loss(point) for point in done.path] == done.losses
    assert all(isinstance(loss, Fraction) for loss in done.losses)
    assert all(b < a for a, b in zip(done.losses, done.losses[1:], strict=False))
    # nothing near is lower: another channel than the test that ended the descent
    source, here = np.random.default_rng(seed), [to_floats(part) for part in done.params]
    for size in (1e-5, 1e-7):
        for _ in range(30):
            there = [part + size * source.normal(size=part.shape) for part in here]
            assert float(land.loss(there)) > float(done.losses[-1]) - 1e-13 * (1 + float(done.losses[0]))


@given(st.integers(0, 10**7))
def test_float_descents_are_monotone_and_never_end_where_a_way_down_is_proven(seed: int) -> None:
    land, params = random_landscape(seed, exact=False)
    done = land.polish(params)
    # only rows of very different sizes can hide how the loss falls
    sizes = np.linalg.norm(land.problem.inputs, axis=1)
    assert done.complete or sizes.max() > 1e4 * sizes[sizes > 0].min()
    assert not done.complete or done.verdict.kind in KINDS_OF_MINIMA | {Kind.UNDECIDED}
    assert all(b <= a for a, b in zip(done.losses, done.losses[1:], strict=False))
    assert done.losses[-1] == land.loss(done.params)


@pytest.mark.parametrize("seed", range(6))
def test_generic_data_ends_in_decided_minima(seed: int) -> None:
    source = np.random.default_rng(seed)
    x = source.normal(size=(150, 3))
    y = np.sin(2 * x[:, 0]) + source.normal(size=150)
    land = ReluLandscape(x, y, 3, bias=True, output_bias=True, negative_slope=0.1)
    done = land.polish([source.normal(size=shape) for shape in land.parameter_shapes])
    assert done.verdict.kind in KINDS_OF_MINIMA
    assert done.losses[-1] < 0.6 * done.losses[0]


def test_weights_trained_by_torch_are_finished() -> None:
    import torch

    torch.manual_seed(0)
    x = torch.randn(200, 4, dtype=torch.float64)
    y = torch.relu(x[:, 0]) - x[:, 1] + 0.1 * torch.randn(200, dtype=torch.float64)
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1)).double()
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x)[:, 0], y).backward()
        optimizer.step()
    land = ReluLandscape(x, y, 5, bias=True, output_bias=True, reduction="mean")
    trained = [p.detach() for p in model.parameters()]
    done = land.polish(trained)
    assert done.losses[-1] < torch.nn.functional.mse_loss(model(x)[:, 0], y).item()
    assert done.verdict.kind in KINDS_OF_MINIMA | {Kind.UNDECIDED}
    assert land.polish(done.params).losses[-1] <= done.losses[-1]


def test_large_problems_use_second_moments() -> None:
    source = np.random.default_rng(1)
    x = source.normal(size=(3000, 4))
    y = np.tanh(x[:, 0]) + 0.1 * source.normal(size=3000)
    land = ReluLandscape(x, y, 8, bias=True, output_bias=True, reduction="mean")
    done = land.polish([source.normal(size=shape) for shape in land.parameter_shapes])
    assert done.verdict.kind in KINDS_OF_MINIMA | {Kind.UNDECIDED}
    gradient = np.concatenate([np.ravel(part) for part in land.gradient(done.params)])
    # on kinks a one-sided gradient remains, of the size of single samples
    assert np.abs(gradient).max() < 1e-2
    assert done.losses[-1] < 0.02


def test_rational_problems_too_large_to_walk_exactly_are_finished_exactly() -> None:
    source = np.random.default_rng(2)
    x, y = source.integers(-9, 10, (400, 5)), source.integers(-9, 10, 400)
    land = ReluLandscape(x, y, 12, output_bias=True)
    done = land.polish([source.integers(-3, 4, shape) for shape in land.parameter_shapes])
    assert done.verdict.kind in KINDS_OF_MINIMA
    assert isinstance(done.losses[-1], Fraction)
    assert max(number.denominator.bit_length() for part in done.params for number in part.flat) < 20_000


def test_a_budget_ends_it_and_progress_is_told() -> None:
    source = np.random.default_rng(0)
    land = ReluLandscape(source.normal(size=(200, 3)), source.normal(size=200), 5, bias=True)
    params, told = [source.normal(size=shape) for shape in land.parameter_shapes], []
    stopped = land.polish(params, budget="0s", progress=lambda done, total: told.append((done, total)))
    assert not stopped.complete
    assert len(stopped.path) == 2
    assert told == [(1, None)]
    assert "ended above a minimum" in str(stopped)
    with pytest.raises(DataError):
        land.polish(params, budget="soon")


def test_a_minimum_stays_where_it_is() -> None:
    land = ReluLandscape([[1], [-1]], [1, 1], 1)
    done = land.polish(([[1]], [1]))
    assert len(done.path) == 1
    assert done.verdict.kind in KINDS_OF_MINIMA
    assert "0 steps" in str(done)
    assert "after 0 steps" in repr(done)
    assert "<table" in done._repr_html_()


def test_several_outputs_are_refused() -> None:
    land = ReluLandscape([[1], [2]], [[1, 2], [3, 4]], 1)
    with pytest.raises(NotCoveredError, match="several outputs"):
        land.polish([np.zeros(shape) for shape in land.parameter_shapes])
