"""One hidden layer on exactly given data: values, ranks, multiplicities and verdicts in rational arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

import msgspec
import numpy as np

from theodolite._critical import Home
from theodolite._evidence import Assumption
from theodolite._panels import Description
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._charts import Chart
from theodolite.linear._counts import Counts
from theodolite.linear._exact_core import ExactCore, Spectrum, exact_spectrum
from theodolite.linear._exact_data import Gram
from theodolite.linear._exact_network import ExactNetwork
from theodolite.linear._exact_sets import ExactSets
from theodolite.linear._exact_verdict import ExactJudge
from theodolite.linear._families import Families
from theodolite.linear._options import Options
from theodolite.linear._precise import precise_reduction
from theodolite.linear._reduction import Reduction
from theodolite.linear._shallow import ShallowProblem

__all__ = ["ExactProblem"]

_SHOWN = 12


class ExactProblem(ShallowProblem):
    """The families of exactly given data; members are drawn and figures made in floats, rounded once from many bits."""

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

    @property
    def checked(self) -> tuple[Assumption, ...]:
        """What was decided about the data, exactly."""
        core = self.core
        return (
            Assumption(f"rank X = {core.rho} of {core.d_in}, in rational arithmetic"),
            Assumption(f"rank of Y on X = {core.m}, in rational arithmetic"),
            self.spectrum.checked,
        )

    @cached_property
    def sets(self) -> ExactSets:
        """The families, their counts, their labels and exact values."""
        core, spectrum, layout = self.core, self.spectrum, self._options.layout
        factor: Fraction = self.network.factor
        families = Families(
            np.array(spectrum.floats, dtype=np.float64),
            spectrum.multiplicities,
            min(layout.hidden, core.m),
            float(factor * core.floor),
            float(factor),
        )
        counts = Counts(spectrum.multiplicities, layout.hidden, core.d_in, layout.d_out, core.rho)
        return ExactSets(
            families, counts, self.checked, self.scope, self._chart.zeros, spectrum.exact, core.floor, factor
        )

    def work(self, limit: int | None) -> Iterator[Array]:
        """Yield blocks of packed selections in exactly increasing loss."""
        return (np.asarray(self.sets.families.pack(taken)) for taken in self.sets.ordered(limit))

    def judge(self, core: Parameters, loss: float, rtol: float, home: Home) -> Verdict:
        """Return the verdict on core weights that are floats: it is made in floats, on exactly decided data."""
        verdict = super().judge(core, loss, rtol, home)
        note = Assumption("the parameters are floats: they were judged in floating point")
        evidence = msgspec.structs.replace(verdict.evidence, assumptions=(*verdict.evidence.assumptions, note))
        return replace(verdict, evidence=evidence)

    def judge_exactly(self, params: Parameters, rounded: Verdict, home: Home) -> Verdict:
        """Return the verdict on exactly given parameters; ``rounded`` is that on their floats."""
        return ExactJudge(self.core, self.spectrum, self.network, self.sets).verdict(params, rounded, home)

    def description(self) -> Description:
        """Return title, formulas and facts, the eigenvalues as exact numbers."""
        found = super().description()
        shown = [str(value) for value in self.spectrum.exact[:_SHOWN]]
        for i, multiplicity in enumerate(self.spectrum.multiplicities[:_SHOWN]):
            if multiplicity > 1:
                shown[i] += f" ({multiplicity} times)"
        more = f" and {len(self.spectrum.exact) - _SHOWN} more" if len(self.spectrum.exact) > _SHOWN else ""
        facts = (
            ("Exact eigenvalues", (" · ".join(shown) or "none is positive") + more),
            *(("Decided", str(assumption)) for assumption in self.checked),
        )
        return msgspec.structs.replace(found, facts=facts)
