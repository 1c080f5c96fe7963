"""Every family of the autoencoder of full width on wine: 8,192 canonical points, eigenvalues over seven orders of magnitude."""

from __future__ import annotations

import pytest

import theodolite as th
from theodolite.io import read_table


@pytest.mark.slow
def test_every_family_of_wine_at_full_width() -> None:
    x = read_table("wine").matrix
    land = th.LinearLandscape(x, x, x.shape[1])
    families = list(land.critical_sets())
    assert len(families) == 2 ** x.shape[1]
    for family in families:
        verdict = land.classify(family.representative())
        assert verdict.critical_set is not None
        assert (verdict.kind, verdict.index, verdict.critical_set.key) == (family.kind, family.index, family.key)
