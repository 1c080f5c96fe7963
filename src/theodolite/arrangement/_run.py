"""Runs the ray method over one arrangement, or over the part of it that a prefix of signs selects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from theodolite._typing import Array
from theodolite.arrangement._narrow import LARGE, search_narrow
from theodolite.arrangement._reduce import Arrangement
from theodolite.arrangement._search import DEPTH, FULL, GROW, LAST, ORTHANT, RESIDUES, search
from theodolite.arrangement._start import start_pool
from theodolite.arrangement._state import Pool, workspace
from theodolite.arrangement._words import words_for

__all__ = ["Prefix", "Tally", "search_cells"]


@dataclass(frozen=True)
class Prefix:
    """The cells whose signs on the first ``length`` hyperplanes are the first bits of ``words``; there must be one."""

    words: tuple[int, ...]
    length: int


@dataclass
class Tally:
    """How many signs were decided by which arithmetic."""

    counts: Array = field(default_factory=lambda: np.zeros(3, dtype=np.int64))

    @property
    def integers(self) -> int:
        """Signs computed in fixed-width integers, with an overflow test."""
        return int(self.counts[0])

    @property
    def filtered(self) -> int:
        """Signs that a floating-point error bound decided."""
        return int(self.counts[1])

    @property
    def residues(self) -> int:
        """Signs computed exactly by residues, at any size of number."""
        return int(self.counts[2])


def search_cells(
    arrangement: Arrangement,
    tally: Tally,
    *,
    prefix: Prefix | None = None,
    stop: int | None = None,
    keep: bool = True,
    whole: bool = False,
    batch: int = 2**16,
) -> Iterator[tuple[int, Array]]:
    """Yield numbers of cells and, with ``keep``, their words over the hyperplanes, in increasing order.

    Only cells on the + side of row 0 are visited, unless the ``whole`` space is asked for. Nodes that no row before
    ``stop`` cuts count as cells; their words are then right on the first ``stop`` rows only.
    """
    rows = arrangement.rows
    n, d = len(rows), rows.width
    words = words_for(n)
    work = workspace(n, d, 0)
    matrix, step = (rows.integer_matrix(), search_narrow) if words == 1 else (rows.matrix(0), search)
    start = start_pool(rows, matrix, work, tally.counts, 64 * d)
    if start is None and step is search_narrow:
        matrix, step = rows.matrix(0), search
        start = start_pool(rows, matrix, work, tally.counts, 64 * d)
    if start is None:
        matrix, work = rows.matrix(rows.residue_count()), workspace(n, d, rows.residue_count())
        start = start_pool(rows, matrix, work, tally.counts, 64 * d)
        assert start is not None
    pool: Pool = start
    lists = np.empty(256 * d, dtype=np.uint32)
    frames = np.empty((n + 4, 4), dtype=np.uint32)
    cursor = np.zeros(3, dtype=np.int64)
    cursor[ORTHANT], cursor[LAST] = 0 if whole else 2 ** (d - 1), 2**d
    fixed, wanted = 0, np.zeros(words, dtype=np.uint64)
    if prefix is not None:
        fixed = prefix.length
        wanted[:] = prefix.words
        given = min(fixed, d)
        orthant = sum((prefix.words[row // 64] >> (63 - row % 64) & 1) << (d - 1 - row) for row in range(given))
        cursor[ORTHANT], cursor[LAST] = orthant, orthant + 2 ** (d - given)
    out = np.empty((batch if keep else 0, words), dtype=np.uint64)
    limit = batch if keep else 2**20
    while True:
        found, status = step(
            matrix, pool, lists, frames, cursor, wanted, fixed, n if stop is None else stop,
            out, keep, limit, work, tally.counts,
        )  # fmt: skip
        if found:
            yield found, out[:found].copy()  # what was yielded stays the caller's
        if status == FULL:
            continue
        if status == LARGE:
            matrix, step = rows.matrix(0), search
        elif status == GROW:
            lists = np.concatenate([lists, np.empty_like(lists)])
            pool = Pool(*(np.concatenate([part, np.zeros_like(part)]) for part in pool))
            work = workspace(n, d, len(matrix.primes), 2 * len(work.counts))
        elif status == RESIDUES:
            count = rows.residue_count()
            matrix, work = rows.matrix(count), workspace(n, d, count, len(work.counts))
        else:
            assert cursor[DEPTH] == 0
            return
