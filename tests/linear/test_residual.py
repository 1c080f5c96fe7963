"""Residual networks: the deep linear landscape shifted, minimizers near the identity, and what small layers prove."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th


def norms(point: tuple[np.ndarray, ...]) -> float:  # type: ignore[type-arg]
    return max(float(np.linalg.norm(part, 2)) for part in point)


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_members_are_what_they_are_sampled_as(width: int, depth: int, seed: int) -> None:
    source = np.random.default_rng(seed)
    x = source.standard_normal((6, width))
    y = x @ source.standard_normal((width, width)) + 0.1 * source.standard_normal((6, width))
    land = th.ResidualLandscape(x, y, depth)
    zero = land.unpack(np.zeros(land.parameter_count))
    assert land.loss(zero) == pytest.approx(np.sum((x - y) ** 2) / 2)
    linear = th.LinearLandscape(x, y, (width,) * (depth - 1))
    for item, other in islice(zip(land.critical_sets(), linear.critical_sets(), strict=True), 5):
        assert (item.label, item.value, item.kind, item.index) == (other.label, other.value, other.kind, other.index)
        for point in (item.representative(), item.sample(seed)):
            verdict = land.classify(point)
            assert verdict.kind is item.kind
            assert verdict.critical_set is not None
            assert verdict.critical_set.label == item.label
            assert land.loss(verdict.critical_set.sample(1)) == pytest.approx(float(item.value), rel=1e-8, abs=1e-8)
            if item.kind is not th.Kind.GLOBAL_MINIMUM:
                assert norms(point) >= 1 - 1e-9
                way = land.escape(point)
                assert land.loss(point) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-6)


@given(st.integers(1, 5), st.integers(2, 40), st.integers(0, 2**32 - 1))
def test_minimizers_near_the_identity(width: int, depth: int, seed: int) -> None:
    source = np.random.default_rng(seed)
    target = source.standard_normal((width, width))
    land = th.ResidualLandscape(np.eye(width), target.T, depth)
    if np.linalg.det(target) < 0:
        with pytest.raises(th.NotCoveredError, match="negative determinant"):
            land.near_identity_minimizer()
        point = land.global_minimum().representative()
        assert norms(point) > 1
    else:
        point = land.near_identity_minimizer()
        sizes = np.linalg.svd(target, compute_uv=False)
        bound = (np.pi + np.abs(np.log(sizes)).max() * max(1, sizes[0] ** (1 / depth))) / depth
        assert norms(point) <= bound + 1e-9
        weights = [np.eye(width) + part for part in point]
        for lower, upper in pairwise(weights):
            assert np.allclose(upper.T @ upper, lower @ lower.T, atol=1e-9)
    assert land.loss(point) < 1e-16 * np.sum(target**2) + 1e-20
    assert land.classify(point).kind is th.Kind.GLOBAL_MINIMUM


def test_special_targets() -> None:
    minus = th.ResidualLandscape(np.eye(2), -np.eye(2), 4)  # a half turn, whose eigenvalues -1 make a pair
    assert norms(minus.near_identity_minimizer()) == pytest.approx(2 * np.sin(np.pi / 8))
    line = th.ResidualLandscape([[1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]], 3)  # one direction seen: the identity fits
    assert norms(line.near_identity_minimizer()) < 1e-12
    turned = th.ResidualLandscape([[1.0, 0.0]], [[-1.0, 0.0]], 8)  # what is not seen makes up for the sign
    assert norms(turned.near_identity_minimizer()) == pytest.approx(2 * np.sin(np.pi / 16))
    assert turned.global_minimum().evidence.scope.startswith("all critical points of residual:2x8")
    with pytest.raises(th.NotCoveredError, match="rank 1 on the 2 dimensions"):
        th.ResidualLandscape(np.eye(2), np.diag([1.0, 0.0]), 3).near_identity_minimizer()


def test_small_layers_are_part_of_the_evidence() -> None:
    land = th.ResidualLandscape(np.eye(2), np.diag([1.5, 1.2]), 3)
    said = land.classify(land.near_identity_minimizer()).evidence
    assert any("below 1" in assumption.statement for assumption in said.assumptions)
    assert any(reference.key == "hardt-ma-2016" for reference in said.references)
    far = land.classify([-np.eye(2)] * 3)
    assert far.kind is th.Kind.NON_STRICT_SADDLE
    assert not any("below 1" in assumption.statement for assumption in far.evidence.assumptions)


def test_bad_input() -> None:
    with pytest.raises(th.ShapeError, match="3 columns and Y has 2"):
        th.ResidualLandscape(np.ones((4, 3)), np.ones((4, 2)), 2)
    for depth in (1, True, 2.0):
        with pytest.raises(th.ShapeError, match="depth"):
            th.ResidualLandscape(np.eye(2), np.eye(2), depth)
