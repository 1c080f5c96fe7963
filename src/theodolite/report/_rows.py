"""What the page takes from an atlas: the sets that it lists, and counts over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

from theodolite._critical import CriticalSet
from theodolite._errors import TheodoliteError
from theodolite._evidence import Evidence
from theodolite._kind import Kind
from theodolite._panels import Description
from theodolite._table import UNKNOWN, Table
from theodolite.report._axis import Axis, axis_for
from theodolite.report._numbers import faithful, numbers
from theodolite.report._palette import Kink

__all__ = ["LISTED_AT_MOST", "AtlasLike", "Rows", "exact_text", "gather", "span_text"]

LISTED_AT_MOST = 2000
"""The page lists this many sets; its size stays below a megabyte."""

_DRAWN_UP_TO = 1e300
"""Differences of values beyond this overflow; such values are listed but no axis reaches them."""

_WRITTEN_OUT = 48
"""An exact value longer than this is shown as a decimal."""


@runtime_checkable
class AtlasLike(Protocol):
    """What the page asks of an atlas."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[CriticalSet]: ...
    def __getitem__(self, where: int) -> CriticalSet: ...
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
    dimensions: tuple[int | None, ...]
    total: int
    expected: int | None
    kinks: tuple[Kink, ...] = ()

    @cached_property
    def axis(self) -> Axis:
        """How heights are drawn."""
        return axis_for(self.values)

    @cached_property
    def lowest(self) -> int | None:
        """The row of the lowest value, if there is any."""
        return min(range(len(self.sets)), key=self._height) if self.sets else None

    @cached_property
    def lowest_saddle(self) -> int | None:
        """The row of the lowest saddle, if there is one."""
        saddles = [i for i, item in enumerate(self.sets) if item.kind.is_saddle]
        return min(saddles, key=self._height) if saddles else None

    @cached_property
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
    columns = _columns(atlas)
    kept = _listed(columns.kinds, most)
    sets = tuple(atlas[i] for i in kept)
    counts = Counter(columns.kinds)
    return Rows(
        sets=sets,
        shown=tuple(numbers([float(item.value) for item in sets])),
        number_of={item.key: i for i, item in enumerate(sets) if item.key},
        counts={kind: counts[kind.code] for kind in Kind if kind is not Kind.NOT_CRITICAL or counts[kind.code]},
        values=tuple(v for v in columns.values if abs(v) <= _DRAWN_UP_TO),
        indices=tuple(n for n, v in zip(columns.indices, columns.values, strict=True) if abs(v) <= _DRAWN_UP_TO),
        dimensions=tuple(n for n, v in zip(columns.dimensions, columns.values, strict=True) if abs(v) <= _DRAWN_UP_TO),
        total=len(columns.values),
        expected=_expected(atlas),
    )


@dataclass(frozen=True)
class _Columns:
    kinds: list[int]
    values: list[float]
    indices: list[int | None]
    dimensions: list[int | None]


def _columns(atlas: AtlasLike) -> _Columns:
    """Return kind, value, index and dimension of every set, from the columns of the atlas where it has them: sets cost time."""
    table = getattr(atlas, "table", None)
    if isinstance(table, Table):
        index, _, dimension = (
            [None if n == UNKNOWN else n for n in column] for column in table.integers[:, :3].T.tolist()
        )
        return _Columns(table.kind.tolist(), table.value.tolist(), index, dimension)
    sets = list(atlas)
    return _Columns(
        [item.kind.code for item in sets],
        [float(item.value) for item in sets],
        [item.index for item in sets],
        [item.dimension for item in sets],
    )


def _listed(kinds: list[int], most: int) -> list[int]:
    """Return the positions to list: the first ``most``, of which the last saddles give way to minima further up."""
    first = list(range(min(most, len(kinds))))
    minima = [i for i in range(most, len(kinds)) if Kind.from_code(kinds[i]).is_minimum][: most // 4]
    for i in range(len(first) - 1, -1, -1):
        if len(first) + len(minima) <= most:
            break
        if not Kind.from_code(kinds[i]).is_minimum:
            del first[i]
    return (first + minima)[:most]


def _expected(atlas: AtlasLike) -> int | None:
    """Return how many sets the landscape has, where it can tell."""
    total = len(atlas) if atlas.complete else getattr(atlas, "total", None)
    if total is not None:
        return int(total)
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
