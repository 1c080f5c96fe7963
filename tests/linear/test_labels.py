"""Labels of many selections at once are those of each."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import theodolite as th
from theodolite.linear import _labels
from theodolite.linear._labels import selection_labels
from theodolite.linear._sets import selection_label

shapes = st.tuples(st.integers(0, 9), st.integers(0, 14))
counts = st.sampled_from([0, 1, 1, 1, 1, 2, 11])


@given(shapes.flatmap(lambda shape: arrays(np.int64, shape, elements=counts)), st.integers(1, 4))
def test_labels_are_those_of_each_selection(taken, rows):
    whole, _labels._ROWS = _labels._ROWS, rows
    try:
        assert list(selection_labels(taken)) == [selection_label(row) for row in taken]
    finally:
        _labels._ROWS = whole


def test_a_landscape_names_all_sets_as_it_names_each():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 7))
    for land in (
        th.LinearLandscape(X, X, hidden=6),
        th.LinearLandscape(np.eye(4), np.diag([3.0, 3.0, 1.0, 1.0]), hidden=3),
        th.LinearLandscape(X, X, hidden=(3, 2)),
        th.ResidualLandscape(X, X, depth=2),
        th.ResidualLandscape(X, X, depth=3),
    ):
        atlas = th.survey(land)
        assert list(atlas.all_labels()) == [land.name(key.tobytes()) for key in atlas.table.keys]
        assert list(atlas.all_labels()) == [atlas.label(i) for i in range(len(atlas))]
