"""An atlas can carry its data, where the landscape still has it."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import theodolite as th


@pytest.mark.parametrize("suffix", [".json", ".npz", ".parquet"])
def test_floats_and_fractions_come_back_as_they_were(tmp_path: Path, suffix: str) -> None:
    x = np.random.default_rng(0).standard_normal((5, 3))
    exact = [[Fraction(1, 3), 2], [0, 5]]
    for data in (x, exact):
        land = th.LinearLandscape(data, data, 1)
        path = tmp_path / f"atlas{suffix}"
        th.survey(land).save(path, include_data=True)
        kept = th.load_atlas(path).data
        assert kept is not None
        assert np.array_equal(kept["X"], np.array(data))
        again = th.LinearLandscape(kept["X"], kept["Y"], 1)
        assert again.fingerprint == land.fingerprint
        assert th.load_atlas(path, again)[0].sample(0)


def test_batches_and_copies_for_workers_keep_no_data(tmp_path: Path) -> None:
    x = np.eye(3)
    streamed = th.LinearLandscape.from_batches([(x, x)], 1)
    copied = pickle.loads(pickle.dumps(th.LinearLandscape(x, x, 1)))
    for land in (streamed, copied):
        with pytest.raises(th.TheodoliteError, match="does not keep its data"):
            th.survey(land).save(tmp_path / "atlas.json", include_data=True)
    assert streamed.fingerprint == copied.fingerprint
