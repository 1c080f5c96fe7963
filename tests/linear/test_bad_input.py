"""What a linear landscape refuses, and that the message names the offender."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import theodolite as th

GOOD = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (np.where(GOOD == 5, np.nan, GOOD), GOOD, "X has nan at row 1, column 2"),
        (GOOD, np.where(GOOD == 7, np.inf, GOOD), "Y has inf at row 2, column 1"),
        ([["a", "b"]], [[1, 2]], "X has 'a' at row 0, column 0"),
        ([[1, 2], [3]], [[1], [2]], "X cannot be read as an array"),
        (np.zeros((0, 3)), np.zeros((0, 2)), "no samples"),
        (GOOD, GOOD[:3], "X has 4 rows and Y has 3"),
        (GOOD * 1j, GOOD, "X has complex numbers"),
        (np.array([[object()]]), [[1]], "X has <object"),
        (GOOD, np.zeros((4, 0)), "Y has no columns"),
        (np.zeros((4, 0)), GOOD, "X has no columns"),
        (np.zeros((2, 2, 2)), GOOD, "X has 3 dimensions"),
        (GOOD * 1e200, GOOD * 1e200, "The data is too large"),
    ],
)
def test_data(x: Any, y: Any, words: str) -> None:
    with pytest.raises(th.DataError, match=words):
        th.LinearLandscape(x, y, 2)


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        (0, "width is 0"),
        (-3, "width is -3"),
        (10**9, "parameters"),
        (2.5, "width is 2.5"),
        ("2", "width is '2'"),
        (True, "width is True"),
        (None, "width is None"),
        ((), "hidden is empty"),
        ((2, 0), "width is 0"),
    ],
)
def test_widths(hidden: Any, words: str) -> None:
    with pytest.raises(th.ShapeError, match=words):
        th.LinearLandscape(GOOD, GOOD, hidden)


@pytest.mark.parametrize(("option", "value"), [("reduction", "max"), ("arithmetic", "float16"), ("reduction", None)])
def test_options(option: str, value: Any) -> None:
    with pytest.raises(th.DataError, match=f"{option} is {value!r}"):
        th.LinearLandscape(GOOD, GOOD, 2, **{option: value})


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ((np.zeros((2, 3)),), "1 parameter arrays were given"),
        ((np.zeros((2, 3)), np.zeros((2, 2))), r"Parameter 2 has shape \(2, 2\)"),
        ((np.full((2, 3), np.nan), np.zeros((3, 2))), "Parameter 1 has nan at row 0, column 0"),
        (("zero", "one"), "Parameter 1"),
    ],
)
def test_parameters(params: Any, words: str) -> None:
    land = th.LinearLandscape(GOOD, GOOD, 2)
    for question in (land.loss, land.gradient, land.classify, land.escape, land.hessian):
        with pytest.raises(th.DataError, match=words):
            question(params)


@pytest.mark.parametrize("rtol", [0, -1, 1, float("nan"), "small"])
def test_tolerance(rtol: Any) -> None:
    land = th.LinearLandscape(GOOD, GOOD, 2)
    with pytest.raises(th.DataError, match="rtol is"):
        land.classify(land.unpack(np.zeros(12)), rtol=rtol)


def test_batches() -> None:
    with pytest.raises(th.ShapeError, match="Batch 2 has 2 inputs and 3 outputs"):
        th.LinearLandscape.from_batches([(GOOD, GOOD), (GOOD[:, :2], GOOD)], 2)
    with pytest.raises(th.DataError, match="Batch 1 is not a pair"):
        th.LinearLandscape.from_batches([GOOD], 2)
    with pytest.raises(th.DataError, match="no samples"):
        th.LinearLandscape.from_batches([], 2)


def test_whatever_holds_the_same_numbers_gives_the_same_landscape() -> None:
    import pandas as pd
    import polars as pl
    import torch

    land = th.LinearLandscape(GOOD, GOOD, 2, arithmetic="float64")
    columns = {name: GOOD[:, i] for i, name in enumerate("abc")}
    same = [
        GOOD.tolist(),
        GOOD.astype(np.int64),
        torch.tensor(GOOD, requires_grad=True),
        pd.DataFrame(columns),
        pl.DataFrame(columns),
        np.asfortranarray(GOOD),
        np.vectorize(Fraction)(GOOD),
    ]
    for data in same:
        assert th.LinearLandscape(data, data, 2, arithmetic="float64").fingerprint == land.fingerprint
    blocks = [(GOOD[:1], GOOD[:1]), (GOOD[1:], GOOD[1:].copy())]
    assert th.LinearLandscape.from_batches(blocks, 2, arithmetic="float64").fingerprint == land.fingerprint
    single = th.LinearLandscape(GOOD.astype(np.float32), GOOD.astype(np.float32), 2)
    assert [s.value for s in single.critical_sets()] == pytest.approx([s.value for s in land.critical_sets()])


def test_one_sample_one_weight_and_more_width_than_anything() -> None:
    assert [s.label for s in th.LinearLandscape([[2.0]], [[3.0]], 1).critical_sets()] == ["{1}", "∅"]
    wide = th.LinearLandscape(GOOD, GOOD, 50)
    assert wide.count() == 4
    minimum = wide.global_minimum()
    assert minimum.value == pytest.approx(0, abs=1e-12)
    assert wide.classify(minimum.sample(0)).kind is th.Kind.GLOBAL_MINIMUM


def test_random_seeds() -> None:
    family = th.LinearLandscape(GOOD, GOOD, 2).global_minimum()
    one, two = family.sample(3), family.sample(np.random.default_rng(3))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert len(family.sample(0, 5)) == 5
    for odd in (-1, 1.5, "seed", None):
        with pytest.raises(th.DataError, match="rng is"):
            family.sample(odd)  # type: ignore[call-overload]
