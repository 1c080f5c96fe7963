"""Deep problems for tests: structured data, critical points in integers, and inertia by channels that know no theory."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.linear.test_random import spectral_problem
from theodolite._numerics import exact_product, exact_rank
from theodolite.linear._deep_strings import Arcs, arcs_of

Array = np.ndarray[Any, Any]
Weights = list[Array]


@st.composite
def deep_problems(draw: st.DrawFn, deepest: int = 5, widest: int = 3) -> tuple[Array, Array, tuple[int, ...], Any]:
    """Draw X, Y, hidden widths and a generator: ties, bottlenecks, zero eigenvalues and rank-deficient X included."""
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    depth = draw(st.integers(2, deepest))
    widths = [draw(st.integers(1, widest)) for _ in range(depth + 1)]
    rank = draw(st.integers(0, widths[0]))
    positive = draw(st.lists(st.sampled_from([3.0, 2.0, 1.0]), max_size=min(rank, widths[-1])))
    samples = draw(st.integers(max(rank, 1), 6))
    x, y = spectral_problem(source, sorted(positive, reverse=True), widths[0], widths[-1], rank, samples)
    return x, y, tuple(widths[1:-1]), source


def integer_point(source: np.random.Generator, depth: int) -> tuple[Array, Weights, list[int], Array, Arcs]:
    """Return M, weights that are critical for ``1/2 ||W_H ... W_1 - M||^2`` in integers, the selection, and its strings."""
    widths = [int(width) for width in source.integers(1, 4, depth + 1)]
    m = int(source.integers(0, min(widths[0], widths[-1]) + 1))
    values = sorted((int(v) for v in source.integers(1, 4, m)), reverse=True)
    target = np.zeros((widths[-1], widths[0]), dtype=object) + Fraction(0)
    for i, value in enumerate(values):
        target[i, i] = Fraction(value)
    r = int(source.integers(0, min(m, *widths) + 1))
    chosen = sorted(int(i) for i in source.choice(m, r, replace=False)) if m else []
    arcs = arcs_of(depth)
    strings = arcs.draw([width - r for width in widths], m - r, source)
    layers = [np.zeros((b, a), dtype=object) + Fraction(0) for a, b in pairwise(widths)]
    for slot, i in enumerate(chosen):
        for k, layer in enumerate(layers):
            layer[i if k == depth - 1 else slot, i if k == 0 else slot] = Fraction(values[i] if k == depth - 1 else 1)
    free: list[list[int]] = [
        list(range(r, width)) if 0 < v < depth else [i for i in range(width) if i not in chosen and i >= m]
        for v, width in enumerate(widths)
    ]
    through = [int(i) for i in source.permutation([i for i in range(m) if i not in chosen])]
    for arc, many in zip(arcs.all, strings.tolist(), strict=True):
        for _ in range(many):
            crossing = through.pop() if arc.crosses else None
            slots = {v: crossing if crossing is not None and v in (0, depth) else free[v].pop() for v in arc.vertices}
            for v in arc.vertices[:-1]:
                if v < depth:
                    layers[v][slots[v + 1], slots[v]] += 1
    undo = np.eye(widths[0], dtype=object)
    for k in range(depth - 1):
        gauge, inverse = _unimodular(source, widths[k + 1])
        layers[k] = exact_product(gauge, layers[k], undo)
        undo = inverse
    layers[-1] = exact_product(layers[-1], undo)
    return target, layers, chosen, strings, arcs


def _unimodular(source: np.random.Generator, size: int) -> tuple[Array, Array]:
    """Return an integer matrix of determinant one and its inverse."""
    gauge, inverse = np.eye(size, dtype=object), np.eye(size, dtype=object)
    for _ in range(size):
        i, j = (int(v) for v in source.integers(0, size, 2))
        if i != j:
            factor = int(source.integers(-1, 2))
            gauge[i] = gauge[i] + factor * gauge[j]
            inverse[:, j] = inverse[:, j] - factor * inverse[:, i]
    return gauge, inverse


def rank_formula(target: Array, weights: Weights) -> tuple[int, int]:
    """Return IE and R by ranks of partial products alone (whitened inputs), in rationals: no strings."""
    depth = len(weights)
    eye = [np.eye(w.shape[1], dtype=object) for w in weights] + [np.eye(len(weights[-1]), dtype=object)]

    def product(high: int, low: int) -> Array:  # W_high ... W_low, the identity where high = low - 1
        out = eye[low - 1]
        for k in range(low, high + 1):
            out = exact_product(weights[k - 1], out)
        return out

    back = target.T
    r = exact_rank(product(depth, 1))

    def n(j: int, k: int) -> int:
        if k == depth + 1:
            return 0 if j == 1 else m(j, 1)
        return exact_rank(product(k - 1, j + 1)) - r

    def m(k: int, j: int) -> int:
        if k == j:
            return 0
        return exact_rank(exact_product(product(j - 1, 1), back, product(depth, k + 1))) - r

    # n[j, H + 1] is the rank of T after everything above layer j
    def above(j: int) -> int:
        return 0 if j == 1 else exact_rank(exact_product(back, product(depth, j + 1))) - r

    saddles = sum(
        (n(j, k) - (above(j) if k == depth else n(j, k + 1))) * (m(k, j) - m(k, j + 1))
        for k in range(2, depth + 1)
        for j in range(1, k)
    )
    a = [0]
    for k in range(1, depth + 1):
        second = r if k == 1 else exact_rank(exact_product(back, product(depth, k + 1)))
        a.append(exact_rank(product(depth, k + 1)) - second)
    b = [
        exact_rank(product(k - 1, 1)) - (r if k == depth else exact_rank(exact_product(product(k - 1, 1), back)))
        for k in range(1, depth + 1)
    ]
    return saddles, sum((a[k] - a[k - 1]) * b[k - 1] for k in range(1, depth + 1))
