"""One step towards more accurate eigenvectors in many bits, clusters of close eigenvalues included. Claims nothing."""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat, ctx

from theodolite._typing import Matrix

__all__ = ["refined"]

_SEPARATED = 2**26
"""How many times larger than their coupling the gap of two eigenvalues must be for Newton's step to turn their vectors.

The step leaves them orthonormal up to the square of the inverse; equal eigenvalues, of which coupling and gap are both
round-off, must not take part.
"""


def refined(form: arb_mat, gram: arb_mat, basis: arb_mat) -> arb_mat:
    """Return ``basis`` X moved towards orthonormal eigenvectors of A, given XᵀAX and XᵀX.

    Vectors of separated eigenvalues are corrected to second order. Within a cluster they are only made orthonormal, and
    turned by the eigenvectors of the block of A that they span, so that its parts separate in later steps.
    """
    size = form.nrows()
    forms, grams = form.tolist(), gram.tolist()
    values = [forms[i][i] / grams[i][i] for i in range(size)]
    cluster = list(range(size))
    step = [[-gram_entry / 2 for gram_entry in row] for row in grams]
    for i in range(size):
        step[i][i] += arb(0.5)
        for j in range(size):
            if i == j:
                continue
            coupling, gap = forms[i][j] - values[j] * grams[i][j], values[j] - values[i]
            if abs(gap).mid() > _SEPARATED * abs(coupling).mid():
                step[i][j] = coupling / gap
            elif cluster[i] != cluster[j]:
                old, new = cluster[i], cluster[j]
                cluster = [new if label == old else label for label in cluster]
    for i in range(size):
        for j in range(size):
            if i != j and cluster[i] == cluster[j]:
                step[i][j] = -grams[i][j] / 2
    turned = (basis + basis * arb_mat(step)).mid()
    members = [[i for i in range(size) if cluster[i] == label] for label in sorted(set(cluster))]
    if len(members) < size:
        turned = (turned * _block_rotation(forms, grams, values, members)).mid()
    return turned


def _block_rotation(
    forms: list[list[arb]], grams: list[list[arb]], values: list[arb], members: list[list[int]]
) -> arb_mat:
    rotation = [[arb(i == j) for j in range(len(forms))] for i in range(len(forms))]
    for group in members:
        if len(group) == 1:
            continue
        centre = sum((values[i] for i in group), arb(0)) / len(group)
        block = [[(forms[i][j] - centre * grams[i][j]).mid() for j in group] for i in group]
        scale = max(abs(entry) for row in block for entry in row).mid()
        if scale == 0:
            continue
        turn = _orthonormal(np.array([[float(entry / scale) for entry in row] for row in block]))
        for a, i in enumerate(group):
            for b, j in enumerate(group):
                rotation[i][j] = turn[a, b]
    return arb_mat(rotation)


def _orthonormal(block: Matrix) -> arb_mat:
    """Return eigenvectors of a small float matrix, orthonormal to the working precision (Newton-Schulz)."""
    vectors = arb_mat(np.linalg.eigh((block + block.T) / 2)[1].tolist())
    accurate = 40
    while accurate < ctx.prec:
        vectors = (vectors * (3 - vectors.transpose() * vectors) / 2).mid()
        accurate *= 2
    return vectors
