"""Clicking through pages in headless Chromium: everything follows one choice, nothing is requested, nothing fails."""

from __future__ import annotations

import json
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

import theodolite as th
from theodolite import Kind
from theodolite.report import to_html, write_page

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LANDSCAPES = ("iris", "kinds", "one", "empty", "many", "decades", "gaps", "names", "bare", "wild", "zero")


@pytest.fixture(scope="module")
def pages(make, tmp_path_factory):
    """The address of every page, and the atlas that it shows."""
    folder = tmp_path_factory.mktemp("pages")
    hostile = "</script><img src=x onerror=document.title='stolen'>"
    names = ["a name that goes on and on " * 6, "قاع السرج", "鞍点の家族", hostile, "<b>bold</b>&amp;", "x"]
    every = list(Kind)
    bare = make.autoencoder()
    bare.landscape = None
    atlases = {
        "iris": make.autoencoder(),
        "kinds": make.every_kind(),
        "one": make.atlas([make.plain_set(0.0, Kind.GLOBAL_MINIMUM, "it", 0, index=0)], make.description()),
        "empty": make.atlas([], make.description()),
        "many": make.autoencoder(tuple(100.0 / (k + 1) ** 1.3 for k in range(16)), 5, limit=2000),
        "decades": make.autoencoder((1e7, 1e4, 100.0, 2.0, 1e-3), 3),
        "gaps": make.autoencoder((1e5, 1e3, 10.0, 0.1), 4),
        "names": make.atlas(
            [make.plain_set(i / 3, every[i], name, i, index=i) for i, name in enumerate(names)],
            make.description(hostile),
        ),
        "bare": bare,
        "zero": th.survey(th.LinearLandscape(np.zeros((5, 3)), np.ones((5, 2)), hidden=2)),
        "wild": make.atlas(
            [
                make.plain_set(value, Kind.STRICT_SADDLE, f"w{i}", i, index=index)
                for i, (value, index) in enumerate(
                    [(1e308, 0), (-1e308, 10**9), (float("inf"), None), (float("nan"), 3)]
                )
            ],
            make.description(),
        ),
    }
    return {name: (write_page(atlas, folder / f"{name}.html").as_uri(), atlas) for name, atlas in atlases.items()}


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, pages):
    """Open a page, and fail if it reports an error or asks for anything but itself."""

    @contextmanager
    def opened(name, fragment="", width=1280, scheme="light", **more):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        context.set_default_timeout(5000)
        page, troubles = context.new_page(), []
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith((pages[name][0], "data:", "blob:")) or troubles.append(request.url),
        )
        page.goto(pages[name][0] + fragment)
        yield page
        context.close()
        assert troubles == []

    return opened


def chosen(page):
    """What every part of the page says is chosen: the panel, the ladder, the table, the address."""
    panel = page.locator("#panel .who bdi").inner_text()
    mark = page.locator("#ladder [aria-pressed=true]").get_attribute("aria-label").split(",")[0]
    row = page.locator("#table tr[aria-current] a").inner_text()
    assert row == panel
    assert panel.startswith(mark) or mark.startswith("{")
    return panel


@pytest.mark.parametrize("name", LANDSCAPES)
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark"), (1920, "light")])
def test_every_page_at_every_size_without_a_request_or_an_error(visit, name, width, scheme):
    with visit(name, width=width, scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert "Theodolite" in page.title()
        small = page.evaluate(
            "[...document.querySelectorAll('svg text')].filter(t => parseFloat(getComputedStyle(t).fontSize) < 11).length"
        )
        assert small == 0


def test_it_opens_on_the_lowest_saddle(visit):
    with visit("iris") as page:
        assert chosen(page) == "{1, 3}"


def test_a_mark_a_row_a_step_and_a_map_mark_all_choose(visit):
    with visit("iris") as page:
        page.locator("#ladder [data-go='4']").click()
        assert chosen(page) == "{2, 3}"
        assert page.url.endswith("#set-5")
        page.locator("#table tbody tr").nth(7).click(position={"x": 400, "y": 10})
        assert chosen(page) == "{3, 4}"
        page.locator("#panel .moves a").first.click()
        assert chosen(page) == "{1, 3}"
        page.locator("[data-map] [data-go='0']").first.click()
        assert chosen(page) == "{1, 2}"
        assert "No way down" in page.locator("#panel").inner_text() or "Way out" in page.locator("#panel").inner_text()
        page.go_back()
        assert chosen(page) == "{1, 3}"


def test_a_link_names_a_row_and_nonsense_is_ignored(visit):
    with visit("iris", "#set-11") as page:
        assert chosen(page) == "∅"
        page.evaluate("location.hash = '#set-4'")
        page.wait_for_function("document.querySelector('#panel .who bdi').textContent === '{1}'")
        assert chosen(page) == "{1}"
    for nonsense in ("#set-99", "#set-0", "#x", "#set--1"):
        with visit("iris", nonsense) as page:
            assert chosen(page) == "{1, 3}"


def test_the_keyboard_is_enough(visit):
    with visit("iris") as page:
        page.locator("#ladder [aria-pressed=true]").focus()
        page.keyboard.press("ArrowUp")
        assert chosen(page) == "{1, 4}"
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Home")
        assert chosen(page) == "{1, 2}"
        page.keyboard.press("End")
        assert chosen(page) == "∅"
        page.keyboard.press("ArrowLeft")
        assert chosen(page) == "{4}"
        page.locator("#ladder [data-go='2']").focus()
        page.keyboard.press("Enter")
        assert chosen(page) == "{1, 4}"
        page.locator("#table tr[aria-current] a").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert chosen(page) == "{1}"


def test_arrows_and_dragging_turn_the_surface(visit):
    with visit("iris") as page:

        def look():
            return page.locator("svg.turn").inner_html()

        before = look()
        page.locator("svg.turn").focus()
        page.keyboard.press("ArrowRight")
        after = look()
        assert after != before
        box = page.locator("svg.turn").bounding_box()
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 140, box["y"] + 60)
        page.mouse.up()
        assert look() != after


def test_headings_sort(visit):
    with visit("iris") as page:

        def first():
            return page.locator("#table tbody tr a").first.inner_text()

        page.locator("th button", has_text="Loss").click()
        assert first() == "∅"
        page.locator("th button", has_text="Index").click()
        assert first() == "{1, 2}"
        page.locator("th button", has_text="Index").click()
        assert first() == "∅"
        assert page.locator("th[aria-sort=descending]").inner_text().startswith("Index")
        page.locator("th button", has_text="Change").click()
        assert page.locator("#table tbody tr").first.locator("td").nth(7).inner_text() == "−315.0"
        page.locator("#table tbody tr a").first.click()
        assert chosen(page) == page.locator("#table tr[aria-current] a").inner_text()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("minimum", 1),
        ("index<=2", 4),
        ("saddle index <= 2", 3),
        ("loss>320 loss<335", 4),
        ("{1", 4),
        ("change<-314", 4),
        ("zzz", 0),
        ("", 11),
    ],
)
def test_the_filter_keeps_what_it_says(visit, text, left):
    with visit("iris") as page:
        page.locator("#filter").fill(text)
        assert page.locator("#table tbody tr:visible").count() == left
        if text:
            assert page.locator("#filter-count").inner_text().startswith(f"{left} of 11")


@pytest.mark.parametrize("name", ["iris", "kinds", "many"])
def test_numbers_shown_are_those_of_the_atlas(visit, pages, name):
    atlas = pages[name][1]
    with visit(name) as page:
        for row in sorted({0, 1, len(atlas) // 2, len(atlas) - 1}):
            item = atlas[row]
            page.evaluate(f"location.hash = '#set-{row + 1}'")
            page.wait_for_function(f"document.querySelector('#table tr[aria-current]').dataset.row === '{row}'")
            field = {
                key: page.locator(f"#panel [data-field={key}]").inner_text().split("\n")[0]
                for key in ("value", "exact", "index", "nullity", "dimension")
            }
            assert float(field["exact"].replace("−", "-")) == item.value
            assert float(field["value"].replace("−", "-").replace("\u202f", "")) == pytest.approx(item.value, rel=5e-3)
            for key in ("index", "nullity", "dimension"):
                number = getattr(item, key)
                assert field[key] == ("?" if number is None else str(number))


def test_a_dense_ladder_gives_marks_on_demand(visit, pages):
    with visit("many") as page:
        marks = page.locator("#ladder .f")
        assert marks.count() < 20
        page.evaluate("location.hash = '#set-1500'")
        page.wait_for_function("document.querySelector('#table tr[aria-current]').dataset.row === '1499'")
        here = page.locator("#ladder [aria-pressed=true] .focus").bounding_box()
        page.evaluate("location.hash = '#set-2'")
        page.wait_for_function("document.querySelector('#table tr[aria-current]').dataset.row === '1'")
        page.mouse.click(here["x"] + here["width"] / 2, here["y"] + here["height"] / 2)
        row = int(page.locator("#table tr[aria-current]").get_attribute("data-row"))
        atlas = pages["many"][1]
        assert atlas[row].index == atlas[1499].index
        assert atlas[row].value == pytest.approx(atlas[1499].value, rel=0.01)
        page.locator("#ladder [aria-pressed=true]").focus()
        page.keyboard.press("ArrowDown")
        assert page.locator("#table tr[aria-current]").get_attribute("data-row") == str(row - 1)
        assert "maps and profiles are drawn for" in page.locator("#panel").inner_text()


def test_every_figure_has_a_text_alternative(visit):
    for name in ("iris", "kinds"):
        with visit(name) as page:
            silent = page.evaluate(
                "[...document.querySelectorAll('main svg')].filter(s => !s.closest('[aria-hidden=true]') && "
                "!(s.getAttribute('aria-label') || '').length && !s.classList.contains('g')).length"
            )
            assert silent == 0
    with visit("iris") as page:
        assert "{1, 2}, global minimum, at (0, 1.00), loss 7.60" in page.locator("[data-map] svg").get_attribute(
            "aria-label"
        )


def test_a_rank_among_the_listed_is_not_called_one_among_all(browser, make, tmp_path):
    atlas = make.autoencoder(tuple(100.0 / (k + 1) ** 1.3 for k in range(18)), 5)
    page = browser.new_page()
    page.goto(write_page(atlas, tmp_path / "page.html").as_uri() + "#set-3")
    assert len(atlas) > 2000
    assert "Number 3 of the 2\u202f000 listed, by loss." in page.locator("#panel").inner_text()
    assert "The wider a bar, the more of them lie there." in page.locator("#map").inner_text()


def test_hostile_names_stay_text(visit):
    with visit("names", "#set-4") as page:
        assert page.locator("#panel .who bdi").inner_text().startswith("</script><img")
        assert page.locator("img").count() == 0
        assert page.title() != "stolen"


def test_without_script_the_numbers_are_there(visit, pages):
    with visit("iris", java_script_enabled=False) as page:
        text = page.locator("body").inner_text()
        for item in pages["iris"][1]:
            assert item.label in text
        assert "19.85" in text
        assert "Without it, the table below has every number" in text
        assert not page.locator("#filter").is_visible()


def test_it_prints(visit, tmp_path):
    for name, most in (("iris", 4), ("kinds", 4)):
        with visit(name, scheme="dark") as page:
            page.pdf(path=tmp_path / "page.pdf", format="A4", prefer_css_page_size=True)
            pdf = (tmp_path / "page.pdf").read_bytes()
            assert pdf.startswith(b"%PDF")
            assert 1 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= most
            assert not page.evaluate("document.documentElement.classList.contains('printing')")
            page.emulate_media(media="print", color_scheme="dark")
            assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_numbers_can_be_saved(visit, pages, tmp_path):
    with visit("iris", accept_downloads=True) as page:
        with page.expect_download() as download:
            page.locator("#save").click()
        download.value.save_as(tmp_path / "saved.json")
        saved = json.loads((tmp_path / "saved.json").read_text(encoding="utf-8"))
    assert [one["value"] for one in saved["sets"]] == [item.value for item in pages["iris"][1]]
    assert saved["sets"][1]["step_to"] == "{1, 2}"


def test_dark_and_light_differ_and_are_legible(visit):
    def luminance(colour):
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    papers = []
    for scheme in ("light", "dark"):
        with visit("iris", scheme=scheme) as page:
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            papers.append(paper)
            for place in ("h1", ".verdict", ".cap", "#panel .mut", "footer"):
                ink = page.evaluate(f"getComputedStyle(document.querySelector('{place}')).color")
                high, low = sorted((luminance(ink), luminance(paper)), reverse=True)
                assert (high + 0.05) / (low + 0.05) > 4.5
    assert papers[0] != papers[1]


def test_it_works_inside_another_document(browser, make, tmp_path):
    inner = to_html(make.autoencoder()).replace("&", "&amp;").replace('"', "&quot;")
    (tmp_path / "outer.html").write_text(
        f'<!doctype html><iframe sandbox="allow-scripts" width="1000" height="800" srcdoc="{inner}"></iframe>',
        encoding="utf-8",
    )
    page, troubles = browser.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto((tmp_path / "outer.html").as_uri())
    frame = page.frames[1]
    frame.locator("#ladder [data-go='4']").click()
    assert frame.locator("#panel .who bdi").inner_text() == "{2, 3}"
    page.close()
    assert troubles == []


def test_the_way_down_is_traced_in_a_narrow_valley(browser, make, tmp_path):
    # Two nearly equal directions make a ring-shaped valley whose floor hardly falls.
    uri = write_page(make.autoencoder((9.6, 9.2, 6.2, 5.63), 3), tmp_path / "valley.html").as_uri()
    page = browser.new_page()
    page.goto(uri)
    path = page.locator("[data-map] path[stroke-width='2']").get_attribute("d")
    ends = [[float(part) for part in point.split()] for point in (path[1:].split("L")[0], path.split("L")[-1])]
    marks = page.evaluate(
        "[...document.querySelectorAll('[data-map] .f .focus')].map(c => [+c.getAttribute('cx'), +c.getAttribute('cy')])"
    )
    goal, here = marks[0], marks[2]
    assert ends[0] == pytest.approx(here, abs=0.2)
    assert ends[1] == pytest.approx(goal, abs=0.2)
    page.close()
