"""How objects look in a notebook: a small table in the reader's own colours."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["facts_html"]


def facts_html(facts: Iterable[tuple[str, str]]) -> str:
    """Return ``facts`` as an HTML table of two columns, every text escaped."""
    cell = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"
    rows = "".join(
        f'<tr><th style="{cell};font-weight:600">{escape(name)}</th>'
        f'<td style="{cell};white-space:pre-line">{escape(text)}</td></tr>'
        for name, text in facts
    )
    return f'<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">{rows}</table>'
