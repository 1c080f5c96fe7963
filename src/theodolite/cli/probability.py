"""``theodolite probability``: how often a minimum inside an activation pattern is one of the loss."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theodolite.cli._options import Debug, Quiet
from theodolite.cli._terminal import errors_reported, print_facts, print_json, screen

if TYPE_CHECKING:
    from theodolite.probability import Odds, Simulation

__all__ = ["EPILOG", "probability"]

EPILOG = """\b
Settings, N samples of d inputs each:
  no-bias             one neuron, labels linear where it is active    --angle
  parallel-threshold  one neuron with bias, parallel to the labels    --threshold --teacher-threshold
  nested-thresholds   several neurons with bias, all parallel         --threshold and --teacher-threshold, repeated
  fixed-hyperplanes   whatever the minimum is, if it is fixed         --forbidden, repeated
  noisy-labels        one neuron, labels that are noise               (leading order)

\b
Examples:
  theodolite probability no-bias -N 20 -d 3 --angle pi/6
  theodolite probability parallel-threshold -N 50 -d 2 --threshold 0 --teacher-threshold 0.1 --runs 2000
  theodolite probability nested-thresholds -N 30 -d 1 --threshold -0.5,0.5 --teacher-threshold -0.4,0.5 --runs 2000
  theodolite probability fixed-hyperplanes -N 3 --forbidden 1/4,3/4 --runs 1000
  theodolite probability noisy-labels -N 40 -d 2 --runs 2000 --plot decay.svg

\b
Exit codes: 0 done, 1 a number or a file cannot be used, 2 the command was not understood."""

SUFFIXES = (".svg", ".png", ".pdf")
_NEEDS = {
    "no-bias": ("dimension", "angle"),
    "parallel-threshold": ("dimension", "threshold", "teacher_threshold"),
    "nested-thresholds": ("dimension", "threshold", "teacher_threshold"),
    "fixed-hyperplanes": ("forbidden",),
    "noisy-labels": ("dimension",),
}
_LIKE_NOISE = 2
"""Inputs of the noisy labels that a picture is compared with, where there is no other number."""


def _complete_setting(incomplete: str) -> list[str]:
    return [name for name in _NEEDS if name.startswith(incomplete)]


def probability(
    setting: Annotated[
        str, typer.Argument(metavar="SETTING", help="Which assumptions, see below.", autocompletion=_complete_setting)
    ],
    samples: Annotated[int, typer.Option("--samples", "-N", metavar="N", help="Number of samples.")],
    dimension: Annotated[
        int | None, typer.Option("--dimension", "-d", metavar="D", help="Number of inputs, the constant not counted.")
    ] = None,
    angle: Annotated[
        str | None,
        typer.Option(metavar="ANGLE", help="Between neuron and labels: radians, or exactly as pi/6 or '30 deg'."),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(metavar="NUMBER", help="Where a neuron becomes active; repeat it, or join numbers by commas."),
    ] = None,
    teacher_threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER", help="Where the neuron that the labels ask for has its kink, in the same order."
        ),
    ] = None,
    forbidden: Annotated[
        list[str] | None,
        typer.Option(metavar="MASS", help="Mass forbidden in an orientation; repeat it, or join numbers by commas."),
    ] = None,
    runs: Annotated[
        int, typer.Option(min=0, metavar="N", help="Data sets to draw and solve as a check; 0 draws none.")
    ] = 10_000,
    seed: Annotated[int, typer.Option(min=0, metavar="NUMBER", help="Seed of the random data sets.")] = 0,
    confidence: Annotated[float, typer.Option(metavar="NUMBER", help="Of the interval around the estimate.")] = 0.99,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Draw the probability by number of samples, with noisy labels beside it: .svg, .png or .pdf.",
            rich_help_panel="Output",
        ),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save the answer as JSON; - prints it.", rich_help_panel="Output"),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say how probable it is that a minimum inside an activation pattern is a local minimum of the loss."""
    options = locals()
    with errors_reported(debug):
        _check(setting, options)
        if json not in (None, "-"):
            from theodolite.cli._outputs import check_path

            check_path(json, ".json")
        odds = _odds(setting, options)
        found = odds.simulate(runs, seed, confidence=confidence) if runs else None
        if plot is not None:
            _draw(odds, Path(plot), runs, seed)
        if json is not None:
            _write(odds, found, json)
        if not quiet and json != "-":
            saved = [("saved", path) for path in (plot, json) if path is not None]
            print_facts(screen(), [*odds.facts(), *_seen(odds, found), *saved])


def _check(setting: str, options: dict[str, Any]) -> None:
    """Refuse settings that do not exist, options that one does not have, options that it lacks, and other file formats."""
    if setting not in _NEEDS:
        raise typer.BadParameter(
            f"There is no setting {setting!r}: use one of {', '.join(_NEEDS)}.", param_hint="SETTING"
        )
    for name in ("dimension", "angle", "threshold", "teacher_threshold", "forbidden"):
        given, option = options[name] not in (None, []), f"--{name.replace('_', '-')}"
        if given and name not in _NEEDS[setting]:
            raise typer.BadParameter(f"{setting} has no such number.", param_hint=option)
        if not given and name in _NEEDS[setting]:
            raise typer.BadParameter(f"{setting} needs it.", param_hint=option)
    if options["plot"] is not None:
        from theodolite import DataError
        from theodolite.cli._outputs import check_path

        suffix = Path(options["plot"]).suffix.lower()
        if suffix not in SUFFIXES:
            raise DataError(
                f"--plot {options['plot']} has {f'the ending {suffix!r}' if suffix else 'no ending'}",
                cause="the ending says how it is written",
                fix=f"Use one of {', '.join(SUFFIXES)}",
            )
        check_path(options["plot"], suffix)


def _odds(setting: str, options: dict[str, Any]) -> Odds:
    from theodolite import DataError, probability

    samples, dimension = options["samples"], options["dimension"]
    ours, theirs, masses = (_split(options[name]) for name in ("threshold", "teacher_threshold", "forbidden"))
    if setting == "no-bias":
        return probability.no_bias(samples, dimension, options["angle"])
    if setting == "fixed-hyperplanes":
        return probability.fixed_hyperplanes(samples, masses)
    if setting == "noisy-labels":
        return probability.noisy_labels(samples, dimension)
    if setting == "parallel-threshold" and len(ours) != 1:
        raise DataError(f"There are {len(ours)} thresholds", cause="this is one neuron", fix="Use nested-thresholds")
    return probability.nested_thresholds(samples, dimension, ours, theirs)


def _split(texts: list[str] | None) -> list[str]:
    return [part.strip() for text in texts or [] for part in text.split(",")]


def _seen(odds: Odds, found: Simulation | None) -> list[tuple[str, str]]:
    """Return what the simulation showed, and whether its interval covers the answer."""
    if found is None:
        return []
    inside = "inside" if found.covers(odds.probability) else "outside"
    names = {"estimate": "Monte Carlo", "interval": "interval", "unique": "unique", "seed": "seed"}
    facts = [(names[name], text) for name, text in found.facts() if name in names]
    return [*facts, ("compared", f"the probability above lies {inside} the interval")]


def _draw(odds: Odds, path: Path, runs: int, seed: int) -> None:
    """Draw ``odds`` by number of samples, beside noisy labels where its decay is another."""
    from theodolite import probability
    from theodolite._atomic import write_whole

    width = getattr(odds, "dimension", _LIKE_NOISE)
    others: list[Odds] = []
    if odds.decay is not probability.Decay.POLYNOMIAL and width > 1:
        others.append(probability.noisy_labels(odds.samples, width))
    drawn = probability.figure(odds, *others, largest=max(50, min(odds.samples, 1000)), runs=runs, rng=seed)
    write_whole(path, lambda file: drawn.savefig(file, format=path.suffix.lower()[1:]))


def _write(odds: Odds, found: Simulation | None, path: str) -> None:
    import msgspec

    from theodolite._atomic import write_whole

    answer = {name: _plain(getattr(odds, name)) for name in type(odds).__dataclass_fields__}
    seen = None if found is None else {name: getattr(found, name) for name in type(found).__dataclass_fields__}
    parts = {"odds": answer, "simulation": seen}
    text = msgspec.json.format(msgspec.json.encode(parts, enc_hook=str), indent=2)
    if path == "-":
        print_json(text.decode())
    else:
        write_whole(Path(path), lambda file: file.write(text + b"\n"))


def _plain(value: Any) -> Any:
    """Return infinity as text, for which JSON has no number."""
    return str(value) if value in (float("inf"), float("-inf")) else value
