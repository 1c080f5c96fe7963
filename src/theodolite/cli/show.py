"""``theodolite show``: look at a saved atlas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from theodolite.cli._options import Debug, Quiet, Top
from theodolite.cli._outputs import outputs
from theodolite.cli._terminal import errors_reported, print_facts, screen

if TYPE_CHECKING:
    from theodolite._atlas import Atlas

__all__ = ["EPILOG", "show"]

EPILOG = """\b
Examples:
  theodolite survey iris --network linear:4-2-4 --json iris.json
  theodolite show iris.json
  theodolite show iris.json --row 3
  theodolite show iris.json --row "{1, 3}"
  theodolite show iris.json --html iris.html --out iris.csv"""


def show(
    atlas: Annotated[str, typer.Argument(metavar="ATLAS", help="An atlas saved by survey: .json, .npz or .parquet.")],
    row: Annotated[
        list[str] | None, typer.Option(metavar="ROW", help="Show all about one set: its row number or its label.")
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Save the page: one file, no request.", rich_help_panel="Output")
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Save by suffix: .json .npz .parquet .html .csv.", rich_help_panel="Output"),
    ] = None,
    top: Top = 20,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Show a saved atlas in the terminal, or make its page."""
    with errors_reported(debug):
        files = outputs(json=None, html=html, out=out or ())
        from theodolite import load_atlas
        from theodolite.cli._report import print_atlas

        found = load_atlas(atlas)
        rows = [_find(found, wanted, atlas) for wanted in row or ()]
        written = [file.write(found) for file in files]
        if quiet:
            return
        console = screen()
        for place, number in enumerate(rows):
            if place:
                console.print()
            print_facts(console, [("row", str(number)), *found[number].facts()])
        if not rows:
            extra = [("data", found.description.data), ("network", found.specification), ("made by", found.command)]
            print_atlas(console, found, top=top, facts=extra, written=written)


def _find(atlas: Atlas, wanted: str, path: str) -> int:
    """Return the position of the set with this number or label."""
    from theodolite import DataError

    if wanted.strip().isdecimal() and int(wanted) < len(atlas):
        return int(wanted)
    plain = "".join(wanted.split())
    for number in range(len(atlas)):
        if "".join(atlas.label(number).split()) == plain:
            return number
    raise DataError(
        f"{path} has no row {wanted!r}",
        cause=f"its rows are 0 to {len(atlas) - 1}, its labels such as {atlas.label(0)}"
        if len(atlas)
        else "it is empty",
        fix="Give a row number or a label",
    )
