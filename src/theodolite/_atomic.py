"""Files that are either whole or not there, whenever the power goes."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from theodolite._errors import StoreError

__all__ = ["usable_folder", "write_whole"]

_STALE = 3600.0
"""Seconds after which a temporary file belongs to nobody."""


def usable_folder(folder: Any, leftovers: str) -> Path:
    """Return ``folder`` as a path, made if need be and cleared of temporary files that match and that nobody writes any more."""
    try:
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        for left in path.glob(leftovers):
            if time.time() - left.stat().st_mtime > _STALE:
                left.unlink(missing_ok=True)
    except (OSError, TypeError) as error:
        raise StoreError(
            f"The folder {folder} cannot be used", cause=str(error), fix="Name a folder that exists or can be made"
        ) from error
    return path


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, force it to the disk, and rename it to ``path``.

    If anything fails, the temporary file is removed, whatever was at ``path`` stays, and the error goes on.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _force_folder(path.parent)


def _force_folder(folder: Path) -> None:
    """Make the new name itself survive a crash, where the system lets folders be opened (Windows does not)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
