"""The page as a file: words, counts, escaping, size."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace as swap

from theodolite import Assumption, DataError, Evidence, Kind, Method, NotCoveredError, _atomic
from theodolite._panels import Formula, MovesPanel, SpectrumPanel, TextPanel
from theodolite.report import atlas_html, to_html, write_page
from theodolite.report._encode import PanelStore, script_safe
from theodolite.report._formulas import mathml
from theodolite.report._numbers import number
from theodolite.report._rows import gather
from theodolite.report._words import evidence_lines

HOSTILE = ["<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>", "a\"b'c&d`e", "<!--", "\u2028]]>"]


def data_of(page):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(found[1])


def table_of(page):
    """Read the table as a reader without script would."""

    class Reader(HTMLParser):
        def __init__(self):
            super().__init__()
            self.rows, self.inside = [], False

        def handle_starttag(self, tag, attrs):
            if tag == "table":
                self.inside = dict(attrs).get("id") == "table"
            elif self.inside and tag == "tr":
                self.rows.append([])
            elif self.inside and tag in ("td", "th"):
                self.rows[-1].append("")

        def handle_endtag(self, tag):
            self.inside = self.inside and tag != "table"

        def handle_data(self, data):
            if self.inside and self.rows and self.rows[-1]:
                self.rows[-1][-1] += data

    reader = Reader()
    reader.feed(page)
    return [[cell.strip() for cell in row] for row in reader.rows]


def words_of(page):
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)).split())


def test_headline_and_verdict(make):
    words = words_of(to_html(make.autoencoder()))
    assert (
        "This landscape has 11 families of critical points: 1 global minimum, 10 strict saddles, no spurious minima."
        in words
    )
    assert "Known by theorem, complete. Every local minimum is global, at loss 7.60" in words
    assert "The lowest saddle lies at 19.85." in words


def test_absent_kinds_are_shown_with_zero(make):
    words = words_of(to_html(make.autoencoder()))
    for kind in ("spurious minimum (0)", "non-strict saddle (0)", "undecided (0)", "strict saddle (10)"):
        assert kind in words


def test_an_unfinished_survey_says_so(make):
    words = words_of(to_html(make.autoencoder(limit=5)))
    assert "5 of 11 families of critical points" in words
    assert "no spurious minima among them" in words
    assert "not complete" in words
    assert "of the families below 316.8 none is missing" in words
    assert "Every local minimum is global" not in words


def test_disorder_and_spurious_minima_lead(make):
    words = words_of(to_html(make.every_kind()))
    assert "7 cells of critical points, and there may be more" in words
    assert "the lowest such trap lies at loss 2.00, 1.00 above the best" in words
    assert "may be missing anywhere" in words


def test_an_empty_atlas_has_a_page(make):
    empty = make.atlas([], make.description("Empty"))
    assert "No families of critical points were found" in words_of(to_html(empty))
    assert "No families" in atlas_html(empty)


def test_the_table_has_every_number_without_script(make):
    atlas = make.autoencoder()
    head, *rows = table_of(to_html(atlas))
    assert head == ["Family", "Kind", "Loss", "Index", "Nullity", "Dimension", "Best step out", "Change"]
    assert len(rows) == len(atlas)
    for row, item in zip(rows, atlas, strict=True):
        assert row[:6] == [
            item.label,
            str(item.kind),
            number(item.value),
            *map(str, (item.index, item.nullity, item.dimension)),
        ]
    assert rows[1][6:] == ["swap 3 for 2 → {1, 2}", "−12.25"]


def test_the_data_has_all_digits(make):
    atlas = make.autoencoder()
    sets = data_of(to_html(atlas))["sets"]
    assert sets["value"] == [item.value for item in atlas]
    assert sets["step"][1] == 0


def test_unknown_numbers_are_question_marks(make):
    rows = table_of(to_html(make.every_kind()))[1:]
    assert rows[5][3] == "?"
    assert rows[2][5] == "?"
    assert rows[4][3] == "4 (4–7)"


def test_exact_values_are_shown_as_they_are(make):
    atlas = make.atlas([make.plain_set(Fraction(22, 7), Kind.GLOBAL_MINIMUM, "a", 0)], make.description())
    assert data_of(to_html(atlas))["sets"]["exact"] == {"0": "22/7"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_inject_nothing(make, text):
    evidence = Evidence(Method.NUMERIC, (), (Assumption(text),), text)
    sets = [make.plain_set(1.0, Kind.STRICT_SADDLE, text, 0, evidence=evidence)]
    about = make.description(text, network=text, data=text, noun=text, nouns=text, way=text, loss_name=text)
    about = swap(about, facts=((text, text),), formulas=(Formula(text, text),))
    atlas = make.atlas(sets, about, make.gallery(), command=text, fingerprint=text, versions={text: text})
    for page in (to_html(atlas), atlas_html(atlas)):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert page.count("<script") == page.count("</script>")
    page = to_html(atlas)
    assert page.count("<script") == 2
    assert table_of(page)[1][0] == text.strip()


def test_equal_values_of_different_fields_are_kept_apart(make):
    costs = SpectrumPanel("Spectrum", ("1",), (2.0,), (1.0,), (2.0,), "")
    empty = SpectrumPanel("Spectrum", (), (), (), (), "")
    none = MovesPanel("No way down", (), "")
    store = PanelStore(gather(make.autoencoder()))

    def unpacked(panel):
        tag, *places = store.pack(panel)
        return dict(zip(store.shapes[tag], (store.pool[place] for place in places), strict=True))

    first, _, second = unpacked(costs), unpacked(empty), unpacked(none)
    assert (first["singular_values"], first["costs"]) == ([2], ["2.00"])
    assert second["moves"] == [[], 0]


def test_texts_of_panels_have_real_signs(make):
    store = PanelStore(gather(make.autoencoder()))
    tag, *places = store.pack(TextPanel("Way out", ("A step of 2 lowers it by 1.18e-05.", "v != 0")))
    assert store.pool[places[store.shapes[tag].index("sentences")]] == [
        "A step of 2 lowers it by 1.18 × 10⁻⁵.",
        "v ≠ 0",
    ]


def test_where_every_point_is_a_minimum_nothing_is_said_of_others(make):
    only = make.atlas([make.plain_set(2.0, Kind.GLOBAL_MINIMUM, "it", index=0)], make.description(way="swap"))
    words = words_of(to_html(only))
    assert "Every critical point is a global minimum, at loss 2.00." in words
    assert "every other" not in words
    assert "A line is the best single step" not in words


def test_json_cannot_leave_its_element():
    text = script_safe({"a": "</script><!--&\u2028"})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!--&\u2028"}


def test_the_page_asks_no_host_for_anything(make):
    page = to_html(make.autoencoder())
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("count", [1, 400])
def test_few_sets_have_all_their_panels(make, count):
    eigenvalues = tuple(float(x) for x in range(30, 30 - 8, -1))
    data = data_of(to_html(make.autoencoder(eigenvalues, 3, limit=count)))
    assert all(data["panels"])
    assert not data["aside"]
    assert not data["without"]


def test_two_thousand_sets_stay_below_a_megabyte_and_say_what_is_left_out(make):
    eigenvalues = tuple(100.0 / (k + 1) ** 1.3 + 0.01 * k * k for k in range(16))
    page = to_html(make.autoencoder(eigenvalues, 5, limit=2000))
    data = data_of(page)
    assert len(page.encode()) < 1_000_000
    assert len(data["sets"]["value"]) == 2000
    assert data["aside"]
    whole = 2000 - len(data["aside"])
    assert whole >= 100
    assert f"for {whole} of the 2 000 sets" in data["without"].replace("\u202f", " ")
    assert 0 not in data["aside"]
    assert data["opening"] not in data["aside"]


def test_larger_atlases_list_the_lowest_and_all_minima(make):
    sets = [make.plain_set(float(i), Kind.STRICT_SADDLE, f"s{i}", i) for i in range(3000)]
    sets[2900] = make.plain_set(2900.0, Kind.SPURIOUS_MINIMUM, "the trap", 2900, index=0)
    page = to_html(make.atlas(sets, make.description()))
    data = data_of(page)
    assert len(page.encode()) < 1_000_000
    assert len(data["sets"]["value"]) == 2000
    assert "the trap" in [row[0] for row in table_of(page)]
    assert sum(n for _, _, n in data["ladder"]["strips"]) == 3000
    assert "This page lists 2 000 of the 3 000 in the atlas" in words_of(page)
    assert "1 spurious minimum" in words_of(page)


def test_without_a_landscape_the_page_says_why_there_are_no_figures(make):
    data = data_of(to_html(replace(make.autoencoder(), landscape=None)))
    assert "loaded without its landscape" in data["without"]
    assert not any(data["panels"])


def test_over_forty_sets_only_some_are_labelled_and_over_four_hundred_marks_become_densities(make):
    def ladder(n):
        sets = [
            make.plain_set(float(i), Kind.STRICT_SADDLE if i else Kind.GLOBAL_MINIMUM, f"s{i}", i) for i in range(n)
        ]
        return data_of(to_html(make.atlas(sets, make.description())))["ladder"]

    assert len(ladder(40)["labels"]) == 40
    assert ladder(41)["labels"] == [0, 1]
    assert ladder(400)["strips"] is None
    assert ladder(401)["strips"]
    assert ladder(401)["marks"] == [0, 1]


def test_the_ladder_has_a_text_alternative(make):
    words = data_of(to_html(make.autoencoder()))["ladder"]["words"]
    assert "loss from 7.60 to 340.7, Morse index from 0 to 8" in words


def test_evidence_comes_in_order_and_in_words(make):
    lines = evidence_lines(make.theorem)
    assert [word for word, _ in lines] == ["theorem", "computed", "computed", "scope"]
    assert "margin 3.1 × 10¹²" in lines[1][1]
    assert evidence_lines(Evidence(Method.NUMERIC, residual=1e-9)) == [("searched", "residual 1 × 10⁻⁹")]
    assert evidence_lines(Evidence(Method.NUMERIC, complete=False))[-1] == ("scope", "not complete")
    assert evidence_lines(Evidence(Method.EXACT))[0][0] == "exact"
    assert evidence_lines(Evidence(Method.VERIFIED))[0][0] == "bounded"


def test_formulas_are_typeset_or_shown_as_written():
    assert "<munderover>" in mathml(r"\left(\sum_{j=1}^{4}\lambda_j\right)")
    assert mathml(r"\frac{").startswith(("<pre>", "<math"))
    assert "<script" not in mathml(r"\text{<script>}")


def test_reproduction_names_command_versions_data_and_papers(make):
    words = words_of(to_html(make.autoencoder()))
    for text in (
        "theodolite survey iris",
        "NumPy 2.4.6",
        "012f498fe9c8",
        "Baldi &amp; Hornik 1989",
        "Eigenvalues of XᵀX",
    ):
        assert text in words


def test_a_page_that_cannot_be_written_is_our_error(make, tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        write_page(make.autoencoder(), tmp_path / "no such folder" / "page.html")
    assert (
        write_page(make.autoencoder(), tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    )


def test_a_full_disk_leaves_the_old_page(make, tmp_path, monkeypatch):
    path = write_page(make.autoencoder(), tmp_path / "page.html")
    before = path.read_bytes()
    real = open
    monkeypatch.setattr(_atomic, "open", lambda *_: real("/dev/full", "wb"), raising=False)
    with pytest.raises(DataError, match="No space left on device"):
        write_page(make.every_kind(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_notebook_table(make):
    html = atlas_html(make.autoencoder())
    assert "This landscape has 11 families of critical points" in html
    assert "19.85" in html
    assert "<script" not in html
    many = atlas_html(make.autoencoder(tuple(float(9 - k) for k in range(8)), 3))
    assert "more rows" in many


def luminance(colour):
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    light = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


@pytest.mark.parametrize("paper", ["#ffffff", "#111111"])
def test_marks_in_a_notebook_are_seen_on_light_and_on_dark(make, paper):
    marks = set(re.findall(r'(?:fill|stroke)="(#\w{6})"', atlas_html(make.every_kind())))
    assert len(marks) == 4
    for mark in marks:
        low, high = sorted((luminance(mark), luminance(paper)))
        assert (high + 0.05) / (low + 0.05) >= 3


def test_landscapes_that_cannot_count_leave_the_total_open(make):
    class Uncountable:
        def count(self):
            raise NotCoveredError("no closed form")

        def panels(self, item):
            return ()

    atlas = make.atlas([make.plain_set(1.0)], make.description(), Uncountable(), complete=False)
    assert "1 family of critical points, and there may be more" in words_of(to_html(atlas))


def test_sets_at_the_same_place_stand_side_by_side(make):
    kinds = [Kind.GLOBAL_MINIMUM, Kind.SPURIOUS_MINIMUM, Kind.NON_STRICT_SADDLE, Kind.STRICT_SADDLE]
    sets = [
        make.plain_set(v, kind, f"s{i}", i, index=i // 3)
        for i, (v, kind) in enumerate(zip([0.0, 1.0, 1.0, 2.0], kinds, strict=True))
    ]
    across = data_of(to_html(make.atlas(sets, make.description())))["ladder"]["across"]
    assert across["beside"] == [0, 0, 1, 0]
    assert across["of"] == [0, 0, 0, 1]


def test_without_any_index_the_ladder_shows_levels(make):
    sets = [make.plain_set(v, Kind.LOCAL_MINIMUM, f"s{i}", i, index=None) for i, v in enumerate([1.0, 1.0, 1.0, 2.0])]
    page = to_html(make.atlas(sets, make.description()))
    across = data_of(page)["ladder"]["across"]
    assert across["of"] == [0, 1, 2, 0]
    assert not across["numbered"]
    assert "Sets of equal loss stand side by side" in words_of(page)
    assert "Morse index, the number" not in words_of(page)


@pytest.mark.parametrize(
    "values",
    [
        [1e308, -1e308, 0.0],
        [math.inf, 1.0, 2.0],
        [math.nan, 1.0],
        [math.nan],
        [-math.inf, math.inf],
        [5e-324, 1.0],
        [1e-320, 2e-320],
    ],
)
def test_values_at_the_edge_of_floating_point_have_a_page(make, values):
    sets = [make.plain_set(v, Kind.STRICT_SADDLE, f"s{i}", i) for i, v in enumerate(values)]
    page = to_html(make.atlas(sets, make.description()))
    assert all(0 <= place <= 1 for place in data_of(page)["ladder"]["places"])
    assert len(table_of(page)) == len(values) + 1


def test_what_was_only_found_is_not_called_every(make):
    words = words_of(to_html(replace(make.autoencoder(), evidence=Evidence(Method.NUMERIC, residual=1e-9))))
    assert "Found numerically, complete. The global minimum lies at loss 7.60" in words
    assert "Every local minimum" not in words
