"""An atlas in a notebook: its headline and first rows, in the reader's own colours."""

from __future__ import annotations

from html import escape

from theodolite._critical import CriticalSet
from theodolite.report._numbers import counted
from theodolite.report._palette import glyph
from theodolite.report._rows import AtlasLike, gather, span_text
from theodolite.report._words import headline, verdict

__all__ = ["atlas_html"]

_ROWS = 12
_CELL = "padding:2px 14px 2px 0;vertical-align:baseline"


def atlas_html(atlas: AtlasLike) -> str:
    """Return a small HTML table of ``atlas``: headline, how it is known, and its first rows; every text escaped."""
    rows = gather(atlas)
    scope, kinds = headline(atlas.description, rows, atlas.complete)
    opening, meaning = verdict(atlas.description, atlas.evidence, rows, atlas.complete, atlas.ordered)
    names = (atlas.description.noun, "kind", atlas.description.loss_name, "index", "nullity", "dimension")
    heads = "".join(_cell("th", escape(name), left=i < 2) for i, name in enumerate(names))
    lines = "".join(f"<tr>{_row(rows.sets[i], rows.shown[i])}</tr>" for i in range(min(_ROWS, len(rows.sets))))
    more = f"<p>… and {counted(rows.total - _ROWS)} more rows</p>" if rows.total > _ROWS else ""
    return (
        '<div style="font-variant-numeric:tabular-nums">'
        f'<p style="margin:0 0 2px">{escape(atlas.description.title)}</p>'
        f'<p style="margin:0 0 2px;font-size:1.2em">{escape(" ".join([scope, ", ".join(kinds)]).strip())}.</p>'
        f'<p style="margin:0 0 8px"><b>{escape(opening)}</b> {escape(meaning)}</p>'
        '<table style="border-collapse:collapse;color:inherit;font-size:inherit">'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>{more}</div>"
    )


def _row(item: CriticalSet, shown: str) -> str:
    mark = glyph(item.kind, themed=False)
    kind = f'<span style="display:inline-block;vertical-align:-2px;margin-right:5px">{mark}</span>{item.kind}'
    numbers = (
        shown,
        span_text(item.index, item.index_range, item.ranges_exact),
        span_text(item.nullity, item.nullity_range, item.ranges_exact),
        "?" if item.dimension is None else str(item.dimension),
    )
    cells = [_cell("td", escape(item.label), left=True), _cell("td", kind, left=True)]
    return "".join(cells + [_cell("td", text, left=False) for text in numbers])


def _cell(tag: str, content: str, *, left: bool) -> str:
    return f'<{tag} style="text-align:{"left" if left else "right"};{_CELL}">{content}</{tag}>'
