"""The test of one neuron on floating-point errors: the same questions, decided only where round-off cannot change the answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import inf

import numpy as np
from jaxtyping import Float

from theodolite._numerics import as_fractions, numerical_rank
from theodolite._typing import Array
from theodolite.relu._conditions import CLEAR, Condition, decide, kinks_told
from theodolite.relu._one_sided import OneSided
from theodolite.relu._rays import candidates, ray_count, rays

__all__ = ["decide_with_margins"]

_EPSILON = float(np.finfo(np.float64).eps)
_MOST_ENTRIES = 200_000
"""Dependent lines with more coordinates than this are only refuted, not proven, in floating point."""

_MOST_LEVEL = 20_000
"""More rays than this are not looked at one by one."""

_UNITS = 32
"""Round-off of h on a ray, in units of 2^-52 times the sizes of its terms."""

_DEPENDENT, _THIN = 1e-12, 1e-6
"""Choices of lines with a smallest singular value below the first are dependent; between the two it is not known."""


def decide_with_margins(form: OneSided, most_rays: int) -> Condition:
    """Return whether h >= 0 everywhere for every h within its noise; undecided where that depends on it."""
    form = _without_noughts(form)
    scaled, columns = _scaled(form)
    found = _decide(scaled, most_rays)
    if found.direction is None:
        return found
    direction = found.direction / columns
    return replace(found, direction=direction / (float(np.abs(direction).max()) or 1.0))


def _without_noughts(form: OneSided) -> OneSided:
    """Leave out lines that do not enter, up to round-off: samples that are fitted."""
    nothing = (np.abs(form.right) <= form.right_noise) & (np.abs(form.left) <= form.left_noise)
    return form.take(~nothing) if nothing.any() else form


def _scaled(form: OneSided) -> tuple[OneSided, Float[np.ndarray, " d"]]:
    """Return h with lines of unit length and columns of unit size, and the sizes of the columns (powers of two)."""
    sizes = np.abs(form.directions).max(axis=0, initial=0.0)
    both = (sizes > 0) & (form.linear_noise > 0)
    # the noise knows the sizes of whole columns, of which the rows at the kinks may have an untypical part
    factor = float(np.median(sizes[both] / form.linear_noise[both])) if both.any() else 1.0
    sizes = np.where(form.linear_noise > 0, factor * form.linear_noise, sizes)
    columns = np.where(sizes > 0, np.exp2(np.round(np.log2(np.where(sizes > 0, sizes, 1.0)))), 1.0)
    unit = form.directions / columns
    norms = np.linalg.norm(unit, axis=1)
    return (
        OneSided(
            form.linear / columns,
            form.right * norms,
            form.left * norms,
            unit / norms[:, None],
            form.lines,
            form.linear_noise / columns,
            form.right_noise * norms,
            form.left_noise * norms,
        ),
        columns,
    )


def _decide(form: OneSided, most_rays: int) -> Condition:
    lines, width = form.directions.shape
    rank, margin = 0, inf
    across, along = np.zeros((width, 0)), np.eye(width)
    if lines:
        _, values, right = np.linalg.svd(form.directions, full_matrices=True)
        decision = numerical_rank(np.diag(values), 10 * max(lines, width) * _EPSILON * float(values[0]))
        # dependent integers leave singular values near the tolerance, so only those that are kept must be clear of it
        rank, margin = decision.rank, decision.smallest_kept / decision.tolerance
        if margin < CLEAR:
            return Condition(None, "the rank of the lines on which it has kinks", margin=margin)
        across, along = right[:rank].T, right[rank:].T
    outside = form.linear @ along
    blur = form.linear_noise @ np.abs(along)
    worst = _ratio(np.abs(outside), blur)
    if worst > 1:
        words = "h along directions that keep the kinks" if lines else "the gradient"
        if worst < CLEAR:
            return Condition(None, f"whether {words} is 0", margin=worst)
        v = -(along @ outside)
        return Condition(False, f"{words} is not 0", v, float(form.value(v)), worst)
    margin = min(margin, 1 / worst if worst else inf)
    if not lines:
        return Condition(True, "the gradient is 0", margin=margin)
    if rank < width:
        form = replace(
            form,
            linear=form.linear @ across,
            directions=form.directions @ across,
            linear_noise=form.linear_noise @ np.abs(across),
        )
    found = _independent(form) if rank == lines else _dependent(form, most_rays)
    if found.direction is not None and rank < width:
        found = replace(found, direction=across @ found.direction)
    if found.holds is None:
        return found
    return replace(found, margin=min(margin, inf if found.margin is None else found.margin))


def _ratio(sizes: Array, blur: Array) -> float:
    """Return the largest size in units of its noise; nothing without noise is nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(sizes > 0, sizes / blur, 0.0).max(initial=0.0))


def _independent(form: OneSided) -> Condition:
    inverse = np.linalg.inv(form.directions.T)
    share = inverse @ form.linear
    blur = np.abs(inverse) @ (form.linear_noise + 16 * _EPSILON * np.abs(form.linear))
    slopes = np.concatenate([form.right + share, form.left - share])
    noise = np.concatenate([form.right_noise + blur, form.left_noise + blur])
    with np.errstate(divide="ignore", invalid="ignore"):
        clear = np.where((slopes == 0) & (noise == 0), inf, slopes / noise)
        # Beside a kink the gradient is often that of a cell in which another neuron lies, and vanishes with it: what is 0 up to
        # round-off counts as 0, as a gradient does.
        flat = np.abs(clear) <= 1
        evident = float((noise / np.abs(slopes))[flat].min(initial=inf))
    clear = np.where(flat, inf, clear)
    worst = int(np.argmin(clear))
    margin = min(abs(float(clear[worst])), evident)
    if clear[worst] <= -CLEAR:
        unit = np.zeros(len(share))
        unit[worst % len(share)] = 1 if worst < len(share) else -1
        v = np.linalg.solve(form.directions, unit)
        return Condition(False, "the loss falls across one kink", v, float(slopes[worst]), margin)
    if clear[worst] >= CLEAR:
        level = f", {int(flat.sum())} of their sides flat up to round-off" if flat.any() else ""
        return Condition(True, f"no descent across {kinks_told(len(share))}{level}", margin=margin)
    return Condition(None, "whether the loss falls across one kink", margin=margin)


def _dependent(form: OneSided, most_rays: int) -> Condition:
    for v in candidates(form, 100):
        found = _falls(form, v)
        if found is not None:
            return found
    if form.directions.size > _MOST_ENTRIES:
        return Condition(None, f"no way down was found across {len(form.directions):,} dependent kinks")
    lower = _moved(form, -CLEAR)
    found = decide(lower, most_rays)
    if found.holds:
        return replace(found, margin=CLEAR)
    if found.holds is False and found.direction is not None:
        falls = _falls(form, _as_direction(found.direction))
        if falls is None:
            found = decide(_moved(form, CLEAR), most_rays)
            falls = None if found.direction is None else _falls(form, _as_direction(found.direction))
        if falls is not None:
            return replace(falls, rays=found.rays)
        return _level(form, most_rays) or Condition(
            None, "whether the loss falls across several kinks", rays=found.rays
        )
    return Condition(None, found.words, rays=found.rays)


def _level(form: OneSided, most_rays: int) -> Condition | None:
    """Accept an h that vanishes up to round-off on some rays and is clearly positive on all others, where all can be seen.

    So it is on the cells of neurons whose own gradient vanishes.
    """
    lines, rank = form.directions.shape
    count = ray_count(lines, rank)
    if count > min(most_rays, _MOST_LEVEL):
        return None
    flat, margin = 0, inf
    for chosen in combinations(range(lines), rank - 1):
        vectors, thin = rays(form.directions, np.array([chosen], dtype=np.int64))
        if thin[0] <= _DEPENDENT:  # other choices have these rays
            continue
        if thin[0] <= _THIN:
            return None
        for v in (vectors[0], -vectors[0]):
            both = np.abs(form.right) + np.abs(form.left)
            blur = form.noise(v) + _UNITS * _EPSILON / float(thin[0]) * float(both.sum() + np.abs(form.linear).sum())
            value = float(form.value(v))
            if abs(value) <= blur:
                flat += 1
                margin = min(margin, blur / abs(value) if value else inf)
            elif value < CLEAR * blur:
                return None
            else:
                margin = min(margin, value / blur)
    return Condition(
        True,
        f"h is not negative on any of the rays of {lines} dependent kinks, {flat} flat up to round-off",
        margin=margin,
        rays=count,
    )


def _as_direction(v: Array) -> Float[np.ndarray, " _"]:
    largest = max(abs(entry) for entry in v) or 1
    return np.array([float(entry / largest) for entry in v])


def _falls(form: OneSided, v: Array) -> Condition | None:
    """Return the condition that fails because of v, where it clearly does."""
    size = float(np.linalg.norm(v))
    if size == 0:
        return None
    v = v / size
    across = form.directions @ v
    # a product of two unit vectors is only known to some units of round-off
    fuzzy = np.where(np.abs(across) < 1e-10, np.abs(form.right) + np.abs(form.left), 0.0)
    blur = form.noise(v) + float((fuzzy * np.minimum(np.abs(across), 1e-13)).sum())
    value = float(form.value(v))
    if value < 0 and value <= -CLEAR * blur:
        return Condition(False, "the loss falls across several kinks", v, value, -value / blur if blur else inf)
    return None


def _moved(form: OneSided, units: float) -> OneSided:
    """Return, in rationals, h plus ``units`` times a bound on its noise that is made of the same lines."""
    spread = np.abs(np.linalg.pinv(form.directions)).T @ form.linear_noise
    right = as_fractions(form.right + units * (form.right_noise + spread))
    left = as_fractions(form.left + units * (form.left_noise + spread))
    return OneSided(
        as_fractions(form.linear),
        right,
        left,
        as_fractions(form.directions),
        form.lines,
        np.zeros(len(form.linear)),
        np.zeros(len(right)),
        np.zeros(len(left)),
    )
