"""Critical sets, strata, tables, directions and verdicts: what they hold, how they print, what they refuse."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from theodolite._critical import generator
from theodolite._table import Table

PROVEN = th.Evidence(th.Method.THEOREM, (th.cite("baldi-hornik-1989"),), scope="all of them")
COMPUTED = th.Evidence(th.Method.NUMERIC, residual=1e-9)


class Line:
    """A home whose pieces are single numbers: member = the key's first byte plus noise."""

    def representative_of(self, piece):
        return (np.array([float(piece.key[0])]),)

    def sample_of(self, piece, source):
        return (piece.key[0] + source.random(1),)

    def strata_of(self, critical_set):
        for dimension in range(2):
            yield th.Stratum(
                critical_set.value, critical_set.kind, 1, 0, dimension, f"{critical_set.label}/{dimension}", PROVEN
            )

    def certificate_of(self, piece):
        return th.Certificate({"claim": piece.label})

    def panels(self, critical_set):
        return ()


def one_set(**changes):
    plain = th.CriticalSet(
        value=2.5,
        kind=th.Kind.STRICT_SADDLE,
        index=2,
        nullity=1,
        dimension=1,
        label="{1, 3}",
        evidence=PROVEN,
        index_range=(2, 2),
        nullity_range=(1, 4),
        key=b"\x07",
        landscape=Line(),
    )
    return replace(plain, **changes)


def test_a_set_prints_one_fact_a_line():
    assert str(one_set()).splitlines() == [
        "set        {1, 3}, strict saddle",
        "loss       2.5",
        "index      2",
        "nullity    1 (1 to 4 over its strata)",
        "dimension  1",
        "known by   theorem: Baldi & Hornik 1989, Neural Networks 2:53-58",
        "             scope: all of them",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"index": None, "index_range": None}, "index      unknown"),
        ({"index": None, "index_range": (0, 3)}, "index      unknown (0 to 3 over its strata)"),
        ({"index_range": (1, 3), "ranges_exact": False}, "index      2 (1 to 3 over its strata, outer bounds)"),
        ({"index_range": None}, "index      2"),
        ({"dimension": None}, "dimension  unknown"),
        ({"value": Fraction(1, 3)}, "loss       0.3333333333"),
        ({"value": -1e-300}, "loss       -1e-300"),
    ],
)
def test_what_is_unknown_or_spread_is_said(changes, line):
    assert line in str(one_set(**changes)).splitlines()


@pytest.mark.parametrize(
    "piece", [one_set(), one_set(label="<b>&"), th.Stratum(1, th.Kind.SADDLE, None, None, None, "s", PROVEN)]
)
def test_a_notebook_shows_the_same_facts_escaped(piece):
    html = piece._repr_html_()
    assert html.count("<tr>") == len(list(piece.facts()))
    assert "<b>" not in html
    assert "Baldi &amp; Hornik" in html


def test_members_are_reproducible_and_counted():
    piece = one_set()
    assert piece.representative()[0].tolist() == [7.0]
    assert piece.sample(3)[0] == piece.sample(np.random.default_rng(3))[0]
    assert piece.sample(np.int64(3))[0] == piece.sample(3)[0]
    several = piece.sample(3, size=4)
    assert len(several) == 4
    assert several[0][0] == piece.sample(3)[0]
    assert len({float(member[0][0]) for member in several}) == 4
    assert piece.sample(3, size=0) == []
    assert piece.sample(3, size=np.int32(1)) == [piece.sample(3)]


def test_a_generator_moves_on():
    source = np.random.default_rng(5)
    assert generator(source) is source
    assert one_set().sample(source)[0] != one_set().sample(source)[0]


def test_strata_come_lazily():
    strata = one_set().strata()
    assert next(strata).label == "{1, 3}/0"
    assert [stratum.label for stratum in strata] == ["{1, 3}/1"]


@pytest.mark.parametrize("method", ["representative", "strata", "panels"])
def test_a_set_without_its_landscape_says_what_to_load(method):
    lonely = one_set(landscape=None)
    with pytest.raises(th.NotCoveredError, match=r"\{1, 3\} cannot build its members: .*load_atlas\(path, land\)"):
        getattr(lonely, method)()
    assert lonely.attached(Line()).representative()[0].tolist() == [7.0]


def test_sets_are_values():
    assert one_set() == one_set(landscape=None)
    assert one_set() != one_set(index=3)
    assert hash(one_set()) == hash(one_set(landscape=None))
    assert pickle.loads(pickle.dumps(one_set(landscape=None))) == one_set()
    assert copy.deepcopy(one_set()) == one_set()
    with pytest.raises(FrozenInstanceError):
        one_set().value = 1.0


def test_a_home_is_recognised_by_what_it_can_do():
    from theodolite._critical import Home

    assert isinstance(Line(), Home)
    assert not isinstance(object(), Home)


integers = st.none() | st.integers(0, 2**31 - 1)
spans = st.none() | st.tuples(st.integers(0, 9), st.integers(10, 99))


@st.composite
def set_lists(draw):
    width = draw(st.integers(0, 3))
    values = st.floats(allow_nan=False, allow_infinity=False)
    if draw(st.booleans()):
        values = values | st.fractions(max_denominator=10**6).filter(lambda value: abs(value) < 10**300)
    return draw(
        st.lists(
            st.builds(
                th.CriticalSet,
                value=values,
                kind=st.sampled_from(th.Kind),
                index=integers,
                nullity=integers,
                dimension=integers,
                label=st.just(""),
                evidence=st.sampled_from([PROVEN, COMPUTED]),
                index_range=spans,
                nullity_range=spans,
                ranges_exact=st.just(True),
                key=st.binary(min_size=width, max_size=width),
                landscape=st.none(),
            ),
            max_size=6,
        )
    )


@given(set_lists())
def test_columns_give_back_what_went_in(sets):
    table = Table.of(sets)
    assert len(table) == len(sets)
    assert list(table.rows(lambda key: "", None)) == sets
    assert len(table.evidence) == len({item.evidence for item in sets})


@given(set_lists(), st.data())
def test_taking_rows_is_taking_sets(sets, data):
    table = Table.of(sets)
    rows = data.draw(st.lists(st.integers(0, len(sets) - 1), max_size=8)) if sets else []
    taken = table.take(np.array(rows, dtype=np.intp))
    assert list(taken.rows(lambda key: "", None)) == [sets[i] for i in rows]
    mask = np.array([item.kind.is_saddle for item in sets], dtype=bool)
    kept = table.take(mask)
    assert list(kept.rows(lambda key: "", None)) == [item for item in sets if item.kind.is_saddle]


@given(set_lists(), st.integers(0, 6))
def test_joining_undoes_cutting(sets, cut):
    parts = [table for table in (Table.of(sets[:cut]), Table.of(sets[cut:])) if len(table)]
    if parts:
        joined = Table.join(parts)
        assert list(joined.rows(lambda key: "", None)) == sets
        assert len(joined.evidence) == len({item.evidence for item in sets})


def test_labels_come_from_keys():
    table = Table.of([one_set(), one_set(key=b"\x09")])
    assert [item.label for item in table.rows(lambda key: f"key {key[0]}", None)] == ["key 7", "key 9"]


@pytest.mark.parametrize("rng", [-1, True, 1.0, None, "7", np.random.RandomState(0)])
def test_what_cannot_seed_is_refused(rng):
    with pytest.raises(th.DataError, match="rng is"):
        generator(rng)


@pytest.mark.parametrize("size", [-1, True])
def test_sizes_are_counts(size):
    with pytest.raises(th.DataError, match="size is"):
        one_set().sample(0, size=size)


def way_out(**changes):
    plain = th.Direction(
        vector=(np.array([1.0]),),
        order=2,
        curvature=-4.0,
        step=0.5,
        decrease=Fraction(1, 2),
        words="grow direction 1",
        evidence=PROVEN,
        curve=lambda t: (np.array([t]),),
    )
    return replace(plain, **changes)


def test_a_way_out_walks_its_curve():
    assert way_out().at()[0].tolist() == [0.5]
    assert way_out().at(0.0)[0].tolist() == [0.0]
    assert way_out().at(2)[0].tolist() == [2.0]


def test_a_way_out_prints_order_curvature_step_and_decrease():
    assert str(way_out()).splitlines() == [
        "way out    grow direction 1",
        "order      2",
        "curvature  -4",
        "step       0.5",
        "decrease   0.5",
    ]
    assert "curvature" not in str(way_out(curvature=None, order=4))
    assert "<td" in way_out()._repr_html_()


def test_a_verdict_prints_everything_it_knows():
    verdict = th.Verdict(
        kind=th.Kind.STRICT_SADDLE,
        value=2.5,
        scaled_gradient=1.23456e-17,
        evidence=PROVEN,
        critical_set=one_set(),
        distance=1e-15,
        gap=2.0,
        index=2,
        nullity=1,
        escape=way_out(),
    )
    assert str(verdict).splitlines() == [
        "verdict     strict saddle: the loss falls to second order in some direction",
        "loss        2.5",
        "above best  2",
        "gradient    1.23e-17 (relative to its terms)",
        "set         {1, 3} at loss 2.5",
        "distance    at most 1e-15 to an exactly critical point of it",
        "index       2",
        "nullity     1",
        "way out     grow direction 1; lowers the loss by 0.5",
        "known by    theorem: Baldi & Hornik 1989, Neural Networks 2:53-58",
        "              scope: all of them",
    ]
    assert verdict._repr_html_().count("<tr>") == 10


def test_a_verdict_leaves_out_what_it_does_not_know():
    verdict = th.Verdict(th.Kind.UNDECIDED, 1.0, 0.5, COMPUTED)
    names = [name for name, _ in verdict.facts()]
    assert names == ["verdict", "loss", "gradient", "known by"]
    assert "None" not in str(verdict)
    assert "None" not in verdict._repr_html_()


def test_reprs_stay_short_and_say_the_class():
    assert repr(way_out()).startswith("<Direction ")
    assert "landscape" not in repr(one_set())
    assert "curve" not in repr(way_out()).replace("curvature", "")


def test_evidence_papers_and_landscapes_show_themselves_in_a_notebook() -> None:
    land = th.LinearLandscape(np.eye(2), np.diag([2.0, 1.0]), 1)
    assert "Linear network 2-1-2" in land._repr_html_()
    assert "Baldi &amp; Hornik" in land.global_minimum().evidence._repr_html_()
    assert "arxiv.org/abs/2002.04763" in th.cite("liu-2020")._repr_html_()
