"""What a survey shows while it runs: a bar on a terminal, calls to a function, or nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from theodolite._errors import DataError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["ProgressLike", "Reporter", "reporter"]

ProgressLike: TypeAlias = bool | Callable[[int, int | None], object] | None
"""``None``: a bar on a terminal if it takes a while; true or false: a bar or none; a function: called with (done, total)."""

_PATIENCE = 0.5
"""Seconds before a bar appears unasked."""


@runtime_checkable
class Reporter(Protocol):
    """Something that is told how far a survey has come."""

    def update(self, done: int) -> None:
        """Say that ``done`` critical sets are there."""

    def close(self) -> None:
        """Say that nothing more comes."""


def reporter(progress: ProgressLike, total: int | None, noun: str = "critical sets") -> Reporter:
    """Return the reporter that ``progress`` asks for; ``total`` is ``None`` where it is not known beforehand."""
    if progress is None:
        return _Bar(total, _PATIENCE, noun) if sys.stderr.isatty() else _Silent()
    if isinstance(progress, bool):
        return _Bar(total, 0.0, noun) if progress else _Silent()
    if callable(progress):
        return _Calls(progress, total)
    raise DataError(f"progress is {progress!r}", fix="Pass True, False, None or a function of (done, total)")


class _Silent:
    def update(self, done: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Show nothing."""


class _Calls:
    def __init__(self, call: Callable[[int, int | None], object], total: int | None) -> None:
        self._call = call
        self._total = total

    def update(self, done: int) -> None:
        self._call(done, self._total)

    def close(self) -> None:
        """Say nothing: the last update has said it all."""


class _Bar:
    """A bar on standard error; a timer starts it, so that short surveys show nothing and slow first chunks do."""

    def __init__(self, total: int | None, patience: float, noun: str) -> None:
        self._noun = noun
        self._total = total
        self._done = 0
        self._lock = threading.Lock()
        self._closed = False
        self._shown: tuple[Progress, TaskID] | None = None
        self._timer = threading.Timer(patience, self._show)
        self._timer.daemon = True
        if patience:
            self._timer.start()
        else:
            self._show()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        with self._lock:
            if self._closed:
                return
            rate = TaskProgressColumn(show_speed=True) if self._total is None else TimeRemainingColumn()
            columns = (TextColumn(self._noun), BarColumn(), MofNCompleteColumn(), rate)
            console = Console(stderr=True)
            bar = Progress(*columns, console=console, transient=console.is_terminal)
            self._shown = bar, bar.add_task("survey", total=self._total, completed=self._done)
            bar.start()

    def update(self, done: int) -> None:
        with self._lock:
            self._done = done
            if self._shown is not None:
                bar, task = self._shown
                bar.update(task, completed=done)

    def close(self) -> None:
        self._timer.cancel()
        with self._lock:
            self._closed = True
            if self._shown is not None:
                self._shown[0].stop()
