"""Lines of both signs: what is linear on every cell is not negative exactly if it is not on the extreme rays of the cells."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from math import comb, inf

import numpy as np
from flint import fmpz_mat
from jaxtyping import Float, Int

from theodolite._numerics import as_fractions, as_integers, exact_solve
from theodolite._typing import Array
from theodolite.relu._conditions import Condition
from theodolite.relu._one_sided import OneSided, as_floats

__all__ = ["by_rays", "candidates", "ray_count", "rays"]

_CHUNK = 20_000
_THIN = 1e-6
"""Rays on which flats meet at a smaller angle than this, and values below a hundredth of it, are redone in rationals."""


def ray_count(lines: int, rank: int) -> int:
    """Return how many pairs of rays the flats of dimension 1 have, coincidences counted as often as they occur."""
    return comb(lines, rank - 1)


def by_rays(form: OneSided, most_rays: int) -> Condition:
    """Decide a rational h whose lines span everything, on all rays or by what is left above ``most_rays``."""
    lines, rank = form.directions.shape
    count = ray_count(lines, rank)
    if count > most_rays:
        from theodolite.relu._majorise import without_rays

        return without_rays(form, count)
    sizes = np.abs(form.directions).max(axis=1)
    rough = as_floats(form.take(np.ones(lines, dtype=bool)))
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = rough.directions / sizes.astype(np.float64)[:, None]
        right, left = (as_fractions(side) * sizes for side in (form.right, form.left))
        slopes = np.stack([right, left]).astype(np.float64)
    safe = bool(np.isfinite(scaled).all() and np.isfinite(slopes).all() and np.isfinite(rough.linear).all())
    integers, _ = as_integers(form.directions)
    for chosen in _chunks(lines, rank):
        unclear = np.arange(len(chosen))
        if safe:
            vectors, thin = rays(scaled, chosen)
            values, reach = _values(rough.linear, slopes[0], slopes[1], scaled, vectors)
            clear = (values > 0.01 * _THIN * reach[:, None]).all(axis=1) & (thin > _THIN)
            unclear = np.flatnonzero(~clear)
        for place in unclear:
            for v in _exact_ray(integers, chosen[place]):
                value = form.value(v)
                if value < 0:
                    return Condition(False, "h is negative on a ray", v, value, rays=count)
    return Condition(True, f"h is not negative on any of the rays of {lines} dependent kinks", rays=count)


def _chunks(lines: int, rank: int) -> Iterator[Int[np.ndarray, "c k"]]:
    subsets = itertools.combinations(range(lines), rank - 1)
    while part := list(itertools.islice(subsets, _CHUNK)):
        yield np.array(part, dtype=np.int64).reshape(len(part), rank - 1)


def rays(
    directions: Float[np.ndarray, "l k"], chosen: Int[np.ndarray, "c _"]
) -> tuple[Float[np.ndarray, "c k"], Float[np.ndarray, " c"]]:
    """Return a unit vector orthogonal to each choice of k - 1 lines, and the smallest singular value of the choice."""
    rank = directions.shape[1]
    if rank == 1:
        return np.ones((len(chosen), 1)), np.ones(len(chosen))
    _, values, right = np.linalg.svd(directions[chosen], full_matrices=True)
    return right[:, -1, :], values[:, -1]


def _values(
    linear: Array, right: Array, left: Array, directions: Array, vectors: Array
) -> tuple[Float[np.ndarray, "c two"], Float[np.ndarray, " c"]]:
    """Return h at both signs of each vector, and the size of the terms of h."""
    across, along = vectors @ directions.T, vectors @ linear
    ahead, behind = np.maximum(across, 0), np.maximum(-across, 0)
    values = np.stack([along + ahead @ right + behind @ left, -along + behind @ right + ahead @ left], axis=1)
    reach = float(np.abs(right).sum() + np.abs(left).sum() + np.abs(linear).sum())
    return values, np.full(len(vectors), reach)


def _exact_ray(directions: fmpz_mat, chosen: Array) -> list[Array]:
    """Return both rays orthogonal to the chosen lines, or none where these are dependent."""
    rank = directions.ncols()
    if rank == 1:
        one = np.array([Fraction(1)], dtype=object)
        return [one, -one]
    part = fmpz_mat([[directions[int(i), j] for j in range(rank)] for i in chosen])
    kernel, nullity = part.nullspace()
    if nullity != 1:
        return []
    v = np.array([Fraction(int(kernel[j, 0])) for j in range(rank)], dtype=object)
    return [v, -v]


def candidates(form: OneSided, count: int, seed: int = 0) -> list[Array]:
    """Return float directions in which h may well be negative: lines, the linear part and random ones, followed downhill."""
    rough = as_floats(form) if form.exact else form
    rng = np.random.default_rng(seed)
    rank = rough.directions.shape[1]
    norms = np.linalg.norm(rough.directions, axis=1)
    norms[norms == 0] = 1.0
    unit = rough.directions / norms[:, None]
    right, left = rough.right * norms, rough.left * norms
    worst = np.argsort(right + left)[: count // 4]
    start = np.concatenate(
        [
            -rough.linear[None, :],
            unit[worst],
            -unit[worst],
            rng.standard_normal((count, rank)),
            np.eye(rank),
            -np.eye(rank),
        ]
    )
    best, lowest = start, np.full(len(start), inf)
    scale = float(np.abs(right).sum() + np.abs(left).sum() + np.abs(rough.linear).sum()) or 1.0
    v = start / (np.linalg.norm(start, axis=1, keepdims=True) + 1e-300)
    for step in range(60):
        across = v @ unit.T
        pull = np.where(across > 0, right, -left)
        value = v @ rough.linear + (pull * across).sum(axis=1)
        better = value < lowest
        best = np.where(better[:, None], v, best)
        lowest = np.where(better, value, lowest)
        slope = (rough.linear + pull @ unit) / scale
        length = np.linalg.norm(slope, axis=1, keepdims=True) + 1e-300
        v = v - slope / length / (2 + step)
        v /= np.linalg.norm(v, axis=1, keepdims=True) + 1e-300
    order = np.argsort(lowest)
    return [best[i] for i in order[:8]]


def lifted(directions: Array, v: Array) -> Array:
    """Return a rational vector near the float ``v``, exactly orthogonal to the lines that ``v`` is nearly orthogonal to."""
    rough = directions.astype(np.float64)
    norms = np.linalg.norm(rough, axis=1) * float(np.linalg.norm(v)) + 1e-300
    near = np.abs(rough @ v) <= 1e-9 * norms
    found = as_fractions(np.asarray(v, dtype=np.float64))
    if not near.any():
        return found
    kept = directions[near]
    excess = kept @ found
    pivots = _independent_rows(kept)
    basis = kept[list(pivots)]
    gram = basis @ basis.T
    return np.asarray(found - basis.T @ exact_solve(gram, excess[list(pivots)][:, None])[:, 0])


def _independent_rows(rows: Array) -> tuple[int, ...]:
    from theodolite._numerics import column_profile

    return column_profile(rows.T)
