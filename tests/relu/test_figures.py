"""Panels of a ReLU landscape against the landscape itself: every number drawn is recomputed through another channel."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theodolite import ReluLandscape, count_cells
from theodolite._panels import ArrangementPanel, CurvePanel, FieldPanel, StrataPanel, TextPanel
from theodolite.relu._arrangement_figure import pieces
from theodolite.relu._figures import describe, figures
from theodolite.relu._portrait import Portrait, in_words
from theodolite.report._plot_neurons import _height, _pieces, draw_arrangement, draw_field

TENT = {"X": [[0], [1], [2]], "y": [0, 1, 0], "hidden": 2, "bias": True}


def portrait(land, params):
    problem, point = land._read(params)
    return Portrait(problem, point, land._options.bias)


def panel_of(kind, panels):
    (found,) = (panel for panel in panels if isinstance(panel, kind))
    return found


def test_the_function_of_one_input_is_the_network():
    land = ReluLandscape(**TENT, output_bias=True, negative_slope="1/10")
    params = ([[1], [2]], [-1, -3], [1, "-2/3"], "1/4")
    panel = panel_of(CurvePanel, figures(portrait(land, params), None))
    assert panel.ticks == (1.0, 1.5)
    (model,) = (curve for curve in panel.curves if curve.role == "model")
    for x, y in zip(model.x, model.y, strict=True):
        alone = ReluLandscape([[x]], [0.0], 2, bias=True, output_bias=True, negative_slope="1/10", reduction="sum")
        assert float(alone.loss(params)) == pytest.approx(y**2, rel=1e-6)
    (stems,) = (curve for curve in panel.curves if curve.role == "stems")
    lengths = np.array(stems.y[::2]) - np.array(stems.y[1::2])
    assert float((lengths**2).sum()) / 2 == pytest.approx(float(land.loss(params)))


def test_a_neuron_is_told_by_its_signs():
    land = ReluLandscape([[0], [1], [2], [3]], [0, 1, 0, 1], 4, bias=True)
    told = portrait(land, ([[1], [-1], [0], [0]], [-1, -5, 0, 1], [1, -1, 0, 0])).neurons().sentences
    assert told == (
        "Neuron 0 (v > 0): active on samples 2, 3, on the kink of sample 1, off on sample 0.",
        "Neuron 1 (v < 0): dead.",
        "Neuron 2 (v = 0): w = 0, on the kink of every sample; it adds nothing.",
        "Neuron 3 (v = 0): active on all samples; it adds nothing.",
    )
    leaky = ReluLandscape([[1, 0], [0, 1], [0, 0]], [1, 1, 1], 1, negative_slope="1/2")
    assert portrait(leaky, ([[-1, 0]], [1])).neurons().sentences == (
        "Neuron 0 (v > 0): on the kink of sample 1, on its lower slope on sample 0.",
        "No neuron sees sample 2: the inputs there are zero.",
    )


def test_floats_are_on_a_kink_up_to_round_off():
    third = 1 / 3
    land = ReluLandscape([[3 * third, -0.3], [1.0, 1.0]], [1.0, 2.0], 1)
    assert portrait(land, ([[0.1, third]], [1.0])).kinked.tolist() == [True]
    assert portrait(land, ([[0.1, third + 1e-6]], [1.0])).kinked.tolist() == [False]


@pytest.mark.parametrize(("places", "words"), [([3], "sample 3"), ([0, 1, 2, 4, 5], "samples 0–2, 4, 5")])
def test_sample_numbers_in_words(places, words):
    assert in_words(np.array(places)) == words


def test_many_scattered_samples_are_counted():
    assert in_words(np.arange(0, 60, 2)) == "30 samples"


integers = st.integers(-3, 3)


@given(st.lists(st.tuples(integers, integers), min_size=1, max_size=5), st.sampled_from(["0", "1/2", "2"]))
def test_pieces_of_a_plane_carry_the_network(weights, slope):
    land = ReluLandscape([[1, 2], [-2, 1], [0, 3]], [1, 0, 2], len(weights), bias=True, negative_slope=slope)
    params = (weights, [1, 0, -1, 2, 0][: len(weights)], [1, -1, "1/2", 2, -3][: len(weights)])
    panel = panel_of(FieldPanel, figures(portrait(land, params), None))
    found, _ = _pieces(panel)
    box = panel.box
    area = sum(_area(piece) for piece in found)
    assert area == pytest.approx((box[1] - box[0]) * (box[3] - box[2]), rel=1e-9)
    for piece in found:
        assert piece[:, 2] == pytest.approx(_height(panel, piece[:, :2]), abs=1e-8)
    samples = np.array(panel.samples)
    rest = _height(panel, samples[:, :2]) - samples[:, 2]
    assert float(rest @ rest) / 2 == pytest.approx(float(land.loss(params)))


def _area(piece):
    x, y = piece[:, 0], piece[:, 1]
    return 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


@given(st.lists(st.tuples(integers, integers), min_size=1, max_size=6), st.booleans())
def test_arcs_are_the_cells_of_the_circle(rows, offset):
    if not any(any(row) for row in rows):
        rows = [*rows, (1, 0)]
    y = [(-1) ** i * i for i in range(len(rows))]
    land = ReluLandscape(rows, y, 2, output_bias=offset, reduction="sum")
    found = pieces(land.problem, land._options.bias)
    side = {tuple(np.sign(np.array(rows) @ corners.sum(axis=0)).astype(int)) for corners in found.outlines}
    assert len(side) == count_cells([row for row in rows if any(row)])
    total = sum(_turn(*corners) for corners in found.outlines)
    assert total == pytest.approx(2 * np.pi)
    _check_losses(found, np.array(rows, dtype=float), np.array(y, dtype=float), offset)


def _turn(start, end):
    return np.mod(np.arctan2(end[1], end[0]) - np.arctan2(start[1], start[0]) - 1e-12, 2 * np.pi)


@given(st.lists(st.tuples(integers, integers, integers), min_size=1, max_size=6))
def test_polygons_cover_the_sphere_once(rows):
    rows = [row for row in rows if any(row)] or [(1, 1, 0)]
    land = ReluLandscape(rows, list(range(len(rows))), 2, reduction="sum")
    found = pieces(land.problem, land._options.bias)
    side = {tuple(np.sign(np.array(rows) @ corners.sum(axis=0)).astype(int)) for corners in found.outlines}
    assert len(side) == count_cells(rows)
    assert sum(map(_solid_angle, found.outlines)) == pytest.approx(4 * np.pi)
    _check_losses(found, np.array(rows, dtype=float), np.arange(len(rows), dtype=float), False)


def _solid_angle(corners):
    """By triangles from the first corner (Van Oosterom & Strackee)."""
    total = 0.0
    for b, c in pairwise(corners):
        a = corners[0]
        total += 2 * np.arctan2(abs(np.linalg.det([a, b, c])), 1 + a @ b + b @ c + c @ a)
    return total


def _check_losses(found, rows, y, offset):
    """The loss of a cell, by projecting on the columns with an SVD."""
    for corners, value in zip(found.outlines, found.values, strict=True):
        on = (rows @ corners.sum(axis=0) > 0).astype(float)
        columns = np.column_stack([rows * on[:, None], np.ones((len(rows), int(offset)))])
        u, s, _ = np.linalg.svd(columns, full_matrices=False)
        basis = u[:, s > 1e-9]
        rest = y - basis @ (basis.T @ y)
        assert value == pytest.approx(rest @ rest, abs=1e-9)


def test_what_is_not_drawn():
    wide = np.random.default_rng(0).standard_normal((60, 4))
    assert pieces(ReluLandscape(wide, wide[:, 0], 2).problem, False) is None
    assert pieces(ReluLandscape(wide[:, :3], wide[:, 0], 2).problem, False) is None
    assert pieces(ReluLandscape(wide[:, :2], wide[:, 2:], 2).problem, False) is None
    assert pieces(ReluLandscape([[0, 0]], [1], 2).problem, False) is None
    several = ReluLandscape(wide[:, :1], wide[:, 2:], 1)
    panels = figures(portrait(several, ([[1.0]], [[1.0], [0.0]])), None)
    assert [type(panel) for panel in panels] == [TextPanel]


def test_neurons_stand_where_their_weights_point():
    land = ReluLandscape([[1, 0], [0, 1], [1, 1]], [1, 2, -1], 4)
    params = ([[3, 4], [6, 8], [-2, 0], [0, 0]], [1, -1, 0, 1])
    panel = panel_of(ArrangementPanel, figures(portrait(land, params), pieces(land.problem, land._options.bias)))
    marks = {mark.label: (mark.place, mark.kinked) for mark in panel.neurons}
    assert marks == {"0+ 1−": ((0.6, 0.8), False), "2": ((-1.0, 0.0), True), "3+": ((0.0, 0.0), True)}
    assert "at the centre: neuron 3" in panel.caption
    assert draw_arrangement(panel, "loss")._repr_svg_().startswith("<?xml")


def test_figures_for_papers():
    land = ReluLandscape([[1, 0], [0, 1], [1, 1], [-1, 2]], [1, 2, -1, 0], 2, bias=True)
    panels = figures(
        portrait(land, ([[1, 1], [-1, 0]], [0, 1], [1, -1])),
        pieces(land.problem, land._options.bias),
        smooth=2,
        kinked=0,
    )
    assert draw_field(panel_of(FieldPanel, panels), "loss")._repr_png_().startswith(b"\x89PNG")
    assert draw_arrangement(panel_of(ArrangementPanel, panels), "loss")._repr_png_().startswith(b"\x89PNG")
    assert panel_of(StrataPanel, panels).kinked == 0


@pytest.mark.parametrize(("slope", "bias", "offset"), list(product(("0", "1/10"), (False, True), (False, True))))
def test_the_description_says_what_the_network_is(slope, bias, offset):
    land = ReluLandscape([[1], [2], [0]], [1, 1, 0], 3, bias=bias, output_bias=offset, negative_slope=slope)
    about = describe(land._options, land.problem, [("Infimum over all widths", "0")])
    size = 3 * (2 + bias) + offset
    assert about.parameter_count == size == sum(np.prod(shape, dtype=int) for shape in land.parameter_shapes)
    assert ("b_j" in about.formulas[0].latex, "c +" in about.formulas[0].latex) == (bias, offset)
    facts = dict(about.facts)
    assert facts["Arithmetic"] == "rational"
    assert ("zero row" in facts["Samples"]) is not bias
    assert facts.get("Negative slope") == (None if slope == "0" else str(Fraction(slope)))


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=6, unique=True), st.integers(100, 1000))
def test_cells_of_biased_neurons_are_drawn_for_centred_inputs(inputs, shift):
    """Far from 0 all lines are almost parallel; centred and scaled they are as far apart as they were."""
    near, far = (ReluLandscape([[x + by] for x in inputs], list(range(len(inputs))), 2, bias=True) for by in (0, shift))
    drawn = [pieces(land.problem, True) for land in (near, far)]
    assert np.allclose(drawn[0].normals, drawn[1].normals)
    assert drawn[0].values == pytest.approx(drawn[1].values, abs=1e-6)
    for land, found in zip((near, far), drawn, strict=True):
        rows = land.problem.as_float.inputs
        for corners in found.outlines:
            weights = np.linalg.solve(found.frame.T, corners.sum(axis=0))
            assert np.array_equal(rows @ weights > 0, found.normals @ corners.sum(axis=0) > 0)
    point = ([[2.0], [-1.0]], [-2.0 * (inputs[0] + shift), 0.5], [1.0, -1.0])
    panel = panel_of(ArrangementPanel, figures(portrait(far, point), drawn[1]))
    place = np.array(panel.neurons[0].place)
    assert panel.neurons[0].kinked
    assert place @ drawn[1].normals[0] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("smooth", "kinked", "words"),
    [
        (0, 3, "Every point of this set lies on a kink"),
        (2, 0, "differentiable all over"),
        (2, 3, "plateau"),
        (2, None, "too many"),
    ],
)
def test_strata_in_words(smooth, kinked, words):
    land = ReluLandscape([[1, 0], [0, 1]], [1, 2], 1)
    counts = panel_of(StrataPanel, figures(portrait(land, ([[1, 1]], [1])), None, smooth=smooth, kinked=kinked))
    assert (counts.smooth, counts.kinked) == (smooth, kinked)
    assert words in counts.caption
