"""The page of one or several ensembles: strips, functions, certificates and the table, in one file without a script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from itertools import pairwise
from os import PathLike
from pathlib import Path
from string import Template

from theodolite._atlas import Atlas
from theodolite._atomic import write_whole
from theodolite._certificate import Certificate
from theodolite._ensemble import Ensemble
from theodolite._errors import DataError
from theodolite._kind import Kind
from theodolite.report._logo import logo
from theodolite.report._numbers import counted, numbers, typeset
from theodolite.report._palette import glyph
from theodolite.report._strip_drawing import draw_axis, draw_functions, draw_strip
from theodolite.report._strips import Strip, Strips, percent, strips_of

__all__ = ["write_ensembles"]

_TALL = 40


def write_ensembles(
    ensembles: Sequence[Ensemble],
    path: str | PathLike[str] | None = None,
    atlases: Sequence[Atlas | None] | None = None,
    certificates: Sequence[Certificate | None] | None = None,
) -> str:
    """Return the page of ``ensembles`` as HTML, and write it to ``path``, whole or not at all."""
    page = _page(strips_of(ensembles, atlases, certificates))
    if path is not None:
        try:
            write_whole(Path(path), lambda file: file.write(page.encode()))
        except OSError as error:
            raise DataError(
                f"The page cannot be written to {path}", cause=error.strerror or str(error), fix="Choose another place"
            ) from None
    return page


def _page(strips: Strips) -> str:
    describe = strips.all[0].ensemble.landscape.description()
    rows = sum(len(strip.levels) for strip in strips.all)
    return Template(_asset("ensembles.html")).substitute(
        title=escape(_title(strips)),
        style=_asset("page.css") + _asset("ensembles.css"),
        logo=logo(),
        about=escape(
            " · ".join(part for part in (", ".join(strip.name for strip in strips.all), describe.data) if part)
        ),
        headline=escape(_headline(strips)),
        verdict=_verdict(strips),
        notes=escape(_notes(strips)),
        title_of_strips="Where trainings ended, and every level they could have"
        if all(strip.complete for strip in strips.all)
        else "Where trainings ended",
        caption=escape(_caption(strips)),
        count=len(strips.all),
        axis=draw_axis(strips.axis),
        strips="".join(_strip(strips, strip) for strip in strips.all),
        key=_key(strips),
        functions=_functions(strips),
        certificates=_certificates(strips),
        table_title=escape(_table_title(strips)),
        wrap="wrap long" if rows > _TALL else "wrap",
        table=_table(strips),
        facts=_facts(strips),
    )


def _asset(name: str) -> str:
    return (files("theodolite.report") / "assets" / name).read_text(encoding="utf-8")


def _title(strips: Strips) -> str:
    return f"where trainings of {', '.join(strip.name for strip in strips.all)} end"


def _headline(strips: Strips) -> str:
    """Return the finding: that traps become rarer from one network to the next, only where they do."""
    shares = [strip.runs(Kind.GLOBAL_MINIMUM) / len(strip.ensemble) for strip in strips.all]
    known = all(strip.lowest_is_global for strip in strips.all)
    if len(strips.all) > 1:
        grows = known and all(a < b for a, b in pairwise(shares))
        total = counted(sum(len(strip.ensemble) for strip in strips.all))
        listed = ", against the complete list" if all(strip.complete for strip in strips.all) else ""
        return "More neurons, fewer traps." if grows and _wider(strips) else f"Where {total} trainings end{listed}."
    (strip,) = strips.all
    if known:
        return f"{percent(shares[0])} of {counted(len(strip.ensemble))} trainings end at a global minimum."
    return f"Where {counted(len(strip.ensemble))} trainings end."


def _wider(strips: Strips) -> bool:
    sizes = [strip.ensemble.landscape.parameter_count for strip in strips.all]
    return sizes == sorted(sizes)


def _verdict(strips: Strips) -> str:
    told = [f"<b>{escape(strip.name)}</b>: {escape(', '.join(strip.in_words()))}." for strip in strips.all]
    return " ".join(told)


def _notes(strips: Strips) -> str:
    complete = all(strip.complete for strip in strips.all)
    listed = (
        "The levels are those of all minima, listed and proven without any training: that no run reached one is a result. "
        if complete
        else "The levels are those that runs led to; there may be others. "
    )
    return (
        f"{listed}A run has arrived if its loss is at most {_closeness(strips)} above that of the minimum that it leads to. "
        "A trap is a spurious minimum: a local one that is not the lowest."
    )


def _closeness(strips: Strips) -> str:
    """Return what counts as close, of all ensembles."""
    return " or ".join(dict.fromkeys(typeset(f"{strip.ensemble.near.close:.3g}") for strip in strips.all))


def _caption(strips: Strips) -> str:
    return (
        f"{strips.axis.caption} In each strip, grey on the left: the losses at which runs stopped, the wider the more. Marks: "
        "levels of minima. Bars: the share of runs that arrived there."
        + (" A small mark without a bar is a level that no run reached." if _unreached(strips) else "")
    )


def _unreached(strips: Strips) -> bool:
    return any(level.runs == 0 for strip in strips.all for level in strip.levels)


def _strip(strips: Strips, strip: Strip) -> str:
    first, *rest = strip.in_words()
    return (
        f'<div class="strip"><h3>{escape(strip.name)}</h3>'
        f"<p><b>{escape(first)}</b>{''.join(', ' + escape(part) for part in rest)}</p>"
        f"{draw_strip(strips, strip)}</div>"
    )


def _key(strips: Strips) -> str:
    out = []
    for kind in Kind:
        levels = [level for strip in strips.all for level in strip.levels if level.kind is kind]
        if levels or kind is Kind.SPURIOUS_MINIMUM:
            empty = sum(level.runs == 0 for level in levels)
            none = f", {counted(empty)} of them without a run" if empty else ""
            out.append(
                f"<li>{glyph(kind)}{kind} ({counted(len(levels))} level{'' if len(levels) == 1 else 's'}{none})</li>"
            )
    return "".join(out)


def _functions(strips: Strips) -> str:
    panels = [(strip, strip.functions()) for strip in strips.all]
    drawn = [
        f'<div class="c6"><h3>{escape(strip.name)}</h3>{draw_functions(panel)}</div>'
        for strip, panel in panels
        if panel is not None
    ]
    if not drawn:
        return ""
    cap = "Dots are the samples. Solid is the lowest minimum, dashed the trap that caught most runs."
    grid = f'<div class="grid">{"".join(drawn)}</div>'
    return f'<section><h2>The best function and the worst trap</h2><p class="cap wide">{cap}</p>{grid}</section>'


def _certificates(strips: Strips) -> str:
    proofs = [(strip.name, strip.certificate) for strip in strips.all if strip.certificate is not None]
    if not proofs:
        return ""
    told = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape('; '.join(f'{word} {text}' for word, text in proof.facts()))}</dd>"
        for name, proof in proofs
    )
    cap = (
        "Each is checked in rational arithmetic by a program that shares nothing with what made it: "
        "<code>theodolite verify CERTIFICATE DATA</code>."
    )
    return f'<section><h2>Certificates</h2><p class="cap wide">{cap}</p><dl class="kv">{told}</dl></section>'


def _table_title(strips: Strips) -> str:
    rows = sum(len(strip.levels) for strip in strips.all)
    every = "Every level" if all(strip.complete for strip in strips.all) else "Levels"
    return f"{every}, {counted(rows)} in all"


def _table(strips: Strips) -> str:
    head = "".join(
        f"<th{' class=l' if k < 2 else ''}>{name}</th>"
        for k, name in enumerate(("network", "kind", "loss", "runs", "share", "95 % interval"))
    )
    body = []
    for strip in strips.all:
        shown = numbers([level.value for level in strip.levels])
        for k, (level, value) in enumerate(zip(strip.levels, shown, strict=True)):
            classes = " ".join(name for name, is_so in (("none", not level.runs), ("first", k == 0)) if is_so)
            body.append(
                f'<tr class="{classes}"><td>{escape(strip.name)}</td><td>{glyph(level.kind)} {level.kind}</td>'
                f"<td>{value}</td><td>{counted(level.runs)}</td><td>{percent(level.share)}</td>"
                f"<td>{percent(level.low)} to {percent(level.high)}</td></tr>"
            )
    return f'<table class="all levels"><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table>'


def _facts(strips: Strips) -> str:
    facts = []
    for strip in strips.all:
        one = strip.ensemble
        early = "" if one.steps == one.asked else f" of {counted(one.asked)} asked for"
        counts = ", ".join(f"{counted(count)} {name}" for name, count in one.counts.items() if count)
        steps = f"{counted(one.steps)}{early} steps of {typeset(f'{one.rate:.3g}')}, momentum {one.momentum:g}"
        known = f"fingerprint of data and options {one.landscape.fingerprint}"
        facts.append((strip.name, f"{counted(len(one))} runs; {steps}; {counts}; {known}"))
    return "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
