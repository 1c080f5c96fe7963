"""The exactly critical point next to given parameters, identified from the product of the layers.

At a critical point ``B A = P_S M``: the product tells the selection without any rank decision on the layers themselves. From it
an exactly critical pair is built (project B on the selected directions and solve for A, or the other way round), and its distance
bounds the distance to the critical set from above. The construction is our own, proved in the documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theodolite._typing import Array, Matrix, Vector
from theodolite.linear._reduction import Reduction

__all__ = ["Nearest", "Point", "identify", "nearest_critical"]

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Point:
    """Parameters in the coordinates of the reduction, A = W1 C and B = W2, and the sizes that errors are measured against."""

    a: Matrix
    b: Matrix
    size_a: float
    size_b: float
    natural_b: float = 0.0

    @classmethod
    def of(cls, reduction: Reduction, w1: Matrix, w2: Matrix) -> Point:
        """Return the point of raw weights; sizes are at least those of a least-squares fit.

        The fit's layers are as unequal as those given if their product is not negligible, else equal: ``natural_b`` is the
        size of its B.
        """
        a, natural = w1 @ reduction.inputs, reduction.natural_size
        size_a, size_b = float(np.linalg.norm(w1 * reduction.input_scale, 2)), float(np.linalg.norm(w2, 2))
        tilt = 1.0
        if reduction.m and float(np.linalg.norm(w2 @ a, 2)) > float(reduction.singular_values[-1]) / 2:
            tilt = float(np.sqrt(size_a) / np.sqrt(size_b))
        return cls(a, w2, max(size_a, natural * tilt), max(size_b, natural / tilt), natural / tilt)


@dataclass(frozen=True, eq=False)
class Nearest:
    """An exactly critical pair near a point, and how clear its identification was.

    ``turn`` holds the coordinates of the selected directions in the singular basis; ``outer`` and ``inner`` are p0 and q, with
    ``idle_margin`` the factor by which the singular values that decided them stay clear of the tolerance. ``ambiguity`` is
    the largest distance of a score from its integer, rounding included: below 1/4 the selection is certain. ``relative`` is the
    distance relative to the layers' sizes, ``distance`` the Euclidean one in raw weights.
    """

    taken: Array
    turn: Matrix
    a: Matrix
    b: Matrix
    outer: int
    inner: int
    idle_margin: float
    ambiguity: float
    relative: float
    distance: float


def nearest_critical(reduction: Reduction, point: Point, cap: int, tolerance: float) -> Nearest:
    """Return the closer of the two exactly critical pairs that keep B's, or A's, span; ``tolerance`` decides p0 and q."""
    taken, turn, ambiguity = identify(reduction, point, cap)
    weights = reduction.inverse * reduction.input_scale
    found = []
    for swap in (False, True):
        built = _project(reduction, point, turn, weights, swap, tolerance)
        if built is not None:
            a, b, outer, inner, margin = built
            in_a, in_b = (a - point.a) @ weights, b - point.b
            relative = max(_ratio(in_a, point.size_a), _ratio(in_b, point.size_b))
            raw = float(np.hypot(np.linalg.norm((a - point.a) @ reduction.inverse), np.linalg.norm(in_b)))
            found.append(Nearest(taken, turn, a, b, outer, inner, margin, ambiguity, relative, raw))
    if not found:  # the selected directions are missing from both layers: only the origin is sure to be critical
        nothing = np.zeros((reduction.m, 0))
        zero = np.zeros_like(taken)
        a, b = np.zeros_like(point.a), np.zeros_like(point.b)
        relative = max(_ratio(point.a @ weights, point.size_a), _ratio(point.b, point.size_b))
        raw = float(np.hypot(np.linalg.norm(point.a @ reduction.inverse), np.linalg.norm(point.b)))
        found.append(Nearest(zero, nothing, a, b, 0, 0, np.inf, ambiguity, relative, raw))
    return min(found, key=lambda near: near.relative)


def _ratio(difference: Matrix, size: float) -> float:
    norm = float(np.linalg.norm(difference))
    return norm / size if size else (0.0 if norm == 0 else float("inf"))


def identify(reduction: Reduction, point: Point, cap: int) -> tuple[Array, Matrix, float]:
    """Return the selection that the product is nearest to, coordinates of its directions, and how far its scores are off."""
    s = reduction.singular_values
    shares = (reduction.left.T @ point.b) @ (point.a @ reduction.right) / s
    noise = 16 * _EPSILON * float(np.linalg.norm(point.b, 2)) * float(np.linalg.norm(point.a, 2)) / s
    candidates: list[tuple[float, int, Vector]] = []
    ambiguity = 0.0
    wanted = 0
    for number, group in enumerate(reduction.groups):
        block = shares[group, group]
        score = float(np.trace(block))
        multiplicity = group.stop - group.start
        count = int(np.clip(np.rint(score), 0, multiplicity))
        wanted += count
        ambiguity = max(ambiguity, abs(score - count) + float(noise[group].sum()))
        values, vectors = np.linalg.eigh((block + block.T) / 2)
        for k in range(count):
            column = np.zeros(reduction.m)
            column[group] = vectors[:, multiplicity - 1 - k]
            candidates.append((float(values[multiplicity - 1 - k]), number, column))
    if wanted > cap:  # more than the width can carry: certainly not critical; keep the clearest directions
        ambiguity = max(ambiguity, 1.0)
        candidates = sorted(candidates, key=lambda entry: -entry[0])[:cap]
    candidates.sort(key=lambda entry: entry[1])
    taken = np.bincount([number for _, number, _ in candidates], minlength=len(reduction.groups)).astype(np.int64)
    columns = [column for *_, column in candidates]
    return taken, np.stack(columns, axis=1) if columns else np.zeros((reduction.m, 0)), ambiguity


def _project(
    reduction: Reduction, point: Point, turn: Matrix, weights: Matrix, swap: bool, tolerance: float
) -> tuple[Matrix, Matrix, int, int, float] | None:
    """Project the first layer's span (B's; with ``swap`` A's) on selected and idle directions and solve for the second.

    With E = [U_S, Z]: first = E E^T first and second = (E^T first)^+ E^T M + Q second (V_S V_S^T + V_0 V_0^T), Q the projector
    on ker first. Idle parts below ``tolerance`` are removed from both, so that p0 and q are what the decision says.
    """
    out = np.ones(reduction.d_out)
    lengths = np.linalg.norm(reduction.right_null.T @ weights, axis=1) if reduction.right_null.size else np.zeros(0)
    left, right = reduction.left @ turn, reduction.right @ turn
    if swap:
        first, second, target = point.a.T, point.b.T, reduction.target.T
        left, right = right, left
        left_null, right_null = reduction.right_null, reduction.left_null
        first_units, second_units = (lengths, point.size_a), (out[: right_null.shape[1]], point.size_b)
    else:
        first, second, target = point.b, point.a, reduction.target
        left_null, right_null = reduction.left_null, reduction.right_null
        first_units, second_units = (out[: left_null.shape[1]], point.size_b), (lengths, point.size_a)
    width, s = first.shape[1], turn.shape[1]
    idle, outer, margin = _idle_part(left_null.T @ first, first_units, tolerance, width - s)
    span = np.concatenate([left, left_null @ idle], axis=1)
    core = span.T @ first
    sizes = np.linalg.svd(core, compute_uv=False)
    if len(sizes) and (core.shape[0] > width or sizes[-1] <= 1e-13 * sizes[0] or sizes[-1] == 0):
        return None
    back = np.linalg.pinv(core, rcond=1e-14)
    kernel = second - back @ (core @ second)
    kept, inner, other = _idle_part((kernel @ right_null).T, second_units, tolerance, width - s - outer)
    idle_rows = ((kernel @ right_null) @ kept) @ kept.T @ right_null.T
    new_first = span @ core
    new_second = back @ (span.T @ target) + (kernel @ right) @ right.T + idle_rows
    new_second -= back @ (core @ ((kernel @ right) @ right.T + idle_rows))
    margin = min(margin, other)
    if swap:
        return new_first.T, new_second.T, inner, outer, margin
    return new_second, new_first, outer, inner, margin


def _idle_part(part: Matrix, units: tuple[Vector, float], tolerance: float, room: int) -> tuple[Matrix, int, float]:
    """Return an orthonormal basis of the rows' directions that ``part`` really has, their number, and the margin.

    ``units`` are the lengths of the rows' directions and the size of the whole layer.
    """
    if not part.size:
        return np.zeros((part.shape[0], 0)), 0, float("inf")
    vectors, values, _ = np.linalg.svd(part, full_matrices=False)
    lengths, size = units
    measured = values / (size or 1.0) * np.linalg.norm(vectors * lengths[:, None], axis=0)
    kept = measured > tolerance
    kept &= np.cumsum(kept) <= room
    ratios = np.where(measured > tolerance, measured / tolerance, tolerance / np.maximum(measured, 1e-300))
    return vectors[:, kept], int(kept.sum()), float(ratios.min())
