"""Bars under the marks of sets that lie on kinks, functions of two inputs, and the cells of a neuron's weights."""

from __future__ import annotations

import json
import re
from itertools import combinations

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from theodolite import Kind, NotCoveredError
from theodolite._panels import ArrangementPanel, FieldPanel, NeuronMark, StrataPanel
from theodolite.report import figure, to_html, write_page

COUNTS = ((3, 0), (2, 5), (0, 7), (None, None))
KINDS = (Kind.GLOBAL_MINIMUM, Kind.SPURIOUS_MINIMUM, Kind.LOCAL_MINIMUM, Kind.STRICT_SADDLE)


def circle():
    angles = np.linspace(0, 2 * np.pi, 13)
    ends = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return ArrangementPanel(
        "The cells of a neuron",
        "On the circle.",
        ("w", "b"),
        tuple((float(-y), float(x)) for x, y in ends[:6]),
        tuple(f"samples {k}, {k + 10}" for k in range(6)),
        tuple((*a, *b) for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)),
        tuple(float(k % 5) for k in range(12)),
        tuple(NeuronMark((float(x), float(y)), f"{k}+", bool(k % 2)) for k, (x, y) in enumerate(ends[:5])),
    )


def sphere():
    octants = [np.diag([i, j, k]).astype(float) for i in (1, -1) for j in (1, -1) for k in (1, -1)]
    return ArrangementPanel(
        "The cells of a neuron",
        "On the sphere.",
        ("w1", "w2", "b"),
        ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        ("sample 0", "sample 1", "samples 2, 3"),
        tuple(tuple(octant.ravel().tolist()) for octant in octants),
        tuple(map(float, range(8))),
        (NeuronMark((0.6, 0.0, 0.8), "0+ 1−", False), NeuronMark((0.0, 1.0, 0.0), "2", True)),
    )


def field():
    samples = [(a, b, a - b) for a in (-1.0, 0.0, 1.0) for b in (-1.0, 0.0, 1.0)]
    neurons = ((1.0, 0.5, 0.1, 1.0), (-0.5, 1.0, 0.0, -1.0), (0.0, 0.0, 1.0, 0.5), (1.0, 0.0, -9.0, 2.0))
    return FieldPanel(
        "The function over the data",
        "Circles are samples.",
        "x1",
        "x2",
        neurons,
        0.1,
        -0.2,
        tuple(samples),
        (-1.3, 1.3, -1.3, 1.3),
    )


class Land:
    """Four levels, all with pictures, three of them with counted strata."""

    def panels(self, item):
        smooth, kinked = COUNTS[item.key[-1]]
        return (StrataPanel("Strata", smooth, kinked, ""), field(), circle() if item.key[-1] % 2 else sphere())


def atlas(make):
    sets = [
        make.plain_set(float(i), kind, f"level {i}", i, index=0, dimension=(0, 2, 5, None)[i])
        for i, kind in enumerate(KINDS)
    ]
    return make.atlas(sets, make.description(noun="level", nouns="levels", way=""), Land())


def test_bars_and_counts_without_a_script(make):
    page = to_html(atlas(make))
    table = page[page.index('id="table"') : page.index("</table>")]
    assert [table.count(text) for text in ("3 smooth, 0 on kinks", "2 smooth, 5 on kinks", "0 smooth, 7 on kinks")] == [
        1,
        1,
        1,
    ]
    assert "not counted" in table
    key = page[page.index('class="key"') : page.index('id="panel"')]
    assert "bar: on kinks (1)" in key
    assert "half a bar: partly on kinks (1)" in key
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["ladder"]["kinks"] == [0, 1, 2, 0]
    assert data["ladder"]["across"]["of"] == [0, 2, 5, None]
    assert "the dimension of a set" in page


def test_other_landscapes_have_neither(make):
    page = to_html(make.autoencoder())
    assert "bar: on kinks" not in page
    assert ">Strata<" not in page
    assert json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])["ladder"]["kinks"] is None


def test_figures_for_papers(make):
    drawn = figure(atlas(make))
    drawn.draw_without_rendering()
    assert drawn.axes[0].get_xlabel().startswith("dimension")
    for name, chosen in (("field", 0), ("arrangement", 0), ("arrangement", 1)):
        assert figure(atlas(make), name, chosen=chosen)._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(NotCoveredError, match="no field"):
        figure(make.autoencoder(), "field")


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark"), (1920, "light")])
def test_pictures_in_a_browser(make, tmp_path, width, scheme):
    address = write_page(atlas(make), tmp_path / "kinks.html").as_uri()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page, troubles = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme), []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        for row in range(4):
            page.goto(f"{address}#set-{row + 1}")
            page.reload()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("#figures svg[role=img]").count() == 2
            for i in range(2):
                _check_texts(page.locator("#figures svg[role=img]").nth(i))
            assert ("on kinks" in page.locator("#panel").inner_text()) is (row < 3)
        labels = page.locator("#ladder .f").evaluate_all("marks => marks.map(m => m.getAttribute('aria-label'))")
        assert sorted(label.rpartition(", ")[2] for label in labels) == [
            "index 0",
            "index 0",
            "on kinks",
            "partly on kinks",
        ]
        page.locator("#filter").fill("on kinks")
        assert page.locator("#table tbody tr:visible").count() == 2
        page.get_by_role("button", name="Strata").click()
        browser.close()
    assert troubles == []


def _check_texts(picture):
    """No text lies on another text, and none leaves the picture."""
    boxes = picture.evaluate(
        """svg => [...svg.querySelectorAll("text")].map(t => {
            const a = t.getBoundingClientRect(), b = svg.getBoundingClientRect();
            return [t.textContent, a.left - b.left, a.right - b.left, a.top - b.top, a.bottom - b.top, b.width];
        })"""
    )
    assert boxes
    for text, left, right, *_, width in boxes:
        assert left >= -1, text
        assert right <= width + 1, text
    for a, b in combinations(boxes, 2):
        apart = a[2] <= b[1] + 1 or b[2] <= a[1] + 1 or a[4] <= b[3] + 3 or b[4] <= a[3] + 3
        assert apart, (a, b)
