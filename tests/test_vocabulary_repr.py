"""What an interactive session shows of an object that it did not print: one line, without arrays."""

from __future__ import annotations

import numpy as np

import theodolite as th


def test_objects_show_themselves_in_one_line() -> None:
    land = th.LinearLandscape(np.eye(2), np.diag([2.0, 1.0]), 1)
    saddle = list(land.critical_sets())[1]
    verdict = land.classify(saddle.representative())
    stratum = next(saddle.strata())
    assert repr(land) == "<LinearLandscape linear:2-1-2>"
    assert repr(saddle) == "<CriticalSet {2}: strict saddle, loss 2, index 1>"
    assert repr(stratum) == "<Stratum {2} with 0 outer, 0 inner: strict saddle, loss 2, index 1>"
    assert repr(verdict) == "<Verdict: strict saddle, loss 2, index 1>"
    assert repr(verdict.escape) == "<Direction of order 2: swap direction 2 for 1, decrease 1.5>"
