"""Surveys of a landscape whose answers are plain, with every option."""

import itertools
import math
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theodolite as th
from tests.support.wells import LETTERS, Fatal, Faulty, Wells
from theodolite import _conduct
from theodolite._columns import table_columns
from theodolite._conduct import RETRIES
from theodolite._survey import _positive, seconds

HEIGHTS, TILTS = (3.0, 2.0, 5.0, 1.5), (1.0, 0.5, 0.25, 0.125)


def by_hand(land):
    """All points of ``land`` as (value, label), lowest first, equal values by label in the order of the letters."""
    parts = [(0, h, t) for h, t in zip(land.heights, land.tilts, strict=True)]
    every = [
        (sum(p[c] for p, c in zip(parts, choice, strict=True)), choice)
        for choice in itertools.product(range(3), repeat=land.n)
    ]
    return [(value, "".join(LETTERS[c] for c in choice)) for value, choice in sorted(every)]


def assert_same(one, other):
    """Assert that two atlases hold the same bytes."""
    (left, roots), (right, other_roots) = table_columns(one.table), table_columns(other.table)
    assert roots == other_roots
    assert left.keys() == right.keys()
    assert all(left[name].tobytes() == right[name].tobytes() for name in left)
    assert one.table.evidence == other.table.evidence
    assert (one.complete, one.ordered, one.stopped) == (other.complete, other.ordered, other.stopped)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("ordered", [True, False])
def test_a_survey_finds_every_point_by_increasing_value(ordered, exact):
    land = Wells(HEIGHTS, TILTS, ordered=ordered, exact=exact)
    atlas = th.survey(land)
    assert [(s.value, s.label) for s in atlas] == by_hand(land)
    assert atlas.complete
    assert atlas.ordered
    assert atlas.stopped is None
    assert atlas.total == 81


@pytest.mark.parametrize("limit", [1, 2, 7, 80, 81, 82, 10**9])
def test_a_limit_keeps_the_lowest_and_says_whether_any_are_missing(limit):
    land = Wells(HEIGHTS, TILTS)
    atlas = th.survey(land, limit=limit)
    assert [s.label for s in atlas] == [label for _, label in by_hand(land)][:limit]
    assert atlas.complete == (limit >= 81)
    assert atlas.stopped == (None if limit >= 81 else "limit")
    assert atlas.ordered


@pytest.mark.parametrize("limit", [5, 81, 100])
def test_without_order_a_limit_keeps_the_first_found_and_says_so(limit):
    land = Wells(HEIGHTS, TILTS, ordered=False)
    atlas = th.survey(land, limit=limit)
    first = [land.set_of(choice) for choice in itertools.islice(itertools.product(range(3), repeat=4), limit)]
    assert sorted((s.value, s.label) for s in atlas) == sorted((s.value, s.label) for s in first)
    assert (np.diff(atlas.table.value) >= 0).all()
    assert atlas.complete == atlas.ordered == (limit >= 81)


@pytest.mark.parametrize(("limit", "complete"), [(None, True), (81, True), (80, False)])
def test_completeness_is_known_without_a_count(limit, complete):
    atlas = th.survey(Wells(HEIGHTS, TILTS, counted=False), limit=limit)
    assert atlas.total is None
    assert atlas.complete is complete


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "5", math.nan])
def test_limits_that_are_no_positive_integer_are_refused(limit):
    with pytest.raises(th.DataError, match="limit is"):
        _positive(limit)


def test_numpy_integers_are_limits():
    assert len(th.survey(Wells(HEIGHTS, TILTS), limit=np.int64(3))) == 3


@given(st.integers(0, 50), st.integers(0, 59), st.integers(0, 59))
def test_budgets_are_read_in_hours_minutes_and_seconds(hours, minutes, rest):
    assert seconds(f"{hours}h{minutes}m{rest}s") == 3600 * hours + 60 * minutes + rest
    assert seconds(f" {rest}.5 s ") == rest + 0.5
    assert seconds(rest) == rest


@pytest.mark.parametrize("budget", ["", "5", "s", "5 days", "-1s", "1e3s", "5s!", -1, math.inf, math.nan, True])
def test_other_budgets_are_refused(budget):
    with pytest.raises(th.DataError, match="budget is"):
        seconds(budget)


class Clock:
    """A clock that goes on by one second each time it is read."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += 1.0
        return self.now


@pytest.mark.parametrize("workers", [0, 2])
def test_a_budget_ends_the_survey_with_what_it_has(monkeypatch, workers):
    clock = Clock()
    monkeypatch.setattr(_conduct.time, "monotonic", clock.monotonic)
    land = Wells(HEIGHTS, TILTS)
    if workers:
        with ThreadPoolExecutor(workers) as pool:
            atlas = th.survey(land, budget=4, executor=pool)
    else:
        atlas = th.survey(land, budget=4)
    assert 0 < len(atlas) < 81
    assert [s.label for s in atlas] == [label for _, label in by_hand(land)][: len(atlas)]
    assert not atlas.complete
    assert atlas.ordered
    assert atlas.stopped == "budget"


def test_no_time_gives_an_empty_atlas_that_can_be_used(tmp_path):
    atlas = th.survey(Wells(HEIGHTS, TILTS), budget="0s")
    assert len(atlas) == len(list(atlas)) == 0
    assert not atlas.complete
    assert "0 of 81" in atlas.summary()
    assert atlas.levels() == []
    for suffix in ("json", "npz", "parquet"):
        atlas.save(tmp_path / f"none.{suffix}")
        assert_same(th.load_atlas(tmp_path / f"none.{suffix}"), atlas)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("pool", [None, ThreadPoolExecutor])
def test_an_interrupt_returns_what_is_there(pool, ordered):
    land = Wells(HEIGHTS, TILTS, ordered=ordered)

    def interrupt(done, total):
        if done >= 12:
            raise KeyboardInterrupt

    executor = pool and pool(2)
    atlas = th.survey(land, progress=interrupt, executor=executor)
    if executor:
        executor.shutdown()
    everything = {s.label: s for s in th.survey(land)}
    assert (0 if pool else 1) <= len(atlas) < 81  # workers may have done later pieces first
    assert all(everything[s.label] == s for s in atlas)
    assert (atlas.complete, atlas.ordered, atlas.stopped) == (False, ordered, "interrupted")


def test_progress_is_told_to_a_function():
    told = []
    th.survey(Wells(HEIGHTS, TILTS), limit=30, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (30, 30)


def test_a_bar_is_shown_if_asked_for_and_otherwise_only_on_a_terminal(capsys):
    th.survey(Wells(HEIGHTS, TILTS))
    th.survey(Wells(HEIGHTS, TILTS), progress=False)
    assert capsys.readouterr() == ("", "")
    th.survey(Wells(HEIGHTS, TILTS, delay=0.02), progress=True)
    assert "critical sets" in capsys.readouterr().err


def test_a_slow_survey_shows_its_bar_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("theodolite._progress._PATIENCE", 0.05)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    th.survey(Wells(HEIGHTS, TILTS))
    assert capsys.readouterr().err == ""
    th.survey(Wells(HEIGHTS, TILTS, delay=0.05))
    assert "critical sets" in capsys.readouterr().err


def test_what_would_not_end_is_refused_with_its_count():
    land = Wells(range(1, 41), (0.5,) * 40)
    with pytest.raises(th.WorkloadError, match=r"about 1\.2e19 candidates.*limit=1000") as refused:
        th.survey(land)
    assert refused.value.count == 3**40


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("limit", [None, 20])
@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_the_result_does_not_depend_on_workers(pool, limit, ordered):
    land = Wells(HEIGHTS, TILTS, ordered=ordered)
    with pool(3) as executor:
        spread = th.survey(land, limit=limit, executor=executor)
    assert_same(spread, th.survey(land, limit=limit))


def test_a_dead_worker_is_replaced_and_its_piece_done_again(tmp_path):
    folder = tmp_path / "deaths"
    folder.mkdir()
    with ProcessPoolExecutor(2) as executor:
        atlas = th.survey(Fatal(HEIGHTS, TILTS, folder, 2), executor=executor)
    assert len(list(folder.iterdir())) == 2
    assert_same(atlas, th.survey(Wells(HEIGHTS, TILTS)))


def test_workers_that_keep_dying_are_an_error_and_finished_pieces_stay(tmp_path):
    folder, store = tmp_path / "deaths", tmp_path / "store"
    folder.mkdir()
    with ProcessPoolExecutor(2) as executor, pytest.raises(th.StoreError, match=f"lost {RETRIES + 1} times"):
        th.survey(Fatal(HEIGHTS, TILTS, folder, 99), executor=executor, store=store)
    assert len(list(folder.iterdir())) == RETRIES + 1
    assert list(store.glob("*.npz"))


@pytest.mark.parametrize("error", [th.NotCoveredError("not here"), ZeroDivisionError("a bug")])
def test_errors_of_the_work_itself_are_not_retried(error):
    with ProcessPoolExecutor(1) as executor, pytest.raises(type(error), match=str(error).rstrip(".")):
        th.survey(Faulty(HEIGHTS, TILTS, error), executor=executor)


def test_a_landscape_that_cannot_be_sent_is_refused():
    land = Wells(HEIGHTS, TILTS)
    land.extra = lambda: None
    with ProcessPoolExecutor(1) as executor, pytest.raises(th.DataError, match="cannot be sent to other processes"):
        th.survey(land, executor=executor)
    with ThreadPoolExecutor(1) as executor:
        assert len(th.survey(land, executor=executor)) == 81


def test_an_executor_that_was_shut_down_is_refused():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(th.DataError, match="takes no work"):
        th.survey(Wells(HEIGHTS, TILTS), executor=executor)


def test_a_real_landscape_is_surveyed_alike_here_and_in_processes():
    rng = np.random.default_rng(5)
    X = rng.standard_normal((30, 8))
    land = th.LinearLandscape(X, X @ rng.standard_normal((8, 8)), hidden=4)
    with ProcessPoolExecutor(2) as executor:
        spread = th.survey(land, executor=executor)
    here = th.survey(land)
    assert_same(spread, here)
    assert len(here) == land.count() == sum(math.comb(8, k) for k in range(5))
    assert [s.label for s in here] == [s.label for s in land.critical_sets()]
