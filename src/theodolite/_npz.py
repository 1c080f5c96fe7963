"""NPZ files for strangers: plain arrays only, never pickled, never larger in memory than on the disk.

``numpy.load`` can read what is written here. What is read here may come from anyone, so members must be stored without
compression (their sizes are then those of the file), and each array's header is checked before anything is allocated.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from theodolite._typing import Array

__all__ = ["UnreadableError", "read_npz", "write_npz"]

_HEADER_MOST = 1000
_MEMBERS_MOST = 100


class UnreadableError(Exception):
    """A file is not what it should be; the message says how. Readers turn it into an error of the library."""


def write_npz(file: BinaryIO, header: bytes, arrays: Mapping[str, Array]) -> None:
    """Write ``header`` as the member ``header.json`` and each array as ``NAME.npy``; equal contents give equal bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("header.json"), header)
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
                np.lib.format.write_array(member, little, version=(1, 0), allow_pickle=False)


def read_npz(path: Path) -> tuple[bytes, dict[str, Array]]:
    """Return the header and the arrays of a file that ``write_npz`` made, or raise ``UnreadableError``."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive, path.stat().st_size)
            members = {member.filename: archive.read(member) for member in archive.infolist()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise UnreadableError(f"it is not a whole NPZ file ({error})") from None
    if "header.json" not in members:
        raise UnreadableError("it has no member header.json")
    header = members.pop("header.json")
    return header, {name.removesuffix(".npy"): _array(name, content) for name, content in members.items()}


def _check_sizes(archive: zipfile.ZipFile, size: int) -> None:
    members = archive.infolist()
    if len(members) > _MEMBERS_MOST:
        raise UnreadableError(f"it has {len(members)} members, more than {_MEMBERS_MOST}")
    if len({member.filename for member in members}) < len(members):
        raise UnreadableError("two of its members have one name")
    for member in members:
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise UnreadableError(f"its member {member.filename!r} is compressed or encrypted")
    claimed = sum(member.file_size for member in members)
    if claimed > size:
        raise UnreadableError(f"its members claim {claimed:,} bytes in a file of {size:,}")


def _array(name: str, content: bytes) -> Array:
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise UnreadableError(f"its member {name!r} has NPY version {version}")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=_HEADER_MOST)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise UnreadableError(f"its member {name!r} is not an array ({error})") from None
    if dtype.kind not in "biuf" or dtype.hasobject:
        raise UnreadableError(f"its member {name!r} holds {dtype}, not numbers")
    body = memoryview(content)[stream.tell() :]
    wanted = dtype.itemsize
    for length in shape:
        if length < 0:
            raise UnreadableError(f"its member {name!r} has shape {shape}")
        wanted *= length
    if wanted != len(body) or (fortran and len(shape) > 1):
        raise UnreadableError(f"its member {name!r} of shape {shape} has {len(body):,} bytes of numbers")
    array: Array = np.frombuffer(body, dtype=dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)
