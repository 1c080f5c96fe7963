"""What the page takes from an atlas: the sets that it lists, and counts over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol, runtime_checkable

from theodolite._critical import CriticalSet
from theodolite._errors import TheodoliteError
from theodolite._evidence import Evidence
from theodolite._kind import Kind
from theodolite._panels import Description
from theodolite.report._numbers import faithful, numbers

__all__ = ["LISTED_AT_MOST", "AtlasLike", "Rows", "exact_text", "gather", "span_text"]

LISTED_AT_MOST = 2000
"""The page lists this many sets; its size stays below a megabyte."""

_WRITTEN_OUT = 48
"""An exact value longer than this is shown as a decimal."""


@runtime_checkable
class AtlasLike(Protocol):
    """What the page asks of an atlas."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[CriticalSet]: ...
    @property
    def complete(self) -> bool: ...
    @property
    def ordered(self) -> bool: ...
    @property
    def description(self) -> Description: ...
    @property
    def evidence(self) -> Evidence | None: ...
    @property
    def command(self) -> str | None: ...
    @property
    def versions(self) -> Mapping[str, str]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def landscape(self) -> Any: ...


@dataclass(frozen=True)
class Rows:
    """The sets listed on a page, in the order of the atlas, and what is known about all the others.

    ``number_of`` finds the row of a key; ``counts`` has every kind of critical point, absent ones with zero; ``values``
    and ``indices`` are those of *all* sets of the atlas; ``expected`` is how many sets there are in all, where known.
    """

    sets: tuple[CriticalSet, ...]
    shown: tuple[str, ...]
    number_of: Mapping[bytes, int]
    counts: Mapping[Kind, int]
    values: tuple[float, ...]
    indices: tuple[int | None, ...]
    total: int
    expected: int | None

    @property
    def lowest(self) -> int | None:
        """The row of the lowest value, if there is any."""
        return min(range(len(self.sets)), key=self._height) if self.sets else None

    @property
    def lowest_saddle(self) -> int | None:
        """The row of the lowest saddle, if there is one."""
        saddles = [i for i, item in enumerate(self.sets) if item.kind.is_saddle]
        return min(saddles, key=self._height) if saddles else None

    @property
    def opening(self) -> int:
        """The row that is chosen when the page opens: a spurious minimum if there is one, else the lowest saddle."""
        traps = [i for i, item in enumerate(self.sets) if item.kind is Kind.SPURIOUS_MINIMUM]
        if traps:
            return min(traps, key=self._height)
        saddle = self.lowest_saddle
        return saddle if saddle is not None else self.lowest or 0

    def _height(self, row: int) -> float:
        return float(self.sets[row].value)


def gather(atlas: AtlasLike, most: int = LISTED_AT_MOST) -> Rows:
    """Take from ``atlas`` its first ``most`` sets; beyond those, minima replace the last saddles."""
    first: list[CriticalSet] = []
    minima: list[CriticalSet] = []
    counts: Counter[Kind] = Counter()
    values: list[float] = []
    indices: list[int | None] = []
    for item in atlas:
        counts[item.kind] += 1
        values.append(float(item.value))
        indices.append(item.index)
        if len(first) < most:
            first.append(item)
        elif item.kind.is_minimum and len(minima) < most // 4:
            minima.append(item)
    if minima:
        first = _make_room(first, minima)
    return Rows(
        sets=tuple(first),
        shown=tuple(numbers([float(item.value) for item in first])),
        number_of={item.key: i for i, item in enumerate(first) if item.key},
        counts={kind: counts[kind] for kind in Kind if kind is not Kind.NOT_CRITICAL or counts[kind]},
        values=tuple(v for v in values if isfinite(v)),
        indices=tuple(n for n, v in zip(indices, values, strict=True) if isfinite(v)),
        total=len(values),
        expected=_expected(atlas),
    )


def _make_room(first: list[CriticalSet], minima: list[CriticalSet]) -> list[CriticalSet]:
    drop = set()
    for i in range(len(first) - 1, -1, -1):
        if len(drop) == len(minima):
            break
        if not first[i].kind.is_minimum:
            drop.add(i)
    return [item for i, item in enumerate(first) if i not in drop] + minima[: len(drop)]


def _expected(atlas: AtlasLike) -> int | None:
    """Return how many sets the landscape has, where it can tell."""
    if atlas.complete:
        return len(atlas)
    count = getattr(atlas.landscape, "count", None)
    if count is None:
        return None
    try:
        return int(count())
    except TheodoliteError:
        return None


def span_text(number: int | None, span: tuple[int, int] | None, exact: bool) -> str:
    """Return a count with the range that it takes over the strata, as a table cell.

    >>> (
    ...     span_text(3, (3, 3), True),
    ...     span_text(3, (2, 5), True),
    ...     span_text(None, (2, 5), False),
    ...     span_text(None, None, True),
    ... )
    ('3', '3 (2–5)', '? (within 2–5)', '?')
    """
    text = "?" if number is None else str(number)
    if span is None or span == (number, number):
        return text
    return f"{text} ({'' if exact else 'within '}{span[0]}–{span[1]})"


def exact_text(item: CriticalSet) -> str:
    """Return the value of ``item`` in full: as its landscape knows it, or all digits of the float."""
    if not isinstance(item.value, float):
        text = str(item.value)
        if len(text) <= _WRITTEN_OUT:
            return text.replace("-", "−")
    return faithful(float(item.value))
