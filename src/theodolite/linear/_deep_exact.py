"""Any number of hidden layers on exactly given data: values, multiplicities and verdicts in rational arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from theodolite._critical import Home, Stratum
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._table import Table
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._charts import Chart
from theodolite.linear._deep import DeepProblem
from theodolite.linear._deep_counts import Branch, DeepCounts
from theodolite.linear._deep_judge import DeepJudge
from theodolite.linear._deep_sets import DeepSets
from theodolite.linear._exact_core import ExactCore, Spectrum, exact_spectrum
from theodolite.linear._exact_data import Gram
from theodolite.linear._exact_network import ExactNetwork
from theodolite.linear._exact_sets import ExactSets
from theodolite.linear._families import Families
from theodolite.linear._options import Options
from theodolite.linear._precise import precise_reduction
from theodolite.linear._reduction import Reduction

__all__ = ["DeepExactProblem", "DeepExactSets"]


@dataclass(frozen=True, eq=False)
class DeepExactSets(DeepSets):
    """The critical sets of exactly given data; ``exact`` knows the values of selections and their order."""

    exact: ExactSets | None = None

    @cached_property
    def evidence(self) -> Evidence:
        """How every set is known: by theorem, on decisions made in rational arithmetic."""
        return Evidence(Method.EXACT, self.references, self.checked, self.scope)

    def table(self, keys: Array) -> Table:
        """Return one row per key with exact values."""
        assert self.exact is not None
        table = super().table(keys)
        valued = self.exact.table(self.unpack(keys)[0])
        evidence = tuple(
            msgspec.structs.replace(known, references=self.evidence.references) for known in valued.evidence
        )
        return replace(table, value=valued.value, exact=valued.exact, evidence=evidence, evidence_id=valued.evidence_id)

    def stratum(self, taken: Array, branch: Branch, strings: Array, home: Home | None) -> Stratum:
        """Return the stratum with these multiplicities and its exact value."""
        assert self.exact is not None
        return replace(super().stratum(taken, branch, strings, home), value=self.exact.value_of(taken))


class DeepExactProblem(DeepProblem):
    """The critical sets of exactly given data; members are drawn and figures made in floats, rounded once from many bits."""

    def __init__(self, gram: Gram, network: ExactNetwork, chart: Chart, options: Options) -> None:
        super().__init__(chart, gram.count, options, ", in exact arithmetic")
        self.network = network
        self.core = ExactCore(gram, options.layout)

    @property
    def digest(self) -> str:
        """A SHA-256 of the data."""
        return self.core.gram.digest

    @cached_property
    def spectrum(self) -> Spectrum:
        """The positive eigenvalues of Sigma, exactly."""
        return exact_spectrum(self.core)

    @cached_property
    def reduction(self) -> Reduction:
        """The reduced data in floats, with the ranks and multiplicities that were decided exactly."""
        x, y, _, _ = self._chart.data()
        return precise_reduction(self.core, self.spectrum, x, y)

    @cached_property
    def sets(self) -> DeepExactSets:
        """The critical sets, their counts, labels and exact values."""
        core, spectrum, layout = self.core, self.spectrum, self._options.layout
        counts = DeepCounts(spectrum.multiplicities, (core.rho, *layout.widths[1:]), core.d_in)
        factor: Fraction = self.network.factor
        families = Families(
            np.array(spectrum.floats, dtype=np.float64),
            spectrum.multiplicities,
            counts.cap,
            float(factor * core.floor),
            float(factor),
        )
        checked = (
            Assumption(f"rank X = {core.rho} of {core.d_in}, in rational arithmetic"),
            Assumption(f"rank of Y on X = {core.m}, in rational arithmetic"),
            spectrum.checked,
        )
        scope = f"all critical points of {self._options.specification} on {self._samples} samples{self._note}"
        exact = ExactSets(families, counts.flat, checked, scope, 0, spectrum.exact, core.floor, factor)
        return DeepExactSets(families, counts, checked, scope, self._chart.zeros, exact)

    def _selections(self, limit: int | None) -> Iterator[Array]:
        assert self.sets.exact is not None
        return self.sets.exact.ordered(limit)

    def judge(self, core: Parameters, loss: float, rtol: float, home: Home) -> Verdict:
        """Return the verdict on core weights that are floats: it is made in floats, on exactly decided data."""
        verdict = super().judge(core, loss, rtol, home)
        note = Assumption("the parameters are floats: they were judged in floating point")
        evidence = msgspec.structs.replace(verdict.evidence, assumptions=(*verdict.evidence.assumptions, note))
        return replace(verdict, evidence=evidence)

    def judge_exactly(self, params: Parameters, rounded: Verdict, home: Home) -> Verdict:
        """Return the verdict on exactly given parameters; ``rounded`` is that on their floats."""
        best: Any = self.sets.exact.value_of(self.sets.top) if self.sets.exact is not None else None
        return DeepJudge(self.core, self.spectrum, self.network, self.sets, best).verdict(params, rounded, home)
