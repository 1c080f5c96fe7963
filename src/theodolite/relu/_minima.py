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

import numpy as np
from flint import fmpz, fmpz_mat

from theodolite.relu._closeness import Closeness, closeness, length, power_of_two
from theodolite.relu._continuous import gordan
from theodolite.relu._forms import Forms
from theodolite.relu._patterns import Patterns
from theodolite.relu._screen import Screen, screen_margin
from theodolite.relu._supports import Item, Solution, Support, tuples

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
    """A number that is positive on one side of a facet: ``value`` plus ``changes`` times weights of the kernel.

    ``row`` are its factors for the coefficients from place ``start`` on.
    """

    row: list[int]
    start: int
    value: int | Fraction
    changes: list[int]

    def at(self, weights: list[Fraction]) -> Test:
        """Return the same at these weights of the kernel."""
        moved = sum(
            (weight * change for weight, change in zip(weights, self.changes, strict=True)), Fraction(self.value)
        )
        return replace(self, value=moved, changes=[])


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

    def supports(self, fit: Fit) -> Iterator[tuple[tuple[int, int], ...]]:
        """Yield the supports on exactly these faces that contain local minima."""
        allowed = self.allowed(fit)
        if not all(allowed):
            return
        choices = [[(sign,) for sign in signs] + ([signs] if len(signs) == 2 else []) for signs in allowed]
        for chosen in product(*choices):
            if sum(map(len, chosen)) <= self.hidden and self.inside(fit, chosen) is not None:
                yield tuple(
                    sorted((face, sign) for face, signs in zip(fit.faces, chosen, strict=True) for sign in signs)
                )

    def inside(self, fit: Fit, signs: tuple[tuple[int, ...], ...]) -> list[Fraction] | None:
        """Return weights of the kernel's rows with which every face of one sign has its part of the fit in its interior.

        For rounded data also some with which it only nearly has.
        """
        fixed, moving = self.tests(fit, signs)
        if fit.close.tolerance:
            fixed = self.without_close(fit, fixed, [Fraction(entry) for entry in fit.particular])
        if any(test.value <= 0 for test in fixed):
            return None
        if not moving:
            return [Fraction(0)] * len(fit.kernel)
        rows, units = self.inequalities(fit, moving)
        found, weights = gordan([*rows, [Fraction(0)] * len(fit.kernel) + [Fraction(1)]], len(fit.kernel) + 1)
        if found is None:
            assert weights is not None
            # Weights of a contradiction between tests and 1 > 0: that of the latter is how far it is from being none.
            nearly = fit.close.tolerance and fit.close.near(float(weights[-1] / (1 - weights[-1])))
            return [Fraction(0)] * len(fit.kernel) if nearly else None
        # Coefficients are particular / denominator + kernel: homogeneous weights have the denominator for a unit.
        shares = [entry * unit / found[-1] for entry, unit in zip(found[:-1], units, strict=True)]
        if fit.close.tolerance:
            point = [
                entry + sum((share * row[k] for share, row in zip(shares, fit.kernel, strict=True)), Fraction(0))
                for k, entry in enumerate(fit.particular)
            ]
            self.without_close(fit, [test.at(shares) for test in moving], point)
        return [share / fit.denominator for share in shares]

    def inequalities(self, fit: Fit, tests: list[Test]) -> tuple[list[list[Fraction]], list[Fraction]]:
        """Return the tests as rows for weights of the kernel and a last number 1, and in which units those weights are.

        For rounded data weights that change the outputs by their size are about 1, and so are the largest values of rows.
        """
        if not fit.close.tolerance:
            return [[Fraction(entry) for entry in (*test.changes, test.value)] for test in tests], [Fraction(1)] * len(
                fit.kernel
            )
        close = fit.close
        sizes = [Fraction(size or 1, close.outputs) for size in close.lengths]
        units = [1 / power_of_two(max(abs(e) * size for e, size in zip(row, sizes, strict=True))) for row in fit.kernel]
        shares = close.shares([Fraction(entry) for entry in fit.particular])
        rows = []
        for test in tests:
            row = [change * unit for change, unit in zip(test.changes, units, strict=True)]
            change = Fraction(close.change(test.row, test.start, shares)) * close.outputs
            size = power_of_two(change or max(map(abs, row)))
            rows.append([entry / size for entry in (*row, test.value)])
        return rows, units

    def tests(self, fit: Fit, signs: tuple[tuple[int, ...], ...]) -> tuple[list[Test], list[Test]]:
        """Return what has to be positive: what all fits share, and what depends on the kernel."""
        fixed: list[Test] = []
        moving: list[Test] = []
        for face, (start, stop), chosen in zip(fit.faces, fit.places, signs, strict=True):
            if len(chosen) == 2:
                continue
            kernel = [row[start:stop] for row in fit.kernel]
            for row in self.forms.inside(face):
                value = chosen[0] * _dot(row, fit.particular[start:stop])
                test = Test(row, start, value, [chosen[0] * _dot(row, part) for part in kernel])
                (moving if any(test.changes) else fixed).append(test)
        return fixed, moving

    def without_close(self, fit: Fit, tests: list[Test], coefficients: list[Fraction]) -> list[Test]:
        """Return the tests whose values are 0 or clear of round-off in the coefficients of the fit."""
        shares, outputs = fit.close.shares(coefficients), fit.close.outputs
        kept = []
        for test in tests:
            change = fit.close.change(test.row, test.start, shares)
            share = float(abs(Fraction(test.value)) / outputs) / change if change else 0.0
            if not fit.close.near(share):
                kept.append(test)
        return kept

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
        for pairs in found:
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
                decided=fit.close.clear,
                margin=fit.close.shown,
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


def _dot(left: list[int], right: list[int]) -> int:
    return sum(a * b for a, b in zip(left, right, strict=True))
