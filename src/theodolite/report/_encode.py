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
from theodolite.report._numbers import number
from theodolite.report._rows import AtlasLike, Rows

__all__ = ["PanelStore", "Panels", "ask", "pack", "script_safe"]

_MOVES_KEPT = 6
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

    def pack(self, panel: Panel, rows: Rows) -> dict[str, Any]:
        """Return ``panel`` as its tag and the places of its fields in the pool."""
        plain = {name: self.intern(value) for name, value in _plain(panel, rows).items()}
        packed = {"tag": type(panel).__struct_config__.tag, "fields": plain}
        self.size += len(script_safe(packed)) + 1
        return packed


@dataclass(frozen=True)
class Panels:
    """The panels of the rows of a page, as given and packed; ``of[i]`` is ``None`` where they are left out, ``note`` says what is missing and why."""

    given: tuple[tuple[Panel, ...], ...]
    pool: list[Any]
    of: list[list[dict[str, Any]] | None]
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
        return Panels((), [], [None] * len(rows.sets), [None] * len(rows.sets), note)
    given = tuple(tuple(atlas.landscape.panels(item)) for item in rows.sets)
    return Panels(given, [], [None] * len(rows.sets), [_best(panels, rows) for panels in given], "")


def pack(asked: Panels, rows: Rows, room: int) -> Panels:
    """Pack as many panels as fit into ``room`` bytes.

    Small panels come before maps and profiles, and the chosen set, minima and low values before the others.
    """
    if not asked.given:
        return asked
    store = PanelStore()
    packed: list[list[dict[str, Any]] | None] = [None] * len(rows.sets)
    without: set[int] = set()
    order = _by_importance(rows)
    for large in (False, True):
        for i in order:
            panels = [panel for panel in asked.given[i] if isinstance(panel, _FIGURES) is large]
            if store.size > room and panels:
                without.add(i)
                continue
            packed[i] = [*(packed[i] or []), *(store.pack(panel, rows) for panel in panels)]
    return replace(asked, pool=store.pool, of=packed, note=_left_out(rows, without), aside=frozenset(without))


def _by_importance(rows: Rows) -> list[int]:
    def rank(i: int) -> tuple[bool, bool, float]:
        return (i != rows.opening, not rows.sets[i].kind.is_minimum, float(rows.sets[i].value))

    return sorted(range(len(rows.sets)), key=rank)


def _left_out(rows: Rows, without: set[int]) -> str:
    if not without:
        return ""
    kept = len(rows.sets) - len(without)
    return (
        f"To stay one small file, this page holds the maps and profiles of {kept} of its {len(rows.sets)} sets: minima and "
        "the lowest values first. Every number of the others is in the table."
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
    return [move.words, move.formula, number(-abs(move.decrease)), move.label, rows.number_of.get(move.key)]


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
        return float(f"{value:.{_DIGITS}g}") if isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [_trimmed(item) for item in value]
    if isinstance(value, dict):
        return {name: _trimmed(item) for name, item in value.items()}
    return value
