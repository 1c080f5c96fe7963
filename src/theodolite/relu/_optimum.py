"""The global minimum of a network that has too many local minima to list them.

A global minimum lies on a set of at most ``hidden`` different faces of weight space whose columns are linearly independent,
with one sign of output weight for each, and is the least squares fit on them. (Of the fits of a global minimum take one on as
few and as small faces as possible: along a relation of the columns the weights could move, without changing the fit, until
one of them leaves its face, because a pointed cone contains no line.) So a compiled sweep over all such sets, of which only
those with a least squares value below the best point known are looked at again, finds the global minimum and proves it. Where
the sets are too many, joint sign prefixes are bounded instead (``_branch``).

Floats only rule out sets whose columns are clearly independent, with a slack; all others are decided in rationals.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import comb

import numpy as np

from theodolite._numerics import column_profile
from theodolite.relu._independence import Independence
from theodolite.relu._minima import Fitter, fitter
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Problem
from theodolite.relu._supports import Solution
from theodolite.relu._sweep import sweep

__all__ = ["MOST_SWEPT", "Proven", "pointed", "seen_weights", "swept_optimum"]

MOST_SWEPT = 5 * 10**8
"""So many sets of faces a sweep tries within minutes."""

_SLACK = 1e-6
"""Values of the sweep are as good as this, relative to the sum of squares of the targets."""


@dataclass(frozen=True, eq=False)
class Proven:
    """The lowest local minimum, by the support that it has; ``swept`` is how many sets of faces were tried."""

    solution: Solution
    swept: int


def seen_weights(problem: Problem) -> list[int]:
    """Return weights of a neuron that tell all that samples see of it: independent columns of the inputs."""
    return list(column_profile(problem.as_exact.inputs)) if problem.inputs.size else []


def pointed(problem: Problem) -> Problem:
    """Return the same problem without weights that no sample sees, so that cones contain no line."""
    kept = seen_weights(problem)
    return problem if len(kept) == problem.width else replace(problem, inputs=problem.inputs[:, kept])


def swept_optimum(
    found: Patterns,
    attained: Fraction,
    report: Callable[[int], None] = lambda done: None,
    stop: Callable[[], bool] = lambda: False,
) -> Proven | None:
    """Return the global minimum; ``attained`` is the sum of squares of some point, exactly.

    ``found`` are all faces of a problem without lines in its cones. ``None`` where ``stop`` said so first, or where no set was
    found that is as low as ``attained``, which round-off beyond the slack would explain.
    """
    problem = found.problem
    rounded = problem.as_float
    targets = rounded.targets - rounded.targets.mean() if problem.offset else rounded.targets
    slack = _SLACK * float(targets @ targets)
    exact = fitter(found, problem.hidden)
    independence = Independence(exact.forms, min(problem.hidden, len(found)))
    candidates = np.flatnonzero(found.dimensions > 0)
    faces = candidates[independence.of(candidates[:, None])].tolist()
    threads = len(os.sched_getaffinity(0))
    best = min(exact.solutions(()), key=lambda solution: solution.sse, default=None)
    tried = 1
    for size in range(1, min(problem.hidden, len(faces)) + 1):
        if stop():
            return None
        if best is not None and not best.sse:
            break
        level = attained if best is None else min(attained, Fraction(best.sse))
        swept = sweep(found, size, faces, below=float(level) + slack, threads=threads)
        tried += comb(len(faces), size)
        doubtful = swept.doubtful[independence.of(swept.doubtful)]
        for sets in (swept.sets[np.argsort(swept.sse, kind="stable")], doubtful):
            for row in sets.tolist():
                best = _lower(exact, tuple(row), best)
                if stop():
                    return None
        report(size)
    level = attained if problem.exact else attained + Fraction(slack)
    return None if best is None or best.sse > level else Proven(best, tried)


def _lower(exact: Fitter, faces: tuple[int, ...], best: Solution | None) -> Solution | None:
    """Return the lowest local minimum on these faces if it is lower than ``best``, else ``best``."""
    if best is not None:
        fit = exact.fit(faces)
        unit = fit.denominator * exact.forms.measure
        squares = sum(int(entry) ** 2 for entry in fit.error.entries())
        if squares >= Fraction(best.sse) * unit**2:
            return best
    found = list(exact.solutions(faces))
    return min(found if best is None else [best, *found], key=lambda solution: solution.sse, default=None)
