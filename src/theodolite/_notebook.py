"""How objects look: aligned lines in a terminal, a small table in the reader's own colours in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["facts_html", "facts_text"]


def facts_html(facts: Iterable[tuple[str, str]]) -> str:
    """Return ``facts`` as an HTML table of two columns, every text escaped."""
    cell = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"
    rows = "".join(
        f'<tr><th style="{cell};font-weight:600;white-space:nowrap">{escape(name)}</th>'
        f'<td style="{cell};white-space:pre-line">{escape(text)}</td></tr>'
        for name, text in facts
    )
    return f'<table style="border-collapse:collapse;color:inherit;font-variant-numeric:tabular-nums">{rows}</table>'


def facts_text(facts: Iterable[tuple[str, str]]) -> str:
    """Return ``facts`` as lines: names in one column, texts in the next, those of several lines indented.

    >>> print(facts_text([("loss", "0.5"), ("known by", "theorem\\n  scope: all")]))
    loss      0.5
    known by  theorem
                scope: all
    """
    known = list(facts)
    width = max((len(name) for name, _ in known), default=0) + 2
    return "\n".join(name.ljust(width) + text.replace("\n", "\n" + " " * width) for name, text in known)
