"""A folder of finished pieces of surveys, in which a survey that was ended goes on."""

from __future__ import annotations

import hashlib
import pickle
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from theodolite._atomic import usable_folder, write_whole
from theodolite._columns import checksum, evidence_from, evidence_records, table_columns, table_from
from theodolite._errors import StoreError
from theodolite._exact_values import Root
from theodolite._npz import UnreadableError, read_npz, write_npz
from theodolite._table import Table
from theodolite._typing import Array
from theodolite._version import __version__

__all__ = ["SCHEMA", "Store"]

SCHEMA = 1
"""The version of the files in a store; it enters their names, so that other versions are never read."""


class Store:
    """Finished pieces as files ``NAME.npz``, NAME a hash of landscape, version and piece; several surveys may share a folder.

    A file that is not whole or not what its checksum says counts as missing, and is written anew.
    """

    def __init__(self, folder: str | PathLike[str], fingerprint: str) -> None:
        self.folder = usable_folder(folder, "*.npz.*.tmp")
        self._fingerprint = fingerprint

    def path(self, item: Any) -> Path:
        """Return where the piece ``item`` is kept."""
        text = "\n".join(("theodolite piece", str(SCHEMA), __version__, self._fingerprint, ""))
        return self.folder / f"{hashlib.sha256(text.encode() + _written(item)).hexdigest()}.npz"

    def get(self, item: Any) -> Table | None:
        """Return the finished piece, or ``None`` if it is not there or damaged."""
        path = self.path(item)
        try:
            header, arrays = read_npz(path)
            return _checked(path.stem, header, arrays)
        except (UnreadableError, FileNotFoundError):
            return None
        except OSError as error:
            raise StoreError(
                f"{path} cannot be read", cause=str(error), fix="Make it readable, or delete it"
            ) from error

    def put(self, item: Any, table: Table) -> None:
        """Keep the finished piece."""
        path = self.path(item)
        try:
            arrays, roots = table_columns(table)
            records = evidence_records(table.evidence)
            header = {
                "schema": SCHEMA,
                "piece": path.stem,
                "evidence": records,
                "roots": roots,
                "checksum": checksum(msgspec.json.encode([records, roots]), arrays),
            }
            write_whole(path, lambda file: write_npz(file, msgspec.json.encode(header), arrays))
        except (OSError, UnreadableError) as error:
            raise StoreError(
                f"A finished piece of the survey cannot be written to {self.folder}",
                cause=str(error),
                fix="Make room there, or name another folder; the pieces that are there stay usable",
            ) from error


def _checked(name: str, header: bytes, arrays: dict[str, Array]) -> Table:
    try:
        facts = msgspec.json.decode(header, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise UnreadableError("its header is not JSON") from None
    records, roots = facts.get("evidence"), facts.get("roots")
    whole = facts.get("checksum") == checksum(msgspec.json.encode([records, roots]), arrays)
    if not whole or facts.get("schema") != SCHEMA or facts.get("piece") != name:
        raise UnreadableError("it is damaged")
    return table_from(arrays, evidence_from(records), msgspec.convert(roots, list[Root]))


def _written(item: Any) -> bytes:
    """Return bytes that are equal for equal pieces, in every process."""
    try:
        return msgspec.msgpack.encode(item, enc_hook=_plain, order="deterministic")
    except (TypeError, OverflowError, NotImplementedError):
        return pickle.dumps(item, protocol=4)


def _plain(item: Any) -> Any:
    if isinstance(item, np.ndarray) and item.dtype != object:
        return item.dtype.str, item.shape, np.ascontiguousarray(item).tobytes()
    if isinstance(item, np.generic):
        return item.item()
    if isinstance(item, Fraction):
        return hex(item.numerator), hex(item.denominator)
    raise NotImplementedError
