"""How the pieces of a survey get done: here or by an executor, lost workers replaced, finished pieces kept in a store."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from concurrent.futures.process import ProcessPoolExecutor
from concurrent.futures.thread import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from theodolite._errors import DataError, StoreError
from theodolite._landscape import SurveyableLandscape
from theodolite._store import Store
from theodolite._table import Table

__all__ = ["RETRIES", "Conduct"]

RETRIES = 3
"""How often a piece of work is given out again after the worker that had it was lost."""

_IN_FLIGHT = 256
"""How many pieces an executor holds at most if it does not say how many workers it has."""


@dataclass
class Conduct:
    """The pieces of one survey, done in any order, reported and handed back in their own.

    ``stopped`` says why pieces are missing at the end: ``"limit"``, ``"budget"``, ``"interrupted"``, or ``None`` if none are.
    """

    land: SurveyableLandscape
    items: Iterator[Any]
    enough: int | None
    deadline: float
    store: Store | None
    report: Callable[[int], None]
    done: dict[int, Table] = field(default_factory=dict)
    stopped: str | None = None
    found: int = 0
    _in_order: int = 0
    _rows_in_order: int = 0

    def run(self, executor: Executor | None) -> None:
        """Do the pieces until all are done, enough sets are there, the time is up, or the user interrupts."""
        try:
            if executor is None:
                self._here()
            else:
                self._spread(executor)
        except KeyboardInterrupt:
            self.stopped = "interrupted"

    def tables(self, *, prefix: bool) -> list[Table]:
        """Return what was found in the order of the pieces: without gaps if ``prefix``, else whatever is there."""
        return [self.done[i] for i in sorted(self.done) if i < self._in_order or not prefix]

    def _here(self) -> None:
        for i, item in enumerate(self.items):
            if time.monotonic() >= self.deadline:
                self.stopped = "budget"
                return
            table = self._stored(item)
            self._keep(i, self._saved(item, self.land.solve(item)) if table is None else table)
            if self._is_enough():
                return

    def _spread(self, executor: Executor) -> None:
        crew = _Crew(self.land, executor)
        pending: dict[Future[Table], tuple[int, Any, int]] = {}
        numbered = enumerate(self.items)
        try:
            while True:
                self._give_out(crew, numbered, pending)
                if not pending or self._is_enough():
                    return
                if time.monotonic() >= self.deadline:
                    self.stopped = "budget"
                    return
                ready, _ = wait(pending, timeout=self._time_left(), return_when=FIRST_COMPLETED)
                self._collect(crew, ready, pending)
        finally:
            for future in pending:
                future.cancel()
            crew.close()

    def _give_out(self, crew: _Crew, numbered: Iterator[tuple[int, Any]], pending: dict[Any, Any]) -> None:
        while len(pending) < crew.in_flight and not self._is_enough():
            i, item = next(numbered, (None, None))
            if i is None:
                return
            known = self._stored(item)
            if known is None:
                pending[crew.submit(item, 0)] = (i, item, 0)
            else:
                self._keep(i, known)

    def _collect(self, crew: _Crew, ready: Any, pending: dict[Any, Any]) -> None:
        again = []
        for future in ready:
            i, item, attempts = pending.pop(future)
            try:
                table = future.result()
            except Exception as error:
                if not _lost(error):
                    raise
                if attempts == RETRIES:
                    raise StoreError(
                        f"Piece {i} of the survey was lost {RETRIES + 1} times",
                        cause=f"its workers died, the last with {type(error).__name__}: {error}",
                        fix="Look at the memory of the workers; with store=DIR the finished pieces are kept",
                    ) from error
                again.append((i, item, attempts + 1, error))
                continue
            self._keep(i, self._saved(item, table))
        for i, item, attempts, reason in again:
            crew.replace_if_broken(reason)
            pending[crew.submit(item, attempts)] = (i, item, attempts)

    def _stored(self, item: Any) -> Table | None:
        return None if self.store is None else self.store.get(item)

    def _saved(self, item: Any, table: Table) -> Table:
        if self.store is not None:
            self.store.put(item, table)
        return table

    def _keep(self, i: int, table: Table) -> None:
        self.done[i] = table
        self.found += len(table)
        while self._in_order in self.done:
            self._rows_in_order += len(self.done[self._in_order])
            self._in_order += 1
        self.report(self.found if self.enough is None else min(self.found, self.enough - 1))

    def _is_enough(self) -> bool:
        if self.enough is None or self._rows_in_order < self.enough:
            return False
        self.stopped = "limit"
        return True

    def _time_left(self) -> float | None:
        return None if self.deadline == float("inf") else max(0.0, self.deadline - time.monotonic())


class _Crew:
    """An executor and how to give it work: threads share the landscape, everyone else gets it pickled once."""

    def __init__(self, land: SurveyableLandscape, executor: Executor) -> None:
        self._land = land
        self._executor = executor
        self._replacement: ProcessPoolExecutor | None = None
        workers = getattr(executor, "_max_workers", None)
        self.in_flight = 2 * workers if isinstance(workers, int) else _IN_FLIGHT
        self._packed = b"" if isinstance(executor, ThreadPoolExecutor) else _packed(land)

    def submit(self, item: Any, attempt: int) -> Future[Table]:
        """Give out a piece of work, for the first time or again."""
        executor = self._replacement or self._executor
        try:
            if self._packed:
                return executor.submit(_solve_packed, self._packed, item, attempt)
            return executor.submit(self._land.solve, item)
        except BrokenExecutor as error:
            failed: Future[Table] = Future()
            failed.set_exception(error)
            return failed
        except RuntimeError as error:
            raise DataError(
                "The executor takes no work", cause=str(error), fix="Pass an executor that was not shut down"
            ) from error

    def replace_if_broken(self, error: BaseException) -> None:
        """Open another pool in place of a process pool that lost a worker: such a pool never works again."""
        pool = self._replacement or self._executor
        if not isinstance(error, BrokenExecutor) or not isinstance(pool, ProcessPoolExecutor):
            return
        if not getattr(pool, "_broken", True):
            return
        self.close()
        self._replacement = ProcessPoolExecutor(
            max_workers=getattr(pool, "_max_workers", os.cpu_count()),
            mp_context=getattr(pool, "_mp_context", None),
            initializer=getattr(pool, "_initializer", None),
            initargs=getattr(pool, "_initargs", ()),
        )

    def close(self) -> None:
        """End the pool that was opened here; the caller's own stays open."""
        if self._replacement is not None:
            self._replacement.shutdown(wait=False, cancel_futures=True)


def _lost(error: BaseException) -> bool:
    """Return whether ``error`` tells of a lost worker rather than of the work."""
    gone = (BrokenExecutor, CancelledError, ConnectionError, EOFError)
    return isinstance(error, gone) or type(error).__module__.partition(".")[0] == "distributed"


def _packed(land: SurveyableLandscape) -> bytes:
    try:
        return pickle.dumps(land)
    except Exception as error:
        raise DataError(
            f"{land.specification} cannot be sent to other processes",
            cause=f"pickling it failed: {error}",
            fix="Use threads, or no executor",
        ) from error


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)


def _solve_packed(packed: bytes, item: Any, attempt: int) -> Table:
    """Solve one piece in a worker, which unpickles the landscape only once.

    ``attempt`` makes each attempt another task for schedulers that know tasks by their arguments and remember failures.
    """
    table: Table = _unpacked(packed).solve(item)
    return table
