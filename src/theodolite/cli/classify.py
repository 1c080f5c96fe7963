"""``theodolite classify``: say what a point of a loss landscape is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
)
from theodolite.cli._outputs import check_path
from theodolite.cli._report import print_verdict
from theodolite.cli._terminal import NOT_A_MINIMUM, errors_reported, print_facts, print_json, screen

if TYPE_CHECKING:
    from theodolite._landscape import Landscape
    from theodolite._typing import Array
    from theodolite._verdict import Verdict

__all__ = ["EPILOG", "classify", "unpacked", "verdict_json", "verdict_lines"]

EPILOG = """\b
Examples:
  theodolite classify iris --network linear:4-2-4 --at weights.npz
  theodolite classify iris --network linear:4-2-4 --at weights.json --json verdict.json
  theodolite classify iris --network linear:4-2-4 --at weights.npz --leave better.npz
  theodolite classify affine --network relu:1-2-1 --at params.json

\b
weights.npz holds the arrays in the order of the layers, shaped as torch.nn.Linear has them:
  numpy.savez("weights.npz", W1, W2)
weights.json holds them as lists; whole numbers and strings such as "1/3" are exact:
  [[["1/3", 0, 0, 0], [0, 1, 0, 0]], [[1, 0], [0, 1], [0, 0], [0, 0]]]

\b
Exit codes: 0 a proven minimum, 4 anything else (a saddle, not critical, undecided),
1 the data or the parameters cannot be used, 2 the command was not understood."""


def classify(
    data: Data,
    network: Network,
    at: Annotated[
        str,
        typer.Option("--at", metavar="FILE", help="The parameters: .npz (arrays in order), .npy (packed) or .json."),
    ],
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
    rtol: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            help="How far, relative to its size, a point may lie from a critical one to be called critical "
            "(by default the square root of the precision of the parameters; with DATA affine 512 times that precision, "
            "relative to the terms of each neuron; of ReLU networks on data that precision itself).",
        ),
    ] = None,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save the verdict as JSON; - prints it.", rich_help_panel="Output"),
    ] = None,
    leave: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Save the parameters after the best step down (.npz).", rich_help_panel="Output"
        ),
    ] = None,
    certificate: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Save a certificate that this is a local minimum as JSON, for theodolite verify (exact ReLU networks).",
            rich_help_panel="Output",
        ),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say what kind of point parameters are at, how that is known, and how to leave if it is no minimum."""
    options = locals()  # every option, by its name
    with errors_reported(debug):
        request = Request.of(options)
        if json not in (None, "-"):
            check_path(json, ".json")
        if leave is not None:
            check_path(leave, ".npz")
        if certificate is not None:
            check_path(certificate, ".json")
        from theodolite.io import read_parameters

        parameters = read_parameters(at)
        subject = request.subject()
        land = subject.landscape
        verdict = land.classify(unpacked(land, parameters), rtol=rtol)
        if json == "-":
            print_json(verdict_json(verdict))
        elif json is not None:
            Path(json).write_text(verdict_json(verdict) + "\n", encoding="utf-8")
        if leave is not None:
            _save_way_out(verdict, leave)
        if certificate is not None:
            land.certificate(unpacked(land, parameters)).save(certificate)
        if not quiet and json != "-":
            saved = [("saved", path) for path in (json, leave, certificate) if path is not None]
            console = screen()
            print_verdict(console, verdict.kind)
            print_facts(console, [("point", at), *subject.facts, *verdict_lines(verdict), *saved])
        if not verdict.kind.is_minimum:
            raise typer.Exit(NOT_A_MINIMUM)


def unpacked(land: Landscape, parameters: tuple[Array, ...]) -> Any:
    """Cut a single vector into the arrays that it packs."""
    if len(parameters) == 1 and len(land.parameter_shapes) > 1 and parameters[0].ndim == 1:
        return land.unpack(parameters[0])
    return parameters


def verdict_lines(verdict: Verdict) -> Iterator[tuple[str, str]]:
    """Yield what is known beside the kind, with the details of the way out."""
    for name, text in list(verdict.facts())[1:]:
        yield name, text
        if name == "way out" and verdict.escape is not None:
            yield from list(verdict.escape.facts())[1:]


def _save_way_out(verdict: Verdict, path: str) -> None:
    import numpy as np

    from theodolite import NotCoveredError

    if verdict.escape is None:
        raise NotCoveredError(f"{path} was not written: there is no way down", cause=f"the point is {verdict.kind}")
    with open(path, "wb") as file:
        np.savez(file, *(np.asarray(array, dtype=np.float64) for array in verdict.escape.at()))


def verdict_json(verdict: Verdict) -> str:
    import msgspec

    escape = verdict.escape
    found = {
        "kind": str(verdict.kind),
        "meaning": verdict.kind.meaning,
        "value": _number(verdict.value),
        "gap": _number(verdict.gap),
        "scaled_gradient": verdict.scaled_gradient,
        "set": None if verdict.critical_set is None else verdict.critical_set.label,
        "set_value": None if verdict.critical_set is None else _number(verdict.critical_set.value),
        "distance": verdict.distance,
        "index": verdict.index,
        "nullity": verdict.nullity,
        "evidence": verdict.evidence,
        "escape": None
        if escape is None
        else {
            "words": escape.words,
            "order": escape.order,
            "curvature": _number(escape.curvature),
            "step": escape.step,
            "decrease": _number(escape.decrease),
            "vector": [_nested(array) for array in escape.vector],
        },
    }
    return msgspec.json.format(msgspec.json.encode(found, enc_hook=float), indent=2).decode()


def _nested(entry: Any) -> Any:
    """Return an array as lists; exact arrays of no dimension turn into their entry in arithmetic."""
    if getattr(entry, "ndim", 0):
        return [_nested(part) for part in entry]
    return _number(entry.item() if hasattr(entry, "item") else entry)


def _number(value: Any) -> float | str | None:
    """Return a float for what is rounded and text such as "p/q" for what is exact."""
    if value is None:
        return None
    return str(value) if isinstance(value, (int, Fraction)) else float(value)
