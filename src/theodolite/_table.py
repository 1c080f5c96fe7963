"""Columns of critical sets: a million of them are a few arrays, and each is made into an object only when looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int8, Int32, UInt8

from theodolite._critical import CriticalSet, Home
from theodolite._evidence import Evidence
from theodolite._kind import Kind
from theodolite._typing import Array, Real

__all__ = ["UNKNOWN", "Table"]

UNKNOWN = -1
"""What stands in an integer column for ``None``."""


@dataclass(frozen=True, eq=False)
class Table:
    """Critical sets as columns, all of one length, in a stated order.

    ``integers`` holds index, nullity, dimension, lowest and highest index, lowest and highest nullity (``UNKNOWN`` for
    ``None``); ``evidence_id`` points into ``evidence``; ``keys`` has one row of bytes per set.
    ``exact`` holds the values of exactly solved sets, as their landscape writes them.
    """

    value: Float64[np.ndarray, " sets"]
    kind: Int8[np.ndarray, " sets"]
    integers: Int32[np.ndarray, "sets 7"]
    evidence_id: Int32[np.ndarray, " sets"]
    keys: UInt8[np.ndarray, "sets width"]
    evidence: tuple[Evidence, ...]
    ranges_exact: bool = True
    exact: tuple[Real, ...] | None = None

    def __len__(self) -> int:
        return len(self.value)

    def row(self, i: int, name: Callable[[bytes], str], home: Home | None) -> CriticalSet:
        """Return the set in row ``i``; ``name`` turns its key into its label."""
        numbers = [None if n == UNKNOWN else int(n) for n in self.integers[i]]
        key = self.keys[i].tobytes()
        return CriticalSet(
            value=float(self.value[i]) if self.exact is None else self.exact[i],
            kind=Kind.from_code(int(self.kind[i])),
            index=numbers[0],
            nullity=numbers[1],
            dimension=numbers[2],
            label=name(key),
            evidence=self.evidence[int(self.evidence_id[i])],
            index_range=_pair(numbers[3], numbers[4]),
            nullity_range=_pair(numbers[5], numbers[6]),
            ranges_exact=self.ranges_exact,
            key=key,
            landscape=home,
        )

    def take(self, rows: Array) -> Table:
        """Return the rows named by an index array, a mask or a slice."""
        exact = None
        if self.exact is not None:
            exact = tuple(self.exact[i] for i in np.arange(len(self))[rows])
        return Table(
            self.value[rows],
            self.kind[rows],
            self.integers[rows],
            self.evidence_id[rows],
            self.keys[rows],
            self.evidence,
            self.ranges_exact,
            exact,
        )

    @classmethod
    def join(cls, tables: Sequence[Table]) -> Table:
        """Return the rows of all ``tables`` in order; equal evidence is stored once. Keys must have one width."""
        interned: dict[Evidence, int] = {}
        columns = []
        for table in tables:
            renumber = np.array(
                [interned.setdefault(evidence, len(interned)) for evidence in table.evidence], dtype=np.int32
            )
            columns.append(renumber[table.evidence_id])
        exact: tuple[Real, ...] | None = None
        if tables and all(table.exact is not None for table in tables):
            exact = tuple(value for table in tables for value in table.exact or ())
        return cls(
            np.concatenate([table.value for table in tables]),
            np.concatenate([table.kind for table in tables]),
            np.concatenate([table.integers for table in tables]),
            np.concatenate(columns),
            np.concatenate([table.keys for table in tables]),
            tuple(interned),
            all(table.ranges_exact for table in tables),
            exact,
        )

    @classmethod
    def of(cls, sets: Sequence[CriticalSet]) -> Table:
        """Return ``sets`` as columns; their keys must have one length."""
        interned: dict[Evidence, int] = {}
        width = len(sets[0].key) if sets else 0
        exact = None if all(isinstance(s.value, float) for s in sets) else tuple(s.value for s in sets)
        return cls(
            np.array([float(s.value) for s in sets], dtype=np.float64),
            np.array([s.kind.code for s in sets], dtype=np.int8),
            np.array([_numbers(s) for s in sets], dtype=np.int32).reshape(len(sets), 7),
            np.array([interned.setdefault(s.evidence, len(interned)) for s in sets], dtype=np.int32),
            np.frombuffer(b"".join(s.key for s in sets), dtype=np.uint8).reshape(len(sets), width).copy(),
            tuple(interned),
            all(s.ranges_exact for s in sets),
            exact,
        )

    def rows(self, name: Callable[[bytes], str], home: Home | None) -> Iterator[CriticalSet]:
        """Yield every row as a set."""
        return (self.row(i, name, home) for i in range(len(self)))


def _pair(low: int | None, high: int | None) -> tuple[int, int] | None:
    return None if low is None or high is None else (low, high)


def _numbers(item: CriticalSet) -> list[int]:
    spans = [*(item.index_range or (None, None)), *(item.nullity_range or (None, None))]
    return [UNKNOWN if n is None else n for n in (item.index, item.nullity, item.dimension, *spans)]
