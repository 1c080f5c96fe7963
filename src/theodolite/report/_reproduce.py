"""How to make a page again: command, versions, data, what was decided, and whose theorems it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from msgspec.structs import replace

from theodolite._evidence import Evidence
from theodolite._references import Reference
from theodolite.report._numbers import typeset
from theodolite.report._rows import AtlasLike, Rows
from theodolite.report._words import evidence_lines

__all__ = ["reproduce"]


def reproduce(atlas: AtlasLike, rows: Rows) -> str:
    """Return the last section of the page as HTML, every text escaped."""
    command = f"<pre>{escape(atlas.command)}</pre>" if atlas.command else ""
    facts: list[tuple[str, str]] = []
    if atlas.versions:
        facts.append(("Versions", escape(" · ".join(f"{name} {version}" for name, version in atlas.versions.items()))))
    facts.append(("Data", escape(atlas.description.data)))
    if atlas.fingerprint:
        facts.append(("Fingerprint", f"<code>{escape(atlas.fingerprint)}</code> (SHA-256 of data and options)"))
    facts += [(escape(name), escape(typeset(text))) for name, text in atlas.description.facts]
    if atlas.evidence is not None:
        stated = {text for _, text in atlas.description.facts}
        rest = [one for one in atlas.evidence.assumptions if str(one) not in stated]
        lines = evidence_lines(replace(atlas.evidence, assumptions=tuple(rest), references=()))
        facts += [(word.capitalize(), escape(text)) for word, text in lines]
    papers = _papers([atlas.evidence, *dict.fromkeys(item.evidence for item in rows.sets)])
    if papers:
        facts.append(("References", "<br>".join(papers)))
    groups: dict[str, list[str]] = {}
    for name, text in facts:
        groups.setdefault(name, []).append(text)
    return (
        command
        + '<dl class="kv">'
        + "".join(f"<dt>{n}</dt><dd>{'<br>'.join(t)}</dd>" for n, t in groups.items())
        + '<dt class="noprint">Numbers</dt><dd class="noprint">All digits are embedded in this page. '
        '<button type="button" class="lnk script" id="save">Save as JSON</button></dd></dl>'
    )


def _papers(evidence: Sequence[Evidence | None]) -> list[str]:
    seen: dict[Reference, None] = {}
    for one in evidence:
        seen.update(dict.fromkeys(one.references if one is not None else ()))
    return [f"{escape(str(paper))}. <i>{escape(paper.title)}</i>" for paper in seen]
