"""How the pieces of a survey get done: here or by an executor, lost workers replaced, finished pieces kept in a store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from theodolite._crew import RETRIES, Crew, lost
from theodolite._errors import StoreError
from theodolite._landscape import SurveyableLandscape
from theodolite._store import Store
from theodolite._table import Table

__all__ = ["RETRIES", "Conduct"]


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
        crew = Crew(self.land, executor)
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

    def _give_out(self, crew: Crew, numbered: Iterator[tuple[int, Any]], pending: dict[Any, Any]) -> None:
        while len(pending) < crew.in_flight and not self._is_enough():
            i, item = next(numbered, (None, None))
            if i is None:
                return
            known = self._stored(item)
            if known is None:
                pending[crew.submit(item, 0)] = (i, item, 0)
            else:
                self._keep(i, known)

    def _collect(self, crew: Crew, ready: Any, pending: dict[Any, Any]) -> None:
        again = []
        for future in ready:
            i, item, attempts = pending.pop(future)
            try:
                table = future.result()
            except Exception as error:
                if not lost(error):
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
