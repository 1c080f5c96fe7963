"""What a file is by its first bytes, so that a wrong suffix is told from a broken file."""

from __future__ import annotations

from pathlib import Path

from theodolite._errors import DataError

__all__ = ["refuse_other_formats"]

_SIGNATURES: tuple[tuple[bytes, str, str | None], ...] = (
    (b"\x93NUMPY", "a NumPy array", ".npy"),
    (b"PAR1", "a Parquet table", ".parquet"),
    (b"\x89PNG", "a PNG image", None),
    (b"\xff\xd8\xff", "a JPEG image", None),
    (b"GIF8", "a GIF image", None),
    (b"%PDF", "a PDF document", None),
    (b"\x1f\x8b", "gzip-compressed data", None),
    (b"BZh", "bzip2-compressed data", None),
    (b"\xfd7zXZ", "xz-compressed data", None),
    (b"\x89HDF", "an HDF5 file", None),
    (b"SQLite format 3", "an SQLite database", None),
    (b"\xd0\xcf\x11\xe0", "an old Office document", None),
    (b"ARROW1", "an Arrow (Feather) file", None),
    (b"MATLAB", "a MATLAB file", None),
    (b"\x7fELF", "a program", None),
    (b"\x80\x02", "a pickle", None),
    (b"\x80\x03", "a pickle", None),
    (b"\x80\x04", "a pickle", None),
    (b"\x80\x05", "a pickle", None),
)


def _what(head: bytes) -> tuple[str, str | None] | None:
    for start, name, suffix in _SIGNATURES:
        if head.startswith(start):
            return name, suffix
    if head.startswith(b"PK\x03\x04"):
        member = head[30:300]
        if b".npy" in member:
            return "a NumPy archive", ".npz"
        return ("an Excel workbook", None) if b"[Content_Types]" in member else ("a ZIP archive", None)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return "a web page or XML", None
    if text.startswith((b"{", b"[{", b"[[")):
        return "JSON", None
    if head and all(byte in b"\t\n\r" or byte >= 32 for byte in head.removeprefix(b"\xef\xbb\xbf")):
        return "text", ".csv"
    return None


def refuse_other_formats(path: Path, source: str, expected: str, suffixes: tuple[str, ...]) -> None:
    """Raise ``DataError`` where the first bytes of ``path`` are those of another format than ``expected`` (``suffixes``)."""
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise DataError(f"{source} is empty", cause="the file has no bytes", fix=f"Give {expected}")
    found = _what(head)
    if found is None and ".csv" in suffixes:
        return  # text in some encoding, or noise: reading it will tell
    if found is not None and found[1] in suffixes:
        return
    name, suffix = found or ("something else", None)
    raise DataError(
        f"{source} is not {expected}, as its name says: it holds {name}",
        cause=f"its first bytes are {head[:8]!r}",
        fix=f"Rename it to {path.with_suffix(suffix).name}" if suffix else "Convert it to CSV, NPY or Parquet",
    )
