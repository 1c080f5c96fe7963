"""Every local minimum: exact cases, the screen against plain rationals, descents, and an independent test of neurons."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.relu.cases import CASES, Case
from tests.relu.listing import degenerate, listed, signs
from theodolite.relu._conditions import neuron_condition
from theodolite.relu._members import member
from theodolite.relu._minima import solve_plainly
from theodolite.relu._patterns import Patterns, patterns
from theodolite.relu._problem import Problem
from theodolite.relu._strata import Place, strata
from theodolite.relu._supports import pieces, spots, stratum_count

ids = str


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_levels(case: Case) -> None:
    faces = patterns(case.problem)
    found: dict[Fraction, list[int]] = {}
    for solution in listed(faces):
        level = found.setdefault(solution.sse, [0, 0])
        level[0] += stratum_count(solution, case.hidden, differentiable=True)
        level[1] += stratum_count(solution, case.hidden, differentiable=False)
    assert {sse: tuple(level) for sse, level in found.items()} == {Fraction(s): n for s, n in case.levels.items()}


@pytest.mark.parametrize("case", [case for case in CASES if case.cells], ids=ids)
def test_genuine(case: Case) -> None:
    faces = patterns(case.problem)
    assert (faces.cells, len(faces)) == (case.cells, case.covectors)
    genuine = {}
    for solution in listed(faces):
        for neurons in spots(solution, case.hidden):
            if all(face < faces.cells for face, _ in neurons):
                genuine[tuple(sorted(signs(faces, face) for face, _ in neurons))] = solution.sse
    assert len(genuine) == case.genuine
    for cells, sse, _, _, expected in case.in_cell:
        assert (genuine.get(tuple(sorted(cells))) == Fraction(sse)) is expected
    if case.histogram:
        counted = Counter(genuine.values())
        assert counted == {Fraction(sse): count for sse, (count, _) in case.histogram.items() if count}


@pytest.mark.parametrize("case", [case for case in CASES if case.cells], ids=ids)
def test_unique_points(case: Case) -> None:
    faces = patterns(case.problem)
    found = set()
    for solution in listed(faces):
        for place in strata(faces, case.hidden, solution):
            if place.unique and not place.differentiable and all(sign for _, sign in place.spots):
                found.add((solution.sse, _neurons(place)))
    assert found == {
        (Fraction(sse), tuple(sorted((face, sign, tuple(map(Fraction, r))) for face, sign, r in neurons)))
        for sse, neurons in case.kinked
    }


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_points_named(case: Case) -> None:
    faces = patterns(case.problem)
    places = [place for solution in listed(faces) for place in strata(faces, case.hidden, solution)]
    for sse, neurons in case.smooth + case.examples:
        wanted = tuple(sorted((face, sign, tuple(map(Fraction, r))) for face, sign, r in neurons))
        kinds = sorted((face, sign) for face, sign, _ in wanted)
        (place,) = [p for p in places if sorted((signs(faces, f), "-0+"[s + 1]) for f, s in p.spots) == kinds]
        assert place.solution.sse == Fraction(sse)
        if place.unique:
            assert _neurons(place) == wanted


def _neurons(place: Place) -> tuple[tuple[str, str, tuple[Fraction, ...]], ...]:
    point = member(place, None)
    return tuple(
        sorted(
            (signs(place.patterns, face), "-0+"[sign + 1], tuple(z * entry for entry in w))
            for (face, sign), z, w in zip(place.spots, point.outer, point.weights, strict=True)
        )
    )


@given(st.integers(0, 10**6))
def test_screen_changes_nothing(seed: int) -> None:
    problem = degenerate(seed)
    faces = patterns(problem)
    plain = [s for item in pieces(faces, problem.hidden) for s in solve_plainly(faces, problem.hidden, item)]
    quick = listed(faces)
    assert [s.support for s in quick] == [s.support for s in plain]
    assert [s.zeros for s in quick] == [s.zeros for s in plain]


@given(st.integers(0, 10**6))
def test_rounded_data(seed: int) -> None:
    """Floats that are integers give the same list, all of it clearly (a slope of 0.1 as a float is another number)."""
    exact = degenerate(seed)
    if exact.slope == Fraction(1, 10):
        exact = replace(exact, slope=Fraction(1, 8))
    rounded = replace(exact.as_float, epsilon=2.0**-53)
    expected, found = listed(patterns(exact)), listed(patterns(rounded))
    assert {s.support: stratum_count(s, exact.hidden) for s in found if s.decided} == {
        s.support: stratum_count(s, exact.hidden) for s in expected
    }
    assert all(solution.margin is not None for solution in found)
    levels = {s.support: float(s.sse) for s in expected}
    assert all(abs(float(s.sse) - levels[s.support]) < 1e-9 for s in found)


def test_close_calls_are_said() -> None:
    """Decimal targets that are linear but for their last bit: whether e = 0 is hidden, and so is what depends on it."""
    problem = Problem(
        inputs=np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        targets=np.array([0.1, 0.2, 0.3]),
        slope=0.0,
        hidden=2,
        offset=False,
        scale=1.0,
        epsilon=2.0**-53,
    )
    best = [solution for solution in listed(patterns(problem)) if solution.sse < 1e-20]
    assert best
    assert all(solution.unclear or not solution.decided for solution in best if solution.sse)
    clear = [solution for solution in listed(patterns(problem)) if solution.decided and solution.sse > 1e-3]
    assert clear
    assert all(solution.margin is not None and solution.margin >= 1e3 for solution in clear)


@given(st.integers(0, 10**6), st.floats(-9, 9))
def test_scaled_rows(seed: int, power: float) -> None:
    """Rows of very different lengths change fits, not clarity: rationals and floats still agree."""
    exact = degenerate(seed)
    inputs = exact.inputs.copy()
    inputs[0] *= Fraction(2) ** int(3 * power)
    exact = replace(exact, inputs=inputs, slope=Fraction(0))
    rounded = replace(exact.as_float, epsilon=2.0**-53)
    expected = {solution.support for solution in listed(patterns(exact))}
    assert {solution.support for solution in listed(patterns(rounded)) if solution.decided} <= expected
    assert expected <= {solution.support for solution in listed(patterns(rounded))}


@given(st.integers(0, 10**6))
def test_neurons_pass_their_own_test(seed: int) -> None:
    """Strata that are listed pass the test of single points, those that are not do not."""
    problem = degenerate(seed)
    faces = patterns(problem)
    for solution in listed(faces)[:12]:
        passing = {
            face: {
                sign for sign in (-1, 0, 1) if neuron_condition(problem, solution.error, faces.signs[face], sign).holds
            }
            for face in range(len(faces))
        }
        assert all(sign in passing[face] for face, sign in solution.support.pairs)
        assert solution.zeros == tuple(face for face in passing if 0 in passing[face])
        if problem.offset:
            assert solution.error.sum() == 0


@pytest.mark.parametrize("seed", range(6))
def test_descents_end_on_listed_levels(seed: int) -> None:
    problem = degenerate(1000 + seed)
    levels = sorted({float(solution.sse) for solution in listed(patterns(problem))})
    for end in _descents(problem.as_float, seed, 12):
        assert min(abs(end - level) for level in levels) < 2e-3 * (1 + end)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_more_descents_end_on_listed_levels(seed: int) -> None:
    problem = degenerate(5000 + seed)
    levels = sorted({float(solution.sse) for solution in listed(patterns(problem))})
    for end in _descents(problem.as_float, seed, 60):
        assert min(abs(end - level) for level in levels) < 2e-3 * (1 + end)


def _descents(problem: Problem, seed: int, count: int) -> np.ndarray:
    """Return where gradient descents with falling steps come to rest: those that still move are left out."""
    rng = np.random.default_rng(seed)
    x, y, slope = problem.inputs, problem.targets, float(problem.slope)
    w, z = rng.normal(size=(count, problem.hidden, problem.width)), rng.normal(size=(count, problem.hidden))
    c = np.zeros(count)
    earlier = np.full(count, np.inf)
    for step in range(40001):
        t = np.einsum("chd,nd->chn", w, x)
        s = np.where(t > 0, t, slope * t)
        e = np.einsum("ch,chn->cn", z, s) + c[:, None] - y
        sse = (e**2).sum(1)
        if step % 20000 == 0:
            settled = np.abs(earlier - sse) < 1e-5
            earlier = sse
        if step == 20000:  # a limit on a kink that descends on its other side lets go
            z, w = z + 1e-3 * rng.normal(size=z.shape), w + 1e-3 * rng.normal(size=w.shape)
        rate = 0.004 / (1 + step / 10000)
        d = np.where(t > 0, 1.0, slope)
        dz, dw = np.einsum("cn,chn->ch", e, s), np.einsum("cn,ch,chn,nd->chd", e, z, d, x)
        length = np.sqrt((dz**2).sum(1) + (dw**2).sum((1, 2)))
        rate = rate / np.maximum(1, length / 100)  # no step so long that the descent leaves
        z, w = z - rate[:, None] * dz, w - rate[:, None, None] * dw
        if problem.offset:
            c = c - rate * e.sum(1)
    return sse[settled]


def test_members_are_local_minima() -> None:
    """Perturbed in all parameters, at every stratum of small problems, the loss never falls beyond second-order curvature."""
    rng = np.random.default_rng(5)
    for seed in range(12):
        problem = degenerate(seed)
        faces = patterns(problem)
        for solution in listed(faces)[:30]:
            for place in list(strata(faces, problem.hidden, solution))[:3]:
                _check_minimum(place, rng)


def _check_minimum(place: Place, rng: np.random.Generator) -> None:
    problem = place.patterns.problem.as_float
    point = member(place, rng).converted(problem)
    x, y, slope = problem.inputs, problem.targets, float(problem.slope)
    scale = max(1.0, float(np.abs(point.weights).max()), float(np.abs(point.outer).max()))
    base = float(place.solution.sse)
    for size in (1e-4, 1e-6):
        w = point.weights + size * rng.normal(size=(400, *point.weights.shape)) / scale
        z = point.outer + size * rng.normal(size=(400, problem.hidden)) / scale
        c = point.offset + (size * rng.normal(size=400) / scale if problem.offset else np.zeros(400))
        t = np.einsum("chd,nd->chn", w, x)
        e = np.einsum("ch,chn->cn", z, np.where(t > 0, t, slope * t)) + c[:, None] - y
        assert ((e**2).sum(1) >= base - 1e-12 * (1 + base) * scale**2).all(), place.spots


def test_large_enough_to_matter() -> None:
    """Twenty samples: everything that the screen lets pass is decided, and lowest values are attained by members."""
    rng = np.random.default_rng(3)
    problem = Problem(
        inputs=np.array([[Fraction(int(a)), Fraction(1)] for a in rng.permutation(60)[:20]], dtype=object),
        targets=np.array([Fraction(int(a)) for a in rng.integers(-9, 10, 20)], dtype=object),
        slope=Fraction(0),
        hidden=2,
        offset=False,
        scale=Fraction(1),
        epsilon=0.0,
    )
    faces: Patterns = patterns(problem)
    found = listed(faces)
    best = min(found, key=lambda solution: solution.sse)
    place = next(strata(faces, 2, best))
    before = problem.product(problem.inputs, member(place, None).weights.T)
    error = problem.activate(before) @ member(place, None).outer - problem.targets
    assert (error**2).sum() == best.sse
    assert len({solution.sse for solution in found}) > 50
