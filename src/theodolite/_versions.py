"""The versions of the libraries that results depend on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from theodolite._version import __version__

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """Return the version of Theodolite, of Python, and of the libraries that do arithmetic."""
    found = {"theodolite": __version__, "python": platform.python_version()}
    for name in ("numpy", "scipy", "numba", "python-flint"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a partial installation can still survey what it can import
            continue
    return found
