"""The verdict on exactly given parameters: critical or not, and of which family, without any tolerance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from theodolite._critical import Home
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._numerics import AlgebraicSum, exact_product, exact_rank, spectrum_on
from theodolite._references import cite
from theodolite._typing import Parameters, Real
from theodolite._verdict import Verdict
from theodolite.linear._exact_core import ExactCore, Spectrum
from theodolite.linear._exact_escape import rational_line, rational_saddle_direction
from theodolite.linear._exact_network import ExactNetwork
from theodolite.linear._exact_sets import ExactSets

__all__ = ["ExactJudge"]


@dataclass(frozen=True, eq=False)
class ExactJudge:
    """Judges exactly given parameters of an exactly given landscape."""

    core: ExactCore
    spectrum: Spectrum
    network: ExactNetwork
    sets: ExactSets

    def verdict(self, params: Parameters, rounded: Verdict, home: Home) -> Verdict:
        """Return the verdict; ``rounded`` is that on the parameters as floats, which names the nearest set of other points."""
        loss = self.network.loss(params)
        gradient = self.network.gradient(params)
        if any(entry for part in gradient for entry in part.flat):
            return self._descending(params, gradient, loss, rounded)
        taken, outer, inner = self._place(params)
        row = np.array([taken], dtype=np.int64)
        family = self.sets.critical_set(row, home)
        index = int(self.sets.counts.index(row)[0])
        evidence = self._evidence(
            (
                Assumption("the gradient is zero, in rational arithmetic"),
                Assumption(
                    f"rank(W2 W1 X) = {sum(taken)}, {outer} outer and {inner} inner directions, in rational arithmetic"
                ),
            ),
            f"these parameters are a critical point of {family.label}",
        )
        escape = None
        if index:
            escape = rational_saddle_direction(self.core, self.spectrum, self.network, params, taken, evidence)
        return Verdict(
            kind=Kind.STRICT_SADDLE if index else Kind.GLOBAL_MINIMUM,
            value=loss,
            scaled_gradient=0.0,
            evidence=evidence,
            critical_set=family,
            nearest=params,
            distance=0.0,
            gap=self._gap(loss),
            index=index,
            nullity=self.sets.nullity(row, outer, inner),
            escape=escape,
        )

    def _descending(self, params: Parameters, gradient: Parameters, loss: Fraction, rounded: Verdict) -> Verdict:
        largest = max(abs(entry) for part in gradient for entry in part.flat)
        evidence = self._evidence(
            (
                Assumption(
                    f"the gradient is not zero: its largest entry is {float(largest):.3g}, in rational arithmetic"
                ),
            ),
            "a step along the negative gradient lowers the loss",
        )
        vector = tuple(np.asarray(-part) for part in gradient)
        return replace(
            rounded,
            kind=Kind.NOT_CRITICAL,
            value=loss,
            evidence=evidence,
            gap=self._gap(loss),
            index=None,
            nullity=None,
            escape=rational_line(self.network, params, vector, None, "along the negative gradient", evidence),
        )

    def _place(self, params: Parameters) -> tuple[list[int], int, int]:
        """Return how many directions of each eigenspace a critical point takes, and how many outer and inner ones it has."""
        w1, w2 = self.core.core(params)
        seen = exact_product(w1, self.core.xx)
        product = exact_product(w2, seen)
        found = dict(spectrum_on(self.core.sigma, product))
        taken = [found.pop(number, 0) for number in self.spectrum.exact]
        if found:
            raise AssertionError("a critical point reproduces positive eigendirections only")
        return taken, exact_rank(w2) - sum(taken), exact_rank(seen) - sum(taken)

    def _gap(self, loss: Fraction) -> Real:
        best: Any = self.sets.value_of(self.sets.top)
        gap: Real = loss - best
        if isinstance(gap, AlgebraicSum) and gap.rational is not None:
            return gap.rational
        return gap

    def _evidence(self, checked: tuple[Assumption, ...], scope: str) -> Evidence:
        references = (cite("baldi-hornik-1989"), cite("zhou-liang-2017"), cite("theodolite", "index at every stratum"))
        return Evidence(Method.EXACT, references, (*self.sets.checked, *checked), scope)
