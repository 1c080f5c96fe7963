"""Surveys of a landscape whose answers are plain."""

import itertools

import pytest

import theodolite as th
from tests.support.wells import LETTERS, Wells

HEIGHTS, TILTS = (3.0, 2.0, 5.0, 1.5), (1.0, 0.5, 0.25, 0.125)


def by_hand(land):
    """All points of ``land`` as (value, label), lowest first, equal values by label in the order of the letters."""
    parts = [(0, h, t) for h, t in zip(land.heights, land.tilts, strict=True)]
    every = [
        (sum(p[c] for p, c in zip(parts, choice, strict=True)), choice)
        for choice in itertools.product(range(3), repeat=land.n)
    ]
    return [(value, "".join(LETTERS[c] for c in choice)) for value, choice in sorted(every)]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_survey_finds_every_point_by_increasing_value(ordered):
    land = Wells(HEIGHTS, TILTS, ordered=ordered)
    atlas = th.survey(land)
    assert [(s.value, s.label) for s in atlas] == by_hand(land)
    assert atlas.complete
    assert atlas.ordered
    assert atlas.stopped is None
    assert atlas.total == 81
