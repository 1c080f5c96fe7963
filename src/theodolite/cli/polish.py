"""``theodolite polish``: go down from parameters to a local minimum, and prove that it is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
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
)
from theodolite.cli._outputs import check_path
from theodolite.cli._report import print_verdict
from theodolite.cli._terminal import INCOMPLETE, NOT_A_MINIMUM, errors_reported, print_facts, print_json, screen
from theodolite.cli.classify import unpacked, verdict_json, verdict_lines

if TYPE_CHECKING:
    from theodolite._typing import Array
    from theodolite.relu._polish import Polished

__all__ = ["EPILOG", "polish"]

EPILOG = """\b
Examples:
  theodolite polish bumps.csv --target y --network relu:1-2-1+bias --exact --at weights.json
  theodolite polish bumps.csv --target y --network relu:1-2-1+bias --random 7 --out better.npz
  theodolite polish bumps.csv --target y --network relu:1-2-1+bias --starts 20
  theodolite polish bumps.csv --target y --network relu:1-2-1+bias --exact --json -

\b
bumps.csv has columns x and y. weights.json holds weights, biases, output weights and output bias:
  [[[1], [-1]], [0, 3], [1, "1/2"], 0]

\b
Exit codes: 0 a proven minimum, 4 anything else (undecided), 3 stopped early by --budget,
1 the data or the parameters cannot be used, 2 the command was not understood."""

_START = "Start"
_GRAIN = 1024
"""With --exact random numbers are multiples of one over this."""


def polish(
    data: Data,
    network: Network,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="FILE",
            help="The parameters to begin with: .npz (arrays in order), .npy (packed) or .json.",
            rich_help_panel=_START,
        ),
    ] = None,
    random: Annotated[
        int | None,
        typer.Option(
            "--random",
            min=0,
            metavar="SEED",
            help="Begin with random parameters, distributed as torch.nn.Linear begins (by default seed 0).",
            rich_help_panel=_START,
        ),
    ] = None,
    starts: Annotated[
        int,
        typer.Option(
            "--starts", min=1, metavar="N", help="Begin N times, and keep the lowest end.", rich_help_panel=_START
        ),
    ] = 1,
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
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop after this time: 30s, 5m, 1h30m.", rich_help_panel=_START)
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save losses and verdict as JSON; - prints them.", rich_help_panel="Output"),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save the parameters at the end (.npz).", rich_help_panel="Output"),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Go down from parameters to a local minimum, without step sizes, and prove that it is one."""
    options = {"l2": 0.0, "interval": None, "slope": None, "intercept": None, **locals()}
    with errors_reported(debug):
        if at is not None and (random is not None or starts > 1):
            raise typer.BadParameter("Use --at, or --random and --starts, not both.")
        request = Request.of(options)
        seconds = seconds_of(budget)
        for path, suffix in ((json, ".json"), (out, ".npz")):
            if path not in (None, "-"):
                check_path(path, suffix)
        from theodolite.io import read_parameters

        given = None if at is None else read_parameters(at)
        subject = request.subject()
        land = _polishable(subject.landscape)
        begins = [unpacked(land, given)] if given is not None else _random(land, random or 0, starts, exact)
        ends = list(_descents(land, begins, seconds, quiet))
        if len(ends) > 1:  # later ends may have shown that earlier ones are not the best
            ends = [replace(end, verdict=land.classify(end.params)) for end in ends]
        best = min(ends, key=_rank)
        if json == "-":
            print_json(_as_json(best))
        elif json is not None:
            Path(json).write_text(_as_json(best) + "\n", encoding="utf-8")
        if out is not None:
            _save(best.params, out)
        if not quiet and json != "-":
            console = screen()
            print_verdict(console, best.verdict.kind)
            begun = at or f"{len(ends)} random start{'' if len(ends) == 1 else 's'} from seed {random or 0}"
            saved = [("saved", path) for path in (json, out) if path is not None]
            told = [("start", begun), *subject.facts, *_endings(ends), *_path(best), *verdict_lines(best.verdict)]
            print_facts(console, [*told, *saved])
        if not all(end.complete for end in ends) or len(ends) < len(begins):
            raise typer.Exit(INCOMPLETE)
        if not best.verdict.kind.is_minimum:
            raise typer.Exit(NOT_A_MINIMUM)


def _polishable(land: Any) -> Any:
    from theodolite import NotCoveredError

    if not hasattr(land, "polish"):
        raise NotCoveredError(
            f"{land.specification} cannot be polished",
            cause="its loss is no convex quadratic between kinks",
            fix="Use relu:2-3-1+bias or leaky_relu(0.1):2-3-1, or theodolite classify with --leave",
        )
    return land


def _random(land: Any, seed: int, starts: int, exact: bool) -> list[list[Array]]:
    """Return random parameters: uniform between plus and minus one over the root of how many numbers a neuron adds up."""
    import numpy as np

    rng = np.random.default_rng(seed)
    shapes = land.parameter_shapes
    hidden, width = shapes[0]
    begins = []
    for _ in range(starts):
        outputs = len(shapes) - (2 if len(shapes[-1]) == 0 else 1)
        reach = [(hidden if k >= outputs else width) ** -0.5 for k in range(len(shapes))]
        arrays = [np.asarray(rng.uniform(-r, r, shape)) for r, shape in zip(reach, shapes, strict=True)]
        begins.append([_rounded(array) for array in arrays] if exact else arrays)
    return begins


def _rounded(array: Array) -> Array:
    import numpy as np

    found = np.empty(array.shape, dtype=object)
    for place in np.ndindex(*array.shape):
        found[place] = Fraction(round(float(array[place]) * _GRAIN), _GRAIN)
    return found


def _descents(land: Any, begins: list[Any], seconds: float | None, quiet: bool) -> Iterator[Polished]:
    """Yield the descents, as many as there is time for."""
    import time

    deadline = None if seconds is None else time.monotonic() + seconds
    for k, begin in enumerate(begins):
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if k and left == 0.0:
            return
        yield land.polish(begin, budget=left, progress=False if quiet else None)


def _rank(end: Polished) -> tuple[float, bool]:
    """Return what ends are compared by: the loss but for its last digits (round-off), then whether a minimum is proven."""
    return float(f"{float(end.losses[-1]):.9e}"), not end.verdict.kind.is_minimum


def _endings(ends: list[Polished]) -> Iterator[tuple[str, str]]:
    """Yield where several descents ended, lowest first."""
    if len(ends) < 2:
        return
    counts = Counter((f"{float(end.losses[-1]):.8g}", str(end.verdict.kind)) for end in ends)
    for k, ((loss, kind), count) in enumerate(sorted(counts.items(), key=lambda item: float(item[0][0]))):
        yield "ended at" if k == 0 else "", f"{loss}, {kind}, {count} time{'' if count == 1 else 's'}"


def _path(best: Polished) -> Iterator[tuple[str, str]]:
    early = "" if best.complete else ", ended by the budget"
    yield "descent", f"{len(best.path) - 1} steps, from loss {float(best.losses[0]):.10g}{early}"


def _as_json(best: Polished) -> str:
    import msgspec

    losses = [str(loss) if isinstance(loss, Fraction) else float(loss) for loss in best.losses]
    found = {"complete": best.complete, "losses": losses, "verdict": msgspec.Raw(verdict_json(best.verdict).encode())}
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def _save(params: Any, path: str) -> None:
    import numpy as np

    with open(path, "wb") as file:
        np.savez(file, *(np.asarray(array, dtype=np.float64) for array in params))
