"""Budgets, interruptions, executors and stores: none of them changes what is found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

import theodolite as th
from tests.arrangement.families import deformed, resonance, threshold
from theodolite._crew import Crew
from theodolite.arrangement import _run, _tasks, _ways


class Backwards(Executor):
    """Runs what it is given when it is asked for, last come first served."""

    _max_workers = 40

    def __init__(self) -> None:
        self.calls = 0

    def submit(self, function, /, *arguments, **options):  # type: ignore[no-untyped-def]
        self.calls += 1
        future: Future = Future()
        future.set_result(function(*arguments, **options))
        return future


CASES = [
    (resonance(5), None),
    (threshold(4), None),
    deformed(5, (0, 1)),
    (np.zeros((2, 2), dtype=int), None),
    (np.vstack([np.eye(10, dtype=int), np.ones((1, 10), dtype=int), np.eye(10, dtype=int)[:1] * 2]), None),
    (np.eye(9, 4, dtype=int)[::-1], np.arange(9)),
]


@pytest.mark.parametrize("case", range(len(CASES)))
def test_executors_and_stores_change_nothing(case: int, tmp_path: Path) -> None:
    rows, offsets = CASES[case]
    expected = th.cells(rows, offsets)
    with ThreadPoolExecutor(3) as pool:
        for executor in (pool, Backwards()):
            found = th.cells(rows, offsets, executor=executor)
            assert np.array_equal(found.packed, expected.packed)
            assert th.count_cells(rows, offsets, executor=executor) == expected.count
        stored = th.cells(rows, offsets, executor=pool, store=tmp_path)
    again = th.cells(rows, offsets, store=tmp_path)
    for found in (stored, again):
        assert np.array_equal(found.packed, expected.packed)
        assert found.count == expected.count
    assert stored.evidence.assumptions[1] == again.evidence.assumptions[1]
    if len(expected.arrangement.rows):
        assert isinstance(stored.packed, np.memmap)
        assert found.find(expected[3]) == 3
        assert not list(tmp_path.glob("cells-part-*"))


def test_processes() -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert np.array_equal(th.cells(threshold(4), executor=pool).packed, th.cells(threshold(4)).packed)


def test_lists_too_long_for_memory_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = th.cells(resonance(5))
    monkeypatch.setattr(_ways, "MEMORY", 10_000)
    found = th.cells(resonance(5), executor=Backwards())
    assert (found.count, found.complete, found.words) == (11292, True, None)
    assert np.array_equal(np.concatenate(list(found.batches())), expected.signs())


def test_general_position_is_stored_too(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 3))
    expected = th.cells(rows)
    for _ in range(2):
        stored = th.cells(rows, store=tmp_path)
        assert isinstance(stored.packed, np.memmap)
        assert np.array_equal(stored.packed, expected.packed)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_finished_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    solve = _tasks.Solver.solve

    def failing(*arguments: object) -> object:
        done.append(1)
        if len(done) == 100:
            raise KeyboardInterrupt
        return solve(*arguments)

    monkeypatch.setattr(_tasks.Solver, "solve", failing)
    first = th.cells(resonance(5), store=tmp_path)
    assert not first.complete
    assert 0 < first.count < 11292
    assert not first.evidence.complete
    kept = len(list(tmp_path.glob("cells-part-*")))
    assert kept == 99
    with open(sorted(tmp_path.glob("cells-part-*"))[0], "r+b") as file:
        file.truncate(100)  # as if the disk had been full
    second = th.cells(resonance(5), store=tmp_path)
    assert second.complete
    assert np.array_equal(second.packed, th.cells(resonance(5)).packed)
    parts = len(_tasks.split(second.arrangement))
    assert len(done) - 100 == parts - kept + 1


def test_parts_that_a_killed_run_left_beside_the_finished_list_are_dropped(tmp_path: Path) -> None:
    found = th.cells(resonance(5), store=tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    shelf = _tasks.Shelf(tmp_path, _tasks.fingerprint(found.arrangement), True)
    prefix = _tasks.split(found.arrangement)[0]
    shelf.put(prefix, _tasks.Solver(found.arrangement, True).solve(prefix))
    assert len(list(tmp_path.iterdir())) == len(names) + 1
    assert np.array_equal(th.cells(resonance(5), store=tmp_path).packed, found.packed)
    assert {path.name for path in tmp_path.iterdir()} == names


def test_counts_are_kept_as_well(tmp_path: Path) -> None:
    assert th.count_cells(resonance(5), store=tmp_path) == 11292
    names = sorted(path.name for path in tmp_path.iterdir())
    backwards = Backwards()
    assert th.count_cells(resonance(5), store=tmp_path, executor=backwards) == 11292
    assert backwards.calls == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2**20


def test_a_budget_gives_the_first_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr(_ways.time, "monotonic", clock)
    some = th.cells(threshold(5), budget=1.5)
    monkeypatch.undo()
    whole = th.cells(threshold(5))
    assert not some.complete
    assert "not complete" in str(some)
    assert 0 < some.count < whole.count
    middle = whole.count // 2
    half = some.count // 2
    assert np.array_equal(some.packed, whole.packed[middle - half : middle + half])
    assert some.find(some[0]) == 0


def test_a_sweep_hears_the_clock_and_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.random.default_rng(0).normal(size=(90, 4))
    whole = th.cells(rows)
    budgeted = th.cells(rows, budget=0.0)
    assert not budgeted.complete

    def interrupted(*arguments: object, **options: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(_ways, "sweep_cells", interrupted)
    stopped = th.cells(rows)
    assert not stopped.complete
    for some in (budgeted, stopped):
        half = some.count // 2
        assert 0 < some.count < whole.count
        assert np.array_equal(some.packed, whole.packed[whole.count // 2 - half : whole.count // 2 + half])


def test_ctrl_c_gives_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    search, calls = _run.search_narrow, list[int]()

    def interrupted(*arguments: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return search(*arguments)

    monkeypatch.setattr(_run, "search_narrow", interrupted)
    some = th.cells(threshold(5))
    assert not some.complete
    assert 0 < some.count < 94572


def test_progress_is_told() -> None:
    told: list[tuple[int, int | None]] = []
    th.cells(threshold(4), progress=lambda done, total: told.append((done, total)), executor=Backwards())
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == 1882


def test_stores_that_cannot_be_used(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(th.StoreError, match="cannot be used"):
        th.cells(resonance(4), store=blocked)


def test_lost_workers_are_told(tmp_path: Path) -> None:
    class Broken(Backwards):
        def submit(self, function, /, *arguments, **options):  # type: ignore[no-untyped-def]
            future: Future = Future()
            future.set_exception(ConnectionError("gone"))
            return future

    with pytest.raises(th.StoreError, match="lost 4 times"):
        th.cells(resonance(4), executor=Broken(), store=tmp_path)


def _kill_once(folder: str) -> None:
    """End the first worker that starts."""
    mark = Path(folder) / "killed"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_broken_pool_is_replaced(tmp_path: Path) -> None:
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_kill_once, initargs=(str(tmp_path),)) as pool:
        found = th.cells(resonance(4), executor=pool)
    assert (tmp_path / "killed").exists()
    assert np.array_equal(found.packed, th.cells(resonance(4)).packed)


def test_what_is_no_executor_is_refused() -> None:
    with pytest.raises(th.DataError, match="executor is of type int"):
        Crew(None, 4)


@pytest.mark.slow
def test_dask_gives_the_same_list() -> None:
    from distributed import Client

    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        found = th.cells(resonance(4), executor=client.get_executor())
    assert np.array_equal(found.packed, th.cells(resonance(4)).packed)


@pytest.mark.slow
def test_killed_runs_go_on(tmp_path: Path) -> None:
    rows = np.vstack([resonance(5), 2 * resonance(5) + np.eye(5, dtype=int)[0]])
    np.save(tmp_path / "rows.npy", rows)
    script = f"import numpy as np, theodolite as th; th.cells(np.load({str(tmp_path / 'rows.npy')!r}), store={str(tmp_path)!r})"
    source = np.random.default_rng(0)
    for _ in range(8):
        process = subprocess.Popen([sys.executable, "-c", script])
        time.sleep(float(source.uniform(1.0, 2.5)))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert np.array_equal(th.cells(rows, store=tmp_path).packed, th.cells(rows).packed)
