"""The data of a page as JSON: columns for the rows, and panels whose equal parts are stored once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

import msgspec

from theodolite._panels import (
    CurvePanel,
    Move,
    MovesPanel,
    Panel,
    PlaneMark,
    PlanePanel,
    ProfilePanel,
    SpectrumPanel,
)
from theodolite.report._numbers import counted, number
from theodolite.report._rows import AtlasLike, Rows

__all__ = ["PanelStore", "Panels", "ask", "pack", "script_safe"]

_MOVES_KEPT = 4
_DIGITS = 12
_FIGURES = (PlanePanel, ProfilePanel, CurvePanel)
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

    pool: list[Any] = field(default_factory=list)
    shapes: dict[str, list[str]] = field(default_factory=dict)
    size: int = 0
    _places: dict[str, int] = field(default_factory=dict)

    def intern(self, value: Any) -> int:
        """Return where in the pool ``value`` is, adding it if it is new."""
        text = script_safe(value)
        if text not in self._places:
            self._places[text] = len(self.pool)
            self.pool.append(value)
            self.size += len(text.encode()) + 1
        return self._places[text]

    def pack(self, panel: Panel, rows: Rows) -> list[Any]:
        """Return the tag of ``panel`` and the places of its fields in the pool, in the order that ``shapes`` states."""
        fields = _plain(panel, rows)
        tag = str(type(panel).__struct_config__.tag)
        self.shapes.setdefault(tag, list(fields))
        packed = [tag, *(self.intern(value) for value in fields.values())]
        self.size += len(script_safe(packed)) + 1
        return packed


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


def pack(asked: Panels, rows: Rows, room: int) -> Panels:
    """Pack as many panels as fit into ``room`` bytes.

    Half of the room goes to full sets of panels, in the order of importance: the chosen set, minima, low values. The other
    half goes to the small panels of the rest; maps and profiles need the most room and are the first to be left out.
    """
    if not asked.given:
        return asked
    store = PanelStore()
    packed: list[list[Any] | None] = [None] * len(rows.sets)
    bare: set[int] = set()
    plain: set[int] = set()
    order = _by_importance(rows)
    for rank, i in enumerate(order):
        small = [panel for panel in asked.given[i] if not isinstance(panel, _FIGURES)]
        if store.size < room / 2 or store.size + _typical(store, rank) * (len(order) - rank) < room:
            packed[i] = [store.pack(panel, rows) for panel in asked.given[i]]
        elif store.size < room:
            packed[i] = [store.pack(panel, rows) for panel in small]
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


def _plain(panel: Panel, rows: Rows) -> Mapping[str, Any]:
    """Return the fields of ``panel`` as plain JSON, numbers that are read as text already written out."""
    fields = {name: getattr(panel, name) for name in type(panel).__struct_fields__}
    if isinstance(panel, MovesPanel):
        fields["more"] = max(0, len(panel.moves) - _MOVES_KEPT)
        fields["moves"] = [_move(move, rows) for move in panel.moves[:_MOVES_KEPT]]
    elif isinstance(panel, PlanePanel):
        fields["marks"] = [_mark(mark, rows) for mark in panel.marks]
    elif isinstance(panel, SpectrumPanel):
        fields["costs"] = [number(cost) for cost in panel.costs]
    return {name: _trimmed(msgspec.to_builtins(value)) for name, value in fields.items()}


def _move(move: Move, rows: Rows) -> list[Any]:
    row = rows.number_of.get(move.key)
    label = move.label if row is None or rows.sets[row].label != move.label else None
    return [move.words, move.formula, number(-abs(move.decrease)), label, row]


def _mark(mark: PlaneMark, rows: Rows) -> dict[str, Any]:
    return {
        "x": mark.x,
        "y": mark.y,
        "kind": mark.kind.name,
        "label": mark.label,
        "value": mark.value,
        "shown": number(mark.value),
        "row": rows.number_of.get(mark.key),
        "here": mark.here,
    }


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
