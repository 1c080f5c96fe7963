"""``cells`` and ``count_cells``: which algorithm runs, where its results go, and how they are known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from theodolite._errors import NotCoveredError, TheodoliteError, WorkloadError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._progress import ProgressLike, Reporter, reporter
from theodolite._references import cite
from theodolite._typing import Array
from theodolite.arrangement._cells import Cells
from theodolite.arrangement._counts import count_by_restriction, cover_count, restriction_work
from theodolite.arrangement._expand import expand
from theodolite.arrangement._given import Given, read
from theodolite.arrangement._reduce import Arrangement, in_position, reduce
from theodolite.arrangement._run import Prefix, Tally, search_cells
from theodolite.arrangement._sweep import sweep_cells
from theodolite.arrangement._tasks import Part, Shelf, fingerprint, run_parts, split
from theodolite.arrangement._words import words_for

__all__ = ["MEMORY", "VERIFIABLE", "cells", "count_cells", "enumerate_cells"]

MEMORY = 2**30
"""Lists of cells larger than this many bytes are kept on the disk or not at all."""

VERIFIABLE = 200_000
"""Counts are verified where the recursion looks at no more arrangements than this."""

_BATCH = 2**14
"""After so many cells the clock is looked at, and Ctrl-C is heard."""

_ENDLESS = 2**42
"""More cells than this are certain not to be listed in any reasonable time."""


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
        try:
            found = _by_sweep(given, keep, deadline, shown)
        except KeyboardInterrupt:  # the ray method has the first cells at once
            found, deadline = None, 0.0
        if found is None:
            arrangement = reduce(given.rows, given.central, given.dimension)
            found = _small(arrangement) or _by_rays(arrangement, keep, store, executor, deadline, shown)
        elif keep and store is not None:
            found = _stored(found, store)
    finally:
        shown.close()
    checked = _verified(found) if verify and found.complete else ()
    evidence = _evidence(given, found, checked)
    return Cells(found.count, evidence, found.arrangement, found.complete, found.words)


@dataclass(frozen=True)
class _Found:
    arrangement: Arrangement
    count: int
    words: Array | None
    tally: Tally
    way: str
    complete: bool = True


def _by_sweep(given: Given, keep: bool, deadline: float, shown: Reporter) -> _Found | None:
    """Sweep the rows as they are, in the hope that they are in general position."""
    n, d = given.rows.entries.shape
    if not 2 <= d <= n:
        return None
    total = cover_count(n, d)
    if keep and total * words_for(n) * 8 > MEMORY:
        return None
    tally = Tally()
    floats, slack = given.rows.floats()
    fold = 2 if given.central else 1

    def go_on(found: int) -> bool:
        shown.update(found * fold)
        return time.monotonic() < deadline

    half = sweep_cells(floats, slack, total // 2, tally.counts, keep=keep, go_on=go_on)
    if half is None:
        return None
    arrangement = in_position(given.rows, given.central, given.dimension)
    count = total // 2 * fold
    words = _both_halves(arrangement, [half]) if keep else None
    return _Found(arrangement, count, words, tally, "in general position, swept along lines")


def _small(arrangement: Arrangement) -> _Found | None:
    """The arrangement without hyperplanes, which is one cell."""
    if len(arrangement.rows):
        return None
    words = np.zeros((1, words_for(len(arrangement.place))), dtype=np.uint64)
    return _Found(arrangement, 1, words, Tally(), "no row is different from zero")


def _both_halves(arrangement: Arrangement, blocks: list[Array]) -> Array:
    """Return the words over the given rows of the cells on the + side, and in front of them of their opposites."""
    parts = [expand(arrangement, block) for block in blocks]
    if arrangement.central:
        parts = [expand(arrangement, block, opposite=True) for block in reversed(blocks)] + parts
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _by_rays(
    arrangement: Arrangement,
    keep: bool,
    store: str | PathLike[str] | None,
    executor: Executor | None,
    deadline: float,
    shown: Reporter,
) -> _Found:
    n, d = len(arrangement.rows), arrangement.rows.width
    fold = 2 if arrangement.central else 1
    most = cover_count(n, d) * fold // 2
    size = 8 * words_for(len(arrangement.place))
    if n == d and not keep:
        return _Found(arrangement, most, None, Tally(), "all rows are independent")
    if d > 60 or (2**d * fold // 2 > _ENDLESS and deadline == float("inf")):
        raise WorkloadError(
            f"There are at least 2**{d - 1} cells",
            count=2 ** (d - 1),
            cause=f"{d} rows are independent",
            fix="Restrict the arrangement to a subspace, or give a budget for the first cells"
            if d <= 60
            else "Use fewer columns",
        )
    if store is None and executor is None:
        return _here(arrangement, keep, MEMORY // (size * fold), deadline, fold, shown)
    return _in_parts(arrangement, keep, store, executor, deadline, fold, shown)


def _here(arrangement: Arrangement, keep: bool, most: int, deadline: float, fold: int, shown: Reporter) -> _Found:
    tally = Tally()
    blocks: list[Array] = []
    count = 0
    complete = True
    try:
        for number, words in search_cells(arrangement, tally, keep=keep, batch=_BATCH):
            count += number
            if keep:
                blocks.append(words)
            if keep and count > most:  # too long for memory: count the rest, and make the cells anew when asked
                counted = search_cells(arrangement, tally, keep=False)
                blocks, keep, count = [], False, 0
                for number, _ in counted:
                    count += number
                    shown.update(count * fold)
                    if time.monotonic() > deadline:
                        complete = False
                        break
                break
            shown.update(count * fold)
            if time.monotonic() > deadline:
                complete = False
                break
    except KeyboardInterrupt:
        complete = False
    listed = _both_halves(arrangement, blocks) if keep and blocks else None
    return _Found(arrangement, count * fold, listed, tally, "by their rays", complete)


def _in_parts(
    arrangement: Arrangement,
    keep: bool,
    store: str | PathLike[str] | None,
    executor: Executor | None,
    deadline: float,
    fold: int,
    shown: Reporter,
) -> _Found:
    shelf = None if store is None else Shelf(store, fingerprint(arrangement), keep)
    if shelf is not None and keep and (finished := shelf.finished()) is not None:
        return _Found(arrangement, len(finished[0]), finished[0], finished[1], "by their rays, read from the store")
    prefixes = split(arrangement)
    parts: dict[Prefix, Part] = {}
    counts: dict[Prefix, int] = {}
    held = 0
    tally = Tally()
    hold = keep and shelf is None
    runner = run_parts(
        arrangement, prefixes, keep=keep, executor=executor, shelf=shelf, deadline=deadline,
        report=lambda done: shown.update(done * fold),
    )  # fmt: skip
    try:
        for prefix, part in runner:
            tally.counts += part.tally
            held += part.words.nbytes * fold
            if hold and held > MEMORY:  # too long for memory: count the rest, and make the cells anew when asked
                hold = False
                parts.clear()
            counts[prefix] = part.count
            if hold:
                parts[prefix] = part
    except KeyboardInterrupt:
        runner.close()
    done = [prefix for prefix in prefixes if prefix in counts]
    complete = len(done) == len(prefixes)
    count = sum(counts.values()) * fold
    words = None
    if hold:
        words = _both_halves(arrangement, [parts[prefix].words for prefix in done])
    elif keep and shelf is not None and complete:
        shape = (count, words_for(len(arrangement.place)))
        words = shelf.finish(shape, _blocks(arrangement, shelf, prefixes), tally, prefixes)
    return _Found(arrangement, count, words, tally, "by their rays", complete)


def _blocks(arrangement: Arrangement, shelf: Shelf, prefixes: list[Prefix]) -> Iterator[Array]:
    """Yield the final list part by part, from the parts in the store."""
    for opposite in (True, False) if arrangement.central else (False,):
        for prefix in reversed(prefixes) if opposite else prefixes:
            part = shelf.get(prefix)
            if part is None:
                raise TheodoliteError("A finished part left the store", fix="Call again: it will be made anew")
            yield expand(arrangement, part.words, opposite=opposite)


def _stored(found: _Found, store: str | PathLike[str]) -> _Found:
    shelf = Shelf(store, fingerprint(found.arrangement), True)
    known = shelf.finished()
    assert found.words is not None
    words = shelf.finish(found.words.shape, iter([found.words]), found.tally, []) if known is None else known[0]
    return _Found(found.arrangement, found.count, words, found.tally, found.way)


def _verified(found: _Found) -> tuple[Assumption, ...]:
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


def _evidence(given: Given, found: _Found, checked: tuple[Assumption, ...]) -> Evidence:
    arrangement, tally = found.arrangement, found.tally
    signs = (
        f"{tally.integers:,} signs were computed in integers, {tally.filtered:,} decided by a floating-point error bound, "
        f"{tally.residues:,} by exact residues"
    )
    position = f"{len(arrangement.rows)} distinct hyperplanes of rank {arrangement.rows.width}, {found.way}"
    references = [cite("motzkin-1953")] if "rays" in found.way else [cite("cover-1965")]
    if checked:
        references.append(cite("zaslavsky-1975"))
    return Evidence(
        Method.EXACT if given.exact else Method.VERIFIED,
        tuple(references),
        (Assumption(position), Assumption(signs), *checked),
        scope="all cells of the arrangement" + ("" if given.exact else ", for the binary floats as given"),
        complete=found.complete,
    )
