"""Every local minimum of a network with few neurons: sets of faces of weight space, one least squares fit each.

A neuron whose output weight is not 0 counts by its face and that weight's sign only; so all local minima of a kind share one
residual e, the test that no neuron can lower S is about e alone, and what remains is whether some fit lies inside its faces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
from flint import fmpz_mat

from theodolite._typing import Array
from theodolite.relu._continuous import strictly_inside
from theodolite.relu._forms import Forms, integers
from theodolite.relu._patterns import Patterns
from theodolite.relu._screen import Screen
from theodolite.relu._supports import Item, Solution, Support, tuples

__all__ = ["Fit", "Fitter", "fitter", "solve", "solve_plainly"]

Rows = list[list[int]]


@dataclass(frozen=True, eq=False)
class Fit:
    """All least squares fits on the columns of different faces, in integers.

    Coefficients are ``particular / denominator`` plus combinations of the rows of ``kernel``, those of the output bias last;
    ``places`` says where the coefficients of each face begin and end. The residual is ``error / denominator``, in units of
    ``Forms.measure``.
    """

    faces: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    denominator: int
    particular: list[int]
    kernel: Rows
    error: fmpz_mat
    rank: int


@dataclass(frozen=True, eq=False)
class Fitter:
    """Fits on sets of faces and decisions about them, exactly."""

    forms: Forms
    hidden: int

    @cached_property
    def screen(self) -> Screen:
        """What floating point can rule out."""
        return Screen(self.forms, self.hidden)

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
        return Fit(faces, tuple(places), denominator, particular, kernel, error, int(rank))

    def allowed(self, fit: Fit) -> list[tuple[int, ...]]:
        """Return for each face the signs of output weights with which no direction of its weights lowers S."""
        found = []
        for face in fit.faces:
            slopes = [] if face < self.patterns.cells else (self.forms.one_sided(face) * fit.error).entries()
            found.append(tuple(sign for sign in (-1, 1) if all(sign * slope >= 0 for slope in slopes)))
        return found

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
        """Return weights of the kernel's rows with which every face of one sign has its part of the fit in its interior."""
        moving = []
        for face, (start, stop), chosen in zip(fit.faces, fit.places, signs, strict=True):
            if len(chosen) == 2:
                continue
            kernel = [row[start:stop] for row in fit.kernel]
            for test in self.forms.inside(face):
                fixed = chosen[0] * _dot(test, fit.particular[start:stop])
                changes = [chosen[0] * _dot(test, row) for row in kernel]
                if any(changes):
                    moving.append([*changes, fixed])
                elif fixed <= 0:
                    return None
        if not moving:
            return [Fraction(0)] * len(fit.kernel)
        found = strictly_inside([*moving, [0] * len(fit.kernel) + [1]], len(fit.kernel) + 1)
        if found is None:
            return None
        # Coefficients are particular / denominator + kernel: homogeneous weights have the denominator for a unit.
        return [entry / found[-1] / fit.denominator for entry in found[:-1]]

    def solutions(self, faces: tuple[int, ...]) -> Iterator[Solution]:
        """Yield the local minima on exactly these faces."""
        for solution in self.critical(faces):
            if solution.support.pairs or solution.zeros:
                yield solution

    def critical(self, faces: tuple[int, ...]) -> Iterator[Solution]:
        """Yield the same, and where there are no faces always what a network without neurons has."""
        fit = self.fit(faces)
        common: tuple[Fraction, Array, tuple[int, ...]] | None = None
        for pairs in self.supports(fit):
            if common is None:
                common = self.shared(fit)
            sse, error, zeros = common
            width = sum(int(self.patterns.dimensions[face]) for face, _ in pairs) + len(self.forms.constant)
            yield Solution(Support(pairs), sse, error, fit.rank, fit.rank == width, zeros, self.patterns.cells)

    def shared(self, fit: Fit) -> tuple[Fraction, Array, tuple[int, ...]]:
        """Return sum of squares, residual and the faces of possible neurons of output weight 0."""
        entries = [int(entry) for entry in fit.error.entries()]
        unit = fit.denominator * self.forms.measure
        error = np.array([Fraction(entry, unit) for entry in entries] + [None], dtype=object)[:-1]
        return Fraction(sum(entry * entry for entry in entries), unit * unit), error, self.zeros(fit.error)

    def falling(self, solution: Solution) -> tuple[int, ...]:
        """Return the cells in which w . X'D e is 0 for some w but not for all."""
        entries, _ = integers(self.forms.exact.problem.array(solution.error)[None])
        column = fmpz_mat(len(entries[0]), 1, entries[0])
        found = []
        for cell in self.screen.possibly_level(np.array(entries[0], dtype=object)).tolist():
            values = (self.forms.along_rays(cell) * column).entries()
            if any(value > 0 for value in values) and any(value < 0 for value in values):
                found.append(cell)
        return tuple(found)

    def zeros(self, error: fmpz_mat) -> tuple[int, ...]:
        """Return the faces on which a neuron of output weight 0 may lie."""
        entries = np.array([int(entry) for entry in error.entries()], dtype=object)
        return tuple(
            face
            for face in self.screen.possible_zeros(entries).tolist()
            if not any(entry for entry in (self.forms.vanishing(face) * error).entries())
        )


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
