"""Matplotlib figures in the page's visual language."""

from __future__ import annotations

from dataclasses import replace

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
