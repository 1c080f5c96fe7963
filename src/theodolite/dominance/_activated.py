"""One hidden layer with an activation s: g = 1/2 ||W2 s(W1 x) - y||^2, columns of ``x`` and ``y`` being samples.

With H = s(W1 x), m the least slope of s at any entry of W1 x, and s_n(X) = 0 unless the n samples are independent,

    ||grad g||^2 >= 2 [ s_n(H)^2 + m^2 s_q(W2)^2 s_n(X)^2 ] g

at every point; in a ball ||D1||_F, ||D2||_2 <= r with s_n(H) - Lip ||X|| r, s_q(W2) - r, and m over
|z - (W1 x)_ij| <= r ||x_j||.
The first radius is one of the Frobenius norm: entrywise maps do not keep Lipschitz constants in the spectral norm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from theodolite._typing import Matrix, Parameters
from theodolite.dominance._activations import Activation
from theodolite.dominance._chain import EPSILON, broadest, singular_value
from theodolite.dominance._sizes import Scalar

__all__ = [
    "ActivatedModel",
    "ActivatedSizes",
    "activated_constant",
    "activated_smoothness",
    "activated_steepness",
    "measure_activated",
]

_DENSE_MOST = 6_000_000


@dataclass(frozen=True, eq=False)
class ActivatedModel:
    """The data and the activation; weights are (W1, W2)."""

    x: Matrix
    y: Matrix
    activation: Activation

    def hidden(self, weights: Parameters) -> Matrix:
        """Return H."""
        return self.activation.value(weights[0] @ self.x)

    def residual(self, weights: Parameters) -> Matrix:
        """Return W2 H - y."""
        return np.asarray(weights[1] @ self.hidden(weights) - self.y)

    def gradient(self, weights: Parameters) -> Parameters:
        """Return the gradient of g."""
        inputs, error = weights[0] @ self.x, self.residual(weights)
        back = self.activation.slope(inputs) * (weights[1].T @ error)
        return back @ self.x.T, error @ self.activation.value(inputs).T

    def jacobian(self, weights: Parameters) -> Matrix:
        """Return the derivative of the residual, samples * outputs rows, by the packed weights."""
        inputs = weights[0] @ self.x
        slopes, outputs, samples = self.activation.slope(inputs), len(self.y), self.x.shape[1]
        first = np.einsum("ia,aj,bj->ijab", weights[1], slopes, self.x).reshape(outputs * samples, -1)
        return np.concatenate([first, np.kron(np.eye(outputs), self.activation.value(inputs).T)], axis=1)

    def push(self, weights: Parameters, steps: Parameters) -> Matrix:
        """Return J D for the change ``steps``."""
        inputs = weights[0] @ self.x
        moved = self.activation.slope(inputs) * (steps[0] @ self.x)
        return np.asarray(weights[1] @ moved + steps[1] @ self.activation.value(inputs))

    def rounding(self, weights: Parameters) -> float:
        """Return how large the computed residual may be where the true one is zero."""
        inputs = float(np.linalg.norm(weights[0])) * float(np.linalg.norm(self.x))
        size = float(np.linalg.norm(weights[1])) * (float(np.linalg.norm(self.hidden(weights))) + inputs)
        return 8 * broadest((*weights, self.x)) * EPSILON * (size + float(np.linalg.norm(self.y)))

    def kink_radius(self, weights: Parameters) -> float:
        """Return how far (Frobenius) W1 can move before an entry of W1 x changes its sign; infinite without a kink."""
        if not self.activation.has_kink:
            return inf
        sizes = np.linalg.norm(self.x, axis=0)
        inputs = np.abs(weights[0] @ self.x)[:, sizes > 0]
        return float(np.min(inputs / sizes[sizes > 0], initial=inf))

    def worst(self, weights: Parameters, radius: float) -> Iterator[Parameters]:
        """Yield steps that shrink the last layer, the hidden outputs, or the least slope."""
        first, second = weights
        left, values, right = np.linalg.svd(second, full_matrices=False)
        low = -min(radius, values[-1]) * np.outer(left[:, -1], right[-1])
        still = np.zeros_like(first)
        yield still, low
        inputs = first @ self.x
        sizes = np.linalg.norm(self.x, axis=0)
        reach = np.abs(inputs) / np.where(sizes > 0, sizes, inf)
        for place in (np.argmax(reach), np.argmin(reach)):
            i, j = np.unravel_index(int(place), inputs.shape)
            step = np.zeros_like(first)
            step[i] = self.x[:, j] / (sizes[j] or 1.0) * radius
            for sign in (1.0, -1.0):
                yield sign * step, low
        outer, _, inner = np.linalg.svd(self.hidden(weights), full_matrices=False)
        turn = (self.activation.slope(inputs) * np.outer(outer[:, -1], inner[-1])) @ np.linalg.pinv(self.x)
        size = float(np.linalg.norm(turn))
        if size:
            yield -radius / size * turn, low


@dataclass(frozen=True)
class ActivatedSizes:
    """Lower bounds on singular values (``_low``) and upper bounds on norms (``_high``) at one point.

    ``slope(r)`` is m for the ball of radius r, ``kink`` how far the slopes stay what they are, ``ntk`` the smallest
    singular value of the Jacobian where it was computed.
    """

    x_low: Scalar
    x_high: Scalar
    hidden_low: Scalar
    hidden_high: Scalar
    out_low: Scalar
    out_high: Scalar
    slope: Callable[[Scalar], Scalar]
    lipschitz: Scalar
    bend: Scalar
    kink: float
    residual: Scalar
    ntk: Scalar | None


def measure_activated(model: ActivatedModel, weights: Parameters) -> ActivatedSizes:
    """Return the sizes at ``weights`` in floating point."""
    inputs, hidden, samples = weights[0] @ model.x, model.hidden(weights), model.x.shape[1]
    reach = np.linalg.norm(model.x, axis=0)
    rows = model.y.size

    def slope(radius: float) -> float:
        return float(np.min(model.activation.least_slope(inputs, radius * reach), initial=inf))

    small = rows * sum(weight.size for weight in weights) <= _DENSE_MOST
    return ActivatedSizes(
        x_low=singular_value(model.x, samples),
        x_high=float(np.linalg.norm(model.x, 2)),
        hidden_low=singular_value(hidden, samples),
        hidden_high=float(np.linalg.norm(hidden, 2)),
        out_low=singular_value(weights[1], len(model.y)),
        out_high=float(np.linalg.norm(weights[1], 2)),
        slope=slope,
        lipschitz=model.activation.lipschitz,
        bend=model.activation.bend,
        kink=model.kink_radius(weights),
        residual=float(np.linalg.norm(model.residual(weights))) + model.rounding(weights),
        ntk=singular_value(model.jacobian(weights), rows) if small else None,
    )


def _plus(value: Scalar) -> Scalar:
    return value if value > 0 else value * 0


def activated_constant(sizes: ActivatedSizes, radius: Scalar = 0.0) -> Scalar:
    """Return mu for the ball of this radius."""
    first = _plus(sizes.hidden_low - sizes.lipschitz * sizes.x_high * radius) ** 2
    return first + sizes.slope(radius) ** 2 * _plus(sizes.out_low - radius) ** 2 * sizes.x_low**2


def activated_smoothness(sizes: ActivatedSizes, radius: Scalar) -> Scalar:
    """Return an upper bound on the Hessian in the ball, wherever the residual is no larger than at the centre."""
    hidden = sizes.hidden_high + sizes.lipschitz * sizes.x_high * radius
    out = sizes.out_high + radius
    curved = sizes.lipschitz * sizes.x_high + sizes.bend * out * sizes.x_high**2
    return hidden**2 + (sizes.lipschitz * out * sizes.x_high) ** 2 + sizes.residual * curved


def activated_steepness(sizes: ActivatedSizes, radius: Scalar) -> Scalar:
    """Return an upper bound on the gradient of either layer over the residual, in the ball."""
    hidden = sizes.hidden_high + sizes.lipschitz * sizes.x_high * radius
    return max(sizes.lipschitz * (sizes.out_high + radius) * sizes.x_high, hidden)
