"""The page of a surveyed ReLU landscape: what its panels say is what the landscape says, and every set can be looked at."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

import theodolite as th
from theodolite._panels import CurvePanel, SignsPanel, StrataPanel
from theodolite.report._page import PAGE_LIMIT

SURVEYED = {
    "line": lambda: th.ReluLandscape([[0], [1], [2], [3], [4]], [0, 2, 1, 0, 2], 2, bias=True),
    "leaky": lambda: th.ReluLandscape(
        [[1, 0], [0, 1], [1, 1], [1, -1], [0, 0]], [1, 2, -1, 1, 3], 2, negative_slope="1/2"
    ),
    "floats": lambda: th.ReluLandscape(
        np.random.default_rng(0).standard_normal((9, 2)), np.arange(9.0) % 3, 1, bias=True, output_bias=True
    ),
    "saddles": lambda: th.ReluLandscape([[0], [1], [2]], [-1, -1, 1], 2, bias=True),
    "one dead line": lambda: th.ReluLandscape([[1], [2]], [1, -1], 1),
}


@pytest.fixture(scope="module")
def atlases():
    return {name: th.survey(make()) for name, make in SURVEYED.items()}


def of_type(kind, panels):
    return next((panel for panel in panels if isinstance(panel, kind)), None)


@pytest.mark.parametrize("name", SURVEYED)
def test_panels_say_what_the_landscape_says(atlases, name):
    for found in atlases[name]:
        panels, strata = found.panels(), list(found.strata())
        counts = of_type(StrataPanel, panels)
        assert (counts.smooth, counts.kinked) == (
            sum(stratum.differentiable for stratum in strata),
            sum(not stratum.differentiable for stratum in strata),
        )
        signs = of_type(SignsPanel, panels)
        if signs is not None:
            dense = found.landscape.hessian(found.representative()).todense().astype(float)
            sizes = np.linalg.eigvalsh(dense)
            clear = 1e-7 * max(1.0, np.abs(sizes).max())
            assert (signs.negative, signs.positive) == (int((sizes < -clear).sum()), int((sizes > clear).sum()))
            assert signs.negative + signs.zero + signs.positive == len(sizes)


def test_the_curve_has_the_loss_of_its_set(atlases):
    for found in atlases["line"]:
        stems = next(curve for curve in of_type(CurvePanel, found.panels()).curves if curve.role == "stems")
        rest = np.array(stems.y[::2]) - np.array(stems.y[1::2])
        assert float(rest @ rest) / 2 == pytest.approx(float(found.value))


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_every_set_of_every_page(atlases, tmp_path, width, scheme):
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page, troubles = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme), []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith("file:") or troubles.append(asked.url))
        for name, atlas in atlases.items():
            path = tmp_path / f"{name}.html"
            atlas.to_html(path)
            assert path.stat().st_size < PAGE_LIMIT
            page.goto(path.as_uri())
            for row in range(len(atlas)):
                page.locator("#table tbody tr").nth(row).locator("a").click()
                assert page.locator("#panel .who bdi").inner_text() == atlas[row].label
                assert "What each neuron does" in page.locator("#panel").inner_text()
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                pictures = page.locator("#figures svg[role=img]")
                assert pictures.count() == (1 if name == "one dead line" else 2)
                for i in range(pictures.count()):
                    _check_texts(pictures.nth(i))
        browser.close()
    assert troubles == []


def _check_texts(picture):
    boxes = picture.evaluate(
        """svg => [...svg.querySelectorAll("text")].map(t => {
            const a = t.getBoundingClientRect();
            return [t.textContent, a.left, a.right, a.top, a.bottom];
        })"""
    )
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[1] + 1 or b[2] <= a[1] + 1 or a[4] <= b[3] + 3 or b[4] <= a[3] + 3, (a, b)
