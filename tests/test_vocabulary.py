"""Errors, kinds, references and evidence: what they say, and that they survive being sent to another process."""

from __future__ import annotations

import copy
import pickle

import msgspec
import pytest

import theodolite as th
from theodolite._notebook import facts_html

PLAIN_ERRORS = [
    th.TheodoliteError,
    th.DataError,
    th.ShapeError,
    th.NotCoveredError,
    th.NoEscapeError,
    th.AtlasFileError,
    th.StoreError,
]


def halves(k: int) -> float:
    return 2.0**-k


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (("Width is 0", None, None), "Width is 0."),
        (("Width is 0", "no unit is left", None), "Width is 0: no unit is left."),
        (("Width is 0.", None, "Pass 1 or more"), "Width is 0. Pass 1 or more."),
        (("Width is 0", "no unit is left.", "Pass 1 or more."), "Width is 0: no unit is left. Pass 1 or more."),
    ],
)
@pytest.mark.parametrize("kind", PLAIN_ERRORS)
def test_a_message_is_fact_cause_and_fix(kind, parts, message):
    fact, cause, fix = parts
    error = kind(fact, cause=cause, fix=fix)
    assert str(error) == message
    assert (error.fact, error.cause, error.fix) == parts
    assert isinstance(error, th.TheodoliteError)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_cross_process_boundaries_with_all_they_carry(protocol):
    errors = [
        *(kind("fact", cause="cause", fix="fix") for kind in PLAIN_ERRORS),
        th.WorkloadError("too many", count=10**30, fix="set a limit"),
        th.NoMinimumError("none", infimum=0.25, sequence=halves, cause="it is only approached"),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.__dict__ == error.__dict__
        assert str(copy.copy(error)) == str(error)


def test_notes_survive_pickling():
    error = th.DataError("fact")
    error.add_note("while reading a.csv")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["while reading a.csv"]


def test_bad_data_is_a_value_error_for_those_who_do_not_know_us():
    with pytest.raises(ValueError, match="fact"):
        raise th.ShapeError("fact")
    assert not issubclass(th.NotCoveredError, ValueError)


def test_no_minimum_error_carries_what_approaches_the_infimum():
    error = th.NoMinimumError("none", infimum=0.0, sequence=halves)
    assert [error.sequence(k) for k in range(3)] == [1.0, 0.5, 0.25]
    assert "sequence(k)" in str(error)


def test_kinds_partition_into_minima_saddles_and_the_rest():
    minima = {kind for kind in th.Kind if kind.is_minimum}
    saddles = {kind for kind in th.Kind if kind.is_saddle}
    assert not minima & saddles
    assert set(th.Kind) - minima - saddles == {th.Kind.NOT_CRITICAL, th.Kind.UNDECIDED}


@pytest.mark.parametrize("kind", th.Kind)
def test_every_kind_has_words_and_a_code_that_leads_back(kind):
    assert str(kind) == kind.name.lower().replace("_", " ").replace("non strict", "non-strict")
    assert kind.meaning
    assert kind.meaning[0].islower()
    assert th.Kind.from_code(kind.code) is kind
    assert pickle.loads(pickle.dumps(kind)) is kind


def test_codes_are_those_of_saved_atlases():
    assert [kind.name for kind in sorted(th.Kind, key=lambda kind: kind.code)] == [
        "GLOBAL_MINIMUM",
        "SPURIOUS_MINIMUM",
        "LOCAL_MINIMUM",
        "STRICT_SADDLE",
        "NON_STRICT_SADDLE",
        "SADDLE",
        "NOT_CRITICAL",
        "UNDECIDED",
    ]


@pytest.mark.parametrize("key", sorted(th.REFERENCES))
def test_every_paper_prints_author_year_and_place(key):
    paper = th.cite(key)
    assert paper.key == key
    assert str(paper).startswith(f"{paper.authors} {paper.year}, ")
    assert (paper.arxiv or paper.journal or "") in str(paper)
    assert paper.url == (None if paper.arxiv is None else f"https://arxiv.org/abs/{paper.arxiv}")
    assert str(th.cite(key, theorem="Theorem 9")) == f"{paper}, Theorem 9"


def test_an_unknown_paper_is_refused_with_the_known_ones():
    with pytest.raises(th.DataError, match=r"'zhou'.*zhou-liang-2017"):
        th.cite("zhou")


def test_citing_a_theorem_leaves_the_registry_alone():
    th.cite("liu-2020", theorem="Theorem 3")
    assert th.REFERENCES["liu-2020"].theorem is None
    with pytest.raises(AttributeError):
        th.REFERENCES["liu-2020"].theorem = "Theorem 3"


@pytest.mark.parametrize(
    ("assumption", "text"),
    [
        (th.Assumption("X has full rank"), "X has full rank"),
        (th.Assumption("rank 3", margin=1e6), "rank 3 (margin 1e+06)"),
        (th.Assumption("rank 3", tolerance=0.5), "rank 3 (tolerance 0.5)"),
        (th.Assumption("rank 3", margin=float("inf"), tolerance=0.0), "rank 3 (margin inf, tolerance 0)"),
    ],
)
def test_assumptions_print_their_margins(assumption, text):
    assert str(assumption) == text


def test_evidence_prints_method_papers_checks_residual_and_scope():
    evidence = th.Evidence(
        th.Method.THEOREM,
        references=(th.cite("baldi-hornik-1989", theorem="Fact 4"), th.cite("kunin-2019")),
        assumptions=(th.Assumption("no penalty"), th.Assumption("rank 4", margin=1e9)),
        scope="all critical points",
        residual=1.25e-16,
        complete=False,
    )
    assert str(evidence).splitlines() == [
        "theorem: Baldi & Hornik 1989, Neural Networks 2:53-58, Fact 4; "
        "Kunin, Bloom, Goeva & Seed 2019, arXiv:1901.08168",
        "  checked: no penalty",
        "  checked: rank 4 (margin 1e+09)",
        "  residual: 1.25e-16",
        "  scope: all critical points (not complete)",
    ]
    assert str(th.Evidence(th.Method.NUMERIC)) == "numeric"


def test_incomplete_evidence_says_so_even_without_a_scope():
    assert "not complete" in str(th.Evidence(th.Method.NUMERIC, complete=False))


def test_evidence_can_be_interned_pickled_and_written():
    make = lambda: th.Evidence(th.Method.EXACT, (th.cite("liu-2020"),), (th.Assumption("a", 2.0),), "here", 0.0)  # noqa: E731
    assert len({make(), make()}) == 1
    assert pickle.loads(pickle.dumps(make())) == make()
    assert msgspec.json.decode(msgspec.json.encode(make()), type=th.Evidence) == make()


def test_methods_are_listed_strongest_first():
    assert [method.value for method in th.Method] == ["exact", "theorem", "verified", "numeric"]


def test_notebook_tables_escape_what_they_show():
    html = facts_html([("<set>", 'a & "b"\nc')])
    assert "&lt;set&gt;" in html
    assert "a &amp; &quot;b&quot;\nc" in html
    assert "pre-line" in html
