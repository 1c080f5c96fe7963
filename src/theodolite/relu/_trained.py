"""What a ReLU landscape does with many networks at once: trains them side by side, judges them cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from theodolite._endings import Endings
from theodolite._kind import Kind
from theodolite._trainable import Trainable
from theodolite._typing import Array, Parameters, ParametersLike
from theodolite.relu._endings import endings
from theodolite.relu._options import Options
from theodolite.relu._point import Point
from theodolite.relu._problem import Problem
from theodolite.relu._training import Fleet, train, training_rate

if TYPE_CHECKING:
    from typing import Any

    from theodolite.relu._polish import Polished

__all__ = ["TrainedInVectors"]


class TrainedInVectors(Trainable):
    """The part of ``ReluLandscape`` that trains ensembles; networks of several outputs take the plain loops."""

    _options: Options
    _problem: Problem

    if TYPE_CHECKING:

        def polish(self, params: ParametersLike, *, budget: Any = None, progress: Any = None) -> Polished: ...
        def _read(self, params: ParametersLike) -> tuple[Problem, Point]: ...

    @property
    def fan_in(self) -> tuple[int, ...]:
        """For each parameter array how many numbers its layer takes in."""
        d, h = self._options.d_in, self._options.hidden
        return (d, *([d] if self._options.bias else []), h, *([h] if self._options.output_bias else []))

    def training_rate(self) -> float:
        """Return a rate that suits random starts: a tenth of what the curvature in the outputs allows."""
        return training_rate(self._problem.as_float)

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

    def endings_of(self, params: Parameters, report: Callable[[int], None], stop: Callable[[], bool]) -> Endings:
        """Return the local minimum that each network leads to: one descent for all that are in the same joint cell."""
        if self._problem.outputs > 1:
            return super().endings_of(params, report, stop)
        problem, biased = self._problem.as_float, self._options.bias

        def down(point: Point) -> tuple[Point, float, Kind]:
            done = self.polish(point.parameters(problem, biased), progress=False)
            return self._read(done.params)[1].converted(problem), float(done.losses[-1]), done.verdict.kind

        return endings(problem, Fleet.of(params, biased), down, report, stop)
