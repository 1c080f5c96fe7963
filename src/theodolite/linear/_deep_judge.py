"""The verdict on exactly given parameters of any depth: ranks of partial products in rationals, no tolerance.

Index and nullity come from the ranks themselves (not from strings): with r = rank of the network on the data,
``n_jk = rank(W_{k-1} ... W_{j+1}) - r``, ``m_kj = rank(W_{j-1} ... W_1 X^T Y W_H ... W_{k+1}) - r`` and

    IE = sum_{j<k} (n_jk - n_j,k+1) (m_kj - m_k,j+1),      R = sum_k (a_k - a_k-1) b_k .
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._critical import Home
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._numerics import AlgebraicSum, as_fractions, exact_product, exact_rank, spectrum_on
from theodolite._typing import Array, Parameters
from theodolite._verdict import Direction, Verdict
from theodolite.linear._deep_sets import DeepSets, branch_kind
from theodolite.linear._exact_core import ExactCore, Spectrum
from theodolite.linear._exact_escape import rational_line
from theodolite.linear._exact_network import ExactNetwork

__all__ = ["DeepJudge", "rank_formula"]


def rank_formula(core: ExactCore, weights: Parameters, r: int) -> tuple[int, int]:
    """Return IE and R of exactly critical core weights whose product has rank ``r`` on the data."""
    depth = len(weights)
    back = core.yx.T

    def below(k: int) -> Array:
        """W_{k-1} ... W_1."""
        return between(0, k)

    def between(j: int, k: int) -> Array:
        """W_{k-1} ... W_{j+1}."""
        size = weights[j].shape[1] if j < depth else len(weights[-1])
        product = as_fractions(np.eye(size, dtype=int))
        for layer in weights[j : k - 1]:
            product = exact_product(layer, product)
        return product

    loops = {k: exact_product(back, between(k, depth + 1)) for k in range(1, depth + 1)}

    def m(k: int, j: int) -> int:
        return 0 if j == k else exact_rank(exact_product(below(j), loops[k])) - r

    def n(j: int, k: int) -> int:
        if k <= depth:
            return exact_rank(between(j, k)) - r
        return 0 if j == 1 else exact_rank(loops[j]) - r

    ups = {(k, j): m(k, j) for k in range(1, depth + 1) for j in range(1, k + 1)}
    spans = {(j, k): n(j, k) for j in range(1, depth) for k in range(j + 1, depth + 2)}
    saddles = sum(
        (spans[j, k] - spans[j, k + 1]) * (ups[k, j] - ups[k, j + 1]) for k in range(2, depth + 1) for j in range(1, k)
    )
    ends = [0, *(exact_rank(between(k, depth + 1)) - exact_rank(loops[k]) for k in range(1, depth + 1))]
    starts = [
        exact_rank(exact_product(below(k), core.xx)) - exact_rank(exact_product(below(k), back))
        for k in range(1, depth + 1)
    ]
    return saddles, sum((ends[k] - ends[k - 1]) * starts[k - 1] for k in range(1, depth + 1))


@dataclass(frozen=True, eq=False)
class DeepJudge:
    """Judges exactly given parameters of an exactly given landscape; ``best`` is the lowest loss."""

    core: ExactCore
    spectrum: Spectrum
    network: ExactNetwork
    sets: DeepSets
    best: Any

    def verdict(self, params: Parameters, rounded: Verdict, home: Home) -> Verdict:
        """Return the verdict; ``rounded`` is that on the parameters as floats, which suggests a way out."""
        loss = self.network.loss(params)
        gap = loss - self.best
        gap = gap.rational if isinstance(gap, AlgebraicSum) and gap.rational is not None else gap
        gradient = self.network.gradient(params)
        if any(entry for part in gradient for entry in part.flat):
            largest = max(abs(entry) for part in gradient for entry in part.flat)
            evidence = self._evidence(
                f"the gradient is not zero: its largest entry is {float(largest):.3g}, in rational arithmetic",
                scope="a step along the negative gradient lowers the loss",
            )
            down = tuple(np.asarray(-part) for part in gradient)
            way = rational_line(self.network, params, down, None, "along the negative gradient", evidence)
            told = replace(rounded, kind=Kind.NOT_CRITICAL, value=loss, evidence=evidence, gap=gap, escape=way)
            return replace(told, index=None, nullity=None)
        weights = self.core.core(params)
        product = exact_product(*reversed(weights), self.core.xx)
        found = dict(spectrum_on(self.core.sigma, product))
        row = np.array([[found.pop(number, 0) for number in self.spectrum.exact]], dtype=np.int64).reshape(1, -1)
        if found:
            raise AssertionError("a critical point reproduces positive eigendirections only")
        r = int(row.sum())
        saddles, bowls = rank_formula(self.core, weights, r)
        branch = self.sets.branch_of(row, saddles > 0)
        kind = branch_kind(branch, bool(self.sets.is_top(row)[0]), r == self.sets.families.cap)
        item = self.sets.critical_set(row, branch, home)
        evidence = self._evidence(
            "the gradient is zero, in rational arithmetic",
            f"ranks of all partial products, in rational arithmetic: {saddles} pairs of strings that join, rank {r}",
            scope=f"these parameters are a critical point of {item.label}",
        )
        nullity = int(self.sets.counts.nullity_without(row)[0]) + self.sets.zeros - 2 * saddles - bowls
        return Verdict(
            kind=kind,
            value=loss,
            scaled_gradient=0.0,
            evidence=evidence,
            critical_set=item,
            nearest=params,
            distance=0.0,
            gap=gap,
            index=int(self.sets.counts.flat.rotations(row)[0]) + saddles,
            nullity=nullity,
            escape=self._escape(params, kind, rounded, loss, evidence),
        )

    def _escape(
        self, params: Parameters, kind: Kind, rounded: Verdict, loss: Fraction, evidence: Evidence
    ) -> Direction | None:
        """Return the way out found in floats, its descent checked in rationals; ``None`` if it is not one."""
        way = rounded.escape
        if kind is Kind.GLOBAL_MINIMUM or way is None:
            return None
        if kind is Kind.STRICT_SADDLE:
            vector = tuple(as_fractions(part) for part in way.vector)
            curvature = self.network.curvature(params, vector)
            return (
                rational_line(self.network, params, vector, curvature, way.words, evidence) if curvature < 0 else None
            )
        fall = loss - self.network.loss(tuple(as_fractions(part) for part in way.at()))
        return replace(way, decrease=fall, evidence=evidence) if fall > 0 else None

    def _evidence(self, *checked: str, scope: str) -> Evidence:
        known = self.sets.evidence
        return Evidence(Method.EXACT, known.references, (*self.sets.checked, *map(Assumption, checked)), scope)
