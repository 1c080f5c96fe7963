"""Rows of an atlas of a ReLU landscape: one per support while they are found, one per value and kind in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from theodolite._critical import CriticalSet
from theodolite._evidence import Assumption, Evidence
from theodolite._kind import Kind
from theodolite._table import UNKNOWN, Table
from theodolite._typing import Array
from theodolite.relu._evidence import CLEAR, evidence, level_tolerance, loss_of
from theodolite.relu._keys import Sort
from theodolite.relu._known import Known
from theodolite.relu._problem import Number, Problem

__all__ = ["gathered", "same_level"]

_LOWEST = "no local minimum has a lower loss"


def gathered(rows: Table, problem: Problem, known: Known, *, boundary: bool, complete: bool) -> Table:
    """Return one row per value and kind, lowest value first, and tell ``known`` of the lowest.

    Global minima are those at a proven lower bound, such as the lowest of a ``complete`` enumeration; others are spurious as
    soon as a lower loss is attained somewhere.
    """
    levels = _levels(rows, level_tolerance(problem))
    minima = [level for level in levels if level.sort is Sort.MINIMUM]
    for level in minima[:1]:
        known.attain(level.sse(problem), "a local minimum that was listed")
    lowest = _lowest_is_global(levels, minima) and complete and boundary
    if lowest and minima:
        known.raise_bound(minima[0].sse(problem), "all local minima were listed, and the lowest is global")
    found = []
    for level in levels:
        kind: Kind = level.sort.kind
        assumptions: list[Assumption] = []
        if level.sort is Sort.MINIMUM:
            kind, assumptions = _kind(level, problem, known, levels.tolerance, lowest and level is minima[0])
        found.append(level.joined(kind, evidence(problem, boundary, level.margin, assumptions)))
    return Table.of(found).sorted().compact()


def same_level(rows: Table, problem: Problem, key: bytes) -> Table:
    """Return the rows of one value and sort, that with ``key`` among them; no rows where it is not there."""
    level = _levels(rows, level_tolerance(problem)).of_key.get(key)
    return rows.take(slice(0)) if level is None else level.rows


def _lowest_is_global(levels: _Levels, minima: list[_Level]) -> bool:
    """Return whether nothing undecided could be a lower minimum."""
    return all(
        level.sort is not Sort.MAYBE_MINIMUM or level.value >= minima[0].value - levels.tolerance
        for level in levels
        if minima
    )


def _kind(
    level: _Level, problem: Problem, known: Known, tolerance: float, is_lowest: bool
) -> tuple[Kind, list[Assumption]]:
    """Return what the local minima of one level are."""
    attained, bound = loss_of(problem, known.attained), loss_of(problem, known.bound)
    at_bound = level.value <= bound + tolerance and (not problem.exact or isinstance(known.bound, Fraction))
    if is_lowest or at_bound:
        return Kind.GLOBAL_MINIMUM, [] if problem.exact else [Assumption(_LOWEST, tolerance=tolerance)]
    above = level.value - attained
    if not isinstance(above, float):
        return Kind.SPURIOUS_MINIMUM if above > 0 else Kind.LOCAL_MINIMUM, []
    tolerance = level_tolerance(problem.as_float)  # of exact data too, where the lower point is known in floats
    margin = above / tolerance if tolerance else (np.inf if above > 0 else 0.0)
    spurious = margin >= CLEAR
    noted = Assumption("a lower loss is attained", min(margin, 1e300), tolerance)
    return (Kind.SPURIOUS_MINIMUM, [noted]) if spurious else (Kind.LOCAL_MINIMUM, [] if above <= 0 else [noted])


@dataclass(frozen=True)
class _Level:
    """Rows of one sort and one value."""

    rows: Table
    sort: Sort

    @property
    def value(self) -> Number:
        return self.rows.value_of(self._first)

    def sse(self, problem: Problem) -> Number:
        return self.value / problem.scale

    @property
    def margin(self) -> float | None:
        """The closest decision."""
        margins = [a.margin for e in self.rows.evidence for a in e.assumptions if a.margin is not None]
        return min(margins, default=None)

    @cached_property
    def _first(self) -> int:
        """The row whose member stands for all: if possible with a Hessian, of the largest dimension, with few neurons."""
        smooth, dimension = self.rows.integers[:, 5] != UNKNOWN, self.rows.integers[:, 2]
        keys = [row.tobytes() for row in self.rows.keys]
        return min(range(len(keys)), key=lambda i: (not smooth[i], -dimension[i], sum(map(bool, keys[i])), keys[i]))

    def joined(self, kind: Kind, known_by: Evidence) -> CriticalSet:
        """Return these rows as one critical set."""
        integers = self.rows.integers
        dimension = int(integers[:, 2].max())
        generic = integers[integers[:, 2] == dimension]
        return CriticalSet(
            value=self.value,
            kind=kind,
            index=_common(smooth if len(smooth := generic[generic[:, 0] != UNKNOWN, 0]) else generic[:, 0]),
            nullity=_common(generic[:, 1]),
            dimension=None if dimension == UNKNOWN else dimension,
            label="",
            evidence=known_by,
            index_range=_span(integers[:, 3], integers[:, 4]),
            nullity_range=_span(integers[:, 5], integers[:, 6]),
            ranges_exact=bool(np.all(self.rows.ranges_exact)),
            key=self.rows.keys[self._first].tobytes(),
        )


class _Levels:
    """Rows by sort and value, lowest first: equal values exactly where they are rational, else within ``tolerance``."""

    def __init__(self, rows: Table, tolerance: float) -> None:
        self.tolerance = tolerance
        self._levels = [_Level(rows.take(np.array(group)), sort) for sort, group in _groups(rows, tolerance)]

    def __iter__(self) -> Iterator[_Level]:
        return iter(self._levels)

    @cached_property
    def of_key(self) -> dict[bytes, _Level]:
        """The level of every row, by its key."""
        return {row.tobytes(): level for level in self._levels for row in level.rows.keys}


@lru_cache(maxsize=4)
def _levels(rows: Table, tolerance: float) -> _Levels:
    """Return the levels of a table; the last few are kept, because a page asks for every set by itself."""
    return _Levels(rows, tolerance)


def _groups(rows: Table, tolerance: float) -> Iterator[tuple[Sort, list[int]]]:
    by_sort: dict[Sort, list[int]] = {}
    for i, code in enumerate(rows.keys[:, 0].tolist() if len(rows) else []):
        by_sort.setdefault(Sort(code), []).append(i)
    values: list[Number] = [rows.value_of(i) for i in range(len(rows))]
    for sort in sorted(by_sort):
        group: list[int] = []
        for i in sorted(by_sort[sort], key=values.__getitem__):
            if group and values[i] - values[group[-1]] > tolerance:
                yield sort, group
                group = []
            group.append(i)
        yield sort, group


def _common(numbers: Array) -> int | None:
    """Return the number that all are, if they are one and known."""
    first = int(numbers[0])
    return first if first != UNKNOWN and (numbers == first).all() else None


def _span(low: Array, high: Array) -> tuple[int, int] | None:
    known = low != UNKNOWN
    return (int(low[known].min()), int(high[known].max())) if known.any() else None
