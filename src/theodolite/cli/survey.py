"""``theodolite survey``: list every critical set of a network on a table of data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theodolite.cli._effort import executor_of, seconds_of
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
    Intercept,
    Interval,
    Network,
    OneHot,
    Quiet,
    Reduction,
    Slope,
    Standardize,
    Target,
    Top,
)
from theodolite.cli._outputs import check_path, outputs
from theodolite.cli._terminal import INCOMPLETE, TYPED, errors_reported, screen

if TYPE_CHECKING:
    from theodolite._landscape import SurveyableLandscape

__all__ = ["EPILOG", "survey"]

EPILOG = """\b
Examples:
  theodolite survey iris --network linear:4-2-4
  theodolite survey iris --network linear:4-2-4 --html iris.html
  theodolite survey iris --network linear:4-2-3 --target species --one-hot --center
  theodolite survey wine --network linear:13-4-13 --standardize --limit 1000 --out wine.csv
  theodolite survey diabetes --network linear:10-3-1 --json -
  theodolite survey bumps.csv --target y --network relu:1-2-1+bias --exact
  theodolite survey affine --network relu:1-5-1 --interval 0,1 --slope 1/3
  theodolite survey digits --network linear:64-10-64 --budget 2s --top 3

\b
Exit codes: 0 done, 1 the data or the network cannot be used, 2 the command was not understood,
3 stopped early by --budget or Ctrl-C (what was found is shown and saved)."""

_SURVEY = "Survey"


def survey(
    data: Data,
    network: Network,
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
    interval: Interval = None,
    slope: Slope = None,
    intercept: Intercept = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Stop after the N critical sets of lowest loss.", rich_help_panel=_SURVEY
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Stop after this time: 30s, 5m, 1h30m.", rich_help_panel=_SURVEY),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Keep finished pieces in this folder, and go on from those that are there.",
            rich_help_panel=_SURVEY,
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Use N processes.", rich_help_panel=_SURVEY)
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Use the dask cluster with this scheduler.", rich_help_panel=_SURVEY),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save the atlas as JSON; - prints it.", rich_help_panel="Output"),
    ] = None,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Save the page: one file, no request.", rich_help_panel="Output")
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Save by suffix: .json .npz .parquet .html .csv.", rich_help_panel="Output"),
    ] = None,
    certificate: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Save a certificate of the global minimum as JSON, for theodolite verify.",
            rich_help_panel="Output",
        ),
    ] = None,
    top: Top = 20,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """List every critical set of a network's loss on a table of data, lowest loss first.

    Columns of labels are not used unless they are named as targets with --one-hot; what is left out is said.
    """
    options = locals()  # every option, by its name
    with errors_reported(debug):
        if workers is not None and cluster is not None:
            raise typer.BadParameter("Use --workers or --cluster, not both.")
        files = outputs(json=json, html=html, out=out or ())
        if certificate is not None:
            check_path(certificate, ".json")
        request = Request.of(options)
        seconds = seconds_of(budget)
        import theodolite

        subject = request.subject()
        land = _surveyable(subject.landscape)
        with executor_of(workers, cluster) as executor:
            try:
                atlas = theodolite.survey(
                    land,
                    limit=limit,
                    budget=seconds,
                    executor=executor,
                    store=store,
                    progress=False if quiet else None,
                )
            except theodolite.WorkloadError as error:
                fix = "Add --limit 1000 for the thousand of lowest loss, or --budget 60s for what a minute gives"
                raise theodolite.WorkloadError(error.fact, count=error.count, cause=error.cause, fix=fix) from None
        atlas = replace(atlas, command=TYPED.get(), description=subject.describe(atlas.description))
        early = atlas.stopped in ("budget", "interrupted")
        written = [file.write(atlas) for file in files]
        if certificate is not None:
            written.append(_certified(land, certificate))
        if not quiet and not any(file.takes_the_screen for file in files):
            from theodolite.cli._report import print_atlas

            again = (("go on", f"run the same command again: {store} keeps what is done"),) if early and store else ()
            print_atlas(screen(), atlas, top=top, facts=(*subject.facts, *again), written=written)
        if early:
            raise typer.Exit(INCOMPLETE)


def _certified(land: SurveyableLandscape, path: str) -> str:
    """Save the certificate of the global minimum and return where."""
    land.global_minimum().certificate().save(path)
    return path


def _surveyable(land: Any) -> SurveyableLandscape:
    from theodolite import NotCoveredError, SurveyableLandscape

    if not isinstance(land, SurveyableLandscape):
        raise NotCoveredError(
            f"{land.specification} cannot be surveyed",
            cause="no theorem lists all its critical points",
            fix="Ask what single points are with theodolite classify",
        )
    return land
