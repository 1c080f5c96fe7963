"""The smallest radius within which gradient descent provably stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from theodolite.dominance._sizes import Scalar, root

__all__ = ["Need", "smallest_radius"]

_GRID = 240
_REFINED = 40


@dataclass(frozen=True)
class Need:
    """How far descent may go, as functions of the radius that mu and the layers' norms are taken on.

    With delta the excess loss at the start, sqrt(8 delta / mu) bounds the whole path of gradient descent with step 1/L, and
    2 G sqrt(2 delta) / mu the way of each layer, G the layer's steepness; sqrt(2 delta / mu) bounds the way to a minimizer.
    """

    mu: Callable[[Scalar], Scalar]
    steepness: Callable[[Scalar], Scalar]
    excess: Scalar

    def path(self, radius: Scalar) -> Scalar | None:
        """Return the smaller of the two bounds on the way of a layer, ``None`` where mu vanishes."""
        mu = self.mu(radius)
        if not mu > 0:
            return None
        whole = root(8 * self.excess / mu, up=True)
        return min(whole, 2 * self.steepness(radius) * root(2 * self.excess, up=True) / mu)

    def reach(self, radius: Scalar) -> Scalar | None:
        """Return the bound on the distance of a minimizer, ``None`` where mu vanishes."""
        mu = self.mu(radius)
        return root(2 * self.excess / mu, up=True) if mu > 0 else None


def smallest_radius(
    need: Callable[[Scalar], Scalar | None], limit: float, number: Callable[[float], Scalar], margin: float = 0.0
) -> Scalar | None:
    """Return a small radius below ``limit`` that is at least what it needs; ``None`` if the search finds none.

    What is needed grows with the radius, so the search begins at what the centre needs. Any radius that passes is
    sound, whether or not it is the smallest: the search is a grid, refined once by bisection. ``margin`` is added to the
    radius inside ``need``, for rounding.
    """

    def passes(radius: float) -> bool:
        wanted = need(number(radius) + number(margin))
        return wanted is not None and wanted <= number(radius)

    first = need(number(0.0))
    if first is None or not float(first) < limit:
        return None
    if not first:
        return number(0.0)
    start = float(first)
    end = limit if np.isfinite(limit) else 1e6 * start
    failed = start
    for radius in np.geomspace(start, end, _GRID):
        if passes(float(radius)):
            best = float(radius)
            for _ in range(_REFINED):
                middle = (failed + best) / 2
                if passes(middle):
                    best = middle
                else:
                    failed = middle
            return number(best)
        failed = float(radius)
    return None
