"""The program ``theodolite``: its commands, its version, and the words that start it."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from theodolite._version import __version__
from theodolite.cli._terminal import EXIT_CODES, TYPED, fit_encodings
from theodolite.cli.cells import cells
from theodolite.cli.certify import certify
from theodolite.cli.classify import classify
from theodolite.cli.ensemble import ensemble
from theodolite.cli.polish import polish
from theodolite.cli.probability import probability
from theodolite.cli.show import show
from theodolite.cli.survey import survey
from theodolite.cli.verify import verify

__all__ = ["app", "main"]

COMMANDS = (survey, show, classify, polish, certify, cells, verify, probability, ensemble)


class _Program(TyperGroup):
    """Keeps the words as typed, so that a result can say how to make it again."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        TYPED.set(shlex.join(["theodolite", *args]))
        return super().make_context(info_name, args, parent, **extra)


app = typer.Typer(
    name="theodolite",
    cls=_Program,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"\b\nExit codes:\n{EXIT_CODES}",
)
for _command in COMMANDS:
    app.command(epilog=sys.modules[_command.__module__].__dict__["EPILOG"])(_command)


def _version(wanted: bool) -> bool:
    if wanted:
        typer.echo(f"theodolite {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def theodolite(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Survey the loss landscapes of neural networks: every critical point, what it is, and how that is known."""


def main() -> None:
    """Run the program on the words of the command line."""
    fit_encodings()
    if sys.stdout.isatty():
        app.rich_markup_mode = "rich"
    app()
