"""Differentiable saddles: none is missing among critical points that random searches find."""

from __future__ import annotations

import numpy as np
import pytest

from tests.relu.listing import degenerate, listed, listed_saddles
from theodolite.relu._patterns import patterns
from theodolite.relu._problem import Problem


def searched(problem: Problem, rng: np.random.Generator) -> float | None:
    """Return S at a differentiable critical point with an idle neuron, from a random one by Newton's method, or None."""
    x, y, slope = problem.inputs, problem.targets, float(problem.slope)
    h, d = problem.hidden, problem.width
    size = h * (d + 1) + int(problem.offset)
    theta = rng.normal(size=size)
    theta[h * d : h * (d + 1)] *= rng.random(h) < 0.5
    for _ in range(60):
        w, z = theta[: h * d].reshape(h, d), theta[h * d : h * (d + 1)]
        t = x @ w.T
        slopes = np.where(t > 0, 1.0, slope)
        e = (slopes * t) @ z + (theta[-1] if problem.offset else 0.0) - y
        images = [np.concatenate([(slopes[:, j : j + 1] * x * z[j]) for j in range(h)], axis=1), slopes * t]
        jacobian = np.concatenate([*images, *([np.ones((len(y), 1))] if problem.offset else [])], axis=1)
        gradient, hessian = jacobian.T @ e, jacobian.T @ jacobian
        for j in range(h):
            g = (slopes[:, j] * e) @ x
            hessian[j * d : (j + 1) * d, h * d + j] += g
            hessian[h * d + j, j * d : (j + 1) * d] += g
        if np.abs(gradient).max() < 1e-12:
            present = np.abs(x).max(axis=1) > 0
            return float(e @ e) if np.abs(t[present]).min(initial=1.0) > 1e-6 else None
        theta = theta - np.linalg.lstsq(hessian, gradient, rcond=1e-10)[0]
    return None


@pytest.mark.parametrize("seed", range(20))
def test_searches_find_only_listed_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = degenerate(300 + seed)
    faces = patterns(problem)
    values = {float(s.sse) for s in listed(faces)} | {float(s.solution.sse) for s in listed_saddles(faces)}
    found = [value for _ in range(40) if (value := searched(problem.as_float, rng)) is not None]
    assert all(min(abs(value - level) for level in values) < 1e-8 * (1 + value) for value in found)


def test_searches_find_saddles() -> None:
    """The search above meets saddles that are no minima's values, too: it does test them."""
    rng = np.random.default_rng(0)
    met = 0
    for seed in range(20):
        problem = degenerate(300 + seed)
        faces = patterns(problem)
        minima = {float(s.sse) for s in listed(faces)}
        found = [value for _ in range(40) if (value := searched(problem.as_float, rng)) is not None]
        met += sum(min(abs(value - level) for level in minima) > 1e-6 for value in found)
    assert met > 0
