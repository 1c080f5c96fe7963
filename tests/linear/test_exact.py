"""Exact landscapes against integers worked by hand, exact inertia of exact Hessians, and rational points of known class."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction as F
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.cases.shallow_linear import CASES, Case
from tests.linear.test_biases import CASES as BIAS_CASES
from theodolite._numerics import AlgebraicSum, as_fractions, exact_inertia, exact_inverse, exact_product

Array = Any
EXACT = th.Method.EXACT


def columns(rows: Any) -> Array:
    return np.array(rows, dtype=object).T


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases_in_integers(case: Case) -> None:
    land = th.LinearLandscape(columns(case.x), columns(case.y), hidden=len(case.w1))
    point = (case.w1, case.w2)
    verdict = land.classify(point)
    assert verdict.evidence.method is EXACT
    assert isinstance(verdict.value, F)
    assert verdict.value == case.loss == land.loss(point)
    assert (verdict.index, verdict.nullity) == case.inertia[:2]
    assert exact_inertia(land.hessian(point).todense()) == case.inertia
    assert verdict.kind is (th.Kind.STRICT_SADDLE if case.inertia[0] else th.Kind.GLOBAL_MINIMUM)
    assert verdict.distance == 0
    assert verdict.critical_set is not None
    assert verdict.critical_set.value == case.loss
    families = list(land.critical_sets())
    assert len(families) == case.families
    assert all(isinstance(family.value, F) for family in families)
    best = families[0].value
    assert verdict.gap == case.loss - best
    if verdict.escape is not None:
        _check_way_out(land, point, verdict.escape)


def _check_way_out(land: th.LinearLandscape, point: Any, way: th.Direction) -> None:
    vector = land.pack(way.vector)
    assert all(isinstance(entry, F) for entry in vector)
    if way.order == 2:
        curvature = vector @ land.pack(land.hessian_vector_product(point, way.vector))
        assert curvature == way.curvature < 0
    else:
        assert land.directional_derivative(point, way.vector) < 0
    assert land.loss(point) - land.loss(way.at()) == way.decrease > 0


@pytest.mark.parametrize("case", BIAS_CASES.values(), ids=BIAS_CASES.keys())
def test_biases_in_integers(case: Any) -> None:
    x, y, bias, params, twice, kind, signs = case
    land = th.LinearLandscape(columns(x), columns(y), len(params[0]), bias=bias)
    verdict = land.classify(params)
    assert verdict.evidence.method is EXACT
    assert verdict.kind is kind
    assert verdict.value == F(twice, 2)
    if signs is not None:
        assert (verdict.index, verdict.nullity) == signs[:2]
        assert exact_inertia(land.hessian(params).todense()) == signs
    if verdict.escape is not None:
        _check_way_out(land, params, verdict.escape)


def cayley(source: np.random.Generator, size: int) -> Array:
    """A random rational orthogonal matrix: (1 - S)(1 + S)^-1 with S skew."""
    draw = source.integers(-2, 3, (size, size))
    skew = as_fractions(draw - draw.T)
    one = as_fractions(np.eye(size, dtype=int))
    return exact_product(one - skew, exact_inverse(one + skew))


def rational_point(
    source: np.random.Generator, d_in: int, d_out: int, hidden: int, roots: list[int]
) -> tuple[Array, Array, tuple[Array, Array], list[int], int, int]:
    """Data X, Y with Sigma = U diag(roots^2) U^T for a rational U, and a critical point of a stratum chosen at random.

    X is square and invertible, with a dependent column added; W1 sees it through that column too.
    """
    m = len(roots)
    left, right = cayley(source, d_out), cayley(source, d_in)
    core = as_fractions(np.zeros((d_out, d_in), dtype=int))
    for i, root in enumerate(roots):
        core[i, i] = F(root)
    y = exact_product(left, core, right.T).T
    x = as_fractions(np.tril(source.integers(-2, 3, (d_in, d_in)), -1) + np.diag(source.integers(1, 4, d_in)))
    chosen = [i for i in range(m) if source.random() < 0.5][:hidden]
    s = len(chosen)
    outer = int(source.integers(0, min(d_out - m, hidden - s) + 1))
    inner = int(source.integers(0, min(d_in - m, hidden - s - outer) + 1))
    b = as_fractions(np.zeros((d_out, hidden), dtype=int))
    a = as_fractions(np.zeros((hidden, d_in), dtype=int))
    for unit, i in enumerate(chosen):
        b[:, unit], a[unit] = left[:, i], roots[i] * right[:, i]
    for k in range(outer):
        b[:, s + k] = left[:, m + k]
    for k in range(inner):
        a[s + outer + k] = right[:, m + k]
    gauge = as_fractions(np.eye(hidden, dtype=int) + np.triu(source.integers(-1, 2, (hidden, hidden)), 1))
    w1 = exact_product(gauge, a, exact_inverse(x.T))
    w2 = exact_product(b, exact_inverse(gauge))
    mix, free = as_fractions(source.integers(-2, 3, (d_in, 1))), as_fractions(source.integers(-2, 3, (hidden, 1)))
    x = np.concatenate([x, exact_product(x, mix)], axis=1)
    w1 = np.concatenate([w1 - exact_product(free, mix.T), free], axis=1)
    taken = [sum(roots[i] == value for i in chosen) for value in sorted(set(roots), reverse=True)]
    return x, y, (w1, w2), taken, outer, inner


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
    st.lists(st.sampled_from([3, 2, 1]), max_size=4),
)
def test_rational_critical_points(seed: int, sizes: tuple[int, int, int], drawn: list[int]) -> None:
    d_in, d_out, hidden = sizes
    roots = sorted(drawn[: min(d_in, d_out)], reverse=True)
    x, y, point, taken, outer, inner = rational_point(np.random.default_rng(seed), d_in, d_out, hidden, roots)
    land = th.LinearLandscape(x, y, hidden)
    verdict = land.classify(point)
    assert verdict.evidence.method is EXACT
    assert verdict.critical_set is not None
    assert land._exact is not None
    assert land._exact.sets.taken(verdict.critical_set.key)[0].tolist() == taken
    assert exact_inertia(land.hessian(point).todense())[:2] == (verdict.index, verdict.nullity)
    assert verdict.value == verdict.critical_set.value == land.loss(point)
    stratum = next(s for s in verdict.critical_set.strata() if s.label.endswith(f"{outer} outer, {inner} inner"))
    assert (stratum.nullity, stratum.value) == (verdict.nullity, verdict.value)
    if verdict.escape is not None:
        _check_way_out(land, point, verdict.escape)
    moved = (point[0] + F(1, 10**40), point[1])
    near = land.classify(moved)
    assert (near.kind is th.Kind.NOT_CRITICAL) == any(any(part.flat) for part in land.gradient(moved))
    if near.kind is th.Kind.NOT_CRITICAL and near.escape is not None:
        _check_way_out(land, moved, near.escape)


def test_golden_ratio() -> None:
    x, y = [[1, 0], [0, 1]], [[1, 1], [1, 0]]  # eigenvalues of Sigma: (3 ± √5)/2
    land = th.LinearLandscape(x, y, hidden=1)
    values = [family.value for family in land.critical_sets()]
    assert [str(value) for value in values] == ["(3-√5)/4", "(3+√5)/4", "3/2"]
    assert all(isinstance(value, AlgebraicSum) for value in values[:2])
    for family in land.critical_sets():
        verdict = land.classify(family.representative())
        assert (verdict.kind, verdict.index) == (family.kind, family.index)
        assert "floats" in str(verdict.evidence)
    origin = land.classify(([[0, 0]], [[0], [0]]))
    assert origin.index == 2
    assert origin.escape is not None
    _check_way_out(land, ([[0, 0]], [[0], [0]]), origin.escape)
    assert str(origin.gap) == "(3+√5)/4"


def test_conjugate_eigenvalues_are_taken_together() -> None:
    x, y = np.eye(3, dtype=int), np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1]])
    land = th.LinearLandscape(x, y, hidden=2)
    point = ([[1, 1, 0], [1, 0, 0]], [[1, 0], [0, 1], [0, 0]])  # both golden directions, the rational one left out
    verdict = land.classify(point)
    assert verdict.critical_set is not None
    assert (verdict.critical_set.label, verdict.value) == ("{1, 3}", F(1, 2))
    assert exact_inertia(land.hessian(point).todense())[:2] == (verdict.index, verdict.nullity) == (1, 4)
    assert verdict.escape is not None
    assert verdict.escape.words == "swap direction 3 for 2"
    _check_way_out(land, point, verdict.escape)


TINY = F(1, 10**30)


def test_near_ties_are_told_apart() -> None:
    y = [[1 + TINY, 0], [0, 1]]
    land = th.LinearLandscape([[1, 0], [0, 1]], y, hidden=1)
    first, second, third = land.critical_sets()
    assert [family.label for family in (first, second, third)] == ["{1}", "{2}", "∅"]
    assert first.value == F(1, 2) < second.value == (1 + TINY) ** 2 / 2
    assert (first.index, second.index) == (0, 1)
    lesser = ([[0, 1]], [[0], [1]])
    verdict = land.classify(lesser)
    assert (verdict.kind, verdict.index) == (th.Kind.STRICT_SADDLE, 1)
    assert verdict.gap == ((1 + TINY) ** 2 - 1) / 2
    assert exact_inertia(land.hessian(lesser).todense()) == (1, 1, 2)
    assert verdict.escape is not None
    _check_way_out(land, lesser, verdict.escape)
    assert np.allclose(np.abs(second.representative()[1]), [[0], [1]], atol=1e-15)


def test_irrational_near_ties() -> None:
    """Two golden blocks, one of them larger by a part in 10^30: directions and representatives stay apart."""
    block = np.array([[1, 1], [1, 0]], dtype=object)
    zero = np.zeros((2, 2), dtype=int)
    y = np.block([[block, zero], [zero, block * (1 + TINY)]])
    land = th.LinearLandscape(np.eye(4, dtype=int), y, hidden=2)
    assert land.count() == 11
    values = [family.value for family in land.critical_sets()]
    assert all(a < b for a, b in pairwise(values))
    larger = land.classify((np.eye(4, dtype=int)[:2], y[:, :2]))
    assert larger.critical_set is not None
    assert larger.critical_set.label == "{2, 4}"
    assert larger.escape is not None
    assert larger.escape.words == "swap direction 4 for 1"
    member = next(family for family in land.critical_sets() if family.label == "{1}").representative()
    assert np.abs(member[1][:2]).max() < 1e-15  # only the larger block
    small = next(family for family in land.critical_sets() if family.label == "{2}")
    assert np.abs(small.representative()[1][2:]).max() < 1e-15


def test_an_idle_unit_takes_up_an_irrational_direction() -> None:
    """Both golden directions of the lesser block and an idle unit: the larger block's first direction can be added."""
    block = np.array([[1, 1], [1, 0]], dtype=object)
    zero = np.zeros((2, 2), dtype=int)
    y = np.block([[block, zero], [zero, block * (1 + TINY)]])
    land = th.LinearLandscape(np.eye(4, dtype=int), y, hidden=3)
    point = ([*np.eye(4, dtype=int)[:2].tolist(), [0] * 4], np.concatenate([y[:, :2], np.zeros((4, 1), int)], axis=1))
    verdict = land.classify(point)
    assert verdict.escape is not None
    _check_way_out(land, point, verdict.escape)


def test_equal_sums_of_different_selections() -> None:
    land = th.LinearLandscape(np.eye(5, dtype=int), np.diag([5, 4, 3, 2, 1]), hidden=5)  # 25 = 16 + 9
    atlas = th.survey(land)
    values = atlas.table.exact
    assert values is not None
    assert list(values) == sorted(F(sum(bits), 2) for bits in product(*[(0, n * n) for n in (5, 4, 3, 2, 1)]))
    labels = {value: [s.label for s in atlas if s.value == value] for value in values}
    assert labels[F(25, 2)] == ["{1, 4, 5}", "{2, 3, 4, 5}"]
    assert sum(level.multiplicity for level in atlas.levels()) == 32
    assert len(atlas.levels()) == len(set(values))


def test_equal_irrational_sums() -> None:
    """Two irrational eigenvalues that add up to a rational one: their families' values are recognised as fractions."""
    y = np.eye(4, dtype=int)
    y[:2, :2] = [[1, 1], [1, 0]]
    land = th.LinearLandscape(np.eye(4, dtype=int), y, hidden=4)  # eigenvalues (3+√5)/2, 1 twice, (3-√5)/2
    values = {family.label: family.value for family in land.critical_sets()}
    assert values["{2²}"] == F(3, 2)
    assert values["{1, 3}"] == F(1)
    assert values["{1, 2, 3}"] == F(1, 2)
    assert values["{1, 2², 3}"] == 0
    assert str(values["{1}"]) == "(7-√5)/4"


@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(1, 6), st.sampled_from([0, 40]))
def test_order_is_exact(roots: list[int], hidden: int, power: int) -> None:
    shift = [F(root) + F(place, 10**power) * (power > 0) for place, root in enumerate(roots)]
    land = th.LinearLandscape(np.eye(len(roots), dtype=int), np.diag(np.array(shift, dtype=object)), hidden=hidden)
    values = [family.value for family in land.critical_sets()]
    assert all(isinstance(value, F) for value in values)
    assert values == sorted(values)
    total = sum(value**2 for value in shift)
    kept = {
        (total - sum(value**2 for value, bit in zip(shift, bits, strict=True) if bit)) / 2
        for bits in product((0, 1), repeat=len(shift))
        if sum(bits) <= hidden
    }
    assert set(values) == kept


def test_decimals_and_floats_are_different_data() -> None:
    text = th.LinearLandscape([["0.1"], ["0.2"]], [["0.3"], ["0.6"]], hidden=1)
    decimal = th.LinearLandscape([[Decimal("0.1")], [Decimal("0.2")]], [[F(3, 10)], [F(6, 10)]], hidden=1)
    assert text.global_minimum().value == decimal.global_minimum().value == 0
    assert text.fingerprint == decimal.fingerprint
    binary = th.LinearLandscape([[F(0.1)], [F(0.2)]], [[F(0.3)], [F(0.6)]], hidden=1)
    assert binary.fingerprint != text.fingerprint
    assert text.classify(([["0.1"]], [[30]])).kind is th.Kind.GLOBAL_MINIMUM
    assert text.classify(([[F(0.1)]], [[30]])).kind is th.Kind.NOT_CRITICAL
    float_data = th.LinearLandscape([[0.1], [0.2]], [[0.3], [0.6]], hidden=1)
    assert "in floating point: X holds floats" in float_data.global_minimum().evidence.scope


def test_exact_refuses_floats_and_names_the_first() -> None:
    with pytest.raises(th.DataError, match=r"Y has the float 0\.5 at row 1, column 0.*Fraction\('0\.5'\)"):
        th.LinearLandscape([[1], [2]], [[F(1, 2)], [0.5]], 1, arithmetic="exact")
    with pytest.raises(th.NotCoveredError, match="weight decay"):
        th.LinearLandscape([[1], [2]], [[1], [2]], 1, arithmetic="exact", l2=1.0)


def test_large_integer_data_stay_in_floats_unless_asked() -> None:
    x = np.random.default_rng(0).integers(0, 17, (1797, 64))
    evidence = th.LinearLandscape(x, x, 2).global_minimum().evidence
    assert evidence.method is th.Method.THEOREM
    assert "samples of 128 columns are more than 20000 numbers" in evidence.scope
    small = th.LinearLandscape(x[:100, :4], x[:100, :4], 2)
    assert small.global_minimum().evidence.method is EXACT
    never = th.LinearLandscape(x[:100, :4], x[:100, :4], 2, arithmetic="float64")
    assert never.global_minimum().evidence.method is th.Method.THEOREM
    asked = th.LinearLandscape(x[:400, :20], x[:400, :20], 1, arithmetic="exact")
    assert asked.global_minimum().evidence.method is EXACT
    assert float(asked.global_minimum().value) == pytest.approx(
        float(th.LinearLandscape(x[:400, :20] * 1.0, x[:400, :20] * 1.0, 1).global_minimum().value), rel=1e-12
    )


def test_batches_are_gathered_exactly() -> None:
    x = np.random.default_rng(1).integers(-3, 4, (20, 3))
    y = np.array([[F(int(row.sum()), 7)] for row in x], dtype=object)
    whole = th.LinearLandscape(x, y, 2, bias=True)
    parts = th.LinearLandscape.from_batches(((x[i : i + 7], y[i : i + 7]) for i in range(0, 20, 7)), 2, bias=True)
    assert whole.fingerprint == parts.fingerprint
    assert parts.global_minimum().value == 0


def test_tolerances_and_float_parameters_are_judged_in_floats() -> None:
    land = th.LinearLandscape(np.eye(2, dtype=int), np.diag([2, 1]), 1)
    point = ([[0, 1]], [[0], [1]])
    assert land.classify(point, rtol=1e-6).evidence.method is th.Method.THEOREM
    nearby = ([[1e-9, 1.0]], [[0.0], [1.0]])
    verdict = land.classify(nearby)
    assert verdict.kind is th.Kind.STRICT_SADDLE
    assert "judged in floating point" in str(verdict.evidence)
    exactly = tuple(np.array([[F(entry) for entry in row] for row in rows], dtype=object) for rows in nearby)
    assert land.classify(exactly).kind is th.Kind.NOT_CRITICAL


def test_reductions_are_exact() -> None:
    x, y = np.eye(3, dtype=int), np.diag([3, 2, 1])
    values = {
        name: [s.value for s in th.LinearLandscape(x, y, 1, reduction=name).critical_sets()]
        for name in ("half_sum", "sum", "mean")
    }
    assert values["sum"] == [F(5), F(10), F(13), F(14)]
    assert values["half_sum"] == [value / 2 for value in values["sum"]]
    assert values["mean"] == [value / 9 for value in values["sum"]]


def test_atlas_round_trip(tmp_path: Path) -> None:
    land = th.LinearLandscape([[1, 0], [0, 1], [1, 1]], [[1, 1], [1, 0], [F(1, 3), 0]], hidden=2)
    atlas = th.survey(land)
    for suffix in (".json", ".npz", ".parquet"):
        path = tmp_path / f"atlas{suffix}"
        atlas.save(path)
        again = th.load_atlas(path, land)
        assert [str(s.value) for s in again] == [str(s.value) for s in atlas]
        assert again[0].evidence == atlas[0].evidence
    page = tmp_path / "atlas.html"
    atlas.to_html(page)
    assert str(atlas[0].value).replace("-", "−") in page.read_text("utf-8")
    rational = th.survey(th.LinearLandscape([[1], [1]], [[1], [F(1, 3)]], hidden=1))
    assert [s.value for s in rational] == [F(1, 9), F(5, 9)]
    rational.save(tmp_path / "rational.json")
    assert '"1/9"' in (tmp_path / "rational.json").read_text("utf-8")
    assert th.load_atlas(tmp_path / "rational.json")[0].value == F(1, 9)


def test_real_data_as_decimals() -> None:
    from theodolite.io import parse_network, prepare, read_table

    network = parse_network("linear:4-2-4")
    x = prepare(read_table("iris", exact=True), network, center=True).X
    land = th.LinearLandscape(x, x, 2, arithmetic="exact")
    floats = th.LinearLandscape(x.astype(float), x.astype(float), 2)
    for one, two in zip(land.critical_sets(), floats.critical_sets(), strict=True):
        assert (one.label, one.index, one.nullity) == (two.label, two.index, two.nullity)
        assert float(one.value) == pytest.approx(float(two.value), rel=1e-12)
    assert land.critical_sets().__next__().evidence.method is EXACT
