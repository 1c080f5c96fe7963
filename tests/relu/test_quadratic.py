"""Least squares in both arithmetics, quadratics on faces, and the exact line search, against slow independent computations."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite._numerics import as_fractions, to_floats
from theodolite.relu._gram import Gram
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._quadratic import Quadratic, least_squares
from theodolite.relu._ray import descend
from theodolite.relu._station import Move, Station, rounded, start

NETWORKS = st.tuples(st.integers(0, 10**6), st.sampled_from(["0", "1/4", "3"]), st.booleans(), st.booleans())


def network(seed: int, slope: str, offset: bool, exact: bool, hidden: int = 3, samples: int = 7) -> Station:
    """Return a random station of small integers with a kink, a repeated row, a zero row and a neuron with z = 0."""
    source = np.random.default_rng(seed)
    rows = source.integers(-3, 4, (samples, 2))
    rows[-1], rows[-2] = -2 * rows[0], 0
    problem = Problem(
        as_fractions(rows),
        as_fractions(source.integers(-3, 4, samples)),
        Fraction(slope),
        hidden,
        offset,
        Fraction(1),
        0.0,
    )
    weights, outer = source.integers(-2, 3, (hidden, 2)), source.integers(-1, 2, hidden)
    chosen = problem if exact else problem.as_float
    return start(chosen, Point(chosen.array(weights), chosen.array(outer), chosen.number(int(offset))))


def value(station: Station, weights, offset):
    """The sum of squares of a network with the outer weights of ``station``, from its definition."""
    problem = station.problem
    total = problem.number(0)
    for row, target in zip(problem.inputs, problem.targets, strict=True):
        output = offset
        for outer, w in zip(station.outer.tolist(), weights, strict=True):
            t = row @ w
            output = output + outer * (t if t >= 0 else problem.slope * t)
        total = total + (output - target) ** 2
    return total


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(0, 5), st.integers(1, 3))
def test_least_squares_is_orthogonal_to_the_columns(seed: int, rows: int, columns: int, sides: int) -> None:
    source = np.random.default_rng(seed)
    matrix, right = source.integers(-2, 3, (rows, columns)), source.integers(-3, 4, (rows, sides))
    exact = least_squares(as_fractions(matrix), as_fractions(right))
    assert exact.shape == (columns, sides)
    assert not (matrix.T @ (right - matrix @ exact)).any()
    close = least_squares(matrix.astype(float), right.astype(float))
    assert np.allclose(matrix @ close, to_floats(matrix @ exact), atol=1e-9)


def test_least_squares_sees_columns_of_all_sizes() -> None:
    source = np.random.default_rng(0)
    scale = 10.0 ** np.array([-150, 0, 150])
    matrix, solution = source.normal(size=(9, 3)), np.array([1.0, -2.0, 3.0])
    assert np.allclose(least_squares(matrix * scale, matrix @ solution) * scale, solution, rtol=1e-12)


@given(NETWORKS)
def test_a_step_minimises_the_quadratic_on_the_face(drawn) -> None:
    station = network(*drawn)
    move = Quadratic(station).step(station)
    problem = station.problem
    basis = np.zeros((station.weights.size + 1, 0))
    columns = []
    for j, outer in enumerate(station.outer.tolist()):
        sides = np.where(station.signs[:, j] > 0, 1, np.where(station.signs[:, j] < 0, float(problem.slope), 0))
        held = to_floats(np.asarray(problem.lines.direction[station.held[:, j]], dtype=object))
        kernel = np.eye(2)
        if len(held):
            _, sizes, right = np.linalg.svd(held)
            kernel = right[int((sizes > 1e-9).sum()) :].T
        columns.append(outer * sides[:, None] * (problem.as_float.inputs @ kernel))
    columns.append(np.ones((problem.samples, int(problem.offset))))
    matrix = np.concatenate(columns, axis=1)
    error = station.error.astype(float)
    best = np.linalg.norm(error - matrix @ (np.linalg.pinv(matrix) @ error)) ** 2
    assert basis.shape[1] == 0
    if move is None:
        assert float(station.sse) == pytest.approx(best, abs=1e-9)
        return
    inner = np.abs(station.problem.product(problem.lines.direction, move.weights.T))[station.held]
    assert (inner.astype(float) < 1e-9).all()
    sides = station.slopes(station.before) * station.outer
    gain = (sides * problem.product(problem.inputs, move.weights.T)).sum(axis=1) + move.offset
    assert float(((station.error + gain) ** 2).sum()) == pytest.approx(best, abs=1e-9)


@given(NETWORKS)
def test_second_moments_give_the_same_step_and_follow_what_changes(drawn) -> None:
    seed, slope, offset, _ = drawn
    gram = None
    for again in range(3):
        station = network(seed, slope, offset, False, samples=9)
        station = start(
            station.problem, Point(station.weights + again * 0.25, station.outer * 1.0, 0.5 * again * offset)
        )
        gram = gram or Gram(station.problem, 3)
        flat = gram.step(station)
        sides = station.slopes(station.before) * station.outer
        gain = (sides * (station.problem.inputs @ flat[:-1].reshape(3, 2).T)).sum(axis=1) + flat[-1]
        move = Quadratic(station).step(station)
        wanted = 0 if move is None else (sides * (station.problem.inputs @ move.weights.T)).sum(axis=1) + move.offset
        assert np.allclose(gain, wanted, atol=1e-6)


@given(NETWORKS, st.booleans())
def test_descent_along_a_ray_stops_at_the_first_minimum(drawn, crossing: bool) -> None:
    station = network(*drawn)
    problem, source = station.problem, np.random.default_rng(drawn[0] + 1)
    weights = problem.array(source.integers(-3, 4, station.weights.shape))
    offset = problem.number(int(source.integers(-2, 3)) * problem.offset)
    across = problem.product(problem.lines.direction, weights.T)
    move = Move(weights, offset, station.held & (across != 0))
    found = descend(station, move, crossing=crossing)
    tiny = Fraction(1, 10**6) if problem.exact else 1e-6
    if found is None:
        assert (
            float(value(station, station.weights + tiny * weights, tiny * offset + station.offset))
            >= float(station.sse) - 1e-9
        )
        return
    place = np.argmax(np.abs(weights.ravel().astype(float)))
    step = ((found.weights - station.weights).ravel()[place] / weights.ravel()[place]) if weights.any() else None
    if step is None:
        return
    assert float(value(station, found.weights, found.offset)) == pytest.approx(float(found.sse), abs=1e-9)
    grid = [step * Fraction(k, 16) if problem.exact else step * k / 16 for k in range(17)]
    values = [float(value(station, station.weights + t * weights, station.offset + t * offset)) for t in grid]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(values))
    if crossing:
        beyond = value(station, station.weights + (step + tiny) * weights, station.offset + (step + tiny) * offset)
        assert float(beyond) >= float(found.sse) - 1e-9


@given(NETWORKS, st.integers(3, 12))
def test_rounding_stays_on_the_kinks(drawn, bits: int) -> None:
    seed, slope, offset, _ = drawn
    station = network(seed, slope, offset, True)
    third = Fraction(1, 3) + Fraction(1, 10**20)
    station = start(
        station.problem, Point(station.weights * third, station.problem.array(station.outer.astype(int)), Fraction(0))
    )
    close = rounded(station, bits)
    assert max(number.denominator.bit_length() for number in close.weights.flat) <= 4 * bits
    assert (close.held >= station.held).all()
    assert np.abs(to_floats(close.weights - station.weights)).max() <= 4 * 2.0**-bits * 9
