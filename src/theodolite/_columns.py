"""Tables of critical sets as plain arrays and text, the form in which they are kept in files, and back with every doubt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np

from theodolite._evidence import Evidence
from theodolite._kind import Kind
from theodolite._npz import UnreadableError
from theodolite._references import REFERENCES, Reference
from theodolite._table import INTEGERS, UNKNOWN, Table
from theodolite._texts import Texts
from theodolite._typing import Array, Real

__all__ = [
    "WrittenNumber",
    "check_text",
    "checksum",
    "evidence_from",
    "evidence_records",
    "read_number",
    "table_columns",
    "table_from",
    "texts_from",
    "write_number",
]

_DIGITS_MOST = 10**6
_RATIONAL = re.compile(r"-?(\d+|0x[0-9a-f]+)(/(\d+|0x[0-9a-f]+))?", re.ASCII)
_DECIMAL_MOST = 4000
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TYPES = {"value": "f8", "kind": "i1", "integers": "i4", "evidence_id": "i4", "keys": "u1", "ranges_exact": "b1"}


class WrittenNumber:
    """An exact number of which a file holds only how it is written, and the nearest float."""

    def __init__(self, text: str, nearest: float) -> None:
        self.text = text
        self.nearest = nearest

    def __float__(self) -> float:
        return self.nearest

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<exact number {self.text}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WrittenNumber) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __lt__(self, other: Any) -> bool:
        return self.nearest < float(other)

    def __gt__(self, other: Any) -> bool:
        return self.nearest > float(other)


def write_number(value: Real) -> str:
    """Return an exact number as text: "p/q" in decimal digits, hexadecimal ones if there are thousands; nothing for a float."""
    if isinstance(value, float):
        return ""
    if isinstance(value, (int, Fraction)):
        parts = (value.numerator, value.denominator)
        plain = all(part.bit_length() < 3 * _DECIMAL_MOST for part in parts)
        digits = [str(part) if plain else hex(part) for part in parts if part != 1 or part is parts[0]]
        return "/".join(digits)
    return str(value)


def read_number(text: str, nearest: float | None) -> Real:
    """Return the number that ``write_number`` wrote as ``text``, or raise ``UnreadableError``.

    ``nearest`` is the float that it should be close to, ``None`` where nothing but a fraction will do.
    """
    if not text and nearest is not None:
        return nearest
    if len(text) > _DIGITS_MOST:
        raise UnreadableError(f"an exact value has {len(text):,} characters, more than {_DIGITS_MOST:,}")
    if nearest is not None and not _RATIONAL.fullmatch(text):
        return WrittenNumber(text, nearest)
    try:
        parts = [int(part, 16 if "0x" in part else 10) for part in text.split("/")]
        value = Fraction(*parts)
        close = nearest is None or abs(float(value) - nearest) <= 1e-9 * max(abs(nearest), 1e-300)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        raise UnreadableError(f"the exact value {text[:40]!r} is not a number that can be used") from None
    if not close:
        raise UnreadableError(f"the exact value {text[:40]!r} and the value {nearest!r} disagree")
    return value


def table_columns(table: Table) -> dict[str, Array]:
    """Return the numbers of ``table`` as arrays; its evidence is kept apart, as ``evidence_records``."""
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
    if table.exact is not None:
        written = Texts.of(map(write_number, table.exact))
        columns |= {"exact_letters": written.letters, "exact_ends": written.ends}
    return columns


def table_from(columns: Mapping[str, Array], evidence: tuple[Evidence, ...]) -> Table:
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
        written = texts_from("exact", columns, sets)
        exact = tuple(read_number(text, float(v)) for text, v in zip(written, columns["value"], strict=True))
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
    )


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
