"""``cells`` and ``count_cells``: which algorithm runs, where its results go, and how they are known."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from os import PathLike
from typing import Any

import numpy as np

from theodolite._errors import NotCoveredError, TheodoliteError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._progress import ProgressLike, Reporter, reporter
from theodolite._references import cite
from theodolite.arrangement._cells import Cells
from theodolite.arrangement._counts import count_by_restriction, restriction_work
from theodolite.arrangement._given import Given, read
from theodolite.arrangement._reduce import in_position, reduce
from theodolite.arrangement._ways import PLAINLY, Found, by_rays, by_sweep, plainly, stored, without_rows

__all__ = ["VERIFIABLE", "cells", "count_cells", "enumerate_cells"]

VERIFIABLE = 200_000
"""Counts are verified where the recursion looks at no more arrangements than this."""


def cells(
    A: Any,
    offsets: Any = None,
    *,
    arithmetic: str = "auto",
    store: str | PathLike[str] | None = None,
    executor: Executor | None = None,
    budget: float | str | None = None,
    progress: ProgressLike = None,
    verify: bool = False,
) -> Cells:
    """Return all cells of the arrangement {w : A w = offsets}, in any position, exactly.

    ``A`` (n, d) and ``offsets`` (n,) are integers, fractions, decimals (``Decimal`` or text such as ``"0.1"``) or
    floats. A float is the binary number that it is: rows that were dependent as decimals are usually not any more
    once rounded, and the cells returned are those of the rounded rows. Pass decimals or fractions to get those of the
    rows that you mean. ``arithmetic="exact"`` refuses floats; the other values of ``arithmetic`` give the same cells,
    since no sign is ever guessed.

    ``store`` names a folder in which finished parts are kept and the result is mapped from the disk; the same call
    goes on where it was ended. ``executor`` is any ``concurrent.futures.Executor``. ``budget`` is a time in seconds,
    or text such as ``"30s"``: when it is spent, or on Ctrl-C, the cells found so far are returned with
    ``complete=False``. ``progress`` is as for ``survey``. ``verify`` counts the cells a second time by Zaslavsky's
    recursion, and raises ``NotCoveredError`` where that would take too long.

    Raises ``DataError`` or ``ShapeError`` for what is no arrangement, ``WorkloadError`` for more cells than can be
    listed.

    >>> cells([[1, 0], [0, 1], [1, -1]]).signs().tolist()
    [[-1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, -1, 1], [1, 1, -1], [1, 1, 1]]
    >>> cells([[1], [1], [2]], offsets=[0, 1, 2]).count  # 0 and 1 cut a line in three
    3
    """
    given = read(A, offsets, arithmetic)
    return enumerate_cells(given, True, store, executor, budget, progress, verify)


def count_cells(
    A: Any,
    offsets: Any = None,
    *,
    arithmetic: str = "auto",
    store: str | PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: ProgressLike = None,
    verify: bool = False,
) -> int:
    """Return how many cells the arrangement {w : A w = offsets} has, exactly, without keeping them.

    The arguments are those of ``cells``. In general position the count is a formula, once general position is proven.

    >>> count_cells([[1, -1, 0], [0, 1, -1], [1, 0, -1]])  # the 3! orders of three numbers
    6
    """
    given = read(A, offsets, arithmetic)
    return enumerate_cells(given, False, store, executor, None, progress, verify).count


def enumerate_cells(
    given: Given,
    keep: bool,
    store: str | PathLike[str] | None = None,
    executor: Executor | None = None,
    budget: float | str | None = None,
    progress: ProgressLike = None,
    verify: bool = False,
) -> Cells:
    """List or count the cells of what was given."""
    from theodolite._budget import seconds

    deadline = float("inf") if budget is None else time.monotonic() + seconds(budget)
    shown = reporter(progress, None, "cells")
    try:
        if given.rows.few:
            arrangement = reduce(given.rows, given.central, given.dimension)
            found = without_rows(arrangement) or plainly(arrangement, keep)
            shown.update(found.count)
        else:
            found = _search(given, keep, store, executor, deadline, shown)
        if store is not None and found.words is not None and not isinstance(found.words, np.memmap) and found.complete:
            found = stored(found, store)
    finally:
        shown.close()
    checked = _verified(found) if verify and found.complete else ()
    evidence = _evidence(given, found, checked)
    return Cells(found.count, evidence, found.arrangement, found.complete, found.words)


def _search(
    given: Given,
    keep: bool,
    store: str | PathLike[str] | None,
    executor: Executor | None,
    deadline: float,
    shown: Reporter,
) -> Found:
    """Try the sweep, on the rows as they are and on what is left of them, and else go by rays."""
    arrangement = in_position(given.rows, given.central, given.dimension)
    try:
        found = by_sweep(arrangement, keep, deadline, shown)
        if found is None:
            size = arrangement.rows.entries.shape
            arrangement = reduce(given.rows, given.central, given.dimension)
            if arrangement.rows.entries.shape != size:  # what is left may be in general position
                found = by_sweep(arrangement, keep, deadline, shown)
    except KeyboardInterrupt:  # the ray method has the first cells at once
        found = None
        arrangement = reduce(given.rows, given.central, given.dimension)
        deadline = 0.0
    return found or without_rows(arrangement) or by_rays(arrangement, keep, store, executor, deadline, shown)


def _verified(found: Found) -> tuple[Assumption, ...]:
    """Count the cells by deletion and restriction as well; an assumption that says so."""
    rows = found.arrangement.rows
    if restriction_work(len(rows), rows.width) > VERIFIABLE:
        raise NotCoveredError(
            f"The count of {found.count} cells cannot be verified",
            cause=f"Zaslavsky's recursion would look at about {restriction_work(len(rows), rows.width):,} arrangements",
            fix="Leave verify=False: the count is exact anyway",
        )
    expected = count_by_restriction([rows.integers(i) for i in range(len(rows))])
    if not found.arrangement.central:
        expected //= 2
    if expected != found.count:
        raise TheodoliteError(
            f"{found.count} cells were found, but Zaslavsky's recursion counts {expected}",
            cause="this is a fault in Theodolite, or in the machine",
            fix="Please report the arrangement",
        )
    return (Assumption(f"Zaslavsky's recursion counts {expected} cells as well"),)


def _evidence(given: Given, found: Found, checked: tuple[Assumption, ...]) -> Evidence:
    arrangement, tally = found.arrangement, found.tally
    signs = (
        f"{tally.integers:,} signs were computed in integers, {tally.filtered:,} decided by a floating-point error bound, "
        f"{tally.residues:,} by exact residues"
    )
    infinity = 0 if arrangement.central else 1  # a row that was added is no hyperplane of the user's
    position = f"{len(arrangement.rows) - infinity} distinct hyperplanes of rank {arrangement.rows.width - infinity}, {found.way}"
    references = [cite("motzkin-1953")] if "rays" in found.way else [cite("cover-1965")]
    if checked:
        references.append(cite("zaslavsky-1975"))
    return Evidence(
        Method.EXACT if given.exact else Method.VERIFIED,
        tuple(references),
        (Assumption(position), *(() if PLAINLY in found.way else (Assumption(signs),)), *checked),
        scope="all cells of the arrangement" + ("" if given.exact else ", for the binary floats as given"),
        complete=found.complete,
    )
