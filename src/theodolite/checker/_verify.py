"""``verify``: read a certificate, check its seal and its data, and hand it to the checker of its claim."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from theodolite._errors import CertificateError
from theodolite.checker._affine import check_affine_point
from theodolite.checker._fields import Fields, about, digest_of, refuse, seal_of
from theodolite.checker._linear import check_linear_set
from theodolite.checker._local import check_local_minimum
from theodolite.checker._network import Matrix, read_network
from theodolite.checker._tree import check_global_minimum

__all__ = ["Report", "read_certificate", "verify"]


@dataclass(frozen=True)
class Report:
    """What a certificate was found to prove: the claim, the loss (or bounds of it), and what was checked, in words."""

    claim: str
    value: tuple[Fraction, Fraction]
    checked: tuple[str, ...]

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of what was proven, in reading order."""
        yield "proven", self.claim
        low, high = self.value
        yield "loss", str(low) if low == high else f"between {about(low)} and {about(high)}"
        yield from (("checked", text) for text in self.checked)

    def __str__(self) -> str:
        return "\n".join(f"{name:<8} {text}" for name, text in self.facts())


def read_certificate(path: str | Path) -> dict[str, Any]:
    """Return the certificate in a file; ``CertificateError`` where it is damaged or none."""
    try:
        found = json.loads(
            Path(path).read_text("utf-8"),
            parse_float=_no_float,
            parse_constant=_no_float,
            object_pairs_hook=_without_duplicates,
        )
    except (OSError, UnicodeDecodeError) as error:
        raise CertificateError(f"{path} cannot be read", cause=str(error)) from None
    except (ValueError, RecursionError) as error:
        raise CertificateError(
            f"{path} is no certificate", cause=f"it is truncated or not JSON: {error}"[:300]
        ) from None
    if not isinstance(found, dict):
        refuse(f"{path} is no certificate")
    return found


def _no_float(text: str) -> Any:
    raise ValueError(f"it holds the number {text}, and certificates hold no rounded numbers")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an entry is there twice")
    return found


def verify(certificate: Mapping[str, Any], X: Matrix | None = None, Y: Matrix | None = None) -> Report:
    """Check ``certificate`` against the data, rows of fractions; return what it proves or raise ``CertificateError``.

    Everything is rational arithmetic. Certificates of landscapes without data need none.
    """
    try:
        return _verified(certificate, X, Y)
    except RecursionError:
        raise CertificateError("The certificate is nested too deeply", fix="Do not trust it") from None


def _verified(certificate: Mapping[str, Any], X: Matrix | None, Y: Matrix | None) -> Report:
    fields = Fields(dict(certificate), "The certificate")
    if fields.text("format") != "theodolite certificate" or fields.whole("version", 1) != 1:
        refuse("The file is no certificate that this version reads")
    if fields.text("seal") != seal_of(certificate):
        refuse("The certificate is damaged", "its seal does not match its content")
    claim = fields.text("claim")
    if claim == "affine target critical point":
        loss = check_affine_point(fields)
        fields.done()
        return Report("a critical point on an affine target", (loss, loss), ("its gradient vanishes exactly",))
    if X is None or Y is None:
        raise CertificateError("The certificate is about data", fix="Pass the data that it was made for")
    if not X or len(X) != len(Y):
        raise CertificateError(f"X has {len(X)} rows and Y has {len(Y)}", fix="Pass the data that it was made for")
    if fields.text("data") != digest_of(X, Y):
        refuse("The certificate was made for other data", "the SHA-256 of the data is another one")
    report = _checked(claim, fields, X, Y)
    fields.done()
    return report


def _checked(claim: str, fields: Fields, X: Matrix, Y: Matrix) -> Report:
    if claim == "relu global minimum":
        value, tally = check_global_minimum(fields, read_network(fields, X, Y))
        counts = (
            f"{tally.bounds} regions bounded from below by a rational dual vector",
            f"{tally.empty} regions proven empty",
            f"{tally.inner} divisions, each into all of its parts",
        )
        return Report("the global minimum of a ReLU network", (value, value), counts)
    if claim == "relu local minimum":
        value, radius, directions = check_local_minimum(fields, read_network(fields, X, Y))
        words = (f"nothing is lower within the radius {about(radius)}", f"{directions} directions off its kinks")
        return Report("a local minimum of a ReLU network", (value, value), words)
    if claim == "linear critical set":
        kind, bounds = check_linear_set(fields, X, Y)
        return Report(f"a {kind} of a shallow linear network", bounds, ("all eigenvalues enclosed and counted",))
    return refuse(f"The certificate claims {claim!r:.80}", "this checker knows no such claim")
