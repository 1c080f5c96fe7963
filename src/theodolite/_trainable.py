"""What every landscape can do with many points at once: take them down the gradient, and say where each of them leads.

These are plain loops; landscapes that know a faster way say so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from theodolite._endings import Endings, Nearness, judged_one_by_one
from theodolite._errors import DataError, TheodoliteError
from theodolite._kind import Kind
from theodolite._panels import CurvePanel
from theodolite._typing import Array, Parameters, ParametersLike, Real

if TYPE_CHECKING:
    from theodolite._verdict import Verdict

__all__ = ["Trainable"]

_NEAR = 1e-4
"""A point whose gradient is this small, relative to its terms, is judged as the critical point that it is near to."""


class Trainable:
    """Training of many networks, by what a landscape knows of single points."""

    if TYPE_CHECKING:

        @property
        def parameter_shapes(self) -> tuple[tuple[int, ...], ...]: ...
        @property
        def specification(self) -> str: ...
        def loss(self, params: ParametersLike) -> Real: ...
        def gradient(self, params: ParametersLike) -> Parameters: ...
        def classify(self, params: ParametersLike, *, rtol: Any = None) -> Verdict: ...

    @property
    def fan_in(self) -> tuple[int, ...]:
        """For each parameter array how many numbers its layer takes in: starts are drawn in units of the root of it."""
        found, inputs = [], 1
        for shape in self.parameter_shapes:
            inputs = shape[-1] if len(shape) > 1 else inputs
            found.append(inputs)
        return tuple(found)

    def training_rate(self) -> float:
        """Return a rate of gradient descent that suits random starts; ``DataError`` where none is known."""
        raise DataError(f"No rate of training is known for {self.specification}", fix="Pass rate")

    def functions_over_data(self, named: Sequence[tuple[str, Parameters]]) -> CurvePanel | None:
        """Return the functions that some parameters stand for over the samples; ``None`` where inputs are no single numbers."""
        return None

    def training_scale(self) -> float:
        """Return the loss of the best function that is constant, as far as biases allow: losses are measured by it."""
        return float(self.loss([np.zeros(shape) for shape in self.parameter_shapes]))

    def train_many(
        self,
        params: Parameters,
        rate: float,
        momentum: float,
        steps: int,
        report: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> int:
        """Take networks, one entry per run in front of each array, down the gradient in place; return the steps done."""
        velocity = [np.zeros_like(part) for part in params]
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(steps):
                if stop():
                    return step
                for run in _finite(params).tolist():
                    try:
                        gradient = self.gradient([part[run] for part in params])
                    except TheodoliteError:  # its numbers are too large: the loss is, too
                        gradient = tuple(np.full(part.shape[1:], np.nan) for part in params)
                    for part, speed, pull in zip(params, velocity, gradient, strict=True):
                        speed[run] = momentum * speed[run] + pull
                        part[run] -= rate * speed[run]
                report(step + 1)
        return steps

    def losses_of(self, params: Parameters) -> Array:
        """Return the loss of each network: ``inf`` where it is beyond all numbers."""
        found = np.full(len(params[0]), np.inf)
        with np.errstate(over="ignore", invalid="ignore"):
            for run in _finite(params).tolist():
                try:
                    found[run] = float(self.loss([part[run] for part in params]))
                except TheodoliteError:
                    continue
        return found

    def endings_of(
        self, params: Parameters, near: Nearness, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> Endings:
        """Return the critical point that each network is near to."""

        def judge(run: int) -> tuple[Parameters, float, Kind] | None:
            report(run + 1)
            here = tuple(np.asarray(part[run]) for part in params)
            try:
                verdict = self.classify(here, rtol=_NEAR)
            except TheodoliteError:
                return None
            if verdict.kind in (Kind.NOT_CRITICAL, Kind.UNDECIDED):
                return None
            point = (
                here
                if verdict.nearest is None
                else tuple(np.asarray(part, dtype=np.float64) for part in verdict.nearest)
            )
            value = verdict.value if verdict.critical_set is None else verdict.critical_set.value
            return point, float(value), verdict.kind

        return judged_one_by_one(_finite(params), len(params[0]), judge, stop)


def _finite(params: Parameters) -> Array:
    """Return the runs all of whose parameters are finite."""
    return np.flatnonzero(np.all([np.isfinite(part).all(axis=tuple(range(1, part.ndim))) for part in params], axis=0))
