"""The page and the figure of ensembles: every number in the table, levels without runs visible, no script, no request."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

import theodolite as th
from theodolite.report._strips import percent, strips_of

X, Y = [[-3], [-2], [-1], [1], [2], [3]], [3, 1, 0, 0, 1, 2]


class Cells(HTMLParser):
    """Collects the rows of the table, and every tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "td"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def widths() -> tuple[list[th.Ensemble], list[th.Atlas]]:
    lands = [th.ReluLandscape(X, Y, hidden, bias=True) for hidden in (1, 2)]
    atlases = [th.survey(land, progress=False) for land in lands]
    return [th.train_ensemble(land, 400, rng=0, steps=4000, momentum=0.9, progress=False) for land in lands], atlases


def test_the_table_has_every_level_of_every_network(widths: Any) -> None:
    ensembles, atlases = widths
    page = Cells(th.ensemble_page(ensembles, atlases=atlases))
    expected = [
        (ensemble.landscape.specification, str(level.kind), str(level.runs), percent(level.share))
        for ensemble, atlas in zip(ensembles, atlases, strict=True)
        for level in ensemble.against(atlas)
    ]
    found = [(row[0], row[1].strip(), row[3].replace("\u202f", ""), row[4]) for row in page.rows if row]
    assert found == expected
    assert any(row[2] == "0" for row in expected)


def test_levels_without_runs_are_marked_in_the_picture(widths: Any) -> None:
    ensembles, atlases = widths
    page = th.ensemble_page(ensembles, atlases=atlases)
    levels = [level for pair in zip(ensembles, atlases, strict=True) for level in pair[0].against(pair[1])]
    empty = sum(level.runs == 0 for level in levels)
    assert page.count(": 0 runs, 0 %</title>") == empty > 0
    assert len(re.findall(r'<svg x="26.0%"', page)) == len(levels)
    assert "A small mark without a bar is a level that no run reached." in page
    reached = th.ensemble_page(ensembles)
    assert "no run reached" not in reached
    assert "there may be others" in reached


def test_the_page_is_one_file_without_a_script(widths: Any, tmp_path: Path) -> None:
    ensembles, atlases = widths
    text = th.ensemble_page(ensembles, tmp_path / "page.html", atlases=atlases)
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == text
    page = Cells(text)
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "embed")]
    assert not [value for _, attrs in page.tags for value in attrs.values() if value and value.startswith("http")]
    assert "default-src 'none'" in text
    assert "Where 800 trainings end" in text or "More neurons, fewer traps." in text
    assert all(
        attrs.get("aria-label") or attrs.get("aria-hidden") for tag, attrs in page.tags if attrs.get("role") == "img"
    )


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_it_fits_every_width_without_a_request_or_an_error(
    widths: Any, tmp_path: Path, width: int, scheme: Any
) -> None:
    ensembles, atlases = widths
    th.ensemble_page(ensembles, tmp_path / "page.html", atlases=atlases)
    troubles: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: troubles.append(message.text))
        page.on("request", lambda request: troubles.append(request.url))
        page.goto((tmp_path / "page.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = "[...document.querySelectorAll('svg text')].filter(t => parseFloat(getComputedStyle(t).fontSize) < 11).length"
        assert page.evaluate(small) == 0
        bars = page.evaluate(
            "[...document.querySelectorAll('.strip rect title')].map(t => t.parentNode.getBBox().width)"
        )
        assert min(bars) >= 0
        assert max(bars) > 40
        browser.close()
    assert troubles == [(tmp_path / "page.html").as_uri()]


def test_functions_are_those_of_the_lowest_minimum_and_the_worst_trap(widths: Any) -> None:
    ensembles, atlases = widths
    strips = strips_of(ensembles, atlases, None)
    for strip, ensemble in zip(strips.all, ensembles, strict=True):
        panel = strip.functions()
        assert panel is not None
        curves = {curve.role: curve for curve in panel.curves}
        lowest = strip.levels[0]
        assert lowest.kind is th.Kind.GLOBAL_MINIMUM
        trap = max((level for level in strip.levels[1:]), key=lambda level: level.runs)
        for role, level in (("model", lowest), ("target", trap)):
            values = np.interp(np.ravel(X), curves[role].x, curves[role].y)
            assert 0.5 * ((values - np.array(Y)) ** 2).sum() == pytest.approx(level.value, abs=1e-9)
        assert "global minimum" in curves["model"].name
        assert percent(trap.share) in curves["target"].name
        assert ensemble.to_html(atlas=strip.atlas).count("<polyline") == 2


def test_a_global_minimum_that_no_run_reached_is_drawn_from_the_atlas() -> None:
    land = th.ReluLandscape([[0], [1], [2], [3], [4], [5], [6]], [0, 2, 1, 2, 5, 3, 0], 2, bias=True, output_bias=True)
    atlas = th.survey(land, progress=False)
    found = th.train_ensemble(land, 50, rng=0, steps=3000, momentum=0.9, progress=False)
    assert found.against(atlas)[0].runs == 0
    assert "reached by no run" in found.to_html(atlas=atlas)


def test_data_of_several_inputs_has_no_functions() -> None:
    land = th.ReluLandscape(np.eye(2), [1.0, -1.0], 1)
    page = th.train_ensemble(land, 20, rng=0, steps=500, progress=False).to_html()
    assert "<polyline" not in page
    assert "The best function" not in page


def test_certificates_are_summed_up(widths: Any) -> None:
    ensembles, atlases = widths
    land = th.ReluLandscape([[1], [-1]], [1, 1], hidden=1)
    proof = land.certificate(([[1]], [1]))
    page = th.ensemble_page(ensembles, atlases=atlases, certificates=[proof, None])
    assert proof.claim in page
    assert "theodolite verify" in page
    assert "Certificates" not in th.ensemble_page(ensembles, atlases=atlases)


def test_pages_of_runs_that_led_nowhere() -> None:
    land = th.ReluLandscape(X, Y, 2, bias=True)
    for options in ({"rate": 50.0, "steps": 500}, {"budget": 0}, {"steps": 0}):
        page = th.train_ensemble(land, 30, rng=0, progress=False, **options).to_html()
        assert "30" in page
    linear = th.LinearLandscape(np.eye(2), np.eye(2), 1)
    assert "100 % global" in th.train_ensemble(linear, 30, rng=0, steps=3000, momentum=0.9, progress=False).to_html()


def test_the_figure_has_a_strip_for_each_ensemble(widths: Any, tmp_path: Path) -> None:
    ensembles, atlases = widths
    drawn = th.ensemble_figure(ensembles, atlases=atlases)
    assert len(drawn.axes) == 2
    assert [axes.get_title(loc="left").splitlines()[0] for axes in drawn.axes] == [
        ensemble.landscape.specification for ensemble in ensembles
    ]
    assert sum(text.get_text() == "0" for text in drawn.axes[1].texts) > 0
    drawn.savefig(tmp_path / "strips.svg")
    assert len(ensembles[0].figure(atlases[0]).axes) == 1


def test_lists_that_do_not_fit_are_refused(widths: Any, tmp_path: Path) -> None:
    ensembles, atlases = widths
    with pytest.raises(th.DataError, match="1 atlases were given for 2 ensembles"):
        th.ensemble_page(ensembles, atlases=atlases[:1])
    with pytest.raises(th.DataError, match="another landscape"):
        th.ensemble_page(ensembles, atlases=atlases[::-1])
    with pytest.raises(th.DataError, match="no ensembles"):
        th.ensemble_page([])
    with pytest.raises(th.DataError, match="cannot be written"):
        th.ensemble_page(ensembles, tmp_path / "nowhere" / "page.html")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (1.0, "100 %"), (0.99996, "99.996 %"), (0.5, "50 %"), (2e-5, "0.002 %"), (0.095, "9.5 %")],
)
def test_shares_are_never_rounded_to_all_or_none(share: float, text: str) -> None:
    assert percent(share) == text
