"""Everything that the script of a page draws, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from theodolite._kind import Kind
from theodolite.report._encode import Panels
from theodolite.report._ladder import ladder_data
from theodolite.report._palette import variable
from theodolite.report._rows import AtlasLike, Rows, exact_text
from theodolite.report._words import evidence_lines, ladder_in_words

__all__ = ["page_data", "panel_data"]


def page_data(atlas: AtlasLike, rows: Rows, panels: Panels) -> dict[str, Any]:
    """Return what the page's script draws, as plain JSON; labels and shown values it takes from the table."""
    sets = rows.sets
    known = {evidence: i for i, evidence in enumerate(dict.fromkeys(item.evidence for item in sets))}
    told = [evidence_lines(evidence) for evidence in known]
    # Where every set has margins of its own, most lines are still the same.
    lines = {line: i for i, line in enumerate(dict.fromkeys(line for each in told for line in each))}
    ladder = ladder_data(rows)
    return {
        "title": atlas.description.title,
        "description": {
            "network": atlas.description.network,
            "data": atlas.description.data,
            "loss": atlas.description.loss_name,
            "noun": atlas.description.noun,
            "parameters": atlas.description.parameter_count,
        },
        "complete": atlas.complete,
        "total": rows.total,
        "fingerprint": atlas.fingerprint,
        "command": atlas.command,
        "versions": dict(atlas.versions),
        "kinds": [
            [kind.name, str(kind), kind.meaning, variable(kind)] for kind in sorted(Kind, key=lambda kind: kind.code)
        ],
        "sets": {
            "kind": [item.kind.code for item in sets],
            "value": [float(item.value) if isfinite(item.value) else None for item in sets],
            "exact": {i: exact_text(item) for i, item in enumerate(sets) if not isinstance(item.value, float)},
            "index": [item.index for item in sets],
            "nullity": [item.nullity for item in sets],
            "dimension": [item.dimension for item in sets],
            "evidence": [known[item.evidence] for item in sets],
            "step": [None if best is None else best[1] for best in panels.best],
            "gain": [None if best is None else float(f"{best[3]:.12g}") for best in panels.best],
        },
        "spans": {
            "index": _spans([(item.index, item.index_range, item.ranges_exact) for item in sets]),
            "nullity": _spans([(item.nullity, item.nullity_range, item.ranges_exact) for item in sets]),
        },
        "lines": list(lines),
        "evidence": [[lines[line] for line in each] for each in told],
        "ladder": {
            **ladder,
            "kinks": [int(kink) for kink in rows.kinks] if any(rows.kinks) else None,
            "words": ladder_in_words(atlas.description, rows, atlas.complete),
        },
        "opening": rows.opening,
    }


def panel_data(panels: Panels) -> dict[str, Any]:
    """Return the packed panels, and which are left out."""
    return {
        "panels": panels.of,
        "pool": panels.pool,
        "shapes": panels.shapes,
        "without": panels.note,
        "aside": sorted(panels.aside),
    }


def _spans(columns: Sequence[tuple[int | None, tuple[int, int] | None, bool]]) -> dict[int, str]:
    """Return, for the rows where a count varies over the strata, between which numbers it does."""
    return {
        i: f"{'' if exact else 'within '}{span[0]} to {span[1]} over its strata"
        for i, (number, span, exact) in enumerate(columns)
        if span is not None and span != (number, number)
    }
