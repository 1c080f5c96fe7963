"""``theodolite verify``: check a certificate in rational arithmetic, with a program that shares nothing with its maker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from theodolite.cli._options import Center, Columns, Debug, Delimiter, Drop, Header, OneHot, Quiet, Standardize, Target
from theodolite.cli._terminal import errors_reported, print_facts, screen

if TYPE_CHECKING:
    from fractions import Fraction

__all__ = ["EPILOG", "verify"]

EPILOG = """\b
Examples:
  theodolite survey iris --network linear:4-2-4 --exact --certificate best.json
  theodolite verify best.json iris
  theodolite survey affine --network relu:1-3-1 --exact --certificate affine.json
  theodolite verify affine.json

\b
The checker derives everything from the data itself, believes nothing in the file, and uses fractions only.
Name the columns as for the survey that made the certificate; the file knows the SHA-256 of the numbers.

\b
Exit codes: 0 the certificate proves its claim, 1 it does not, or cannot be read,
2 the command was not understood."""


def verify(
    certificate: Annotated[str, typer.Argument(metavar="CERTIFICATE", help="The certificate, a .json file.")],
    data: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="The data that it is about: a file or a name, as for survey."),
    ] = None,
    target: Target = None,
    inputs: Columns = None,
    drop: Drop = None,
    one_hot: OneHot = False,
    center: Center = False,
    standardize: Standardize = False,
    header: Header = None,
    delimiter: Delimiter = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Check a certificate against the data in rational arithmetic."""
    options = locals()
    with errors_reported(debug):
        from theodolite.checker import read_certificate
        from theodolite.checker import verify as check

        content = read_certificate(certificate)
        X, Y = (None, None) if data is None else _numbers(content, options)
        report = check(content, X, Y)
        if not quiet:
            console = screen()
            console.print("The certificate holds.")
            print_facts(console, [("file", certificate), *report.facts()])


def _numbers(
    content: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    """Return the rows of the data: as the decimals in the file, or, where the certificate is about those, as binary floats."""
    from theodolite import TheodoliteError
    from theodolite.checker._fields import digest_of

    found = None
    for exact in (True, False):
        try:
            X, Y = _read(content, options, exact)
        except TheodoliteError:
            if not exact and found is None:
                raise
            continue
        if found is None or digest_of(X, Y) == content.get("data"):
            found = X, Y
        if digest_of(X, Y) == content.get("data"):
            break
    assert found is not None
    return found


def _read(
    content: Mapping[str, Any], options: Mapping[str, Any], exact: bool
) -> tuple[list[list[Fraction]], list[list[Fraction]]]:
    from theodolite._numerics import as_fractions
    from theodolite.cli._landscape import MARKS
    from theodolite.io import prepare, read_table
    from theodolite.io._network import Specification

    delimiter = options["delimiter"]
    mark = None if delimiter is None else MARKS.get(delimiter, delimiter)
    table = read_table(options["data"], exact=exact, header=options["header"], delimiter=mark)
    made = prepare(
        table,
        Specification("network", None, _widths(content)),
        inputs=options["inputs"] or (),
        targets=options["target"] or (),
        drop=options["drop"] or (),
        one_hot=options["one_hot"],
        center=options["center"],
        standardize=options["standardize"],
    )
    targets = made.X if made.Y is None else made.Y
    return as_fractions(made.X).tolist(), as_fractions(targets).tolist()


def _widths(content: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the widths that the certificate is about, with which columns are chosen; the checker looks at them again."""
    from theodolite import CertificateError

    network = content.get("network")
    given = [network.get(name) for name in ("inputs", "hidden", "outputs")] if isinstance(network, dict) else []
    widths = tuple(width for width in given if isinstance(width, int) and width > 0)
    if len(widths) != 3:
        raise CertificateError(
            "The certificate does not say how many inputs and outputs its network has",
            fix="Leave DATA out if it is about a landscape without data",
        )
    return widths
