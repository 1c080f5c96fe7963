"""Members of strata: the canonical point or a random one, exactly on its stratum where the problem is rational."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from theodolite._typing import Array
from theodolite.relu._closeness import length, power_of_two
from theodolite.relu._continuous import gordan
from theodolite.relu._minima import Fit, Fitter, fitter
from theodolite.relu._point import Point
from theodolite.relu._strata import Place

__all__ = ["member"]

Vector = list[Fraction]
_TRIES = 200


def member(place: Place, rng: np.random.Generator | None) -> Point:
    """Return a point of a stratum, in the arithmetic of its problem.

    Without ``rng`` the canonical one, output weights being -1, 0 or 1; else one with random rescalings, shares of neurons on
    the same face, and coefficients where the fit leaves a choice.
    """
    return _Builder(place, rng).point()


class _Builder:
    """Builds one point in rational numbers."""

    def __init__(self, place: Place, rng: np.random.Generator | None) -> None:
        self.place, self.rng = place, rng
        self.fitter: Fitter = fitter(place.patterns, place.hidden)
        self.forms = self.fitter.forms

    def point(self) -> Point:
        problem = self.place.patterns.problem
        fit = self.fitter.fit(self.place.solution.support.faces)
        coefficients = self.coefficients(fit)
        weights = [[Fraction(0)] * problem.width for _ in self.place.spots]
        outer = [Fraction(0)] * len(weights)
        for face, (start, stop) in zip(fit.faces, fit.places, strict=True):
            basis = self.forms.basis(face)
            whole = [entry * self.forms.unit for entry in coefficients[start:stop]]
            neurons = [j for j, (other, sign) in enumerate(self.place.spots) if other == face and sign]
            signs = [self.place.spots[j][1] for j in neurons]
            for j, part in zip(neurons, self.parts(face, whole, signs), strict=True):
                outer[j] = self.place.spots[j][1] * self.positive()
                weights[j] = [
                    sum((a * b[k] for a, b in zip(part, basis, strict=True)), Fraction(0)) / outer[j]
                    for k in range(problem.width)
                ]
        for j, (face, sign) in enumerate(self.place.spots):
            if not sign:
                weights[j] = self.idle(face)
        offset = coefficients[-1] / self.forms.measure if self.forms.constant else Fraction(0)
        given = np.array(weights, dtype=object).reshape(len(weights), problem.width)
        numbers = problem.array(np.array([*outer, offset], dtype=object))
        return Point(problem.array(given), numbers[:-1], numbers[-1])

    def positive(self) -> Fraction:
        """Return 1, or a random positive number."""
        return (
            Fraction(1) if self.rng is None else Fraction(int(self.rng.integers(1, 257)), int(self.rng.integers(1, 65)))
        )

    def coefficients(self, fit: Fit) -> Vector:
        """Return coefficients of a fit inside its faces."""
        signs = {
            face: tuple(sign for other, sign in self.place.solution.support.pairs if other == face)
            for face in fit.faces
        }
        kernel = self.kernel(fit)
        rows = []  # values that have to be positive, as functions of the weights of the kernel, and at 0
        for face, (a, b) in zip(fit.faces, fit.places, strict=True):
            for test in self.forms.inside(face) if len(signs[face]) == 1 else ():
                slopes = [signs[face][0] * _dot(test, row[a:b]) for row in kernel]
                value = signs[face][0] * _dot(test, fit.particular[a:b]) / fit.denominator
                size = power_of_two(max(map(abs, (*slopes, value))) or Fraction(1))
                rows.append(([slope / size for slope in slopes], value / size))
        found = [Fraction(0)] * len(kernel)
        solution, _ = gordan(
            [*([*slopes, v] for slopes, v in rows if any(slopes)), [*found, Fraction(1)]], len(found) + 1
        )
        if solution is not None:  # undecided members of rounded data may have none
            found = [entry / solution[-1] for entry in solution[:-1]]
            for direction in self.directions(len(found)):
                found = self.along(found, direction, rows)
        base = [Fraction(entry, fit.denominator) for entry in fit.particular]
        for weight, row in zip(found, kernel, strict=True):
            base = [entry + weight * change for entry, change in zip(base, row, strict=True)]
        return base

    def kernel(self, fit: Fit) -> list[Vector]:
        """Return the kernel of a fit, vectors so long that neurons change on samples by about what the targets are."""
        sizes = [size for face in fit.faces for size in self.forms.lengths(face)]
        sizes += [Fraction(length(row)) for row in self.forms.constant]
        outputs = length(self.forms.targets)
        units = [max(abs(e) * size for e, size in zip(row, sizes, strict=True)) / outputs for row in fit.kernel]
        return [[entry / power_of_two(unit) for entry in row] for row, unit in zip(fit.kernel, units, strict=True)]

    def directions(self, size: int) -> list[list[int]]:
        """Return the coordinate directions, or random ones."""
        if self.rng is None:
            return [[int(i == k) for i in range(size)] for k in range(size)]
        return [[int(entry) for entry in self.rng.integers(-4, 5, size)] for _ in range(2 * size)]

    def along(self, start: Vector, direction: list[int], rows: Sequence[tuple[Vector, Fraction]]) -> Vector:
        """Return a point on the line through ``start``: the middle of the part where all rows are positive, or a random one."""
        low: Fraction | None = None
        high: Fraction | None = None
        for row, fixed in rows:
            slope, value = (
                _dot(row, direction),
                fixed + sum((a * b for a, b in zip(row, start, strict=True)), Fraction(0)),
            )
            if slope > 0:
                low = -value / slope if low is None else max(low, -value / slope)
            elif slope < 0:
                high = -value / slope if high is None else min(high, -value / slope)
        if low is None and high is None and self.rng is None:
            return start
        low, high = _ends(low, high)
        room = (high - low) / 64
        share = Fraction(1, 2) if self.rng is None else Fraction(int(self.rng.integers(2, 63)), 64)
        middle, room = low + share * (high - low), room * (16 if self.rng is None else 1)
        step = _simplest(middle - room, middle + room)
        return [entry + step * change for entry, change in zip(start, direction, strict=True)]

    def parts(self, face: int, whole: Vector, signs: list[int]) -> list[Vector]:
        """Return how neurons with output weights of these signs share coefficients, each inside its own cone."""
        up, down = [sum(sign == kind for sign in signs) for kind in (1, -1)]
        if not up or not down:
            return self.shares(face, whole, signs[0], len(signs))
        inner = self.interior(face)
        reach = max(
            (abs(_dot(test, whole)) / _dot(test, inner) for test in self.forms.inside(face)), default=Fraction(0)
        )
        lift = 2 * power_of_two(reach) * (self.positive() + 1) if reach else self.positive()
        shifted = [a + lift * b for a, b in zip(whole, inner, strict=True)]
        ups = iter(self.shares(face, shifted, 1, up))
        downs = iter(self.shares(face, [-lift * entry for entry in inner], -1, down))
        return [next(ups if sign > 0 else downs) for sign in signs]

    def shares(self, face: int, whole: Vector, sign: int, count: int) -> list[Vector]:
        """Return ``count`` vectors with sum ``whole``, each in ``sign`` times the interior of the face."""
        if self.rng is None or count == 1:
            return [[entry / count for entry in whole]] * count
        weights = [self.positive() for _ in range(count)]
        equal = [[entry * weight / sum(weights) for entry in whole] for weight in weights]
        size = max((abs(entry) for entry in whole), default=Fraction(0))
        moves = [[_dyadic(self.rng) * size for _ in whole] for _ in range(count - 1)]
        moves.append([-sum(column) for column in zip(*moves, strict=True)])
        for halvings in range(_TRIES):
            tried = [
                [a + b / 2**halvings for a, b in zip(*pair, strict=True)] for pair in zip(equal, moves, strict=True)
            ]
            if all(sign * _dot(test, part) > 0 for part in tried for test in self.forms.inside(face)):
                return tried
        return equal

    def interior(self, face: int) -> Vector:
        """Return coordinates of a point inside a face."""
        basis = np.array(self.forms.basis(face), dtype=object).reshape(-1, self.place.patterns.problem.width)
        if not len(basis):
            return []
        from theodolite._numerics import exact_solve

        return list(exact_solve(basis.T, self.forms.interior(face)[:, None])[:, 0])

    def idle(self, face: int) -> Vector:
        """Return weights of a neuron of output weight 0: on a face, or where it is a saddle's, with a level loss there too."""
        exact = self.forms.exact
        basis = [
            [entry / power_of_two(Fraction(max(map(abs, row)))) for entry in row] for row in self.forms.basis(face)
        ]
        if self.place.falling and face not in self.place.solution.zeros:
            return self.level(face)
        point = list(self.forms.interior(face))
        if self.rng is None or not basis:
            return [Fraction(entry) for entry in point]
        draw: Callable[[], Fraction] = partial(_dyadic, self.rng)
        moves = [draw() for _ in basis]
        scale = self.positive()
        signs = self.place.patterns.signs[face].tolist()
        rows = exact.problem.inputs[exact.tested(face)]
        sides = [signs[i] for i in exact.tested(face).tolist()]
        size = max((abs(entry) for entry in point), default=Fraction(0)) or Fraction(1)
        for halvings in range(_TRIES):
            moved = [
                entry + sum((m * b[k] for m, b in zip(moves, basis, strict=True)), Fraction(0)) * size / 2**halvings
                for k, entry in enumerate(point)
            ]
            if all(side * _product(row, moved) > 0 for side, row in zip(sides, rows, strict=True)):
                return [scale * entry for entry in moved]
        return [scale * Fraction(entry) for entry in point]

    def level(self, face: int) -> Vector:
        """Return weights w inside a cell with g . w = 0: rays on both sides of that plane, so weighted that they balance."""
        exact = self.forms.exact
        rays = self.forms.level_rays(face)
        fit = self.fitter.fit(self.place.solution.support.faces)
        error = np.array([Fraction(int(entry)) for entry in fit.error.entries()], dtype=object)
        pulled = exact.problem.product((exact.weights(face) * error)[None], exact.problem.inputs)[0]
        weights = [self.positive() for _ in rays]
        values = [weight * _product(ray, pulled) for weight, ray in zip(weights, rays, strict=True)]
        above, below = sum(v for v in values if v > 0), -sum(v for v in values if v < 0)
        total = [Fraction(0)] * len(pulled)
        for weight, value, ray in zip(weights, values, rays, strict=True):
            factor = weight * (below if value > 0 else above if value < 0 else above + below)
            total = [a + factor * b for a, b in zip(total, ray, strict=True)]
        return [entry / (above + below) for entry in total]


def _dot(left: Sequence[int | Fraction], right: Sequence[int | Fraction]) -> Fraction:
    return Fraction(sum(a * b for a, b in zip(left, right, strict=True)))


def _product(left: Array, right: Array | Vector) -> Fraction:
    return Fraction(sum(a * b for a, b in zip(left, right, strict=True)))


def _ends(low: Fraction | None, high: Fraction | None) -> tuple[Fraction, Fraction]:
    """Return an interval in another that may be unbounded."""
    if low is not None:
        return low, low + abs(low) + 1 if high is None else high
    return (Fraction(-1), Fraction(1)) if high is None else (high - abs(high) - 1, high)


def _dyadic(rng: np.random.Generator) -> Fraction:
    """Return a random number between -1 and 1 with few bits."""
    return Fraction(int(rng.integers(-256, 257)), 256)


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """Return a number of small denominator between two others."""
    middle, size = (low + high) / 2, 1
    while True:
        found = middle.limit_denominator(size)
        if low <= found <= high:
            return found
        size *= 4
