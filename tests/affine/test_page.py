"""The page of a leaky network: the slider moves the families, and nothing fails."""

import pytest
from playwright.sync_api import sync_playwright

import theodolite as th
from theodolite._panels import SlidesPanel


def leaky():
    """Four families, up to three kinks."""
    return th.AffineTargetLandscape(3, activation="leaky_relu", negative_slope="0.3")


def test_slides_are_the_families():
    land = leaky()
    for found in land.critical_sets():
        slides = [panel for panel in found.panels() if isinstance(panel, SlidesPanel)]
        assert len(slides) == (found.label[0] in "EO")
        for panel in slides:
            assert panel.slides[panel.opening].words == "0.3"
            (own,) = (curve for curve in panel.slides[panel.opening].curves if curve.name == found.label)
            residual = next(item for item in found.panels() if item.title == "Residual").curves[1]
            assert own.x == pytest.approx(residual.x)
            assert own.y == pytest.approx(residual.y)
            heights = [max(abs(y) for y in slide.curves[1].y) for slide in panel.slides]
            assert heights == sorted(heights, reverse=True)


@pytest.mark.browser
def test_slider(tmp_path):
    atlas = th.survey(leaky())
    atlas.to_html(tmp_path / "leaky.html")
    row = next(i for i, found in enumerate(atlas) if found.label == "E-2")
    with sync_playwright() as program:
        browser = program.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page, troubles = browser.new_page(), []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{(tmp_path / 'leaky.html').as_uri()}#set-{row + 1}")
        said, slider = page.locator("output"), page.locator("input[type=range]")
        assert said.inner_text() == "0.3"
        before = page.locator("#figures").inner_html()
        slider.focus()
        slider.press("End")
        assert said.inner_text() == "0.999"
        assert page.locator("#figures").inner_html() != before
        browser.close()
    assert troubles == []
