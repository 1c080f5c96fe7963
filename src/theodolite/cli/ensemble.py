"""``theodolite ensemble``: train many networks from random starts, and say which minima they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theodolite.cli._effort import seconds_of
from theodolite.cli._landscape import Request
from theodolite.cli._options import (
    Center,
    Columns,
    Data,
    Debug,
    Decay,
    Delimiter,
    Drop,
    Exact,
    Header,
    Network,
    OneHot,
    Quiet,
    Reduction,
    Standardize,
    Target,
    Top,
)
from theodolite.cli._outputs import check_path
from theodolite.cli._terminal import INCOMPLETE, errors_reported, print_facts, print_json, screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from theodolite import Atlas, Ensemble, EnsembleLevel

__all__ = ["EPILOG", "ensemble"]

EPILOG = """\b
Examples:
  theodolite ensemble bumps.csv --target y --network relu:1-2-1+bias --runs 1000 --momentum 0.9
  theodolite ensemble bumps.csv --target y --network relu:1-2-1+bias --runs 1000 --against --html strips.html
  theodolite ensemble iris --network linear:4-2-4 --center --runs 100 --steps 500 --json -

\b
bumps.csv has columns x and y. --against surveys the network first, so that every level is listed, also those that no run reaches.

\b
Exit codes: 0 done, 3 stopped early by --budget or Ctrl-C, 1 the data or a file cannot be used,
2 the command was not understood."""

_TRAIN = "Training"


def ensemble(
    data: Data,
    network: Network,
    runs: Annotated[
        int, typer.Option("--runs", min=1, metavar="N", help="How many networks to train.", rich_help_panel=_TRAIN)
    ] = 10_000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="SEED", help="Seed of the random starts.", rich_help_panel=_TRAIN)
    ] = 0,
    steps: Annotated[
        int, typer.Option("--steps", min=0, metavar="N", help="Steps of gradient descent.", rich_help_panel=_TRAIN)
    ] = 5000,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            metavar="NUMBER",
            help="Length of a step; by default one that suits the data.",
            rich_help_panel=_TRAIN,
        ),
    ] = None,
    momentum: Annotated[
        float, typer.Option("--momentum", metavar="NUMBER", help="From 0 to below 1.", rich_help_panel=_TRAIN)
    ] = 0.9,
    spread: Annotated[
        float,
        typer.Option(
            "--spread",
            metavar="NUMBER",
            help="Starts are this many times as large as torch.nn.Linear's.",
            rich_help_panel=_TRAIN,
        ),
    ] = 1.0,
    against: Annotated[
        bool,
        typer.Option("--against", help="Survey the network too, and list every minimum.", rich_help_panel=_TRAIN),
    ] = False,
    target: Target = None,
    inputs: Columns = None,
    drop: Drop = None,
    one_hot: OneHot = False,
    center: Center = False,
    standardize: Standardize = False,
    exact: Exact = False,
    header: Header = None,
    delimiter: Delimiter = None,
    reduction: Reduction = "half_sum",
    l2: Decay = 0.0,
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop after this time: 30s, 5m, 1h30m.", rich_help_panel=_TRAIN)
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save levels and counts as JSON; - prints them.", rich_help_panel="Output"),
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Save the page: one file, no request.", rich_help_panel="Output")
    ] = None,
    top: Top = 20,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train many networks from random starts, and say which minima they lead to."""
    options = {"interval": None, "slope": None, "intercept": None, **locals()}
    with errors_reported(debug):
        for path, suffix in ((json, ".json"), (html, ".html")):
            if path not in (None, "-"):
                check_path(path, suffix)
        request = Request.of(options)
        seconds = seconds_of(budget)
        import theodolite

        subject = request.subject()
        land, silent = subject.landscape, False if quiet else None
        atlas = theodolite.survey(land, budget=seconds, progress=silent) if against else None
        found = theodolite.train_ensemble(
            land, runs, seed, steps, rate=rate, momentum=momentum, spread=spread, budget=seconds, progress=silent
        )
        levels = found.levels()
        if atlas is not None:  # all minima, and the saddles near which runs ended
            rest = [level for level in levels if not level.kind.is_minimum]
            levels = sorted([*found.against(atlas), *rest], key=lambda level: level.value)
        if html is not None:
            found.to_html(html, atlas=atlas)
        if json == "-":
            print_json(_as_json(found, levels, atlas))
        elif json is not None:
            from theodolite._atomic import write_whole

            text = _as_json(found, levels, atlas).encode()
            write_whole(Path(json), lambda file: file.write(text + b"\n"))
        if not quiet and json != "-":
            saved = [("saved", path) for path in (html, json) if path is not None]
            print_facts(screen(), [*_facts(found, seed, subject.facts), *_listed(found, levels, atlas, top), *saved])
        if not found.complete or (atlas is not None and atlas.stopped is not None):
            raise typer.Exit(INCOMPLETE)


def _facts(found: Ensemble, seed: int, about: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """Yield what was trained and how it ended."""
    early = "" if found.steps == found.asked else f" of {found.asked:,}"
    yield "trainings", f"{len(found):,} of {found.landscape.specification} from random starts, seed {seed}"
    yield "descent", f"{found.steps:,}{early} steps of {found.rate:.3g}, momentum {found.momentum:g}"
    yield from about
    yield "ended", ", ".join(f"{count:,} {name}" for name, count in found.counts.items() if count)


def _listed(found: Ensemble, levels: list[EnsembleLevel], atlas: Atlas | None, top: int) -> Iterator[tuple[str, str]]:
    """Yield one line for every level, lowest first, and what is left out."""
    from theodolite._ensemble import level_words

    if atlas is not None:
        empty = sum(level.runs == 0 for level in levels)
        words = (
            f"all {len(levels):,} levels of minima"
            if atlas.complete
            else f"{len(levels):,} levels of minima, not complete"
        )
        yield "listed", f"{words}; no run arrived at {empty:,} of them"
    for level in levels[:top]:
        yield found.shown(level), f"{level.kind}: {level_words(level)}"
    if len(levels) > top:
        rest = levels[top:]
        count = len(rest)
        yield (
            "higher",
            f"{count:,} more level{'' if count == 1 else 's'} with {sum(level.runs for level in rest):,} runs",
        )


def _as_json(found: Ensemble, levels: list[EnsembleLevel], atlas: Atlas | None) -> str:
    import msgspec

    parts: dict[str, Any] = {
        "network": found.landscape.specification,
        "fingerprint": found.landscape.fingerprint,
        "complete": found.complete,
        "runs": len(found),
        "steps": found.steps,
        "rate": found.rate,
        "momentum": found.momentum,
        "close": found.near.close,
        "counts": found.counts,
        "listed": atlas is not None,
        "levels": [{**msgspec.structs.asdict(level), "kind": str(level.kind)} for level in levels],
    }
    return msgspec.json.format(msgspec.json.encode(parts), indent=2).decode()
