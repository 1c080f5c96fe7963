"""Linear networks: every critical point of their loss."""

from theodolite.linear._landscape import LinearLandscape

__all__ = ["LinearLandscape"]
