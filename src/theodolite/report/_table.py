"""The table of all sets, in plain HTML that reads without script."""

from __future__ import annotations

from html import escape
from unicodedata import bidirectional

from theodolite._panels import Description
from theodolite.report._encode import Panels, strata_text
from theodolite.report._numbers import number
from theodolite.report._palette import glyph
from theodolite.report._rows import Rows, span_text

__all__ = ["kind_symbols", "table"]


def kind_symbols(rows: Rows) -> str:
    """Return the shape of every kind once, for the rows to point at."""
    return "".join(
        f'<symbol id="k{kind.code}" viewBox="0 0 14 14">{_inner(glyph(kind))}</symbol>' for kind in rows.counts
    )


def _inner(svg: str) -> str:
    return svg[svg.index(">") + 1 : svg.rindex("</svg>")]


def table(description: Description, rows: Rows, panels: Panels) -> str:
    """Return the table: one row per set, every number that the figures show."""
    steps, strata = any(panels.best), [strata_text(given) for given in panels.given]
    columns = [
        ("name", "l", description.noun[:1].upper() + description.noun[1:]),
        ("kind", "l", "Kind"),
        ("value", "", description.loss_name[:1].upper() + description.loss_name[1:]),
        ("index", "", "Index"),
        ("nullity", "", "Nullity"),
        ("dimension", "", "Dimension"),
    ]
    if steps:
        columns += [("way", "l w", "Best step out"), ("gain", "", "Change")]
    if any(strata):
        columns.append(("strata", "l", "Strata"))
    heads = "".join(
        f'<th scope="col" class="{look}"{_sorted(name)} data-name="{escape(text)}">'
        f'<button type="button" data-sort="{name}">{escape(text)}</button></th>'
        for name, look, text in columns
    )
    body = "\n".join(
        _row(i, rows, panels if steps else None, (strata[i] or "?") if any(strata) else None)
        for i in range(len(rows.sets))
    )
    return f'<table class="all" id="table"><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>'


def _sorted(name: str) -> str:
    return ' aria-sort="ascending"' if name == "value" else ' aria-sort="none"'


def _row(i: int, rows: Rows, panels: Panels | None, strata: str | None) -> str:
    # End tags of cells and quotes around plain attributes are optional in HTML; without them 2,000 rows are far smaller.
    item = rows.sets[i]
    cells = [
        f"<td><a href=#set-{i + 1}>{escape(item.label)}</a>",
        f"<td><svg class=g><use href=#k{item.kind.code} /></svg>{item.kind}",
        f"<td>{rows.shown[i]}",
        f"<td>{span_text(item.index, item.index_range, item.ranges_exact)}",
        f"<td>{span_text(item.nullity, item.nullity_range, item.ranges_exact)}",
        f"<td>{'?' if item.dimension is None else item.dimension}",
    ]
    if panels is not None:
        best = panels.best[i]
        if best is None:
            cells.append("<td>none<td>none")
        else:
            words, _, label, decrease = best
            cells.append(f"<td>{escape(words)} → {_apart(label)}<td>{number(-abs(decrease))}")
    if strata is not None:
        cells.append(f"<td>{strata}")
    return f"<tr>{''.join(cells)}"


def _apart(label: str) -> str:
    """Return a label that cannot turn the text around it, should it be written from right to left."""
    turned = any(bidirectional(letter) in ("R", "AL", "AN") for letter in label)
    return f"<bdi>{escape(label)}</bdi>" if turned else escape(label)
