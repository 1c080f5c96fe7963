"""A ReLU network's loss as a function: reading parameters, value and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from theodolite._arrays import coerce_parameters, refuse_floats
from theodolite._errors import NotCoveredError
from theodolite._hessian import Hessian
from theodolite._landscape import SurveyableLandscape
from theodolite._typing import Array, Integer, Number, Option, Parameters, ParametersLike, Real
from theodolite.relu._data import read
from theodolite.relu._known import Known
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem

__all__ = ["ReluSurface", "quiet"]


class ReluSurface(SurveyableLandscape):
    """What a ReLU landscape knows without any search."""

    def __init__(
        self,
        X: Any,
        y: Any,
        hidden: Integer,
        *,
        bias: bool | Option = False,
        output_bias: bool | Option = False,
        negative_slope: Number = 0.0,
        reduction: Option = "half_sum",
        arithmetic: Option = "auto",
    ) -> None:
        self._options, self._problem, self._fingerprint = read(
            X, y, hidden, bias, output_bias, negative_slope, reduction, arithmetic
        )
        self._known = Known()

    @property
    def problem(self) -> Problem:
        """Rows, targets and slope in numbers: rational where everything was given exactly."""
        return self._problem

    @property
    def parameter_shapes(self) -> tuple[tuple[int, ...], ...]:
        """``((hidden, d), [(hidden,)], (hidden,), [()])``: weights, biases, output weights, output bias."""
        return self._options.shapes

    @property
    def specification(self) -> str:
        """The network as the command line writes it."""
        return self._options.specification

    @property
    def fingerprint(self) -> str:
        """A SHA-256 of the data and of every option."""
        return self._fingerprint

    def coerce(self, params: ParametersLike) -> Parameters:
        """Return ``params`` as arrays of the right shapes: of Fractions where data and parameters are exact, else of floats."""
        problem, options = self._problem, self._options
        found = coerce_parameters(params, self.parameter_shapes, keep_exact=problem.exact)
        if options.arithmetic == "verified":
            return tuple(problem.array(part) for part in found)
        if options.arithmetic == "exact":
            refuse_floats(found)
        return found

    def _read(self, params: ParametersLike) -> tuple[Problem, Point]:
        found = self.coerce(params)
        problem = self._problem if found[0].dtype == object else self._problem.as_float
        return problem, Point.of(problem, found, self._options.bias)

    def _read_both(self, params: ParametersLike, direction: ParametersLike) -> tuple[Evaluation, Point]:
        (problem, point), (other, change) = self._read(params), self._read(direction)
        if problem.exact != other.exact:
            problem = self._problem.as_float
            point, change = point.converted(problem), change.converted(problem)
        return Evaluation(problem, point), change

    def _shown(self, point: Point, problem: Problem) -> Parameters:
        return point.parameters(problem, self._options.bias)

    def loss(self, params: ParametersLike) -> Real:
        """Return the loss: a Fraction where data and parameters are exact."""
        problem, point = self._read(params)
        with quiet():
            return _plain(problem.scale * Evaluation(problem, point).sse)

    def gradient(self, params: ParametersLike) -> Parameters:
        """Return the gradient; at a kink a neuron has its negative slope, as PyTorch has it."""
        problem, point = self._read(params)
        with quiet():
            return self._shown(Evaluation(problem, point).gradient(), problem)

    def directional_derivative(self, params: ParametersLike, direction: ParametersLike) -> Real:
        """Return the one-sided derivative of the loss along ``direction``, which exists everywhere, kinks included."""
        evaluation, change = self._read_both(params, direction)
        with quiet():
            return _plain(evaluation.directional_derivative(change))

    def hessian(self, params: ParametersLike) -> Hessian:
        """Return the Hessian as an operator; ``NotCoveredError`` where a neuron is at a kink of some sample."""
        problem, point = self._read(params)
        with quiet():
            _check_smooth(Evaluation(problem, point))
        return super().hessian(params)

    def hessian_vector_product(self, params: ParametersLike, direction: ParametersLike) -> Parameters:
        """Return the Hessian applied to ``direction``; ``NotCoveredError`` where a neuron is at a kink of some sample."""
        evaluation, change = self._read_both(params, direction)
        with quiet():
            _check_smooth(evaluation)
            return self._shown(evaluation.hessian_product(change), evaluation.problem)

    def data_arrays(self) -> dict[str, Array]:
        """Return X and y as numbers: Fractions where they were given exactly."""
        problem = self._problem
        return {"X": problem.inputs[:, : self._options.d_in], "y": problem.targets}


def _check_smooth(evaluation: Evaluation) -> None:
    """Refuse points at which some neuron is exactly 0 on a sample that is not: the loss is not twice differentiable there."""
    present = evaluation.problem.lines.line >= 0
    at_kink = (evaluation.before == 0) & present[:, None]
    if at_kink.any():
        row, neuron = (int(place) for place in np.argwhere(at_kink)[0])
        raise NotCoveredError(
            "The loss has no Hessian here",
            cause=f"neuron {neuron} is exactly 0 on sample {row}, where its slope changes",
            fix="Use directional_derivative, or classify, which judges kinks",
        )


def _plain(value: Any) -> Real:
    """Return a Python Fraction or float."""
    return float(value) if isinstance(value, (float, np.floating)) else value


def quiet() -> np.errstate:
    """Return a context in which losses beyond the range of floats are infinite, without a warning."""
    return np.errstate(over="ignore", invalid="ignore")
