"""Every local minimum of a network with few neurons: sets of faces of weight space, one least squares fit each.

A neuron whose output weight is not 0 counts by its face and that weight's sign only; so all local minima of a kind share one
residual e, the test that no neuron can lower S is about e alone, and what remains is whether some fit lies inside its faces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import inf
from operator import mul

import numpy as np
from flint import fmpz, fmpz_mat

from theodolite._typing import Array
from theodolite.relu._closeness import CLEAR, Closeness, closeness, length
from theodolite.relu._continuous import proposed
from theodolite.relu._forms import Forms
from theodolite.relu._patterns import Patterns
from theodolite.relu._screen import Screen, screen_margin
from theodolite.relu._supports import Item, Solution, Spots, Support, tuples

__all__ = ["Fit", "Fitter", "fitter", "solve", "solve_plainly"]

Rows = list[list[int]]


@dataclass(frozen=True, eq=False)
class Fit:
    """All least squares fits on the columns of different faces, in integers.

    Coefficients are ``particular / denominator`` plus combinations of the rows of ``kernel``, those of the output bias last;
    ``places`` says where the coefficients of each face begin and end. The residual is ``error / denominator``, in units of
    ``Forms.measure``. ``columns`` are rows of length n; ``close`` collects how clear the decisions about these fits are.
    """

    faces: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    denominator: int
    particular: list[int]
    kernel: Rows
    error: fmpz_mat
    rank: int
    columns: Rows
    close: Closeness


@dataclass(frozen=True, eq=False)
class Test:
    """A number that is positive on one side of a facet, and differs between the fits.

    ``numbers`` are its slopes along the kernel and its value, all times the denominator of the fit; ``row`` are its factors for
    the coefficients from place ``start`` on.
    """

    numbers: list[int]
    row: list[int]
    start: int

    def turned(self) -> Test:
        """Return the same for the other side."""
        return replace(self, numbers=[-entry for entry in self.numbers])


@dataclass(frozen=True, eq=False)
class Side:
    """Where the part of the fit of one face has to be: in the face, or in its negative.

    ``margin`` says how clear it is that what all fits share allows this; ``tests`` are about what differs.
    """

    margin: float
    tests: list[Test]


_ANYWHERE = Side(inf, [])
"""Where the part of neurons of both signs on one face has to be."""


@dataclass(frozen=True, eq=False)
class Fitter:
    """Fits on sets of faces and decisions about them, exactly."""

    forms: Forms
    hidden: int

    @cached_property
    def screen(self) -> Screen:
        """What floating point can rule out."""
        return Screen(self.forms, self.hidden, screen_margin(self.patterns.problem))

    @property
    def patterns(self) -> Patterns:
        """The faces."""
        return self.forms.patterns

    def fit(self, faces: tuple[int, ...]) -> Fit:
        """Return the least squares fits on these different faces."""
        forms = self.forms
        rows: Rows = []
        places = []
        for face in faces:
            columns = forms.columns(face)
            places.append((len(rows), len(rows) + len(columns)))
            rows += columns
        rows = rows + forms.constant
        size, n = len(rows), len(forms.targets)
        matrix = fmpz_mat(size, n, [entry for row in rows for entry in row])
        both = [entry for row in zip(*rows, forms.targets, strict=True) for entry in row]
        system = matrix * fmpz_mat(n, size + 1, both)
        reduced, denominator, rank = system.rref() if size else (system, 1, 0)
        turn = -1 if denominator < 0 else 1
        denominator = turn * int(denominator)
        table = [[turn * int(entry) for entry in row] for row in reduced.tolist()[:rank]]
        pivots = [next(k for k, entry in enumerate(row) if entry) for row in table]
        particular = [0] * size
        for row, pivot in zip(table, pivots, strict=True):
            particular[pivot] = row[-1]
        kernel = []
        for free in sorted(set(range(size)) - set(pivots)):
            vector = [0] * size
            vector[free] = denominator
            for row, pivot in zip(table, pivots, strict=True):
                vector[pivot] = -row[free]
            kernel.append(vector)
        error = matrix.transpose() * fmpz_mat(size, 1, particular) - denominator * fmpz_mat(n, 1, forms.targets)
        close = closeness(self.patterns.problem, rows, int(rank), forms.targets, denominator)
        return Fit(faces, tuple(places), denominator, particular, kernel, error, int(rank), rows, close)

    def allowed(self, fit: Fit) -> list[tuple[int, ...]]:
        """Return for each face the signs of output weights with which no direction of its weights lowers S, or may not."""
        found = []
        for face in fit.faces:
            slopes = [] if face < self.patterns.cells else (self.forms.one_sided(face) * fit.error).entries()
            if fit.close.tolerance and any(slopes):
                slopes = self.sharp(fit, slopes, self.forms.one_sided(face).tolist(), fit.close)
            found.append(tuple(sign for sign in (-1, 1) if all(sign * slope >= 0 for slope in slopes)))
        return found

    def sharp(self, fit: Fit, values: list[fmpz], rows: list[list[fmpz]], close: Closeness) -> list[fmpz]:
        """Return those products of rows and residual that are 0 or clear of round-off."""
        if not close.tolerance:
            return values
        shares = []
        for value, row in zip(values, rows, strict=True):
            entries = [int(entry) for entry in row]
            size = close.slope_change(entries) if value else 0.0
            shares.append(float(Fraction(abs(int(value)), length(entries) * close.outputs)) / size if size else 0.0)
        return [value for value, share in zip(values, shares, strict=True) if not close.near(share)]

    def supports(self, fit: Fit) -> Iterator[tuple[Spots, float]]:
        """Yield the supports on exactly these faces that contain local minima, each with the closest decision about it.

        Of rounded data also those that only nearly contain some.
        """
        allowed = self.allowed(fit)
        if not all(allowed):
            return
        shares = fit.close.shares(fit.particular)
        choices: list[list[tuple[tuple[int, ...], Side]]] = []
        for place, signs in enumerate(allowed):
            sides = self.sides(fit, place, shares)
            found = [((sign,), sides[sign]) for sign in signs if sign in sides]
            choices.append(found + [(signs, _ANYWHERE)] * (len(signs) == 2))
        for chosen in product(*choices):
            if sum(len(signs) for signs, _ in chosen) > self.hidden:
                continue
            margin = self.inside(fit, [side for _, side in chosen], shares)
            if margin is not None:
                pairs = [(face, sign) for face, (signs, _) in zip(fit.faces, chosen, strict=True) for sign in signs]
                yield tuple(sorted(pairs)), min(margin, fit.close.margin)

    def inside(self, fit: Fit, sides: list[Side], shares: Array) -> float | None:
        """Return how clearly some fit has all its parts where they have to be, ``None`` where none has."""
        margin = min((side.margin for side in sides), default=inf)
        tests = [test for side in sides for test in side.tests]
        if not tests:
            return margin
        close, width = fit.close, len(fit.kernel) + 1
        units = [*close.units(fit.kernel), 0] if close.tolerance else None
        found, weights = proposed([*(test.numbers for test in tests), [*[0] * (width - 1), 1]], width, units)
        if found is None:
            assert weights is not None
            return min(margin, room) if (room := _room(close, tests, weights, shares)) < CLEAR else None
        if not close.tolerance:
            return margin
        *moves, unit = found
        point = [unit * entry for entry in fit.particular]
        for move, row in zip(moves, fit.kernel, strict=True):
            point = [entry + move * change for entry, change in zip(point, row, strict=True)]
        there = close.shares(point, unit)
        clear = (_clarity(close, _dot(test.numbers, found), unit, test.row, test.start, there) for test in tests)
        return min(margin, *clear)

    def sides(self, fit: Fit, place: int, shares: Array) -> dict[int, Side]:
        """Return where the part of a face may be, by the sign of its neurons' output weights: at most two places."""
        (start, stop), close = fit.places[place], fit.close
        kernel, part = [row[start:stop] for row in fit.kernel], fit.particular[start:stop]
        fixed: list[tuple[int, float]] = []
        moving: list[Test] = []
        for row in self.forms.inside(fit.faces[place]):
            value, changes = _dot(row, part), [_dot(row, entries) for entries in kernel]
            if any(changes):
                moving.append(Test([*changes, value], row, start))
            else:
                fixed.append((value, _clarity(close, value, 1, row, start, shares)))
        found = {}
        for sign in (-1, 1):
            if all(sign * value > 0 or margin < CLEAR for value, margin in fixed):
                tests = moving if sign > 0 else [test.turned() for test in moving]
                found[sign] = Side(min((margin for _, margin in fixed), default=inf), tests)
        return found

    def solutions(self, faces: tuple[int, ...]) -> Iterator[Solution]:
        """Yield the local minima on exactly these faces."""
        for solution in self.critical(faces):
            if solution.support.pairs or solution.zeros:
                yield solution

    def critical(self, faces: tuple[int, ...]) -> Iterator[Solution]:
        """Yield the same, and where there are no faces always what a network without neurons has."""
        fit = self.fit(faces)
        found = list(self.supports(fit))
        if not found:
            return
        problem = self.patterns.problem
        entries = [int(entry) for entry in fit.error.entries()]
        unit = fit.denominator * self.forms.measure
        error = problem.array(np.array([Fraction(entry, unit) for entry in entries], dtype=object))
        sse = problem.number(Fraction(sum(entry * entry for entry in entries), unit * unit))
        zeros, unclear = self.zeros(fit)
        for pairs, margin in found:
            width = sum(int(self.patterns.dimensions[face]) for face, _ in pairs) + len(self.forms.constant)
            yield Solution(
                support=Support(pairs),
                sse=sse,
                error=error,
                rank=fit.rank,
                unique=fit.rank == width,
                zeros=zeros,
                cells=self.patterns.cells,
                unclear=unclear,
                decided=margin >= CLEAR,
                margin=min(margin, 1e300) if fit.close.tolerance else None,
            )

    def zeros(self, fit: Fit) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the faces on which a neuron of output weight 0 may lie, and those where round-off hides whether."""
        entries = np.array([int(entry) for entry in fit.error.entries()], dtype=object)
        found, unclear = [], []
        for face in self.screen.possible_zeros(entries, fit.denominator).tolist():
            values = (self.forms.vanishing(face) * fit.error).entries()
            if not any(values):
                found.append(face)
            elif not self.sharp(fit, values, self.forms.vanishing(face).tolist(), fit.close.fresh()):
                unclear.append(face)
        return tuple(found), tuple(unclear)

    def falling(self, solution: Solution) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the cells in which w . X'D e is 0 for some w but not for all, and those where round-off hides whether."""
        fit = self.fit(solution.support.faces)
        entries = np.array([int(entry) for entry in fit.error.entries()], dtype=object)
        found, unclear = [], []
        for cell in self.screen.possibly_level(entries, fit.denominator).tolist():
            if cell in solution.zeros or cell in solution.unclear:
                continue
            rows = self.forms.along_rays(cell)
            values = (rows * fit.error).entries()
            sharp = self.sharp(fit, values, rows.tolist(), fit.close.fresh())
            if any(value > 0 for value in sharp) and any(value < 0 for value in sharp):
                found.append(cell)
            elif len(sharp) < len(values):
                unclear.append(cell)
        return tuple(found), tuple(unclear)


@lru_cache(maxsize=4)
def fitter(patterns: Patterns, hidden: int) -> Fitter:
    """Return the one fitter of these faces, with all that it has computed so far."""
    return Fitter(Forms(patterns), hidden)


def solve(patterns: Patterns, hidden: int, item: Item) -> list[Solution]:
    """Return the local minima on the sets of faces of a piece of work.

    Floating point rules sets out, with a wide margin; rational numbers decide about all others.
    """
    exact, sets = fitter(patterns, hidden), tuples(item, len(patterns))
    kept = sets[exact.screen.kept(sets)]
    return [solution for faces in kept.tolist() for solution in exact.solutions(tuple(faces))]


def solve_plainly(patterns: Patterns, hidden: int, item: Item) -> list[Solution]:
    """Return the same as ``solve``, with every set decided in rationals: slow and plain, its test."""
    exact = fitter(patterns, hidden)
    return [solution for faces in tuples(item, len(patterns)).tolist() for solution in exact.solutions(tuple(faces))]


def _clarity(close: Closeness, value: int, unit: int, row: list[int], start: int, shares: Array) -> float:
    """Return how clear of round-off ``value / unit`` is, ``row`` times coefficients: without limit where it is exactly 0."""
    if not close.tolerance or not value:
        return inf
    change = close.change(row, start, shares)
    return abs(value) / (close.outputs * unit) / change / close.tolerance if change else inf


def _room(close: Closeness, tests: list[Test], weights: list[Fraction], shares: Array) -> float:
    """Return how far tests that contradict each other, with these weights, are from not doing so: without limit if exact.

    The weight of 1 > 0 says that, once tests are in units in which they change by about 1.
    """
    if not close.tolerance or not weights[-1]:
        return inf
    changes = [close.change(test.row, test.start, shares) for test in tests]
    others = sum(float(weight / weights[-1]) * change for weight, change in zip(weights[:-1], changes, strict=True))
    return 1 / (others * close.outputs * close.tolerance) if others else inf


def _dot(left: list[int], right: list[int]) -> int:
    return sum(map(mul, left, right))
