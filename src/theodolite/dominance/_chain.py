"""A product of layers fitted to data: residual, gradient, Jacobian.

Columns of ``x`` (inputs x rank) and ``y`` (outputs x rank) are samples, reduced so that ``x`` has independent columns. With
L_k = W_H ... W_{k+1}, R_k = W_{k-1} ... W_1 and E = W_H ... W_1 x - y,

    h = 1/2 ||E||^2 + const,      grad_k h = L_k^T E (R_k x)^T,      vec(J D) = sum_k (L_k kron (R_k x)^T) vec(D_k).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log10
from typing import Protocol, runtime_checkable

import numpy as np

from theodolite._errors import DataError
from theodolite._typing import Matrix, Parameters

__all__ = ["EPSILON", "Chain", "Model", "broadest", "check_sizes", "singular_value"]


@runtime_checkable
class Model(Protocol):
    """What is fitted: the excess loss is half the squared norm of ``residual``, for weights anywhere."""

    def residual(self, weights: Parameters) -> Matrix:
        """Return E."""

    def gradient(self, weights: Parameters) -> Parameters:
        """Return the gradient of 1/2 ||E||^2."""

    def jacobian(self, weights: Parameters) -> Matrix:
        """Return the derivative of E, entries in row-major order, by all weights, packed."""

    def worst(self, weights: Parameters, radius: float) -> Iterator[Parameters]:
        """Yield changes of the weights, of spectral norm ``radius`` in each layer at most, that hurt the most."""


EPSILON = float(np.finfo(np.float64).eps)
"""The unit round-off of float64."""

_DIGITS_MOST = 70


def check_sizes(x: Matrix, y: Matrix, weights: Parameters) -> None:
    """Refuse numbers whose squares and products floats cannot hold."""
    size = max(float(np.max(np.abs(array), initial=0.0)) for array in (x, y))
    reach = log10(max(size, 1.0)) + sum(log10(max(float(np.max(np.abs(w), initial=0.0)), 1.0)) for w in weights)
    if reach > _DIGITS_MOST:
        raise DataError(
            f"Data and layers multiply to about 1e{reach:.0f}",
            cause=f"constants are computed from squares of such products, which floats hold up to 1e{2 * _DIGITS_MOST}",
            fix="Rescale the data",
        )


def broadest(weights: Parameters) -> int:
    """Return the largest side of any layer."""
    return max(int(side) for weight in weights for side in weight.shape)


def singular_value(matrix: Matrix, place: int) -> float:
    """Return the ``place``-th largest singular value, counted from 1; zero if there are fewer or if it is only rounding."""
    if place > min(matrix.shape):
        return 0.0
    if place == 0:
        return np.inf
    values = np.linalg.svd(matrix, compute_uv=False)
    rounding = max(matrix.shape) * float(np.finfo(np.float64).eps) * float(values[0])
    return float(values[place - 1]) if values[place - 1] > rounding else 0.0


@dataclass(frozen=True, eq=False)
class Chain:
    """The data that a product of layers is fitted to."""

    x: Matrix
    y: Matrix

    @property
    def rank(self) -> int:
        """The rank of the data."""
        return int(self.x.shape[1])

    def rights(self, weights: Parameters) -> list[Matrix]:
        """Return R_1 x, ..., R_H x and R_{H+1} x, the output."""
        found = [self.x]
        for weight in weights:
            found.append(weight @ found[-1])
        return found

    def lefts(self, weights: Parameters) -> list[Matrix]:
        """Return L_1, ..., L_H; the last is the identity."""
        found = [np.eye(len(self.y))]
        for weight in reversed(weights[1:]):
            found.append(found[-1] @ weight)
        return found[::-1]

    def residual(self, weights: Parameters) -> Matrix:
        """Return E."""
        return np.asarray(self.rights(weights)[-1] - self.y)

    def gradient(self, weights: Parameters) -> Parameters:
        """Return the gradient of 1/2 ||E||^2."""
        *rights, output = self.rights(weights)
        error = output - self.y
        return tuple(left.T @ error @ right.T for left, right in zip(self.lefts(weights), rights, strict=True))

    def jacobian(self, weights: Parameters) -> Matrix:
        """Return J, outputs * rank rows."""
        blocks = [
            np.kron(left, right.T) for left, right in zip(self.lefts(weights), self.rights(weights), strict=False)
        ]
        return np.concatenate(blocks, axis=1)

    def push(self, weights: Parameters, steps: Parameters) -> Matrix:
        """Return J D for the change ``steps`` of the weights."""
        moved: Matrix = np.zeros_like(self.y)
        for left, step, right in zip(self.lefts(weights), steps, self.rights(weights), strict=False):
            moved = moved + left @ step @ right
        return moved

    def rounding(self, weights: Parameters) -> float:
        """Return how large the computed residual may be where the true one is zero."""
        size = float(np.linalg.norm(self.x))
        for weight in weights:
            size *= float(np.linalg.norm(weight, 2))
        return 4 * len(weights) * broadest(weights) * EPSILON * (size + float(np.linalg.norm(self.y)))

    def worst(self, weights: Parameters, radius: float) -> Iterator[Parameters]:
        """Yield the steps that lower the smallest, or all, singular values of some or all layers."""
        lows, alls = [], []
        for weight in weights:
            left, values, right = np.linalg.svd(weight, full_matrices=False)
            lows.append(-min(radius, values[-1]) * np.outer(left[:, -1], right[-1]))
            alls.append(-(left * np.minimum(radius, values)) @ right)
        nothing = tuple(np.zeros_like(weight) for weight in weights)
        for steps in (lows, alls):
            yield tuple(steps)
            for k in range(len(weights)):
                yield (*nothing[:k], steps[k], *nothing[k + 1 :])
                yield (*steps[:k], nothing[k], *steps[k + 1 :])
