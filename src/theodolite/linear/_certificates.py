"""Dominance, regularity and descent of a linear landscape: from its parameters to the functions on arrays and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from theodolite._errors import DataError, NotCoveredError
from theodolite._evidence import Assumption
from theodolite._typing import Parameters
from theodolite.dominance import (
    Chain,
    DescentCertificate,
    Dominance,
    Regularity,
    Subject,
    chain_descent,
    chain_dominance,
    chain_regularity,
    check_radius,
    nearest_minimizer,
    reachable,
    read,
    residual_constant,
)
from theodolite.linear._charts import Chart
from theodolite.linear._exact_data import in_floats, is_exact
from theodolite.linear._options import Options
from theodolite.linear._reduction import Reduction, reduce

__all__ = ["Certifier", "certifier_for"]

_ARITHMETICS = ("auto", "float64", "verified", "exact")
_STILL = 1e-10
"""A point nearer to its minimizer than this, relative to its size, is that minimizer."""


def certifier_for(options: Options, chart: Chart, samples: int, gram: Any) -> Certifier:
    """Return what certifies a landscape; ``NotCoveredError`` for biases beyond the first layer and for weight decay."""
    if options.l2:
        raise NotCoveredError(
            "Gradient dominance with weight decay is not covered",
            cause="no theorem bounds the gradient of a loss with a decay term",
            fix="Use l2=0",
        )
    if options.layout.biased not in ((), (1,)):
        raise NotCoveredError(
            f"Gradient dominance of {options.specification} is not covered",
            cause="the change of variables that removes such a bias changes lengths: with inputs 10 and 11 and one affine "
            "layer, mu is 0.0045 where the centred problem has 0.5",
            fix="Use no bias, or one in the first layer alone (bias=(1,))",
        )
    return Certifier(options, chart, samples, gram)


@dataclass(frozen=True, eq=False)
class Certifier:
    """Certifies at core weights: those of the network without biases, [W1 b1] for the first layer where it has one."""

    options: Options
    chart: Chart
    samples: int
    gram: Any

    @cached_property
    def _reduction(self) -> Reduction:
        x, y, x_sizes, y_sizes = self.chart.data()
        return reduce(x, y, self.samples, x_sizes, y_sizes)

    @cached_property
    def chain(self) -> Chain:
        """The reduced data, columns as samples."""
        return Chain(self._reduction.inputs, self._reduction.target)

    def subject(self, core: Parameters, arithmetic: Any, name: str) -> Subject:
        """Return what is measured at ``core``, which may be exact."""
        if arithmetic not in _ARITHMETICS:
            raise DataError(f"arithmetic is {arithmetic!r}", fix=f"Use one of {', '.join(_ARITHMETICS)}")
        if arithmetic == "exact":
            raise NotCoveredError(
                "Constants are not computed exactly",
                cause="they are products of algebraic numbers",
                fix="Use arithmetic='verified', whose bounds are true of the exact numbers",
            )
        scope = f"{name} with {self.options.reduction} loss"
        if arithmetic == "verified" or (arithmetic == "auto" and self.gram is not None and is_exact(core)):
            return self._verified(core, scope)
        unit = 2 * self.options.factor
        weights = in_floats(core)
        return read(self.chain, weights, unit, self._reduction.assumptions()[:1], scope)

    def _verified(self, core: Parameters, scope: str) -> Subject:
        from theodolite._numerics import as_fractions, exact_product
        from theodolite.dominance._verified import read_verified

        layout = self.options.layout
        note: tuple[Assumption, ...] = ()
        if self.gram is not None:
            first = [*range(1, 1 + layout.d_in), *([0] if layout.biased else [])]
            places = [*first, *range(1 + layout.d_in, len(self.gram.matrix))]
            gram, inputs = self.gram.matrix[np.ix_(places, places)], len(first)
        else:
            x, y, _, _ = self.chart.data()
            kept = as_fractions(np.concatenate([x, y], axis=1))
            gram, inputs = exact_product(kept.T, kept), x.shape[1]
            note = (Assumption("the data is what the landscape keeps of it: a triangular factor, rounded once"),)
        units = {
            "half_sum": Fraction(1),
            "sum": Fraction(2),
            "mean": Fraction(2, self.samples * layout.d_out),
        }
        exact = tuple(as_fractions(array) for array in core)
        return read_verified(gram, inputs, exact, units[self.options.reduction], note, scope)

    def dominance(self, core: Parameters, radius: Any, arithmetic: Any, name: str, identity: bool = False) -> Dominance:
        """Return the dominance constants; ``identity`` says that the layers are I + A_k."""
        size = check_radius(radius)
        subject = self.subject(core, arithmetic, name)
        found = chain_dominance(subject, size)
        return found if not identity else _with_note(found, subject, size)

    def descent(self, core: Parameters, arithmetic: Any, name: str) -> DescentCertificate:
        """Return step and rate of gradient descent."""
        return chain_descent(self.subject(core, arithmetic, name))

    def project(self, core: Parameters) -> Parameters:
        """Return the nearest minimizer that a local search finds."""
        chain, weights = self.chain, in_floats(core)
        target, tail = reachable(chain, weights)
        if tail:
            values = np.linalg.svd(chain.y, compute_uv=False)
            width = int(np.linalg.matrix_rank(target))
            if values[width - 1] - values[width] <= 1e-9 * values[width - 1]:
                raise NotCoveredError(
                    "The nearest minimizer was not sought",
                    cause="the singular values that the narrowest layer would part are equal, so there are many best targets",
                )
        goal = Chain(chain.x, target)
        return nearest_minimizer(weights, goal.residual, goal.jacobian, goal.rounding)

    def regularity(
        self,
        core: Parameters,
        minimizer: Parameters | None,
        arithmetic: Any,
        name: str,
        lift: Callable[[Parameters], Parameters],
    ) -> Regularity:
        """Return the regularity about ``minimizer``, by default about the projection of ``core``."""
        weights = in_floats(core)
        own = self.subject(core, arithmetic, name) if minimizer is None else None
        if own is not None and own.minimal:
            nearest, subject = weights, own
        else:
            chosen = self.project(core) if minimizer is None else minimizer
            nearest, subject = in_floats(chosen), self.subject(chosen, arithmetic, name)
        if not subject.minimal or subject.tail:
            raise NotCoveredError(
                "Regularity is about minimizers that fit the data as well as any linear map",
                cause="a narrow layer keeps this network from that"
                if subject.tail
                else f"the residual of the one given is {float(subject.sizes.residual):.3g}",
                fix=None if subject.tail else "Pass what project(params) returns, or leave it out",
            )
        steps = tuple(a - b for a, b in zip(weights, nearest, strict=True))
        length = float(np.sqrt(sum(np.sum(step**2) for step in steps)))
        size = float(np.sqrt(sum(np.sum(weight**2) for weight in nearest)))
        if length <= _STILL * size:
            gamma = None if subject.local is None else subject.root(subject.local)
            found = chain_regularity(subject, 0.0, gamma)
        else:
            seen = float(np.linalg.norm(self.chain.push(nearest, steps)))
            found = chain_regularity(subject, length, subject.number(seen / length * (1 - 1e-12)))
        from dataclasses import replace

        return replace(found, minimizer=lift(nearest))


def _with_note(found: Dominance, subject: Subject, radius: float) -> Dominance:
    """Add to the evidence what the distance from the identity alone tells."""
    from dataclasses import replace

    import msgspec

    largest = max(float(np.linalg.norm(weight - np.eye(len(weight)), 2)) for weight in subject.weights) + radius
    if not largest < 1:
        return found
    alone = float(subject.unit) * float(residual_constant(float(subject.sizes.x_low), subject.sizes.depth, largest))
    note = Assumption(f"every ||A_k|| is at most {largest:.6g} there, which alone gives mu >= {alone:.6g}")
    evidence = msgspec.structs.replace(found.evidence, assumptions=(*found.evidence.assumptions, note))
    return replace(found, evidence=evidence)
