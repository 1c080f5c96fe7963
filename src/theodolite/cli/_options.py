"""Options that several commands share, and what the shell may complete them to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from theodolite.cli._landscape import AFFINE

__all__ = [
    "Center",
    "Columns",
    "Data",
    "Debug",
    "Decay",
    "Delimiter",
    "Drop",
    "Exact",
    "Header",
    "Intercept",
    "Interval",
    "Network",
    "OneHot",
    "Quiet",
    "Reduction",
    "Slope",
    "Standardize",
    "Target",
    "Top",
]


def _complete_data(incomplete: str) -> list[str]:
    from theodolite.io import SUFFIXES, data_names

    folder, start = os.path.split(incomplete)
    names = [] if folder else [name for name in (AFFINE, *data_names()) if name.startswith(incomplete)]
    try:
        entries = sorted(Path(folder or ".").iterdir())
    except OSError:
        return names
    wanted = (entry for entry in entries if entry.name.startswith(start) and _may_be_data(entry, SUFFIXES))
    return names + [os.path.join(folder, entry.name) + ("/" if entry.is_dir() else "") for entry in wanted]


def _may_be_data(entry: Path, suffixes: tuple[str, ...]) -> bool:
    return entry.is_dir() or entry.suffix.lower() in suffixes


def _complete_network(incomplete: str) -> list[str]:
    from theodolite._registry import KINDS

    return [kind.example for kind in KINDS.values() if kind.where and kind.example.startswith(incomplete)]


Data: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A table (.csv .tsv .txt .npy .npz .parquet), or a name: iris, wine, breast_cancer; with scikit-learn also "
        "digits, diabetes, linnerud. Rows are samples. Or affine: the true loss on an affine target.",
        autocompletion=_complete_data,
    ),
]
Network: TypeAlias = Annotated[
    str,
    typer.Option(
        "--network",
        "-n",
        metavar="KIND:WIDTHS",
        help="The network, from inputs to outputs: linear:4-2-4. It is an autoencoder if the last width equals the first and no "
        "target is named.",
        autocompletion=_complete_network,
    ),
]
_DATA = "Data"
Target: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "-t",
        metavar="COLUMN",
        help="A column to predict; repeat it, or join names by commas.",
        rich_help_panel=_DATA,
    ),
]
Columns: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="COLUMN",
        help="A column to predict from (by default all numbers but the targets).",
        rich_help_panel=_DATA,
    ),
]
Drop: TypeAlias = Annotated[
    list[str] | None, typer.Option("--drop", metavar="COLUMN", help="A column to leave out.", rich_help_panel=_DATA)
]
OneHot: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--one-hot", help="Code target labels as columns of zeros and ones, one per label.", rich_help_panel=_DATA
    ),
]
Center: TypeAlias = Annotated[
    bool, typer.Option("--center", help="Subtract its mean from every column, targets too.", rich_help_panel=_DATA)
]
Standardize: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--standardize", help="Center, then divide by the standard deviation, targets too.", rich_help_panel=_DATA
    ),
]
Exact: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--exact",
        help="Take the numbers as the decimals they are and decide in rational arithmetic.",
        rich_help_panel=_DATA,
    ),
]
Header: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line of a text file names the columns.",
        show_default=False,
        rich_help_panel=_DATA,
    ),
]
Delimiter: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--delimiter", metavar="MARK", help="What separates the fields of a text file.", rich_help_panel=_DATA
    ),
]
Reduction: TypeAlias = Annotated[
    str,
    typer.Option(
        "--reduction",
        metavar="NAME",
        help="What the loss is of the squared residuals: half_sum (half their sum), sum, or mean (over all entries).",
        autocompletion=lambda incomplete: [name for name in ("half_sum", "mean", "sum") if name.startswith(incomplete)],
    ),
]
Decay: TypeAlias = Annotated[
    float,
    typer.Option(
        "--l2",
        min=0.0,
        metavar="NUMBER",
        help="Add half this number times the sum of the squared parameters to the loss (PyTorch's weight_decay).",
    ),
]
_AFFINE = "Affine target (DATA is affine)"
Interval: TypeAlias = Annotated[
    str | None,
    typer.Option("--interval", metavar="A,B", help="Where inputs lie (by default 0,1).", rich_help_panel=_AFFINE),
]
Slope: TypeAlias = Annotated[
    str | None,
    typer.Option("--slope", metavar="NUMBER", help="Slope of the target (by default 1).", rich_help_panel=_AFFINE),
]
Intercept: TypeAlias = Annotated[
    str | None,
    typer.Option("--intercept", metavar="NUMBER", help="Its value at zero (by default 0).", rich_help_panel=_AFFINE),
]
_OUTPUT = "Output"
Top: TypeAlias = Annotated[
    int, typer.Option("--top", min=0, metavar="N", help="Print at most N rows of the table.", rich_help_panel=_OUTPUT)
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=_OUTPUT)
]
Debug: TypeAlias = Annotated[
    bool, typer.Option("--debug", help="Show where in the program an error arose.", rich_help_panel=_OUTPUT)
]
