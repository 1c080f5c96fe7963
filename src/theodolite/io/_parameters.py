"""Parameter files: NPZ or NPY arrays, or JSON whose numbers may be written "p/q"."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from sys import float_info
from typing import Any

import numpy as np

from theodolite._errors import DataError
from theodolite._typing import Array
from theodolite.io._binary import load_archive, load_array
from theodolite.io._signature import refuse_other_formats

__all__ = ["read_parameters"]

_LONGEST = 1000
_LARGEST_EXPONENT = 400
"""Longer strings and larger exponents would be written out in thousands of digits."""


def read_parameters(source: str | os.PathLike[str]) -> tuple[Array, ...]:
    """Return the arrays of a parameter file, in the order in which they were saved.

    NPZ: the arrays of ``np.savez(path, W1, b1, W2, b2)``. NPY: one array, or one vector as ``land.pack`` returns it.
    JSON: a list of arrays, or an object of them; whole numbers and strings ("1/3", "0.1") are exact, other numbers are the
    floats that they are. Raises ``DataError`` naming the array and the entry that cannot be read.
    """
    name = os.fspath(source)
    path = Path(name)
    suffix = path.suffix.lower()
    if suffix not in (".npz", ".npy", ".json"):
        raise DataError(
            f"{name} is not a parameter file that can be read",
            cause=f"it ends in {path.suffix!r}",
            fix="Save the arrays with numpy.savez (.npz), or write them as JSON (.json)",
        )
    if not path.is_file():
        raise DataError(f"There is no file {name}", fix="Check the name and the folder")
    try:
        if suffix == ".json":
            return _from_json(path, name)
        if suffix == ".npy":
            refuse_other_formats(path, name, "a NumPy array", (".npy",))
            return (load_array(path, name),)
        refuse_other_formats(path, name, "a NumPy archive", (".npz",))
    except OSError as error:
        raise DataError(f"{name} cannot be read", cause=str(error), fix="Give a readable file") from None
    arrays = tuple(load_archive(path, name).values())
    if not arrays:
        raise DataError(f"{name} is empty", cause="the archive has no arrays", fix="Save one array per parameter")
    return arrays


def _from_json(path: Path, name: str) -> tuple[Array, ...]:
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise DataError(f"{name} is not text in UTF-8", fix="Write the parameters as JSON") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is not JSON", cause=str(error), fix=_EXAMPLE) from None
    if isinstance(found, dict):
        keys, arrays = list(found), list(found.values())
    elif isinstance(found, list):
        keys, arrays = [f"array {k}" for k in range(1, len(found) + 1)], found
    else:
        raise DataError(f"{name} holds {found!r:.40}, not a list of arrays", fix=_EXAMPLE)
    if not arrays:
        raise DataError(f"{name} is empty", cause="it has no arrays", fix=_EXAMPLE)
    return tuple(_array(name, key, array) for key, array in zip(keys, arrays, strict=True))


_EXAMPLE = 'Write a list of arrays, for example [[["1/2", 0, 0, 1]], [[1], [0], [0], [2]]]'


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is not a finite number")


def _array(name: str, key: str, nested: Any) -> Array:
    shape = _shape(name, key, nested)
    out: Array = np.empty(shape, dtype=object)
    for place in np.ndindex(*shape):
        entry = nested
        for step in place:
            entry = entry[step]
        out[place] = _number(name, key, place, entry)
    # one float makes the whole array a rounded one
    return out.astype(np.float64) if any(isinstance(entry, float) for entry in out.flat) else out


def _shape(name: str, key: str, nested: Any) -> tuple[int, ...]:
    if not isinstance(nested, list):
        return ()
    shapes = [_shape(name, key, part) for part in nested]
    for place, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise DataError(
                f"{name}: {key} is ragged: its part {place + 1} has shape {shape}, its first has {shapes[0]}",
                fix="Give all rows the same length",
            )
    return (len(shapes), *(shapes[0] if shapes else ()))


def _number(name: str, key: str, place: tuple[int, ...], entry: Any) -> float | Fraction:
    if isinstance(entry, str) and len(entry) <= _LONGEST:
        try:
            if abs(int(entry.lower().partition("e")[2] or 0)) <= _LARGEST_EXPONENT:
                return Fraction(entry)
        except (ValueError, ZeroDivisionError):
            pass
    elif isinstance(entry, (int, float)) and not isinstance(entry, bool) and abs(entry) <= float_info.max:
        return entry if isinstance(entry, float) else Fraction(entry)
    raise DataError(
        f"{name}: {key} has {str(entry)[:40]!r} at {[k + 1 for k in place]}",
        cause="it is not a finite real number",
        fix='Write numbers such as 0.5, 2 or "1/3"',
    )
