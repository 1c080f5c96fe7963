"""Matplotlib figures in the page's visual language."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from theodolite import DataError, NotCoveredError, TheodoliteError
from theodolite.report import FIGURES, figure


@pytest.mark.parametrize("name", ["ladder", "spectrum", "signs", "plane"])
def test_figures_of_a_linear_network(make, name, tmp_path):
    drawn = figure(make.autoencoder(), name)
    drawn.savefig(tmp_path / "figure.pdf")
    assert (tmp_path / "figure.pdf").stat().st_size > 3000
    assert drawn._repr_svg_().startswith("<?xml")


@pytest.mark.parametrize("name", ["ladder", "signs", "profile", "curves"])
def test_figures_of_other_landscapes(make, name):
    assert figure(make.every_kind(), name, chosen=4)._repr_png_().startswith(b"\x89PNG")


def test_the_ladder_draws_every_value(make):
    atlas = make.autoencoder()
    (axes,) = figure(atlas, "ladder").axes
    marks = [
        line
        for line in axes.lines
        if line.get_markersize() < 8 and line.get_marker() != "None" and line.get_linestyle() == "None"
    ]
    assert sorted(float(line.get_xdata()[0]) for line in marks) == sorted(float(item.index) for item in atlas)
    heights = [float(line.get_ydata()[0]) for line in marks]
    assert np.argsort(heights).tolist() == np.argsort([item.value for item in atlas]).tolist()


def written(drawn):
    """The labels of a drawn figure with the boxes that they fill."""
    drawn.draw_without_rendering()
    return {text.get_text(): text.get_window_extent() for text in drawn.axes[0].texts if text.get_text()}


@pytest.mark.parametrize(("eigenvalues", "hidden"), [((630.0, 36.2, 11.7, 3.6), 2), ((9.0, 4.0, 3.0, 2.0, 1.0), 3)])
def test_labels_of_a_ladder_hide_neither_each_other_nor_a_mark(make, eigenvalues, hidden):
    drawn = figure(make.autoencoder(eigenvalues, hidden))
    boxes = written(drawn)
    assert any(name.startswith("{1, 2") for name in boxes)
    for (one, box), (other, beside) in combinations(boxes.items(), 2):
        assert not box.overlaps(beside), (one, other)
    marks = [line for line in drawn.axes[0].lines if line.get_marker() not in ("None", None, "")]
    middles = [drawn.axes[0].transData.transform((line.get_xdata()[0], line.get_ydata()[0])) for line in marks]
    assert marks
    assert not any(box.contains(*middle) for box in boxes.values() for middle in middles)


def test_the_chosen_set_is_labelled_however_crowded(make):
    crowd = [make.plain_set(1.0, name=f"set number {i}", i=i) for i in range(30)]
    names = written(figure(make.atlas(crowd, make.description()), chosen=17))
    assert any(name.startswith("set number 17") for name in names)
    assert len(names) < 30


def test_an_unknown_index_is_not_drawn_as_a_number(make):
    drawn = figure(make.every_kind())
    drawn.draw_without_rendering()
    ticks = dict(zip((t.get_text() for t in drawn.axes[0].get_xticklabels()), drawn.axes[0].get_xticks(), strict=True))
    known = [item.index for item in make.every_kind() if item.index is not None]
    assert ticks["unknown"] > max(known)
    assert max(int(name) for name in ticks if name != "unknown") <= max(known)


def test_a_large_ladder_is_densities(make):
    eigenvalues = tuple(float(x) for x in range(40, 24, -1))
    (axes,) = figure(make.autoencoder(eigenvalues, 4), "ladder").axes
    assert axes.collections
    assert len(axes.lines) < 60


def test_refusals_say_what_to_do(make, monkeypatch):
    atlas = make.autoencoder()
    with pytest.raises(DataError, match="ladder"):
        figure(atlas, "pie")
    with pytest.raises(DataError, match="has 11"):
        figure(atlas, "plane", chosen=11)
    with pytest.raises(NotCoveredError, match="supplies none"):
        figure(atlas, "curves")
    with pytest.raises(NotCoveredError, match="without its landscape"):
        figure(replace(atlas, landscape=None), "plane")
    with pytest.raises(DataError, match="no sets"):
        figure(make.atlas([], make.description()))
    monkeypatch.setattr("theodolite.report._figures.find_spec", lambda name: None)
    with pytest.raises(TheodoliteError, match=r"theodolite\[plot\]"):
        figure(atlas)
    assert "ladder" in FIGURES
