"""Verdicts: against the definition by slow sums, small random changes, the listed points, and floats against rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.relu.cases import A, T
from tests.relu.points import SLOPES, critical_by_construction, drop_by_perturbation, fractions, slow_sse
from tests.relu.test_conditions import slow_minimum
from theodolite import Kind
from theodolite._errors import DataError
from theodolite.relu import ReluLandscape

SEEDS = range(160)


def as_floats(params):
    return tuple(np.asarray(part, dtype=object).astype(float) for part in params)


def is_minimum(land, params):
    """The theorem by slow sums: no descent for any neuron, with z = 0 for either sign of it, and the errors add up to 0."""
    problem = land.problem
    weights, outer, *rest = params
    c = rest[0].item() if rest else Fraction(0)
    before = problem.inputs @ weights.T
    error = np.where(before >= 0, before, problem.slope * before) @ outer + c - problem.targets
    if rest and error.sum() != 0:
        return False
    signs = (before > 0).astype(int) - (before < 0).astype(int)
    for j, z in enumerate(outer):
        for s in (1, -1) if z == 0 else (1 if z > 0 else -1,):
            if slow_minimum(problem, error, signs[:, j], s) < 0:
                return False
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_points_that_are_critical_by_construction(seed):
    land, params = critical_by_construction(seed)
    found = land.classify(params)
    assert found.kind is not Kind.UNDECIDED
    assert found.kind.is_minimum == is_minimum(land, params)
    fall = drop_by_perturbation(land, params, seed)
    size = 1 + float(abs(land.problem.targets).sum())
    if found.kind.is_minimum:
        assert fall < 1e-7 * size**2
        assert found.escape is None
    else:
        weights, outer, *rest = params
        start = slow_sse(land.problem.inputs, land.problem.targets, land.problem.slope, weights, outer, (*rest, 0)[0])
        weights, outer, *rest = found.escape.at()
        there = slow_sse(land.problem.inputs, land.problem.targets, land.problem.slope, weights, outer, (*rest, 0)[0])
        assert (start - there) / 2 == found.escape.decrease > 0
        assert (found.kind is Kind.NOT_CRITICAL) == (found.escape.order == 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_floats_agree_with_rationals_or_leave_it_open(seed):
    land, params = critical_by_construction(seed)
    exact = land.classify(params).kind
    floating = land.classify(as_floats(params))
    assert floating.kind in (exact, Kind.UNDECIDED)
    if floating.kind is Kind.UNDECIDED:
        assert land.problem.slope == Fraction(1, 10)  # no float is a tenth: everything else is decided
        assert not floating.evidence.complete
        assert floating.evidence.scope
    apart = ReluLandscape(
        land.problem.inputs,
        land.problem.targets,
        land.problem.hidden,
        output_bias=land.problem.offset,
        negative_slope=land.problem.slope,
        arithmetic="float64",
    )
    assert apart.classify(params).kind in (exact, Kind.UNDECIDED, Kind.LOCAL_MINIMUM)


@pytest.mark.parametrize("case", [*T, *A], ids=str)
def test_listed_points_are_minima_of_their_level(case):
    """Every listed point with all output weights not 0, balanced and not, exactly and in floats."""
    tested = 0
    for sse, neurons in (*case.kinked, *case.smooth, *case.examples):
        for factor in (Fraction(1), Fraction(3)):
            weights = fractions([[Fraction(x) / factor * (1 if s == "+" else -1) for x in r] for _, s, r in neurons])
            outer = fractions([factor * (1 if s == "+" else -1) for _, s, _ in neurons])
            land = ReluLandscape(
                fractions(case.inputs),
                fractions(case.targets),
                case.hidden,
                output_bias=case.offset,
                negative_slope=Fraction(case.slope),
                reduction="sum",
            )
            params = (weights, outer)
            if case.offset:
                before = land.problem.inputs @ weights.T
                rest = land.problem.targets - np.where(before >= 0, before, land.problem.slope * before) @ outer
                params = (*params, np.array(rest.sum() / len(rest), dtype=object))
            found = land.classify(params)
            assert found.kind.is_minimum
            assert found.value == Fraction(sse)
            assert is_minimum(land, params)
            lowest = min(Fraction(level) for level in case.levels)
            if found.kind is Kind.GLOBAL_MINIMUM:
                assert Fraction(sse) == lowest
            if found.kind is Kind.SPURIOUS_MINIMUM:
                assert Fraction(sse) > lowest
            floating = land.classify(as_floats(params)).kind
            assert floating in (found.kind, Kind.UNDECIDED, Kind.LOCAL_MINIMUM)
            tested += 1
    assert tested or not (case.kinked or case.smooth or case.examples)


def test_values_of_cells_with_two_neurons_call_a_minimum_spurious():
    """T8: two neurons on two orthogonal samples; the dead network has S = 2, each cell less."""
    land = ReluLandscape([[1, 0], [0, 1]], [1, -1], 2)
    dead = land.classify(([[-1, -1], [-1, -1]], [1, 1]))
    assert dead.kind is Kind.SPURIOUS_MINIMUM
    assert dead.gap is None or dead.gap == 1
    assert (dead.index, dead.nullity) == (0, 6)
    best = land.classify(([[1, -1], [-1, 1]], [1, -1]))
    assert (best.kind, best.gap, best.value) == (Kind.GLOBAL_MINIMUM, 0, 0)


def test_values_that_no_network_attains_prove_nothing():
    """T9: the in-cell value 2 of -++- is not attained, the lowest level is 3."""
    land = ReluLandscape([[1, 0], [0, 1], [1, 1], [1, -1]], [1, 2, -1, 1], 1, reduction="sum")
    found = land.classify(([[-2, 2]], [1]))
    assert (found.value, found.kind) == (3, Kind.LOCAL_MINIMUM)
    assert land.classify(([[Fraction(3, 5), Fraction(-3, 5)]], [1])).kind in (Kind.SPURIOUS_MINIMUM, Kind.LOCAL_MINIMUM)


def test_unlimited_width_proves_a_global_minimum():
    """T3: no width does better than 9/5 on samples 1 and 2 with targets 1 and -1."""
    land = ReluLandscape([[1], [2]], [1, -1], 1, reduction="sum")
    found = land.classify(([[Fraction(1, 5)]], [-1]))
    assert (found.kind, found.gap) == (Kind.GLOBAL_MINIMUM, 0)


def test_a_gradient_that_autodiff_calls_zero():
    land = ReluLandscape([[1]], [1], 1)
    found = land.classify(([[0]], [1]))
    assert found.kind is Kind.NOT_CRITICAL
    assert found.autodiff_is_zero
    assert "zero gradient" in str(found)
    assert found.escape.decrease == Fraction(1, 2)


def test_what_was_classified_before_counts():
    land = ReluLandscape([[1, 0], [0, 1], [1, 1], [1, -1]], [1, 2, -1, 1], 1)
    plain = land.classify(([[0, 0]], [-1]))
    assert plain.kind is Kind.SPURIOUS_MINIMUM
    assert "attained" in str(plain.evidence)


@pytest.mark.parametrize("power", [-8, -3, 0, 3, 8])
def test_scales_of_rows_and_columns_do_not_matter(power):
    """A neuron at the kink of one sample, a convex one: rows and columns from 1e-8 to 1e8."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((40, 3))
    w = rng.standard_normal(3)
    x[0] -= (x[0] @ w) / (w @ w) * w
    columns, rows = 10.0 ** np.array([0, power, -power]), 10.0 ** (power * rng.integers(0, 2, 40))
    x, w = x * columns * rows[:, None], w / columns
    x[0, 2] = -(x[0, 0] * w[0] + x[0, 1] * w[1]) / w[2]
    active = (x @ w > 0) & (np.arange(40) > 0)
    inside = np.linalg.svd(x[:1] / columns, full_matrices=True)[2][1:].T / columns[:, None]
    target = rows * rng.standard_normal(40)
    span = (x * active[:, None]) @ inside
    span = span / np.linalg.norm(span, axis=0)
    e = target - span @ np.linalg.lstsq(span, target, rcond=None)[0]
    unit, pull = x[0] / columns, (active * e) @ (x / columns)
    share = float(pull @ unit / (unit @ unit))
    e[1:] *= -np.sign(share)
    for strength, kinds in ((3, (Kind.LOCAL_MINIMUM, Kind.SPURIOUS_MINIMUM)), (-3, (Kind.NOT_CRITICAL,))):
        e[0] = strength * abs(share)
        found = ReluLandscape(x, np.where(active, x @ w, 0) - e, 1).classify(([w], [1.0]))
        assert found.kind in kinds, found


def test_large_networks_are_quick_to_refuse_and_to_accept():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20_000, 4))
    params = rng.standard_normal((50, 4)), rng.standard_normal(50), rng.standard_normal(50) / 50, np.array(0.0)
    before = x @ params[0].T + params[1]
    ones = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    columns = np.concatenate([(before > 0)[:, [j]] * ones for j in range(50)] + [ones[:, -1:]], axis=1)
    noise = rng.standard_normal(len(x))
    gram = columns.T @ columns
    error = noise.copy()
    for _ in range(3):
        error -= columns @ np.linalg.solve(gram, columns.T @ error)
    land = ReluLandscape(x, np.maximum(before, 0) @ params[2] - error, 50, bias=True, output_bias=True)
    found = land.classify(params)
    assert found.kind in (Kind.LOCAL_MINIMUM, Kind.SPURIOUS_MINIMUM)
    assert (found.index, found.nullity) == (0, 50)
    assert found.distance < 1e-9
    other = land.classify((params[0], params[1], params[2] + 0.1, params[3]))
    assert other.kind is Kind.NOT_CRITICAL
    assert land.loss(other.escape.at()) < other.value


def test_losses_beyond_floats_are_refused():
    with pytest.raises(DataError, match="overflows"):
        ReluLandscape([[1.0]], [1.0], 1).classify(([[1e200]], [1e200]))


def test_too_many_rays_are_counted():
    rng = np.random.default_rng(0)
    land = ReluLandscape(rng.integers(-9, 10, (60, 8)), rng.integers(-9, 10, 60), 1)
    found = land.classify(([[0] * 8], [1]))
    assert found.kind is Kind.NOT_CRITICAL or "rays" in str(found.evidence)


@pytest.mark.parametrize("number", [Fraction, float])
def test_weights_at_the_origin_with_many_samples(number):
    """With targets below 0 and positive output weights, all weights 0 is a local minimum; with targets above 0 it is not."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(-9, 10, (300, 5)), rng.integers(-9, 10, 300)
    origin = np.zeros((2, 5), dtype=int), np.ones(2, dtype=int)
    params = tuple(fractions(part) if number is Fraction else part.astype(float) for part in origin)
    below = ReluLandscape(x, -abs(y), 2).classify(params)
    assert below.kind is Kind.SPURIOUS_MINIMUM
    above = ReluLandscape(x, abs(y), 2).classify(params)
    assert above.kind is Kind.NOT_CRITICAL
    assert above.autodiff_is_zero
    assert above.escape.decrease > 0


def test_several_outputs():
    x, y = [[1, 0], [0, 1]], [[2, 0], [0, 1]]
    land = ReluLandscape(x, y, 1)
    assert land.classify(([[0, 0]], [[0], [0]])).kind is Kind.UNDECIDED
    moved = land.classify(([[1, 1]], [[1], [1]]))
    assert moved.kind is Kind.NOT_CRITICAL
    assert land.loss(moved.escape.at()) == moved.value - moved.escape.decrease
    known = land.classify(([[-1, 1]], [[0], [1]]))
    assert (known.kind, known.value) == (Kind.UNDECIDED, 2)
    assert "2 outputs" in known.evidence.scope
    fit = ReluLandscape(x, y, 2).classify(([[1, 0], [0, 1]], [[2, 0], [0, 1]]))
    assert (fit.kind, fit.gap) == (Kind.GLOBAL_MINIMUM, 0)
    floating = land.classify(([[1.0, 1.0]], [[1.0], [1.0]]))
    assert floating.kind is Kind.NOT_CRITICAL
    assert land.loss(floating.escape.at()) < floating.value


@given(st.data())
def test_whatever_the_data(data):
    d, n, h = (data.draw(st.integers(1, most)) for most in (2, 4, 2))
    entry = st.sampled_from([0, 0, 1, -1, 2, Fraction(1, 3)])
    rows = fractions(data.draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=n, max_size=n)))
    y = fractions(data.draw(st.lists(entry, min_size=n, max_size=n)))
    weights = fractions(data.draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=h, max_size=h)))
    outer = fractions(data.draw(st.lists(entry, min_size=h, max_size=h)))
    offset, slope = data.draw(st.booleans()), data.draw(st.sampled_from(SLOPES))
    land = ReluLandscape(rows, y, h, output_bias=offset, negative_slope=slope)
    params = (weights, outer, *([np.array(data.draw(entry), dtype=object)] if offset else []))
    if offset:
        params = (*params[:2], fractions(params[2]).reshape(()))
    found = land.classify(params)
    assert found.kind.is_minimum == is_minimum(land, params)
    floating = land.classify(as_floats(params))
    assert floating.kind in (found.kind, Kind.UNDECIDED, Kind.LOCAL_MINIMUM)
    if floating.escape is not None:
        assert floating.escape.decrease > 0


@pytest.mark.parametrize("size", [1e12, 1e14, 1e16, 1e20])
def test_large_weights_that_cancel_are_not_called_global(size: float) -> None:
    rng = np.random.default_rng(0)
    land = ReluLandscape(rng.normal(size=(20, 1)), rng.normal(size=20), hidden=2, bias=True)
    lowest = land.global_minimum()
    verdict = land.classify(([[size], [size]], [0.3 * size, 0.3 * size], [1.0, -1.0]))
    assert float(verdict.value) > 1.3 * float(lowest.value)
    assert verdict.kind is not Kind.GLOBAL_MINIMUM
    if verdict.kind.is_minimum:  # one of the two-neuron minima of this cell is within round-off of such weights
        assert verdict.nearest is not None
        assert land.classify(verdict.nearest).kind.is_minimum
