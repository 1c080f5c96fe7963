"""Points given in floating point: which exactly critical point lies next to this one?

The signs of x_i . w_j are read with a threshold, and the weights that count are corrected by linear least squares to the minimum
among the points with these signs. The correction is near if it moves the outputs no more than rounding the parameters could;
then the corrected point is judged, and only what its margins allow is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from theodolite._evidence import Assumption
from theodolite._kind import Kind
from theodolite.relu._conditions import CLEAR
from theodolite.relu._correction import correct, kept
from theodolite.relu._descent import descend, pulled
from theodolite.relu._finding import Finding, judge, kinked
from theodolite.relu._inertia import nullity
from theodolite.relu._one_sided import rounding
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._reading import Reading, read, sse_change, still, value_noise
from theodolite.relu._ways_out import Move

__all__ = ["find_nearby", "tiny"]

_ROUNDING = 512
"""How far outputs may move, in units of the relative round-off of the parameters."""

_COARSE = 1e-3
"""Where that is more than this share of the outputs' own terms, so few units as ``_SIGN`` must do."""

_FAR = 8
"""What is this many times farther than a critical point may be is not critical."""

_POOR = 1e-6
"""A way that lowers S by less than this share of what the nearest minimum does is not the best."""

_EPSILON = float(np.finfo(np.float64).eps)

_SIGN = 16
"""Below this many units of round-off the input of a neuron counts as 0."""


_FITTED = 1e-6
"""All samples are fitted only where the loss is at most this share of the zero network's, whatever the round-off."""


@dataclass(frozen=True, eq=False)
class _Reach:
    """``limit``: how far (in the norm of the outputs) a critical point may be; ``threshold``: what counts as sign 0."""

    limit: float
    threshold: float


def find_nearby(problem: Problem, given: Point, tolerance: float) -> Finding:
    """Return what floats ``given`` are: first whether they are clearly not critical, then what the nearest critical point is."""
    share = min(_ROUNDING * tolerance, max(_SIGN * tolerance, _COARSE))
    point = tiny(problem, given, share)
    fine = (_SIGN + problem.width) * _EPSILON
    reading = read(problem, point, fine)
    limit = share * float(np.linalg.norm(reading.terms))
    noise = value_noise(problem, reading)
    downhill = descend(problem, given, reading)
    # beside a kink the loss falls to first order until the kink is met, elsewhere to second order in the distance
    near = min((10 * CLEAR * limit) ** 2, _FAR * limit * (2 * float(np.sqrt(float(reading.sse))) + _FAR * limit))
    if float(reading.sse) > noise and downhill is not None and float(downhill[1]) > near + 10 * noise:
        fall = float(np.sqrt(float(downhill[1])))
        check = Assumption("one step moves the outputs by more than rounding the parameters can", fall / limit, limit)
        return Finding(Kind.NOT_CRITICAL, reading, (check,), downhill[0])
    # Coarse parameters may be at a kink without being on it, but many samples are near kinks by chance: all are looked at.
    seen = [reading.signs]
    found = first = _beside(problem, given, point, reading, downhill, _Reach(limit, fine))
    for threshold in (tolerance, (_SIGN + problem.width) * tolerance):
        if threshold <= fine or first.kind not in (Kind.UNDECIDED, Kind.NOT_CRITICAL):
            break
        again = read(problem, point, threshold)
        if any(np.array_equal(again.signs, signs) for signs in seen):
            continue
        seen.append(again.signs)
        other = _beside(problem, given, point, again, downhill, _Reach(limit, threshold))
        if other.kind not in (Kind.UNDECIDED, Kind.NOT_CRITICAL):
            return other
        if other.kind is Kind.UNDECIDED:
            found = other
    return found


def _beside(
    problem: Problem,
    given: Point,
    point: Point,
    reading: Reading,
    downhill: tuple[Move, float] | None,
    reach: _Reach,
) -> Finding:
    """Judge the nearest minimum among the points with the signs of ``reading``."""
    threshold, limit = reach.threshold, reach.limit
    noise = value_noise(problem, reading)
    if float(reading.sse) <= noise:
        size = float((problem.targets**2).sum())
        if float(reading.sse) > _FITTED * size > 0:
            hidden = Assumption(
                "round-off of the outputs is below the loss", float(reading.sse) / noise, problem.scale * noise
            )
            return _doubt(reading, "the weights are so large that round-off hides the loss", (hidden,), downhill)
        return _fit(problem, point, given, reading, threshold, noise)
    corrected = correct(problem, point, reading, threshold)
    if corrected is None:
        return _doubt(reading, "the least squares problem is too large or too ill-conditioned", (), downhill)
    nearest, moved = corrected
    nearest = _level(problem, nearest, read(problem, nearest, threshold), limit)
    check = Assumption(
        "the nearest minimum among the points with these signs moves the outputs no more than rounding the parameters can",
        limit / moved if moved > 0 else None,
        limit,
    )
    if moved > limit:
        if moved >= _FAR * limit:
            ways = [way for way in (downhill, _straight(problem, given, nearest)) if way is not None]
            downhill = max(ways, key=lambda way: float(way[1]), default=None)
            if downhill is None or float(downhill[1]) < _POOR * moved * moved:  # kinks bar the way: cross them
                _, judged = judge(problem, point, reading, _noise(problem, reading))
                downhill = descend(problem, given, reading, judged.conditions) or downhill
        if moved >= _FAR * limit and downhill is not None:
            check = Assumption("the nearest minimum among the points with these signs is far", moved / limit, limit)
            return Finding(Kind.NOT_CRITICAL, reading, (check,), downhill[0])
        return _doubt(reading, "a critical point is near, but not within the tolerance", (check,), downhill)
    again = read(problem, nearest, threshold)
    if not np.array_equal(again.signs, reading.signs):
        return _doubt(
            reading, "the nearest minimum among the points with these signs has other signs", (check,), downhill
        )
    found, judged = judge(problem, nearest, again, _noise(problem, again))
    if found.kind is Kind.NOT_CRITICAL:
        down = descend(problem, given, reading, judged.conditions)
        move = None if down is None else down[0]
        return Finding(Kind.NOT_CRITICAL, again, (check, *found.checks), move)
    return replace(found, checks=(check, *found.checks), nearest=nearest, distance=_distance(given, nearest))


def _fit(problem: Problem, point: Point, given: Point, reading: Reading, threshold: float, noise: float) -> Finding:
    """Every sample is fitted, up to round-off."""
    sse = float(reading.sse)
    check = Assumption("the loss is 0 up to round-off", noise / sse if sse else None, problem.scale * noise)
    corrected = correct(problem, point, reading, threshold)
    if corrected is None:
        return Finding(Kind.LOCAL_MINIMUM, reading, (check,))
    again = read(problem, corrected[0], threshold)
    if float(again.sse) > sse or not np.array_equal(again.signs, reading.signs):
        return Finding(Kind.LOCAL_MINIMUM, reading, (check,), nearest=point, distance=_distance(given, point))
    index = zeros = None
    checks: tuple[Assumption, ...] = (check,)
    if not kinked(problem, again.signs).any():
        index = 0
        zeros, clear = nullity(problem, corrected[0], again.signs, np.zeros(len(point.outer), dtype=bool))
        checks += () if clear is None else (clear,)
    return Finding(
        Kind.LOCAL_MINIMUM,
        again,
        checks,
        nearest=corrected[0],
        distance=_distance(given, corrected[0]),
        index=index,
        nullity=zeros,
    )


def _straight(problem: Problem, given: Point, nearest: Point) -> tuple[Move, float] | None:
    """Go straight to the nearest minimum among the points with these signs."""
    direction = still(problem, given)
    direction = Point(nearest.weights - given.weights, direction.outer, nearest.offset - given.offset)
    fall = -float(sse_change(problem, given, direction))
    return (
        (Move(direction, 1, -2 * fall, "move all weights to the minimum beside this point"), fall) if fall > 0 else None
    )


def _noise(problem: Problem, reading: Reading) -> Float[np.ndarray, " n"]:
    """Return the round-off of the errors at a point that least squares corrected: rows that move with others share theirs."""
    share = (np.abs(problem.inputs) / problem.column_sizes).max(axis=1)
    if problem.offset:
        share = np.maximum(share, problem.samples**-0.5)
    return rounding(problem, reading.terms + np.minimum(share, 1.0) * float(np.linalg.norm(reading.terms)))


def _doubt(
    reading: Reading, words: str, checks: tuple[Assumption, ...], downhill: tuple[Move, float] | None
) -> Finding:
    move = None if downhill is None else downhill[0]
    return Finding(Kind.UNDECIDED, reading, checks, move, doubt=words)


def tiny(problem: Problem, point: Point, share: float) -> Point:
    """Set output weights, and weights of neurons, to 0 where they are below ``share`` of the largest and move no output more."""
    sizes = (np.abs(point.weights) * problem.column_sizes).max(axis=1, initial=0.0)
    strength = np.abs(point.outer) * sizes
    everything = float(strength.max(initial=0.0))
    small = strength <= share * everything
    asleep = small & (np.abs(point.outer) <= share * float(np.abs(point.outer).max(initial=0.0)))
    at_origin = small & (sizes <= share * float(sizes.max(initial=0.0)))
    return Point(np.where(at_origin[:, None], 0.0, point.weights), np.where(asleep, 0.0, point.outer), point.offset)


def _level(problem: Problem, point: Point, reading: Reading, limit: float) -> Point:
    """Turn neurons with z = 0 so that their outputs are orthogonal to the errors, where they nearly are."""
    asleep = np.flatnonzero((point.outer == 0) & (point.weights != 0).any(axis=1))
    if not len(asleep):
        return point
    weights = point.weights.copy()
    pulls = pulled(problem, replace(reading, signs=reading.signs[:, asleep]))
    noise = _noise(problem, reading)
    sizes = problem.column_sizes
    for neuron, pull in zip(asleep, pulls / sizes, strict=True):
        after = problem.activate(problem.inputs @ weights[neuron])
        share = abs(float(reading.error @ after))
        basis = kept(problem, reading.signs[:, neuron], sizes)
        inside = basis @ (basis.T @ pull)
        square = float(inside @ inside)
        if noise @ np.abs(after) < share <= limit * float(np.linalg.norm(after)) and square > 0:
            scaled = weights[neuron] * sizes
            weights[neuron] = (scaled - inside * float(scaled @ inside) / square) / sizes
    return Point(weights, point.outer, point.offset)


def _distance(one: Point, other: Point) -> float:
    parts: list[Float[np.ndarray, " _"]] = [
        np.ravel(one.weights - other.weights),
        np.ravel(one.outer - other.outer),
        np.ravel(np.asarray(one.offset - other.offset)),
    ]
    return float(np.linalg.norm(np.concatenate(parts)))
