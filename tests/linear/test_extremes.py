"""Data at the edge of floating point: members are critical in rational arithmetic, verdicts right or undecided, ways out true."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import theodolite as th

Matrix = np.ndarray[Any, Any]


def exact(matrix: Matrix) -> Matrix:
    return np.array([[Fraction(float(entry)) for entry in row] for row in matrix], dtype=object)


def size(matrix: Matrix) -> Fraction:
    """The largest entry: norms up to a factor, without square roots."""
    return max((abs(Fraction(entry)) for entry in matrix.ravel()), default=Fraction(0))


def relative_gradient(x: Matrix, y: Matrix, params: th.Parameters) -> float:
    """The gradient in rationals, each feature in its own unit, relative to the terms that it is made of."""
    units = np.array([size(column) or Fraction(1) for column in exact(x).T], dtype=object)
    inputs, first, second = exact(x) / units, exact(params[0]) * units, exact(params[1])
    error = inputs @ first.T @ second.T - exact(y)
    a, b = size(first), size(second)
    target = size(exact(y)) or a * b
    a, b = max(a, target / b if b else a), max(b, target / a if a else b)
    parts = size(second.T @ error.T @ inputs), size(error.T @ inputs @ first.T)
    sizes = b * (a * b + target), a * (a * b + target)
    return max((float(part / whole) for part, whole in zip(parts, sizes, strict=True) if whole), default=0.0)


def loss(x: Matrix, y: Matrix, params: th.Parameters) -> Fraction:
    error = exact(x) @ exact(params[0]).T @ exact(params[1]).T - exact(y)
    return sum((entry**2 for entry in error.ravel()), Fraction(0)) / 2


def case(name: str) -> tuple[Matrix, Matrix, int]:
    source = np.random.default_rng(sum(map(ord, name)))
    x, y = source.standard_normal((6, 4)), source.standard_normal((6, 3))
    if "rank" in name:
        x[:, 3] = x[:, 0]
        x[:, 2] = 1.0
        x[4:] = x[:2]
        y[4:] = y[:2]
    if "zero output" in name:
        y[:, 1] = 0
    if "features" in name:
        x = x * np.array([1e8, 1e-8, 1.0, 1e-3])
    if "outputs" in name:
        y = y * np.array([1e-6, 1.0, 1e6])
    if "near" in name:
        x[:, 3] = x[:, 0] + 1e-9 * x[:, 1]
    x = x * 10.0 ** next((p for p in (140, -140, 8, -8) if f"X {p}" in name), 0)
    y = y * 10.0 ** next((p for p in (140, -140, -10) if f"Y {p}" in name), 0)
    return x, y, 5 if "wide" in name else 2


NAMES = [
    "rank, features",
    "rank, features, wide",
    "zero output, Y -10",
    "zero output, Y -140, wide",
    "X 140, wide",
    "X -140, rank, wide",
    "Y 140, zero output, wide",
    "X 8, rank, wide",
    "X -8, rank",
    "outputs, features, wide",
    "outputs, zero output, rank",
    "near, wide",
]


@pytest.mark.parametrize("name", NAMES)
def test_members_verdicts_and_ways_out(name: str) -> None:
    x, y, hidden = case(name)
    land = th.LinearLandscape(x, y, hidden)
    at_zero = float(land.loss(land.unpack(np.zeros(land.parameter_count))))
    source = np.random.default_rng(1)
    for family in land.critical_sets():
        for member in (family.representative(), family.sample(source), next(family.strata()).sample(source)):
            assert relative_gradient(x, y, member) < 1e-13
            verdict = land.classify(member)
            if verdict.kind is th.Kind.UNDECIDED and ("near" in name or "outputs" in name):
                continue
            assert (verdict.kind, verdict.index) == (family.kind, family.index)
            assert verdict.nearest is not None
            assert relative_gradient(x, y, verdict.nearest) < 1e-13
            way = verdict.escape
            if way is None:
                continue
            assert all(np.array_equal(one, two) for one, two in zip(way.at(0.0), member, strict=True))
            steps = [loss(x, y, way.at(way.step * k / 8)) for k in range(9)]
            assert all(float(later - earlier) <= 1e-9 * at_zero for earlier, later in pairwise(steps))
            assert float(steps[0] - steps[-1]) == pytest.approx(float(way.decrease), rel=1e-5, abs=1e-9 * at_zero)


@pytest.mark.parametrize("name", ["features", "features, outputs", "rank, features, wide"])
def test_the_scale_of_data_does_not_change_how_near_a_point_is(name: str) -> None:
    x, y, hidden = case(name)
    for power in (-8, 0, 8):
        land = th.LinearLandscape(x * 10.0**power, y, hidden)
        family = next(iter(land.critical_sets()))
        w1, w2 = family.representative()
        assert land.classify((w1 * (1 + 1e-4), w2)).kind is not family.kind
        assert land.classify((w1, w2 * (1 + 1e-4))).kind is not family.kind


def test_a_unit_with_an_outer_part_takes_up_a_weak_direction() -> None:
    land = th.LinearLandscape(np.eye(3)[:, :2], np.diag([1.0, 1e-3, 0.0]), 2)
    member = (np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 5.0]]))
    way = land.escape(member)
    assert 0 < float(way.decrease) < 1e-6 / 2
    assert land.loss(member) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-6)


def test_a_fit_out_of_range_is_refused() -> None:
    with pytest.raises(th.DataError, match="weights of size 1e\\+280"):
        th.LinearLandscape(np.eye(2) * 1e-140, np.eye(2) * 1e140, 1).count()


@pytest.mark.parametrize("power", [160, 200])
def test_parameters_out_of_range_are_refused(power: int) -> None:
    land = th.LinearLandscape(np.eye(3), np.diag([3.0, 2.0, 1.0]), 2)
    for params in (
        (np.full((2, 3), 10.0**power), np.zeros((3, 2))),
        (np.full((2, 3), 10.0**power), np.full((3, 2), 10.0**power)),
    ):
        with pytest.raises(th.DataError, match=f"one is 1e\\+{power}"):
            land.classify(params)


def test_filters_and_batches_that_are_none_are_named() -> None:
    land = th.LinearLandscape(np.eye(3), np.eye(3), 2)
    with pytest.raises(th.DataError, match="below is nan"):
        list(land.critical_sets(below=float("nan")))
    with pytest.raises(th.DataError, match="above is nan"):
        th.survey(land).where(above=float("nan"))
    for batches in (None, 5):
        with pytest.raises(th.DataError, match="batches are of type"):
            th.LinearLandscape.from_batches(batches, 2)  # type: ignore[arg-type]
