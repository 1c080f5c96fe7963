"""One network as plain data for figures: its function over the samples, and what each neuron does, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._panels import Curve, CurvePanel, FieldPanel, Panel, TextPanel
from theodolite._typing import Array
from theodolite.relu._point import Evaluation, Point
from theodolite.relu._problem import Problem

__all__ = ["Portrait", "in_words"]

_ON_A_KINK = 1e-9
"""In floats a neuron is drawn on the kink of a sample where |x.w| is at most this share of |x| |w|."""

_SAMPLES_AT_MOST = 4000
_NEURONS_AT_MOST = 60
_TOLD_AT_MOST = 16


@dataclass(frozen=True, eq=False)
class Portrait:
    """A point of a landscape as figures need it: signs decided in the arithmetic given, everything else in floats.

    ``biased`` says that the last column of the inputs is the 1 of the hidden biases.
    """

    problem: Problem
    point: Point
    biased: bool

    @property
    def inputs(self) -> int:
        """How many inputs the network has, the 1 of the biases not counted."""
        return self.problem.width - self.biased

    @cached_property
    def signs(self) -> Array:
        """The sign of every neuron on every sample, (n, h); 0 on a kink, and on samples that are zero rows."""
        before = Evaluation(self.problem, self.point).before
        if self.problem.exact:
            return np.asarray((before > 0).astype(np.int8) - (before < 0).astype(np.int8))
        sizes = np.linalg.norm(self.problem.inputs, axis=1)[:, None] * np.linalg.norm(self.point.weights, axis=1)
        close = np.abs(before) <= _ON_A_KINK * sizes
        return np.where(close, 0, np.sign(before)).astype(np.int8)

    @cached_property
    def present(self) -> Array:
        """Which samples are not zero rows: those alone can switch a neuron."""
        return np.asarray(self.problem.lines.line >= 0)

    @cached_property
    def kinked(self) -> Array:
        """Which neurons are on the kink of some sample."""
        return np.asarray((self.signs[self.present] == 0).any(axis=0))

    @cached_property
    def plain(self) -> Point:
        """The point in floats."""
        return self.point.converted(self.problem.as_float)

    def function(self, others: Iterable[tuple[str, Point]] = ()) -> tuple[Panel, ...]:
        """Return the network's function over the samples; for one input with the functions of other networks, named."""
        problem = self.problem
        if problem.outputs > 1 or self.inputs > 2:
            return ()
        if self.inputs == 1:
            return (self._curve(others),)
        return (self._field(),) if problem.hidden <= _NEURONS_AT_MOST else ()

    def _curve(self, others: Iterable[tuple[str, Point]]) -> CurvePanel:
        plain = self.problem.as_float
        x, y = plain.inputs[:, 0], plain.targets
        low, high = _with_room(x)
        model, ticks = self._polyline(self.plain, low, high)
        chosen = _thinned(len(x))
        fitted = Evaluation(plain, self.plain).after @ self.plain.outer + self.plain.offset
        stems = np.stack([np.repeat(x[chosen], 2), np.stack([fitted[chosen], y[chosen]], axis=1).ravel()])
        curves = [
            _named("samples", "data", x[chosen], y[chosen]),
            _named("residuals", "stems", stems[0], stems[1]),
            _named("network", "model", *model),
        ]
        curves[2:2] = [
            _named(name, "target", *self._polyline(point.converted(plain), low, high)[0]) for name, point in others
        ]
        kinks = f"Ticks are where a neuron switches{'' if ticks else ': none here'}."
        return CurvePanel(
            "The function over the data",
            f"{kinks} Vertical lines are the residuals{_left_out(len(x))}.",
            "x",
            "output",
            tuple(curves),
            tuple(ticks),
        )

    def _polyline(self, point: Point, low: float, high: float) -> tuple[tuple[Array, Array], list[float]]:
        """Return the corners of the function of ``point`` from ``low`` to ``high``, and where its neurons switch."""
        plain = self.problem.as_float
        weight, bias = point.weights[:, 0], point.weights[:, 1] if self.biased else np.zeros(len(point.weights))
        alive = (weight != 0) & (np.asarray(point.outer) != 0)
        places = -bias[alive] / weight[alive]
        ticks = sorted({float(place) for place in places if low <= place <= high})
        x = np.array([low, *ticks, high])
        return (x, plain.activate(np.outer(x, weight) + bias) @ point.outer + point.offset), ticks

    def _field(self) -> FieldPanel:
        plain, point = self.problem.as_float, self.plain
        bias = point.weights[:, 2] if self.biased else np.zeros(len(point.weights))
        alive = np.flatnonzero(point.outer != 0)
        neurons = np.stack([point.weights[:, 0], point.weights[:, 1], bias, point.outer], axis=1)[alive]
        chosen = _thinned(len(plain.inputs))
        samples = np.stack([plain.inputs[:, 0], plain.inputs[:, 1], plain.targets], axis=1)[chosen]
        return FieldPanel(
            "The function over the data",
            "Tints and contours are the network, dark lines are where a neuron switches: between them the function is affine. "
            "Circles are samples, filled by their target in the same tints; a stem is the residual, upward where the target is "
            f"above the function{_left_out(len(plain.inputs))}.",
            "x1",
            "x2",
            tuple((a, b, c, v) for a, b, c, v in neurons.tolist()),
            float(plain.slope),
            float(point.offset),
            tuple((a, b, t) for a, b, t in samples.tolist()),
            (*_with_room(plain.inputs[:, 0]), *_with_room(plain.inputs[:, 1])),
        )

    def neurons(self) -> TextPanel:
        """Return what each neuron does: on which samples it is active, at its kink or off, and whether it is used."""
        told = [self._neuron(j) for j in range(min(self.problem.hidden, _TOLD_AT_MOST))]
        left = self.problem.hidden - len(told)
        if left > 0:
            told.append(f"And {left} more.")
        zero = np.flatnonzero(~self.present)
        if len(zero):
            told.append(f"No neuron sees {in_words(zero)}: the inputs there are zero.")
        return TextPanel("What each neuron does", tuple(told))

    def _neuron(self, j: int) -> str:
        outer = np.atleast_2d(self.point.outer)[:, j]
        sign = "v = 0" if not outer.any() else f"v {'>' if outer[0] > 0 else '<'} 0" if len(outer) == 1 else "v not 0"
        name, signs = f"Neuron {j} ({sign})", self.signs[:, j]
        if not self.point.weights[j].any():
            return f"{name}: w = 0, on the kink of every sample{'' if outer.any() else '; it adds nothing'}."
        on, off, kink = (np.flatnonzero(self.present & (signs == s)) for s in (1, -1, 0))
        parts = []
        if len(on):
            parts.append(f"active on {_all_or(on, self.present)}")
        if len(kink):
            parts.append(f"on the kink of {in_words(kink)}")
        if self.problem.slope == 0:
            if not len(on):
                parts.insert(0, "dead" if len(kink) == 0 else "active nowhere")
            elif len(off):
                parts.append(f"off on {in_words(off)}")
        elif len(off):
            parts.append(f"on its lower slope on {_all_or(off, self.present)}")
        return f"{name}: {', '.join(parts)}{'' if outer.any() else '; it adds nothing'}."


def _all_or(places: Array, present: Array) -> str:
    return "all samples" if len(places) == int(present.sum()) and len(places) > 1 else in_words(places)


def in_words(places: Array) -> str:
    """Return row numbers as text.

    >>> in_words(np.array([0, 1, 2, 5])), in_words(np.array([7]))
    ('samples 0–2, 5', 'sample 7')
    """
    runs: list[list[int]] = []
    for place in places.tolist():
        if runs and place == runs[-1][1] + 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    texts = [
        str(low) if low == high else f"{low}, {high}" if high == low + 1 else f"{low}–{high}" for low, high in runs
    ]
    if len(texts) > 10:
        return f"{len(places)} samples"
    return f"sample{'s' if len(places) > 1 else ''} {', '.join(texts)}"


def _with_room(x: Array) -> tuple[float, float]:
    low, high = float(x.min()), float(x.max())
    room = 0.15 * (high - low) or max(1.0, abs(low))
    return low - room, high + room


def _thinned(count: int) -> Array:
    """Return the samples that are drawn: all, or as many as a page can hold, evenly through the rows."""
    return np.unique(np.linspace(0, count - 1, min(count, _SAMPLES_AT_MOST)).astype(np.int64))


def _left_out(count: int) -> str:
    return f"; {_SAMPLES_AT_MOST} of {count} samples are drawn" if count > _SAMPLES_AT_MOST else ""


def _named(name: str, role: str, x: Array, y: Array) -> Curve:
    return Curve(name, role, tuple(x.tolist()), tuple(y.tolist()))
