"""The data of a page as JSON: columns for the rows, and panels whose equal parts are stored once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import msgspec

from theodolite._panels import (
    ArrangementPanel,
    CurvePanel,
    FieldPanel,
    Move,
    MovesPanel,
    Panel,
    PlaneMark,
    PlanePanel,
    ProfilePanel,
    SlidesPanel,
    SpectrumPanel,
    StrataPanel,
)
from theodolite.report._numbers import counted, number, same, typeset
from theodolite.report._palette import Kink
from theodolite.report._rows import AtlasLike, Rows

__all__ = ["NAMED_BARS", "PanelStore", "Panels", "ask", "kinks_of", "pack", "script_safe", "strata_text"]

NAMED_BARS = 24
"""Longer spectra are drawn as thin bars, without the cost of each."""

_MOVES_KEPT = 5
_DIGITS = 12
_FIGURES = (PlanePanel, ProfilePanel, CurvePanel, SlidesPanel, FieldPanel, ArrangementPanel)
"""The large panels: the first to be left out where a page would grow too big."""


def script_safe(data: Any) -> str:
    """Return ``data`` as JSON that no text in it can break out of a script element with.

    >>> print(script_safe("</script>&"))
    "\\u003c/script\\u003e\\u0026"
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


@dataclass
class PanelStore:
    """Panels of many sets; a text or list that several of them share is stored once, in ``pool``."""

    rows: Rows
    pool: list[Any] = field(default_factory=list)
    shapes: dict[str, list[str]] = field(default_factory=dict)
    size: int = 0
    _seen: dict[tuple[type[Any], str, type[Any], Any], int] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)

    def pack(self, panel: Panel) -> list[Any]:
        """Return the tag of ``panel`` and the places of its fields in the pool, in the order that ``shapes`` states."""
        names = type(panel).__struct_fields__
        tag = str(type(panel).__struct_config__.tag)
        self.shapes.setdefault(tag, list(names))
        places = [self._place(type(panel), name, getattr(panel, name)) for name in names]
        self.size += sum(len(str(place)) + 1 for place in places) + len(tag) + 5
        return [tag, *places]

    def _place(self, owner: type[Any], name: str, value: Any) -> int:
        """Return where in the pool a field is, adding it if it is new."""
        # Equal values of different fields need not look equal: costs are written out, no moves still have their count.
        key = (owner, name, type(value), value)
        if key not in self._seen:
            plain = _plain(owner, name, value, self.rows)
            text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
            if text not in self._places:
                self._places[text] = len(self.pool)
                self.pool.append(plain)
                self.size += len(script_safe(plain).encode()) + 1
            self._seen[key] = self._places[text]
        return self._seen[key]


@dataclass(frozen=True)
class Panels:
    """The panels of the rows of a page, as given and packed.

    ``of[i]`` is ``None`` where they are left out, and ``aside`` has the rows where some are; ``note`` says why.
    """

    given: tuple[tuple[Panel, ...], ...]
    pool: list[Any]
    shapes: dict[str, list[str]]
    of: list[list[Any] | None]
    best: list[tuple[str, int | None, str, float] | None]
    note: str
    aside: frozenset[int] = frozenset()


def ask(atlas: AtlasLike, rows: Rows) -> Panels:
    """Ask the landscape for the panels of every row; none of them is packed yet."""
    if atlas.landscape is None:
        note = (
            "This atlas was loaded without its landscape, so spectra, curvature and maps are not drawn. "
            "Load it with load_atlas(path, land) and write the page again."
        )
        return Panels((), [], {}, [None] * len(rows.sets), [None] * len(rows.sets), note)
    given = tuple(tuple(atlas.landscape.panels(item)) for item in rows.sets)
    return Panels(given, [], {}, [None] * len(rows.sets), [_best(panels, rows) for panels in given], "")


def kinks_of(asked: Panels) -> tuple[Kink, ...]:
    """Return for every row how much of it lies on kinks, as far as its panels count strata."""
    return tuple(_kink(panels) for panels in asked.given)


def _kink(panels: Iterable[Panel]) -> Kink:
    counts = next(((panel.smooth, panel.kinked) for panel in panels if isinstance(panel, StrataPanel)), (None, None))
    if not counts[1]:
        return Kink.NONE
    return Kink.ALL if counts[0] == 0 else Kink.SOME


def strata_text(panels: Iterable[Panel]) -> str | None:
    """Return how many strata a set has and where, for the table; nothing for sets of other landscapes."""
    found = next((panel for panel in panels if isinstance(panel, StrataPanel)), None)
    if found is None:
        return None
    parts = ((found.smooth, "smooth"), (found.kinked, "on kinks"))
    return ", ".join(f"{counted(n)} {words}" for n, words in parts if n is not None) or "not counted"


def pack(asked: Panels, rows: Rows, room: int) -> Panels:
    """Pack as many panels as fit into ``room`` bytes.

    Half of the room goes to full sets of panels, in the order of importance: the chosen set, minima, low values. The other
    half goes to the small panels of the rest; maps and profiles need the most room and are the first to be left out.
    """
    if not asked.given:
        return asked
    store = PanelStore(rows)
    packed: list[list[Any] | None] = [None] * len(rows.sets)
    bare: set[int] = set()
    plain: set[int] = set()
    order = _by_importance(rows)
    for rank, i in enumerate(order):
        small = [panel for panel in asked.given[i] if not isinstance(panel, _FIGURES)]
        if store.size < room / 2 or store.size + _typical(store, rank) * (len(order) - rank) < room:
            packed[i] = [store.pack(panel) for panel in asked.given[i]]
        elif store.size < room:
            packed[i] = [store.pack(panel) for panel in small]
            if len(small) < len(asked.given[i]):
                plain.add(i)
        elif asked.given[i]:
            bare.add(i)
    note = _left_out(len(order), len(plain), len(bare))
    return replace(asked, pool=store.pool, shapes=store.shapes, of=packed, note=note, aside=frozenset(plain | bare))


def _typical(store: PanelStore, packed: int) -> float:
    """Return how many bytes the panels of one set have taken so far, with a reserve."""
    return 1.1 * store.size / max(1, packed)


def _by_importance(rows: Rows) -> list[int]:
    def rank(i: int) -> tuple[bool, bool, float]:
        return (i != rows.opening, not rows.sets[i].kind.is_minimum, float(rows.sets[i].value))

    return sorted(range(len(rows.sets)), key=rank)


def _left_out(sets: int, plain: int, bare: int) -> str:
    if not plain and not bare:
        return ""
    parts = [f"maps and profiles are drawn for {counted(sets - plain - bare)} of the {counted(sets)} sets here"]
    if bare:
        parts.append(f"spectra and steps for {counted(sets - bare)}")
    return (
        f"To stay one small file, {', '.join(parts)}: minima and the lowest values first. The numbers of the others are in "
        "the table."
    )


def _best(panels: Iterable[Panel], rows: Rows) -> tuple[str, int | None, str, float] | None:
    """Return words, row, label and decrease of the step that lowers the loss most."""
    moves = [move for panel in panels if isinstance(panel, MovesPanel) for move in panel.moves]
    if not moves:
        return None
    best = max(moves, key=lambda move: move.decrease)
    return best.words, rows.number_of.get(best.key), best.label, best.decrease


def _plain(owner: type[Any], name: str, value: Any, rows: Rows) -> Any:
    """Return a field as plain JSON, numbers that are read as text already written out."""
    if owner is MovesPanel and name == "moves":
        return [[_move(move, rows) for move in value[:_MOVES_KEPT]], max(0, len(value) - _MOVES_KEPT)]
    if owner is PlanePanel and name == "marks":
        return [_mark(mark, rows) for mark in value]
    if owner is SpectrumPanel and name == "costs":
        return [number(cost) for cost in value] if len(value) <= NAMED_BARS else []
    if name in ("caption", "sentences"):
        return typeset(value) if isinstance(value, str) else [typeset(text) for text in value]
    return _trimmed(msgspec.to_builtins(value))


def _move(move: Move, rows: Rows) -> list[Any]:
    """Return words, formula, change, label and row; a label that its row states is left out."""
    row, label = _known(move.key, move.label, rows)
    return [move.words, move.formula, number(-abs(move.decrease)), label, row]


def _mark(mark: PlaneMark, rows: Rows) -> list[Any]:
    """Return place, kind, whether it is the chosen set, row, and what the row does not state: label and value."""
    row, label = _known(mark.key, mark.label, rows)
    x, y = _trimmed(mark.x), _trimmed(mark.y)
    if row is not None and label is None and same(float(rows.sets[row].value), mark.value, mark.value):
        return [x, y, mark.kind.code, int(mark.here), row]
    return [x, y, mark.kind.code, int(mark.here), row, mark.label, _trimmed(mark.value)]


def _known(key: bytes, label: str, rows: Rows) -> tuple[int | None, str | None]:
    row = rows.number_of.get(key)
    return row, label if row is None or rows.sets[row].label != label else None


def _trimmed(value: Any) -> Any:
    """Round numbers to the digits that a drawing can use; JSON has no word for what is not finite."""
    if isinstance(value, float):
        if not isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 10**_DIGITS else float(f"{value:.{_DIGITS}g}")
    if isinstance(value, (list, tuple)):
        return [_trimmed(item) for item in value]
    if isinstance(value, dict):
        return {name: _trimmed(item) for name, item in value.items()}
    return value
