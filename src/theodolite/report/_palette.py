"""Kinds as colours and shapes: hue is the verdict, shape the species, an open mark says that something is not known."""

from __future__ import annotations

from enum import IntEnum

from theodolite._kind import Kind

__all__ = ["COLOURS", "INK", "ISO", "PAPER", "SHAPES", "TINTS", "Kink", "glyph", "variable"]

PAPER, INK, SECOND_INK, RULE, HAIRLINE, ISO = "#FCFCFA", "#1B1E21", "#555B62", "#CFD2CC", "#E6E8E2", "#8B938C"
TINTS = ("#CFDCD8", "#D8E2DD", "#E0E8E2", "#E8EDE7", "#EEF1EB", "#F3F4EF", "#F8F8F4")

_MINIMUM, _TRAP, _SADDLE, _OPEN = "#0A5AA8", "#8C0F2F", "#B06A00", "#6B7178"

COLOURS = {
    Kind.GLOBAL_MINIMUM: _MINIMUM,
    Kind.LOCAL_MINIMUM: _MINIMUM,
    Kind.SPURIOUS_MINIMUM: _TRAP,
    Kind.STRICT_SADDLE: _SADDLE,
    Kind.NON_STRICT_SADDLE: _SADDLE,
    Kind.SADDLE: _SADDLE,
    Kind.NOT_CRITICAL: _OPEN,
    Kind.UNDECIDED: _OPEN,
}


class Kink(IntEnum):
    """How much of a set lies where some neuron is on the kink of a sample: a bar under its mark says so."""

    NONE = 0
    SOME = 1
    ALL = 2


_ANYWHERE = {_MINIMUM: "#2F7FD0", _TRAP: "#C8345A", _SADDLE: "#B8791A", _OPEN: "#7C838A"}
"""The same hues where the background may be light or dark: at least 3 : 1 against both."""

_VARIABLES = {_MINIMUM: "--min", _TRAP: "--spur", _SADDLE: "--saddle", _OPEN: "--und"}

SHAPES = {
    Kind.GLOBAL_MINIMUM: "disc",
    Kind.LOCAL_MINIMUM: "ring",
    Kind.SPURIOUS_MINIMUM: "trap",
    Kind.STRICT_SADDLE: "diamond",
    Kind.NON_STRICT_SADDLE: "half",
    Kind.SADDLE: "open",
    Kind.NOT_CRITICAL: "square",
    Kind.UNDECIDED: "square",
}

_DIAMOND = "M7 .9L13.1 7L7 13.1L.9 7Z"
_DRAWINGS = {
    "disc": '<circle cx="7" cy="7" r="5" fill="{c}"/>',
    "ring": '<circle cx="7" cy="7" r="4.4" fill="none" stroke="{c}" stroke-width="1.8"/>',
    "trap": '<path d="M.9 3H13.1L7 12.5Z" fill="{c}"/>',
    "diamond": f'<path d="{_DIAMOND}" fill="{{c}}"/>',
    "half": f'<path d="{_DIAMOND}" fill="none" stroke="{{c}}" stroke-width="1.4"/><path d="M7 .9V13.1L.9 7Z" fill="{{c}}"/>',
    "open": f'<path d="{_DIAMOND}" fill="none" stroke="{{c}}" stroke-width="1.5"/>',
    "square": '<path d="M2.7 2.7H11.3V11.3H2.7Z" fill="none" stroke="{c}" stroke-width="1.4" stroke-dasharray="2.5 2"/>',
}


def variable(kind: Kind) -> str:
    """Return the name of the style variable that holds the colour of ``kind``."""
    return _VARIABLES[COLOURS[kind]]


def glyph(kind: Kind, size: int = 14, *, themed: bool = True, kink: Kink = Kink.NONE) -> str:
    """Return the mark of ``kind`` as a small SVG; without a theme (in a notebook) in a colour for any background."""
    colour = f"var({variable(kind)})" if themed else _ANYWHERE[COLOURS[kind]]
    drawing = _DRAWINGS[SHAPES[kind]].format(c=colour)
    if kink:
        drawing += f'<path d="M1 15.2h{6 * kink}" stroke="{colour}" stroke-width="2" fill="none"/>'
    return (
        f'<svg width="{size}" height="{size}" viewBox="0 0 14 {16 if kink else 14}" aria-hidden="true">{drawing}</svg>'
    )
