"""Putting a certificate into its form; what makes certificates uses this, what checks them does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from theodolite.checker._fields import digest_of, seal_of

__all__ = ["sealed"]


def sealed(
    claim: str,
    entries: Mapping[str, Any],
    X: Sequence[Sequence[Fraction]] | None = None,
    Y: Sequence[Sequence[Fraction]] | None = None,
) -> dict[str, Any]:
    """Return a certificate of ``claim`` on this data; every ``Fraction`` among ``entries`` becomes text."""
    content: dict[str, Any] = {"format": "theodolite certificate", "version": 1, "claim": claim}
    if X is not None and Y is not None:
        content["data"] = digest_of(X, Y)
    content |= {name: _written(entry) for name, entry in entries.items()}
    content["seal"] = seal_of(content)
    return content


def _written(entry: Any) -> Any:
    if isinstance(entry, Fraction):
        return str(entry)
    if isinstance(entry, Mapping):
        return {name: _written(part) for name, part in entry.items()}
    if isinstance(entry, (list, tuple)):
        return [_written(part) for part in entry]
    return entry
