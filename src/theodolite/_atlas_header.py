"""What an atlas file says besides its columns: the fields, their types, and the data if it was asked for."""

from __future__ import annotations

from math import prod
from typing import Any, Literal

import msgspec
import numpy as np

from theodolite._columns import check_text
from theodolite._containers import Header
from theodolite._exact_values import Root, read_fraction, write_fraction
from theodolite._npz import UnreadableError
from theodolite._panels import Description
from theodolite._typing import Array

__all__ = ["AtlasHeader", "DataRecord", "check_texts", "checked_header", "read_data", "written_data"]


class DataRecord(msgspec.Struct, forbid_unknown_fields=True):
    """One array of the data: numbers in row-major order, exact ones as texts."""

    type: Literal["float64", "int64", "exact"]
    shape: tuple[int, ...]
    values: list[int | float | str]


class AtlasHeader(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The fields of a file of the current schema, as ``Atlas`` has them; ``evidence`` is read apart."""

    format: Literal["theodolite atlas"]
    schema: int
    specification: str
    fingerprint: str
    versions: dict[str, str]
    command: str
    complete: bool
    ordered: bool
    stopped: Literal["limit", "budget", "interrupted"] | None
    total: int | None
    selection: str | None
    kinds: list[str]
    description: Description
    evidence: Any
    roots: list[Root]
    data: dict[str, DataRecord] | None = None


def checked_header(header: Header) -> AtlasHeader:
    """Return the header with its types checked, or raise ``UnreadableError`` naming the first field that is wrong."""
    check_texts(header)
    try:
        checked = msgspec.convert(header, AtlasHeader)
    except (msgspec.ValidationError, RecursionError) as error:
        raise UnreadableError(f"its header is wrong: {error}") from None
    if checked.total is not None and checked.total < 0:
        raise UnreadableError(f"its total is {checked.total}")
    return checked


def check_texts(item: Any, name: str = "header") -> None:
    """Raise ``UnreadableError`` if any text anywhere in ``item`` would control a terminal."""
    if isinstance(item, str):
        check_text(item, name)
    elif isinstance(item, dict):
        for key, entry in item.items():
            check_text(key, name)
            check_texts(entry, key)
    elif isinstance(item, list):
        for entry in item:
            check_texts(entry, name)


def written_data(array: Array) -> dict[str, Any]:
    """Return one array of the data as what JSON can hold."""
    shape = list(array.shape)
    if array.dtype == object:
        return {"type": "exact", "shape": shape, "values": [write_fraction(value) for value in array.ravel()]}
    if array.dtype.kind in "iub":
        return {"type": "int64", "shape": shape, "values": array.ravel().tolist()}
    return {"type": "float64", "shape": shape, "values": array.astype(np.float64).ravel().tolist()}


def read_data(name: str, data: DataRecord) -> Array:
    """Return the array that ``written_data`` wrote, or raise ``UnreadableError``."""
    if any(length < 0 for length in data.shape) or prod(data.shape) != len(data.values):
        raise UnreadableError(f"the data {name!r} of shape {data.shape} has {len(data.values)} numbers")
    types: dict[str, tuple[type, ...]] = {"exact": (str,), "int64": (int,), "float64": (int, float)}
    allowed = types[data.type]
    if not all(isinstance(value, allowed) for value in data.values):
        raise UnreadableError(f"the data {name!r} is not all {data.type}")
    if data.type == "exact":
        exact = np.empty(len(data.values), dtype=object)
        for i, text in enumerate(data.values):
            exact[i] = read_fraction(str(text))
        return exact.reshape(data.shape)
    try:
        return np.array(data.values, dtype=data.type).reshape(data.shape)
    except OverflowError:
        raise UnreadableError(f"the data {name!r} has a number that is too large") from None
