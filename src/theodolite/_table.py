"""Columns of critical sets: a million of them are a few arrays, and each is made into an object only when looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isnan
from numbers import Rational

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int32, UInt8

from theodolite._critical import CriticalSet, Home
from theodolite._errors import DataError
from theodolite._evidence import Evidence
from theodolite._kind import Kind
from theodolite._typing import Array, Real

__all__ = ["INTEGERS", "UNKNOWN", "Table"]

UNKNOWN = -1
"""What stands in an integer column for ``None``."""

INTEGERS = ("index", "nullity", "dimension", "index_low", "index_high", "nullity_low", "nullity_high")
"""The names of the columns of ``Table.integers``."""


@dataclass(frozen=True, eq=False)
class Table:
    """Critical sets as columns, all of one length, in a stated order.

    ``integers`` holds index, nullity, dimension, lowest and highest index, lowest and highest nullity (``UNKNOWN`` for
    ``None``); ``evidence_id`` points into ``evidence``; ``keys`` has one row of bytes per set.
    ``ranges_exact`` is one answer for all sets, or a column. ``exact`` holds the values of exactly solved sets (a float
    where one was not), ``None`` where all are floats. ``bounds`` holds rigorous lower and upper bounds of the values, where they
    were asked for.
    """

    value: Float64[np.ndarray, " sets"]
    kind: Int8[np.ndarray, " sets"]
    integers: Int32[np.ndarray, "sets 7"]
    evidence_id: Int32[np.ndarray, " sets"]
    keys: UInt8[np.ndarray, "sets width"]
    evidence: tuple[Evidence, ...]
    ranges_exact: bool | Bool[np.ndarray, " sets"] = True
    exact: tuple[Real, ...] | None = None
    bounds: Float64[np.ndarray, "sets 2"] | None = None

    def __len__(self) -> int:
        return len(self.value)

    def row(self, i: int, name: Callable[[bytes], str], home: Home | None) -> CriticalSet:
        """Return the set in row ``i``; ``name`` turns its key into its label."""
        key = self.keys[i].tobytes()
        return self.labelled(i, name(key), key, home)

    def labelled(self, i: int, label: str, key: bytes, home: Home | None) -> CriticalSet:
        """Return the set in row ``i``, whose label and key are these."""
        numbers = [None if n == UNKNOWN else n for n in self.integers[i].tolist()]
        return CriticalSet(
            value=self.value_of(i),
            kind=Kind.from_code(int(self.kind[i])),
            index=numbers[0],
            nullity=numbers[1],
            dimension=numbers[2],
            label=label,
            evidence=self.evidence[int(self.evidence_id[i])],
            index_range=_pair(numbers[3], numbers[4]),
            nullity_range=_pair(numbers[5], numbers[6]),
            ranges_exact=self.ranges_exact if isinstance(self.ranges_exact, bool) else bool(self.ranges_exact[i]),
            bounds=None if self.bounds is None else (float(self.bounds[i, 0]), float(self.bounds[i, 1])),
            key=key,
            landscape=home,
        )

    def value_of(self, i: int) -> Real:
        """Return the value of row ``i``: exact where it is known exactly."""
        return float(self.value[i]) if self.exact is None else self.exact[i]

    def rows(self, name: Callable[[bytes], str], home: Home | None) -> Iterator[CriticalSet]:
        """Yield every row as a set."""
        return (self.row(i, name, home) for i in range(len(self)))

    def take(self, rows: Array | slice) -> Table:
        """Return the rows named by an index array, a mask or a slice."""
        exact = self.exact
        if exact is not None:
            exact = exact[rows] if isinstance(rows, slice) else tuple(exact[i] for i in np.arange(len(self))[rows])
        return Table(
            self.value[rows],
            self.kind[rows],
            self.integers[rows],
            self.evidence_id[rows],
            self.keys[rows],
            self.evidence,
            self.ranges_exact if isinstance(self.ranges_exact, bool) else _settled(self.ranges_exact[rows]),
            _unless_floats(exact),
            None if self.bounds is None else self.bounds[rows],
        )

    def matching(
        self,
        kinds: Sequence[Kind] | None = None,
        below: Real | None = None,
        above: Real | None = None,
        max_index: int | None = None,
    ) -> Array:
        """Return the mask of the rows that pass every filter.

        Values lie strictly between ``above`` and ``below``, compared exactly where they are known exactly;
        ``max_index`` keeps sets whose lowest index is at most this, minima always.
        """
        _check_filters(kinds, below, above, max_index)
        keep = np.ones(len(self), dtype=bool)
        if kinds is not None:
            keep &= np.isin(self.kind, [kind.code for kind in kinds])
        if below is not None:
            keep &= self._compare(lambda value: value < below)
        if above is not None:
            keep &= self._compare(lambda value: value > above)
        if max_index is not None:
            lowest = np.where(self.integers[:, 3] >= 0, self.integers[:, 3], self.integers[:, 0])
            minima = np.isin(self.kind, [kind.code for kind in Kind if kind.is_minimum])
            lowest = np.where((lowest < 0) & minima, 0, lowest)  # on kinks, where there is no Hessian
            keep &= (lowest >= 0) & (lowest <= max_index)
        return keep

    def _compare(self, test: Callable[..., Array | bool]) -> Array:
        if self.exact is None:
            return np.asarray(test(self.value), dtype=bool)
        return np.array([bool(test(value)) for value in self.exact], dtype=bool)

    def sorted(self) -> Table:
        """Return the rows by increasing value, equal values by key: exactly, where all values are rational."""
        exact = self.exact
        if exact is not None and all(isinstance(value, (Rational, float)) for value in exact):
            order = sorted(range(len(self)), key=lambda i: (exact[i], self.keys[i].tobytes()))
            return self.take(np.array(order, dtype=np.intp))
        if self.keys.shape[1] == 0:
            return self.take(np.argsort(self.value, kind="stable"))
        packed = np.ascontiguousarray(self.keys).view(f"S{self.keys.shape[1]}").ravel()
        return self.take(np.lexsort((packed, self.value)))

    def compact(self) -> Table:
        """Return the same rows with the evidence that they use, in the order of first use."""
        used, first = np.unique(self.evidence_id, return_index=True)
        order = used[np.argsort(first)]
        place = np.zeros(max(len(self.evidence), 1), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return replace(self, evidence_id=place[self.evidence_id], evidence=tuple(self.evidence[i] for i in order))

    @classmethod
    def empty(cls) -> Table:
        """Return a table of no sets."""
        return cls.of([])

    @classmethod
    def join(cls, tables: Sequence[Table]) -> Table:
        """Return the rows of all ``tables`` in order; equal evidence is stored once. Keys must have one width."""
        tables = [table for table in tables if len(table)]
        if not tables:
            return cls.empty()
        interned: dict[Evidence, int] = {}
        columns = []
        for table in tables:
            renumber = np.array(
                [interned.setdefault(evidence, len(interned)) for evidence in table.evidence], dtype=np.int32
            )
            columns.append(renumber[table.evidence_id])
        exact: tuple[Real, ...] | None = None
        if any(table.exact is not None for table in tables):
            exact = tuple(value for table in tables for value in table.exact or table.value.tolist())
        return cls(
            np.concatenate([table.value for table in tables]),
            np.concatenate([table.kind for table in tables]),
            np.concatenate([table.integers for table in tables]),
            np.concatenate(columns),
            np.concatenate([table.keys for table in tables]),
            tuple(interned),
            _settled(np.concatenate([np.broadcast_to(table.ranges_exact, len(table)) for table in tables])),
            exact,
            _joined([table.bounds for table in tables]),
        )

    @classmethod
    def of(cls, sets: Sequence[CriticalSet]) -> Table:
        """Return ``sets`` as columns; their keys must have one length."""
        interned: dict[Evidence, int] = {}
        width = len(sets[0].key) if sets else 0
        return cls(
            np.array([float(s.value) for s in sets], dtype=np.float64),
            np.array([s.kind.code for s in sets], dtype=np.int8),
            np.array([_numbers(s) for s in sets], dtype=np.int32).reshape(len(sets), 7),
            np.array([interned.setdefault(s.evidence, len(interned)) for s in sets], dtype=np.int32),
            np.frombuffer(b"".join(s.key for s in sets), dtype=np.uint8).reshape(len(sets), width).copy(),
            tuple(interned),
            _settled(np.array([s.ranges_exact for s in sets], dtype=bool)),
            _unless_floats(tuple(s.value for s in sets)),
            _joined([None if s.bounds is None else np.array([s.bounds]) for s in sets]) if sets else None,
        )


def _check_filters(kinds: Sequence[Kind] | None, below: Real | None, above: Real | None, max_index: int | None) -> None:
    """Refuse filters that are of no use, naming the one."""
    for kind in kinds or ():
        if not isinstance(kind, Kind):
            raise DataError(f"kind is {kind!r}", fix="Use a member of Kind, such as Kind.STRICT_SADDLE")
    for name, bound in (("below", below), ("above", above)):
        if bound is None:
            continue
        try:
            usable = not isinstance(bound, (str, bool)) and not isnan(float(bound))
        except (TypeError, ValueError):
            usable = False
        if not usable:
            raise DataError(f"{name} is {bound!r}", fix="Pass a number, or None")
    if max_index is not None and (isinstance(max_index, bool) or not isinstance(max_index, (int, np.integer))):
        raise DataError(f"max_index is {max_index!r}", fix="Pass an integer, or None")


def _joined(bounds: list[Array | None]) -> Array | None:
    """Return all bounds, one below the other; nothing where some rows have none."""
    known = [rows for rows in bounds if rows is not None]
    return np.concatenate(known) if len(known) == len(bounds) else None


def _pair(low: int | None, high: int | None) -> tuple[int, int] | None:
    return None if low is None or high is None else (low, high)


def _numbers(item: CriticalSet) -> list[int]:
    spans = [*(item.index_range or (None, None)), *(item.nullity_range or (None, None))]
    return [UNKNOWN if n is None else n for n in (item.index, item.nullity, item.dimension, *spans)]


def _settled(flags: Array) -> bool | Array:
    """Return one answer where all agree, so that tables do not depend on how they were put together."""
    if flags.all():
        return True
    return flags if flags.any() else False


def _unless_floats(values: tuple[Real, ...] | None) -> tuple[Real, ...] | None:
    return None if values is None or all(isinstance(value, float) for value in values) else values
