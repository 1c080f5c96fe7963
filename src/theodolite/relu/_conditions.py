r"""The exact test of one neuron: can the loss fall to first order, whatever direction its weights take?

With z != 0 a neuron passes if :math:`h(v) \ge 0` for all v, with z = 0 if h vanishes identically (h is that of ``_one_sided``).
A point is a local minimum exactly if every neuron passes and the errors add up to 0 where there is an output bias.

Without kinks h is linear and must be 0. Lines that are independent are decided by a closed formula; dependent lines on which h is
convex by membership in a zonotope; dependent lines of both signs on the extreme rays of the cells that they cut (``_rays``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from theodolite._numerics import column_profile, exact_nullspace, exact_solve
from theodolite._typing import Array
from theodolite.relu._one_sided import OneSided, one_sided
from theodolite.relu._problem import Number, Problem

__all__ = ["CLEAR", "MOST_RAYS", "Condition", "decide", "kinks_told", "neuron_condition", "vanishes"]

CLEAR = 1e3
"""Deciding numbers must be clear of their round-off by this factor."""

MOST_RAYS = 10**5
"""More rays than this are not enumerated."""


@dataclass(frozen=True, eq=False)
class Condition:
    """Whether a neuron passes; ``None`` where it is too close to call, or too much work.

    ``direction`` is a v with ``slope`` = h(v) < 0 where it fails (h(v) != 0 for a neuron with z = 0). ``margin`` is the factor
    by which the closest decision stays clear of its threshold (None where nothing rounds), ``words`` say how it was decided,
    ``rays`` how many rays were, or would have to be, looked at.
    """

    holds: bool | None
    words: str
    direction: Shaped[np.ndarray, " d"] | None = None
    slope: Number | None = None
    margin: float | None = None
    rays: int | None = None


def neuron_condition(
    problem: Problem,
    error: Array,
    signs: Array,
    outer_sign: int,
    *,
    noise: Any = None,
    most_rays: int = MOST_RAYS,
) -> Condition:
    """Return whether a neuron with the sign vector ``signs`` (n,) and output weight of sign -1, 0 or +1 passes.

    ``error`` (n,) is the residual in the arithmetic of ``problem``: rationals are decided exactly, floats with margins.
    ``noise`` (n,) bounds the round-off of the errors. Only the signs matter, not the weights.
    """
    form = one_sided(problem, error, signs, outer_sign or 1, noise)
    return decide(form, most_rays) if outer_sign else vanishes(form)


def decide(form: OneSided, most_rays: int = MOST_RAYS) -> Condition:
    """Return whether h >= 0 everywhere."""
    if form.exact:
        return _decide_exactly(form, most_rays)
    from theodolite.relu._margins import decide_with_margins

    return decide_with_margins(form, most_rays)


def _decide_exactly(form: OneSided, most_rays: int) -> Condition:
    straight = form.right == -form.left
    if straight.any():
        linear = form.linear + form.right[straight] @ form.directions[straight]
        return _decide_exactly(form.take(~straight, linear), most_rays)
    lines, width = form.directions.shape
    if not lines:
        return _without_kinks(form)
    kernel = exact_nullspace(form.directions)
    outside = form.linear @ kernel
    if outside.any():
        return Condition(
            False,
            "h is linear and not 0 along directions that keep the kinks",
            -(kernel @ outside),
            -(outside @ outside),
        )
    if width - kernel.shape[1] == lines:
        return _independent(form)
    from theodolite.relu._rays import by_rays
    from theodolite.relu._zonotope import in_zonotope

    pivots = column_profile(form.directions)
    small = replace(
        form,
        linear=form.linear[list(pivots)],
        directions=form.directions[:, list(pivots)],
        linear_noise=form.linear_noise[list(pivots)],
    )
    found = in_zonotope(small, most_rays) if (form.bends > 0).all() else by_rays(small, most_rays)
    if found.direction is None:
        return found
    direction = np.full(width, form.linear[0] * 0, dtype=object)
    direction[list(pivots)] = found.direction
    return replace(found, direction=direction)


def _without_kinks(form: OneSided) -> Condition:
    if not form.linear.any():
        return Condition(True, "the gradient is 0")
    return Condition(False, "the gradient is not 0", -form.linear, -(form.linear @ form.linear))


def _independent(form: OneSided) -> Condition:
    """Lines that are independent can be crossed one by one."""
    share = exact_solve(form.directions.T, form.linear[:, None])[:, 0]
    ahead, behind = form.right + share, form.left - share
    for side, slopes in ((1, ahead), (-1, behind)):
        if (slopes < 0).any():
            line = int(np.argmin(slopes))
            unit = np.full((len(slopes), 1), slopes[0] * 0, dtype=object)
            unit[line] = unit[line] + side
            direction = exact_solve(form.directions, unit)[:, 0]
            return Condition(False, "the loss falls across one kink", direction, slopes[line])
    return Condition(True, f"no descent across {kinks_told(len(share))}")


def kinks_told(count: int) -> str:
    """Say across which kinks there is no descent."""
    return "its one kink" if count == 1 else f"any of {count:,} independent kinks"


def vanishes(form: OneSided) -> Condition:
    """Return whether h is 0 everywhere: the condition on a neuron with z = 0."""
    bends, mean = form.bends, form.mean
    if form.exact:
        if not bends.any() and not mean.any():
            return Condition(True, "the errors are orthogonal to what this neuron can do")
        v = _not_zero(form)
        return Condition(False, "the errors are not orthogonal to what this neuron can do", v, form.value(v))
    sizes = np.concatenate([np.abs(bends), np.abs(mean)])
    sides = (form.right_noise + form.left_noise) / 2
    blur = np.concatenate([sides, form.linear_noise + sides @ np.abs(form.directions)])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(sizes > 0, sizes / blur, 0.0)
    worst = float(ratio.max(initial=0.0))
    if worst <= 1:
        margin = inf if worst == 0 else 1 / worst
        return Condition(True, "the errors are orthogonal to what this neuron can do", margin=margin)
    v = _not_zero(form)
    slope, blurred = float(form.value(v)), form.noise(v)
    if worst >= CLEAR and abs(slope) >= CLEAR * blurred:
        margin = abs(slope) / blurred if blurred else inf
        return Condition(False, "the errors are not orthogonal to what this neuron can do", v, slope, margin)
    return Condition(None, "whether the errors are orthogonal to what this neuron can do", margin=worst)


def _not_zero(form: OneSided) -> Array:
    """Return a direction in which h is not 0, for an h that does not vanish: the clearest of a few."""
    bends, candidates = form.bends, [form.mean]
    if len(bends):
        directions = form.directions
        top = int(np.argmax(np.abs(bends.astype(np.float64)) * _norms(directions)))
        candidates += [directions[top], *_beside(directions, top)]
        candidates += list(np.eye(len(form.linear), dtype=np.int64).astype(form.linear.dtype))
    candidates += [-v for v in candidates]
    values = [abs(form.value(v)) for v in candidates]
    sizes = [float(np.abs(form.directions @ v).sum() + np.abs(v).sum()) or 1.0 for v in candidates]
    noise = [form.noise(v) + 1e-300 if not form.exact else size for v, size in zip(candidates, sizes, strict=True)]
    return candidates[int(np.argmax([float(value) / blur for value, blur in zip(values, noise, strict=True)]))]


def _beside(directions: Array, line: int) -> list[Array]:
    """Return three directions around one on ``line`` that lies on no other line: h has a kink there if that line bends."""
    u = directions[line]
    square = u @ u
    for seed in range(100):
        draw = np.random.default_rng(seed).integers(-99, 100, directions.shape[1])
        start = draw * square - (u @ draw) * u
        across = np.delete(directions @ start, line)
        if (across != 0).all():
            break
    if not start.any() or not len(across):
        return [start + u, start - u]
    others = np.delete(directions, line, axis=0)
    reach = np.abs(others @ u)
    near = [abs(a) / r for a, r in zip(across, reach, strict=True) if r != 0]
    step = min(near, default=square / square) / 2
    return [start, start + step * u, start - step * u]


def _norms(directions: Array) -> Float[np.ndarray, " l"]:
    return np.asarray(np.linalg.norm(directions.astype(np.float64), axis=1))
