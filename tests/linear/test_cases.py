"""The small exact cases: everything that is known about each point is found again."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import theodolite as th
from tests.cases.shallow_linear import CASES, Case

pytestmark = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def _landscape(case: Case) -> th.LinearLandscape:
    x, y = np.array(case.x, dtype=float), np.array(case.y, dtype=float)
    return th.LinearLandscape(x.T, y.T, hidden=len(case.w1))


def test_verdict(case: Case) -> None:
    land = _landscape(case)
    verdict = land.classify((case.w1, case.w2))
    negative, zero, _ = case.inertia
    assert verdict.kind is (th.Kind.STRICT_SADDLE if negative else th.Kind.GLOBAL_MINIMUM)
    assert (verdict.index, verdict.nullity) == (negative, zero)
    assert verdict.value == pytest.approx(float(case.loss), abs=1e-12)
    assert verdict.critical_set is not None
    assert float(verdict.critical_set.value) == pytest.approx(float(case.loss), abs=1e-12)
    assert verdict.distance is not None
    assert verdict.distance < 1e-12
    taken = land._problem.sets.taken(verdict.critical_set.key)[0]
    assert taken.tolist() == case.taken


def test_counts_and_eigenvalues(case: Case) -> None:
    land = _landscape(case)
    assert land.count() == case.families == len(list(land.critical_sets()))
    assert land.count_strata() == case.strata
    assert land.count_strata() == sum(len(list(family.strata())) for family in land.critical_sets())
    assert np.allclose(np.unique(np.round(land._problem.reduction.eigenvalues, 9))[::-1], case.eigenvalues)


def test_stratum(case: Case) -> None:
    land = _landscape(case)
    verdict = land.classify((case.w1, case.w2))
    assert verdict.critical_set is not None
    key = verdict.critical_set.key + np.array([case.outer, case.inner], dtype="<u4").tobytes()
    stratum = next(s for s in verdict.critical_set.strata() if s.key == key)
    assert (stratum.index, stratum.nullity, stratum.dimension) == (case.inertia[0], case.inertia[1], case.dimension)


def test_hessian_inertia(case: Case) -> None:
    land = _landscape(case)
    values = np.linalg.eigvalsh(land.hessian((case.w1, case.w2)).todense())
    assert ((values < -1e-9).sum(), (abs(values) <= 1e-9).sum(), (values > 1e-9).sum()) == case.inertia


def test_the_way_out_lowers_the_loss_by_what_it_says(case: Case) -> None:
    land = _landscape(case)
    point = (case.w1, case.w2)
    if case.inertia[0] == 0:
        with pytest.raises(th.NoEscapeError, match="global minimum"):
            land.escape(point)
        return
    way = land.escape(point)
    assert way.order == 2
    assert float(way.decrease) > 0
    assert land.loss(point) - land.loss(way.at()) == pytest.approx(float(way.decrease), rel=1e-10)
    curvature = land.pack(way.vector) @ (land.hessian(point) @ land.pack(way.vector))
    assert curvature == pytest.approx(float(way.curvature), rel=1e-10)
    steps = np.linspace(0, way.step, 40)
    losses = [land.loss(way.at(float(t))) for t in steps]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(losses))
