"""Large arrangements in parts: sign prefixes as tasks for any executor, and a folder in which finished ones are kept.

The tasks depend on the arrangement alone, and their results are put together in their order: who did them, and when,
changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from theodolite._atomic import usable_folder, write_whole
from theodolite._crew import RETRIES, Crew, lost
from theodolite._errors import StoreError
from theodolite._typing import Array
from theodolite._version import __version__
from theodolite.arrangement._reduce import Arrangement
from theodolite.arrangement._run import Prefix, Tally, search_cells
from theodolite.arrangement._words import words_for

__all__ = ["Part", "Shelf", "fingerprint", "run_parts", "split"]

_WANTED = 2**8
"""An arrangement is split at the first row where at least so many parts arise; a power of two."""


@dataclass(frozen=True)
class Part:
    """What one task found: its cells' words over the hyperplanes (none if only counted), their number, the signs it
    decided."""

    words: Array
    count: int
    tally: Array


def fingerprint(arrangement: Arrangement) -> str:
    """Return a name for the arrangement as given: equal names mean the same cells in the same order."""
    digest = hashlib.sha256(f"theodolite cells 1 {__version__} {arrangement.central}".encode())
    entries = arrangement.rows.entries
    digest.update(f"{entries.dtype.str} {entries.shape}".encode())
    if entries.dtype == object:
        digest.update(" ".join(f"{entry:x}" for entry in entries.ravel().tolist()).encode())
    else:
        digest.update(np.ascontiguousarray(entries).tobytes())
    digest.update(arrangement.place.astype(np.int64).tobytes() + arrangement.turn.astype(np.int8).tobytes())
    return digest.hexdigest()


def split(arrangement: Arrangement) -> list[Prefix]:
    """Return the prefixes of signs into which the search on the + side of row 0 is split, in the order of their
    cells."""
    n, d = len(arrangement.rows), arrangement.rows.width
    if 2 ** (d - 1) >= _WANTED:  # the first d rows are independent: all their signs occur
        stop = _WANTED.bit_length()
        rest = [0] * (words_for(n) - 1)
        return [Prefix((start << (64 - stop), *rest), stop) for start in range(_WANTED, 2 * _WANTED)]
    for stop in range(min(d, n), n + 1):
        nodes = np.concatenate(
            [words.copy() for _, words in search_cells(arrangement, Tally(), stop=stop)]
            or [np.empty((0, words_for(n)), dtype=np.uint64)]
        )
        if len(nodes) >= _WANTED or stop == n:
            break
    for row in range(stop, n):
        nodes[:, row // 64] &= ~np.uint64(1 << (63 - row % 64))
    return [Prefix(tuple(words), stop) for words in nodes.tolist()]


@dataclass(frozen=True, eq=False)
class Solver:
    """Does the parts of one arrangement, here or in another process."""

    arrangement: Arrangement
    keep: bool

    @property
    def specification(self) -> str:
        """How messages name it."""
        return "The arrangement"

    def solve(self, prefix: Prefix) -> Part:
        """Return the cells of one part."""
        tally = Tally()
        batches = list(search_cells(self.arrangement, tally, prefix=prefix, keep=self.keep))
        parts = [words for _, words in batches] if self.keep else []
        empty = np.empty((0, words_for(len(self.arrangement.rows))), dtype=np.uint64)
        return Part(np.concatenate([empty, *parts]), sum(count for count, _ in batches), tally.counts)


class Shelf:
    """A folder of finished parts, one file each, named by a hash of the arrangement, the version and the part."""

    def __init__(self, folder: str | PathLike[str], name: str, keep: bool) -> None:
        self.folder = usable_folder(folder, "cells-*.tmp")
        kind = "cells" if keep else "counts"
        self._parts = f"cells-part-{hashlib.sha256(f'{name} {kind}'.encode()).hexdigest()[:32]}-"
        self._stem = hashlib.sha256(name.encode()).hexdigest()[:32]

    @property
    def whole(self) -> Path:
        """Where the finished list of cells is kept."""
        return self.folder / f"cells-{self._stem}.npy"

    @property
    def record(self) -> Path:
        """Where is written down that the list is finished, and how its signs were decided."""
        return self.folder / f"cells-{self._stem}.json"

    def path(self, prefix: Prefix) -> Path:
        """Return where the part ``prefix`` is kept."""
        text = f"{prefix.length} {' '.join(f'{word:x}' for word in prefix.words)}"
        return self.folder / f"{self._parts}{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"

    def get(self, prefix: Prefix) -> Part | None:
        """Return a finished part, or ``None`` if it is not there or damaged."""
        path = self.path(prefix)
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as data:
                part = Part(data["words"], int(data["count"]), data["tally"])
                digest = str(data["digest"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None
        return part if digest == _digest(part) else None

    def put(self, prefix: Prefix, part: Part) -> None:
        """Keep a finished part."""
        arrays = {"words": part.words, "count": np.int64(part.count), "tally": part.tally, "digest": _digest(part)}
        self.write(self.path(prefix), lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]

    def write(self, path: Path, fill: Callable[..., object]) -> None:
        """Write a file whole or not at all."""
        try:
            write_whole(path, fill)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written",
                cause=str(error),
                fix="Make room there, or name another folder; the parts that are there stay usable",
            ) from error

    def finished(self) -> tuple[Array, Tally] | None:
        """Return the whole list, mapped from the disk, if it was finished before."""
        try:
            facts = json.loads(self.record.read_text())
            packed = np.load(self.whole, mmap_mode="r", allow_pickle=False)
            if packed.shape != tuple(facts["shape"]) or packed.dtype != np.uint64:
                return None
            self._drop_parts()  # whoever finished the list may have been killed before this
            return packed, Tally(np.array(facts["tally"], dtype=np.int64))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def finish(self, shape: tuple[int, int], blocks: Iterator[Array], tally: Tally) -> Array:
        """Write the whole list from ``blocks``, drop the parts that it was made of, and return it mapped from the
        disk."""

        def fill(file: object) -> None:
            np.lib.format.write_array_header_1_0(file, {"descr": "<u8", "fortran_order": False, "shape": shape})  # type: ignore[arg-type]
            for block in blocks:
                file.write(np.ascontiguousarray(block, dtype="<u8").data)  # type: ignore[attr-defined]

        self.write(self.whole, fill)
        facts = json.dumps({"shape": list(shape), "tally": tally.counts.tolist()})
        self.write(self.record, lambda file: file.write(facts.encode()))
        self._drop_parts()
        packed: Array = np.load(self.whole, mmap_mode="r", allow_pickle=False)
        return packed

    def _drop_parts(self) -> None:
        for path in self.folder.glob(f"{self._parts}*.npz"):
            path.unlink(missing_ok=True)


def _digest(part: Part) -> str:
    digest = hashlib.sha256(f"{part.count} {part.tally.tolist()}".encode())
    digest.update(np.ascontiguousarray(part.words).data if part.words.size else b"")
    return digest.hexdigest()


def run_parts(
    arrangement: Arrangement,
    prefixes: list[Prefix],
    *,
    keep: bool,
    executor: Executor | None,
    shelf: Shelf | None,
    deadline: float,
    report: Callable[[int], None],
) -> Generator[tuple[Prefix, Part], None, None]:
    """Do the parts and yield each as it is finished, in no particular order; end early when the deadline has passed."""
    waiting = iter(prefixes)
    solver = Solver(arrangement, keep)
    crew = None if executor is None else Crew(solver, executor)
    pending: dict[Future[Part], tuple[Prefix, int]] = {}
    done = 0

    def finished(prefix: Prefix, part: Part, new: bool) -> tuple[Prefix, Part]:
        nonlocal done
        if new and shelf is not None:
            shelf.put(prefix, part)
        done += part.count
        report(done)
        return prefix, part

    try:
        while time.monotonic() < deadline:
            while crew is None or len(pending) < crew.in_flight:
                prefix = next(waiting, None) if time.monotonic() < deadline else None
                if prefix is None:
                    break
                known = None if shelf is None else shelf.get(prefix)
                if known is not None:
                    yield finished(prefix, known, False)
                elif crew is None:
                    yield finished(prefix, solver.solve(prefix), True)
                else:
                    pending[crew.submit(prefix, 0)] = (prefix, 0)
            if crew is None or not pending:
                return
            left = None if deadline == float("inf") else max(0.0, deadline - time.monotonic())
            again = []
            for future in wait(pending, timeout=left, return_when=FIRST_COMPLETED).done:
                prefix, attempts = pending.pop(future)
                try:
                    part = future.result()
                except Exception as error:
                    if not lost(error):
                        raise
                    again.append((prefix, attempts + 1, error))
                    continue
                yield finished(prefix, part, True)
            for prefix, attempt, reason in again:
                if attempt > RETRIES:
                    raise StoreError(
                        f"A part of the arrangement was lost {attempt} times",
                        cause=f"its workers died, the last with {type(reason).__name__}: {reason}",
                        fix="Look at the memory of the workers; with store=DIR the finished parts are kept",
                    ) from reason
                crew.replace_if_broken(reason)
                pending[crew.submit(prefix, attempt)] = (prefix, attempt)
    finally:
        for future in pending:
            future.cancel()
        if crew is not None:
            crew.close()
