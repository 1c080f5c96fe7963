"""What one point is, before its value is compared with others: a local minimum, or not, and the way down.

Neurons are judged one by one. A neuron that fails with z != 0 can lower the loss to first order; one that fails with z = 0 to
first order if the errors and its outputs have a scalar product, else to second order: the point is a saddle.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Bool

from theodolite._evidence import Assumption
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.relu._conditions import CLEAR, Condition, neuron_condition
from theodolite.relu._inertia import nullity
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem
from theodolite.relu._reading import Reading
from theodolite.relu._ways_out import Move, awaken

__all__ = ["Finding", "Judged", "judge", "kinked"]


@dataclass(frozen=True, eq=False)
class Finding:
    """The kind of a point (``LOCAL_MINIMUM`` for every minimum), what was checked, and the way down.

    ``nearest`` is the critical point that the kind is about and ``distance`` how far it is; ``reading`` is what was read there.
    ``as_given`` says that rational arithmetic judged floats as the numbers that they are.
    """

    kind: Kind
    reading: Reading
    checks: tuple[Assumption, ...]
    move: Move | None = None
    nearest: Point | None = None
    distance: float | None = None
    index: int | None = None
    nullity: int | None = None
    doubt: str = ""
    as_given: bool = False


@dataclass(frozen=True, eq=False)
class Judged:
    """The conditions of all neurons, in order, and the scalar products of errors and outputs where z = 0 (else 0)."""

    conditions: list[Condition]
    pulls: Array
    pull_noise: Array


def kinked(problem: Problem, signs: Array) -> Bool[np.ndarray, " h"]:
    """Return which neurons are 0 on some row that is not."""
    present = problem.lines.line >= 0
    return np.asarray((signs[present] == 0).any(axis=0))


def conditions(problem: Problem, point: Point, reading: Reading, noise: Array) -> Judged:
    """Judge every neuron; those that share signs and the sign of z share their condition."""
    known: dict[tuple[int, bytes], Condition] = {}
    found = []
    pulls, pull_noise = problem.zeros(len(point.weights)), np.zeros(len(point.weights))
    for neuron, outer in enumerate(point.outer):
        signs = np.ascontiguousarray(reading.signs[:, neuron])
        sign = int(outer > 0) - int(outer < 0)
        key = sign, signs.tobytes()
        if key not in known:
            known[key] = neuron_condition(problem, reading.error, signs, sign, noise=noise)
        found.append(known[key])
        if sign == 0:
            before = problem.product(problem.inputs, point.weights[neuron].reshape(-1, 1))[:, 0]
            after = problem.activate(np.where(signs == 0, problem.number(0), before))
            pulls[neuron] = reading.error @ after
            pull_noise[neuron] = float(noise @ np.abs(after)) if not problem.exact else 0.0
    return Judged(found, pulls, pull_noise)


def judge(problem: Problem, point: Point, reading: Reading, noise: Array) -> tuple[Finding, Judged]:
    """Return what ``point`` is, and the conditions of its neurons; where the loss falls to first order, without a move."""
    judged = conditions(problem, point, reading, noise)
    checks: list[Assumption] = []
    total = reading.error.sum() if problem.offset else problem.number(0)
    states = [_zero(abs(total), float(noise.sum()), problem.exact)]
    states += [_zero(abs(p), blur, problem.exact) for p, blur in zip(judged.pulls, judged.pull_noise, strict=True)]
    counts = point.outer != 0
    holds = [condition.holds for condition in judged.conditions]
    first = any(state is False for state in states) or any(
        passed is False and count for passed, count in zip(holds, counts, strict=True)
    )
    checks += _told(judged.conditions, point)
    if problem.offset:
        checks.append(Assumption("the errors add up to 0" if total == 0 or not first else "the sum of the errors"))
    if first:
        return Finding(Kind.NOT_CRITICAL, reading, tuple(checks)), judged
    unclear = [k for k, passed in enumerate(holds) if passed is None]
    asleep = [k for k, passed in enumerate(holds) if passed is False]
    move = _leave(problem, point, reading, judged, asleep)
    if unclear or any(state is None for state in states):
        doubt = f"neuron {unclear[0]}: {judged.conditions[unclear[0]].words}" if unclear else "a derivative near 0"
        return Finding(Kind.UNDECIDED, reading, tuple(checks), move, doubt=doubt), judged
    smooth = not kinked(problem, reading.signs).any()
    index = zeros = None
    if smooth:
        leaving = np.zeros(len(counts), dtype=bool)
        leaving[asleep] = True
        index = len(asleep)
        zeros, clear = nullity(problem, point, reading.signs, leaving)
        checks += [] if clear is None else [clear]
    if not asleep:
        return Finding(Kind.LOCAL_MINIMUM, reading, tuple(checks), None, point, 0.0, index, zeros), judged
    kind = Kind.STRICT_SADDLE if not kinked(problem, reading.signs)[asleep].all() else Kind.SADDLE
    return Finding(kind, reading, tuple(checks), move, point, 0.0, index, zeros), judged


def _zero(size: Number, noise: float, exact: bool) -> bool | None:
    """Return whether a number is 0: None where it is above its noise, but not clearly."""
    if exact or size <= noise:
        return bool(size <= noise) if not exact else bool(size == 0)
    return False if size >= CLEAR * noise else None


def _leave(problem: Problem, point: Point, reading: Reading, judged: Judged, asleep: list[int]) -> Move | None:
    """Return the best of the ways to let a neuron with z = 0 count."""
    smooth = ~kinked(problem, reading.signs)
    order = sorted(asleep, key=lambda k: (not smooth[k], k))
    for neuron in order[:20]:
        v = judged.conditions[neuron].direction
        if v is not None:
            move = awaken(problem, point, reading.error, reading.signs[:, neuron], neuron, v)
            if move is not None:
                return move
    return None


def _told(found: list[Condition], point: Point) -> list[Assumption]:
    """Say how neurons were decided: one line for each way, with its smallest margin."""
    groups: dict[tuple[bool, bool | None, str], list[tuple[int, Condition]]] = {}
    for neuron, condition in enumerate(found):
        groups.setdefault((bool(point.outer[neuron] != 0), condition.holds, condition.words), []).append(
            (neuron, condition)
        )
    told = []
    for (counts, holds, words), members in groups.items():
        names = ", ".join(str(neuron) for neuron, _ in members[:4]) + (", ..." if len(members) > 4 else "")
        which = f"neuron{'s' if len(members) > 1 else ''} {names}{'' if counts else ' with output weight 0'}"
        many = len(members) > 1
        verb = {
            True: "pass" if many else "passes",
            False: "fail" if many else "fails",
            None: "are undecided" if many else "is undecided",
        }[holds]
        margin = min((c.margin for _, c in members if c.margin is not None), default=None)
        rays = max((c.rays for _, c in members if c.rays is not None), default=None)
        looked = "" if rays is None else f" ({rays:,} rays)"
        told.append(Assumption(f"{which} {verb}: {words}{looked}", None if margin in (None, inf) else margin))
    return told
