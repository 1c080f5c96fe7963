"""Deep networks against channels that know no theory: autodiff, dense and rational inertia, blind search."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th
from tests.linear.deep_support import deep_problems, integer_point, rank_formula
from tests.linear.test_random import inertia, problems
from theodolite._numerics import to_floats
from theodolite.linear import _deep_counts
from theodolite.linear._deep import DeepProblem
from theodolite.linear._deep_counts import Branch, DeepCounts

Problem = tuple[Any, Any, tuple[int, ...], np.random.Generator]


def check_member(land: th.LinearLandscape, piece: Any, label: str, point: Any, scale: float) -> bool:
    """Check that a member is what its piece says; return whether a dense Hessian could confirm the inertia."""
    assert land.loss(point) == pytest.approx(float(piece.value), abs=1e-10 * scale)
    size = max(1.0, *(float(np.abs(array).max(initial=0.0)) for array in point))
    assert np.abs(land.pack(land.gradient(point))).max() < 1e-11 * scale * size ** len(point)
    verdict = land.classify(point)
    assert verdict.kind is piece.kind
    assert verdict.critical_set is not None
    assert verdict.critical_set.label == label
    if isinstance(piece, th.Stratum):
        assert (verdict.index, verdict.nullity) == (piece.index, piece.nullity)
    if verdict.escape is not None:
        way = verdict.escape
        fall = land.loss(point) - land.loss(way.at())
        assert fall == pytest.approx(float(way.decrease), rel=1e-6)
        assert fall > 0
        if way.order == 2:
            curvature = land.pack(way.vector) @ (land.hessian(point) @ land.pack(way.vector))
            assert curvature == pytest.approx(float(way.curvature), rel=1e-6)  # type: ignore[arg-type]
            assert curvature < 0
    found = inertia(land.hessian(point).todense())
    if found is None:
        return False
    assert found[:2] == (verdict.index, verdict.nullity)
    return True


@given(deep_problems())
def test_every_stratum_is_what_it_says(problem: Problem) -> None:
    *data, source = problem
    land = th.LinearLandscape(*data)
    sets = list(land.critical_sets())
    assert len(sets) == land.count()
    assert all(a.value <= b.value for a, b in pairwise(sets))
    scale = land.loss(land.unpack(np.zeros(land.parameter_count))) + 1
    for item in sets[:6]:
        check_member(land, item, item.label, item.representative(), scale)
        for stratum in islice(item.strata(), 0, 9, 4):
            check_member(land, stratum, item.label, stratum.sample(source), scale)


@pytest.mark.slow
@settings(max_examples=400)
@given(deep_problems(deepest=6, widest=4))
def test_many_strata_by_dense_inertia(problem: Problem) -> None:
    *data, source = problem
    land = th.LinearLandscape(*data)
    scale = land.loss(land.unpack(np.zeros(land.parameter_count))) + 1
    for item in land.critical_sets():
        for stratum in islice(item.strata(), 12):
            check_member(land, stratum, item.label, stratum.sample(source), scale)


@given(deep_problems(deepest=4))
def test_ranges_and_generic_members(problem: Problem) -> None:
    land = th.LinearLandscape(*problem[:3])
    total = 0
    for item in land.critical_sets():
        strata = list(item.strata())
        total += len(strata)
        assert item.ranges_exact
        assert item.index_range == (min(s.index for s in strata), max(s.index for s in strata))  # type: ignore[type-var]
        assert item.nullity_range == (min(s.nullity for s in strata), max(s.nullity for s in strata))  # type: ignore[type-var]
        assert {s.kind for s in strata} == {item.kind}
        largest = max(s.dimension for s in strata)  # type: ignore[type-var]
        assert item.dimension == largest
        verdict = land.classify(item.sample(0))
        if item.index is not None:
            assert verdict.index == item.index
        if item.kind is th.Kind.GLOBAL_MINIMUM:
            weights = item.representative()
            for lower, upper in pairwise(weights):
                assert np.allclose(upper.T @ upper, lower @ lower.T, atol=1e-9)
    assert total == land.count_strata()


@given(problems())
def test_two_layers_are_the_shallow_network(problem: Any) -> None:
    land = th.LinearLandscape(*problem[:3])
    deep = DeepProblem(land._chart, land._samples.count, land._options)
    assert deep.count() == land.count()
    assert deep.count_strata() == land.count_strata()
    tables = [deep.solve(item) for item in deep.work(None)]
    found = [s for table in tables for s in table.rows(deep.label, land)]
    fields = ("label", "value", "kind", "index", "nullity", "dimension", "index_range", "nullity_range")
    for one, two in zip(land.critical_sets(), found, strict=True):
        assert all(getattr(one, name) == getattr(two, name) for name in fields)
        point = one.sample(0)
        verdict, other = land.classify(point), deep.judge(point, land.loss(point), 1e-8, land)
        assert (verdict.kind, verdict.index, verdict.nullity) == (other.kind, other.index, other.nullity)
        assert other.critical_set is not None
        assert verdict.critical_set is not None
        assert verdict.critical_set.label == other.critical_set.label


@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_strings_against_ranks_and_verdicts_in_integers(depth: int) -> None:
    """Index and nullity by strings are those by ranks of partial products, and those that ``classify`` finds in floats."""
    source = np.random.default_rng(depth)
    for _ in range(25):
        target, weights, chosen, strings, arcs = integer_point(source, depth)
        row = strings[None, :]
        assert rank_formula(target, weights) == (int(arcs.saddles(row)[0]), int(arcs.bowls(row)[0]))
        m = to_floats(target)
        hidden = tuple(len(weight) for weight in weights[:-1])
        land = th.LinearLandscape(np.eye(m.shape[1]), m.T, hidden)
        point = [to_floats(weight) for weight in weights]
        verdict = land.classify(point)
        values = np.diag(m)
        rotations = sum(values[j] > values[i] for i in chosen for j in range(len(values)) if j not in chosen)
        assert verdict.index == rotations + int(arcs.saddles(row)[0])
        found = inertia(land.hessian(point).todense())
        if found is not None:
            assert found[:2] == (verdict.index, verdict.nullity)


@pytest.mark.parametrize("bias", [False, True, (1,), (1, 2, 4), (2, 4), "hidden"])
@pytest.mark.parametrize("l2", [0.0, 0.3])
def test_derivatives_against_autodiff(bias: Any, l2: float) -> None:
    import torch

    source = np.random.default_rng(3)
    x, y = source.standard_normal((6, 3)), source.standard_normal((6, 2))
    land = th.LinearLandscape(x, y, (2, 4, 3), bias=bias, l2=l2, reduction="mean")
    point = [source.standard_normal(shape) for shape in land.parameter_shapes]
    tensors = [torch.tensor(array, requires_grad=True) for array in point]

    def loss(*parts: Any) -> Any:
        out, rest = torch.tensor(x), list(parts)
        while rest:
            out = out @ rest.pop(0).T
            if rest and rest[0].ndim == 1:
                out = out + rest.pop(0)
        return torch.nn.functional.mse_loss(out, torch.tensor(y)) + l2 / 2 * sum((part**2).sum() for part in parts)

    value = loss(*tensors)
    assert land.loss(point) == pytest.approx(value.item(), rel=1e-12)
    gradient = torch.autograd.grad(value, tensors)
    assert np.allclose(
        land.pack(land.gradient(point)), np.concatenate([g.numpy().ravel() for g in gradient]), atol=1e-11
    )
    step = [source.standard_normal(shape) for shape in land.parameter_shapes]
    _, moved = torch.autograd.functional.hvp(loss, tuple(tensors), tuple(map(torch.tensor, step)))
    product = np.concatenate([part.numpy().ravel() for part in moved])
    assert np.allclose(land.hessian(point) @ land.pack(step), product, atol=1e-10)
    along = land._network.along(land.coerce(point), land.coerce(step))
    ahead = [a + 0.3 * b for a, b in zip(point, step, strict=True)]
    assert np.polynomial.polynomial.polyval(0.3, along) == pytest.approx(land.loss(ahead) - land.loss(point), rel=1e-9)


@given(deep_problems(deepest=4), st.sampled_from([True, (1,), "last"]))
def test_members_with_biases(problem: Problem, which: Any) -> None:
    x, y, hidden, source = problem
    bias = (len(hidden) + 1,) if which == "last" else which
    land = th.LinearLandscape(x + 1.0, y - 2.0, hidden, bias=bias)
    scale = land.loss(land.unpack(np.zeros(land.parameter_count))) + 10
    for item in islice(land.critical_sets(), 4):
        for stratum in islice(item.strata(), 2):
            check_member(land, stratum, item.label, stratum.sample(source), scale)


def test_bounds_where_strata_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = DeepCounts((1, 2, 1), (4, 3, 2, 3, 4), 4)
    monkeypatch.setattr(_deep_counts, "_LISTED", 3)
    outer = DeepCounts((1, 2, 1), (4, 3, 2, 3, 4), 4)
    for size in range(exact.cap + 1):
        for branch in Branch:
            if branch is not Branch.ALL and size == exact.cap:
                continue
            monkeypatch.setattr(_deep_counts, "_LISTED", 10_000)
            inside = exact.span(size, branch)
            monkeypatch.setattr(_deep_counts, "_LISTED", 3)
            bounds = outer.span(size, branch)
            assert inside.exact
            assert not bounds.exact
            for name in ("saddles_range", "weight_range"):
                (low, high), (least, most) = getattr(inside, name), getattr(bounds, name)
                assert least <= low <= high <= most
            if bounds.endomorphisms is not None:
                assert bounds.endomorphisms == inside.endomorphisms
                assert (bounds.saddles, bounds.weight) == (inside.saddles, inside.weight)


def test_unclear_ranks_are_undecided_with_their_margin() -> None:
    """A layer that is almost zero at the tolerance: strict or non-strict cannot be told, and nothing is guessed."""
    land = th.LinearLandscape(np.eye(2), np.diag([3.0, 1.0]), (2, 2))
    for size, kind in ((1.0, th.Kind.STRICT_SADDLE), (1e-8, th.Kind.UNDECIDED), (1e-11, th.Kind.NON_STRICT_SADDLE)):
        verdict = land.classify((np.zeros((2, 2)), size * np.eye(2), np.zeros((2, 2))))
        assert verdict.kind is kind
        if kind is th.Kind.UNDECIDED:
            ranks = next(a for a in verdict.evidence.assumptions if a.statement.startswith("ranks"))
            assert ranks.margin is not None
            assert ranks.margin < 10
    away = land.classify((np.eye(2), np.eye(2), np.eye(2)))
    assert away.kind is th.Kind.NOT_CRITICAL
    assert away.escape is not None
    assert away.escape.order == 1


@pytest.mark.parametrize("name", ["wine", "breast_cancer"])
@pytest.mark.parametrize("hidden", [(3, 5), (4, 2, 6)])
def test_autoencoders_of_badly_scaled_data(name: str, hidden: tuple[int, ...]) -> None:
    from sklearn import datasets

    x = getattr(datasets, f"load_{name}")().data
    land = th.LinearLandscape(x, x, hidden)
    for item in islice(land.critical_sets(), 25):
        for point in (item.representative(), item.sample(1)):
            verdict = land.classify(point)
            assert verdict.kind is item.kind
            assert verdict.critical_set is not None
            assert verdict.critical_set.label == item.label
            if verdict.escape is not None:
                assert land.loss(verdict.escape.at()) < land.loss(point)


def test_points_found_without_theory() -> None:
    """Zeros of the gradient found by least squares from random starts; those that a dense Hessian cannot judge are counted."""
    from scipy.optimize import least_squares

    def signs(values: Any, zero: float) -> tuple[int, int]:
        return int((values < -zero).sum()), int((abs(values) <= zero).sum())

    source = np.random.default_rng(5)
    clear = ambiguous = 0
    for _ in range(40):
        land = th.LinearLandscape(np.eye(2), np.diag(source.uniform(0.5, 2, 2)), (2, 2))
        found = least_squares(
            lambda v, land=land: land.pack(land.gradient(land.unpack(v))),
            source.standard_normal(land.parameter_count) * 0.7,
            jac=lambda v, land=land: land.hessian(land.unpack(v)).todense(),
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
            max_nfev=500,
        )
        verdict = land.classify(land.unpack(found.x), rtol=1e-4)
        values = np.linalg.eigvalsh(land.hessian(land.unpack(found.x)).todense())
        if verdict.index is None or verdict.nullity is None or signs(values, 1e-5) != signs(values, 1e-2):
            ambiguous += 1
            continue
        clear += 1
        assert signs(values, 1e-5) == (verdict.index, verdict.nullity)
    assert clear >= 10, f"{ambiguous} of 40 are ambiguous"


def test_weight_decay_at_depth() -> None:
    source = np.random.default_rng(0)
    x, y = source.standard_normal((8, 3)), source.standard_normal((8, 2))
    land = th.LinearLandscape(x, y, (2, 2), l2=0.1)
    for ask in (land.count, land.global_minimum, lambda: next(land.critical_sets())):
        with pytest.raises(th.NotCoveredError, match="weight decay"):
            ask()
    zero = land.unpack(np.zeros(land.parameter_count))
    assert land.classify(zero).kind is th.Kind.UNDECIDED
    verdict = land.classify(land.unpack(source.standard_normal(land.parameter_count)))
    assert verdict.kind is th.Kind.NOT_CRITICAL
    assert any("out of balance" in a.statement for a in verdict.evidence.assumptions)


def test_atlas_of_a_deep_network(tmp_path: Any) -> None:
    x = np.random.default_rng(1).standard_normal((10, 3))
    land = th.LinearLandscape(x, x, (2, 3))
    atlas = th.survey(land)
    assert atlas.complete
    assert len({s.label for s in atlas}) == len(atlas) == land.count()
    atlas.save(tmp_path / "deep.npz")
    loaded = th.load_atlas(tmp_path / "deep.npz", land)
    assert [s.label for s in loaded] == [s.label for s in atlas]
    flat = next(s for s in loaded if s.kind is th.Kind.NON_STRICT_SADDLE)
    assert land.classify(flat.sample(0)).kind is th.Kind.NON_STRICT_SADDLE
    assert [panel.__class__.__name__ for panel in flat.panels()][-1] == "ProfilePanel"


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6])
def test_unequal_layers(scale: float) -> None:
    """The index stays along the symmetry while the lowest eigenvalue tends to zero: the way out is explicit."""
    land = th.LinearLandscape(np.eye(2), np.diag([3.0, 1.0]), (2, 2))
    kept = np.diag([0.0, 1.0])
    point = (scale * kept, kept, kept / scale)
    verdict = land.classify(point)
    assert (verdict.kind, verdict.index, verdict.nullity) == (th.Kind.STRICT_SADDLE, 1, 9)
    lowest = np.linalg.eigvalsh(land.hessian(point).todense())[0]
    assert abs(lowest) < 9 / scale**2 + 1e-15 * scale**2
    way = land.escape(point)
    assert way.curvature == pytest.approx(-8)
    assert land.loss(point) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-6)


@given(deep_problems(deepest=5))
def test_random_strings_of_each_branch(problem: Problem) -> None:
    """Strings drawn without listing strata lie on the stratum's dimension count and have or lack a way down as asked."""
    *data, source = problem
    land = th.LinearLandscape(*data)
    deep = DeepProblem(land._chart, land._samples.count, land._options)
    counts = deep.sets.counts
    for size in range(counts.cap):
        widths, target = counts.rest(size)
        for strings in (counts.arcs.draw(widths, target, source), counts.arcs.draw_flat(widths, target, source)):
            if strings is not None:
                through = [
                    sum(n for arc, n in zip(counts.arcs.all, strings, strict=True) if v in arc.vertices)
                    for v in range(len(widths))
                ]
                assert through == widths
                assert sum(n for arc, n in zip(counts.arcs.all, strings, strict=True) if arc.crosses) == target
        flat = counts.arcs.draw_flat(widths, target, source)
        assert flat is None or counts.arcs.saddles(flat[None, :])[0] == 0
        if len(widths) > 3:
            plain = deep._plain(deep.sets.top_of(size), Branch.STRICT)
            assert counts.arcs.saddles(plain[None, :])[0] > 0
            assert counts.arcs.saddles(counts.arcs.plain(widths, target)[None, :])[0] == 0


@given(st.integers(0, 2**32 - 1))
def test_the_way_down_from_anywhere_lowers_the_loss(seed: int) -> None:
    """Layers of very different size make the loss on a line a polynomial whose computed roots may mean nothing."""
    source = np.random.default_rng(seed)
    widths = [int(width) for width in source.integers(1, 4, int(source.integers(4, 7)))]
    x, y = (source.standard_normal((4, width)) * (source.random((4, width)) < 0.6) for width in (widths[0], widths[-1]))
    land = th.LinearLandscape(x, y, tuple(widths[1:-1]))
    params = [
        source.standard_normal(shape) * (source.random(shape) < 0.5) * 10.0 ** source.integers(-6, 6)
        for shape in land.parameter_shapes
    ]
    verdict = land.classify(params)
    if verdict.escape is not None:
        assert land.loss(verdict.escape.at()) <= land.loss(params)
