"""What a ReLU landscape does with many networks at once: trains them side by side, judges them cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from theodolite._endings import Endings, Nearness
from theodolite._kind import Kind
from theodolite._panels import CurvePanel
from theodolite._trainable import Trainable
from theodolite._typing import Array, Parameters
from theodolite._verdict import Verdict
from theodolite.relu._endings import endings
from theodolite.relu._known import Known
from theodolite.relu._options import Options
from theodolite.relu._point import Point
from theodolite.relu._polish import polish
from theodolite.relu._portrait import Portrait
from theodolite.relu._problem import Problem
from theodolite.relu._settle import Settling
from theodolite.relu._surface import quiet
from theodolite.relu._training import Fleet, train, training_rate
from theodolite.relu._verdict import verdict

__all__ = ["TrainedInVectors"]

_EPSILON = float(np.finfo(np.float64).eps)


class TrainedInVectors(Trainable):
    """The part of ``ReluLandscape`` that trains ensembles; networks of several outputs take the plain loops."""

    _options: Options
    _problem: Problem

    if TYPE_CHECKING:
        specification: str
        _known: Known

        def _shown(self, point: Point, problem: Problem) -> Parameters: ...

    @property
    def fan_in(self) -> tuple[int, ...]:
        """For each parameter array how many numbers its layer takes in."""
        d, h = self._options.d_in, self._options.hidden
        return (d, *([d] if self._options.bias else []), h, *([h] if self._options.output_bias else []))

    def training_rate(self) -> float:
        """Return a rate that suits random starts: a tenth of what the curvature in the outputs allows."""
        return training_rate(self._problem.as_float)

    def training_scale(self) -> float:
        """Return the loss of the best constant if there are biases, else that of the zero network."""
        problem = self._problem.as_float
        shift = problem.targets.mean(axis=0) if self._options.bias or self._options.output_bias else 0.0
        return float(problem.scale * ((problem.targets - shift) ** 2).sum())

    def functions_over_data(self, named: Sequence[tuple[str, Parameters]]) -> CurvePanel | None:
        """Return the functions that some parameters stand for over the samples, the last one as the network itself."""
        problem, biased = self._problem.as_float, self._options.bias
        if problem.outputs > 1 or self._options.d_in > 1 or not named:
            return None
        *others, (_, last) = [(name, Point.of(problem, params, biased)) for name, params in named]
        (panel,) = Portrait(problem, last, biased).function(others)
        return panel if isinstance(panel, CurvePanel) else None

    def train_many(
        self,
        params: Parameters,
        rate: float,
        momentum: float,
        steps: int,
        report: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> int:
        """Take networks down the gradient in place, many side by side; return how many steps were done."""
        if self._problem.outputs > 1:
            return super().train_many(params, rate, momentum, steps, report, stop)
        fleet = Fleet.of(params, self._options.bias)
        done = train(self._problem.as_float, fleet, rate, momentum, steps, report, stop)
        fleet.put_into(params, self._options.bias)
        return done

    def losses_of(self, params: Parameters) -> Array:
        """Return the loss of each network."""
        if self._problem.outputs > 1:
            return super().losses_of(params)
        return Fleet.of(params, self._options.bias).losses(self._problem.as_float)

    def endings_of(
        self, params: Parameters, near: Nearness, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> Endings:
        """Return the local minimum that each network leads to: one descent for all that are in the same joint cell."""
        if self._problem.outputs > 1:
            return super().endings_of(params, near, report, stop)
        problem, biased = self._problem.as_float, self._options.bias

        settling = Settling(self._problem, self._known, self._shown, self.specification)

        def judge(params: Parameters, rounding: float = _EPSILON) -> Verdict:
            point = Point.of(problem, params, biased)
            return verdict(problem, point, rounding, self._known, self._shown, self.specification)

        def down(point: Point) -> tuple[Point, float, Kind]:
            with quiet():
                done = polish(problem, point, biased, judge, None, False, settling)
            kind = done.verdict.kind
            if not kind.is_minimum:  # so close to a minimum that no float is lower, and yet not as close as round-off
                kind = judge(done.params, _EPSILON**0.5).kind
            return Point.of(problem, done.params, biased), float(done.losses[-1]), kind

        found = endings(problem, Fleet.of(params, biased), biased, down, report, stop)
        for level in found.levels(
            near.apart
        ):  # what the last runs found may show that the first ones are not the lowest
            kind = judge(found.points[found.place[level[len(level) // 2]]], _EPSILON**0.5).kind
            if kind.is_minimum:
                found.kind[level] = kind.code
        return found
