"""Weight decay: the solvable cases against dense Hessians and blind search, the proven statements elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.linear.test_random import inertia
from theodolite._panels import MovesPanel


@pytest.mark.parametrize(
    ("w2", "loss", "index", "nullity"),
    [
        ([[0, 0], [0, 0]], 29 / 2, 4, 0),
        ([[2, 0], [0, 0]], 13 / 2, 1, 1),
        ([[0, 0], [1, 0]], 14, 2, 1),
        ([[2, 0], [0, 1]], 6, 0, 1),
    ],
)
def test_a_hand_made_case(w2: list[list[int]], loss: float, index: int, nullity: int) -> None:
    land = th.LinearLandscape(np.eye(2), np.diag([5.0, 2.0]), 2, l2=1)
    point = (np.array(w2, float).T, w2)
    verdict = land.classify(point)
    assert verdict.value == pytest.approx(loss)
    assert (verdict.index, verdict.nullity) == (index, nullity)
    assert inertia(land.hessian(point).todense())[:2] == (index, nullity)  # type: ignore[index]


@st.composite
def solvable(draw: st.DrawFn) -> tuple[Any, ...]:
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d, hidden = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rank = draw(st.integers(1, d))
    basis = np.linalg.qr(source.standard_normal((6, rank)))[0]
    axes = np.linalg.qr(source.standard_normal((d, rank)))[0]
    strengths = np.sqrt(draw(st.lists(st.sampled_from([3.0, 2.0, 1.0, 0.5]), min_size=rank, max_size=rank)))
    if draw(st.booleans()):
        x = (basis * strengths) @ axes.T
        y = x
    else:
        x = 1.5 * basis @ axes.T
        outputs = np.linalg.qr(source.standard_normal((d, rank)))[0]
        y = (basis * strengths**2 / 1.5) @ outputs.T + 0.3 * source.standard_normal((6, d)) * draw(st.booleans())
    return (
        x,
        y,
        hidden,
        draw(st.sampled_from([0.3, 0.75, 1.5, 4.0])),
        draw(st.sampled_from(["half_sum", "mean"])),
        source,
    )


@given(solvable())
def test_every_family_is_what_it_says(problem: tuple[Any, ...]) -> None:
    x, y, hidden, l2, reduction, source = problem
    if reduction == "mean":
        l2 = 2 * l2 / y.size
    land = th.LinearLandscape(x, y, hidden, l2=l2, reduction=reduction)
    families = list(land.critical_sets())
    assert len(families) == land.count() == land.count_strata()
    assert families[0].kind is th.Kind.GLOBAL_MINIMUM
    scale = float(families[-1].value)
    for family in families:
        for point in (family.representative(), family.sample(source)):
            assert land.loss(point) == pytest.approx(float(family.value), rel=1e-10)
            assert np.abs(land.pack(land.gradient(point))).max() < 1e-11 * (1 + scale)
            assert np.allclose(point[1].T @ point[1], point[0] @ point[0].T, atol=1e-10)
            found = inertia(land.hessian(point).todense())
            assert found is None or found[:2] == (family.index, family.nullity)
            verdict = land.classify(point)
            assert (verdict.kind, verdict.index, verdict.nullity) == (family.kind, family.index, family.nullity)
            assert verdict.critical_set is not None
            assert verdict.critical_set.key == family.key
            if family.index:
                way = land.escape(point)
                assert float(way.decrease) > 0
                assert float(way.curvature) < 0  # type: ignore[arg-type]
                assert land.loss(point) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-6)


def test_a_blind_search_on_an_autoencoder_finds_only_listed_values() -> None:
    from scipy.optimize import least_squares

    source = np.random.default_rng(2)
    x = source.standard_normal((9, 3)) @ np.diag([2.0, 1.0, 0.7])
    land = th.LinearLandscape(x, x, 2, l2=1.0)
    listed = np.array([float(family.value) for family in land.critical_sets()])
    hits = 0
    for _ in range(25):
        start = source.standard_normal(12)
        end = least_squares(
            lambda v: land.pack(land.gradient(land.unpack(v))),
            start,
            jac=lambda v: land.hessian(land.unpack(v)).todense(),
            method="lm",
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
        )
        if np.linalg.norm(end.fun) < 1e-10:
            hits += 1
            assert np.abs(listed - land.loss(land.unpack(end.x))).min() < 1e-8
    assert hits > 10


def test_general_data_has_no_list_but_verdicts() -> None:
    from scipy.optimize import minimize

    source = np.random.default_rng(3)
    x, y = source.standard_normal((12, 3)) @ np.diag([3.0, 1.0, 0.5]), source.standard_normal((12, 3))
    land = th.LinearLandscape(x, y, 3, l2=0.5)
    for question in (land.critical_sets, land.count, land.global_minimum):
        with pytest.raises(th.NotCoveredError, match="whitened"):
            _ = list(question()) if question == land.critical_sets else question()
    origin = land.classify(land.unpack(np.zeros(18)))
    assert origin.kind is th.Kind.STRICT_SADDLE
    assert origin.escape is not None
    curvature = land.pack(origin.escape.vector) @ (
        land.hessian(land.unpack(np.zeros(18))) @ land.pack(origin.escape.vector)
    )
    assert curvature == pytest.approx(float(origin.escape.curvature))
    end = minimize(
        lambda v: float(land.loss(land.unpack(v))),
        source.standard_normal(18),
        jac=lambda v: land.pack(land.gradient(land.unpack(v))),
        method="BFGS",
        options={"gtol": 1e-9, "maxiter": 10000},
    )
    verdict = land.classify(land.unpack(end.x))
    assert verdict.kind is th.Kind.GLOBAL_MINIMUM
    assert verdict.gap is not None
    assert float(verdict.gap) < 1e-8 * end.fun
    assert land.classify(land.unpack(end.x + 0.01)).kind is th.Kind.NOT_CRITICAL


@given(st.integers(0, 10**6))
def test_the_dual_bound_is_a_lower_bound(seed: int) -> None:
    from theodolite.linear._decay import DecayPoint

    source = np.random.default_rng(seed)
    x, y = source.standard_normal((6, 3)), source.standard_normal((6, 2))
    land = th.LinearLandscape(x, y, 2, l2=float(source.uniform(0.1, 3)))
    bounds = []
    losses = []
    for size in (0.1, 0.5, 1.0, 2.0):
        point = land.unpack(size * source.standard_normal(land.parameter_count))
        bounds.append(DecayPoint(land._network, land.coerce(point)).lower_bound())
        losses.append(land.loss(point))
    assert max(bounds) <= min(losses)


def test_decay_with_biases_is_refused_with_the_reason() -> None:
    land = th.LinearLandscape(np.eye(3), np.eye(3), 2, bias=True, l2=0.1)
    assert land.loss(land.unpack(np.zeros(land.parameter_count))) == pytest.approx(1.5)
    with pytest.raises(th.NotCoveredError, match="biases"):
        land.count()


@pytest.mark.parametrize("l2", [-1, float("nan"), float("inf"), "0.1", True])
def test_odd_decay_is_refused(l2: Any) -> None:
    with pytest.raises(th.DataError, match="l2 is"):
        th.LinearLandscape(np.eye(2), np.eye(2), 1, l2=l2)


def test_pages_show_the_steps_to_lower_families() -> None:
    x = np.random.default_rng(0).standard_normal((20, 4))
    land = th.LinearLandscape(x, x, 2, l2=1.0)
    families = {family.key: family for family in land.critical_sets()}
    for family in families.values():
        steps = next(panel for panel in family.panels() if isinstance(panel, MovesPanel))
        for move in steps.moves:
            assert float(family.value) - float(families[move.key].value) == pytest.approx(move.decrease)
            assert families[move.key].label == move.label
        assert bool(steps.moves) == bool(family.index)
