"""An executor as the project uses it: work is pickled once, lost workers are told from failed work, broken pools replaced."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from concurrent.futures.process import ProcessPoolExecutor
from concurrent.futures.thread import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol

from theodolite._errors import DataError

__all__ = ["RETRIES", "Crew", "lost"]

RETRIES = 3
"""How often a piece of work is given out again after the worker that had it was lost."""

_IN_FLIGHT = 256
"""How many pieces an executor holds at most if it does not say how many workers it has."""


class Solver(Protocol):
    """What does the pieces; ``specification`` names it in messages."""

    @property
    def specification(self) -> str: ...

    def solve(self, item: Any) -> Any: ...


class Crew:
    """An executor and how to give it work: threads share the solver, everyone else gets it pickled once."""

    def __init__(self, solver: Any, executor: Any) -> None:
        if not callable(getattr(executor, "submit", None)):
            raise DataError(
                f"The executor is of type {type(executor).__name__}",
                fix="Pass a concurrent.futures.Executor, such as ProcessPoolExecutor(), or None",
            )
        self._solver: Solver = solver
        self._executor: Executor = executor
        self._replacement: ProcessPoolExecutor | None = None
        workers = getattr(executor, "_max_workers", None)
        self.in_flight = 2 * workers if isinstance(workers, int) else _IN_FLIGHT
        self._packed = b"" if isinstance(executor, ThreadPoolExecutor) else _packed(solver)

    def submit(self, item: Any, attempt: int) -> Future[Any]:
        """Give out a piece of work, for the first time or again."""
        executor = self._replacement or self._executor
        try:
            if self._packed:
                return executor.submit(_solve_packed, self._packed, item, attempt)
            return executor.submit(self._solver.solve, item)
        except BrokenExecutor as error:
            failed: Future[Any] = Future()
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


def lost(error: BaseException) -> bool:
    """Return whether ``error`` tells of a lost worker rather than of the work."""
    gone = (BrokenExecutor, CancelledError, ConnectionError, EOFError)
    return isinstance(error, gone) or type(error).__module__.partition(".")[0] == "distributed"


def _packed(solver: Any) -> bytes:
    try:
        return pickle.dumps(solver)
    except Exception as error:
        raise DataError(
            f"{solver.specification} cannot be sent to other processes",
            cause=f"pickling it failed: {error}",
            fix="Use threads, or no executor",
        ) from error


@lru_cache(maxsize=2)
def _unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)


def _solve_packed(packed: bytes, item: Any, attempt: int) -> Any:
    """Solve one piece in a worker, which unpickles the solver only once.

    ``attempt`` makes each attempt another task for schedulers that know tasks by their arguments and remember failures.
    """
    return _unpacked(packed).solve(item)
