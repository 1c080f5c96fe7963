"""``Atlas``: the result of a survey, a table of critical sets that says how complete it is."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, overload

import numpy as np

from theodolite._counting import in_words
from theodolite._critical import CriticalSet
from theodolite._errors import DataError, NotCoveredError, TheodoliteError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._landscape import SurveyableLandscape
from theodolite._levels import Level, level_starts, levels_of
from theodolite._panels import Description
from theodolite._references import Reference
from theodolite._table import Table
from theodolite._texts import Texts
from theodolite._typing import Array, Real

__all__ = ["Atlas", "Level"]

_STOPS = {
    None: "",
    "limit": "stopped at the limit asked for",
    "budget": "stopped when its time was spent",
    "interrupted": "interrupted",
}


class NoSuchSetError(DataError, IndexError):
    """The atlas has no set at this position."""


@dataclass(frozen=True, eq=False, repr=False)
class Atlas:
    """The critical sets of a landscape, by increasing value.

    ``complete`` says whether every critical set is here that the landscape lists; ``ordered`` whether none is missing below the
    last one that is; ``stopped`` why the survey ended early (``"limit"``, ``"budget"``, ``"interrupted"``), ``total`` how many
    sets there are, where that is known. ``fingerprint`` is that of the landscape with its data, ``command`` what was run,
    ``versions`` with which libraries. ``selection`` says in words by which filters sets were left out.

    An atlas is a sequence of ``CriticalSet``: ``atlas[0]`` is the lowest, slices, masks and lists of positions give atlases.
    A million sets take about 60 bytes each in memory; a set becomes an object when it is looked at.

    >>> import theodolite as th  # losses (16 + 9 + 4 - what is taken) / 2, of at most two directions
    >>> land = th.LinearLandscape([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[4, 0, 0], [0, 3, 0], [0, 0, 2]], hidden=2)
    >>> atlas = th.survey(land)
    >>> [round(float(s.value), 6) for s in atlas], len(atlas.minima())
    ([2.0, 4.5, 6.5, 8.0, 10.0, 12.5, 14.5], 1)
    """

    table: Table
    description: Description
    fingerprint: str
    specification: str
    versions: Mapping[str, str]
    command: str
    complete: bool
    ordered: bool
    stopped: str | None = None
    total: int | None = None
    selection: str | None = None
    labels: Texts | None = None
    landscape: SurveyableLandscape | None = None
    data: Mapping[str, Array] | None = field(default=None)

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[CriticalSet]:
        return (self._set(i) for i in range(len(self)))

    @overload
    def __getitem__(self, where: int) -> CriticalSet: ...
    @overload
    def __getitem__(self, where: slice | Array | list[int]) -> Atlas: ...
    def __getitem__(self, where: Any) -> CriticalSet | Atlas:
        if isinstance(where, slice):
            return self._take(where)
        if isinstance(where, (np.ndarray, list)):
            return self._take(self._positions(where))
        try:
            i = operator.index(where)
        except TypeError:
            raise DataError(
                f"An atlas cannot be indexed by {where!r}", fix="Use a position, a slice, a mask or positions"
            ) from None
        if not -len(self) <= i < len(self):
            raise NoSuchSetError(f"Set {i} was asked for", cause=f"this atlas has {len(self)}")
        return self._set(i % len(self))

    def _positions(self, where: Any) -> Array:
        if np.ndim(where) != 1:
            raise DataError(
                f"Positions of shape {np.shape(where)} were given", fix="Use a flat list of positions, or a mask"
            )
        try:
            return np.arange(len(self))[np.asarray(where) if len(where) else slice(0)]
        except IndexError as error:
            raise NoSuchSetError("These positions are not in the atlas", cause=str(error)) from None

    def _set(self, i: int) -> CriticalSet:
        key = self.table.keys[i].tobytes()
        return self.table.labelled(i, self._label(i, key), key, self.landscape)

    def _label(self, i: int, key: bytes) -> str:
        if self.labels is not None:
            return self.labels[i]
        return key.hex() if self.landscape is None else self.landscape.name(key)

    def label(self, i: int) -> str:
        """Return the label of the set at position ``i``, without making the set."""
        return self._label(i, self.table.keys[i].tobytes())

    def all_labels(self) -> Texts:
        """Return the labels of all sets, in order, without making the sets."""
        if self.labels is not None:
            return self.labels
        if self.landscape is not None:
            return self.landscape.names(self.table.keys)
        return Texts.of(key.tobytes().hex() for key in self.table.keys)

    def position(self, key: bytes) -> int | None:
        """Return where the set with this key is, ``None`` if it is not here."""
        wanted = np.frombuffer(key, dtype=np.uint8)
        if wanted.size != self.table.keys.shape[1]:
            return None
        found = np.flatnonzero((self.table.keys == wanted).all(axis=1))
        return int(found[0]) if len(found) else None

    def _take(self, rows: Array | slice, selection: str | None = None) -> Atlas:
        kept = np.arange(len(self))[rows]
        first = np.array_equal(kept, np.arange(len(kept)))
        return replace(
            self,
            table=self.table.take(rows).compact(),
            labels=None if self.labels is None else self.labels.take(rows),
            complete=self.complete and first and len(kept) == len(self),
            ordered=self.ordered and first,
            selection="; ".join(part for part in (self.selection, selection) if part) or None,
        )

    def where(
        self,
        *,
        kind: Kind | Sequence[Kind] | None = None,
        below: Real | None = None,
        above: Real | None = None,
        max_index: int | None = None,
    ) -> Atlas:
        """Return the sets of these kinds, with values strictly between ``above`` and ``below``.

        ``max_index`` keeps sets whose lowest index is at most this. Exact values are compared exactly.
        """
        kinds = (kind,) if isinstance(kind, Kind) else None if kind is None else tuple(kind)
        words = [] if kinds is None else [" or ".join(map(str, kinds))]
        words += [] if above is None else [f"above {above}"]
        words += [] if below is None else [f"below {below}"]
        words += [] if max_index is None else [f"index at most {max_index}"]
        return self._take(self.table.matching(kinds, below, above, max_index), ", ".join(words) or None)

    def minima(self) -> Atlas:
        """Return the sets of local minima, global ones included."""
        return self.where(kind=[kind for kind in Kind if kind.is_minimum])

    def levels(self, tolerance: float | None = None) -> list[Level]:
        """Return the distinct critical values, lowest first, with their multiplicities.

        Exact values are compared exactly. Others are one level while they differ from its lowest by at most ``tolerance``, by
        default 1e-12 times the largest absolute value. Raises an error where exact values cannot be told apart or shown equal.
        """
        return levels_of(self.table, tolerance)

    def plateaus(self) -> list[Atlas]:
        """Return the connected components of the sets, sets of equal value joined where they touch, lowest first.

        Landscapes whose sets are not connected divide them first: of ReLU landscapes the sets of local minima, up to the order of
        neurons.

        Raises ``NotCoveredError`` for landscapes whose connected components no theorem gives.
        """
        if self.landscape is None:
            raise NotCoveredError(
                "Which sets touch is not known",
                cause="the atlas was loaded without its landscape",
                fix="Load it with load_atlas(path, land)",
            )
        table = self.landscape.divided(self.table)
        whole = self if table is self.table else replace(self, table=table, labels=None, complete=False)
        component = self.landscape.components(table)
        numbers, first = np.unique(component, return_index=True)
        return [whole._take(component == numbers[i], f"plateau {k}") for k, i in enumerate(np.argsort(first), start=1)]

    @property
    def evidence(self) -> Evidence:
        """How the atlas as a whole is known: by the weakest of its sets, complete only if no set is missing."""
        every = self.table.evidence
        strength = list(Method)
        residuals = [evidence.residual for evidence in every if evidence.residual is not None]
        return Evidence(
            max((evidence.method for evidence in every), key=strength.index, default=Method.NUMERIC),
            _united(evidence.references for evidence in every),
            _closest(_united(evidence.assumptions for evidence in every)),
            "; ".join(dict.fromkeys(evidence.scope for evidence in every if evidence.scope)),
            max(residuals, default=None),
            self.complete and all(evidence.complete for evidence in every),
        )

    @property
    def references(self) -> tuple[Reference, ...]:
        """The papers whose theorems the sets rest on."""
        return self.evidence.references

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of what there is to say about the whole, in reading order."""
        yield "landscape", f"{self.description.title}: {self.description.network}"
        yield "data", self.description.data
        yield "found", self._found()
        if self.selection:
            yield "only", self.selection
        counts = Counter(self.table.kind.tolist())
        if counts:
            yield "kinds", ", ".join(f"{n:,} {_plural(Kind.from_code(code), n)}" for code, n in sorted(counts.items()))
            values = self.table.value
            yield "values", f"{values.min():.8g} to {values.max():.8g}{self._distinct()}"
        yield "known by", str(self.evidence)
        yield "command", self.command

    def _distinct(self) -> str:
        try:
            return f", {len(level_starts(self.table)[1]):,} distinct"
        except TheodoliteError:  # exact values whose order is undecided
            return ""

    def _found(self) -> str:
        noun = self.description.noun if len(self) == 1 else self.description.nouns
        if self.complete:
            return f"{len(self):,} {noun}: all {self.description.listed}"
        of = f" of {in_words(self.total)}" if self.total is not None else ""
        part = "a selection" if self.selection else "the lowest" if self.ordered else ""
        how = ", ".join(words for words in (part, _STOPS[self.stopped]) if words)
        named = noun if self.total in (None, 1) else self.description.nouns
        return f"{len(self):,}{of} {named}{': ' + how if how else ''}; not complete"

    def summary(self) -> str:
        """Return what was found, in words, with the lowest sets."""
        lines = [f"{name:<10} " + text.replace("\n", "\n" + " " * 11) for name, text in self.facts()]
        for i in range(min(len(self), 8)):
            row = self[i]
            index = "?" if row.index is None else row.index
            lines.append(
                f"{'lowest' if i == 0 else '':<10} {float(row.value):.8g}  {row.kind}, index {index}, {row.label}"
            )
        return "\n".join(lines)

    def save(self, path: str | PathLike[str], *, include_data: bool = False) -> None:
        """Write the atlas to a file whose suffix says how: ``.json``, ``.npz`` or ``.parquet`` (needs pyarrow).

        The file holds the fingerprint of the data, and the data itself only with ``include_data``. It appears whole or not at
        all. Raises ``AtlasFileError`` if it cannot be written.
        """
        from theodolite._atlas_files import save_atlas

        save_atlas(self, path, include_data=include_data)

    def to_json(self, *, include_data: bool = False) -> str:
        """Return the text that ``save`` writes to a ``.json`` file."""
        from theodolite._atlas_files import json_of

        return json_of(self, include_data=include_data).decode()

    def to_frame(self, library: str | None = None) -> Any:
        """Return the sets as a data frame of ``"pandas"``, ``"polars"`` or ``"pyarrow"``, by default the first that is installed.

        Unknown integers are null. Raises ``DataError`` if the library is not installed.
        """
        from theodolite._frames import frame_of

        return frame_of(self, library)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<Atlas of {self.specification}: {self._found()}>"

    def __rich__(self) -> Any:
        from rich.text import Text

        return Text(self.summary())

    def to_html(self, path: str | PathLike[str]) -> None:
        """Write the atlas as one self-contained page that opens in any browser."""
        from theodolite.report import write_page

        write_page(self, Path(path))

    def figure(self, name: str = "ladder", **options: Any) -> Any:
        """Return a matplotlib figure, in the visual language of the page; needs the extra ``plot``."""
        from theodolite.report import figure

        return figure(self, name, **options)

    def _repr_html_(self) -> str:
        from theodolite.report import atlas_html

        return atlas_html(self)


def _closest(assumptions: tuple[Assumption, ...]) -> tuple[Assumption, ...]:
    """Return each statement once, with its smallest margin: sets that checked the same may have had more room."""
    found: dict[tuple[str, float | None], Assumption] = {}
    for one in assumptions:
        here = found.setdefault((one.statement, one.tolerance), one)
        if here.margin is not None and one.margin is not None and one.margin < here.margin:
            found[one.statement, one.tolerance] = one
    return tuple(found.values())


def _united(groups: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))


def _plural(kind: Kind, count: int) -> str:
    return str(kind) if count == 1 else str(kind).replace("minimum", "minima").replace("saddle", "saddles")
