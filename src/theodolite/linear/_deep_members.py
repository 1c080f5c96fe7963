"""Members of every stratum of a deep linear network, built from the directions that they fit and from strings.

Each layer is a block for the selected directions, in balanced form, beside a block Z_k in which every string carries one
unit of each hidden layer that it passes. At the ends a string through T leaves the outputs along an unselected left singular
vector and comes back along the right one; the others lie in the kernel of T or in a complement of its image.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from theodolite._typing import Array, Matrix, Parameters
from theodolite.linear._canonical import random_free_part, random_orthonormal
from theodolite.linear._deep_strings import Arcs
from theodolite.linear._reduction import Reduction

__all__ = ["Ends", "build_member", "layer_size", "unselected"]


def layer_size(reduction: Reduction, depth: int) -> float:
    """Return the norm of each layer of a balanced least-squares fit of this depth."""
    return float(reduction.natural_size ** (2 / depth))


def unselected(reduction: Reduction, turn: Matrix) -> Matrix:
    """Return an orthonormal basis of the coordinates that ``turn`` leaves out, each vector within one group of equal values."""
    spare = []
    for group in reduction.groups:
        block = turn[group]
        here = block[:, np.linalg.norm(block, axis=0) > 0.5]
        missing = (
            np.linalg.svd(here, full_matrices=True)[0][:, here.shape[1] :] if here.shape[1] else np.eye(len(block))
        )
        column = np.zeros((reduction.m, missing.shape[1]))
        column[group] = missing
        spare.append(column)
    return np.concatenate([np.zeros((reduction.m, 0)), *spare], axis=1)


@dataclass(frozen=True, eq=False)
class Ends:
    """What the network reads from and writes to beside the selected directions: T maps ``outputs`` to ``inputs``.

    ``target`` is T between the first columns of both, those of unselected directions; the others it sends to zero.
    """

    outputs: Matrix
    inputs: Matrix
    target: Matrix

    @classmethod
    def of(cls, reduction: Reduction, turn: Matrix) -> Ends:
        """Return the ends that go with the selected directions ``turn``."""
        spare = unselected(reduction, turn)
        return cls(
            np.concatenate([reduction.left @ spare, reduction.left_null], axis=1),
            np.concatenate([reduction.right @ spare, reduction.right_null], axis=1),
            (spare.T * reduction.singular_values) @ spare,
        )

    @property
    def rank(self) -> int:
        """The rank of T."""
        return len(self.target)

    def bases(self, source: np.random.Generator | None) -> tuple[Matrix, Matrix]:
        """Return string bases of outputs and inputs: columns through T first; random ones stay well conditioned."""
        t, wide, far = self.rank, self.outputs.shape[1], self.inputs.shape[1]
        last, first = np.eye(wide), np.eye(far)
        if source is not None:
            sizes = np.diag(self.target)
            ratio = sizes[:, None] / sizes
            mix = np.eye(t) + 0.3 / max(t, 1) ** 0.5 * source.standard_normal((t, t)) * np.minimum(ratio, 1 / ratio)
            mix = mix[:, source.permutation(t)]
            last[:t, :t] = mix
            last[t:, :t] = 0.3 * source.standard_normal((wide - t, t))
            last[t:, t:] = random_orthonormal(source, wide - t, wide - t)
            first[t:, t:] = random_orthonormal(source, far - t, far - t)
            first[:t, t:] = self.target @ mix @ (0.3 * source.standard_normal((t, far - t)))
        first[:t, :t] = self.target @ last[:t, :t]
        return last, first


def build_member(
    reduction: Reduction,
    widths: tuple[int, ...],
    turn: Matrix,
    arcs: Arcs,
    strings: Array,
    source: np.random.Generator | None,
) -> Parameters:
    """Return the member with the selected directions ``turn`` and these multiplicities of strings, random with a ``source``."""
    depth, r = arcs.depth, turn.shape[1]
    kept = (turn.T * reduction.singular_values) @ reduction.right.T
    mixing, sizes, _ = np.linalg.svd(kept @ reduction.inverse, full_matrices=False)
    roots = sizes ** (1 / depth)
    size = float(roots.max(initial=0.0)) or layer_size(reduction, depth) or 1.0
    layers = [np.zeros((after, before)) for before, after in pairwise(widths)]
    # The singular vectors only choose the gauge: the first layer is made from ``kept``, so that members are critical to rounding.
    layers[0][:r] = (mixing * (roots / np.where(sizes > 0, sizes, 1.0))).T @ kept
    for layer in layers[1:-1]:
        layer[:r, :r] = np.diag(roots)
    layers[-1][:, :r] = reduction.left @ turn @ (mixing * roots)
    _lay_strings(reduction, layers, Ends.of(reduction, turn), arcs, strings, size, r, source)
    first = layers[0] @ reduction.inverse
    if source is None:
        return first, *layers[1:]
    undo = np.eye(widths[0])
    for k, layer in enumerate(layers[:-1]):
        gauge, inverse = _random_gauge(source, widths[k + 1])
        layers[k] = gauge @ (first if k == 0 else layer @ undo)
        undo = inverse
    layers[-1] = layers[-1] @ undo
    layers[0] = layers[0] + random_free_part(reduction, widths[1], size, source)
    return tuple(layers)


def _random_gauge(source: np.random.Generator, width: int) -> tuple[Matrix, Matrix]:
    """Return a random invertible matrix of condition below 3, and its inverse."""
    outer, inner = random_orthonormal(source, width, width), random_orthonormal(source, width, width)
    stretch = source.uniform(0.6, 1.6, width)
    return (outer * stretch) @ inner, (inner.T / stretch) @ outer.T


def _lay_strings(
    reduction: Reduction,
    layers: list[Matrix],
    ends: Ends,
    arcs: Arcs,
    strings: Array,
    size: float,
    r: int,
    source: np.random.Generator | None,
) -> None:
    """Write the strings into the layers, beside their first ``r`` units; every arrow has the size of a layer."""
    depth = arcs.depth
    last, first = ends.bases(source)
    read = np.linalg.inv(first) @ ends.inputs.T
    lengths = np.linalg.norm(read @ reduction.inverse * reduction.input_scale, axis=1, keepdims=True)
    read = size * read / np.where(lengths > 0, lengths, 1.0)
    write = ends.outputs @ (last / np.linalg.norm(last, axis=0)) * size
    free = [[r + i for i in range(len(layer) - r)] for layer in layers[:-1]]
    through, plain_in, plain_out = 0, ends.rank, ends.rank
    for arc, many in zip(arcs.all, strings.tolist(), strict=True):
        for _ in range(many):
            slots: dict[int, int] = {v: free[v - 1].pop(0) for v in arc.vertices if 0 < v < depth}
            if arc.crosses:
                slots[0] = slots[depth] = through
                through += 1
            else:
                if arc.place(0) is not None:
                    slots[0] = plain_in
                    plain_in += 1
                if arc.place(depth) is not None:
                    slots[depth] = plain_out
                    plain_out += 1
            for before in arc.vertices[:-1]:
                _join(layers, before, slots, size, read, write)


def _join(layers: list[Matrix], before: int, slots: dict[int, int], size: float, read: Matrix, write: Matrix) -> None:
    """Set the arrow from vertex ``before`` to the next one on a string, T excepted."""
    depth = len(layers)
    if before == depth:
        return
    here, there = slots[before], slots[before + 1]
    if before == 0:
        layers[0][there] += read[here]
    elif before == depth - 1:
        layers[-1][:, here] += write[:, there]
    else:
        layers[before][there, here] = size
