"""What every landscape can do with many points at once: take them down the gradient, and say where each of them leads.

These are plain loops; landscapes that know a faster way say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from theodolite._endings import Endings, judged_one_by_one
from theodolite._errors import DataError, TheodoliteError
from theodolite._kind import Kind
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
        for step in range(steps):
            if stop():
                return step
            for run in range(len(params[0])):
                gradient = self.gradient([part[run] for part in params])
                for part, speed, pull in zip(params, velocity, gradient, strict=True):
                    speed[run] = momentum * speed[run] + pull
                    part[run] -= rate * speed[run]
            report(step + 1)
        return steps

    def losses_of(self, params: Parameters) -> Array:
        """Return the loss of each network."""
        return np.array([float(self.loss([part[run] for part in params])) for run in range(len(params[0]))])

    def endings_of(self, params: Parameters, report: Callable[[int], None], stop: Callable[[], bool]) -> Endings:
        """Return the critical value that each network is near to, and its kind."""

        def judge(run: int) -> tuple[float, Kind]:
            report(run)
            try:
                verdict = self.classify([part[run] for part in params], rtol=_NEAR)
            except TheodoliteError:
                return float("nan"), Kind.UNDECIDED
            if verdict.kind in (Kind.NOT_CRITICAL, Kind.UNDECIDED):
                return float("nan"), verdict.kind
            value = verdict.value if verdict.critical_set is None else verdict.critical_set.value
            return float(value), verdict.kind

        finite = np.all([np.isfinite(part).reshape(len(part), -1).all(axis=1) for part in params], axis=0)
        return judged_one_by_one(len(params[0]), judge, stop, finite)
