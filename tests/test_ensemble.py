"""Ensembles: trainings step by step in plain loops, their ends against complete lists, and statistics that add up."""

from __future__ import annotations

import os
import signal
import threading
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th
from theodolite._endings import Nearness

BUMPS = ([[0], [1], [2], [3], [4], [5], [6]], [0, 2, 1, 2, 5, 3, 0])


def bumps(hidden: int = 2, **options: Any) -> th.ReluLandscape:
    return th.ReluLandscape(*BUMPS, hidden, bias=True, output_bias=True, **options)


@pytest.fixture(scope="module")
def surveyed() -> tuple[th.ReluLandscape, th.Atlas, th.Ensemble]:
    land = bumps()
    atlas = th.survey(land)
    return land, atlas, th.train_ensemble(land, 2000, rng=0, steps=8000, momentum=0.9)


def plain_loop(land: Any, start: list[np.ndarray], steps: int, rate: float, momentum: float) -> list[np.ndarray]:
    """One network, one step after the other, with the landscape's own gradient."""
    params, velocity = [part.copy() for part in start], [np.zeros_like(part) for part in start]
    for _ in range(steps):
        pull = land.gradient(params)
        velocity = [momentum * old + new for old, new in zip(velocity, pull, strict=True)]
        params = [part - rate * speed for part, speed in zip(params, velocity, strict=True)]
    return params


@pytest.mark.parametrize("reduction", ["half_sum", "sum", "mean"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bias": True},
        {"output_bias": True, "negative_slope": 0.2},
        {"bias": True, "output_bias": True, "negative_slope": "1/10"},
    ],
)
def test_every_step_is_that_of_a_plain_loop(options: dict[str, Any], reduction: str) -> None:
    land = th.ReluLandscape(*BUMPS, 3, reduction=reduction, **options)
    found = th.train_ensemble(land, 3, rng=1, steps=40, momentum=0.7)
    for run in range(3):
        end = plain_loop(land, [part[run] for part in found.starts], 40, found.rate, 0.7)
        for part, expected in zip(found.ends, end, strict=True):
            np.testing.assert_allclose(part[run], expected, rtol=1e-9, atol=1e-11)
        assert found.losses[run] == pytest.approx(float(land.loss(end)), rel=1e-9)


def test_starts_are_those_of_torch_layers() -> None:
    land = th.ReluLandscape(np.eye(4), np.ones(4), 5, bias=True)
    found = th.train_ensemble(land, 4000, rng=0, steps=0, spread=2.0, budget=0)
    for part, bound in zip(found.starts, (2 / 4**0.5, 2 / 4**0.5, 2 / 5**0.5), strict=True):
        assert 0.99 * bound < np.abs(part).max() <= bound
        assert abs(part.mean()) < 0.05 * bound


def test_levels_are_those_of_the_complete_list(surveyed: Any) -> None:
    _, atlas, found = surveyed
    listed = found.against(atlas)
    assert [level.value for level in listed] == pytest.approx(
        sorted({round(float(item.value), 9) for item in atlas if item.kind.is_minimum}), abs=1e-8
    )
    assert sum(level.runs for level in listed) == found.counts["arrived"] > 1500
    assert any(level.runs == 0 for level in listed)
    reached = [(level.runs, level.kind) for level in listed if level.runs]
    assert reached == [(level.runs, level.kind) for level in found.levels()]
    assert listed[0].kind is th.Kind.GLOBAL_MINIMUM
    assert all(level.kind is th.Kind.SPURIOUS_MINIMUM for level in listed[1:])
    for level in listed:
        assert level.low <= level.share == level.runs / 2000 <= level.high


def test_every_arrival_is_below_its_cell_as_a_descent_of_its_own_says(surveyed: Any) -> None:
    land, _, found = surveyed
    for run in np.random.default_rng(0).choice(2000, 40, replace=False).tolist():
        done = land.polish([part[run] for part in found.ends], progress=False)
        assert found.endings.value[run] == pytest.approx(float(done.losses[-1]), abs=1e-8)
        assert found.losses[run] >= found.endings.value[run] - 1e-9
        assert bool(found.arrived[run]) == (
            done.verdict.kind.is_minimum and found.losses[run] - float(done.losses[-1]) <= found.near.close
        )


def test_points_of_levels_are_minima_with_these_values(surveyed: Any) -> None:
    land, atlas, found = surveyed
    for level in found.levels():
        point = found.point(level)
        assert float(land.loss(point)) == pytest.approx(level.value, rel=1e-8)
        assert land.classify(point).kind.is_minimum
    unreached = next(level for level in found.against(atlas) if not level.runs)
    assert found.point(unreached) is None


def test_kinds_are_decided_by_all_that_was_found() -> None:
    found = th.train_ensemble(bumps(), 500, rng=3, steps=4000, momentum=0.9)
    first, *rest = found.levels()
    assert first.kind in (th.Kind.LOCAL_MINIMUM, th.Kind.SPURIOUS_MINIMUM)
    assert rest
    assert {level.kind for level in rest} == {th.Kind.SPURIOUS_MINIMUM}
    assert len({level.value for level in found.levels()}) == len(found.levels())


@pytest.mark.parametrize("arithmetic", ["auto", "float64", "exact", "verified"])
def test_arithmetic_of_the_landscape_changes_no_run(arithmetic: str) -> None:
    data = BUMPS if arithmetic != "verified" else (np.array(BUMPS[0], float), np.array(BUMPS[1], float))
    land = th.ReluLandscape(*data, 2, bias=True, arithmetic=arithmetic)
    found = th.train_ensemble(land, 50, rng=0, steps=2000, momentum=0.9)
    assert found.counts["arrived"] + found.counts["on their way"] == 50
    again = th.train_ensemble(th.ReluLandscape(*BUMPS, 2, bias=True), 50, rng=0, steps=2000, momentum=0.9)
    np.testing.assert_array_equal(found.losses, again.losses)
    np.testing.assert_allclose(found.endings.value, again.endings.value, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=5),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 0, "1/4"]),
    st.integers(0, 30),
)
def test_counts_add_up_on_any_data(
    rows: list[tuple[int, int]], hidden: int, bias: bool, offset: bool, slope: Any, steps: int
) -> None:
    land = th.ReluLandscape(
        [[x] for x, _ in rows], [y for _, y in rows], hidden, bias=bias, output_bias=offset, negative_slope=slope
    )
    found = th.train_ensemble(land, 20, rng=0, steps=10 * steps)
    assert sum(found.counts.values()) == 20
    assert sum(level.runs for level in found.levels()) == found.counts["arrived"]
    assert found.complete
    values = found.endings.value[found.endings.place >= 0]
    assert (values <= found.losses[found.endings.place >= 0] + 1e-9 * (1 + found.losses.max())).all()
    atlas = th.survey(land)
    if atlas.complete:
        assert sum(level.runs for level in found.against(atlas)) == found.counts["arrived"]
    assert str(found)
    assert repr(found)


def test_runs_that_fly_apart_are_counted_as_such() -> None:
    found = th.train_ensemble(bumps(), 100, rng=0, steps=400, rate=1.0)
    assert found.counts["diverged"] > 50
    assert sum(found.counts.values()) == 100
    assert found.complete
    assert found.diverged.sum() == found.counts["diverged"]
    assert not (found.diverged & found.arrived).any()
    linear = th.LinearLandscape(np.eye(2), np.eye(2), 2)
    flown = th.train_ensemble(linear, 5, rng=0, steps=2000, rate=50.0)
    assert flown.counts["diverged"] == 5
    assert flown.levels() == []
    with pytest.raises(th.DataError, match="all of them diverged"):
        flown.best()
    residual = th.ResidualLandscape(np.eye(2), np.eye(2), 2)
    assert th.train_ensemble(residual, 2, rng=0, steps=400, rate=50.0).counts["diverged"] == 2


def test_no_steps_and_one_run() -> None:
    found = th.train_ensemble(bumps(), 1, rng=0, steps=0)
    for start, end in zip(found.starts, found.ends, strict=True):
        np.testing.assert_array_equal(start, end)
    assert len(found) == 1
    assert found.complete
    assert sum(found.counts.values()) == 1
    assert float(bumps().loss(found.best())) == pytest.approx(found.losses[0])


def test_equal_seeds_give_equal_ensembles() -> None:
    one, same, other = (th.train_ensemble(bumps(), 90, rng=seed, steps=200) for seed in (5, np.int64(5), 6))
    drawn = th.train_ensemble(bumps(), 90, rng=np.random.default_rng(5), steps=200)
    for found in (same, drawn):
        for part, copy in zip(one.ends, found.ends, strict=True):
            np.testing.assert_array_equal(part, copy)
        assert found.levels() == one.levels()
    assert not np.array_equal(one.losses, other.losses)


def test_more_threads_give_the_same_ensemble(monkeypatch: pytest.MonkeyPatch) -> None:
    one = th.train_ensemble(bumps(), 200, rng=5, steps=200)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(3)), raising=False)
    three = th.train_ensemble(bumps(), 200, rng=5, steps=200)
    np.testing.assert_array_equal(one.losses, three.losses)
    assert one.levels() == three.levels()


def test_what_the_budget_leaves_out_is_not_judged() -> None:
    found = th.train_ensemble(bumps(), 5000, rng=0, steps=10**7, budget="0.6s")
    assert found.steps < found.asked == 10**7
    assert not found.complete
    assert f"{found.steps:,} of 10,000,000 steps" in str(found)
    none = th.train_ensemble(bumps(), 50, rng=0, steps=10, budget=0)
    assert none.counts["not judged"] == 50
    assert none.levels() == []
    assert none.steps == 0


def test_ctrl_c_ends_training_and_keeps_what_is_there() -> None:
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    try:
        found = th.train_ensemble(bumps(), 300, rng=0, steps=10**9)
    finally:
        timer.cancel()
    assert 0 < found.steps < 10**9
    assert found.counts["not judged"] == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ensembles_can_be_trained_outside_the_main_thread() -> None:
    found: list[th.Ensemble] = []
    worker = threading.Thread(target=lambda: found.append(th.train_ensemble(bumps(), 5, rng=0, steps=5)))
    worker.start()
    worker.join()
    assert len(found[0]) == 5


def test_progress_is_reported() -> None:
    seen: list[tuple[int, int | None]] = []
    th.train_ensemble(bumps(), 30, rng=0, steps=20, progress=lambda done, total: seen.append((done, total)))
    assert (20, 20) in seen
    assert seen[-1] == (30, 30)


def test_constant_and_zero_targets_have_a_scale() -> None:
    zero = th.train_ensemble(th.ReluLandscape([[1], [-1]], [0, 0], 1), 40, rng=0, steps=3000, momentum=0.9)
    assert zero.counts["arrived"] == 40
    constant = th.train_ensemble(
        th.ReluLandscape([[1], [2]], [3, 3], 1, output_bias=True), 40, rng=0, steps=3000, momentum=0.9
    )
    assert constant.counts["arrived"] > 0
    assert constant.near.close == pytest.approx(9e-3)


def test_far_targets_are_measured_by_how_much_they_vary() -> None:
    X, y = np.array(BUMPS[0], dtype=float), np.array(BUMPS[1], dtype=float)
    near, far = (th.train_ensemble(th.ReluLandscape(X, y + shift, 1, output_bias=True), 1, 0, 0) for shift in (0, 1e4))
    assert far.near.close == pytest.approx(near.near.close, rel=1e-6)


def test_round_off_on_kinks_does_not_split_cells() -> None:
    """Descents end on kinks up to round-off; all runs of the cell still share one."""
    land = bumps()
    found = th.train_ensemble(land, 3000, rng=0, steps=3000, momentum=0.9)
    cells = set()
    for run in range(3000):
        before = found.ends[0][run] @ land.problem.as_float.inputs[:, :-1].T + found.ends[1][run][:, None]
        cells.add(tuple(sorted(zip(map(tuple, (before > 0).tolist()), (found.ends[2][run] > 0).tolist(), strict=True))))
    assert len(found.endings.points) < 2 * len(cells)


def test_networks_of_several_outputs_and_other_landscapes_are_trained_too() -> None:
    several = th.ReluLandscape([[1.0, 2.0], [-1.0, 1.0], [2.0, 1.0]], [[1.0, 2.0], [1.0, 1.0], [1.0, 1.0]], 2)
    found = th.train_ensemble(several, 3, rng=0, steps=20, rate=0.01)
    end = plain_loop(several, [part[0] for part in found.starts], 20, 0.01, 0.0)
    np.testing.assert_allclose(found.ends[0][0], end[0], rtol=1e-12)
    residual = th.ResidualLandscape(np.eye(2), np.diag([2.0, 1.5]), 2)
    found = th.train_ensemble(residual, 5, rng=0, steps=300, rate=0.05)
    assert found.counts["arrived"] == 5
    assert found.levels()[0].kind is th.Kind.GLOBAL_MINIMUM


def test_the_atlas_of_other_data_is_refused() -> None:
    found = th.train_ensemble(bumps(), 5, rng=0, steps=5)
    with pytest.raises(th.DataError, match="another landscape"):
        found.against(th.survey(th.ReluLandscape([[1], [-1]], [1, 1], 1)))


BAD: list[tuple[dict[str, Any], str]] = [
    ({"runs": 0}, "runs is 0"),
    ({"runs": 2.5}, "runs is 2.5"),
    ({"runs": True}, "runs is True"),
    ({"steps": -1}, "steps is -1"),
    ({"steps": "many"}, "steps is 'many'"),
    ({"rate": 0}, "rate is 0"),
    ({"rate": float("inf")}, "rate is inf"),
    ({"rate": "fast"}, "rate is 'fast'"),
    ({"momentum": 1}, "momentum is 1"),
    ({"momentum": float("nan")}, "momentum is nan"),
    ({"spread": -1.0}, "spread is -1.0"),
    ({"closeness": 0}, "closeness is 0"),
    ({"budget": "soon"}, "soon"),
    ({"rng": "seed"}, "seed"),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_numbers_that_cannot_be_used_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(th.DataError, match=message):
        th.train_ensemble(bumps(), **{"runs": 3, "rng": 0, "steps": 3, **options})


def test_landscapes_without_a_known_rate_ask_for_one() -> None:
    with pytest.raises(th.DataError, match="Pass rate"):
        th.train_ensemble(th.ResidualLandscape(np.eye(2), np.eye(2), 2), 2, rng=0)


def test_arrivals_need_a_proven_point_and_a_close_loss() -> None:
    land = bumps(1)
    minimum = land.polish([np.array([[1.0]]), np.array([-1.0]), np.array([1.0]), np.array(0.0)]).params
    ends = tuple(np.stack([part, part]) for part in minimum)
    ends[-1][1] += 0.3
    judged = land.endings_of(ends, Nearness(1e-9, 1e-3), lambda done: None, lambda: False)
    losses = land.losses_of(ends)
    found = th.Ensemble(land, 0, 0, 0.1, 0.0, Nearness(1e-9, 1e-3), ends, ends, losses, judged)
    assert found.arrived.tolist() == [True, False]
    assert found.counts["on their way"] == 1
    assert judged.value[0] == pytest.approx(judged.value[1])
    assert Fraction(found.levels()[0].runs, 2) == Fraction(1, 2)
