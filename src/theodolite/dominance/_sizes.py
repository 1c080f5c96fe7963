"""The sizes that every constant of a product of layers is made of, and the constants.

Each constant mu has ||grad h||^2 >= 2 mu (h - h*) at every point with each layer within ``radius`` (spectral norm) of the centre:

    ntk      s_min(J)^2,                               J the Jacobian of all outputs by all weights
    comp     sum_k s(L_k)^2 s(R_k X)^2                 s the singular value that vanishes with the rank
    product  s(X)^2 prod_{j>k} s(W_j)^2 prod_{j<k} s(W_j)^2, summed over k

and each is no larger than the one before it. Away from the centre Weyl's inequality lowers s by how far the matrix can
have moved (Zhou & Liang 2017, arXiv:1710.06910; in this generality our own statement, proved in the documentation).

The formulas work in floats, and in Fractions that bound the sizes from the safe side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, prod, sqrt
from typing import Any, TypeAlias

import numpy as np

from theodolite._typing import Parameters
from theodolite.dominance._chain import Chain, singular_value

__all__ = [
    "Scalar",
    "Sizes",
    "best_constant",
    "comp_constant",
    "largest_radius",
    "measure",
    "ntk_constant",
    "product_constant",
    "residual_constant",
    "root",
    "smoothness",
    "steepness",
]

Scalar: TypeAlias = Any
"""A float, or in verified arithmetic a Fraction: the formulas are the same."""

_DENSE_MOST = 6_000_000
"""Up to so many entries the Jacobian is decomposed as it is; beyond, its Gram matrix, which is as wide as it has rows."""
_GRAM_MOST = 5000
"""Up to so many rows."""


@dataclass(frozen=True)
class Sizes:
    """Lower bounds on singular values and upper bounds on norms, at one point.

    ``lefts`` and ``rights`` are s_{d_H}(L_k) and s_r(R_k X), ``rows`` and ``columns`` s_{d_j}(W_j) and s_{d_{j-1}}(W_j),
    ``norms`` ||W_j||, ``ntk`` s_min(J) (``None`` where J is too large), ``residual`` an upper bound on ||E||.
    """

    x_low: Scalar
    x_high: Scalar
    lefts: tuple[Scalar, ...]
    rights: tuple[Scalar, ...]
    rows: tuple[Scalar, ...]
    columns: tuple[Scalar, ...]
    norms: tuple[Scalar, ...]
    ntk: Scalar | None
    residual: Scalar

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.norms)


def root(value: Scalar, up: bool) -> Scalar:
    """Return the square root; that of a Fraction is rounded, up or down, far beyond float precision."""
    if not isinstance(value, Fraction):
        return sqrt(value)
    if value == 0:
        return value
    shift = max(0, 256 - value.numerator.bit_length() + value.denominator.bit_length())
    shift += shift % 2
    whole = isqrt((value.numerator << shift) // value.denominator)
    return Fraction(whole + up, 1 << (shift // 2))


def measure(chain: Chain, weights: Parameters) -> Sizes:
    """Return the sizes at ``weights`` in floating point."""
    lefts, rights = chain.lefts(weights), chain.rights(weights)
    outputs, rank = len(chain.y), chain.rank
    spectra = [np.linalg.svd(weight, compute_uv=False) for weight in weights]
    return Sizes(
        x_low=singular_value(chain.x, rank),
        x_high=float(np.linalg.norm(chain.x, 2)),
        lefts=tuple(singular_value(left, outputs) for left in lefts),
        rights=tuple(singular_value(right, rank) for right in rights[:-1]),
        rows=tuple(_last(values, weight.shape[0]) for values, weight in zip(spectra, weights, strict=True)),
        columns=tuple(_last(values, weight.shape[1]) for values, weight in zip(spectra, weights, strict=True)),
        norms=tuple(float(values[0]) for values in spectra),
        ntk=_ntk(chain, weights),
        residual=float(np.linalg.norm(rights[-1] - chain.y)) + chain.rounding(weights),
    )


def _last(values: Any, size: int) -> float:
    return float(values[-1]) if len(values) == size else 0.0


def _ntk(chain: Chain, weights: Parameters) -> float | None:
    """Return s_min(J), as a singular value where possible: eigenvalues of J J^T lose half of the digits."""
    lefts, rights = chain.lefts(weights), chain.rights(weights)[:-1]
    rows = len(chain.y) * chain.rank
    if (
        len(weights) <= 2
    ):  # one factor of every term is an identity, and the smallest singular value of the other enters
        low = singular_value(lefts[0], len(chain.y))
        return singular_value(np.concatenate([low * chain.x, *rights[1:]]), chain.rank)
    if rows * sum(weight.size for weight in weights) <= _DENSE_MOST:
        return singular_value(chain.jacobian(weights), rows)
    if rows > _GRAM_MOST:
        return None
    gram: Any = sum(np.kron(left @ left.T, right.T @ right) for left, right in zip(lefts, rights, strict=True))
    values = np.linalg.eigvalsh(gram)
    return sqrt(max(float(values[0] - rows * np.finfo(np.float64).eps * values[-1]), 0.0))


def _plus(value: Scalar) -> Scalar:
    return value if value > 0 else value * 0


def _growth(norms: Sequence[Scalar], radius: Scalar) -> Scalar:
    """Return how far a product of layers of these norms can move when each moves by ``radius``."""
    return prod(norm + radius for norm in norms) - prod(norms) if radius else radius * 0


def product_constant(sizes: Sizes, radius: Scalar = 0.0) -> Scalar:
    """Return the constant made of the singular values of single layers.

    For square layers it is s_r(X)^2 sum_k prod_{j != k} (s_d(W_j) - radius)_+^2, positive up to the second smallest s_d(W_j).
    """
    rows = [_plus(size - radius) ** 2 for size in sizes.rows]
    columns = [_plus(size - radius) ** 2 for size in sizes.columns]
    return sizes.x_low**2 * sum(prod(rows[k + 1 :]) * prod(columns[:k]) for k in range(sizes.depth))


def comp_constant(sizes: Sizes, radius: Scalar = 0.0) -> Scalar:
    """Return the constant made of the singular values of products of layers."""
    total = sizes.x_low * 0
    for k in range(sizes.depth):
        left = sizes.lefts[k] - _growth(sizes.norms[k + 1 :], radius)
        right = sizes.rights[k] - sizes.x_high * _growth(sizes.norms[:k], radius)
        total += _plus(left) ** 2 * _plus(right) ** 2
    return total


def ntk_constant(sizes: Sizes, radius: Scalar = 0.0) -> Scalar | None:
    """Return the constant made of the smallest singular value of the Jacobian, ``None`` where it was not computed."""
    if sizes.ntk is None:
        return None
    if not radius:
        return sizes.ntk**2
    drift = root(sum(_growth(_others(sizes.norms, k), radius) ** 2 for k in range(sizes.depth)), up=True)
    return _plus(sizes.ntk - sizes.x_high * drift) ** 2


def residual_constant(x_low: Scalar, depth: int, largest: Scalar) -> Scalar:
    """Return H (1 - a)^(2(H-1)) s_r(X)^2: a constant at every point whose layers I + A_k have ||A_k|| <= a < 1."""
    return depth * _plus(1 - largest) ** (2 * (depth - 1)) * x_low**2


def best_constant(sizes: Sizes, radius: Scalar = 0.0) -> Scalar:
    """Return the largest of the three."""
    found = [ntk_constant(sizes, radius), comp_constant(sizes, radius), product_constant(sizes, radius)]
    return max(value for value in found if value is not None)


def largest_radius(sizes: Sizes) -> float:
    """Return (from below, to a relative 1e-12) up to which radius some constant is positive; infinite for one layer."""
    if sizes.depth == 1:
        return np.inf
    low, high = 0.0, float(max(sizes.norms))
    if not high or not best_constant(sizes, low) > 0:
        return 0.0
    kind: Callable[[float], Scalar] = Fraction if isinstance(sizes.norms[0], Fraction) else float
    for _ in range(200):
        middle = (low + high) / 2
        if best_constant(sizes, kind(middle)) > 0:
            low = middle
        else:
            high = middle
        if high - low <= 1e-13 * high:
            break
    return low


def _others(norms: Sequence[Scalar], *places: int) -> list[Scalar]:
    return [norm for j, norm in enumerate(norms) if j not in places]


def steepness(sizes: Sizes, radius: Scalar) -> Scalar:
    """Return max_k ||X|| prod_{j != k} (||W_j|| + radius): the gradient of a layer is at most this times ||E||."""
    norms = [norm + radius for norm in sizes.norms]
    return sizes.x_high * max(prod(_others(norms, k)) for k in range(sizes.depth))


def smoothness(sizes: Sizes, radius: Scalar) -> Scalar:
    """Return an upper bound on the Hessian within ``radius``, wherever ||E|| is no larger than at the centre."""
    norms = [norm + radius for norm in sizes.norms]
    first = sizes.x_high**2 * sum(prod(_others(norms, k)) ** 2 for k in range(sizes.depth))
    return first + sizes.x_high * sizes.residual * _curvature(norms)


def _curvature(norms: Sequence[Scalar]) -> Scalar:
    """Return an upper bound on the largest eigenvalue of C_ij = product of the norms other than i and j, C_ii = 0.

    For any positive vector v it is at most max_i (C v)_i / v_i (Collatz); v is an approximate eigenvector.
    """
    size = len(norms)
    if size == 1:
        return norms[0] * 0
    rows = [[prod(_others(norms, i, j)) if i != j else norms[0] * 0 for j in range(size)] for i in range(size)]
    scale = max(max(row) for row in rows)
    if not scale:
        return scale
    floats = np.array([[float(entry / scale) for entry in row] for row in rows])
    vector = np.abs(np.linalg.eigh(floats)[1][:, -1]) + 1e-6
    kind: Callable[[float], Scalar] = Fraction if isinstance(norms[0], Fraction) else float
    weights = [kind(float(entry)) for entry in vector]
    return max(sum(a * b for a, b in zip(row, weights, strict=True)) / w for row, w in zip(rows, weights, strict=True))
