"""What the tests of verdicts share: small landscapes, points that are critical by construction, and slow evaluations."""

from fractions import Fraction

import numpy as np

from theodolite._numerics import exact_nullspace
from theodolite.relu import ReluLandscape

SLOPES = (Fraction(0), Fraction(1, 10), Fraction(1, 2), Fraction(2))


def fractions(values):
    array = np.asarray(values, dtype=object)
    out = np.empty(array.shape, dtype=object)
    out.flat = [Fraction(x) for x in array.flat]
    return out


def slow_sse(rows, y, gamma, weights, outer, offset):
    """The sum of squares, one product at a time."""
    total = Fraction(0)
    for x, target in zip(rows, y, strict=True):
        f = Fraction(np.asarray(offset).item())
        for w, z in zip(weights, outer, strict=True):
            t = sum((a * b for a, b in zip(x, w, strict=True)), Fraction(0))
            f += z * (t if t >= 0 else gamma * t)
        total += (f - target) ** 2
    return total


def outputs(rows, gamma, weights, outer, offset):
    before = rows @ weights.T
    return np.where(before >= 0, before, gamma * before) @ outer + offset


def critical_by_construction(seed):
    """A landscape and a point of it without descent that keeps its kinks: targets are chosen for the point, not the reverse."""
    rng = np.random.default_rng(seed)
    d, n, h = int(rng.integers(1, 4)), int(rng.integers(2, 8)), int(rng.integers(1, 4))
    gamma, offset = SLOPES[seed % 4], bool(rng.random() < 0.4)
    rows = rng.integers(-2, 3, (n, d))
    if rng.random() < 0.3:
        rows[-1] = rows[0] * rng.integers(-2, 3)
    weights = rng.integers(-1, 2, (h, d)) * rng.choice([0, 1, 1, 1], (h, 1))
    outer = rng.choice([-1, 0, 1, 2], h)
    if rng.random() < 0.2:
        weights[-1], outer[-1] = weights[0], -outer[0]
    rows, weights, outer = fractions(rows), fractions(weights), fractions(outer)
    c = Fraction(int(rng.integers(-1, 2))) if offset else Fraction(0)
    before = rows @ weights.T
    slopes = np.where(before > 0, Fraction(1), np.where(before < 0, gamma, Fraction(0)))
    constraints = []
    for j in range(h):
        inside = rows * slopes[:, j, None]
        if outer[j] != 0:
            kinks = rows[before[:, j] == 0]
            basis = exact_nullspace(kinks) if len(kinks) else fractions(np.eye(d, dtype=int))
            constraints += list((inside @ basis).T)
        else:
            constraints.append(inside @ weights[j])
            if rng.random() < 0.5:
                constraints += list((rows * np.where(before[:, j] == 0, Fraction(1), slopes[:, j])[:, None]).T)
    if offset:
        constraints.append(fractions(np.ones(n, dtype=int)))
    kernel = exact_nullspace(np.array(constraints, dtype=object).reshape(-1, n))
    mix = fractions(rng.integers(-3, 4, kernel.shape[1]))
    error = kernel @ mix if kernel.shape[1] else fractions(np.zeros(n, dtype=int))
    if rng.random() < 0.25:
        error = abs(error)
    y = outputs(rows, gamma, weights, outer, c) - error
    land = ReluLandscape(rows, y, h, output_bias=offset, negative_slope=gamma)
    return land, (weights, outer, *([np.array(c, dtype=object)] if offset else []))


def drop_by_perturbation(land, params, seed, count=1500):
    """The largest fall of the loss among random small changes of all parameters, in floats, relative to its square."""
    rng = np.random.default_rng(seed)
    problem = land.problem.as_float
    weights, outer, *rest = (np.asarray(part, dtype=object).astype(float) for part in params)
    c = float(rest[0]) if rest else 0.0
    rows, y = problem.inputs, problem.targets

    def error(w, z, b):
        before = np.einsum("nd,khd->knh", rows, w)
        return np.einsum("knh,kh->kn", np.where(before >= 0, before, problem.slope * before), z) + b[:, None] - y

    start = error(weights[None], outer[None], np.array([c]))
    worst = 0.0
    for radius in (1e-1, 1e-2, 1e-3):
        w = rng.standard_normal((count, *weights.shape)) * (rng.random((count, *weights.shape)) < 0.6)
        z = rng.standard_normal((count, len(outer))) * (rng.random((count, len(outer))) < 0.6)
        b = rng.standard_normal(count) * problem.offset * (rng.random(count) < 0.5)
        moved = error(weights + radius * w, outer + radius * z, c + radius * b)
        fall = -((moved - start) * (moved + start)).sum(axis=1) / radius**2
        worst = max(worst, float(fall.max())) if radius < 1e-1 else worst
    return worst


__all__ = ["SLOPES", "critical_by_construction", "drop_by_perturbation", "fractions", "outputs", "slow_sse"]
