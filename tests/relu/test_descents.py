"""Where descents end and how they get there: against brute force in closed cells, complete lists, and other arithmetics."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from theodolite import Kind
from theodolite._evidence import Method
from theodolite.relu import ReluLandscape, _approach, _polish, _walk
from theodolite.relu._approach import approach
from theodolite.relu._approach_kernel import sums_along
from theodolite.relu._bend import bend
from theodolite.relu._gram import Gram
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._quadratic import Quadratic
from theodolite.relu._station import start

from .listing import degenerate

SEEDS = st.integers(0, 10**7)


def small(seed: int, *, hidden: int = 2, slopes: tuple[str, ...] = ("0", "1/4", "2")):
    """Return a landscape of few small integers whose rows span everything, and a start."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(3, 7)), int(rng.integers(1, 4))
    x = rng.integers(-3, 4, (n, d))
    x[:d] = np.eye(d, dtype=int) * rng.choice([-2, 1, 3], d)
    land = ReluLandscape(
        x,
        rng.integers(-4, 5, n),
        hidden,
        output_bias=bool(rng.integers(2)),
        negative_slope=slopes[int(rng.integers(len(slopes)))],
        reduction="sum",
    )
    return land, [rng.integers(-3, 4, shape) for shape in land.parameter_shapes]


def cone_rays(rows, signs):
    """The extreme rays of {w: signs * rows w >= 0} for rows of full rank, by trying all sets of d - 1 of them."""
    d = rows.shape[1]
    found = []
    for chosen in combinations(range(len(rows)), d - 1):
        _, sizes, right = np.linalg.svd(rows[list(chosen)].reshape(-1, d))
        if (sizes > 1e-9).sum() < d - 1:
            continue
        found += [ray for ray in (right[-1], -right[-1]) if (signs * (rows @ ray) >= -1e-9).all()]
    return found


def lowest_in_cell(problem, cells, outer):
    """The lowest S over a closed joint cell: non-negative least squares on the rays of its cones."""
    columns = []
    for signs, sign in zip(cells, outer, strict=True):
        slopes = np.where(signs > 0, 1.0, problem.slope)
        for ray in cone_rays(problem.inputs, signs):
            before = problem.inputs @ ray
            columns.append(sign * slopes * np.where(np.abs(before) < 1e-9, 0.0, before))
    if problem.offset:
        columns += [np.ones(problem.samples), -np.ones(problem.samples)]
    if not columns:
        return float(problem.targets @ problem.targets)
    return float(nnls(np.stack(columns, axis=1), problem.targets)[1] ** 2)


@given(SEEDS)
def test_ends_are_lowest_in_every_closed_cell_around_them(seed: int) -> None:
    land, params = small(seed)
    done = land.polish(params)
    problem = land.problem.as_float
    weights, outer = done.params[0], np.sign(done.params[1].astype(float))
    signs = np.sign((land.problem.inputs @ weights.T).astype(float))
    counting = np.flatnonzero(outer)
    around = []
    for j in counting:
        kinks = np.flatnonzero(signs[:, j] == 0)
        choices = []
        for sides in product((-1, 1), repeat=len(kinks)):
            cell = signs[:, j].copy()
            cell[kinks] = sides
            choices.append(cell)
        around.append(choices)
    rng = np.random.default_rng(seed)
    for _ in range(12):  # some of them: there may be thousands
        cells = [choices[int(rng.integers(len(choices)))] for choices in around]
        assert lowest_in_cell(problem, cells, outer[counting]) >= float(done.losses[-1]) - 1e-7


@given(SEEDS, st.sampled_from([0, 1, 2]))
@settings(max_examples=25)
def test_walks_that_cross_no_kinks_end_at_minima_too(seed: int, free: int) -> None:
    land, params = small(seed, hidden=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_walk, "_FREE_STEPS", free)
        exact = land.polish(params)
        floats = land.polish([part.astype(float) for part in params])
    for done in (exact, floats):
        assert done.complete
        assert done.verdict.kind.is_minimum
        assert all(b <= a for a, b in zip(done.losses, done.losses[1:], strict=False))


@given(SEEDS)
@settings(max_examples=25)
def test_ends_are_on_the_complete_list(seed: int) -> None:
    problem = degenerate(seed)
    land = ReluLandscape(
        problem.inputs, problem.targets, problem.hidden, output_bias=problem.offset, negative_slope=problem.slope
    )
    levels = {stratum.value for stratum in land.local_minima()}
    rng = np.random.default_rng(seed)
    for exact in (True, False, True):
        params = [rng.integers(-3, 4, shape) for shape in land.parameter_shapes]
        done = land.polish(params if exact else [part.astype(float) for part in params])
        if exact:
            assert done.losses[-1] in levels
        else:
            assert min(abs(float(level) - done.losses[-1]) for level in levels) < 1e-9


@pytest.mark.parametrize("slope", ["0", "1/4", "1/2", "3"])
@pytest.mark.parametrize("where", ["weights", "outer", "everything", "dead"])
@pytest.mark.parametrize("exact", [True, False], ids=["rationals", "floats"])
def test_starts_without_a_gradient(slope: str, where: str, exact: bool) -> None:
    rng = np.random.default_rng(len(where))
    number = int if exact else float
    x = [[number(entry) for entry in row] for row in rng.integers(-3, 4, (7, 2))]
    y = [number(entry) for entry in rng.integers(-4, 5, 7)]
    land = ReluLandscape(
        x, y, 3, bias=True, output_bias=True, negative_slope=slope if exact else float(Fraction(slope))
    )
    params = [rng.integers(-2, 3, shape) for shape in land.parameter_shapes]
    if where in ("weights", "everything"):
        params[0], params[1] = params[0] * 0, params[1] * 0
    if where in ("outer", "everything"):
        params[2] = params[2] * 0
    if where == "dead":
        params[1] = params[1] * 0 - 100
    done = land.polish([part if exact else part.astype(float) for part in params])
    assert done.complete
    assert done.verdict.kind.is_minimum
    if where == "dead" and slope == "0":  # nothing moves but the output bias
        assert float(done.losses[-1]) == pytest.approx(np.var(y) * len(y) / 2)
    else:
        assert done.losses[-1] < done.losses[0]


def hard(seed: int, sort: str):
    """Return a landscape in floats whose ends are hard to decide with margins, and a start."""
    rng = np.random.default_rng(seed)
    n, d, h = int(rng.integers(2, 12)), int(rng.integers(1, 4)), int(rng.integers(1, 6))
    x, y = rng.normal(size=(n, d)), rng.normal(size=n)
    if sort == "rows":
        x = x * 10.0 ** rng.integers(-8, 9, n)[:, None]
    elif sort == "columns":
        x = x * 10.0 ** rng.integers(-8, 9, d)
    elif sort == "multiples":
        x[n // 2 :] = x[: n - n // 2] * rng.choice([1, -1, 2, -2, 0.3], (n - n // 2, 1))
    elif sort == "single":
        x, y = x.astype(np.float32), y.astype(np.float32)
    land = ReluLandscape(
        x,
        y,
        h,
        bias=bool(rng.integers(2)),
        output_bias=bool(rng.integers(2)),
        negative_slope=float(rng.choice([0, 0.01, 0.5, 3])),
    )
    return land, [rng.normal(size=shape).astype(x.dtype) for shape in land.parameter_shapes]


@pytest.mark.parametrize("sort", ["rows", "columns", "multiples", "single", "plain"])
def test_ends_in_floats_are_decided(sort: str) -> None:
    verified = 0
    for seed in range(40):
        land, params = hard(seed, sort)
        done = land.polish(params)
        assert done.complete
        assert done.verdict.kind.is_minimum
        assert all(b <= a for a, b in zip(done.losses, done.losses[1:], strict=False))
        assert done.losses[-1] == land.loss(done.params)
        if done.verdict.evidence.method is Method.VERIFIED and done.verdict.nearest[0].dtype == object:
            verified += 1
            exact = ReluLandscape(
                np.vectorize(Fraction, otypes=[object])(land.problem.as_exact.inputs),
                land.problem.as_exact.targets,
                land.problem.hidden,
                output_bias=land.problem.offset,
                negative_slope=land.problem.as_exact.slope,
            )
            weights = done.verdict.nearest[0]
            if len(done.verdict.nearest) == 3 + land.problem.offset:
                weights = np.concatenate([weights, done.verdict.nearest[1][:, None]], axis=1)
            rest = done.verdict.nearest[-1 - land.problem.offset :]
            there = (weights, *rest)
            assert exact.classify(there).kind.is_minimum
            size = max(float(np.abs(part.astype(float)).max()) for part in map(np.asarray, there))
            assert done.verdict.distance <= 1e-6 * (1 + size)
    assert verified > 0 or sort in ("plain", "multiples")


def test_an_interrupt_ends_it_with_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    land = ReluLandscape(rng.normal(size=(200, 3)), rng.normal(size=200), 5, bias=True)
    params = [rng.normal(size=shape) for shape in land.parameter_shapes]

    def stop(done: int, _: int | None) -> None:
        if done == 3:
            raise KeyboardInterrupt

    done = land.polish(params, progress=stop)
    assert not done.complete
    assert len(done.path) == 4
    assert done.losses[-1] == land.loss(done.params)
    assert done.verdict.kind is land.classify(done.params).kind
    monkeypatch.setattr(_polish, "_SHORT", -1.0)  # as if judging took long
    for late in (land.polish(params, progress=stop), land.polish(params, budget="0s")):
        assert late.verdict.kind is Kind.UNDECIDED
        assert not late.complete
        assert "before this point was judged" in late.verdict.evidence.scope
        assert late.verdict.value == late.losses[-1]
        assert 0 < late.verdict.scaled_gradient <= 1


def large(seed: int, samples: int = 2500, inputs: int = 4, hidden: int = 8):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, inputs))
    y = np.tanh(x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=samples)
    land = ReluLandscape(x, y, hidden, bias=True, output_bias=True, negative_slope=0.1 * (seed % 2))
    params = [rng.normal(size=shape) for shape in land.parameter_shapes]
    return land, params, start(land.problem, Point.of(land.problem, land.coerce(params), True))


def test_sums_along_a_ray_are_those_of_the_network() -> None:
    land, _, station = large(1, 50)
    rng = np.random.default_rng(0)
    move, steps = rng.normal(size=station.weights.shape), np.array([0.0, 0.5, 3.0])
    outer = station.outer.astype(float)
    problem = land.problem
    for run in (sums_along, sums_along.py_func):
        found = run(
            problem.inputs, problem.targets, station.weights, outer, 0.3, move, -1.5, float(problem.slope), steps
        )
        wanted = [Evaluation(problem, Point(station.weights + t * move, outer, 0.3 - 1.5 * t)).sse for t in steps]
        assert np.allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_an_approach_falls_and_its_losses_are_true(seed: int) -> None:
    land, _, station = large(seed)
    passed = list(approach(station))
    sums = [station.sse, *(sse for _, sse in passed)]
    assert all(b < a for a, b in pairwise(sums))
    assert sums[-1] < 0.2 * sums[0]
    point, sse = passed[-1]
    assert Evaluation(land.problem, point).sse == pytest.approx(sse, rel=1e-10)


@pytest.mark.parametrize("seed", range(2))
def test_a_model_nearby_takes_many_kinks_at_once(seed: int) -> None:
    land, _, station = large(seed)
    *_, (closest, _) = approach(station)
    here = start(land.problem, closest)
    quadratic = Quadratic(here)
    move = quadratic.step(here)
    assert isinstance(quadratic.gram, Gram)
    there = bend(here, move, quadratic.gram)
    assert there.sse < here.sse
    assert there.held.sum() >= here.held.sum() + 3
    held = there.problem.lines.direction @ there.weights.T
    assert np.abs(held[there.held]).max() < 1e-10


@pytest.mark.parametrize("seed", range(2))
def test_large_descents_end_at_proven_minima(seed: int) -> None:
    land, params, _ = large(seed)
    done = land.polish(params)
    assert done.complete
    assert done.verdict.kind.is_minimum
    assert all(b <= a for a, b in zip(done.losses, done.losses[1:], strict=False))
    assert done.losses[-1] == land.loss(done.params)
    rng = np.random.default_rng(seed)
    for _ in range(100):
        nearby = [part + 1e-6 * rng.normal(size=part.shape) for part in done.params]
        assert land.loss(nearby) >= done.losses[-1] * (1 - 1e-12)


def test_steps_from_afar_do_without_a_block_of_which_no_row_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    land = ReluLandscape(rng.normal(size=(600, 3)), rng.normal(size=600), hidden=3)
    problem = land.problem
    monkeypatch.setattr(_approach, "blocks", lambda problem, width: (slice(k, k + 1) for k in range(problem.samples)))
    weights, outer = rng.normal(size=(3, 3)), np.ones(3)
    move, shift = _approach._step(problem, weights, outer, 0.0, 1e-3, np.random.default_rng(0))
    assert np.isfinite(move).all()
    assert shift == 0.0
