"""The test of one neuron, against minima of h over the extreme rays found the slow way, and against each other."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite._numerics import exact_nullspace, exact_rank
from theodolite.relu._conditions import decide, neuron_condition, vanishes
from theodolite.relu._majorise import without_rays
from theodolite.relu._one_sided import OneSided, one_sided
from theodolite.relu._problem import Problem
from theodolite.relu._zonotope import in_zonotope

SLOPES = (Fraction(0), Fraction(1, 10), Fraction(1, 2), Fraction(2))


def fractions(values):
    array = np.asarray(values, dtype=object)
    out = np.empty(array.shape, dtype=object)
    out.flat = [Fraction(x) for x in array.flat]
    return out


def problem(rows, gamma=0):
    rows = fractions(rows)
    return Problem(rows, fractions([0] * len(rows)), Fraction(gamma), 1, False, Fraction(1, 2), 0.0)


def slow_value(task, error, signs, s, v):
    """h(v) from the definition: the derivative of s times the sum of e_i times the activation."""
    total = Fraction(0)
    for x, e, sign in zip(task.inputs, error, signs, strict=True):
        t = sum(a * b for a, b in zip(x, v, strict=True))
        up = sign > 0 or (sign == 0 and t > 0)
        total += s * e * (t if up else task.slope * t)
    return total


def slow_minimum(task, error, signs, s):
    """The sign of the minimum of h: over every ray orthogonal to all but one dimension of the kinks, and the lineality."""
    kinks = [x for x, sign in zip(task.inputs, signs, strict=True) if sign == 0 and any(x)]
    d = task.width
    kernel = exact_nullspace(np.array(kinks, dtype=object)) if kinks else fractions(np.eye(d, dtype=int))
    rays = [kernel[:, k] for k in range(kernel.shape[1])]
    rank = d - kernel.shape[1]
    for size in range(rank):
        for chosen in itertools.combinations(kinks, size):
            rows = np.array([*chosen, *kernel.T], dtype=object).reshape(-1, d)
            if exact_rank(rows) == d - 1:
                found = exact_nullspace(rows)
                rays.append(found[:, 0])
    if rank == 1:
        rays.append(kinks[0])
    if d == 1 and not kinks:
        rays.append(fractions([1]))
    return min((slow_value(task, error, signs, s, sign * v) for v in rays for sign in (1, -1)), default=Fraction(0))


@pytest.mark.parametrize("gamma", SLOPES)
@pytest.mark.parametrize("seed", range(150))
def test_rationals_and_floats_against_all_rays(gamma, seed):
    rng = np.random.default_rng(seed)
    d, n = int(rng.integers(1, 4)), int(rng.integers(1, 7))
    rows = rng.integers(-1, 2, (n, d)) if seed % 2 else rng.integers(-3, 4, (n, d))
    task = problem(rows, gamma)
    error = fractions(rng.integers(-2, 3, n) if seed % 3 else rng.integers(0, 3, n))
    signs = rng.integers(-1, 2, n).astype(np.int8) * (rng.random(n) < (0.3 if seed % 4 else 0.0))
    signs = np.where((rows == 0).all(axis=1), 0, signs).astype(np.int8)
    for s in (1, -1):
        found = neuron_condition(task, error, signs, s)
        assert found.holds == (slow_minimum(task, error, signs, s) >= 0)
        if not found.holds:
            assert slow_value(task, error, signs, s, found.direction) == found.slope < 0
        floating = neuron_condition(task.as_float, error.astype(float), signs, s)
        assert floating.holds in (None, found.holds)
        if floating.holds is False:
            assert slow_value(task, error, signs, s, fractions(floating.direction)) < 0
    zero = neuron_condition(task, error, signs, 0)
    lowest = [slow_minimum(task, error, signs, s) for s in (1, -1)]
    assert zero.holds == all(low >= 0 for low in lowest)
    if not zero.holds:
        assert slow_value(task, error, signs, 1, zero.direction) == zero.slope != 0
    floating = neuron_condition(task.as_float, error.astype(float), signs, 0)
    assert floating.holds in (None, zero.holds)


def test_errors_of_one_sign_at_the_origin():
    """With w = 0 a ReLU neuron passes exactly if s e_i >= 0 allows no way up; floats say the same although it is a tie."""
    task = problem([[1, 0], [0, 1], [1, 1], [-1, 2]])
    error = fractions([1, 2, 3, 1])
    signs = np.zeros(4, dtype=np.int8)
    assert neuron_condition(task, error, signs, 1).holds
    assert neuron_condition(task.as_float, error.astype(float), signs, 1).holds
    assert neuron_condition(task, error, signs, -1).holds is False
    assert neuron_condition(task.as_float, error.astype(float), signs, -1).holds is False


def test_a_subgradient_that_is_zero_is_not_enough():
    found = neuron_condition(problem([[1]]), fractions([-1]), np.zeros(1, dtype=np.int8), 1)
    assert found.holds is False
    assert found.direction[0] > 0


def test_a_minimum_with_a_concave_kink_among_dependent_lines():
    task = problem([[1, 0], [0, 1], [1, 1]])
    error = fractions([Fraction(3, 2), Fraction(3, 2), -1])
    assert neuron_condition(task, error, np.zeros(3, dtype=np.int8), 1).holds
    assert neuron_condition(task.as_float, error.astype(float), np.zeros(3, dtype=np.int8), 1).holds


@pytest.mark.parametrize("gamma", [Fraction(0), Fraction(1, 2)])
def test_kinks_count_by_line_and_not_by_row(gamma):
    error = fractions([2, -1, 1])
    assert neuron_condition(problem([[1], [1], [-1]], gamma), error, np.zeros(3, dtype=np.int8), 1).holds


def convex_form(rng, lines, d, inside):
    """0 is at the relative place ``inside`` between the centre of a random zonotope (0) and its boundary (1)."""
    directions = fractions(rng.integers(-5, 6, (lines, d)) * 2 + 1)
    right, left = fractions(rng.integers(1, 9, lines)), fractions(rng.integers(1, 9, lines))
    v = fractions(rng.integers(-9, 10, d) * 2 + 1)
    across = directions @ v
    vertex = np.where(across > 0, right, -left) @ directions
    centre = ((right - left) / 2) @ directions
    linear = -(centre + inside * (vertex - centre))
    return plain(linear, right, left, directions)


def plain(linear, right, left, directions):
    lines, d = directions.shape
    return OneSided(linear, right, left, directions, np.full(lines, -1), np.zeros(d), np.zeros(lines), np.zeros(lines))


@pytest.mark.parametrize("inside", [Fraction(0), Fraction(99, 100), Fraction(1), Fraction(101, 100)])
@pytest.mark.parametrize("seed", range(5))
def test_zonotope_inside_outside_and_at_a_vertex(inside, seed):
    """Forty lines in five dimensions: too many rays, so the linear program and its rational confirmation decide."""
    found = in_zonotope(convex_form(np.random.default_rng(seed), 40, 5, inside), 0)
    assert found.holds is (inside <= 1)


@pytest.mark.parametrize("seed", range(10))
def test_too_many_rays_are_refuted_proven_or_counted(seed):
    """Concave kinks that the convex ones carry by construction, and the same with more than they can carry."""
    rng = np.random.default_rng(seed)
    form = convex_form(rng, 30, 5, Fraction(1, 2))
    chosen = rng.integers(-3, 4, (6, 30))
    extra = fractions(chosen) @ form.directions
    weight = fractions([Fraction(1, 400)] * 6)
    both = plain(
        form.linear,
        np.concatenate([form.right, -weight]),
        np.concatenate([form.left, -weight]),
        np.concatenate([form.directions, extra]),
    )
    assert without_rays(both, 10**9).holds
    heavy = plain(
        both.linear,
        np.concatenate([form.right, -99 * weight]),
        np.concatenate([form.left, -99 * weight]),
        both.directions,
    )
    found = without_rays(heavy, 10**9)
    if found.holds is False:
        assert heavy.value(found.direction) < 0
    else:
        assert found.rays == 10**9


@given(st.data())
def test_whatever_the_rows(data):
    d, n = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 5))
    entry = st.sampled_from([0, 0, 1, -1, 2, -3])
    unit = fractions(data.draw(st.lists(st.sampled_from([1, Fraction(1, 10**8), 10**8]), min_size=d, max_size=d)))
    rows = data.draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=n, max_size=n))
    error = fractions(data.draw(st.lists(st.sampled_from([0, 1, -1, 3]), min_size=n, max_size=n)))
    signs = np.array(data.draw(st.lists(st.integers(-1, 1), min_size=n, max_size=n)), dtype=np.int8)
    rows = fractions(rows).reshape(n, d) * unit
    signs = np.where([any(row) for row in rows], signs, 0).astype(np.int8).reshape(n)
    task = problem(rows, data.draw(st.sampled_from(SLOPES)))
    for s in (1, -1):
        found = neuron_condition(task, error, signs, s)
        assert found.holds == (slow_minimum(task, error, signs, s) >= 0)
        assert neuron_condition(task.as_float, error.astype(float), signs, s).holds in (None, found.holds)
        form = one_sided(task, error, signs, s)
        assert decide(form).holds == found.holds
        assert vanishes(form).holds == neuron_condition(task, error, signs, 0).holds
