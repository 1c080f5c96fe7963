"""The ladder as plain data: axis, which marks may carry a label, and densities where there are too many marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theodolite._kind import Kind
from theodolite.report._axis import Axis
from theodolite.report._rows import Rows

__all__ = [
    "BINS",
    "LABELLED_AT_MOST",
    "MARKED_AT_MOST",
    "STEPS_AT_MOST",
    "Across",
    "across",
    "labelled",
    "ladder_data",
    "marked",
    "strips",
]

LABELLED_AT_MOST = 40
"""With more sets than this only minima, the lowest saddle and the chosen set are labelled."""

MARKED_AT_MOST = 400
"""With more sets than this the ladder shows densities, and marks only where they are asked for."""

STEPS_AT_MOST = 60
"""With more marks than this only the steps of the chosen set are drawn."""

BINS = 150
"""Densities are counted in this many equal stretches of the axis."""

_ALWAYS_MARKED = 60


@dataclass(frozen=True)
class Across:
    """What lies across the ladder: ``all`` has the place of every set, ``listed`` of those on the page, ``None``: unknown.

    ``beside`` counts, for each listed set, how many before it share its place and value.
    """

    label: str
    short: str
    caption: str
    all: tuple[int | None, ...]
    listed: tuple[int | None, ...]
    beside: tuple[int, ...]
    numbered: bool = True


def across(rows: Rows) -> Across:
    """Return the Morse index; the dimension where sets lie on kinks; where no index is known, sets of equal loss side by side."""
    listed = tuple(item.index for item in rows.sets)
    heights = [float(item.value) for item in rows.sets]
    if any(rows.kinks):
        sizes = tuple(item.dimension for item in rows.sets)
        return Across(
            "dimension: parameters along the set",
            "dimension",
            "Rightward is the dimension of a set: along how many parameters it extends. On kinks no Hessian has an index.",
            rows.dimensions,
            sizes,
            _turns(list(zip(sizes, heights, strict=True))),
        )
    if rows.indices and all(n is None for n in rows.indices):
        return Across(
            "sets of equal loss, side by side",
            "equal loss",
            "Sets of equal loss stand side by side: a Morse index is not known for any.",
            _turns(rows.values),
            _turns(heights),
            (0,) * len(listed),
            numbered=False,
        )
    return Across(
        "Morse index: independent ways down",
        "Morse index",
        "Rightward is the Morse index, the number of independent ways down.",
        rows.indices,
        listed,
        _turns(list(zip(listed, heights, strict=True))),
    )


def _turns(places: Sequence[Any]) -> tuple[int, ...]:
    """Return, for each entry, how many equal ones came before it."""
    seen: Counter[Any] = Counter()
    out = []
    for place in places:
        out.append(seen[place])
        seen[place] += 1
    return tuple(out)


def ladder_data(rows: Rows) -> dict[str, Any]:
    """Return what the page needs to draw the ladder at any width."""
    axis, side = rows.axis, across(rows)
    dense = rows.total > MARKED_AT_MOST
    return {
        "axis": {
            "kind": axis.kind,
            "pieces": axis.pieces,
            "ticks": [[axis.place(value), text] for value, text in axis.ticks],
            "breaks": [axis.place(high) for _, high in axis.pieces[:-1]],
            "note": axis.note,
        },
        "places": [
            round(place, 5) for place in axis.places(np.array([float(item.value) for item in rows.sets])).tolist()
        ],
        "across": {
            "label": side.label,
            "short": side.short,
            "numbered": side.numbered,
            "of": side.listed,
            "beside": side.beside if any(side.beside) and not dense else None,
            **_reach(side.all),
        },
        "labels": labelled(rows),
        "marks": marked(rows) if dense else None,
        "strips": strips(axis, rows.values, side.all) if dense else None,
        "bins": BINS,
        "steps": STEPS_AT_MOST,
    }


def labelled(rows: Rows) -> list[int]:
    """Return the rows that may carry a label, most important first."""
    if len(rows.sets) > LABELLED_AT_MOST:
        return marked(rows)[:LABELLED_AT_MOST]
    first = marked(rows)
    return first + [i for i in range(len(rows.sets)) if i not in set(first)]


def marked(rows: Rows) -> list[int]:
    """Return the rows that are always drawn as marks: minima, spurious ones first, and the lowest saddle."""
    order = (Kind.GLOBAL_MINIMUM, Kind.SPURIOUS_MINIMUM, Kind.LOCAL_MINIMUM)
    minima = [i for kind in order for i, item in enumerate(rows.sets) if item.kind is kind][:_ALWAYS_MARKED]
    saddle = rows.lowest_saddle
    return minima + ([saddle] if saddle is not None else [])


def strips(axis: Axis, values: Sequence[float], indices: Sequence[int | None]) -> list[list[int]]:
    """Return [index (−1: unknown), bin from below, how many sets] for every bin of the axis that is not empty."""
    heights = np.minimum(BINS - 1, (axis.places(np.array(values)) * BINS).astype(np.int64))
    columns = np.array([-1 if index is None else index for index in indices], dtype=np.int64)
    cells, counts = np.unique(np.stack([columns, heights], axis=1), axis=0, return_counts=True)
    return [[*cell, n] for cell, n in zip(cells.tolist(), counts.tolist(), strict=True)]


def _reach(indices: Sequence[int | None]) -> dict[str, Any]:
    known = [n for n in indices if n is not None]
    return {
        "low": min(known, default=0),
        "high": max(known, default=0),
        "unknown": any(n is None for n in indices),
    }
