"""The global minimizers of a linear residual network that lie within O(1 / depth) of the identity.

With ``P = (I + A_l) ... (I + A_1)`` prescribed and det P > 0, the polar factors ``P = Q S``, ``Q = e^K`` (K skew, angles in
[0, pi]) give the points of the path ``e^{t K} S^t`` from I to P, taken one after the other:

    I + A_k = e^{k K / l} S^{1 / l} e^{-(k - 1) K / l},     max_k ||A_k||_2 <= (pi + g max(1, s_1^{1 / l})) / l,

g the largest ``|log s_i(P)|``. Where det P < 0 there are none: ``||A_k|| <= 1`` for all k makes det P >= 0 (Hardt & Ma 2016;
the explicit factors after Zhou & Liang 2017, arXiv:1710.06910, in the canonical form proved in the documentation).
"""

from __future__ import annotations

import numpy as np

from theodolite._errors import NotCoveredError
from theodolite._typing import Matrix, Parameters, Vector
from theodolite.linear._reduction import Reduction

__all__ = ["factors_near_identity", "fitted_map"]


def fitted_map(reduction: Reduction) -> Matrix:
    """Return the best linear map that is invertible with positive determinant; ``NotCoveredError`` where there is none.

    What the data leaves open (inputs that no sample contains) is mapped as near to the identity as orthogonally possible.
    """
    size = reduction.d_in
    best = reduction.target @ reduction.inverse
    if reduction.m < reduction.rho:
        raise NotCoveredError(
            "No global minimum has all ||A_k|| < 1",
            cause=f"the best map has rank {reduction.m} on the {reduction.rho} dimensions of the inputs, and a product of "
            "I + A_k with all ||A_k|| < 1 is invertible",
            fix="Use global_minimum().representative(), whose layers are balanced",
        )
    free = reduction.free
    if free.shape[1]:
        rest = np.linalg.qr(reduction.left, mode="complete")[0][:, reduction.m :]
        inside, _, outside = np.linalg.svd(rest.T @ free)
        flipped = inside.copy()
        flipped[:, -1] *= -1
        choices = [best + rest @ turn @ outside @ free.T for turn in (inside, flipped)]
        best = max(choices, key=lambda choice: float(np.linalg.slogdet(choice)[0]))
    if np.linalg.slogdet(best)[0] <= 0:
        raise NotCoveredError(
            "No global minimum is near the identity",
            cause=f"the best {size} x {size} map has a negative determinant, and if all ||A_k|| <= 1 the product of the "
            "I + A_k has a determinant of zero or more: every global minimum has some ||A_k|| > 1",
            fix="Use global_minimum().representative(), whose layers are balanced, or change the sign of one output",
        )
    return np.asarray(best)


def factors_near_identity(product: Matrix, depth: int) -> Parameters:
    """Return A_1, ..., A_l with ``(I + A_l) ... (I + A_1) = product``, whose determinant is positive.

    >>> parts = factors_near_identity(np.array([[0.0, -1.0], [1.0, 0.0]]), 100)
    >>> bool(max(np.linalg.norm(part, 2) for part in parts) < 0.016)
    True
    """
    left, sizes, right = np.linalg.svd(product)
    axes, angles = _rotation(left @ right)
    root = (right.T * sizes ** (1 / depth)) @ right
    turns = [_turn(axes, angles * k / depth) for k in range(depth + 1)]
    return tuple(turns[k] @ root @ turns[k - 1].T - np.eye(len(product)) for k in range(1, depth + 1))


def _rotation(matrix: Matrix) -> tuple[Matrix, Vector]:
    """Return orthonormal axes, two by two for each plane that is turned and single ones at the end, and the planes' angles.

    Axes of eigenvalue -1 come in pairs, as the determinant is 1: each pair is a plane turned by pi.
    """
    from scipy.linalg import schur

    form, basis = schur(matrix, output="real")
    size = len(matrix)
    planes: list[tuple[int, int, float]] = []
    fixed: list[int] = []
    turned: list[int] = []
    i = 0
    while i < size:
        if i + 1 < size and abs(form[i + 1, i]) > 1e-12:
            planes.append((i, i + 1, float(np.arctan2(form[i + 1, i], form[i, i]))))
            i += 2
        else:
            (turned if form[i, i] < 0 else fixed).append(i)
            i += 1
    planes += [(a, b, float(np.pi)) for a, b in zip(turned[::2], turned[1::2], strict=True)]
    order = [i for a, b, _ in planes for i in (a, b)] + fixed
    return basis[:, order], np.array([angle for *_, angle in planes])


def _turn(axes: Matrix, angles: Vector) -> Matrix:
    """Return the rotation by these angles of the planes that the axes span two by two."""
    block = np.eye(len(axes))
    for plane, angle in enumerate(angles):
        i = 2 * plane
        block[i : i + 2, i : i + 2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return np.asarray(axes @ block @ axes.T)
