"""Regions of parameter space with given signs on the first rows, and the best fit on each: the nodes of branch and bound.

A region has an output sign for every neuron, and for each a side of every row so far: u_j = |v_j| w_j lies in a closed cone.
The sum of squares over the rows so far is a least-squares problem with weights of zero or more on the generators of the
cones, and its minimum bounds the whole sum of squares on the region from below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement, product
from math import lcm
from typing import TypeAlias

import numpy as np
from flint import fmpz, fmpz_mat

from theodolite._numerics import to_floats
from theodolite._typing import Array
from theodolite.relu._cones import Cone, Vector, whole_space
from theodolite.relu._fitting import exact_weights, float_fit
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem

__all__ = ["Bound", "Prefixes", "Regions"]

Prefixes: TypeAlias = tuple[tuple[int, ...], ...]
"""For each neuron its sides on the first rows."""


@dataclass(frozen=True, eq=False)
class Bound:
    """The residual of the best fit to the rows so far, ``residual / denominator``, and weights of generators near it."""

    denominator: int
    residual: list[int]
    weights: Array

    @cached_property
    def sse(self) -> Fraction:
        """The sum of squares."""
        return Fraction(sum(entry * entry for entry in self.residual), self.denominator**2)


class Regions:
    """All regions of one rational problem, rows taken in ``order``; cones are made when first asked for, and kept."""

    def __init__(self, problem: Problem, order: list[int]) -> None:
        self.problem = problem
        self.order = order
        self.common = lcm(*(entry.denominator for entry in problem.inputs.ravel()))
        self.rows: list[Vector] = [tuple(int(entry * self.common) for entry in problem.inputs[i]) for i in order]
        self.targets = problem.targets[order]
        self._floats = self.targets.astype(np.float64)
        self._cones: dict[tuple[int, ...], Cone | None] = {(): whole_space(problem.width)}
        self._shares: dict[tuple[int, ...], Array] = {}
        self._whole: dict[tuple[int, ...], list[list[int]]] = {}
        self._unit = lcm(1, *(entry.denominator for entry in self.targets))
        self._whole_targets = [int(entry * self._unit) for entry in self.targets]

    @property
    def free(self) -> int:
        """How many columns have weights of either sign: 1 with an output bias."""
        return int(self.problem.offset)

    def output_signs(self) -> list[tuple[int, ...]]:
        """Return the choices of output signs, up to the order of neurons."""
        return list(combinations_with_replacement((1, -1), self.problem.hidden))

    def root(self) -> Prefixes:
        """Return the region without any sides."""
        return ((),) * self.problem.hidden

    def whole(self, prefixes: Prefixes) -> bool:
        """Return whether every row has its side."""
        return len(prefixes[0]) == len(self.rows)

    def children(self, signs: tuple[int, ...], prefixes: Prefixes) -> Iterator[Prefixes]:
        """Yield the regions with sides on one row more; of regions that differ by exchanging neurons only the first."""
        row = self.rows[len(prefixes[0])]
        choices = product((1, -1), repeat=len(signs)) if any(row) else [(0,) * len(signs)]
        for sides in choices:
            longer = tuple((*prefix, side) for prefix, side in zip(prefixes, sides, strict=True))
            exchangeable = (j for j in range(len(signs) - 1) if signs[j] == signs[j + 1])
            if all(longer[j] >= longer[j + 1] for j in exchangeable):
                yield longer

    def cone(self, prefix: tuple[int, ...]) -> Cone | None:
        """Return the weights of one neuron with these sides, ``None`` where they have no interior."""
        if prefix not in self._cones:
            before = self.cone(prefix[:-1])
            row = self.rows[len(prefix) - 1]
            self._cones[prefix] = None if before is None else before.cut(row, prefix[-1])
        return self._cones[prefix]

    def empty(self, prefixes: Prefixes) -> int | None:
        """Return a neuron whose sides no weights have strictly, ``None`` where there is none."""
        return next((j for j, prefix in enumerate(prefixes) if self.cone(prefix) is None), None)

    def bound(self, signs: tuple[int, ...], prefixes: Prefixes) -> Bound:
        """Return the smallest sum of squares over the rows so far.

        Floats find which generators are used. The residual of least squares on those, in integers, is then tested on all:
        none may lower it. Then its square is the smallest, and bounds the sum of squares over all rows.
        """
        depth = len(prefixes[0])
        parts = [self._share(prefix) * sign for sign, prefix in zip(signs, prefixes, strict=True)]
        if self.free:
            parts.append(np.ones((depth, 1)))
        columns = np.concatenate(parts, axis=1)
        guess = float_fit(columns, self.free, self._floats[:depth])[1] if columns.size else np.zeros(columns.shape[1])
        dual = self._dual(signs, prefixes, guess)
        if dual is None:
            exact = exact_weights(self.columns(signs, prefixes), self.free, self.targets[:depth], guess)
            dual, guess = self._dual(signs, prefixes, exact), to_floats(exact)
            assert dual is not None, "the residual of a best fit is in the dual cone"
        denominator, residual = dual
        return Bound(denominator * self._unit, residual, guess)

    def _dual(self, signs: tuple[int, ...], prefixes: Prefixes, weights: Array) -> tuple[int, list[int]] | None:
        """Return the residual of least squares on generators of positive weight, if no other lowers it, over a denominator."""
        depth = len(prefixes[0])
        if not depth:
            return 1, []
        shares = [self._whole_share(prefix) for prefix in prefixes]
        used: list[list[int]] = []
        start = 0
        for share in shares:
            used += [row for row, weight in zip(share, weights[start : start + len(share)], strict=True) if weight > 0]
            start += len(share)
        used += [[1] * depth] * self.free
        target = fmpz_mat(depth, 1, self._whole_targets[:depth])
        denominator, residual = fmpz(1), -1 * target
        if used:
            matrix = fmpz_mat(len(used), depth, [entry for row in used for entry in row])
            both = fmpz_mat(
                depth,
                len(used) + 1,
                [e for row in zip(*used, self._whole_targets[:depth], strict=True) for e in row],
            )
            reduced, denominator, rank = (matrix * both).rref()
            table = reduced.tolist()[:rank]
            particular = [fmpz(0)] * len(used)
            for row in table:
                particular[next(k for k, entry in enumerate(row) if entry)] = row[-1]
            residual = matrix.transpose() * fmpz_mat(len(used), 1, particular) - denominator * target
        turn = -1 if int(denominator) < 0 else 1
        for sign, share in zip(signs, shares, strict=True):
            if share:
                pulls = fmpz_mat(len(share), depth, [entry for row in share for entry in row]) * residual
                if any(turn * sign * pull < 0 for pull in pulls.entries()):
                    return None
        return turn * int(denominator), [turn * int(entry) for entry in residual.entries()]

    def _share(self, prefix: tuple[int, ...]) -> Array:
        """Return s(x_i . g) in floats; rows beyond the range of floats are infinite and are refused when data is read."""
        if prefix not in self._shares:
            self._shares[prefix] = self.outputs(prefix).astype(np.float64)
        return self._shares[prefix]

    def _whole_share(self, prefix: tuple[int, ...]) -> list[list[int]]:
        """Return the same for each generator as integers, in units of one over the denominator of the slope."""
        if prefix not in self._whole:
            cone = self.cone(prefix)
            assert cone is not None
            top, bottom = self.problem.slope.numerator, self.problem.slope.denominator
            self._whole[prefix] = [
                [
                    (bottom if side > 0 else top) * sum(a * b for a, b in zip(row, generator, strict=True))
                    for side, row in zip(prefix, self.rows, strict=False)
                ]
                for generator in cone.generators
            ]
        return self._whole[prefix]

    def outputs(self, prefix: tuple[int, ...]) -> Array:
        """Return s(x_i . g) for the first rows and every generator g of a cone."""
        cone = self.cone(prefix)
        assert cone is not None
        depth, width = len(prefix), self.problem.width
        rows = np.array(self.rows[:depth], dtype=object).reshape(depth, width)
        generators = np.array(cone.generators, dtype=object).reshape(len(cone.generators), width)
        return np.asarray(self.slopes(prefix)[:, None] * (rows @ generators.T))

    def slopes(self, prefix: tuple[int, ...]) -> Array:
        """Return s' on each of the first rows."""
        return np.array([Fraction(1) if side > 0 else self.problem.slope for side in prefix], dtype=object)

    def columns(self, signs: tuple[int, ...], prefixes: Prefixes) -> Array:
        """Return what each generator adds to the network's outputs on the first rows, exactly; the output bias last."""
        depth = len(prefixes[0])
        parts = [self.outputs(prefix) * sign for sign, prefix in zip(signs, prefixes, strict=True)]
        if self.free:
            parts.append(np.full((depth, 1), Fraction(1), dtype=object))
        return np.concatenate(parts, axis=1)

    def point(self, signs: tuple[int, ...], prefixes: Prefixes, guess: Array) -> Point:
        """Return the point of a region that fits the rows so far best, exactly; output weights are 1 or -1, or 0."""
        weights = exact_weights(self.columns(signs, prefixes), self.free, self.targets[: len(prefixes[0])], guess)
        found, start = [], 0
        for prefix in prefixes:
            cone = self.cone(prefix)
            assert cone is not None
            part = weights[start : start + len(cone.generators)]
            start += len(cone.generators)
            generators = np.array(cone.generators, dtype=object).reshape(len(part), self.problem.width)
            found.append(
                part @ generators * Fraction(self.common) if len(part) else self.problem.zeros(self.problem.width)
            )
        inner = np.array(found, dtype=object)
        outer = np.array(
            [Fraction(sign) if any(u) else Fraction(0) for sign, u in zip(signs, inner, strict=True)], dtype=object
        )
        return Point(inner, outer, weights[-1] if self.free else Fraction(0))
