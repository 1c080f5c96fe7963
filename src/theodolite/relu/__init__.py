"""One hidden layer of ReLU or leaky ReLU neurons on data: every local minimum, and a verdict at any point."""

from __future__ import annotations

from theodolite.relu._landscape import ReluLandscape

__all__ = ["ReluLandscape"]
