"""The example atlases as pages of their own beside the documentation, made when the documentation is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    import theodolite as th
    from theodolite.io import read_table

    data = read_table("iris").matrix
    data = data - data.mean(axis=0)
    th.survey(th.LinearLandscape(data, data, hidden=2)).to_html(Path(app.outdir) / "iris.html")
    relu = th.ReluLandscape([[0], [1], [2], [3], [4]], [0, 2, 1, 0, 2], hidden=2, bias=True)
    th.survey(relu).to_html(Path(app.outdir) / "relu_levels.html")
    lands = [
        th.ReluLandscape([[-3], [-2], [-1], [1], [2], [3]], [3, 1, 0, 0, 1, 2], hidden, bias=True)
        for hidden in (1, 2, 3)
    ]
    atlases = [th.survey(land) for land in lands]
    found = [th.train_ensemble(land, 4000, rng=0, steps=6000, momentum=0.9) for land in lands]
    th.ensemble_page(found, Path(app.outdir) / "strips.html", atlases=atlases)


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the page before the built pages are checked."""
    app.connect("build-finished", _write, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
