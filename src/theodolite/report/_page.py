"""The self-contained page: one HTML file with its styles, script, data and table; it asks no host for anything."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from theodolite._atomic import write_whole
from theodolite._errors import DataError
from theodolite._kind import Kind
from theodolite.report._data import page_data, panel_data
from theodolite.report._encode import Panels, ask, kinks_of, pack, script_safe
from theodolite.report._formulas import formulas
from theodolite.report._ladder import MARKED_AT_MOST, across
from theodolite.report._logo import logo
from theodolite.report._numbers import counted
from theodolite.report._palette import Kink, glyph
from theodolite.report._reproduce import reproduce
from theodolite.report._rows import AtlasLike, Rows, gather
from theodolite.report._table import kind_symbols, table
from theodolite.report._words import headline, scope_sentence, verdict

__all__ = ["PAGE_LIMIT", "to_html", "write_page"]

PAGE_LIMIT = 1_000_000
"""A page stays below this many bytes, as long as the table itself does."""

_SCRIPTS = ("core", "marks", "ladder", "panel", "curves", "plane", "field", "arrangement", "surface", "table", "page")
_LEAST_ROOM = 60_000
_PER_ROW = 17
_TALL = 40


def write_page(atlas: AtlasLike, path: str | Path) -> Path:
    """Write the page of ``atlas`` to ``path``, whole or not at all, and return the path.

    Raises ``DataError`` where it cannot be written.
    """
    target = Path(path)
    page = to_html(atlas, None)
    try:
        write_whole(target, lambda file: file.write(page.encode()))
    except OSError as error:
        raise DataError(
            f"The page cannot be written to {target}", cause=error.strerror or str(error), fix="Choose another place"
        ) from None
    return target


def to_html(atlas: AtlasLike, path: str | Path | None = None) -> str:
    """Return the page of ``atlas`` as one string of HTML, and write it to ``path`` if there is one."""
    if path is not None:
        return write_page(atlas, path).read_text(encoding="utf-8")
    rows = gather(atlas)
    style = _asset("page.css")
    script = '(()=>{\n"use strict";\n' + "\n".join(_asset(f"{name}.js") for name in _SCRIPTS) + "\n})();\n"
    panels = ask(atlas, rows)
    rows = replace(rows, kinks=kinks_of(panels))
    fields = _fields(atlas, rows, panels, style, script)
    data = page_data(atlas, rows, panels)
    bare = sum(len(text.encode()) for text in (*fields.values(), script_safe(data)))
    packed = pack(panels, rows, max(_LEAST_ROOM, PAGE_LIMIT - bare - _PER_ROW * len(rows.sets)))
    return Template(_asset("page.html")).substitute(fields, data=script_safe({**data, **panel_data(packed)}))


def _asset(name: str) -> str:
    return (files("theodolite.report") / "assets" / name).read_text(encoding="utf-8")


def _fields(atlas: AtlasLike, rows: Rows, panels: Panels, style: str, script: str) -> dict[str, str]:
    """Return what fills the template, all but the data."""
    description = atlas.description
    scope, kinds = headline(description, rows, atlas.complete)
    known, meaning = verdict(description, atlas.evidence, rows, atlas.complete, atlas.ordered)
    notes = scope_sentence(description, rows, atlas.complete, atlas.ordered, getattr(atlas, "selection", None))
    size = f"{counted(description.parameter_count)} parameters"
    return {
        # The policy in the head lets this one script run and nothing else: no request, nothing smuggled in by a label.
        "allowed": b64encode(sha256(script.encode()).digest()).decode(),
        "title": escape(description.title),
        "style": style,
        "symbols": kind_symbols(rows),
        "logo": logo(),
        "about": escape(" · ".join(part for part in (description.network, description.data, size) if part)),
        "headline": f"{escape(scope)} {' '.join(f'<span>{escape(text)}</span>' for text in _listed(kinds))}",
        "known": escape(known),
        "meaning": escape(meaning),
        "notes": f'<p class="notes">{escape(notes)}</p>' if notes else "",
        "formulas": formulas(description.formulas),
        "ladder": escape(_ladder_caption(rows, description.way if any(panels.best) else "")),
        "key": _key(rows),
        "table_title": escape(_table_title(rows, description.noun, description.nouns, atlas.complete)),
        "wrap": "wrap long" if len(rows.sets) > _TALL else "wrap",
        "table": table(description, rows, panels),
        "table_note": _table_note(rows),
        "reproduce": reproduce(atlas, rows),
        "script": script,
    }


def _listed(phrases: Sequence[str]) -> list[str]:
    """Return phrases of a list with their commas and the full stop."""
    return [f"{text}{',' if i + 1 < len(phrases) else '.'}" for i, text in enumerate(phrases)]


def _ladder_caption(rows: Rows, way: str) -> str:
    steps = f" A line is the best single step out of a saddle: {way}." if way else ""
    bars = " The wider a bar, the more of them lie there." if rows.total > MARKED_AT_MOST else ""
    return f"{rows.axis.caption} {across(rows).caption}{bars}{steps}"


def _key(rows: Rows) -> str:
    kinds = "".join(
        f"<li{'' if n else ' class=absent'}>{glyph(kind)}{_key_word(kind)} ({counted(n)})</li>"
        for kind, n in rows.counts.items()
    )
    words = ((Kink.ALL, "bar: on kinks"), (Kink.SOME, "half a bar: partly on kinks"))
    bars = [f"<li>{glyph(Kind.LOCAL_MINIMUM, kink=k)}{text} ({rows.kinks.count(k)})</li>" for k, text in words]
    return kinds + ("".join(bars) if any(rows.kinks) else "")


def _key_word(kind: Kind) -> str:
    extra = {Kind.LOCAL_MINIMUM: ", global or not: unknown", Kind.SADDLE: ", strictness unknown"}
    return f"{kind}{extra.get(kind, '')}"


def _table_title(rows: Rows, noun: str, nouns: str, complete: bool) -> str:
    if len(rows.sets) < rows.total:
        return f"{counted(len(rows.sets))} of {counted(rows.total)} {nouns}"
    if rows.total == 1:
        return f"The only {noun}" if complete else f"One {noun}"
    return f"All {counted(rows.total)} {nouns}" if complete else f"{counted(rows.total)} {nouns}"


def _table_note(rows: Rows) -> str:
    notes = []
    if any(item.index_range not in (None, (item.index, item.index)) for item in rows.sets) or any(
        item.nullity_range not in (None, (item.nullity, item.nullity)) for item in rows.sets
    ):
        notes.append("Index and nullity are those of a generic member; the range over all members follows in brackets.")
    if any(None in (item.index, item.nullity, item.dimension) for item in rows.sets):
        notes.append("A question mark stands for a number that is not known.")
    return f'<p class="cap">{" ".join(notes)}</p>' if notes else ""
