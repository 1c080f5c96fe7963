"""Tables of critical sets as plain arrays and text, the form in which they are kept in files, and back with every doubt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from theodolite._evidence import Evidence
from theodolite._exact_values import Root, read_values, write_values
from theodolite._kind import Kind
from theodolite._npz import UnreadableError
from theodolite._references import REFERENCES, Reference
from theodolite._table import INTEGERS, UNKNOWN, Table
from theodolite._texts import Texts
from theodolite._typing import Array

__all__ = [
    "check_text",
    "checksum",
    "evidence_from",
    "evidence_records",
    "table_columns",
    "table_from",
    "texts_from",
]

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TYPES = {"value": "f8", "kind": "i1", "integers": "i4", "evidence_id": "i4", "keys": "u1", "ranges_exact": "b1"}


def table_columns(table: Table) -> tuple[dict[str, Array], list[Root]]:
    """Return the numbers of ``table`` as arrays, and the algebraic numbers in its exact values.

    Its evidence is kept apart, as ``evidence_records``.
    """
    roots: list[Root] = []
    if not np.isfinite(table.value).all():
        raise UnreadableError(f"the value of row {int(np.argmin(np.isfinite(table.value)))} is not finite")
    columns = {
        "value": table.value,
        "kind": table.kind,
        "integers": table.integers,
        "evidence_id": table.evidence_id,
        "keys": table.keys,
        "ranges_exact": np.broadcast_to(np.asarray(table.ranges_exact), len(table)),
    }
    if table.bounds is not None:
        columns["bounds"] = np.ascontiguousarray(table.bounds)
    if table.exact is not None:
        texts, roots = write_values(table.exact)
        written = Texts.of(texts)
        columns |= {"exact_letters": written.letters, "exact_ends": written.ends}
    return columns, roots


def table_from(columns: Mapping[str, Array], evidence: tuple[Evidence, ...], roots: Sequence[Root]) -> Table:
    """Return the table that ``table_columns`` took apart, or raise ``UnreadableError`` naming the first thing that is wrong."""
    for name, kind in _TYPES.items():
        if name not in columns:
            raise UnreadableError(f"the column {name!r} is missing")
        if columns[name].dtype != np.dtype(kind):
            raise UnreadableError(f"the column {name!r} holds {columns[name].dtype}, not {np.dtype(kind)}")
        if columns[name].ndim != (2 if name in ("integers", "keys") else 1):
            raise UnreadableError(f"the column {name!r} has shape {columns[name].shape}")
    sets = len(columns["value"])
    for name in _TYPES:
        if len(columns[name]) != sets:
            raise UnreadableError(f"the column {name!r} has {len(columns[name])} rows, 'value' has {sets}")
    _check_numbers(columns, len(evidence))
    exact = None
    if "exact_letters" in columns:
        exact = read_values(texts_from("exact", columns, sets), columns["value"].tolist(), roots)
    flags = columns["ranges_exact"]
    return Table(
        columns["value"],
        columns["kind"],
        columns["integers"],
        columns["evidence_id"],
        columns["keys"],
        evidence,
        bool(flags.all()) if flags.all() or not flags.any() else flags,
        exact,
        _checked_bounds(columns),
    )


def _checked_bounds(columns: Mapping[str, Array]) -> Array | None:
    """Return the rigorous bounds of the values, where there are any, or raise ``UnreadableError``."""
    bounds, value = columns.get("bounds"), columns["value"]
    if bounds is None:
        return None
    if bounds.dtype != np.float64 or bounds.shape != (len(value), 2):
        raise UnreadableError(f"the bounds have type {bounds.dtype} and shape {bounds.shape}")
    _refuse(~((bounds[:, 0] <= value) & (value <= bounds[:, 1])), value, "value", "is not within its bounds")
    return bounds


def _check_numbers(columns: Mapping[str, Array], evidence_count: int) -> None:
    value, kind, integers, ids = (columns[name] for name in ("value", "kind", "integers", "evidence_id"))
    _refuse(~np.isfinite(value), value, "value", "is not a finite number")
    _refuse((kind < 0) | (kind >= len(Kind)), kind, "kind", "stands for no kind")
    _refuse((ids < 0) | (ids >= evidence_count), ids, "evidence_id", f"points outside the {evidence_count} in the file")
    if integers.shape[1] != len(INTEGERS):
        raise UnreadableError(f"the column 'integers' has {integers.shape[1]} entries a row, not {len(INTEGERS)}")
    for name, column in zip(INTEGERS, integers.T, strict=True):
        _refuse(column < UNKNOWN, column, name, "is negative")
    for name, low, high in (("index", 3, 4), ("nullity", 5, 6)):
        _refuse(integers[:, low] > integers[:, high], integers[:, low], f"lowest {name}", "is above the highest")


def _refuse(bad: Array, column: Array, name: str, reason: str) -> None:
    if bad.any():
        i = int(np.argmax(bad))
        raise UnreadableError(f"the {name} of set {i}, {column[i]}, {reason}")


def texts_from(name: str, columns: Mapping[str, Array], count: int) -> Texts:
    """Return the texts kept as ``NAME_letters`` and ``NAME_ends``, or raise ``UnreadableError``."""
    letters, ends = columns.get(f"{name}_letters"), columns.get(f"{name}_ends")
    if letters is None or ends is None or letters.dtype != np.uint8 or ends.dtype != np.int64:
        raise UnreadableError(f"the texts {name!r} are missing or of another type")
    if letters.ndim != 1 or ends.ndim != 1 or len(ends) != count:
        raise UnreadableError(f"the texts {name!r} are not one for each of {count} sets")
    steps = np.diff(ends, prepend=0)
    if (steps < 0).any() or (ends[-1] if count else 0) != len(letters):
        raise UnreadableError(f"the texts {name!r} do not end where they say")
    texts = Texts(letters, ends)
    try:
        for text in texts:
            check_text(text, name)
    except UnicodeDecodeError as error:
        raise UnreadableError(f"the texts {name!r} are not UTF-8 ({error.reason})") from None
    return texts


def check_text(text: str, name: str) -> None:
    """Raise ``UnreadableError`` if ``text`` would control a terminal rather than be shown by it."""
    found = _UNWANTED.search(text)
    if found:
        raise UnreadableError(f"a text in {name!r} has the control character {found.group()!r}")


def checksum(text: bytes, columns: Mapping[str, Array]) -> str:
    """Return a SHA-256 of a text and of all numbers in ``columns``, whatever the order of the names."""
    digest = hashlib.sha256(text)
    for name in sorted(columns):
        array = np.ascontiguousarray(columns[name], dtype=columns[name].dtype.newbyteorder("<"))
        digest.update(f"{name} {array.dtype.str} {array.size}".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()


def evidence_records(evidence: tuple[Evidence, ...]) -> list[dict[str, Any]]:
    """Return ``evidence`` as what JSON can hold; infinite margins become text."""
    records: list[dict[str, Any]] = [_plain(msgspec.to_builtins(item)) for item in evidence]
    return records


def _plain(item: Any) -> Any:
    if isinstance(item, dict):
        return {name: _plain(entry) for name, entry in item.items()}
    if isinstance(item, (list, tuple)):
        return [_plain(entry) for entry in item]
    return str(item) if isinstance(item, float) and not np.isfinite(item) else item


def evidence_from(records: Any) -> tuple[Evidence, ...]:
    """Return what ``evidence_records`` wrote; papers that are registered here come from the registry."""
    try:
        evidence = msgspec.convert(records, tuple[Evidence, ...], strict=False)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"the evidence cannot be read: {error}") from None
    return tuple(
        msgspec.structs.replace(item, references=tuple(_registered(reference) for reference in item.references))
        for item in evidence
    )


def _registered(reference: Reference) -> Reference:
    known = REFERENCES.get(reference.key)
    if known is not None:
        return msgspec.structs.replace(known, theorem=reference.theorem)
    if reference.arxiv is not None and not re.fullmatch(r"[\w.\-]+(/\d+)?", reference.arxiv, re.ASCII):
        raise UnreadableError(f"the reference {reference.key!r} has {reference.arxiv!r} as arXiv number")
    return reference
