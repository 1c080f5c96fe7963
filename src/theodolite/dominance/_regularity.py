"""The regularity condition about a minimizer of a product of layers.

With b = max_k ||W*_k||, D = W - W* of norm eps at most and u = eps / sqrt(H), the residual is J D + r and its derivative
along D is J D + r', where by Maclaurin's inequality on the homogeneous parts of the product

    |r|  <= kappa  |J D|,   kappa  = ||X|| [(b + u)^H - b^H - H b^(H-1) u] / (gamma eps),
    |r'| <= kappa' |J D|,   kappa' = ||X|| H u [(b + u)^(H-1) - b^(H-1)] / (gamma eps)

wherever |J D| >= gamma |D|. So <grad, D> >= c |J D|^2 with c = 1 - kappa - kappa' - kappa kappa', and half of that pays for
||grad||^2: alpha = c gamma^2 / 2, beta = c / (2 Lam (1 + kappa)^2), Lam = ||X||^2 H (b + eps / sqrt(H - 1))^(2 (H - 1)).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from theodolite.dominance._sizes import Scalar, root

__all__ = ["Bounds", "Strength", "chain_bounds", "strength", "widest"]


class Bounds(NamedTuple):
    """kappa, kappa' and Lam at one distance."""

    kappa: Scalar
    turned: Scalar
    steep: Scalar


@dataclass(frozen=True)
class Strength:
    """What holds at one distance: c, alpha and beta."""

    c: Scalar
    alpha: Scalar
    beta: Scalar


def chain_bounds(x_high: Scalar, depth: int, largest: Scalar, gamma: Scalar, distance: Scalar) -> Bounds:
    """Return the bounds for a product of ``depth`` layers whose norms are at most ``largest``, at ``distance`` > 0."""
    one = distance / distance
    short = distance / root(depth * one, up=False)
    bottom = gamma * distance
    far = largest + short
    kappa = x_high * (far**depth - largest**depth - depth * largest ** (depth - 1) * short) / bottom
    turned = x_high * depth * short * (far ** (depth - 1) - largest ** (depth - 1)) / bottom
    if depth == 1:
        return Bounds(0 * one, 0 * one, x_high**2)
    reach = largest + distance / root((depth - 1) * one, up=False)
    return Bounds(max(kappa, 0 * one), max(turned, 0 * one), x_high**2 * depth * reach ** (2 * (depth - 1)))


def strength(bounds: Bounds, gamma: Scalar) -> Strength:
    """Return c, alpha and beta; nothing holds where c is not positive."""
    kappa, turned, steep = bounds
    c = 1 - kappa - turned - kappa * turned
    return Strength(c, c * gamma**2 / 2, c / (2 * steep * (1 + kappa) ** 2))


def widest(at: Callable[[float], Scalar], start: float) -> float | None:
    """Return a distance at which ``at`` (which is c, and falls) is at least 1/2, within a factor of two of the largest."""
    distance = start
    for _ in range(2000):
        if at(distance) >= 0.5:
            return distance
        distance /= 2
    return None
