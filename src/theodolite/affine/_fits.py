"""The exact fit next to a network that fits the target up to rounding."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from theodolite._typing import Array
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._problem import Network, Number, Problem
from theodolite.affine._structure import Sort, Structure, sort_neurons

__all__ = ["inertia_near", "nearest_fit", "recentred"]


Inertia: TypeAlias = tuple[int, int] | str
"""Index and nullity, or why they are not known."""


def recentred(problem: Problem, w: Array, b: Array, v: Array, anchor: Number) -> Network:
    """Return the network with these neurons whose output bias makes the residual vanish at ``anchor``."""
    z = w * anchor + b
    active = z * z if problem.quadratic else np.where(z > 0, z, problem.gamma * z)
    return Network(w, b, v, problem.alpha * anchor + problem.beta - (v * active).sum())


def nearest_fit(problem: Problem, network: Network, tolerance: float) -> Network | None:
    """Return a network that equals the target, close to ``network``; None if none was found.

    Breakpoints within ``tolerance`` (relative to the terms of w x + b) of an end of the interval are moved there, those closer
    to each other are moved together, bends there are made to cancel, and the slope is corrected by a neuron that can.
    """
    if problem.quadratic:
        return _squared_fit(problem, network)
    values = KinkedLoss(problem, network)
    w, b, v = network.w.copy(), network.b.copy(), network.v.copy()
    structure = Structure.of(problem, network, values.supports.at[values.supports.kinked])
    bent = (structure.sorts == Sort.KINK) & (v != 0)
    for end, other in ((problem.start, problem.end), (problem.end, problem.start)):
        slack = np.minimum(tolerance * _terms(problem, network), np.abs(w * other + b) / 4)
        out = bent & (np.abs(w * end + b) <= slack)
        b[out], bent = -w[out] * end, bent & ~out
    inner = np.flatnonzero(bent)
    groups: list[Array] = []
    if len(inner):
        at = -b[inner] / w[inner]
        slack = tolerance * _terms(problem, network)[inner] / np.abs(w[inner])
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


def inertia_near(
    problem: Problem, network: Network, fit: Network, flatness: Array, rtol: float, clear: float
) -> Inertia:
    """Return index and nullity at ``fit``, or why they are open, where ``network`` next to it tells which sort of fit it is.

    ``flatness`` is how much each neuron of ``network`` counts. Up to ``rtol`` relative numbers are equal, beyond ``clear`` not.
    """
    size = len(fit.w)
    if problem.alpha != 0 and (problem.quadratic or problem.linear):
        return 0, 3 * size - (2 if problem.quadratic else 1)
    terms = _terms(problem, fit)
    counting, tilted = flatness > clear, np.abs(fit.w) * problem.length > clear * terms
    if problem.quadratic and (counting & tilted).any():
        return 0, 3 * size - 2
    if problem.linear and (counting | tilted).any():
        return 0, 3 * size - 1
    if problem.quadratic or problem.linear or ((network.v != 0) & ~counting).any():
        return "whether some weight vanishes is up to rounding"
    boundary = "a neuron is too near a class boundary to say on which side it is"
    zero = (fit.w == 0) & (fit.b == 0)
    ends = [fit.w * end + fit.b for end in (problem.start, problem.end)]
    if ((np.minimum(*map(np.abs, ends)) <= clear * terms) & ~zero).any() or ((fit.w != 0) & ~tilted).any():
        return boundary
    sorts = sort_neurons(problem, fit.w, fit.b, *ends)
    inner = np.flatnonzero(sorts == Sort.KINK)
    inner = inner[np.argsort(-fit.b[inner] / fit.w[inner])]
    at, blur = -fit.b[inner] / fit.w[inner], terms[inner] / np.abs(fit.w[inner])
    gaps = np.diff(at) / (blur[1:] + blur[:-1])
    if ((gaps > rtol) & (gaps <= clear)).any():
        return boundary
    group = np.full(size, -1)
    group[inner] = np.concatenate([[0], np.cumsum(gaps > clear)])[: len(inner)]
    return Structure(problem, fit, sorts, fit.v == 0, group).inertia_of_fit()


def _terms(problem: Problem, network: Network) -> Array:
    """Return the size of the terms of w x + b."""
    size: Array = np.abs(network.w) * problem.reach + np.abs(network.b)
    return size


def _squared_fit(problem: Problem, network: Network) -> Network | None:
    """Return the fit that changes the output weights least."""
    w, b = network.w, network.b
    shift = b + w * problem.middle
    rows = np.stack([w * w, 2 * w * shift])
    missing = np.array([0.0, problem.alpha]) - rows @ network.v
    change, _, rank, _ = np.linalg.lstsq(rows, missing, rcond=None)
    size = abs(problem.alpha) + float((np.abs(rows) @ np.abs(network.v)).max())
    if rank < 2 and float(np.abs(rows @ change - missing).max()) > 1e-12 * size:
        return None
    return recentred(problem, w, b, network.v + change, problem.middle)
