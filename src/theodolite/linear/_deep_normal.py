"""The exactly critical point next to given weights of a deep linear network, through its normal form.

The product of the layers tells the selection. Each hidden space then splits into the images of the selected directions and
the kernel of what the layers above make of them; between the kernels act the maps Z_k, which a string basis makes exactly
nilpotent. Put together again these are weights that are critical to rounding, and their distance bounds the distance to the
critical set, whatever tolerance decided the ranks. The construction is our own, proved in the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from theodolite._typing import Array, Matrix, Parameters, Vector
from theodolite.linear._deep_members import Ends, layer_size
from theodolite.linear._deep_strings import Arcs
from theodolite.linear._deep_tops import Circle, Strand, find_strings
from theodolite.linear._nearest import Point, identify
from theodolite.linear._reduction import Reduction

__all__ = ["DeepPoint", "Normal", "normal_form"]

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class DeepPoint:
    """Weights, with the inputs whitened in ``first``, and the size of each layer that its errors are measured against.

    Sizes are norms, the first layer's with every input in units of its own norm. They are at least what a least-squares fit
    needs: in a balanced one, or beside the other layers as they are if that is less.
    """

    weights: Parameters
    first: Matrix
    sizes: Vector

    @classmethod
    def of(cls, reduction: Reduction, weights: Parameters) -> DeepPoint:
        """Return the point of raw weights."""
        norms = [float(np.linalg.norm(weights[0] * reduction.input_scale, 2))]
        norms += [float(np.linalg.norm(weight, 2)) for weight in weights[1:]]
        sizes = np.array(norms)
        for k in range(len(norms)):
            others, natural = float(np.prod(np.delete(norms, k))), layer_size(reduction, len(weights))
            needed = reduction.natural_size**2 / others if others > 0 else natural
            sizes[k] = max(norms[k], min(natural, needed))
        return cls(weights, weights[0] @ reduction.inputs, np.where(sizes > 0, sizes, 1.0))

    @property
    def layers(self) -> tuple[Matrix, ...]:
        """The layers as they act on whitened inputs."""
        return self.first, *self.weights[1:]


@dataclass(frozen=True, eq=False)
class Normal:
    """The normal form of an exactly critical point near given weights.

    ``bases[k]`` are the columns of D_k (selected images, then the kernel), for k = 1, ..., H - 1; ``strands`` the strings, with
    their vectors in the kernels' coordinates (inputs: ``first_basis``; outputs: ``ends.outputs``) and ``frames[v]`` all of
    them at vertex v. ``relative`` is the distance relative to the layers' sizes, ``distance`` that in raw weights.
    """

    taken: Array
    turn: Matrix
    ends: Ends
    bases: list[Matrix]
    strands: list[Strand]
    strings: Array
    frames: list[Matrix]
    first_basis: Matrix
    sizes: Vector
    weights: Parameters
    ambiguity: float
    margin: float
    relative: float
    distance: float

    def place(self, strand: Strand, vertex: int) -> int:
        """Return the column of ``frames[vertex]`` where a strand begins."""
        before = 0
        for other in self.strands:
            if other is strand:
                return before
            before += other.many if other.arc.place(vertex) is not None else 0
        raise AssertionError("the strand is one of this form")

    def arrow(self, reduction: Reduction, layer: int, into: Vector, vertex_column: int) -> Matrix:
        """Return the change of raw weights of ``layer`` (1 to H) that sends one basis vector of the vertex before to ``into``.

        ``into`` is in coordinates of the vertex behind; the change has the size of the layer and no part on the selected.
        """
        depth = len(self.weights)
        dual = np.linalg.inv(self.frames[layer - 1])[vertex_column]
        r = self.turn.shape[1]
        if layer == 1:
            row = (self.first_basis @ dual) * _reciprocal(reduction.input_scale)
            row = row @ reduction.inputs @ reduction.inverse
        else:
            row = np.linalg.inv(self.bases[layer - 2])[r:].T @ dual
        column = self.ends.outputs @ into if layer == depth else self.bases[layer - 1][:, r:] @ into
        change = np.outer(column, row)
        size = float(np.linalg.norm(change * reduction.input_scale if layer == 1 else change))
        return change * (self.sizes[layer - 1] / size if size else 1.0)


def normal_form(reduction: Reduction, point: DeepPoint, arcs: Arcs, cap: int, tolerance: float) -> Normal | None:
    """Return the normal form of the exactly critical point next to ``point``; ``None`` where there is none in sight."""
    above = list(accumulate(reversed(point.layers[1:]), lambda left, layer: left @ layer))
    sizes = float(np.prod(point.sizes))
    outer = Point(point.first, above[-1], float(point.sizes[0]), sizes)
    taken, turn, ambiguity = identify(reduction, outer, cap)
    try:
        return _assemble(reduction, point, arcs, tolerance, (taken, turn, ambiguity), above[::-1])
    except np.linalg.LinAlgError:
        return None


def _assemble(
    reduction: Reduction,
    point: DeepPoint,
    arcs: Arcs,
    tolerance: float,
    selection: tuple[Array, Matrix, float],
    above: list[Matrix],
) -> Normal | None:
    taken, turn, ambiguity = selection
    layers, depth, r = point.layers, len(point.layers), turn.shape[1]
    ends = Ends.of(reduction, turn)
    left, right = reduction.left @ turn, reduction.right @ turn
    bases, inverses, lengths = [], [], []
    image = right
    for k in range(depth - 1):
        image = layers[k] @ image
        length = np.linalg.norm(image, axis=0)
        if not length.all():
            return None
        heard = left.T @ above[k]
        heard = heard / np.maximum(np.linalg.norm(heard, axis=1, keepdims=True), np.finfo(float).tiny)
        kernel = np.linalg.qr(heard.T, mode="complete")[0][:, r:]
        bases.append(np.concatenate([image / length, kernel], axis=1))
        inverses.append(np.linalg.inv(bases[-1]))
        lengths.append(length)
    scaled = reduction.inputs * _reciprocal(reduction.input_scale)[:, None]
    first_basis, stretch = np.linalg.qr(scaled @ ends.inputs)
    maps = [(inverses[0] @ (point.weights[0] * reduction.input_scale))[r:] @ first_basis]
    maps += [(inverses[k] @ layers[k] @ bases[k - 1])[r:, r:] for k in range(1, depth - 1)]
    maps.append(ends.outputs.T @ layers[-1] @ bases[-1][:, r:])
    circle = Circle(
        [z / size for z, size in zip(maps, point.sizes, strict=True)], stretch[:, : ends.rank] @ ends.target
    )
    found = find_strings(circle, arcs, tolerance)
    if found is None:
        return None
    strands, strings, margin = _normalized(found[0]), found[1], found[2]
    frames = [_frame(strands, v, circle.width(v)) for v in range(circle.size)]
    if any(frame.shape[0] != frame.shape[1] for frame in frames):
        return None
    exact = [_nilpotent(circle, strands, frames, k) * point.sizes[k] for k in range(depth)]
    kept = (turn.T * reduction.singular_values) @ turn
    moved = [
        bases[0] @ np.concatenate([lengths[0][:, None] * right.T, exact[0] @ stretch @ ends.inputs.T]) - point.first
    ]
    for k in range(1, depth - 1):
        block = np.zeros((len(bases[k]), len(bases[k - 1])))
        block[:r, :r] = np.diag(lengths[k] / lengths[k - 1])
        block[r:, r:] = exact[k]
        moved.append(bases[k] @ block @ inverses[k - 1] - layers[k])
    last = np.concatenate([left @ kept / lengths[-1], ends.outputs @ exact[-1]], axis=1) @ inverses[-1]
    moved.append(last - layers[-1])
    moved[0] = moved[0] @ reduction.inverse
    relative = [np.linalg.norm(moved[0] * reduction.input_scale), *(np.linalg.norm(step) for step in moved[1:])]
    return Normal(
        taken,
        turn,
        ends,
        bases,
        strands,
        strings,
        frames,
        first_basis,
        point.sizes,
        tuple(weight + step for weight, step in zip(point.weights, moved, strict=True)),
        ambiguity,
        margin,
        float(np.max(np.array(relative) / point.sizes)),
        float(np.sqrt(sum(np.sum(step**2) for step in moved))),
    )


def _reciprocal(scale: Vector) -> Vector:
    return np.asarray(1 / np.where(scale > 0, scale, 1.0))


def _normalized(strands: list[Strand]) -> list[Strand]:
    return [Strand(s.arc, [column / np.linalg.norm(column, axis=0) for column in s.columns]) for s in strands]


def _frame(strands: Sequence[Strand], vertex: int, width: int) -> Matrix:
    """Return all string vectors at a vertex, strand after strand."""
    columns = [s.columns[step] for s in strands if (step := s.arc.place(vertex)) is not None]
    return np.concatenate([np.zeros((width, 0)), *columns], axis=1)


def _nilpotent(circle: Circle, strands: Sequence[Strand], frames: Sequence[Matrix], layer: int) -> Matrix:
    """Return the map that agrees with the circle's on every string vector that has a next one and is zero on the others."""
    images = []
    for strand in strands:
        step = strand.arc.place(layer)
        if step is None:
            continue
        here = strand.columns[step]
        if step + 1 == strand.arc.length:
            images.append(np.zeros((circle.width(layer + 1), strand.many)))
            continue
        there = strand.columns[step + 1]
        images.append(there * np.sum(there * (circle.layers[layer] @ here), axis=0))
    stacked = np.concatenate([np.zeros((circle.width(layer + 1), 0)), *images], axis=1)
    return np.asarray(np.linalg.solve(frames[layer].T, stacked.T).T)
