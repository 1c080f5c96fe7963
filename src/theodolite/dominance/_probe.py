"""Sampling what a certificate claims, the worst directions first: a check of the code, never a proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from theodolite._critical import generator
from theodolite._errors import DataError
from theodolite._typing import Array, Integer, Matrix, Parameters, Seed
from theodolite.dominance._chain import Model

__all__ = ["EmpiricalCheck", "Probe", "check_count"]

_SLACK = 1e-9
"""Relative slack for the rounding of the check itself."""


@dataclass(frozen=True)
class EmpiricalCheck:
    """What sampling found: whether the claim held at every one of ``samples`` points, and how much room was left.

    ``tightness`` is at least 1 where the claim holds: the smallest ratio seen of the two sides of the inequality, so
    that 1 means it was attained (infinite where the claim says nothing).
    """

    holds: bool
    samples: int
    tightness: float

    def __bool__(self) -> bool:
        return self.holds


def check_count(samples: Integer) -> int:
    """Return how many samples to take, or refuse what is no positive integer."""
    if isinstance(samples, bool) or not isinstance(samples, (int, np.integer)) or samples < 1:
        raise DataError(f"samples is {samples!r}", fix="Pass how many points to sample, an integer of 1 or more")
    return int(samples)


@dataclass(frozen=True, eq=False)
class Probe:
    """A model and a point of it. ``frobenius`` says for each layer whether its ball is one of the Frobenius norm."""

    model: Model
    weights: Parameters
    frobenius: tuple[bool, ...]
    unit: float

    def _points(self, radius: float, samples: int, source: np.random.Generator) -> Iterator[Parameters]:
        yield self.weights
        if radius <= 0:
            return
        given = 1
        for step in self.model.worst(self.weights, radius):
            yield self._moved(self._inside(step, radius))
            given += 1
        for _ in range(given, samples):
            share = source.uniform(size=len(self.weights)) ** 0.25 * (source.random(len(self.weights)) < 0.9)
            steps = [source.standard_normal(weight.shape) for weight in self.weights]
            if source.random() < 0.5:
                steps = [np.outer(step[:, 0], step[0]) if step.size else step for step in steps]
            sized = [
                step * (radius * part / max(self._norm(k, step), np.finfo(float).tiny))
                for k, (step, part) in enumerate(zip(steps, share, strict=True))
            ]
            yield self._moved(tuple(sized))

    def _norm(self, k: int, step: Matrix) -> float:
        return float(np.linalg.norm(step) if self.frobenius[k] else np.linalg.norm(step, 2))

    def _inside(self, steps: Parameters, radius: float) -> Parameters:
        """Return the steps, those shortened that a Frobenius ball does not hold."""
        sizes = [self._norm(k, step) for k, step in enumerate(steps)]
        return tuple(step * min(1.0, radius / size) if size else step for step, size in zip(steps, sizes, strict=True))

    def _moved(self, steps: Parameters) -> Parameters:
        return tuple(weight + step for weight, step in zip(self.weights, steps, strict=True))

    def dominance(self, mu: float, radius: float, samples: Integer, rng: Seed) -> EmpiricalCheck:
        """Check ||grad||^2 >= 2 mu (h - h*) at points of the ball; ``mu`` is in units of the landscape's loss."""
        count, source = check_count(samples), generator(rng)
        seen, closest = 0, np.inf
        for weights in self._points(radius, count, source):
            seen += 1
            squares = float(np.sum(self.model.residual(weights) ** 2))
            slope = sum(float(np.sum(part**2)) for part in self.model.gradient(weights))
            bound = mu / self.unit * squares
            if bound > 0:
                closest = min(closest, slope / bound)
        return EmpiricalCheck(closest >= 1 - _SLACK, seen, closest)

    def limit(self, constant: float, samples: Integer, rng: Seed) -> EmpiricalCheck:
        """Check the sharp limit at a minimizer on normal directions of decreasing length."""
        count, source = check_count(samples), generator(rng)
        jacobian = self.model.jacobian(self.weights)
        size = float(np.sqrt(sum(np.sum(weight**2) for weight in self.weights)))
        closest = np.inf
        rows = np.linalg.svd(jacobian, full_matrices=False)
        flattest = rows[2][np.flatnonzero(rows[1] > 1e-10 * rows[1].max(initial=0.0))[-1:]].sum(axis=0)
        for number in range(count):
            step = jacobian.T @ source.standard_normal(len(jacobian)) if number else flattest
            length = float(np.linalg.norm(step))
            if not length:
                continue
            change = _cut(step * (1e-6 * max(size, 1e-300) / length), self.weights)
            weights = self._moved(change)
            squares = float(np.sum(self.model.residual(weights) ** 2))
            slope = sum(float(np.sum(part**2)) for part in self.model.gradient(weights))
            bound = squares / (2 * constant * self.unit)
            if bound > 0:
                closest = min(closest, slope / bound)
        return EmpiricalCheck(closest >= 1 - 1e-3, count, closest)

    def descent(self, step: float, mu: float, radius: float, samples: Integer, rng: Seed) -> EmpiricalCheck:
        """Run gradient descent for ``samples`` steps, once at the full step and once at a random smaller one."""
        count, source = check_count(samples), generator(rng)
        closest, stays = np.inf, True
        floor = 1e-26 * sum(float(np.sum(weight**2)) for weight in self.weights) + 1e-300
        for share in (1.0, float(source.uniform(0.05, 1.0))):
            excesses, spread = self.run(step * share, count)
            factor = 1 - step * share * mu
            promised = excesses[0] * factor ** np.arange(count + 1)
            clear = excesses > floor + 1e-24 * excesses[0]
            if clear.any():
                closest = min(closest, float(np.min(promised[clear] / excesses[clear])))
            stays = stays and spread <= radius * (1 + _SLACK) + 1e-12
        return EmpiricalCheck(stays and closest >= 1 - _SLACK * count, 2 * count, closest)

    def run(self, step: float, steps: int) -> tuple[Array, float]:
        """Return the excess loss along gradient descent, the start included, and how far any layer went."""
        weights, spread = self.weights, 0.0
        excesses = np.empty(steps + 1)
        for k in range(steps + 1):
            excesses[k] = self.unit * float(np.sum(self.model.residual(weights) ** 2)) / 2
            pairs = enumerate(zip(weights, self.weights, strict=True))
            moved = (self._norm(number, a - b) for number, (a, b) in pairs)
            spread = max(spread, *moved)
            gradient = self.model.gradient(weights)
            weights = tuple(a - step * self.unit * b for a, b in zip(weights, gradient, strict=True))
        return excesses, spread

    def regularity(
        self, alpha: float, beta: float, gamma: float, radius: float, samples: Integer, rng: Seed
    ) -> EmpiricalCheck:
        """Check <grad, D> >= alpha ||D||^2 + beta ||grad||^2 for D with ||J D|| >= gamma ||D||, the point a minimizer."""
        count, source = check_count(samples), generator(rng)
        jacobian = self.model.jacobian(self.weights)
        _, values, rows = np.linalg.svd(jacobian, full_matrices=False)
        keep = values > 1e-10 * values.max(initial=0.0)
        values, rows = values[keep], rows[keep]
        closest = np.inf
        for number in range(count):
            inner = source.standard_normal(len(values)) * (values >= gamma * (1 - 1e-12))
            if number % 2 and inner.any():  # the direction that the Jacobian sees least of those allowed
                inner = np.where(np.arange(len(values)) == np.flatnonzero(inner)[-1], 1.0, 0.0)
            step = rows.T @ inner
            other = source.standard_normal(jacobian.shape[1])
            other -= rows.T @ (rows @ other)
            seen, length, aside = (float(np.linalg.norm(v)) for v in (values * inner, inner, other))
            room = (seen / gamma) ** 2 - length**2 if gamma else 0.0
            if room > 0 and aside:
                step = step + other * (float(source.uniform()) * np.sqrt(room) / aside)
            total = float(np.linalg.norm(step))
            if not total:
                continue
            change = _cut(step * (radius * float(source.uniform(0.05, 1.0)) / total), self.weights)
            gradient = self.model.gradient(self._moved(change))
            inward = self.unit * sum(float(np.vdot(a, b)) for a, b in zip(gradient, change, strict=True))
            bound = alpha * sum(float(np.sum(part**2)) for part in change)
            bound += beta * self.unit**2 * sum(float(np.sum(part**2)) for part in gradient)
            if bound > 0:
                closest = min(closest, inward / bound)
        return EmpiricalCheck(closest >= 1 - 1e-7, count, closest)


def _cut(vector: Array, like: Parameters) -> Parameters:
    ends = np.cumsum([weight.size for weight in like])[:-1]
    return tuple(part.reshape(weight.shape) for part, weight in zip(np.split(vector, ends), like, strict=True))
