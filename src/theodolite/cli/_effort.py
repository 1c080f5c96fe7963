"""How long a command may work, and on what."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

import typer

__all__ = ["executor_of", "seconds_of"]


def seconds_of(budget: str | None) -> float | None:
    """Return the time that --budget allows; a bare number is seconds."""
    from theodolite import DataError
    from theodolite._budget import seconds

    if budget is None:
        return None
    try:
        return float(budget) if budget.replace(".", "", 1).isdecimal() else seconds(budget)
    except DataError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from None


@contextmanager
def executor_of(workers: int | None, cluster: str | None = None) -> Iterator[Executor | None]:
    """Open what --workers or --cluster ask for."""
    if workers is not None and workers > 1:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        # not forked: libraries with threads of their own do not survive it
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool
    elif cluster is not None:
        with _client(cluster) as client:
            yield client.get_executor()
    else:
        yield None


def _client(address: str) -> Any:
    """Connect to a dask scheduler."""
    from theodolite import DataError

    try:
        from distributed import Client
    except ImportError:
        raise DataError("--cluster needs dask.distributed", fix="pip install 'theodolite[dask]'") from None
    try:
        client: Any = Client
        return client(address, timeout="10s")
    except (OSError, ValueError, TimeoutError) as error:
        raise DataError(
            f"No dask scheduler answers at {address!r}",
            cause=str(error),
            fix="Give the address that dask scheduler printed",
        ) from None
