"""Ways out in rationals: a rational direction whose slope or curvature is exactly negative, and the exact loss on its line.

With R = Y^T X (X^T X)^+, rational vectors u of the untaken and w of the taken eigendirections, and hidden vectors c, g:

* a unit is not productive: ``dW1 = a g u^T R, dW2 = b u c^T`` with A^T c = 0 or W2 g = 0; mixed term -a b (c.g) u^T Sigma u;
* else, W2 having full column rank: ``dW1 = W2^+ w u^T R, dW2 = u w^T W2``, of curvature -(mu_u - mu_w) |u|^2 |w|^2.

Where an eigenvalue is irrational its eigenvector is replaced by a rational vector of the same invariant subspace, as close as
the sign of the exact curvature needs. These directions are our own, proved in the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from math import frexp, ldexp

import numpy as np

from theodolite._errors import TheodoliteError
from theodolite._evidence import Evidence
from theodolite._numerics import (
    as_fractions,
    column_profile,
    exact_nullspace,
    exact_product,
    exact_projector,
    exact_pseudo_inverse,
)
from theodolite._typing import Array, Parameters
from theodolite._verdict import Direction
from theodolite.linear._exact_core import ExactCore, Spectrum
from theodolite.linear._exact_network import ExactNetwork

__all__ = ["rational_line", "rational_saddle_direction"]

_MOST_BITS = 2**16


def rational_line(
    network: ExactNetwork,
    params: Parameters,
    vector: Parameters,
    curvature: Fraction | None,
    words: str,
    evidence: Evidence,
) -> Direction:
    """Return the way along a rational ``vector`` to about the lowest point on that line; the decrease is exact."""
    quartic = network.along(params, vector)
    change = (Fraction(0), *quartic[1:])
    scale = max(abs(part) for part in change)
    slope = np.polynomial.Polynomial([float(part / scale) for part in change]).deriv().trim()
    roots = [_short(float(root.real)) for root in np.asarray(slope.roots(), dtype=complex) if root.real > 0]
    falls = [(_at(change, Fraction(root)), root) for root in roots if root > 0]
    fall, step = min(falls, default=(Fraction(0), 1.0))
    while fall >= 0:  # rounding hid the descent; it is there for short steps
        step /= 2
        if step == 0.0:
            raise TheodoliteError("No step along a proven way out is short enough for a float", fix="Rescale the data")
        fall = _at(change, Fraction(step))
    order = 1 if curvature is None else 2
    return Direction(vector, order, curvature, step, -fall, words, evidence, partial(_line, params, vector))


def _short(number: float) -> float:
    """Return a float near ``number`` of twelve bits, so that the numbers made of it stay short."""
    mantissa, exponent = frexp(number)
    return ldexp(round(mantissa * 4096), exponent - 12)


def _at(polynomial: Sequence[Fraction], t: Fraction) -> Fraction:
    value = Fraction(0)
    for coefficient in reversed(polynomial):
        value = value * t + coefficient
    return value


def _line(params: Parameters, vector: Parameters, t: float) -> Parameters:
    return tuple(np.asarray(array + Fraction(t) * step) for array, step in zip(params, vector, strict=True))


def rational_saddle_direction(
    core: ExactCore,
    spectrum: Spectrum,
    network: ExactNetwork,
    params: Parameters,
    taken: Sequence[int],
    evidence: Evidence,
) -> Direction:
    """Return a way out of an exactly critical point that is a saddle; ``taken`` says which eigendirections it has."""
    w1, w2 = core.core(params)
    kept = _independent(exact_product(w2, w1, core.xx))
    size = len(core.sigma)
    outside = as_fractions(np.eye(size, dtype=int)) - exact_projector(kept)
    rest = _independent(exact_product(outside, core.sigma))
    missing = [m - p for m, p in zip(spectrum.multiplicities, taken, strict=True)]
    wanted = next(j for j, count in enumerate(missing) if count)
    bits = 64
    while bits <= _MOST_BITS:
        up = _filtered(core, spectrum, rest, wanted, missing, bits)
        if kept.shape[1] < min(w2.shape[1], core.m):
            words = f"add direction {wanted + 1} in a unit that is not productive"
            velocity = _woken(core, network, params, up)
        else:
            owner = max(i for i, count in enumerate(taken) if count)
            words = f"swap direction {owner + 1} for {wanted + 1}"
            down = _filtered(core, spectrum, kept, owner, taken, bits)
            read = exact_product(exact_pseudo_inverse(w2), down)
            velocity = exact_product(read, up.T, core.regression), exact_product(up, down.T, w2)
        vector = core.push(params, velocity)
        curvature = network.curvature(params, vector)
        if curvature < 0:
            return rational_line(network, params, vector, curvature, words, evidence)
        bits *= 4
    raise TheodoliteError("No rational way out was found", cause=f"eigenvalues agree to {_MOST_BITS} bits")


def _independent(columns: Array) -> Array:
    return as_fractions(columns)[:, list(column_profile(columns))]


def _filtered(
    core: ExactCore, spectrum: Spectrum, basis: Array, wanted: int, counts: Sequence[int], bits: int
) -> Array:
    """Return a rational column of the invariant subspace spanned by ``basis``, close to the eigenspace number ``wanted``."""
    values = [(low + high) / 2 for low, high in spectrum.ends(bits)]
    found = basis
    for other, count in enumerate(counts):
        if count and other != wanted:
            gap = values[wanted] - values[other]
            found = (exact_product(core.sigma, found) - values[other] * found) / gap
    best = max(found.T, key=lambda column: sum(entry * entry for entry in column))
    return np.asarray(best / max(abs(entry) for entry in best))[:, None]


def _woken(core: ExactCore, network: ExactNetwork, params: Parameters, up: Array) -> Parameters:
    """Return the core velocity that lets a hidden unit which is not productive carry ``up``."""
    w1, w2 = core.core(params)
    write, read = _idle_unit(exact_nullspace(w2), exact_nullspace(exact_product(w1, core.xx).T))
    first = exact_product(write, up.T, core.regression)
    second = exact_product(up, read.T)
    if exact_product(read.T, write)[0, 0] < 0:
        second = -second
    still = tuple(as_fractions(np.zeros(part.shape, dtype=int)) for part in (w1, w2))
    alone = network.curvature(params, core.push(params, (first, still[1])))
    other = network.curvature(params, core.push(params, (still[0], second)))
    mixed = network.curvature(params, core.push(params, (first, second))) - alone - other
    ratio = Fraction(1)
    sizes = [sum(float(entry) ** 2 for entry in part.flat) for part in (first, second)]
    if all(sizes):
        ratio = _power_of_two((sizes[0] / sizes[1]) ** 0.5)
    if alone > 0:
        ratio = max(ratio, _power_of_two(float(-4 * alone / mixed)))
    elif other > 0:
        ratio = min(ratio, _power_of_two(float(-mixed / (4 * other))))
    return first, np.asarray(ratio * second)


def _power_of_two(number: float) -> Fraction:
    return Fraction(2) ** frexp(number)[1]


def _idle_unit(unheard: Array, silent: Array) -> tuple[Array, Array]:
    """Return hidden columns g with W2 g = 0 and c with A^T c = 0 that overlap most; where none do, one vector for both."""
    if unheard.shape[1] and silent.shape[1]:
        overlaps = exact_product(unheard.T, silent)
        i, j = max(np.ndindex(*overlaps.shape), key=lambda place: abs(overlaps[place]))
        if overlaps[i, j]:
            return unheard[:, [i]], silent[:, [j]]
    lone = silent[:, :1] if silent.shape[1] else unheard[:, :1]
    return lone, lone
