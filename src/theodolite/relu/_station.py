"""Where a descent stands: outer weights of size 1, weights, and the kinks on which each neuron is held."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int8, Shaped

from theodolite._numerics import exact_nullspace
from theodolite._typing import Array
from theodolite.relu._one_sided import rounding
from theodolite.relu._point import Point
from theodolite.relu._problem import Number, Problem

__all__ = ["Move", "Station", "arrive", "start"]

_ROUND_OFF = 2.0**-47
"""Values of x . w up to this times the sizes of their terms are 0 in floating point; so are sines of angles to a flat."""


@dataclass(frozen=True, eq=False)
class Move:
    """A direction for weights and output bias; ``released`` are the held lines that it leaves."""

    weights: Array
    offset: Number
    released: Bool[np.ndarray, "p h"]


@dataclass(frozen=True, eq=False)
class Station:
    """Weights times the size of z for neurons with z != 0, so that ``outer`` is +1 or -1, and as they are for z = 0.

    ``held`` says on which lines of rows each neuron is 0; ``bases`` span the weights that stay so (None: all weights).
    """

    problem: Problem
    weights: Shaped[np.ndarray, "h d"]
    outer: Int8[np.ndarray, " h"]
    offset: Number
    held: Bool[np.ndarray, "p h"]
    bases: tuple[Array | None, ...]

    @cached_property
    def along(self) -> Array:
        """Values of the neurons on the directions of the lines, (p, h); 0 where held."""
        found = self.problem.product(self.problem.lines.direction, self.weights.T)
        found[self.held] = self.problem.number(0)
        return found

    def rows(self, along: Array) -> Array:
        """Return values on samples from values on lines."""
        lines = self.problem.lines
        out = self.problem.zeros(self.problem.samples, along.shape[1])
        present = lines.line >= 0
        out[present] = lines.coefficient[present, None] * along[lines.line[present]]
        return out

    @cached_property
    def before(self) -> Array:
        """x_i . w_j, (n, h)."""
        return self.rows(self.along)

    @cached_property
    def terms(self) -> Array:
        """What each neuron adds to the outputs, (n, h)."""
        return np.asarray(self.problem.activate(self.before) * self.outer)

    @cached_property
    def error(self) -> Array:
        """Outputs minus targets, (n,)."""
        return np.asarray(self.terms.sum(axis=1) + self.offset - self.problem.targets)

    @cached_property
    def sse(self) -> Number:
        """The sum of squared errors."""
        return self.error @ self.error

    @cached_property
    def noise(self) -> Array:
        """A bound on the round-off of each error."""
        return rounding(self.problem, np.abs(self.terms).sum(axis=1) + abs(self.offset) + np.abs(self.problem.targets))

    @cached_property
    def signs(self) -> Int8[np.ndarray, "n h"]:
        """Signs of the neurons on the samples, 0 where held and on zero rows."""
        return np.sign(self.before).astype(np.int8)

    def slopes(self, values: Array) -> Array:
        """Return the slope of the activation at ``values``, 0 at 0."""
        number = self.problem.number
        if not self.problem.exact:  # several times as fast as a choice for every entry
            return np.asarray((values > 0) + self.problem.slope * (values < 0))
        return np.where(values > 0, number(1), np.where(values < 0, number(self.problem.slope), number(0)))

    def basis(self, neuron: int) -> Array:
        """Return a basis of the weights of a neuron that keep its kinks, one column each."""
        found = self.bases[neuron]
        return self.problem.array(np.eye(self.problem.width, dtype=np.int64)) if found is None else found

    def point(self) -> Point:
        """Return the same as parameters."""
        return Point(self.weights, self.problem.array(self.outer.astype(np.int64)), self.offset)


def start(problem: Problem, point: Point) -> Station:
    """Return where a descent from ``point`` starts: the same outputs."""
    outer = np.array([(z > 0) - (z < 0) for z in point.outer.tolist()], dtype=np.int8)
    sizes = np.where(outer == 0, problem.number(1), np.abs(point.outer))
    weights = point.weights * sizes[:, None]
    held = np.zeros((problem.lines.count, len(outer)), dtype=bool)
    return arrive(problem, weights, outer, point.offset, held, (None,) * len(outer))


def arrive(
    problem: Problem,
    weights: Array,
    outer: Array,
    offset: Number,
    held: Array,
    bases: tuple[Array | None, ...],
    terms: Array | None = None,
) -> Station:
    """Return the station at these weights, every neuron held on every line on which it is 0; ``bases`` belong to ``held``.

    ``terms`` are the sizes of what the weights are sums of, by default their own.
    """
    directions = problem.lines.direction
    known = list(bases)
    held = held.copy()
    for _ in range(problem.width + 1):
        values = problem.product(directions, weights.T)
        blur: Array | float = 0
        if not problem.exact:
            blur = _ROUND_OFF * (np.abs(directions) @ (np.abs(weights) if terms is None else terms).T)
        fresh = (np.abs(values) <= blur) & ~held
        changed = np.flatnonzero(fresh.any(axis=0))
        if not len(changed):
            break
        held |= fresh
        weights = weights.copy()
        for j in changed:
            known[j] = flat(problem, held[:, j])
            held[:, j] |= _on(problem, known[j])
            weights[j] = onto(problem, known[j], weights[j])
    return Station(problem, weights, outer, offset, held, tuple(known))


def flat(problem: Problem, held: Array) -> Array | None:
    """Return a basis of the weights that are 0 on the held lines, orthonormal in floats; None where no line is held."""
    if not held.any():
        return None
    rows = problem.lines.direction[held]
    if problem.exact:
        return exact_nullspace(rows)
    units = rows / np.linalg.norm(rows, axis=1)[:, None]
    _, values, right = np.linalg.svd(units, full_matrices=True)
    rank = int((values > 1e-10 * values[0]).sum())
    return np.asarray(right[rank:].T)


def _on(problem: Problem, basis: Array | None) -> Array:
    """Return which lines are 0 on all of a flat."""
    directions = problem.lines.direction
    assert basis is not None
    if problem.exact:
        return np.asarray(np.all(problem.product(directions, basis) == 0, axis=1))
    sizes = np.linalg.norm(directions, axis=1)
    return np.asarray(np.abs(directions @ basis).max(axis=1, initial=0.0) <= 1e-11 * sizes)


def onto(problem: Problem, basis: Array | None, weights: Array) -> Array:
    """Return the weights moved onto a flat, against round-off; rational ones lie on it."""
    if problem.exact or basis is None:
        return weights
    return np.asarray(basis @ (basis.T @ weights))


def rounded(station: Station, bits: int) -> Station:
    """Return a rational station nearby whose numbers have few bits, on the same kinks."""
    weights = station.weights.copy()
    for j in range(len(weights)):
        basis = station.basis(j)
        # a basis of a null space has a unit row for each of its columns
        free = [
            next(int(i) for i in np.flatnonzero(column == 1) if (np.delete(basis[i], k) == 0).all())
            for k, column in enumerate(basis.T)
        ]
        coordinates = np.array([_short(weights[j, i], bits) for i in free], dtype=object)
        weights[j] = (basis @ coordinates) if free else station.problem.zeros(station.problem.width)
    offset = _short(station.offset, bits)
    return arrive(station.problem, weights, station.outer, offset, station.held, station.bases)


def _short(number: Fraction, bits: int) -> Fraction:
    """Return a fraction of at most ``bits`` bits close to ``number``."""
    if number.denominator.bit_length() <= bits:
        return number
    return number.limit_denominator(2**bits)
