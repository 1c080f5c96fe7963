"""The true loss of shallow networks on an affine target: every critical point (Cheridito, Jentzen & Rossmannek 2021)."""

from theodolite.affine._landscape import AffineTargetLandscape
from theodolite.affine._piecewise import PiecewiseTargetLandscape
from theodolite.affine._verdicts import AffineVerdict

__all__ = ["AffineTargetLandscape", "AffineVerdict", "PiecewiseTargetLandscape"]
