"""How the program speaks: tables and colours on a terminal, plain lines elsewhere, errors to standard error."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import typer

from theodolite._errors import TheodoliteError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "EXIT_CODES",
    "INCOMPLETE",
    "NOT_A_MINIMUM",
    "TYPED",
    "WRONG",
    "clean",
    "errors_reported",
    "fit_encodings",
    "print_facts",
    "print_json",
    "screen",
]

TYPED: ContextVar[str] = ContextVar("TYPED", default="")
"""The command line as typed."""

WRONG = 1
INCOMPLETE = 3
NOT_A_MINIMUM = 4

EXIT_CODES = """\
  0  done
  1  the data, the network or a file cannot be used
  2  the command was not understood
  3  stopped early, by a budget or by Ctrl-C; what was found is shown and saved
  4  classify, polish: not a proven minimum; certify: no rate is guaranteed"""

_SPELLED = {
    "∅": "{}",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "·": "*",
    "×": "x",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "σ": "sigma",
    "λ": "lambda",
    "μ": "mu",
    "²": "^2",
    "½": "1/2",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "║": "||",
}
_PIPE_WIDTH = 10_000
"""Nothing wraps in a pipe: one row stays one line."""


def fit_encodings() -> None:
    """Make output streams spell what their encoding lacks, instead of failing."""

    def spell(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        text = error.object[error.start : error.end]
        return "".join(_SPELLED.get(letter, "?") for letter in text), error.end

    codecs.register_error("theodolite", spell)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="theodolite")


def clean(text: str) -> str:
    """Return ``text`` without the control characters by which a file could command the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def screen(*, error: bool = False) -> Console:
    """Return the console for results or for errors; in a pipe it is wide and plain."""
    from rich.console import Console

    console = Console(stderr=error, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _PIPE_WIDTH
    return console


def print_facts(console: Console, facts: Iterable[tuple[str, str]]) -> None:
    """Print names and texts in two columns, long texts wrapped beneath themselves."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in facts:
        grid.add_row(clean(name), Text(clean(text)))
    print_lines(console, grid)


def print_lines(console: Console, renderable: object) -> None:
    """Print ``renderable``; in a pipe without the blanks that fill up its lines."""
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as capture:
        console.print(renderable)
    for line in capture.get().splitlines():
        console.file.write(line.rstrip() + "\n")


def print_json(text: str) -> None:
    """Write JSON to standard output in UTF-8, whatever the terminal's encoding: it is for programs."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.rstrip().encode() + b"\n")
    sys.stdout.buffer.flush()


@contextmanager
def errors_reported(debug: bool) -> Iterator[None]:
    """Turn whatever goes wrong inside into a few lines on standard error and an exit code; ``debug`` lets it through."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter):
        raise
    except KeyboardInterrupt:
        _say("interrupted", None, None)
        raise typer.Exit(INCOMPLETE) from None
    except Exception as error:
        if debug:
            raise
        _explain(error)
        raise typer.Exit(WRONG) from None


def _explain(error: Exception) -> None:
    if isinstance(error, TheodoliteError):
        _say(error.fact, error.cause, error.fix)
    elif isinstance(error, BrokenPipeError):
        sys.stderr.close()  # nobody reads on: say nothing, not even at exit
    elif isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        _say(f"{error.strerror or error}{where}", None, None)
    elif isinstance(error, MemoryError):
        _say("there is not enough memory for this", str(error) or None, "Use a smaller network or a limit")
    else:
        cause = f"{type(error).__name__}: {error}"
        _say(
            "something unexpected went wrong inside theodolite",
            cause,
            "Run it again with --debug and report what it prints",
        )


def _say(fact: str, cause: str | None, fix: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text("error:", style="bold red"), Text(clean(fact)))
    for name, text in (("why:", cause), ("fix:", fix)):
        if text:
            grid.add_row(Text(name, style="dim"), Text(clean(text)))
    print_lines(screen(error=True), grid)
