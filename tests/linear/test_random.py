"""Random and degenerate landscapes against channels that know no theory: autodiff, dense inertia, blind search."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th

Problem = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int, np.random.Generator]


def spectral_problem(
    source: np.random.Generator, singular_values: list[float], d_in: int, d_out: int, rank: int, samples: int
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Data with rank(X) = rank and prescribed singular values of Y on X, and a part of Y that X cannot explain."""
    left = np.linalg.qr(source.standard_normal((samples, rank)))[0]
    right = np.linalg.qr(source.standard_normal((d_in, rank)))[0]
    x = left @ np.diag(source.uniform(0.5, 2, rank)) @ right.T
    turn = np.linalg.qr(source.standard_normal((d_out, d_out)))[0]
    core = np.zeros((rank, d_out))
    for i, value in enumerate(singular_values):
        core[i, i] = value
    outside = source.standard_normal((samples, d_out)) * (samples > rank)
    outside -= left @ (left.T @ outside)
    return x, left @ np.linalg.qr(source.standard_normal((rank, rank)))[0] @ core @ turn.T + outside


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d_in, d_out, hidden = (draw(st.integers(1, 4)) for _ in range(3))
    rank = draw(st.integers(0, d_in))
    positive = draw(st.lists(st.sampled_from([3.0, 2.0, 1.0]), max_size=min(rank, d_out)))
    samples = draw(st.integers(max(rank, 1), 7))
    x, y = spectral_problem(source, sorted(positive, reverse=True), d_in, d_out, rank, samples)
    return x, y, hidden, source


def inertia(matrix: np.ndarray[Any, Any]) -> tuple[int, int, int] | None:
    """Negative, zero and positive eigenvalues, or None where no clear gap separates the zeros."""
    values = np.linalg.eigvalsh(matrix)
    if ((abs(values) > 1e-10) & (abs(values) < 1e-5)).any():
        return None
    return int((values < -1e-7).sum()), int((abs(values) <= 1e-7).sum()), int((values > 1e-7).sum())


@given(problems())
def test_every_stratum_is_what_it_says(problem: Problem) -> None:
    *data, source = problem
    land = th.LinearLandscape(*data)
    families = list(land.critical_sets())
    assert len(families) == land.count()
    assert all(a.value <= b.value for a, b in pairwise(families))
    scale = land.loss(land.unpack(np.zeros(land.parameter_count))) + 1
    for family in families:
        for stratum in islice(family.strata(), 4):
            point = stratum.sample(source)
            assert land.loss(point) == pytest.approx(float(family.value), abs=1e-11 * scale)
            assert np.abs(land.pack(land.gradient(point))).max() < 1e-11 * scale
            found = inertia(land.hessian(point).todense())
            if found is not None:
                assert found[:2] == (stratum.index, stratum.nullity)
            verdict = land.classify(point)
            assert verdict.kind is stratum.kind
            assert (verdict.index, verdict.nullity) == (stratum.index, stratum.nullity)
            assert verdict.critical_set is not None
            assert verdict.critical_set.label == family.label
            assert verdict.gap == pytest.approx(float(family.value) - float(families[0].value), abs=1e-10 * scale)
            if verdict.escape is not None:
                way = verdict.escape
                assert land.loss(point) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-6)
                curvature = land.pack(way.vector) @ (land.hessian(point) @ land.pack(way.vector))
                assert curvature == pytest.approx(float(way.curvature), rel=1e-6)
                assert curvature < 0


@given(problems())
def test_representatives_are_balanced_and_generic_members_generic(
    problem: Problem,
) -> None:
    land = th.LinearLandscape(*problem[:3])
    for family in land.critical_sets():
        w1, w2 = family.representative()
        assert np.allclose(w2.T @ w2, w1 @ w1.T, atol=1e-10)
        generic = family.sample(0)
        verdict = land.classify(generic)
        assert (verdict.index, verdict.nullity) == (family.index, family.nullity)
        assert family.nullity_range is not None
        nullities = [stratum.nullity for stratum in family.strata()]
        assert family.nullity_range == (min(nullities), max(nullities))  # type: ignore[type-var]


@pytest.mark.parametrize("reduction", ["half_sum", "sum", "mean"])
def test_derivatives_against_autodiff(reduction: str) -> None:
    import torch

    source = np.random.default_rng(3)
    x, y = source.standard_normal((9, 4)), source.standard_normal((9, 3))
    land = th.LinearLandscape(x, y, 2, reduction=reduction)

    def loss(vector: Any) -> Any:
        w1, w2 = vector[:8].reshape(2, 4), vector[8:].reshape(3, 2)
        squares = ((torch.tensor(x) @ w1.T @ w2.T - torch.tensor(y)) ** 2).sum()
        return squares * {"half_sum": 0.5, "sum": 1.0, "mean": 1 / y.size}[reduction]

    for _ in range(5):
        vector = torch.tensor(source.standard_normal(14), requires_grad=True)
        params = land.unpack(vector.detach().numpy())
        value = loss(vector)
        value.backward()
        assert land.loss(params) == pytest.approx(value.item(), rel=1e-13)
        assert np.allclose(land.pack(land.gradient(params)), vector.grad.numpy(), rtol=1e-12, atol=1e-13)
        hessian = torch.autograd.functional.hessian(loss, vector.detach()).numpy()
        assert np.allclose(land.hessian(params).todense(), hessian, rtol=1e-12, atol=1e-12)
        direction = land.unpack(source.standard_normal(14))
        slope = float(land.pack(land.gradient(params)) @ land.pack(direction))
        assert float(land.directional_derivative(params, direction)) == pytest.approx(slope, rel=1e-13)


def test_a_blind_search_finds_only_listed_values() -> None:
    from scipy.optimize import least_squares

    source = np.random.default_rng(11)
    x, y = source.standard_normal((12, 3)), source.standard_normal((12, 3)) @ np.diag([3.0, 2.0, 1.0])
    land = th.LinearLandscape(x, y, 2)
    listed = np.array([float(s.value) for s in land.critical_sets()])

    def gradient(vector: Any) -> Any:
        return land.pack(land.gradient(land.unpack(vector)))

    def hessian(vector: Any) -> Any:
        return land.hessian(land.unpack(vector)).todense()

    seen = set()
    for _ in range(25):
        start = source.standard_normal(land.parameter_count) * source.choice([0.3, 1.0, 2.0])
        end = least_squares(gradient, start, jac=hessian, method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
        if np.linalg.norm(end.fun) > 1e-10:
            continue
        value = land.loss(land.unpack(end.x))
        distance = np.abs(listed - value)
        assert distance.min() < 1e-7
        seen.add(int(distance.argmin()))
        verdict = land.classify(land.unpack(end.x))
        if verdict.kind not in (th.Kind.UNDECIDED, th.Kind.NOT_CRITICAL):
            assert verdict.critical_set is not None
            assert float(verdict.critical_set.value) == pytest.approx(value, abs=1e-7)
    assert len(seen) >= 4


@given(st.integers(0, 10**6))
def test_invariances(seed: int) -> None:
    source = np.random.default_rng(seed)
    x, y = source.standard_normal((8, 3)), source.standard_normal((8, 2))
    land = th.LinearLandscape(x, y, 2)
    order = source.permutation(8)
    assert_same(th.LinearLandscape(x[order], y[order], 2), land)
    turn_in = np.linalg.qr(source.standard_normal((3, 3)))[0]
    turn_out = np.linalg.qr(source.standard_normal((2, 2)))[0]
    assert_same(th.LinearLandscape(x @ turn_in, y @ turn_out, 2), land)
    assert_same(th.LinearLandscape(x * 10.0 ** source.uniform(-8, 8, 3), y, 2), land)
    assert_same(th.LinearLandscape(np.r_[x, x], np.r_[y, y], 2), land, factor=2)
    assert_same(th.LinearLandscape(1e8 * x, 1e-8 * y, 2), land, factor=1e-16)
    assert_same(th.LinearLandscape(np.r_[x, np.zeros((3, 3))], np.r_[y, np.zeros((3, 2))], 2), land)
    batches = ((x[rows], y[rows]) for rows in np.array_split(np.arange(8), 3))
    assert_same(th.LinearLandscape.from_batches(batches, 2), land)


def assert_same(land: th.LinearLandscape, other: th.LinearLandscape, factor: float = 1.0) -> None:
    """Both landscapes have the same families at the same values, but for a factor."""
    for one, two in zip(land.critical_sets(), other.critical_sets(), strict=True):
        assert (one.label, one.kind, one.index, one.nullity) == (two.label, two.kind, two.index, two.nullity)
        assert float(one.value) == pytest.approx(factor * float(two.value), rel=1e-9)


@given(problems(), st.integers(-6, 6))
def test_the_gauge_changes_no_verdict(problem: Problem, power: int) -> None:
    *data, source = problem
    land = th.LinearLandscape(*data)
    families = list(land.critical_sets())
    family = families[source.integers(len(families))]
    w1, w2 = family.sample(source)
    gauge = np.diag(2.0 ** source.uniform(-1, 1, len(w1))) * 2.0**power
    one, two = land.classify((w1, w2)), land.classify((gauge @ w1, w2 @ np.linalg.inv(gauge)))
    assert (one.kind, one.index, one.nullity) == (two.kind, two.index, two.nullity)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_canonical_points_of_real_data(name: str) -> None:
    from sklearn import datasets

    x = getattr(datasets, f"load_{name}")().data
    source = np.random.default_rng(5)
    for hidden in (2, x.shape[1]):
        land = th.LinearLandscape(x, x, hidden)
        sets = land._problem.sets
        k = len(sets.families.multiplicities)
        rows = [np.eye(k, dtype=np.int64)[i] for i in range(k)]
        rows += [(np.arange(k) < s).astype(np.int64) for s in range(sets.families.cap + 1)]
        for _ in range(60):
            row = np.zeros(k, dtype=np.int64)
            row[source.permutation(k)[: source.integers(0, sets.families.cap + 1)]] = 1
            rows.append(row)
        for row in rows:
            family = sets.critical_set(row[None, :], land)
            verdict = land.classify(family.representative())
            assert verdict.critical_set is not None
            assert verdict.critical_set.key == family.key
            assert (verdict.kind, verdict.index) == (family.kind, family.index)
            assert verdict.nullity == sets.stratum(row[None, :], 0, 0, land).nullity


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wine", "breast_cancer", "digits"])
def test_two_thousand_canonical_points_of_real_data(name: str) -> None:
    from sklearn import datasets

    x = getattr(datasets, f"load_{name}")().data
    source = np.random.default_rng(7)
    for hidden in sorted({1, 2, 5, x.shape[1] // 2, x.shape[1]}):
        land = th.LinearLandscape(x, x, hidden)
        sets = land._problem.sets
        k = len(sets.families.multiplicities)
        for _ in range(2000):
            row = np.zeros(k, dtype=np.int64)
            row[source.permutation(k)[: source.integers(0, sets.families.cap + 1)]] = 1
            family = sets.critical_set(row[None, :], land)
            verdict = land.classify(family.representative())
            assert verdict.critical_set is not None
            assert verdict.critical_set.key == family.key
            assert (verdict.kind, verdict.index) == (family.kind, family.index)
            assert verdict.nullity == sets.stratum(row[None, :], 0, 0, land).nullity


def test_near_points_are_told_from_critical_ones() -> None:
    source = np.random.default_rng(2)
    x, y = source.standard_normal((9, 3)), source.standard_normal((9, 3))
    land = th.LinearLandscape(x, y, 2)
    for family in land.critical_sets():
        point = family.sample(source)
        for size in (1e-12, 1e-10, 1e-5, 1e-3):
            moved = tuple(w + size * source.standard_normal(w.shape) for w in point)
            verdict = land.classify(moved)
            assert verdict.distance is not None
            if size < 1e-9:
                assert (verdict.kind, verdict.index) == (family.kind, family.index)
                assert verdict.distance < 1e3 * size
            else:
                assert verdict.kind is th.Kind.NOT_CRITICAL
                way = land.escape(moved)
                assert way.order == 1
                assert land.loss(moved) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-4)
            assert verdict.nearest is not None
            exact = land.classify(verdict.nearest)
            assert exact.scaled_gradient < 1e-14
            assert land.classify(moved, rtol=0.1).kind in (family.kind, th.Kind.UNDECIDED)


def test_a_side_condition_that_fails_is_noticed() -> None:
    land = th.LinearLandscape(np.eye(3), np.diag([2.0, 1.0, 0.0]), 3)
    w1, w2 = np.diag([1.0, 1.0, 0.0]), np.diag([2.0, 0.0, 0.0])
    assert np.abs(land.gradient((w1, w2))[0]).max() < 1e-15
    assert land.classify((w1, w2)).kind is th.Kind.NOT_CRITICAL


def test_float32_parameters_are_judged_by_their_own_rounding() -> None:
    source = np.random.default_rng(4)
    x = source.standard_normal((20, 4))
    land = th.LinearLandscape(x, x, 2)
    for family in land.critical_sets():
        point = tuple(w.astype(np.float32) for w in family.sample(source))
        assert land.classify(point).kind is family.kind
