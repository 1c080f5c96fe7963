"""The three containers of an atlas file: each turns a header and columns into bytes, and back without trusting them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import msgspec
import numpy as np

from theodolite._columns import texts_from
from theodolite._errors import AtlasFileError
from theodolite._kind import Kind
from theodolite._npz import UnreadableError, read_npz, write_npz
from theodolite._table import INTEGERS, UNKNOWN
from theodolite._texts import Texts
from theodolite._typing import Array

__all__ = ["CONTAINERS", "Columns", "Container", "Header", "json_bytes"]

Header: TypeAlias = dict[str, Any]
Columns: TypeAlias = dict[str, Array]

BYTES_MOST = 2**33
"""Larger files are not read."""

ROWS_MOST = 2 * 10**7
"""Files that claim more sets are not read."""


_KINDS_MOST = 100


@dataclass(frozen=True)
class Container:
    """How files of one suffix are written and read."""

    write: Callable[[BinaryIO, Header, Columns], object]
    read: Callable[[Path], tuple[Header, Columns]]


class _Sets(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The columns in words and numbers that any program can read; ``None`` is unknown."""

    value: list[float]
    kind: list[str]
    index: list[int | None]
    nullity: list[int | None]
    dimension: list[int | None]
    index_low: list[int | None]
    index_high: list[int | None]
    nullity_low: list[int | None]
    nullity_high: list[int | None]
    label: list[str]
    key: list[str]
    evidence: list[int]
    ranges_exact: list[bool]
    exact: list[str] | None = None
    lower: list[float | None] | None = None
    upper: list[float | None] | None = None


def json_bytes(header: Header, columns: Columns) -> bytes:
    """Return the JSON text of an atlas."""
    return msgspec.json.encode({**header, "sets": _in_words(columns)})


def _in_words(columns: Columns) -> _Sets:
    count = len(columns["value"])
    words = [str(kind) for kind in Kind]
    integers = {
        name: [None if n == UNKNOWN else n for n in column.tolist()]
        for name, column in zip(INTEGERS, columns["integers"].T, strict=True)
    }
    return _Sets(
        value=columns["value"].tolist(),
        kind=[words[code] for code in columns["kind"].tolist()],
        **integers,
        label=list(texts_from("label", columns, count)),
        key=[row.tobytes().hex() for row in columns["keys"]],
        evidence=columns["evidence_id"].tolist(),
        ranges_exact=columns["ranges_exact"].tolist(),
        exact=list(texts_from("exact", columns, count)) if "exact_ends" in columns else None,
        lower=_or_none(columns["bounds"][:, 0]) if "bounds" in columns else None,
        upper=_or_none(columns["bounds"][:, 1]) if "bounds" in columns else None,
    )


def _or_none(bounds: Array) -> list[float | None]:
    """Return bounds as JSON can hold them, ``None`` for one that is infinite."""
    return [x if math.isfinite(x) else None for x in bounds.tolist()]


def _out_of_words(sets: _Sets, header: Header) -> Columns:
    count = len(sets.value)
    if count > ROWS_MOST:
        raise UnreadableError(f"it has {count:,} sets, more than {ROWS_MOST:,}")
    for name in sets.__struct_fields__:
        column = getattr(sets, name)
        if column is not None and len(column) != count:
            raise UnreadableError(f"the column {name!r} has {len(column)} entries, 'value' has {count}")
    kinds = header.get("kinds")
    if not isinstance(kinds, list) or len(kinds) > _KINDS_MOST or not all(isinstance(kind, str) for kind in kinds):
        raise UnreadableError("its header has no list of kinds")
    codes = {word: code for code, word in enumerate(kinds)}
    strange = next((word for word in sets.kind if word not in codes), None)
    if strange is not None:
        raise UnreadableError(f"{strange[:40]!r} is no kind of critical set")
    columns: Columns = {
        "value": np.array(sets.value, dtype=np.float64),
        "kind": np.array([codes[word] for word in sets.kind], dtype=np.int8),
        "integers": np.stack([_integers(name, getattr(sets, name)) for name in INTEGERS], axis=1),
        "evidence_id": _integers("evidence", sets.evidence),
        "keys": _keys(sets.key),
        "ranges_exact": np.array(sets.ranges_exact, dtype=np.bool_),
    }
    if (sets.lower is None) != (sets.upper is None):
        raise UnreadableError("it has one of 'lower' and 'upper' without the other")
    if sets.lower is not None and sets.upper is not None:
        pairs = zip(sets.lower, sets.upper, strict=True)
        known = [(-math.inf if low is None else low, math.inf if high is None else high) for low, high in pairs]
        columns["bounds"] = np.array(known, dtype=np.float64).reshape(count, 2)
    return columns | _packed("label", sets.label) | ({} if sets.exact is None else _packed("exact", sets.exact))


def _integers(name: str, numbers: Sequence[int | None]) -> Array:
    if any(n is not None and not 0 <= n < 2**31 for n in numbers):
        raise UnreadableError(f"the column {name!r} has a number that is negative or above {2**31 - 1}")
    return np.array([UNKNOWN if n is None else n for n in numbers], dtype=np.int32)


def _keys(texts: list[str]) -> Array:
    width = len(texts[0]) if texts else 0
    try:
        block = bytes.fromhex("".join(texts))
    except ValueError:
        raise UnreadableError("a key is not hexadecimal") from None
    if any(len(text) != width for text in texts) or len(block) * 2 != width * len(texts):
        raise UnreadableError("the keys are not of one length")
    return np.frombuffer(block, dtype=np.uint8).reshape(len(texts), width // 2)


def _packed(name: str, texts: list[str]) -> Columns:
    try:
        packed = Texts.of(texts)
    except UnicodeEncodeError:
        raise UnreadableError(f"a text in {name!r} has half of a character") from None
    return {f"{name}_letters": packed.letters, f"{name}_ends": packed.ends}


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > BYTES_MOST:
        raise UnreadableError(f"it has {size:,} bytes, more than {BYTES_MOST:,}")


def _object(text: bytes) -> dict[str, msgspec.Raw]:
    """Return the members of a JSON object, not yet decoded."""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableError(f"it is not a whole JSON object ({error})") from None


def _decoded(members: Mapping[str, msgspec.Raw]) -> Header:
    try:
        return {name: msgspec.json.decode(raw) for name, raw in members.items()}
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableError(f"its header cannot be read ({error})") from None


def _write_json(file: BinaryIO, header: Header, columns: Columns) -> None:
    file.write(json_bytes(header, columns))


def _read_json(path: Path) -> tuple[Header, Columns]:
    _check_size(path)
    members = _object(path.read_bytes())
    raw = members.pop("sets", None)
    if raw is None:
        raise UnreadableError("it has no member 'sets'")
    try:
        sets = msgspec.json.decode(raw, type=_Sets)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise UnreadableError(f"its sets cannot be read ({error})") from None
    header = _decoded(members)
    return header, _out_of_words(sets, header)


def _write_npz(file: BinaryIO, header: Header, columns: Columns) -> None:
    write_npz(file, msgspec.json.encode(header), columns)


def _read_npz(path: Path) -> tuple[Header, Columns]:
    _check_size(path)
    header, columns = read_npz(path)
    return _decoded(_object(header)), columns


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise AtlasFileError(
            "Parquet files need pyarrow", cause="it is not installed", fix="pip install 'theodolite[parquet]'"
        ) from None
    return pyarrow


def _write_parquet(file: BinaryIO, header: Header, columns: Columns) -> None:
    arrow = _pyarrow()
    words = _in_words(columns)
    small = dict.fromkeys((*INTEGERS, "evidence"), arrow.int32())
    floats = dict.fromkeys(("value", "lower", "upper"), arrow.float64())
    types = small | floats | {"ranges_exact": arrow.bool_(), "key": arrow.string()}
    names = [name for name in words.__struct_fields__ if getattr(words, name) is not None]
    arrays = [arrow.array(getattr(words, name), type=types.get(name, arrow.string())) for name in names]
    table = arrow.Table.from_arrays(arrays, names=names, metadata={"theodolite": msgspec.json.encode(header)})
    arrow.parquet.write_table(table, file, compression="zstd")


def _read_parquet(path: Path) -> tuple[Header, Columns]:
    _check_size(path)
    arrow = _pyarrow()
    try:
        claims = arrow.parquet.read_metadata(path)
        _check_claims(claims)
        texts = [name for name in ("kind", "label", "key", "exact") if name in claims.schema.names]
        with arrow.parquet.ParquetFile(path, read_dictionary=texts, arrow_extensions_enabled=False) as file:
            metadata = (file.schema_arrow.metadata or {}).get(b"theodolite")
            if metadata is None:
                raise UnreadableError("it is a Parquet file of something else")
            table = file.read()
            _check_texts(arrow, table, texts)
            given = {name: table.column(name).to_pylist() for name in table.column_names}
    except (arrow.ArrowException, ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise UnreadableError(f"it is not a whole Parquet file ({error})") from None
    try:
        sets = msgspec.convert(given, _Sets)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"its sets cannot be read ({error})") from None
    header = _decoded(_object(metadata))
    return header, _out_of_words(sets, header)


def _check_claims(metadata: Any) -> None:
    if metadata.num_rows > ROWS_MOST:
        raise UnreadableError(f"it claims {metadata.num_rows:,} sets, more than {ROWS_MOST:,}")
    claimed = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    if claimed > BYTES_MOST:
        raise UnreadableError(f"it claims {claimed:,} bytes, more than {BYTES_MOST:,}")


def _check_texts(arrow: Any, table: Any, names: list[str]) -> None:
    """Refuse texts that would fill the memory once each set has its own copy."""
    from pyarrow import compute

    for name in names:
        size = 0
        for chunk in table.column(name).chunks:
            if not arrow.types.is_dictionary(chunk.type):
                raise UnreadableError(f"the column {name!r} holds {chunk.type}, not texts")
            lengths = compute.take(compute.binary_length(chunk.dictionary), chunk.indices)
            size += compute.sum(lengths).as_py() or 0
        if size > BYTES_MOST:
            raise UnreadableError(f"the column {name!r} would have {size:,} bytes")


CONTAINERS = {
    ".json": Container(_write_json, _read_json),
    ".npz": Container(_write_npz, _read_npz),
    ".parquet": Container(_write_parquet, _read_parquet),
}
"""The containers by suffix."""
