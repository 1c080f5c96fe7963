"""The normal form of every critical point, and members built from it.

In the coordinates ``A = W1 C``, ``B = W2`` of the reduction, the critical points of the shallow network are exactly

    B = [ U_S , Z , 0 , 0 ] G^-1,      A = G [ U_S^T M ; 0 ; N^T ; 0 ],      W1 = A C^+ + F,

where the columns of ``U_S`` are orthonormal, p_i of them in the eigenspace of mu_i; ``Z`` (p0 columns) is orthonormal in
ker M^T, ``N`` (q columns) orthonormal in ker M, ``G`` invertible, and ``F X^T = 0`` (Zhou & Liang 2017; in this form our own
statement, proved in the documentation). A stratum fixes (p_1..p_k; p0, q).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theodolite._typing import Array, Matrix, Parameters
from theodolite.linear._reduction import Reduction

__all__ = ["balanced_member", "random_free_part", "random_member", "random_orthonormal", "selected_directions"]


def selected_directions(reduction: Reduction, taken: Array, rotations: Sequence[Matrix] | None = None) -> Matrix:
    """Return an orthonormal m x s matrix: coordinates of U_S in the singular basis, ``taken[i]`` columns in group i.

    Without ``rotations`` (one orthonormal m_i x p_i matrix per group) the first directions of each group are taken.
    """
    columns = np.zeros((reduction.m, int(sum(taken))))
    at = 0
    for i, (group, count) in enumerate(zip(reduction.groups, taken, strict=True)):
        block = np.eye(group.stop - group.start, int(count)) if rotations is None else rotations[i]
        columns[group, at : at + int(count)] = block
        at += int(count)
    return columns


def random_orthonormal(source: np.random.Generator, rows: int, columns: int) -> Matrix:
    """Draw an orthonormal rows x columns matrix, uniformly distributed."""
    q, r = np.linalg.qr(source.standard_normal((rows, columns)))
    return q * np.where(np.diag(r) < 0, -1.0, 1.0)


def balanced_member(reduction: Reduction, width: int, taken: Array) -> Parameters:
    """Return the canonical member: p0 = q = 0, F = 0 and W2^T W2 = W1 W1^T."""
    turn = selected_directions(reduction, taken)
    productive, decoder = _balanced_factors(reduction, turn)
    s = decoder.shape[1]
    w1 = np.zeros((width, reduction.d_in))
    w2 = np.zeros((reduction.d_out, width))
    w1[:s] = productive @ reduction.inverse
    w2[:, :s] = decoder
    return w1, w2


def _balanced_factors(reduction: Reduction, turn: Matrix) -> tuple[Matrix, Matrix]:
    """Return A (s x rank) and B (outputs x s) with B A = P_S M and B^T B = (A C^+)(A C^+)^T.

    The singular vectors only choose the gauge: A is made from B, so that the pair is critical to rounding however badly the
    inputs are scaled.
    """
    kept = (turn.T * reduction.singular_values) @ reduction.right.T
    mixing, sizes, _ = np.linalg.svd(kept @ reduction.inverse, full_matrices=False)
    roots = np.sqrt(sizes)
    return (mixing / roots).T @ kept, reduction.left @ turn @ (mixing * roots)


def random_member(
    reduction: Reduction, width: int, taken: Array, p0: int, q: int, source: np.random.Generator
) -> Parameters:
    """Draw a member of the stratum (taken; p0, q): random subspaces, gauge (condition below 3) and free part."""
    rotations = [
        random_orthonormal(source, group.stop - group.start, int(count))
        for group, count in zip(reduction.groups, taken, strict=True)
    ]
    encoder, decoder = _balanced_factors(reduction, selected_directions(reduction, taken, rotations))
    s = decoder.shape[1]
    natural = reduction.natural_size or 1.0
    size_a = float(np.linalg.norm(encoder @ reduction.inverse * reduction.input_scale, 2)) if s else natural
    size_b = float(np.linalg.norm(decoder, 2)) if s else natural
    b = np.zeros((reduction.d_out, width))
    a = np.zeros((width, reduction.rho))
    b[:, :s], a[:s] = decoder, encoder
    b[:, s : s + p0] = size_b * reduction.left_null @ random_orthonormal(source, reduction.left_null.shape[1], p0)
    idle = (reduction.right_null @ random_orthonormal(source, reduction.right_null.shape[1], q)).T @ reduction.inverse
    idle *= size_a / np.maximum(
        np.linalg.norm(idle * reduction.input_scale, axis=1, keepdims=True), np.finfo(float).tiny
    )
    a[s + p0 : s + p0 + q] = idle @ reduction.inputs
    outer, inner = random_orthonormal(source, width, width), random_orthonormal(source, width, width)
    stretch = source.uniform(0.6, 1.6, width)
    gauge, undo = (outer * stretch) @ inner, (inner.T / stretch) @ outer.T
    w1 = gauge @ a @ reduction.inverse
    return w1 + random_free_part(reduction, width, size_a, source), b @ undo


def random_free_part(reduction: Reduction, width: int, size: float, source: np.random.Generator) -> Matrix:
    """Draw F with F X^T = 0, about as large as the layers are when every input is measured in units of its own norm."""
    free = reduction.free
    draw = source.standard_normal((width, free.shape[1])) @ free.T
    norm = float(np.linalg.norm(draw * reduction.input_scale, 2)) if draw.size else 0.0
    if norm:
        draw *= size / norm
    # What rounding left of F on the inputs' own space is removed, else badly scaled inputs would see it.
    return np.asarray(draw - (draw @ reduction.inputs) @ reduction.inverse)
