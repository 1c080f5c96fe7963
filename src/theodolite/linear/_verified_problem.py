"""One hidden layer on floats taken as the binary numbers that they are: rigorous bounds on values, gaps and distances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from theodolite._errors import NotCoveredError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._numerics import RankDecision, as_fractions
from theodolite._references import cite
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._charts import Chart
from theodolite.linear._counts import Counts
from theodolite.linear._exact_core import ExactCore, Spectrum
from theodolite.linear._exact_data import Gram
from theodolite.linear._exact_network import ExactNetwork
from theodolite.linear._families import Families
from theodolite.linear._options import Options
from theodolite.linear._reduction import Reduction
from theodolite.linear._shallow import ShallowProblem
from theodolite.linear._verified_sets import VerifiedSets
from theodolite.linear._verified_spectrum import verified_spectrum

__all__ = ["VerifiedProblem"]

Bounds = tuple[float, float]


class VerifiedProblem(ShallowProblem):
    """The families of float data. Ranks and multiplicities are decided in rationals, values and distances are enclosed."""

    def __init__(self, gram: Gram, network: ExactNetwork, chart: Chart, options: Options) -> None:
        super().__init__(chart, gram.count, options, ", with rigorous bounds for the floats as given")
        self.network = network
        self.core = ExactCore(gram, options.layout)

    @cached_property
    def spectrum(self) -> Spectrum:
        """The positive eigenvalues of Sigma, enclosed."""
        return verified_spectrum(self.core)

    @cached_property
    def reduction(self) -> Reduction:
        """The reduced data in floats; ``NotCoveredError`` where a rank would change within the rounding of the data."""
        rounded, core = super().reduction, self.core
        for name, decision, rank in (
            ("X", rounded.input_rank, core.rho),
            ("Y on X", rounded.target_rank, core.m),
        ):
            if decision.rank != rank:
                raise NotCoveredError(
                    f"The rank of {name} is not decided",
                    cause=f"it is {rank} for the floats as given, but {decision.rank} for data within their rounding",
                    fix="Drop dependent columns, give the numbers exactly (arithmetic='exact'), or use arithmetic='float64'",
                )
        if rounded.multiplicities == self.spectrum.multiplicities:
            return rounded
        from theodolite.linear._precise import precise_reduction

        x, y, _, _ = self._chart.data()
        return precise_reduction(core, self.spectrum, x, y)

    @cached_property
    def sets(self) -> VerifiedSets:
        """The families, their counts, their labels and bounds."""
        core, spectrum, layout = self.core, self.spectrum, self._options.layout
        reduction = self.reduction
        families = Families(
            np.array(spectrum.floats, dtype=np.float64),
            spectrum.multiplicities,
            min(layout.hidden, core.m),
            float(self.network.factor * core.floor),
            float(self.network.factor),
        )
        counts = Counts(spectrum.multiplicities, layout.hidden, core.d_in, layout.d_out, core.rho)
        checked = (
            _rank("X", core.rho, reduction.input_rank),
            _rank("Y on X", core.m, reduction.target_rank),
            spectrum.checked,
        )
        return VerifiedSets(families, counts, checked, self.scope, self._chart.zeros)

    def work(self, limit: int | None) -> Iterator[Array]:
        """Yield blocks of packed selections in increasing loss."""
        return (np.asarray(self.sets.families.pack(taken)) for taken in self.sets.blocks(limit))

    def certify(self, params: Parameters, verdict: Verdict) -> Verdict:
        """Return the verdict that was made in floats with rigorous bounds on loss, gap and distance."""
        exact = tuple(as_fractions(array) for array in params)
        loss = self.network.loss(exact)
        gap = self._gap(loss)
        verdict = replace(
            verdict,
            value=float(loss),
            value_bounds=_outward(loss, loss),
            gap=max(float(sum(gap) / 2), 0.0),
            gap_bounds=_outward(*gap),
        )
        if verdict.kind is Kind.NOT_CRITICAL:
            slope = sum(
                (Fraction(entry) ** 2 for part in self.network.gradient(exact) for entry in part.flat), Fraction(0)
            )
            size = Assumption(f"the gradient has norm {float(slope) ** 0.5:.6g}, from rational arithmetic")
            return replace(
                verdict, evidence=self._evidence((*verdict.evidence.assumptions, size), verdict.evidence.scope)
            )
        if verdict.index is None or verdict.nearest is None or verdict.critical_set is None:
            return verdict
        from theodolite.linear._verified_point import VerifiedPoint

        taken = [int(count) for count in self.sets.taken(verdict.critical_set.key)[0]]
        distance = VerifiedPoint(self.core, self.spectrum).distance(params, verdict.nearest, taken)
        if distance is None:
            scope = "no critical point near these parameters could be enclosed"
            evidence = Evidence(
                Method.NUMERIC, verdict.evidence.references, verdict.evidence.assumptions, scope, complete=False
            )
            return replace(verdict, kind=Kind.UNDECIDED, index=None, nullity=None, escape=None, evidence=evidence)
        label = verdict.critical_set.label
        scope = f"an exactly critical point of {label} within {distance:.3g} of these parameters was enclosed"
        return replace(verdict, distance=distance, evidence=self._evidence(verdict.evidence.assumptions, scope))

    def _evidence(self, checked: tuple[Assumption, ...], scope: str) -> Evidence:
        references = (cite("baldi-hornik-1989"), cite("zhou-liang-2017"), cite("theodolite", "index at every stratum"))
        return Evidence(Method.VERIFIED, references, checked, scope)

    def _gap(self, loss: Fraction) -> tuple[Fraction, Fraction]:
        """Return bounds on the loss less the lowest one."""
        left = np.array(self.spectrum.multiplicities, dtype=np.int64) - self.sets.top[0]
        ends = self.spectrum.ends(200)
        weight, floor = self.network.factor, self.core.floor
        best = [
            weight * (floor + sum((int(count) * end[side] for count, end in zip(left, ends, strict=True)), Fraction(0)))
            for side in (1, 0)
        ]
        return max(loss - best[0], Fraction(0)), max(loss - best[1], Fraction(0))


def _rank(name: str, rank: int, decision: RankDecision) -> Assumption:
    return Assumption(
        f"rank of {name} = {rank}, for the floats as given and within their rounding",
        decision.margin,
        decision.tolerance,
    )


def _outward(low: Fraction, high: Fraction) -> Bounds:
    """Return floats that enclose two fractions."""
    below, above = float(low), float(high)
    return (
        below if Fraction(below) <= low else float(np.nextafter(below, -np.inf)),
        above if Fraction(above) >= high else float(np.nextafter(above, np.inf)),
    )
