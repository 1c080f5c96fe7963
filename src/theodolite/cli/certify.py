"""``theodolite certify``: the step and rate of gradient descent that are guaranteed from a point."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf
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
    Network,
    OneHot,
    Quiet,
    Reduction,
    Standardize,
    Target,
)
from theodolite.cli._outputs import check_path
from theodolite.cli._terminal import NOT_A_MINIMUM, errors_reported, print_facts, print_json, screen
from theodolite.cli.classify import unpacked

if TYPE_CHECKING:
    from theodolite.dominance import DescentCertificate, Dominance

__all__ = ["EPILOG", "certify"]

EPILOG = """\b
Examples:
  theodolite certify iris --network linear:4-2-4 --at weights.npz
  theodolite certify iris --network linear:4-2-4 --at weights.npz --radius 0.01 --reduction mean
  theodolite certify iris --network linear:4-2-4 --at weights.npz --verified --json certificate.json

\b
weights.npz holds the arrays in the order of the layers, shaped as torch.nn.Linear has them:
  numpy.savez("weights.npz", W1, W2)
A layer narrower than inputs and outputs (4-2-4) leaves no constant, so no rate; 4-4-4 and 4x3 have one.

\b
Exit codes: 0 a rate is guaranteed, 4 none is (the answer says why),
1 the data or the parameters cannot be used, 2 the command was not understood."""


def certify(
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
    radius: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            metavar="NUMBER",
            help="Also certify gradient dominance in the ball of this radius (for each layer) about the parameters.",
        ),
    ] = None,
    verified: Annotated[
        bool,
        typer.Option("--verified", help="Bound every step from the safe side, so that the numbers hold exactly."),
    ] = False,
    json: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Save the certificate as JSON; - prints it.", rich_help_panel="Output"),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say at which rate gradient descent provably converges from here, and how the gradient dominates the loss."""
    options = {**locals(), "interval": None, "slope": None, "intercept": None}  # every option, by its name
    with errors_reported(debug):
        request = Request.of(options)
        if json not in (None, "-"):
            check_path(json, ".json")
        from theodolite import NotCoveredError
        from theodolite.io import read_parameters

        parameters = read_parameters(at)
        subject = request.subject()
        land: Any = subject.landscape
        if not hasattr(land, "certify_descent"):
            raise NotCoveredError(
                f"{land.specification} is not covered here",
                cause="gradient dominance is known for linear, residual and activated networks",
            )
        params, arithmetic = unpacked(land, parameters), "verified" if verified else "auto"
        descent: DescentCertificate = land.certify_descent(params, arithmetic=arithmetic)
        found: dict[str, DescentCertificate | Dominance] = {
            "descent": descent,
            "dominance": land.dominance(params, arithmetic=arithmetic),
        }
        if radius is not None:
            found["ball"] = land.dominance(params, radius, arithmetic=arithmetic)
        if json == "-":
            print_json(_as_json(found))
        elif json is not None:
            Path(json).write_text(_as_json(found) + "\n", encoding="utf-8")
        if not quiet and json != "-":
            saved = [] if json is None else [("saved", json)]
            print_facts(screen(), [("point", at), *subject.facts, *_facts(found), *saved])
        if not descent.certified:
            raise typer.Exit(NOT_A_MINIMUM)


def _facts(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the facts of each part, the evidence of the first alone and of the ball in full."""
    descent = found["descent"]
    yield "verdict", "a rate is guaranteed" if descent.certified else "no rate is guaranteed"
    for name, text in descent.facts():
        if not text.startswith("none"):
            yield name, text
    words = {"constant": "dominance", "mu": "mu here", "at the point": "sharp here"}
    for name, text in found["dominance"].facts():
        if name in words:
            yield words[name], text
    if "ball" in found:
        for name, text in found["ball"].facts():
            yield {"constant": "in the ball", "mu": "mu there"}.get(name, name), text


def _as_json(found: dict[str, Any]) -> str:
    import msgspec

    parts = {
        name: {
            field: _plain(getattr(item, field))
            for field in type(item).__dataclass_fields__
            if field not in ("probe", "minimizer")
        }
        for name, item in found.items()
    }
    return msgspec.json.format(msgspec.json.encode(parts, enc_hook=float), indent=2).decode()


def _plain(value: Any) -> Any:
    """Return infinity as text: JSON has no number for it, and null means that nothing is known."""
    return str(value) if isinstance(value, float) and isinf(value) else value
