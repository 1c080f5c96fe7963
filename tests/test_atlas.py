"""What an atlas answers, against a landscape whose answers are plain."""

import itertools
import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

import theodolite as th
from tests.support.wells import Wells
from theodolite import _frames
from theodolite._levels import LEVEL_TOLERANCE
from theodolite._table import Table
from theodolite._texts import Texts

SADDLE, SPURIOUS, GLOBAL = th.Kind.STRICT_SADDLE, th.Kind.SPURIOUS_MINIMUM, th.Kind.GLOBAL_MINIMUM


@pytest.fixture(scope="module")
def land():
    return Wells((3.0, 2.0, 5.0, 1.5), (1.0, 0.5, 0.25, 0.125))


@pytest.fixture(scope="module")
def atlas(land):
    return th.survey(land)


@pytest.fixture(scope="module")
def sets(atlas):
    return list(atlas)


def with_values(values):
    """An atlas of sets with these values, in this order."""
    land = Wells((1.0,), (0.5,))
    sets = [replace(land.set_of((0,)), value=value) for value in values]
    return replace(th.survey(land), table=Table.of(sets), complete=False, ordered=False)


def test_positions_count_from_both_ends(atlas, sets):
    assert atlas[0] == sets[0]
    assert atlas[-1] == atlas[np.int32(80)] == sets[80]
    for i in (81, -82):
        with pytest.raises(IndexError, match="this atlas has 81"):
            atlas[i]
    with pytest.raises(th.DataError, match="cannot be indexed by 'vvvv'"):
        atlas["vvvv"]


@given(st.slices(81))
def test_slices_are_atlases_of_the_sets_that_they_name(atlas, sets, part):
    cut = atlas[part]
    assert list(cut) == sets[part]
    whole_start = sets[part] == sets[: len(sets[part])]
    assert cut.complete == (whole_start and len(cut) == 81)
    assert cut.ordered == whole_start
    assert cut.landscape is atlas.landscape


def test_masks_and_lists_name_sets_too(atlas, sets):
    assert list(atlas[[5, 3, -1]]) == [sets[5], sets[3], sets[-1]]
    assert list(atlas[atlas.table.value > 7]) == [s for s in sets if s.value > 7]
    assert list(atlas[[]]) == []
    with pytest.raises(th.DataError, match=r"Positions of shape \(2, 2\)"):
        atlas[np.array([[0, 1], [1, 2]])]
    with pytest.raises(IndexError):
        atlas[[5, 81]]
    with pytest.raises(IndexError):
        atlas[np.ones(3, dtype=bool)]


@given(
    st.none() | st.sampled_from([SADDLE, SPURIOUS, GLOBAL]),
    st.none() | st.floats(-1, 13),
    st.none() | st.integers(-1, 13),
    st.none() | st.integers(0, 5),
)
def test_filters_keep_what_a_loop_keeps(atlas, sets, kind, below, above, max_index):
    kept = atlas.where(kind=kind, below=below, above=above, max_index=max_index)
    by_loop = [
        s
        for s in sets
        if (kind is None or s.kind is kind)
        and (below is None or s.value < below)
        and (above is None or s.value > above)
        and (max_index is None or s.index_range[0] <= max_index)
    ]
    assert list(kept) == by_loop
    assert kept.complete == (len(by_loop) == 81)
    assert (kept.selection is None) == (kind is None and below is None and above is None and max_index is None)
    if kind is None and above is None and max_index is None:
        assert list(atlas.landscape.critical_sets(below=below)) == by_loop
        assert kept.ordered


def test_several_kinds_and_filters_add_up(atlas, sets):
    kept = atlas.where(kind=(SADDLE, GLOBAL)).where(below=3)
    assert list(kept) == [s for s in sets if s.kind is not SPURIOUS and s.value < 3]
    assert kept.selection == "strict saddle or global minimum; below 3"
    assert kept.selection in kept.summary()


def test_exact_values_are_filtered_exactly():
    tiny = Fraction(1, 10**30)
    atlas = with_values([Fraction(1, 3) - tiny, Fraction(1, 3), Fraction(1, 3) + tiny])
    assert len(set(atlas.table.value)) == 1
    assert [s.value for s in atlas.where(below=Fraction(1, 3))] == [Fraction(1, 3) - tiny]
    assert [s.value for s in atlas.where(above=Fraction(1, 3))] == [Fraction(1, 3) + tiny]


def test_minima_are_those_without_a_top(atlas):
    minima = atlas.minima()
    assert [s.label for s in minima] == sorted(
        (s.label for s in atlas if "^" not in s.label), key=lambda w: [s.label for s in atlas].index(w)
    )
    assert len(minima) == 2**4
    assert Counter(s.kind for s in minima) == {GLOBAL: 1, SPURIOUS: 15}


def test_levels_of_exact_values_are_exact():
    land = Wells((1, 1, 1), (Fraction(1, 10**20),) * 3, exact=True)
    levels = th.survey(land).levels()
    counted = Counter(land.value(choice) for choice in itertools.product(range(3), repeat=3))
    assert {level.value: level.multiplicity for level in levels} == counted
    assert [level.first for level in levels] == np.cumsum([0, *(level.multiplicity for level in levels)]).tolist()[:-1]
    assert [level.value for level in levels] == sorted(counted)


@given(st.lists(st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float), max_size=40), st.none() | st.floats(0, 2))
def test_levels_part_the_values_into_groups_no_wider_than_the_tolerance(values, tolerance):
    atlas = with_values(values)
    levels = atlas.levels(tolerance)
    width = LEVEL_TOLERANCE * max(map(abs, values), default=0.0) if tolerance is None else tolerance
    ordered = sorted(values)
    assert sum(level.multiplicity for level in levels) == len(values)
    for level, after in itertools.pairwise([*levels, None]):
        members = ordered[level.first : level.first + level.multiplicity]
        assert members[0] == level.value
        assert members[-1] <= level.value + width
        assert after is None or after.value > level.value + width


@pytest.mark.parametrize("tolerance", [-1.0, math.nan, math.inf])
def test_tolerances_that_mean_nothing_are_refused(atlas, tolerance):
    with pytest.raises(th.DataError, match="tolerance"):
        atlas.levels(tolerance)


def test_plateaus_come_from_the_landscape(atlas):
    plateaus = atlas.plateaus()
    assert [len(plateau) for plateau in plateaus] == [2] * 40 + [1]
    assert [s for plateau in plateaus for s in plateau] == list(atlas)


def test_plateaus_that_no_theorem_gives_are_not_covered(atlas):
    linear = th.survey(th.LinearLandscape(np.eye(2), np.eye(2), hidden=1))
    with pytest.raises(th.NotCoveredError, match="touch"):
        linear.plateaus()
    with pytest.raises(th.NotCoveredError, match="without its landscape"):
        replace(atlas, landscape=None).plateaus()


def test_a_key_tells_the_position(atlas):
    assert [atlas.position(s.key) for s in atlas] == list(range(81))
    assert atlas.position(b"\x09" * 4) is None
    assert atlas.position(b"") is None


@given(st.lists(st.text(max_size=4), max_size=8), st.data())
def test_packed_texts_are_taken_like_a_list(texts, data):
    packed = Texts.of(texts)
    part = data.draw(st.slices(len(texts)))
    assert list(packed) == texts
    assert list(packed.take(part)) == texts[part]
    places = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9)) if texts else []
    assert list(packed.take(np.array(places, dtype=np.intp))) == [texts[i] for i in places]


def test_labels_do_not_need_the_set(atlas, sets):
    assert [atlas.label(i) for i in range(81)] == [s.label for s in sets]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_hold_every_row(library, exact):
    land = Wells((3, 2, 5), (1, Fraction(1, 3), Fraction(1, 4)), exact=exact)
    atlas = th.survey(land)
    frame = atlas.to_frame(library)
    assert type(frame).__module__.split(".")[0] == library
    if library == "pandas":
        rows = [
            {k: None if v is not v or str(v) == "<NA>" else v for k, v in r.items()} for r in frame.to_dict("records")
        ]
    else:
        rows = frame.to_dicts() if library == "polars" else frame.to_pylist()
    assert len(rows) == 27
    for row, s in zip(rows, atlas, strict=True):
        assert (row["value"], row["kind"], row["label"]) == (float(s.value), str(s.kind), s.label)
        assert (row["index"], row["nullity"], row["dimension"]) == (s.index, s.nullity, s.dimension)
        assert (row["index_low"], row["index_high"]) == s.index_range
        assert (row["nullity_low"], row["nullity_high"]) == (s.nullity_range or (None, None))
        assert row["known_by"] == str(s.evidence.method)
        assert Fraction(row["exact"]) == s.value if exact else "exact" not in row


def test_frames_say_what_to_install(atlas, monkeypatch):
    assert type(atlas.to_frame()).__module__.startswith("pandas")
    with pytest.raises(th.DataError, match="'excel' makes no data frames"):
        atlas.to_frame("excel")
    monkeypatch.setattr(_frames, "find_spec", lambda name: None)
    with pytest.raises(th.DataError, match="pandas, polars, pyarrow"):
        atlas.to_frame()
    with pytest.raises(th.DataError, match="polars is not installed"):
        atlas.to_frame("polars")


def test_the_summary_says_what_is_there_and_what_is_not(atlas, land):
    text = atlas.summary()
    assert "81 points: all critical points" in text
    assert "1 global minimum, 15 spurious minima, 65 strict saddles" in text
    assert f"0 to 11.5, {len({s.value for s in atlas})} distinct" in text
    assert "theodolite.survey(land)" in text
    assert str(atlas) == text
    part = th.survey(land, limit=9)
    assert "9 of 81 points: the lowest, stopped at the limit asked for; not complete" in part.summary()
    assert repr(part) == "<Atlas of wells:4: 9 of 81 points: the lowest, stopped at the limit asked for; not complete>"
    assert "limit=9" in part.command


def test_rich_shows_labels_as_they_are(atlas, capsys):
    odd = replace(atlas[:1], labels=None, specification="[red]x[/red]", command="[/] not markup")
    Console(width=200).print(odd)
    assert "[/] not markup" in capsys.readouterr().out


def test_the_whole_is_known_as_well_as_its_weakest_set(atlas):
    evidence = atlas.evidence
    assert evidence.method is th.Method.THEOREM
    assert evidence.complete
    assert {reference.theorem for reference in evidence.references} == {f"{k} tops" for k in range(5)}
    assert not atlas[:5].evidence.complete
    assert not th.survey(atlas.landscape, budget=0).evidence.complete


def test_an_atlas_draws_itself(atlas, tmp_path):
    assert "81" in atlas._repr_html_()
    atlas.to_html(tmp_path / "wells.html")
    page = (tmp_path / "wells.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "www" in page


def test_tables_join_to_the_same_whatever_the_pieces(atlas):
    table = atlas.table
    for ends in ([81], [1, 81], [0, 40, 40, 81], list(range(82))):
        parts = [table.take(slice(a, b)) for a, b in itertools.pairwise([0, *ends])]
        joined = Table.join(parts).compact()
        assert joined.evidence == table.evidence
        for name in ("value", "kind", "integers", "evidence_id", "keys"):
            assert getattr(joined, name).tobytes() == getattr(table, name).tobytes()
        assert np.array_equal(joined.ranges_exact, table.ranges_exact)
    assert len(Table.join([])) == 0


def test_a_statement_that_many_sets_checked_is_said_once_with_its_smallest_margin():
    land = th.ReluLandscape([[0.5], [1.0], [2.5], [3.0]], [0.5, 2.0, 1.0, 0.0], hidden=1, bias=True)
    atlas = th.survey(land)
    said = [assumption for found in atlas for assumption in found.evidence.assumptions]
    whole = atlas.evidence.assumptions
    assert len(said) > len(whole) == len({assumption.statement for assumption in whole})
    for assumption in whole:
        margins = [one.margin for one in said if one.statement == assumption.statement and one.margin is not None]
        assert assumption.margin == min(margins, default=None)
