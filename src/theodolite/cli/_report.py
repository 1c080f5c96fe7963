"""An atlas on the screen: a headline in words, the table of critical sets, and how it is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import floor, log10
from typing import TYPE_CHECKING

from theodolite._kind import Kind
from theodolite._panels import MovesPanel
from theodolite.cli._terminal import clean, print_facts, print_lines

if TYPE_CHECKING:
    from rich.console import Console

    from theodolite._atlas import Atlas
    from theodolite._critical import CriticalSet

__all__ = ["best_step", "headline", "print_atlas", "print_verdict"]

_MARKS = {
    Kind.GLOBAL_MINIMUM: ("●", "blue"),
    Kind.SPURIOUS_MINIMUM: ("▼", "red"),
    Kind.LOCAL_MINIMUM: ("○", "blue"),
    Kind.STRICT_SADDLE: ("◆", "yellow"),
    Kind.NON_STRICT_SADDLE: ("◈", "yellow"),
    Kind.SADDLE: ("◇", "yellow"),
}
_OTHER = ("□", "white")
_PLURALS = {
    Kind.GLOBAL_MINIMUM: "global minima",
    Kind.SPURIOUS_MINIMUM: "spurious minima",
    Kind.LOCAL_MINIMUM: "local minima",
    Kind.STRICT_SADDLE: "strict saddles",
    Kind.NON_STRICT_SADDLE: "non-strict saddles",
    Kind.SADDLE: "saddles",
}
_STOPS = {
    None: "",
    "limit": " (the limit asked for)",
    "budget": " (then the time was up)",
    "interrupted": " (then it was interrupted)",
}
_NARROW = (("best step", 96), ("dimension", 70), ("nullity", 62), ("row", 54))
"""Below so many columns of terminal these columns of the table are left out, and named."""


def headline(atlas: Atlas) -> tuple[str, str]:
    """Return in words what was found and of which kinds; that there is no spurious minimum is said, because it is a result."""
    about = atlas.description
    if atlas.complete:
        found = f"all {about.listed}, in {len(atlas):,} {about.noun if len(atlas) == 1 else about.nouns}"
    else:
        total = "" if atlas.total is None else f" of {_many(atlas.total)}"
        lowest = "the lowest " if atlas.ordered else ""
        found = f"{lowest}{len(atlas):,}{total} {about.nouns}{_STOPS[atlas.stopped]}; not complete"
    counts = {kind: int((atlas.table.kind == kind.code).sum()) for kind in Kind}
    parts = [
        f"{count:,} {about.noun if count == 1 else about.nouns} of {_PLURALS.get(kind, str(kind))}"
        for kind, count in counts.items()
        if count
    ]
    if atlas.complete and not counts[Kind.SPURIOUS_MINIMUM] and not counts[Kind.LOCAL_MINIMUM]:
        parts.append("no spurious minima")
    return f"{about.title}: {found}.", ", ".join(parts) + "." if parts else "Nothing was found."


def _many(number: int) -> str:
    if number < 10**12:
        return f"{number:,}"
    exponent = floor(log10(number))
    return f"about {number // 10 ** (exponent - 1) / 10}e{exponent}"


def print_atlas(
    console: Console, atlas: Atlas, *, top: int, facts: Iterable[tuple[str, str]] = (), written: Sequence[str] = ()
) -> None:
    """Print headline, the ``top`` lowest rows, ``facts``, evidence, and which files were written."""
    from rich.text import Text

    found, kinds = headline(atlas)
    console.print(Text(clean(found), style="bold"))
    console.print(Text(clean(kinds)))
    console.print()
    shown = min(top, len(atlas))
    notes = []
    if shown:
        left_out = _print_table(console, atlas, shown)
        if left_out:
            notes.append(("columns", f"no room for {', '.join(left_out)}; widen the terminal"))
        console.print()
    if shown < len(atlas):
        notes.insert(0, ("rows", f"{len(atlas) - shown:,} not shown: --top N prints more, --out FILE.csv writes all"))
    saved = [("saved", path) for path in written if path != "-"]
    print_facts(console, [*notes, *facts, ("known by", str(atlas.evidence)), *saved])


def print_verdict(console: Console, kind: Kind) -> None:
    """Print what a point is, and what that means, as a headline."""
    from rich.text import Text

    mark, color = _MARKS.get(kind, _OTHER)
    shape = ((mark, color), " ") if console.is_terminal else ()
    name = str(kind)
    console.print(Text.assemble(*shape, (f"{name[0].upper()}{name[1:]}: {kind.meaning}.", "bold")))
    console.print()


def _print_table(console: Console, atlas: Atlas, shown: int) -> list[str]:
    """Print the first rows and return which columns had no room."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    items = [atlas[i] for i in range(shown)]
    steps = [best_step(item) for item in items]
    cells = {
        "row": [str(i) for i in range(shown)],
        "set": [item.label for item in items],
        "kind": [str(item.kind) for item in items],
        atlas.description.loss_name: _aligned([float(item.value) for item in items]),
        "index": [_spanned(item.index, item.index_range) for item in items],
        "nullity": [_spanned(item.nullity, item.nullity_range) for item in items],
        "dimension": ["?" if item.dimension is None else str(item.dimension) for item in items],
    }
    if any(steps):
        cells["best step"] = steps
    left_out = [name for name, width in _NARROW if name in cells and console.is_terminal and console.width < width]
    roomy = console.is_terminal and "row" not in left_out
    table = Table(
        box=box.SIMPLE_HEAD if roomy else None,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1 if console.is_terminal else 2, 0, 0),
    )
    for name in cells:
        if name not in left_out:
            left = name in ("set", "kind", "best step")
            table.add_column(name, justify="left" if left else "right", no_wrap=name != "set", overflow="fold")
    for row, item in enumerate(items):
        mark, color = _MARKS.get(item.kind, _OTHER)
        kind = Text.assemble((mark, color), " ", str(item.kind)) if roomy else str(item.kind)
        table.add_row(
            *(kind if name == "kind" else Text(clean(cells[name][row])) for name in cells if name not in left_out)
        )
    print_lines(console, table)
    return left_out


def best_step(item: CriticalSet) -> str:
    """Return the step that lowers the loss most, where the landscape offers one."""
    if item.kind.is_minimum or item.landscape is None:
        return ""
    for panel in item.panels():
        if isinstance(panel, MovesPanel) and panel.moves:
            best = max(panel.moves, key=lambda move: move.decrease)
            return f"to {best.label}: -{best.decrease:.5g}"
    return ""


def _spanned(number: int | None, span: tuple[int, int] | None) -> str:
    text = "?" if number is None else str(number)
    return text if span is None or span == (number, number) else f"{text} ({span[0]} to {span[1]})"


def _aligned(values: Sequence[float]) -> list[str]:
    """Return numbers with one number of decimals, or in scientific notation where they span too much."""
    sizes = [abs(value) for value in values if value]
    if not sizes:
        return ["0"] * len(values)
    if max(sizes) >= 1e8 or max(sizes) < 1e-4:
        return [f"{value:.6e}" for value in values]
    decimals = min(10, max(2, 7 - floor(log10(max(sizes)))))
    return [f"{value:.{decimals}f}" for value in values]
