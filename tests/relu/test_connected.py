"""Plateaus: paths between touching strata stay among local minima; what does not touch is apart."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.relu.cases import CASES, Case
from tests.relu.listing import degenerate, listed
from theodolite._errors import NotCoveredError, WorkloadError
from theodolite.relu import _connected
from theodolite.relu._conditions import neuron_condition
from theodolite.relu._connected import plateaus, touches
from theodolite.relu._members import member
from theodolite.relu._patterns import Patterns, patterns
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._strata import Place
from theodolite.relu._supports import spots


def by_name(name: str) -> Case:
    (case,) = [case for case in CASES if case.name == name]
    return case


def counted(case: Case) -> dict[Fraction, int]:
    """Return how many plateaus each level has."""
    faces = patterns(case.problem)
    found: dict[Fraction, int] = {}
    for plateau in plateaus(faces, case.hidden, listed(faces)):
        found[plateau.sse] = found.get(plateau.sse, 0) + 1
    return found


def test_plateaus_by_hand() -> None:
    # One sample on each side: two lone minima and one at the kink; with two neurons one fits both samples.
    assert counted(by_name("T1")) == {Fraction(1): 2, Fraction(2): 1}
    # The dead cell, its border, and the minima with v = 0 there are one plateau.
    assert counted(by_name("T3")) == {Fraction(9, 5): 1, Fraction(2): 1}
    # y = 0: everything that gives 0 hangs together through weights 0.
    assert counted(by_name("T17")) == {Fraction(0): 1}
    # Three least squares fits of two samples each, three of one sample, and the origin.
    assert counted(by_name("T18")) == {Fraction(1): 3, Fraction(2): 3, Fraction(3): 1}


@given(st.integers(0, 10**6))
def test_paths_stay_among_local_minima(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = degenerate(seed)
    faces = patterns(problem)
    groups: dict[tuple[Fraction, ...], list[Place]] = {}
    for solution in listed(faces)[:15]:
        for one in spots(solution, problem.hidden):
            groups.setdefault(tuple(solution.error), []).append(Place(faces, solution, one))
    for places in groups.values():
        places = [places[i] for i in rng.permutation(len(places))[:12]]
        touching = touches(faces, [place.spots for place in places])
        for i, j in np.argwhere(touching)[:12]:
            check_path(places[i], places[j])


def check_path(upper: Place, lower: Place) -> None:
    """Walk from a member of one stratum to one of a stratum that its closure meets."""
    start, end = member(upper, None), member(lower, None)
    order = _pairing(upper, lower)
    sides = [sign for _, sign in lower.spots]
    products = [start.outer[order[j]] * start.weights[order[j]] for j in range(upper.hidden)]
    for t in (Fraction(1), Fraction(1, 3), Fraction(1, 1000)):
        weights, outer = [], []
        for j, (_, sign) in enumerate(upper.spots[k] for k in order):
            goal = end.outer[j] * end.weights[j]
            product = t * products[j] + (1 - t) * goal
            if sides[j]:
                outer.append(end.outer[j])
                weights.append(product / end.outer[j])
            elif sign:  # output weights that fall to 0: first on the face, then, once 0, the weights turn
                outer.append(t * start.outer[order[j]])
                weights.append(start.weights[order[j]])
            else:
                outer.append(Fraction(0))
                weights.append(t * start.weights[order[j]] + (1 - t) * end.weights[j])
        offset = t * start.offset + (1 - t) * end.offset
        check_minimum(upper, Point(np.array(weights, dtype=object), np.array(outer, dtype=object), offset))


def check_minimum(place: Place, point: Point) -> None:
    problem = place.patterns.problem
    evaluation = Evaluation(problem, point)
    assert evaluation.sse == place.solution.sse
    for j in range(place.hidden):
        signs = np.array([(v > 0) - (v < 0) for v in evaluation.before[:, j]], dtype=np.int8)
        side = (point.outer[j] > 0) - (point.outer[j] < 0)
        assert neuron_condition(problem, evaluation.error, signs, side).holds


def _pairing(upper: Place, lower: Place) -> list[int]:
    """Return for each neuron of the lower stratum one of the upper whose limit it can be."""
    from itertools import permutations

    signs = upper.patterns.signs
    for order in permutations(range(upper.hidden)):
        pairs = [(upper.spots[k], spot) for k, spot in zip(order, lower.spots, strict=True)]
        if all(bool(((signs[f] == signs[g]) | (signs[f] == 0)).all()) and s in (0, r) for (g, r), (f, s) in pairs):
            return list(order)
    raise AssertionError("no pairing")


def test_apart() -> None:
    """Members of different plateaus of one level differ in outputs or in signs that no small change joins."""
    faces: Patterns = patterns(by_name("T18").problem)
    found = [plateau for plateau in plateaus(faces, 1, listed(faces)) if plateau.sse == 1]
    outputs = [tuple(plateau.strata[0].solution.error) for plateau in found]
    assert len(set(outputs)) == len(found) == 3


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    case = by_name("T5")
    cells = patterns(case.problem, boundary=False)
    with pytest.raises(NotCoveredError, match="kinks"):
        list(plateaus(cells, case.hidden, listed(cells)))
    monkeypatch.setattr(_connected, "MOST_STRATA", 2)
    faces = patterns(case.problem)
    with pytest.raises(WorkloadError, match="strata"):
        list(plateaus(faces, case.hidden, listed(faces)))
