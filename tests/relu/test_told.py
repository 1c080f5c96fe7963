"""What verdicts, atlases and answers on ReLU networks say in words."""

from __future__ import annotations

import numpy as np

import theodolite as th


def line(text: str, name: str) -> str:
    """The fact of this name."""
    (found,) = [part for part in text.splitlines() if part.startswith(name)]
    return found


def test_gradients_at_minima_on_kinks_are_said_to_be_none() -> None:
    land = th.ReluLandscape([[1], [-1]], [1, 1], hidden=1)
    verdict = land.classify(([[0]], [-1]))
    assert verdict.kind.is_minimum
    assert verdict.at_kinks
    assert "none at a kink (automatic differentiation takes one side of it and says" in line(str(verdict), "gradient")
    smooth = land.classify(([[1]], [1]))
    assert not smooth.at_kinks
    assert line(str(smooth), "gradient").endswith("0 (relative to its terms)")


def test_points_that_are_critical_themselves_have_no_distance() -> None:
    land = th.ReluLandscape([[1], [-1]], [1, 1], hidden=2)
    text = str(land.classify(([[1], [2]], [1, 0])))
    assert "at most 0" not in text
    text = str(land.classify(([[1.0], [-1.0]], [1.0, 1.0])))
    assert "within 0 of" not in text
    assert line(text, "distance").endswith("0: this is an exactly critical point")


def test_one_and_many_are_told_apart() -> None:
    land = th.ReluLandscape([[1], [-1]], [1, 1], hidden=2)
    text = str(land.classify(([[1], [-1]], [1, 1])))
    assert "neurons 0, 1 pass: the gradient is 0" in text
    text = str(th.ReluLandscape([[1]], [1], hidden=1).classify(([[0]], [-1])))
    assert "1 independent kinks" not in text
    unlimited = str(land.unlimited_width())
    assert "all rows lie on one line through 0, on both sides of it" in unlimited
    part = th.survey(land)[:1]
    assert "1 class: a selection" in part.summary() or "1 classes" not in part.summary()


def test_zero_losses_are_not_above_the_best() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 2))
    y = np.maximum(X @ [1.0, 2.0], 0) - np.maximum(X @ [0.5, -1.0], 0)
    done = th.ReluLandscape(X, y, hidden=8).polish([rng.normal(size=(8, 2)), rng.normal(size=8)])
    assert done.verdict.kind is th.Kind.GLOBAL_MINIMUM
    assert done.verdict.gap == 0


def test_examples_name_the_lowest_loss_that_is_known() -> None:
    land = th.ReluLandscape([[1, 0], [0, 1], [1, 1], [1, -1]], [1, 2, -1, 1], hidden=2)
    assert land.spurious_example().lowest is None
    best = land.global_minimum().value
    found = land.spurious_example()
    assert found.lowest == best < found.better_value
    assert f"{float(best):.10g} is the lowest that is known" in str(found)


def test_sets_on_kinks_have_no_index_as_their_strata_have_none() -> None:
    for item in th.survey(th.ReluLandscape([[1], [-1]], [1, 1], hidden=1)):
        found = {stratum.index for stratum in item.strata()}
        assert item.index == (0 if 0 in found else None)
