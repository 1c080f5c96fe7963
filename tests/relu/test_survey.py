"""Surveys of ReLU landscapes: what rows say against their strata, dense Hessians, classify; and every option of survey."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theodolite as th
from tests.relu.cases import A, Case, T
from tests.test_survey import assert_same
from theodolite.relu import _catalogue
from theodolite.relu._keys import Key, Sort

CASES = [*T, *A]
TEN = T[9]
"""26 strata of minima, all sorts of kinks, one saddle; its global minimum is on a kink."""
MINIMA = (th.Kind.GLOBAL_MINIMUM, th.Kind.SPURIOUS_MINIMUM)


def landscape(case: Case, *, floats: bool = False, reduction: str = "sum") -> th.ReluLandscape:
    """The landscape of a case, its loss S."""
    inputs, targets = np.array(case.inputs), np.array(case.targets)
    if floats:
        inputs, targets = inputs.astype(float), targets.astype(float)
    slope, offset = case.slope, case.offset
    return th.ReluLandscape(inputs, targets, case.hidden, negative_slope=slope, output_bias=offset, reduction=reduction)


def inertia(land: th.ReluLandscape, params: object) -> tuple[int, int]:
    """Index and nullity by a dense eigensolver."""
    values = np.linalg.eigvalsh(np.array(land.hessian(params).todense(), dtype=float))
    small = 1e-9 * max(1.0, float(np.abs(values).max()))
    return int((values < -small).sum()), int((np.abs(values) <= small).sum())


@pytest.mark.parametrize("floats", [False, True], ids=["exact", "floats"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_minima_are_one_set_for_each_loss_and_the_lowest_is_global(case: Case, floats: bool) -> None:
    atlas = th.survey(landscape(case, floats=floats))
    minima = [item for item in atlas if item.kind in MINIMA]
    wanted = sorted(map(Fraction, case.levels))
    assert np.allclose([float(item.value) for item in minima], [float(value) for value in wanted], atol=1e-12)
    assert floats or [item.value for item in minima] == wanted
    assert [item.kind for item in minima] == [MINIMA[0]] + [MINIMA[1]] * (len(minima) - 1)
    assert all(item.kind in (*MINIMA, th.Kind.STRICT_SADDLE) for item in atlas)
    assert atlas.complete
    assert atlas.ordered
    assert atlas.evidence.method is (th.Method.THEOREM if floats else th.Method.EXACT)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_strata_are_as_many_as_listed_and_rows_span_them(case: Case) -> None:
    land = landscape(case)
    counts: dict[str, tuple[int, int]] = {}
    for item in land.critical_sets():
        strata = list(item.strata())
        smooth = [stratum for stratum in strata if stratum.differentiable]
        if item.kind in MINIMA:
            counts[str(item.value)] = len(smooth), len(strata) - len(smooth)
        assert max(stratum.dimension for stratum in strata) == item.dimension
        assert all(stratum.value == item.value and stratum.kind is item.kind for stratum in strata)
        assert len({stratum.key for stratum in strata}) == len(strata)
        largest = [stratum for stratum in strata if stratum.dimension == item.dimension]
        if item.nullity is not None:
            assert {stratum.nullity for stratum in largest} == {item.nullity}
        if not smooth:
            assert item.nullity_range is None
            continue
        indices = [stratum.index for stratum in smooth]
        assert item.index_range == (min(indices), max(indices))
        low = min(stratum.nullity_range[0] for stratum in smooth)
        high = max(stratum.nullity_range[1] for stratum in smooth)
        assert item.nullity_range[0] <= low
        assert high <= item.nullity_range[1]
        assert not item.ranges_exact or (low, high) == item.nullity_range
    assert counts == case.levels


@pytest.mark.parametrize("case", CASES, ids=str)
def test_members_have_the_loss_the_inertia_and_the_kind_of_their_stratum(case: Case) -> None:
    land = landscape(case, reduction="mean")
    strata = [*land.local_minima(), *land.saddles()]
    for k, stratum in enumerate(strata[:: 1 + len(strata) // 25]):
        for params in (stratum.representative(), stratum.sample(k)):
            assert land.loss(params) == stratum.value
            verdict = land.classify(params)
            assert verdict.kind is stratum.kind
            if stratum.differentiable:
                assert verdict.index == stratum.index
        if stratum.differentiable:
            index, nullity = inertia(land, stratum.sample(k))
            assert index == stratum.index
            assert stratum.nullity in (None, nullity)
            assert stratum.nullity_range[0] <= nullity <= stratum.nullity_range[1]


def test_members_of_sets_come_from_all_strata() -> None:
    land = landscape(T[15])
    lowest = land.global_minimum()
    members = lowest.sample(3, size=40)
    assert all(land.loss(params) == 0 for params in members)
    faces = {tuple(np.sign((land.problem.inputs @ params[0].T).astype(float)).ravel().tolist()) for params in members}
    assert len(faces) > 20
    assert land.loss(lowest.representative()) == 0
    again = lowest.sample(3, size=40)
    assert all(
        (a == b).all() for one, other in zip(members, again, strict=True) for a, b in zip(one, other, strict=True)
    )


def test_isolated_and_unique_are_said_of_strata() -> None:
    strata = list(landscape(TEN).local_minima())
    lowest = [stratum for stratum in strata if stratum.kind is th.Kind.GLOBAL_MINIMUM]
    assert [str(stratum.label) for stratum in lowest] == ["+[-+--] +[+-0+]", "+[-+0-] +[+-0+]"]
    assert [stratum.unique for stratum in lowest] == [False, True]
    assert all(stratum.isolated in (True, False) for stratum in strata)
    assert not lowest[0].isolated
    assert lowest[1].output_signs == (1, 1)
    assert lowest[1].signs.tolist() == [[-1, 1, 0, -1], [1, -1, 0, 1]]


def test_kinks_can_be_left_out_and_then_nothing_is_called_global() -> None:
    land = landscape(TEN)
    strata = list(land.local_minima(nondifferentiable=False))
    assert len(strata) == sum(smooth for smooth, _ in TEN.levels.values())
    assert all(stratum.differentiable and not stratum.evidence.complete for stratum in strata)
    assert {stratum.kind for stratum in strata} == {th.Kind.LOCAL_MINIMUM, th.Kind.SPURIOUS_MINIMUM}
    assert len(list(land.local_minima(nondifferentiable=True))) == sum(map(sum, TEN.levels.values()))
    with pytest.raises(th.DataError, match="nondifferentiable is 'no'"):
        land.local_minima(nondifferentiable="no")


def test_where_there_are_too_many_sets_of_faces_those_on_kinks_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    full = landscape(TEN)
    assert full.exhaustive
    assert full.workload() == 1 + 17 + 17 * 16 // 2
    monkeypatch.setattr(_catalogue, "MOST_FACE_SETS", 100)
    land = landscape(TEN)
    assert not land.exhaustive
    assert land.workload() == 1 + 8 + 8 * 7 // 2
    atlas = th.survey(land)
    assert not atlas.complete
    assert atlas.stopped is None
    assert "those on kinks are not listed" in atlas.evidence.scope
    assert not atlas.evidence.complete
    assert {str(item.value) for item in atlas if item.kind.is_minimum} == {
        value for value, (smooth, _) in TEN.levels.items() if smooth
    }
    assert atlas[0].kind is th.Kind.LOCAL_MINIMUM
    assert all(item.kind is th.Kind.SPURIOUS_MINIMUM for item in atlas.minima()[1:])
    with pytest.raises(th.NotCoveredError, match="too many to enumerate"):
        land.global_minimum()
    with pytest.raises(th.NotCoveredError, match="How many critical sets"):
        land.count()
    monkeypatch.setattr(_catalogue, "MOST_FACE_SETS", 10)
    with pytest.raises(th.WorkloadError, match="37 sets of faces") as caught:
        landscape(TEN).global_minimum()
    assert caught.value.count == 37


def test_margins_of_floats_do_not_depend_on_how_large_their_fractions_are() -> None:
    # A slope of 0.1 is a fraction of 55 bits, so numbers of one fit differ by factors of 1e60.
    rows = th.survey(landscape(A[7], floats=True)).table
    margins = [a.margin for one in rows.evidence for a in one.assumptions if a.margin is not None]
    assert min(margins) > 1e6


def test_zero_loss_is_global_however_little_was_searched() -> None:
    land = landscape(T[7])
    atlas = th.survey(land, limit=3)
    assert atlas.stopped == "limit"
    assert not atlas.complete
    (item,) = th.survey(land).where(kind=th.Kind.GLOBAL_MINIMUM)
    assert item.value == 0
    strata = land.local_minima(nondifferentiable=False)
    assert next(strata).kind is th.Kind.GLOBAL_MINIMUM


def test_what_was_listed_is_known_to_verdicts() -> None:
    land = landscape(TEN)
    params = next(land.local_minima(nondifferentiable=True)).representative()
    assert land.classify(params).kind is th.Kind.GLOBAL_MINIMUM
    assert landscape(TEN).classify(params).kind is not th.Kind.GLOBAL_MINIMUM


def test_counts_need_a_survey() -> None:
    land = landscape(TEN)
    with pytest.raises(th.NotCoveredError, match="Enumerate them first"):
        land.count()
    atlas = th.survey(land)
    assert atlas.total is None
    assert land.count() == len(atlas) == 11
    again = th.survey(land)
    assert again.total == 11
    assert_same(again, atlas)


def test_filters_of_critical_sets() -> None:
    land = landscape(TEN)
    assert [item.value for item in land.critical_sets(below=3)] == [Fraction(6, 5), 2]
    assert [item.label for item in land.critical_sets(kind=th.Kind.STRICT_SADDLE)] == ["+[-+--]"]
    assert len(list(land.critical_sets(max_index=0))) == 10
    assert [item.value for item in land.critical_sets(above=Fraction(20, 3))] == [7]


def test_several_outputs_are_refused() -> None:
    land = th.ReluLandscape([[1, 2], [3, 4]], [[1, 2], [3, 4]], hidden=1)
    for question in (lambda: th.survey(land), land.workload, land.global_minimum, lambda: next(land.critical_sets())):
        with pytest.raises(th.NotCoveredError, match="2 outputs"):
            question()


def test_too_much_is_refused_before_it_begins() -> None:
    rng = np.random.default_rng(0)
    land = th.ReluLandscape(rng.normal(size=(40, 3)), rng.normal(size=40), hidden=3, bias=True)
    assert land.workload() > 10**12
    with pytest.raises(th.WorkloadError, match="candidates to visit"):
        th.survey(land)
    wide = th.ReluLandscape(rng.normal(size=(200, 8)), rng.normal(size=200), hidden=1)
    with pytest.raises(th.WorkloadError, match="cells in which a neuron can lie"):
        th.survey(wide, budget=5)


@pytest.mark.parametrize(
    "executor", [lambda: ThreadPoolExecutor(2), lambda: ProcessPoolExecutor(2, get_context("spawn"))]
)
def test_executors_find_the_same(executor: object) -> None:
    land = landscape(T[14])
    with executor() as pool:
        assert_same(th.survey(landscape(T[14]), executor=pool), th.survey(land))


def test_stores_are_gone_on_from(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    land = landscape(T[14])
    whole = th.survey(land)
    calls = []

    def interrupted(self: object, item: object) -> th._table.Table:
        calls.append(item)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, item)

    real = th.ReluLandscape.solve
    monkeypatch.setattr(th.ReluLandscape, "solve", interrupted)
    part = th.survey(landscape(T[14]), store=tmp_path)
    assert part.stopped == "interrupted"
    assert not part.complete
    assert not any(item.kind is th.Kind.GLOBAL_MINIMUM and item.value != 0 for item in part)
    rest = th.survey(landscape(T[14]), store=tmp_path)
    assert len(calls) == 3 + len(list(land.work())) - 2
    assert_same(rest, whole)


def test_no_time_gives_an_empty_incomplete_atlas() -> None:
    atlas = th.survey(landscape(TEN), budget=0)
    assert len(atlas) == 0
    assert atlas.stopped == "budget"
    assert not atlas.complete


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("floats", [False, True])
def test_saved_atlases_come_home(tmp_path: object, suffix: str, floats: bool) -> None:
    path = tmp_path / f"atlas{suffix}"
    land = landscape(TEN, floats=floats)
    atlas = th.survey(land)
    atlas.save(path, include_data=True)
    alone = th.load_atlas(path)
    assert [item.label for item in alone] == [item.label for item in atlas]
    assert [item.value for item in alone] == [item.value for item in atlas]
    assert (alone.data["X"] == land.problem.inputs).all()
    assert (alone.data["y"] == land.problem.targets).all()
    home = th.load_atlas(path, landscape(TEN, floats=floats))
    for old, new in zip(atlas, home, strict=True):
        assert old == new
        assert all((a == b).all() for a, b in zip(old.representative(), new.representative(), strict=True))
        assert [s.label for s in old.strata()] == [s.label for s in new.strata()]
    with pytest.raises(th.AtlasFileError, match="another landscape"):
        th.load_atlas(path, landscape(TEN, floats=not floats))


@pytest.mark.parametrize("case", [T[1], TEN, T[14], A[7]], ids=str)
def test_plateaus_share_out_all_strata_of_minima(case: Case) -> None:
    land = landscape(case)
    atlas = th.survey(land)
    parts = atlas.plateaus()
    assert [float(part[0].value) for part in parts] == sorted(float(part[0].value) for part in parts)
    counts: dict[str, list[int]] = {}
    for k, part in enumerate(parts):
        (item,) = part
        strata = list(item.strata())
        smooth = sum(stratum.differentiable for stratum in strata)
        found = counts.setdefault(str(item.value), [0, 0])
        found[0] += smooth
        found[1] += len(strata) - smooth
        assert item.kind in MINIMA
        assert item.dimension == max(stratum.dimension for stratum in strata)
        assert len({stratum.label for stratum in strata} & {item.label}) == 1
        for params in (item.representative(), item.sample(k), strata[-1].sample(k)):
            assert land.loss(params) == item.value
        assert item.panels()
        assert not part.complete
    assert {value: tuple(found) for value, found in counts.items()} == case.levels
    assert len(atlas.minima().plateaus()) == len(parts)


def test_two_ends_of_a_line_are_two_plateaus() -> None:
    # Both neurons on one side of 0 fit that sample only: two ways, and no path between them without the loss rising.
    atlas = th.survey(landscape(T[1]))
    assert [(str(part[0].value), part[0].label) for part in atlas.plateaus()] == [
        ("0", "+[-+] +[+-]"),
        ("1", "+[+-] +[+-]"),
        ("1", "+[-+] +[-+]"),
        ("2", "-[00] -[00]"),
    ]


def test_plateaus_need_all_minima(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_catalogue, "MOST_FACE_SETS", 100)
    with pytest.raises(th.NotCoveredError, match="hang together"):
        th.survey(landscape(TEN)).plateaus()


def test_rounded_data_close_to_a_tie_is_undecided_or_agrees() -> None:
    # At y = 0 exactly two levels of the second sample meet; next to it rounding decides nothing.
    sizes = [0.0, 1e-15, 1e-13, 1e-9, 1e-3]
    kinds = []
    for size in sizes:
        atlas = th.survey(th.ReluLandscape(np.array([[1.0], [-1.0]]), np.array([1.0, size]), hidden=1))
        kinds.append([str(item.kind) for item in atlas])
        assert all(item.evidence.assumptions for item in atlas)
    assert kinds[-1] == ["global minimum", "spurious minimum", "spurious minimum"]
    assert len(kinds[0]) >= 2
    assert any("undecided" in found or found != kinds[-1] for found in kinds[1:3])


def test_landscapes_are_sent_without_what_they_found() -> None:
    land = landscape(TEN)
    th.survey(land)
    copy = pickle.loads(pickle.dumps(land))
    assert copy.fingerprint == land.fingerprint
    with pytest.raises(th.NotCoveredError):
        copy.count()


@given(
    st.lists(st.tuples(st.integers(-1, 1), st.lists(st.integers(-1, 1), min_size=9, max_size=9)), max_size=3),
    st.sampled_from(Sort),
)
def test_keys_are_read_back(neurons: list[tuple[int, list[int]]], sort: Sort) -> None:
    problem = th.ReluLandscape(np.arange(9)[:, None], np.zeros(9), hidden=3).problem
    key = Key(sort, tuple((sign, np.array(signs, dtype=np.int8).tobytes()) for sign, signs in neurons))
    packed = key.packed(problem)
    assert Key.of(packed, problem) == key
    assert len(packed) == 1 + 3 * 4


def test_keys_of_other_landscapes_are_refused() -> None:
    land = landscape(TEN)
    stray = Key(Sort.MINIMUM, ((1, np.array([1, 1, -1, -1], dtype=np.int8).tobytes()),)).packed(land.problem)
    item = next(land.critical_sets())
    with pytest.raises(th.DataError, match="no part of this landscape"):
        land.representative_of(th.CriticalSet(**{**vars(item), "key": stray}))


def test_labels_of_many_samples_count_them() -> None:
    x = np.arange(20) - 10
    atlas = th.survey(th.ReluLandscape(x[:, None], np.abs(x), hidden=1))
    assert atlas[0].label == "+[10 of 20 on, 1 at 0]"


@st.composite
def problems(draw: st.DrawFn) -> dict[str, object]:
    """What small landscapes are made of: equal, parallel, zero and few rows."""
    n, d = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    numbers = st.integers(-2, 2)
    X = [[draw(numbers) for _ in range(d)] for _ in range(n)]
    y = [draw(numbers) for _ in range(n)]
    slope = draw(st.sampled_from([0, Fraction(1, 3), 2]))
    bias, offset = draw(st.booleans()), draw(st.booleans())
    found = {"X": X, "y": y, "hidden": draw(st.integers(1, 2)), "negative_slope": slope}
    return found | {"bias": bias and d == 1, "output_bias": offset}


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 2**20))
def test_descents_end_in_sets_of_the_atlas(options: dict[str, object], seed: int) -> None:
    land = th.ReluLandscape(**options)
    atlas = th.survey(land)
    values = {item.value for item in atlas.minima()}
    rng = np.random.default_rng(seed)
    for _ in range(3):
        start = [rng.integers(-3, 4, shape) for shape in land.parameter_shapes]
        done = land.polish(start)
        assert done.verdict.kind.is_minimum
        assert done.losses[-1] in values
    assert done.verdict.kind in MINIMA
    assert (done.losses[-1] == atlas[0].value) == (done.verdict.kind is th.Kind.GLOBAL_MINIMUM)
    assert land.unlimited_width().value <= atlas[0].value


def test_points_known_in_floats_make_exact_minima_spurious_only_with_a_margin() -> None:
    land = landscape(TEN)
    lowest = land.global_minimum()
    fresh = landscape(TEN)
    fresh.polish([np.array(part, dtype=float) for part in lowest.representative()])
    item = next(fresh.local_minima(nondifferentiable=True))
    assert item.kind is th.Kind.GLOBAL_MINIMUM
    fresh = landscape(TEN)
    fresh._known.attain(1.2 - 1e-16, "a rounded point")
    kinds = [stratum.kind for stratum in fresh.local_minima(nondifferentiable=False)]
    assert set(kinds) == {th.Kind.SPURIOUS_MINIMUM}
    (item,) = th.survey(landscape(T[2]), limit=1)
    assert item.kind is th.Kind.LOCAL_MINIMUM
    nearly = landscape(T[2])
    nearly._known.attain(float(item.value) - 1e-15, "a rounded point")
    assert next(iter(th.survey(nearly, limit=1))).kind is th.Kind.LOCAL_MINIMUM
