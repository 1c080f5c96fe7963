"""Verified landscapes: rigorous bounds hold the numbers that 60 digits give, and what cannot be decided is refused."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th

VERIFIED = th.Method.VERIFIED
Array = Any


def digits(x: Array, y: Array) -> tuple[list[Any], Any]:
    """The eigenvalues of Sigma, largest first, and ||Y||^2, in 60 digits from the floats as given."""
    with mpmath.workdps(60):
        a, b = mpmath.matrix(x.tolist()), mpmath.matrix(y.tolist())
        gram, cross = a.T * a, a.T * b
        sigma = cross.T * gram**-1 * cross
        found = mpmath.eigsy((sigma + sigma.T) / 2, eigvals_only=True)
        return sorted(found, reverse=True), sum(entry**2 for entry in b)


def kept(label: str) -> set[int]:
    return {int(part) - 1 for part in label.strip("{}∅").split(", ") if part}


@st.composite
def float_data(draw: st.DrawFn) -> tuple[Array, Array, int, np.random.Generator]:
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    d_in, d_out, hidden = (draw(st.integers(1, 4)) for _ in range(3))
    scale = draw(st.sampled_from([1.0, 1e-5, 1e6]))
    x = source.standard_normal((d_in + 5, d_in)) * np.array([scale, *[1.0] * (d_in - 1)])
    y = x @ source.standard_normal((d_in, d_out)) + draw(st.sampled_from([0.0, 1e-3, 1.0])) * source.standard_normal(
        (d_in + 5, d_out)
    )
    return x, y[:, : min(d_in, d_out)], hidden, source


@settings(max_examples=25)
@given(float_data())
def test_bounds_hold_the_values_of_sixty_digits(problem: Any) -> None:
    x, y, hidden, source = problem
    land = th.LinearLandscape(x, y, hidden, arithmetic="verified")
    eigenvalues, total = digits(x, y)
    families = list(land.critical_sets())
    for family in families:
        assert family.evidence.method is VERIFIED
        with mpmath.workdps(60):
            value = (total - sum(eigenvalues[i] for i in kept(family.label))) / 2
            assert family.bounds is not None
            low, high = family.bounds
            slack = mpmath.mpf(10) ** -45 * total  # the reference's own rounding
            assert low - slack <= value <= high + slack
        assert low <= family.value <= high
        assert high - low <= 1e-13 * float(total)
        point = family.sample(source)
        verdict = land.classify(point)
        assert (verdict.kind, verdict.index) == (family.kind, family.index)
        assert verdict.evidence.method is VERIFIED
        assert verdict.distance is not None
        assert verdict.distance < 1e-9 * float(np.linalg.norm(land.pack(point))) + 1e-300
        assert verdict.value_bounds is not None
        assert verdict.gap_bounds is not None
        exact = exact_loss(x, y, point)
        assert verdict.value_bounds[0] <= exact <= verdict.value_bounds[1]
        with mpmath.workdps(60):
            best = (total - sum(eigenvalues[: min(hidden, len(eigenvalues))])) / 2
            gap = mpmath.mpf(exact.numerator) / exact.denominator - best
            assert verdict.gap_bounds[0] - slack <= gap <= verdict.gap_bounds[1] + slack


def exact_loss(x: Array, y: Array, point: Any) -> F:
    """The loss in fractions, sample by sample."""
    rational = [[[F(entry) for entry in row] for row in matrix.tolist()] for matrix in (x, y, *point)]
    xs, ys, w1, w2 = rational
    total = F(0)
    for row, target in zip(xs, ys, strict=True):
        hidden = [sum((a * b for a, b in zip(weights, row, strict=True)), F(0)) for weights in w1]
        out = [sum((a * b for a, b in zip(weights, hidden, strict=True)), F(0)) for weights in w2]
        total += sum(((a - b) ** 2 for a, b in zip(out, target, strict=True)), F(0))
    return total / 2


def test_the_enclosed_point_is_critical_and_as_near_as_stated() -> None:
    """The exact twin of the data knows a critical point; the distance bound to it from a rounded point is honest."""
    x, y = np.eye(3), np.diag([3.0, 2.0, 1.0])
    land = th.LinearLandscape(x, y, 2, arithmetic="verified")
    point = (np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.5]]), np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]))
    on = land.classify(point)
    assert on.distance is not None
    assert on.distance <= 1e-50  # zero, up to the bits of the enclosure
    assert (on.index, on.nullity) == (2, 4)
    off = (point[0], point[1] + 1e-9)
    verdict = land.classify(off)
    assert verdict.kind is th.Kind.STRICT_SADDLE
    assert verdict.distance is not None
    assert 1e-10 < verdict.distance < 5e-9


@pytest.mark.parametrize("bias", [(1,), (2,), (1, 2)])
def test_biases(bias: tuple[int, ...]) -> None:
    source = np.random.default_rng(3)
    x, y = source.standard_normal((12, 3)) + 5, source.standard_normal((12, 2)) - 3
    land = th.LinearLandscape(x, y, 2, bias=bias, arithmetic="verified")
    for family in land.critical_sets():
        for stratum in family.strata():
            verdict = land.classify(stratum.sample(source))
            assert (verdict.index, verdict.nullity) == (stratum.index, stratum.nullity)
            assert verdict.evidence.method is VERIFIED
            assert verdict.distance is not None
            assert verdict.distance < 1e-11


def test_repeated_eigenvalues_are_proven_equal() -> None:
    land = th.LinearLandscape(np.eye(4), np.diag([2.0, 2.0, 1.0, 1.0]), 3, arithmetic="verified")
    assert [family.label for family in land.critical_sets()][:2] == ["{1², 2}", "{1²}"]
    mixed = np.array([[1.0, 1, 0, 0], [1, -1, 0, 0], [0, 0, 1, 1], [0, 0, 1, -1]]) / 2  # exact in binary, Y'Y = 1/2
    land = th.LinearLandscape(np.eye(4), mixed, 2, arithmetic="verified")
    best = land.global_minimum()
    assert best.label == "{1²}"
    for stratum in best.strata():
        verdict = land.classify(stratum.sample(0))
        assert verdict.distance is not None
        assert verdict.distance < 1e-14


def test_distinct_as_given_though_floats_hardly_tell() -> None:
    y = np.diag([1.0 + 2**-40, 1.0, 0.5])
    land = th.LinearLandscape(np.eye(3), y, 1, arithmetic="verified")
    assert land.count() == 4
    assert th.LinearLandscape(np.eye(3), y, 1).count() == 3  # taken as one repeated value
    one, two, *_ = land.critical_sets()
    assert (one.label, two.label) == ("{1}", "{2}")
    assert one.bounds is not None
    assert two.bounds is not None
    assert one.bounds[1] < two.bounds[0]
    assert np.abs(two.representative()[1]).argmax() == 1


def test_an_order_that_is_not_proven_says_so() -> None:
    y = np.diag([1.0 + 2**-52, 1.0, 0.5])
    one, two, three, *_ = th.LinearLandscape(np.eye(3), y, 1, arithmetic="verified").critical_sets()
    assert "not proven" in str(one.evidence)
    assert "not proven" in str(two.evidence)
    assert "bounds are disjoint" in str(three.evidence)
    assert not one.evidence.complete


def test_a_rank_within_rounding_is_not_decided() -> None:
    source = np.random.default_rng(5)
    x = source.standard_normal((20, 2))
    dependent = np.c_[x, x @ [0.1, 0.7]]  # rounded: of full rank as given
    land = th.LinearLandscape(dependent, dependent, 1, arithmetic="verified")
    with pytest.raises(th.NotCoveredError, match=r"rank of X is not decided: it is 3 .* but 2 for data within"):
        land.count()
    exactly = np.c_[x, x[:, 0]]
    assert th.LinearLandscape(exactly, exactly, 1, arithmetic="verified").count() == 3


def test_points_that_are_not_critical() -> None:
    source = np.random.default_rng(6)
    x, y = source.standard_normal((9, 3)), source.standard_normal((9, 2))
    land = th.LinearLandscape(x, y, 2, arithmetic="verified")
    point = tuple(source.standard_normal(shape) for shape in land.parameter_shapes)
    verdict = land.classify(point)
    assert verdict.kind is th.Kind.NOT_CRITICAL
    assert verdict.evidence.method is VERIFIED
    assert verdict.value_bounds is not None
    assert verdict.value_bounds[0] <= exact_loss(x, y, point) <= verdict.value_bounds[1]
    norm = float(np.linalg.norm(land.pack(land.gradient(point))))
    assert f"norm {norm:.4g}"[:9] in str(verdict.evidence)


@pytest.mark.parametrize("suffix", [".json", ".npz", ".parquet"])
def test_bounds_are_saved(tmp_path: Path, suffix: str) -> None:
    source = np.random.default_rng(7)
    x = source.standard_normal((9, 3))
    atlas = th.survey(th.LinearLandscape(x, x, 2, arithmetic="verified"))
    atlas.save(tmp_path / f"atlas{suffix}")
    again = th.load_atlas(tmp_path / f"atlas{suffix}")
    assert [family.bounds for family in again] == [family.bounds for family in atlas]
    assert all(family.bounds is not None for family in again)
    assert "bounds" in str(again[0])
    assert [family.bounds for family in again[1:]] == [family.bounds for family in atlas][1:]


def test_real_data() -> None:
    from theodolite.io import parse_network, prepare, read_table

    x = prepare(read_table("wine"), parse_network("linear:13-2-13"), standardize=True).X
    land = th.LinearLandscape(x, x, 2, arithmetic="verified")
    floats = th.LinearLandscape(x, x, 2)
    for one, two in zip(land.critical_sets(), floats.critical_sets(), strict=True):
        assert (one.label, one.index, one.nullity) == (two.label, two.index, two.nullity)
        assert one.bounds is not None
        assert one.bounds[0] <= float(two.value) * (1 + 1e-13)
        assert one.bounds[1] >= float(two.value) * (1 - 1e-13)
    verdict = land.classify(land.global_minimum().sample(0))
    assert verdict.kind is th.Kind.GLOBAL_MINIMUM
    assert verdict.distance is not None
    assert verdict.distance < 1e-11
