"""Files that a command writes, checked before the work begins."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from theodolite._errors import DataError
from theodolite.cli._terminal import print_json

if TYPE_CHECKING:
    from theodolite._atlas import Atlas

__all__ = ["Output", "check_path", "outputs"]

SUFFIXES = (".json", ".npz", ".parquet", ".html", ".csv")


@dataclass(frozen=True)
class Output:
    """One file to write; ``form`` is the suffix that says how. The path ``-`` is standard output."""

    path: str
    form: str

    @property
    def takes_the_screen(self) -> bool:
        """Whether this goes to standard output, where nothing else may then be printed."""
        return self.path == "-"

    def write(self, atlas: Atlas) -> str:
        """Write ``atlas`` and return the path."""
        if self.takes_the_screen:
            print_json(atlas.to_json())
        elif self.form == ".html":
            atlas.to_html(self.path)
        elif self.form == ".csv":
            _write_csv(atlas, self.path)
        else:
            atlas.save(self.path)
        return self.path


def outputs(*, json: str | None, html: str | None, out: Sequence[str]) -> list[Output]:
    """Return what to write; ``DataError`` for a path that cannot be written, before any work is done."""
    wanted = [Output(path, suffix) for path, suffix in ((json, ".json"), (html, ".html")) if path is not None]
    for path in out:
        suffix = Path(path).suffix.lower()
        if suffix not in SUFFIXES:
            raise DataError(
                f"--out {path} has {f'the ending {suffix!r}' if suffix else 'no ending'}",
                cause="the ending says how it is written",
                fix=f"Use one of {', '.join(SUFFIXES)}",
            )
        wanted.append(Output(path, suffix))
    for output in wanted:
        if not (output.takes_the_screen and output.form == ".json"):
            check_path(output.path, output.form)
    return wanted


def check_path(given: str, suffix: str) -> None:
    """Raise ``DataError`` where ``given`` does not end in ``suffix`` or cannot be written."""
    path = Path(given)
    if path.suffix.lower() != suffix:
        raise DataError(
            f"{given} does not end in {suffix}", cause="this option writes that format only", fix="Rename it"
        )
    folder = path.parent
    if not folder.is_dir():
        raise DataError(f"{given} cannot be written", cause=f"there is no folder {folder}", fix="Make it first")
    if path.is_dir():
        raise DataError(f"{given} cannot be written", cause="it is a folder", fix="Name a file")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise DataError(f"{given} cannot be written", cause="you have no permission", fix="Name another file")


COLUMNS = (
    "row", "label", "kind", "value", "exact_value", "index", "nullity", "dimension",
    "index_lowest", "index_highest", "nullity_lowest", "nullity_highest", "known_by", "references",
)  # fmt: skip


def _write_csv(atlas: Atlas, path: str) -> None:
    """Write one line per critical set; what is unknown is empty, and so are exact values of rounded ones."""
    from theodolite._atomic import write_whole

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row, item in enumerate(atlas):
        cites = "; ".join(str(reference) for reference in item.evidence.references)
        spans = [*(item.index_range or (None, None)), *(item.nullity_range or (None, None))]
        numbers = [item.index, item.nullity, item.dimension, *spans]
        exact = None if isinstance(item.value, float) else str(item.value)
        cells = [
            row,
            item.label,
            str(item.kind),
            repr(float(item.value)),
            exact,
            *numbers,
            item.evidence.method.value,
            cites,
        ]
        writer.writerow(["" if cell is None else cell for cell in cells])
    write_whole(Path(path), lambda file: file.write(text.getvalue().encode()))
