"""Linear networks: every critical point of their loss."""

from theodolite.linear._landscape import LinearLandscape
from theodolite.linear._residual import ResidualLandscape

__all__ = ["LinearLandscape", "ResidualLandscape"]
