"""The ways to a list of cells: by the sweep, by the ray method here, or by it in parts; in memory or in a store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike

import numpy as np

from theodolite._errors import TheodoliteError, WorkloadError
from theodolite._progress import Reporter
from theodolite._typing import Array
from theodolite.arrangement._counts import cover_count
from theodolite.arrangement._expand import expand, expand_all, fill_opposites, over_given_rows, packed_signs
from theodolite.arrangement._polygons import MOST, polygon_cells
from theodolite.arrangement._reduce import Arrangement
from theodolite.arrangement._run import Prefix, Tally, search_cells
from theodolite.arrangement._sweep import sweep_cells
from theodolite.arrangement._tasks import Part, Shelf, fingerprint, run_parts, split
from theodolite.arrangement._twin import signs_by_rays
from theodolite.arrangement._words import words_for

__all__ = ["MEMORY", "PLAINLY", "Found", "by_rays", "by_sweep", "plainly", "stored", "without_rows"]

MEMORY = 2**30
"""Lists of cells larger than this many bytes are kept on the disk or not at all."""

_BATCH = 2**14
"""After so many cells the clock is looked at, and Ctrl-C is heard."""

_ENDLESS = 2**42
"""More cells than this are certain not to be listed in any reasonable time."""


PLAINLY = "every sign in Python integers"
"""How the ways say that nothing is to be tallied."""


@dataclass(frozen=True)
class Found:
    arrangement: Arrangement
    count: int
    words: Array | None
    tally: Tally
    way: str
    complete: bool = True


def by_sweep(arrangement: Arrangement, keep: bool, deadline: float, shown: Reporter) -> Found | None:
    """Sweep the rows as they are, in the hope that they are in general position."""
    n, d = arrangement.rows.entries.shape
    if not 2 <= d <= n:
        return None
    fold = 2 if arrangement.central else 1
    total = cover_count(n, d) // 2
    if keep and total * fold * words_for(n) * 8 > MEMORY:
        return None

    def go_on(found: int) -> bool:
        shown.update(found * fold)
        return time.monotonic() < deadline

    tally = Tally()
    floats, slack = arrangement.rows.floats()
    if keep and d == 3 and n <= MOST:
        words = _by_polygons(arrangement, floats, slack, total, tally, go_on)
        if words is None:
            return None
        return Found(arrangement, total * fold, words, tally, "in general position, swept over polygons")
    half = sweep_cells(floats, slack, total, tally.counts, keep=keep, go_on=go_on)
    if half is None:
        return None
    words = expand_all(arrangement, [half]) if keep else None
    return Found(arrangement, total * fold, words, tally, "in general position, swept along lines")


def _by_polygons(
    arrangement: Arrangement, floats: Array, slack: float, total: int, tally: Tally, go_on: Callable[[int], bool]
) -> Array | None:
    """Return the words over the given rows by cutting polygons; opposites are written while a cell is in the cache."""
    width = words_for(len(floats))
    if not arrangement.direct:
        half = np.empty((total, width), dtype=np.uint64)
        return (
            expand_all(arrangement, [half]) if polygon_cells(floats, slack, total, tally.counts, half, go_on) else None
        )
    whole = np.empty((2 * total, width), dtype=np.uint64)
    done = 0

    def also_opposites(found: int) -> bool:
        nonlocal done
        fill_opposites(arrangement, whole, done, found)
        done = found
        return go_on(found)

    return whole if polygon_cells(floats, slack, total, tally.counts, whole[total:], also_opposites) else None


def without_rows(arrangement: Arrangement) -> Found | None:
    """The arrangement without hyperplanes, which is one cell."""
    if len(arrangement.rows):
        return None
    words = np.zeros((1, words_for(len(arrangement.place))), dtype=np.uint64)
    return Found(arrangement, 1, words, Tally(), "no row is different from zero")


def plainly(arrangement: Arrangement, keep: bool) -> Found:
    """List the cells of a small arrangement without any compiled kernel."""
    sides = signs_by_rays(arrangement.rows, central=arrangement.central)
    words = packed_signs(over_given_rows(arrangement, sides)) if keep else None
    return Found(arrangement, len(sides), words, Tally(), f"by their rays, {PLAINLY}")


def by_rays(
    arrangement: Arrangement,
    keep: bool,
    store: str | PathLike[str] | None,
    executor: Executor | None,
    deadline: float,
    shown: Reporter,
) -> Found:
    n, d = len(arrangement.rows), arrangement.rows.width
    fold = 2 if arrangement.central else 1
    most = cover_count(n, d) * fold // 2
    size = 8 * words_for(len(arrangement.place))
    if n == d and not keep:
        return Found(arrangement, most, None, Tally(), "all rows are independent")
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


def _here(arrangement: Arrangement, keep: bool, most: int, deadline: float, fold: int, shown: Reporter) -> Found:
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
    listed = expand_all(arrangement, blocks) if keep and blocks else None
    return Found(arrangement, count * fold, listed, tally, "by their rays", complete)


def _in_parts(
    arrangement: Arrangement,
    keep: bool,
    store: str | PathLike[str] | None,
    executor: Executor | None,
    deadline: float,
    fold: int,
    shown: Reporter,
) -> Found:
    shelf = None if store is None else Shelf(store, fingerprint(arrangement), keep)
    if shelf is not None and keep and (finished := shelf.finished()) is not None:
        return Found(arrangement, len(finished[0]), finished[0], finished[1], "by their rays, read from the store")
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
        words = expand_all(arrangement, [parts[prefix].words for prefix in done])
    elif keep and shelf is not None and complete:
        shape = (count, words_for(len(arrangement.place)))
        words = shelf.finish(shape, _blocks(arrangement, shelf, prefixes), tally)
    return Found(arrangement, count, words, tally, "by their rays", complete)


def _blocks(arrangement: Arrangement, shelf: Shelf, prefixes: list[Prefix]) -> Iterator[Array]:
    """Yield the final list part by part, from the parts in the store."""
    for opposite in (True, False) if arrangement.central else (False,):
        for prefix in reversed(prefixes) if opposite else prefixes:
            part = shelf.get(prefix)
            if part is None:
                raise TheodoliteError("A finished part left the store", fix="Call again: it will be made anew")
            yield expand(arrangement, part.words, opposite=opposite)


def stored(found: Found, store: str | PathLike[str]) -> Found:
    shelf = Shelf(store, fingerprint(found.arrangement), True)
    known = shelf.finished()
    assert found.words is not None
    words = shelf.finish(found.words.shape, iter([found.words]), found.tally) if known is None else known[0]
    return Found(found.arrangement, found.count, words, found.tally, found.way)
