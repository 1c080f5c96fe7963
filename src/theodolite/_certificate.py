"""Certificates: answers written so that another program can check them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from theodolite._atomic import write_whole
from theodolite._errors import DataError
from theodolite._notebook import facts_html, facts_text
from theodolite.checker import Report, verify

__all__ = ["Certificate"]


@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """An answer with everything that is needed to check it without believing who made it.

    ``content`` is plain JSON: texts, lists and whole numbers; rational numbers are texts such as ``"1/3"``. ``save`` writes it;
    ``theodolite verify FILE DATA`` and ``verify`` check it with a program that shares nothing with what made it.
    """

    content: Mapping[str, Any]

    @property
    def claim(self) -> str:
        """What the certificate claims."""
        return str(self.content["claim"])

    def text(self) -> str:
        """Return the certificate as JSON."""
        return json.dumps(self.content, separators=(",", ":"))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the certificate to ``path`` (.json): whole or not at all."""
        target = Path(path)
        if target.suffix != ".json":
            raise DataError(f"{path} does not end in .json", cause="certificates are JSON", fix="Name it FILE.json")
        encoded = self.text().encode()
        write_whole(target, lambda file: file.write(encoded))

    def verify(self, X: Any = None, Y: Any = None) -> Report:
        """Check the certificate against the data in rational arithmetic, and return what it proves."""
        from theodolite._arrays import as_matrix
        from theodolite._numerics import as_fractions

        found: list[Any] = []
        for name, data in (("X", X), ("Y", Y)):
            if data is None:
                found.append(None)
                continue
            given = as_matrix(name, data)
            exact = as_fractions(given.values) if given.exact is None else given.exact
            found.append(exact.tolist())
        return verify(self.content, *found)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of what the certificate is, in reading order."""
        yield "certificate", self.claim
        value = self.content.get("value")
        yield "loss", " to ".join(value) if isinstance(value, list) else str(value)
        yield "size", f"{len(self.text()):,} bytes"

    def __repr__(self) -> str:
        return f"<Certificate: {self.claim}, {len(self.text()):,} bytes>"

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())
