"""``theodolite show``: look at a saved atlas."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theodolite.cli._landscape import Request
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
  theodolite show iris.json --out iris.csv
  theodolite show iris.json --reread --html iris.html"""


def show(
    atlas: Annotated[str, typer.Argument(metavar="ATLAS", help="An atlas saved by survey: .json, .npz or .parquet.")],
    row: Annotated[
        list[str] | None, typer.Option(metavar="ROW", help="Show all about one set: its row number or its label.")
    ] = None,
    reread: Annotated[
        bool,
        typer.Option(
            "--reread",
            help="Read the data again as the command that made the atlas did: then pages have their spectra and maps, and "
            "tables their best steps.",
        ),
    ] = False,
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
        if reread:
            found = load_atlas(atlas, _landscape_again(atlas, found.command))
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


def _landscape_again(path: str, command: str) -> Any:
    """Build the landscape that a recorded command surveyed."""
    from typer.main import get_command

    from theodolite import DataError
    from theodolite.cli.survey import survey

    if not command.startswith("theodolite survey "):
        raise DataError(
            f"{path} cannot be read together with its data",
            cause=f"it was not made by theodolite survey but by {command!r}",
            fix="Load it in Python with load_atlas(path, land)",
        )
    program = typer.Typer(add_completion=False)
    program.command()(survey)
    try:
        options = get_command(program).make_context("survey", shlex.split(command)[2:]).params
    except Exception as error:  # whatever a damaged command makes the parser do
        raise DataError(f"{path} has a command that is not understood: {command}", cause=str(error)) from None
    return Request.of(options).subject().landscape


def _find(atlas: Atlas, wanted: str, path: str) -> int:
    """Return the position of the set with this number or label."""
    from theodolite import DataError

    if wanted.strip().isdecimal() and int(wanted) < len(atlas):
        return int(wanted)
    plain = "".join(wanted.split())
    for number, label in enumerate(atlas.all_labels()):
        if "".join(label.split()) == plain:
            return number
    raise DataError(
        f"{path} has no row {wanted!r}",
        cause=f"its rows are 0 to {len(atlas) - 1}, its labels such as {atlas.label(0)}"
        if len(atlas)
        else "it is empty",
        fix="Give a row number or a label",
    )
