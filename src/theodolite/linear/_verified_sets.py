"""Families of float data with rigorous bounds on their values, and whether the bounds prove the order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from theodolite._evidence import Assumption, Evidence, Method
from theodolite._references import cite
from theodolite._table import Table
from theodolite._typing import Array, Matrix
from theodolite.linear._runs import separated_runs
from theodolite.linear._sets import FamilySets

__all__ = ["VerifiedSets"]

_EPSILON = float(np.finfo(np.float64).eps)
_TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, eq=False)
class VerifiedSets(FamilySets):
    """The families of floats as given; the eigenvalues in ``families`` are within two units of round-off of the true ones."""

    @cached_property
    def evidence(self) -> Evidence:
        """How every family is known whose value is proven to be above and below those of its neighbours."""
        return self._evidence("the order of neighbouring values is proven: their bounds are disjoint")

    @cached_property
    def _tied(self) -> Evidence:
        return self._evidence(
            "the order against a neighbouring value is not proven: their bounds overlap", complete=False
        )

    def _evidence(self, order: str, complete: bool = True) -> Evidence:
        references = (cite("baldi-hornik-1989"), cite("zhou-liang-2017"), cite("theodolite", "index at every stratum"))
        checked = (*self.checked, Assumption(order))
        return Evidence(Method.VERIFIED, references, checked, self.scope, complete=complete)

    def bounds(self, taken: Array) -> Matrix:
        """Return rigorous lower and upper bounds of the loss of each row.

        With C_l directions left out among mu_1..mu_l, an error of 2 eps mu in each eigenvalue and the rounding of gaps, products
        and the sum of log2(k) + 1 levels add at most 8 eps sum C_l mu_l and (log2(k) + 4) eps times the sum.
        """
        families = self.families
        values, sums = families.values(taken), families.sums(taken)
        left = np.cumsum(families.sizes - taken.astype(np.int64), axis=1)
        levels = len(families.sizes).bit_length() + 4
        error = 9 * _EPSILON * (left @ families.eigenvalues) + (levels + 1) * _EPSILON * sums
        error += _TINY * (1 + left.sum(axis=1))  # what is below the normal floats is rounded absolutely
        error = families.weight * error + 8 * _EPSILON * values + _TINY
        below, above = values - 1.01 * error, values + 1.01 * error
        return np.stack([np.maximum(np.nextafter(below, -np.inf), 0.0), np.nextafter(above, np.inf)], axis=1)

    def table(self, taken: Array) -> Table:
        """Return one row per family, in the order given, with bounds."""
        table = super().table(taken)
        bounds = self.bounds(taken)
        overlap = bounds[:-1, 1] >= bounds[1:, 0]
        doubtful = np.zeros(len(bounds), dtype=bool)
        doubtful[:-1] |= overlap
        doubtful[1:] |= overlap
        return replace(
            table.compact(), bounds=bounds, evidence=(self.evidence, self._tied), evidence_id=doubtful.astype(np.int32)
        ).compact()

    def blocks(self, limit: int | None, first: int = 16, most: int = 16384) -> Iterator[Array]:
        """Yield the families in increasing value, in blocks that end where the order is proven."""
        rest = self.families.count() if limit is None else min(limit, self.families.count())
        waiting: list[Array] = []
        size = first
        apart = 32 * (len(self.families.sizes) + 4) * _EPSILON
        total = (
            float(np.dot(self.families.sizes, self.families.eigenvalues))
            + abs(self.families.floor) / self.families.weight
        )
        for run in separated_runs(self.families, apart * total):
            waiting.append(run)
            ready = sum(map(len, waiting))
            if ready >= min(size, rest):
                yield np.concatenate(waiting)
                waiting, rest, size = [], rest - ready, min(2 * size, most)
                if rest <= 0:
                    return
