"""Delimited text: CSV and its relatives, with delimiter and header found out, every fault named by line and column."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite
from pathlib import Path

import numpy as np

from theodolite._errors import DataError
from theodolite._typing import Array
from theodolite.io._table import Column, DataTable

__all__ = ["read_delimited"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_COMMAS = re.compile(r"[+-]?[0-9]+(?:,[0-9]+)+(?:\.[0-9]*)?")
_DELIMITERS = (",", "\t", ";", "|", " ")
_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar", " ": "space"}
_LARGEST_EXPONENT = 400
"""Beyond it an exact decimal would be written with thousands of digits, and a float would be infinite or zero."""
_SAMPLE = 100
"""How many records decide about the delimiter."""

Record = tuple[int, list[str]]
"""The number of the line where a record begins, and its fields."""


def read_delimited(
    path: Path, source: str, *, delimiter: str | None = None, header: bool | None = None, exact: bool = False
) -> DataTable:
    """Read delimited text; ``exact`` reads every number as the decimal that it is.

    The delimiter is the one that cuts the first lines into equal numbers of fields; the first line is a header if none of its
    fields is a number or if words stand above numbers. Both can be given instead, and a first line that counts the columns
    (0, 1, 2, ...), which may be either, must be.
    Raises ``DataError`` naming the line and column of what cannot be read.
    """
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise DataError(f"The delimiter is {delimiter!r}", fix="Give one letter or mark, for example ';'")
    text = _decode(path.read_bytes(), source)
    mark = delimiter or _find_delimiter(text, "\t" if path.suffix.lower() in (".tsv", ".tab") else ",")
    records = _records(text, mark, source)
    if not records:
        raise DataError(f"{source} is empty", cause="it has no line with text", fix="Give a table of numbers")
    with_header = _is_header(records, source) if header is None else header
    line, first = records[0]
    names = _names(source, line, first) if with_header else [f"x{k}" for k in range(1, len(first) + 1)]
    body = records[1:] if with_header else records
    for line, fields in body:
        if len(fields) != len(names):
            raise DataError(
                f"{source} is ragged: line {line} has {_fields(len(fields))}, line {records[0][0]} has {len(names)}",
                cause=f"fields are separated by a {_NAMES.get(mark, repr(mark))}",
                fix="Give every line the same number of fields, and quote fields that contain the separator",
            )
    columns = tuple(
        _column(source, name, [(line, fields[place].strip()) for line, fields in body], exact)
        for place, name in enumerate(names)
    )
    return DataTable(source, columns, len(body), exact=exact)


def _decode(raw: bytes, source: str) -> str:
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataError(
            f"{source} is not text in UTF-8: line {line} has the byte 0x{raw[error.start]:02X}",
            fix="Save it again as UTF-8, or convert it to CSV if it is no text at all",
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(f"{source} is not text: line {line} has a null byte", fix="Convert it to CSV")
    return text


def _find_delimiter(text: str, usual: str) -> str:
    """Return the mark that cuts most of the first lines into one same number of fields, at least two; ties go to ``usual``."""
    best, best_score = usual, 0.0
    for mark in sorted(_DELIMITERS, key=lambda mark: mark != usual):
        try:
            records = _records(text, mark, "", most=_SAMPLE)
        except DataError:
            continue
        counts = Counter(len(fields) for _, fields in records)
        width, how_often = max(counts.items(), key=lambda item: item[1], default=(1, 0))
        # a space also stands between words: it is only believed where nothing else cuts
        score = how_often / len(records) * (0.5 if mark == " " else 1.0) if width > 1 else 0.0
        if score > best_score + 1e-9:
            best, best_score = mark, score
    return best


def _records(text: str, mark: str, source: str, most: int | None = None) -> list[Record]:
    """Return the records of ``text`` that are not blank, quotes undone."""
    if mark == " ":
        lines = enumerate(text.splitlines(), start=1)
        spaced = [(number, line.split()) for number, line in lines if line.strip()]
        return spaced[:most]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True, strict=True)
    records: list[Record] = []
    line = 1
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                records.append((line, fields))
                if most is not None and len(records) == most:
                    break
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{source} cannot be cut into fields at line {line}",
            cause=str(error),
            fix="Close every quote, and write a quote inside a quoted field twice",
        ) from None
    return records


def _is_header(records: Sequence[Record], source: str) -> bool:
    first = [field.strip() for field in records[0][1]]
    if not any(map(_is_number, first)):
        return any(field and not _NOT_FINITE.fullmatch(field) for field in first)
    if _counts(first) and not first[0]:
        return True
    if _counts(first) and len(first) > 2:
        raise DataError(
            f"{source} begins with a line that counts its columns: {', '.join(first[:3])}, ...",
            cause="it may be a header or the first sample",
            fix="Say which with --header or --no-header",
        )
    counted = [field for field in first if _is_number(field)]
    if not all(field.isdigit() for field in counted) or len(set(first)) != len(first):
        return False
    # numbered columns beside named ones: words must stand above numbers
    below = [fields for _, fields in records[1:_SAMPLE] if len(fields) == len(first)]
    return any(
        field and not _is_number(field) and all(_is_number(fields[place].strip()) for fields in below)
        for place, field in enumerate(first)
        if below and not _NOT_FINITE.fullmatch(field)
    )


def _counts(first: Sequence[str]) -> bool:
    """Whether the fields are 0, 1, 2, ... or 1, 2, 3, ..., after an unnamed one perhaps."""
    fields = first[1:] if first[0] == "" else list(first)
    return any(fields == [str(k) for k in range(start, start + len(fields))] for start in (0, 1))


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _meant_as_number(text: str) -> bool:
    return _NOT_FINITE.fullmatch(text) is not None or _COMMAS.fullmatch(text) is not None


def _names(source: str, line: int, fields: Sequence[str]) -> list[str]:
    names = [field.strip() or f"column {place}" for place, field in enumerate(fields, start=1)]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DataError(
                f"{source} has two columns called {name!r}: columns {names.index(name) + 1} and {place + 1} of line {line}",
                fix="Rename one of them",
            )
    return names


def _column(source: str, name: str, entries: Sequence[tuple[int, str]], exact: bool) -> Column:
    """Return entries that are all numbers as numbers, entries of which none is as labels, else the first that is neither."""
    texts = [text for _, text in entries]
    numeric = [_is_number(text) for text in texts]
    if not any(numeric) and not any(map(_meant_as_number, texts)):
        return Column(name, labels=tuple(texts))
    if not all(numeric):
        row = numeric.index(False)
        return Column(name, fault=_not_a_number(source, name, row, entries[row], numeric.count(False), len(entries)))
    if exact:
        return _exact(source, name, entries)
    numbers = np.array([float(text) for text in texts])
    if not np.isfinite(numbers).all():
        row = int(np.argmin(np.isfinite(numbers)))
        return Column(name, fault=_too_large(source, name, row, entries[row]))
    return Column(name, numbers=numbers)


def _exact(source: str, name: str, entries: Sequence[tuple[int, str]]) -> Column:
    numbers: Array = np.empty(len(entries), dtype=object)
    for row, (line, text) in enumerate(entries):
        mantissa, _, exponent = text.lower().partition("e")
        long = len(mantissa) > 2 * _LARGEST_EXPONENT or len(exponent) > 8 or abs(int(exponent or 0)) > _LARGEST_EXPONENT
        if long or not isfinite(float(text)):
            return Column(name, fault=_too_large(source, name, row, (line, text)))
        numbers[row] = Fraction(text)
    return Column(name, numbers=numbers)


def _place(row: int, line: int) -> str:
    return f"row {row + 1} (line {line})"


def _too_large(source: str, name: str, row: int, entry: tuple[int, str]) -> DataError:
    line, text = entry
    return DataError(
        f"{source}: column {name!r} has {_short(text)} in {_place(row, line)}",
        cause="numbers must lie within about 1e-400 and 1.8e308",
        fix="Rescale the column or leave it out with --drop",
    )


def _not_a_number(source: str, name: str, row: int, entry: tuple[int, str], how_many: int, rows: int) -> DataError:
    line, text = entry
    where = _place(row, line)
    if not text:
        fact = f"{source}: column {name!r} has no value in {where}"
    else:
        fact = f"{source}: column {name!r} has {_short(text)} in {where}"
    cause = f"{how_many} of its {rows} entries are not finite numbers"
    if _COMMAS.fullmatch(text):
        cause += "; commas within numbers are not read"
        fix = "Write decimals with a point and thousands without a mark"
    else:
        fix = "Correct, drop or fill those rows, or leave the column out with --drop"
    return DataError(fact, cause=cause, fix=fix)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
