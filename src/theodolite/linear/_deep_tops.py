"""A string basis of nearly nilpotent maps around a circle: each vector goes to the next one of its string or nearly to zero.

From every vertex the images are followed from map to map by singular value decompositions, no product being formed: what a map
shrinks below the tolerance dies there. The strings' first vectors are then chosen longest first, as in a graded Jordan basis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theodolite._typing import Array, Matrix
from theodolite.linear._deep_arc import Arc
from theodolite.linear._deep_strings import Arcs

__all__ = ["Circle", "Strand", "find_strings"]


@dataclass(frozen=True, eq=False)
class Circle:
    """Maps between neighbours on the circle: ``layers[k]`` from vertex k to k + 1, T from the last vertex to the first.

    T reads only the first ``len(target.T)`` coordinates of the last vertex, on which it is injective: ``target`` (exact, and
    perhaps badly scaled). All layers have norms of at most about one.
    """

    layers: Sequence[Matrix]
    target: Matrix

    @property
    def size(self) -> int:
        """Number of vertices."""
        return len(self.layers) + 1

    def width(self, vertex: int) -> int:
        """Return the dimension at a vertex."""
        return int(self.layers[vertex].shape[1] if vertex < len(self.layers) else self.layers[-1].shape[0])

    def push(self, vertex: int, columns: Matrix) -> Matrix:
        """Return the images of ``columns`` at the next vertex."""
        if vertex < len(self.layers):
            return np.asarray(self.layers[vertex] @ columns)
        return np.asarray(self.target @ columns[: self.target.shape[1]])

    def seen(self, vertex: int, basis: Matrix) -> Matrix:
        """Return the matrix whose singular values say which part of an orthonormal ``basis`` the next map keeps."""
        return self.layers[vertex] @ basis if vertex < len(self.layers) else basis[: self.target.shape[1]]


@dataclass(frozen=True, eq=False)
class Strand:
    """All strings on one arc: at each of its vertices one column per string."""

    arc: Arc
    columns: list[Matrix]

    @property
    def many(self) -> int:
        """How many strings there are."""
        return int(self.columns[0].shape[1])


def find_strings(circle: Circle, arcs: Arcs, tolerance: float) -> tuple[list[Strand], Array, float] | None:
    """Return the strands, how often each arc occurs, and the margin of the ranks; ``None`` if they contradict each other."""
    dying, margin = [], float("inf")
    for vertex in range(circle.size):
        found, clear = _deaths(circle, vertex, tolerance)
        dying.append(found)
        margin = min(margin, clear)
    strands: list[Strand] = []
    counts = np.zeros(len(arcs.all), dtype=np.int64)
    for length in range(circle.size - 1, 0, -1):
        for vertex in range(circle.size):
            passing = [
                strand
                for strand in strands
                if (step := strand.arc.place(vertex)) is not None and strand.arc.length - step == length
            ]
            born = dying[vertex][length].shape[1] - sum(strand.many for strand in passing)
            if born < 0:
                return None
            if born:
                tops = _tops(circle, vertex, length, dying[vertex][length], passing, born)
                strands.append(_strand(circle, Arc(vertex, length, circle.size), tops))
                counts[arcs.place[vertex, length]] = born
    return strands, counts, margin


def _deaths(circle: Circle, start: int, tolerance: float) -> tuple[list[Matrix], float]:
    """Return for l = 1, 2, ... vectors at ``start`` that l maps send to zero and l - 1 do not, and the decisions' margin."""
    width = circle.width(start)
    basis, sources, transfer = np.eye(width), np.eye(width), np.eye(width)
    deaths = [np.zeros((width, 0))]
    margin = float("inf")
    for step in range(circle.size - 1):
        vertex = (start + step) % circle.size
        if not basis.shape[1]:
            deaths.append(np.zeros((width, 0)))
            continue
        left, values, right = _svd(circle.seen(vertex, basis))
        kept = int((values > tolerance).sum())
        margin = min(margin, _margin(values, tolerance))
        if step == circle.size - 2:
            kept = 0
        back = np.linalg.solve(transfer, right.T)
        deaths.append(_orthonormal(sources @ back[:, kept:]))
        if vertex < circle.size - 1:
            basis, image = left[:, :kept], np.diag(values[:kept])
        else:
            basis, image = np.linalg.qr(circle.target @ (left[:, :kept] * values[:kept]))
        sources, turn = np.linalg.qr(sources @ back[:, :kept])
        transfer = np.linalg.solve(turn.T, image.T).T if kept else np.zeros((0, 0))
    return deaths, margin


def _svd(matrix: Matrix) -> tuple[Matrix, Array, Matrix]:
    """Return left vectors, singular values with zeros up to the number of columns, and all right vectors as rows."""
    columns = matrix.shape[1]
    if not matrix.size or not matrix.any():
        return np.zeros((matrix.shape[0], 0)), np.zeros(columns), np.eye(columns)
    left, values, right = np.linalg.svd(matrix, full_matrices=matrix.shape[0] < columns)
    return left, np.append(values, np.zeros(columns - len(values))), right


def _margin(values: Array, tolerance: float) -> float:
    kept = values[values > tolerance].min(initial=np.inf) / tolerance
    dropped = values[values <= tolerance].max(initial=0.0)
    return float(min(kept, tolerance / dropped if dropped else np.inf))


def _orthonormal(columns: Matrix) -> Matrix:
    return np.linalg.qr(columns)[0] if columns.shape[1] else columns


def _tops(circle: Circle, vertex: int, length: int, dying: Matrix, passing: list[Strand], born: int) -> Matrix:
    """Return ``born`` combinations of ``dying`` that are independent of the strings that pass, in what survives longest."""
    if not passing:
        return dying
    ends = dying
    for step in range(length - 1):
        ends = circle.push((vertex + step) % circle.size, ends)
    lengths = np.linalg.norm(ends, axis=0)
    lengths = np.where(lengths > 0, lengths, 1.0)
    taken = np.concatenate([strand.columns[-1] for strand in passing], axis=1)
    shares = np.linalg.lstsq(ends / lengths, taken, rcond=None)[0] / lengths[:, None]
    shares = shares / np.maximum(np.linalg.norm(shares, axis=0), np.finfo(float).tiny)
    rest = np.linalg.svd(shares, full_matrices=True)[0][:, shares.shape[1] :]
    return np.asarray(dying @ rest[:, :born])


def _strand(circle: Circle, arc: Arc, tops: Matrix) -> Strand:
    """Follow the first vectors along the arc; where they cross T their mixture is chosen so that images are orthogonal."""
    columns = [tops]
    for vertex in arc.vertices[:-1]:
        if vertex == circle.size - 1 and tops.shape[1] > 1:
            mix = np.linalg.svd(circle.push(vertex, columns[-1]), full_matrices=False)[2].T
            columns = [column @ mix for column in columns]
        columns.append(circle.push(vertex, columns[-1]))
    if arc.end == circle.size - 1:  # the end of a string lies in the kernel of T, which is known exactly
        columns[-1][: circle.target.shape[1]] = 0.0
    return Strand(arc, columns)
