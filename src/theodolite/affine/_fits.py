"""The exact fit next to a network that fits the target up to rounding."""

from __future__ import annotations

import numpy as np

from theodolite._typing import Array
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._problem import Network, Number, Problem
from theodolite.affine._structure import Sort, Structure

__all__ = ["nearest_fit", "recentred"]


def recentred(problem: Problem, w: Array, b: Array, v: Array, anchor: Number) -> Network:
    """Return the network with these neurons whose output bias makes the residual vanish at ``anchor``."""
    z = w * anchor + b
    active = z * z if problem.quadratic else np.where(z > 0, z, problem.gamma * z)
    return Network(w, b, v, problem.alpha * anchor + problem.beta - (v * active).sum())


def nearest_fit(problem: Problem, network: Network, tolerance: float) -> Network | None:
    """Return a network that equals the target, close to ``network``; None if none was found.

    Breakpoints closer than ``tolerance`` (relative to the terms of w x + b) are moved together, bends there are made to
    cancel, and the slope is corrected by a neuron that can.
    """
    if problem.quadratic:
        return _squared_fit(problem, network)
    values = KinkedLoss(problem, network)
    w, b, v = network.w.copy(), network.b.copy(), network.v.copy()
    structure = Structure.of(problem, network, values.supports.at[values.supports.kinked])
    inner = np.flatnonzero((structure.sorts == Sort.KINK) & (v != 0))
    groups: list[Array] = []
    if len(inner):
        at = -b[inner] / w[inner]
        slack = tolerance * (np.abs(w[inner]) * problem.reach + np.abs(b[inner])) / np.abs(w[inner])
        order = np.argsort(at)
        inner, at, slack = inner[order], at[order], slack[order]
        breaks = np.flatnonzero(np.diff(at) > slack[1:] + slack[:-1]) + 1
        groups = np.split(inner, breaks)
        for group, places in zip(groups, np.split(at, breaks), strict=True):
            weight = np.abs(v[group] * w[group])
            b[group] = -w[group] * (weight @ places / weight.sum())
            v[group] -= (weight * ((v[group] * np.abs(w[group])).sum() / weight.sum())) / np.abs(w[group])
            if len(group) == 1:
                v[group] = 0.0
    moved = Network(w, b, v, network.c)
    supports = KinkedLoss(problem, moved).supports
    slope = float((supports.left * v * w).sum())
    lever = w * supports.left
    lever[supports.kinked | (lever == 0)] = 0.0
    need = problem.alpha - slope
    if lever.any():
        j = int(np.argmax(np.abs(lever) / (np.abs(w) * problem.reach + np.abs(b) + (lever == 0))))
        v[j] += need / lever[j]
    else:
        pair = next((g for g in groups if (w[g] > 0).any() and (w[g] < 0).any()), None)
        if pair is not None:
            for side in (1, -1):
                j = int(pair[np.argmax(side * w[pair])])
                v[j] += side * need / (1 + problem.gamma) / abs(w[j])
        elif need != 0 and abs(need) > tolerance * (abs(problem.alpha) + np.abs(v * w).sum()):
            return None
    return recentred(problem, w, b, v, problem.middle)


def _squared_fit(problem: Problem, network: Network) -> Network | None:
    """Return the fit that changes the output weights least."""
    w, b = network.w, network.b
    shift = b + w * problem.middle
    rows = np.stack([w * w, 2 * w * shift])
    missing = np.array([0.0, problem.alpha]) - rows @ network.v
    change, _, rank, _ = np.linalg.lstsq(rows, missing, rcond=None)
    if rank < 2 and float(np.abs(rows @ change - missing).max()) > 1e-12 * (abs(problem.alpha) + 1e-300):
        return None
    return recentred(problem, w, b, network.v + change, problem.middle)
