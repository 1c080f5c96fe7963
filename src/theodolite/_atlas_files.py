"""Saving and loading atlases: one schema in three containers; nothing that is read is ever executed or believed unchecked.

A checksum finds accidents; a file without one is read too, so that other programs can write atlases.
The schema has a number. A change of it adds to ``UPGRADES`` a function from the number before: it takes header and columns
of an older file and returns those of the next number, and all of them are applied in turn before anything is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path

import msgspec
import numpy as np

from theodolite._atlas import Atlas
from theodolite._atlas_header import AtlasHeader, check_texts, checked_header, read_data, written_data
from theodolite._atomic import write_whole
from theodolite._columns import (
    checksum,
    evidence_from,
    evidence_records,
    table_columns,
    table_from,
    texts_from,
)
from theodolite._containers import CONTAINERS, Columns, Container, Header, json_bytes
from theodolite._errors import AtlasFileError, DataError
from theodolite._kind import Kind
from theodolite._landscape import SurveyableLandscape
from theodolite._npz import UnreadableError
from theodolite._texts import Texts
from theodolite._typing import Array

__all__ = ["SCHEMA", "UPGRADES", "json_of", "load_atlas", "save_atlas"]

SCHEMA = 2
"""The number of the schema that is written."""


def _from_schema_1(header: Header, columns: Columns) -> tuple[Header, Columns]:
    """Schema 2 brought bounds of values, which no file of schema 1 can have."""
    if "bounds" in columns:
        raise UnreadableError("it has bounds of values, which came with schema 2, and says schema 1")
    return {**header, "schema": 2}, columns


UPGRADES: dict[int, Callable[[Header, Columns], tuple[Header, Columns]]] = {1: _from_schema_1}
"""For each older schema, what makes its header and columns those of the next."""

_FORMAT = "theodolite atlas"

_BITS_MOST = 13_000
"""Larger totals have more digits than JSON readers take, and are left out."""


def save_atlas(atlas: Atlas, path: str | PathLike[str], *, include_data: bool = False) -> None:
    """Write ``atlas`` to ``path`` in the container that its suffix names: whole, or not at all."""
    target = _path(path)
    container = _container(target)
    try:
        header, columns = _document(atlas, include_data)
        write_whole(target, lambda file: container.write(file, header, columns))
    except OSError as error:
        raise AtlasFileError(
            f"{target} cannot be written", cause=str(error), fix="Choose another place, or make room there"
        ) from error
    except UnreadableError as error:
        raise AtlasFileError(f"{target} was not written", cause=f"it could not be read again: {error}") from error


def json_of(atlas: Atlas, *, include_data: bool = False) -> bytes:
    """Return ``atlas`` as JSON text."""
    try:
        return json_bytes(*_document(atlas, include_data))
    except UnreadableError as error:
        raise AtlasFileError(
            "The atlas cannot be written as JSON", cause=f"it could not be read again: {error}"
        ) from error


def load_atlas(path: str | PathLike[str], land: SurveyableLandscape | None = None) -> Atlas:
    """Return the atlas saved at ``path``; with ``land``, the landscape that was surveyed, its sets can be sampled again.

    Raises ``AtlasFileError`` if the file is damaged, of a later version, no atlas at all, or that of another landscape.
    """
    if land is not None and not isinstance(land, SurveyableLandscape):
        raise DataError(f"The landscape is of type {type(land).__name__}", fix="Pass the landscape that was surveyed")
    source = _path(path)
    container = _container(source)
    try:
        header, columns = container.read(source)
        written, actual = header.pop("checksum", None), checksum(msgspec.json.encode(header), columns)
        header, columns = _upgraded(header, columns)
        atlas = _atlas(checked_header(header), columns)
        if written not in (None, actual):
            raise UnreadableError("it is damaged or was edited: its checksum is another")
        return atlas if land is None else _at_home(atlas, land)
    except OSError as error:
        raise AtlasFileError(f"{source} cannot be read", cause=str(error), fix="Check the path") from error
    except (UnreadableError, MemoryError) as error:
        raise AtlasFileError(
            f"{source} cannot be read as an atlas", cause=str(error) or "it does not fit into memory"
        ) from error


def _path(given: str | PathLike[str]) -> Path:
    try:
        return Path(given)
    except TypeError:
        raise DataError(f"The path is {given!r}", fix="Pass a text or a pathlib.Path") from None


def _container(path: Path) -> Container:
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        raise AtlasFileError(
            f"{path} has the suffix {path.suffix!r}",
            cause="it says how an atlas is kept",
            fix=f"Use one of {', '.join(CONTAINERS)}",
        )
    return container


def _document(atlas: Atlas, include_data: bool) -> tuple[Header, Columns]:
    labels = atlas.all_labels()
    columns, roots = table_columns(atlas.table)
    columns |= {"label_letters": labels.letters, "label_ends": labels.ends}
    header = {
        "format": _FORMAT,
        "schema": SCHEMA,
        "specification": atlas.specification,
        "fingerprint": atlas.fingerprint,
        "versions": dict(atlas.versions),
        "command": atlas.command,
        "complete": atlas.complete,
        "ordered": atlas.ordered,
        "stopped": atlas.stopped,
        "total": atlas.total if atlas.total is not None and atlas.total.bit_length() < _BITS_MOST else None,
        "selection": atlas.selection,
        "kinds": [str(kind) for kind in Kind],
        "description": msgspec.to_builtins(atlas.description),
        "evidence": evidence_records(atlas.table.evidence),
        "roots": msgspec.to_builtins(roots),
    }
    check_texts(header)
    texts_from("label", columns, len(atlas))
    if include_data:
        header["data"] = {name: written_data(array) for name, array in _data_of(atlas).items()}
    return {**header, "checksum": checksum(msgspec.json.encode(header), columns)}, columns


def _data_of(atlas: Atlas) -> Mapping[str, Array]:
    if atlas.data is not None:
        return atlas.data
    if atlas.landscape is None:
        raise AtlasFileError(
            "The data cannot be saved with the atlas",
            cause="the atlas was loaded without its landscape",
            fix="Load it with load_atlas(path, land), or leave include_data out",
        )
    return atlas.landscape.data_arrays()


def _upgraded(header: Header, columns: Columns) -> tuple[Header, Columns]:
    if header.get("format") != _FORMAT:
        raise UnreadableError(f"its format is {header.get('format')!r}, not {_FORMAT!r}"[:200])
    schema = header.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise UnreadableError(f"its schema is {schema!r}"[:200])
    if schema > SCHEMA:
        made_by = header.get("versions")
        raise UnreadableError(
            f"it has schema {schema}, this Theodolite reads up to {SCHEMA}; it was written by {made_by!r}"[:400]
        )
    for number in range(schema, SCHEMA):
        header, columns = UPGRADES[number](header, columns)
    return header, columns


def _atlas(header: AtlasHeader, columns: Columns) -> Atlas:
    table = table_from(_recoded(header.kinds, columns), evidence_from(header.evidence), header.roots)
    if header.complete and header.total not in (None, len(table)):
        raise UnreadableError(f"it says that it is complete with {len(table)} of {header.total} sets")
    if header.ordered and (np.diff(table.value) < 0).any():
        raise UnreadableError("it says that it is ordered, but its values are not")
    data = None if header.data is None else {name: read_data(name, array) for name, array in header.data.items()}
    return Atlas(
        table=table,
        description=header.description,
        fingerprint=header.fingerprint,
        specification=header.specification,
        versions=header.versions,
        command=header.command,
        complete=header.complete,
        ordered=header.ordered,
        stopped=header.stopped,
        total=header.total,
        selection=header.selection,
        labels=texts_from("label", columns, len(table)),
        data=data,
    )


def _recoded(kinds: list[str], columns: Columns) -> Columns:
    """Return the columns with the codes that kinds have today."""
    codes = {str(kind): kind.code for kind in Kind}
    strange = next((word for word in kinds if word not in codes), None)
    if strange is not None:
        raise UnreadableError(f"{strange[:40]!r} is no kind of critical set")
    given = columns.get("kind")
    if given is None or given.dtype != np.int8 or given.ndim != 1:
        raise UnreadableError("the column 'kind' is missing or of another type")
    if ((given < 0) | (given >= len(kinds))).any():
        raise UnreadableError("the column 'kind' has a code that stands for no kind")
    now = np.array([codes[word] for word in kinds], dtype=np.int8)
    return columns | {"kind": now[given] if len(given) else given}


def _at_home(atlas: Atlas, land: SurveyableLandscape) -> Atlas:
    """Return ``atlas`` on its landscape, if it is that landscape's and each key still has its label there."""
    if atlas.fingerprint != land.fingerprint:
        raise AtlasFileError(
            "The atlas belongs to another landscape",
            cause=f"it was made for {atlas.specification} with fingerprint {atlas.fingerprint}, "
            f"and {land.specification} has fingerprint {land.fingerprint}",
            fix="Use the same data and options as in the survey",
        )
    home = replace(atlas, landscape=land, labels=None)
    if atlas.labels is not None and not _same_labels(home, atlas.labels):
        _refuse_labels(home, atlas.labels)
    return home


def _same_labels(home: Atlas, labels: Texts) -> bool:
    try:
        names = home.all_labels()
    except Exception:  # whatever damaged keys make a landscape do: the search one by one says which
        return False
    return np.array_equal(names.ends, labels.ends) and np.array_equal(names.letters, labels.letters)


def _refuse_labels(home: Atlas, labels: Texts) -> None:
    """Raise ``UnreadableError`` about the first key that is not that of its label."""
    for i, label in enumerate(labels):
        try:
            name = home.label(i)
        except Exception as error:  # whatever a damaged key makes a landscape do
            raise UnreadableError(f"the key of set {i}, {label!r}, means nothing to the landscape: {error}") from error
        if name != label:
            raise UnreadableError(f"the key of set {i} is that of {name!r}, its label is {label!r}")
