"""Families with exact values in exact order: floats list them, and close calls are settled in exact arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, cmp_to_key
from typing import Any

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._numerics import AlgebraicSum, UndecidedError
from theodolite._references import cite
from theodolite._table import Table
from theodolite._typing import Array, Real
from theodolite.linear._runs import separated_runs
from theodolite.linear._sets import FamilySets

__all__ = ["ExactSets"]

_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class ExactSets(FamilySets):
    """The families of exactly given data.

    ``numbers`` are the distinct positive eigenvalues mu_i; the value of a family is
    ``exact_weight * (exact_floor + sum_i (m_i - p_i) mu_i)``.
    """

    numbers: tuple[Any, ...] = ()
    exact_floor: Fraction = Fraction(0)
    exact_weight: Fraction = Fraction(1, 2)

    @cached_property
    def evidence(self) -> Evidence:
        """How every family is known: by theorem, on decisions made in rational arithmetic."""
        references = (cite("baldi-hornik-1989"), cite("zhou-liang-2017"), cite("theodolite", "index at every stratum"))
        return Evidence(Method.EXACT, references, self.checked, self.scope)

    @cached_property
    def _tied(self) -> Evidence:
        undecided = Assumption(
            "the order of this value and a neighbouring one: they agree to 4096 bits and are left as floats order them"
        )
        return Evidence(Method.EXACT, self.evidence.references, (*self.checked, undecided), self.scope, complete=False)

    def values(self, taken: Array) -> list[Real]:
        """Return the loss of each row: a ``Fraction`` where it is rational."""
        left = np.array(self.families.multiplicities, dtype=np.int64) - taken
        return [self._value(row) for row in left.tolist()]

    def value_of(self, taken: Array) -> Real:
        """Return the loss of the family of a single row."""
        return self.values(taken)[0]

    def _value(self, left: Sequence[int]) -> Real:
        constant, terms = self.exact_floor, {}
        for count, number in zip(left, self.numbers, strict=True):
            if count and number.rational is not None:
                constant += count * number.rational
            elif count:
                terms[number] = self.exact_weight * count
        constant *= self.exact_weight
        if not terms:
            return constant
        value = AlgebraicSum(constant, terms)
        return value if value.rational is None else value.rational

    def table(self, taken: Array) -> Table:
        """Return one row per family, in the order given, with exact values."""
        table = super().table(taken)
        exact = tuple(self.values(taken))
        table = replace(table, value=np.array([float(value) for value in exact], dtype=np.float64), exact=exact)
        doubtful = self._doubtful(taken, exact)
        if doubtful.any():
            table = replace(table, evidence=(self.evidence, self._tied), evidence_id=doubtful.astype(np.int32))
        return table

    def _doubtful(self, taken: Array, exact: Sequence[Real]) -> Array:
        """Return which rows could not be ordered against the row before or behind."""
        found = np.zeros(len(exact), dtype=bool)
        if all(isinstance(value, Fraction) for value in exact):
            return found
        close = np.flatnonzero(np.abs(np.diff(self.families.sums(taken))) <= 2 * self._error)
        for place in close.tolist():
            try:
                _compared(exact[place], exact[place + 1])
            except UndecidedError:
                found[place : place + 2] = True
        return found

    @cached_property
    def _error(self) -> float:
        """A bound on the error of ``families.sums``: of rounded eigenvalues, their gaps, products and additions."""
        total = float(np.dot(self.families.sizes, self.families.eigenvalues))
        return 2 * (len(self.numbers) + 4) * _EPSILON * total

    def ordered(self, limit: int | None, first: int = 16, most: int = 16384) -> Iterator[Array]:
        """Yield all families, or the first ``limit``, in exactly increasing value: blocks of ``first`` rows, then twice as many.

        Of equal values the lexicographically larger selection comes first.
        """
        rest = self.families.count() if limit is None else min(limit, self.families.count())
        size = first
        waiting: list[Array] = []
        for cluster in separated_runs(self.families, 2 * self._error):
            waiting.append(self._sorted(cluster))
            while sum(map(len, waiting)) >= min(size, rest) > 0:
                rows = np.concatenate(waiting)
                count = min(size, rest)
                yield rows[:count]
                waiting, rest, size = [rows[count:]], rest - count, min(2 * size, most)
            if not rest:
                return

    def _sorted(self, rows: Array) -> Array:
        if len(rows) == 1:
            return rows
        rows = rows[np.lexsort(rows.T[::-1])][::-1] if rows.shape[1] else rows
        values = self.values(rows.astype(np.int64))
        try:
            ranks = [*map(cmp_to_key(_compared), values)]
            return np.asarray(rows[sorted(range(len(rows)), key=ranks.__getitem__)])
        except UndecidedError:
            return np.asarray(rows[np.argsort(self.families.sums(rows), kind="stable")])


def _compared(one: Any, other: Any) -> int:
    return 0 if one == other else -1 if one < other else 1
