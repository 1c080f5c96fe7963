"""Activations that are injective: their values, slopes, ranges, and how much they can bend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from theodolite._typing import Array

__all__ = ["Activation", "activation_named"]


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation s: ``lipschitz`` bounds s', ``bend`` bounds |s''| (away from a kink), values lie strictly inside ``span``.

    ``least_slope(z, reach)`` is a lower bound on s' at all numbers within ``reach`` of ``z``, entry by entry.
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    second: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    least_slope: Callable[[Array, Array], Array]
    span: tuple[float, float]
    lipschitz: float
    bend: float
    negative_slope: float | None = None

    @property
    def has_kink(self) -> bool:
        """Whether the slope jumps at zero."""
        return self.negative_slope not in (None, 1.0)


def _sigmoid(z: Array) -> Array:
    positive = 1 / (1 + np.exp(-np.abs(z)))
    return np.where(z >= 0, positive, 1 - positive)


def _sigmoid_slope(z: Array) -> Array:
    small = np.exp(-np.abs(z))
    return np.asarray(small / (1 + small) ** 2)


def _tanh_slope(z: Array) -> Array:
    return np.asarray(4 * _sigmoid_slope(2 * z))


def activation_named(name: str, negative_slope: float) -> Activation | None:
    """Return the activation called ``leaky_relu``, ``tanh`` or ``sigmoid``; ``None`` for other names.

    At zero a leaky ReLU has its negative slope, as PyTorch's has.
    """
    if name == "tanh":
        return Activation(
            name,
            np.tanh,
            _tanh_slope,
            lambda z: -2 * np.tanh(z) * _tanh_slope(z),
            np.arctanh,
            lambda z, reach: _tanh_slope(np.abs(z) + reach),
            (-1.0, 1.0),
            1.0,
            4 / (3 * sqrt(3)),
        )
    if name == "sigmoid":
        return Activation(
            name,
            _sigmoid,
            _sigmoid_slope,
            lambda z: _sigmoid_slope(z) * (1 - 2 * _sigmoid(z)),
            lambda h: np.log(h) - np.log1p(-h),
            lambda z, reach: _sigmoid_slope(np.abs(z) + reach),
            (0.0, 1.0),
            0.25,
            1 / (6 * sqrt(3)),
        )
    if name == "leaky_relu":
        a, low = negative_slope, min(1.0, negative_slope)
        return Activation(
            name,
            lambda z: np.where(z > 0, z, a * z),
            lambda z: np.where(z > 0, 1.0, a),
            np.zeros_like,
            lambda h: np.where(h > 0, h, h / a),
            lambda z, reach: np.where(z - reach > 0, 1.0, np.where(z + reach < 0, a, low)),
            (-inf, inf),
            max(1.0, a),
            0.0,
            a,
        )
    return None
