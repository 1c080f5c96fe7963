"""What the tests of listed minima and saddles share: lists of whole problems, and random degenerate ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from theodolite._numerics import as_fractions
from theodolite.relu._minima import solve
from theodolite.relu._patterns import Patterns
from theodolite.relu._problem import Problem
from theodolite.relu._saddles import Saddle, saddles
from theodolite.relu._supports import Solution, pieces

SLOPES = (Fraction(0), Fraction(0), Fraction(1, 2), Fraction(1, 10), Fraction(2))


def listed(faces: Patterns) -> list[Solution]:
    """Return all local minima on these faces."""
    hidden = faces.problem.hidden
    return [solution for item in pieces(faces, hidden) for solution in solve(faces, hidden, item)]


def listed_saddles(faces: Patterns) -> list[Saddle]:
    """Return all differentiable saddles."""
    hidden = faces.problem.hidden
    return [saddle for item in pieces(faces, hidden) for saddle in saddles(faces, hidden, item)]


def degenerate(seed: int, most: int = 2) -> Problem:
    """Return a small random problem: equal, parallel and zero rows, few samples, zero or constant targets are all likely."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    hidden = int(rng.integers(1, most + 1)) if d < 3 or n < 4 else 1
    inputs = rng.integers(-2, 3, (n, d))
    if rng.random() < 0.3:
        inputs[:, -1] = 1
    if n > 1 and rng.random() < 0.3:
        inputs[0] = inputs[1] * int(rng.choice([-2, -1, 1, 3]))
    if rng.random() < 0.2:
        inputs[-1] = 0
    targets = rng.integers(-3, 4, n)
    if rng.random() < 0.15:
        targets[:] = int(rng.integers(0, 2))
    return Problem(
        inputs=as_fractions(inputs),
        targets=as_fractions(targets),
        slope=SLOPES[int(rng.integers(len(SLOPES)))],
        hidden=hidden,
        offset=bool(rng.random() < 0.4),
        scale=Fraction(1),
        epsilon=0.0,
    )


def signs(faces: Patterns, face: int) -> str:
    """Return the signs of a face as text."""
    return "".join("-0+"[sign + 1] for sign in faces.signs[face].tolist())
