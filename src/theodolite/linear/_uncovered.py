"""Networks whose critical points are not all known: the loss and its derivatives work, and what is proven at single points.

With weight decay every critical point is balanced at any depth, ``W_{k+1}^T W_{k+1} = W_k W_k^T + b_k b_k^T``: the decay's
gradient must cancel that of the loss, which has this symmetry. The statement is our own, proved in the documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import NoReturn

import numpy as np

from theodolite._critical import CriticalSet, Home, Piece, Stratum
from theodolite._errors import NotCoveredError
from theodolite._evidence import Assumption, Evidence, Method
from theodolite._kind import Kind
from theodolite._panels import Description, Panel
from theodolite._references import cite
from theodolite._table import Table
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.linear._charts import chart_for
from theodolite.linear._data import Samples
from theodolite.linear._network import Network
from theodolite.linear._options import Options

__all__ = ["UncoveredProblem", "imbalance", "obstacle"]


def obstacle(options: Options, samples: Samples) -> NotCoveredError | None:
    """Return why not all critical points of this network are known, ``None`` where they are (or depth is not the reason)."""
    if options.layout.depth > 2 and options.l2:
        return NotCoveredError(
            f"The critical points of {options.specification} with weight decay are not all known",
            cause="no theorem covers weight decay with more than one hidden layer",
            fix="Use l2=0 or one hidden layer; loss, gradient and Hessian work, and classify() says what is proven at a point",
        )
    try:
        chart_for(samples, options.layout)
    except NotCoveredError as error:
        return error
    return None


def imbalance(network: Network, params: Parameters) -> float:
    """Return the largest norm of ``W_{k+1}^T W_{k+1} - W_k W_k^T - b_k b_k^T``: zero at critical points with decay."""
    weights, biases = network.layout.split(params)
    return max(
        float(
            np.linalg.norm(
                weights[k + 1].T @ weights[k + 1] - weights[k] @ weights[k].T - np.outer(biases[k], biases[k])
            )
        )
        for k in range(len(weights) - 1)
    )


@dataclass(frozen=True, eq=False)
class UncoveredProblem:
    """Stands where a problem would, and says why there is none; ``judge`` says what is proven at a point."""

    network: Network
    options: Options
    why: NotCoveredError

    def _refuse(self) -> NoReturn:
        raise self.why

    def count(self) -> int:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def count_strata(self) -> int:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def work(self, limit: int | None) -> Iterator[Array]:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def solve(self, item: Array) -> Table:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def label(self, key: bytes) -> str:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def global_minimum(self, home: Home) -> CriticalSet:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def strata(self, piece: Piece) -> Iterator[Stratum]:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def representative(self, piece: Piece) -> Parameters:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def sample(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def panels(self, piece: Piece, home: Home) -> tuple[Panel, ...]:
        """Raise ``NotCoveredError``."""
        self._refuse()

    def judge(self, core: Parameters, loss: float, rtol: float, home: Home) -> Verdict:
        """Return ``NOT_CRITICAL`` where the gradient is clearly not zero, else ``UNDECIDED``."""
        gradient = self.network.gradient(core)
        slope = float(np.sqrt(sum(np.sum(part**2) for part in gradient)))
        size = float(np.sqrt(sum(np.sum(part**2) for part in core)))
        steep = slope * max(size, 1.0) / max(abs(loss), np.finfo(float).tiny)
        checked = [Assumption("the gradient times the parameters is not small beside the loss", steep / rtol, rtol)]
        references = []
        if self.network.l2:
            off = imbalance(self.network, core)
            checked.append(Assumption(f"the layers are out of balance by {off:.3g}; critical points are balanced"))
            references.append(cite("theodolite", "weight decay"))
        away = steep > rtol
        scope = "a step along the negative gradient lowers the loss" if away else f"{self.why.fact}: {self.why.cause}"
        evidence = Evidence(Method.NUMERIC, tuple(references), tuple(checked), scope, slope, complete=away)
        return Verdict(Kind.NOT_CRITICAL if away else Kind.UNDECIDED, loss, steep, evidence)

    def description(self) -> Description:
        """Return title and facts."""
        layout, options = self.options.layout, self.options
        facts = (("Not covered", str(self.why)), *((("Weight decay", f"{options.l2:g}"),) if options.l2 else ()))
        return Description(
            title=f"Linear network {'-'.join(map(str, layout.widths))}",
            network=options.specification,
            data=f"{self.network.samples.count} samples, {layout.d_in} inputs, {layout.d_out} outputs",
            parameter_count=sum(map(prod, layout.shapes)),
            noun="set",
            nouns="sets",
            way="along the gradient",
            facts=facts,
        )
