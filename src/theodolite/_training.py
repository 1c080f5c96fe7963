"""``train_ensemble``: thousands of networks down the gradient from random starts, and where each of them leads."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

import numpy as np

from theodolite._budget import seconds
from theodolite._critical import generator
from theodolite._endings import Nearness
from theodolite._ensemble import Ensemble
from theodolite._errors import DataError
from theodolite._landscape import Landscape
from theodolite._progress import ProgressLike, reporter
from theodolite._typing import Integer, Number, Parameters, Real, Seed

__all__ = ["train_ensemble"]

_SAME_LEVEL = 1e-9
"""Losses that differ by less than this share of the scale of the loss are one level."""

_ROUNDING = 1e-13
"""Errors are differences: rounding can change a loss by this share of its root times the root of that of the targets."""

_CONSTANT = 1e-24
"""Where biases reduce the loss to this share of that of the zero network, rounding may be all that is left."""

_TRAINING = 0.5
"""The share of a budget that training may take, so that there is time to judge what it did."""


def train_ensemble(
    land: Landscape,
    runs: Integer,
    rng: Seed,
    steps: Integer = 1000,
    *,
    rate: Number | None = None,
    momentum: Number = 0.0,
    spread: Number = 1.0,
    closeness: Number = 1e-3,
    budget: Real | str | None = None,
    progress: ProgressLike = None,
) -> Ensemble:
    """Train ``runs`` networks from random starts and say which local minimum each of them leads to.

    Starts are uniform between -1 and 1, times ``spread``, divided by the square root of a layer's inputs, as ``torch.nn.Linear``
    draws them. A step is that of ``torch.optim.SGD`` on the whole loss: velocity = ``momentum`` * velocity + gradient,
    parameters -= ``rate`` * velocity; the default rate suits parameters of about the size of the starts.

    Every end is then taken down to a local minimum and judged: one descent for all ends of ReLU networks in the same joint cell,
    where the loss is convex. Ends of other networks are judged as the critical point that they are near to. A run has arrived
    if its loss is at most ``closeness`` above that of its point, relative to the loss of the best constant function (of the
    zero network where there are no biases). Kinds are decided when all runs are judged, by everything that the landscape
    knows then: survey it before, and the lowest level is known to be global.

    ``budget`` is for training (at most half of it) and judging together; Ctrl-C stops the one, then the other, and what was
    found is returned. Equal seeds give equal ensembles on any number of processors.

    Raises ``DataError`` for numbers that cannot be used.

    >>> import theodolite as th
    >>> land = th.ReluLandscape([[1.0], [-1.0]], [1.0, 1.0], hidden=1)
    >>> found = th.train_ensemble(land, 100, rng=0, steps=2000)
    >>> [(level.value, level.runs) for level in found.levels()]
    [(0.5, 75), (1.0, 25)]
    """
    count, most = _whole("runs", runs, 1), _whole("steps", steps, 0)
    speed = land.training_rate() if rate is None else _positive("rate", rate)
    width, close = _positive("spread", spread), _positive("closeness", closeness)
    if isinstance(momentum, bool) or not isinstance(momentum, (int, float, np.number)) or not 0 <= momentum < 1:
        raise DataError(f"momentum is {momentum!r}", fix="Pass a number of at least 0 and below 1")
    limit = inf if budget is None else seconds(budget)
    began = time.monotonic()
    starts = _starts(land, count, width, generator(rng))
    ends = tuple(part.copy() for part in starts)
    near = _nearness(land, starts, close)
    with _stopping(began + _TRAINING * limit) as stop:
        done = _shown(
            progress, most, "steps", lambda report: land.train_many(ends, speed, float(momentum), most, report, stop)
        )
    losses = land.losses_of(ends)
    with _stopping(began + limit) as stop:
        endings = _shown(progress, count, "runs judged", lambda report: land.endings_of(ends, near, report, stop))
    return Ensemble(land, done, most, speed, float(momentum), near, starts, ends, losses, endings)


def _nearness(land: Landscape, starts: Parameters, closeness: float) -> Nearness:
    """Return what counts as one level and as close, in units of a loss that is no accident of the starts."""
    zero = float(land.losses_of(tuple(np.zeros((1, *part.shape[1:])) for part in starts))[0])
    scale = land.training_scale()
    if not scale > _CONSTANT * zero:  # constant targets: biases make the loss 0
        scale = zero or float(land.losses_of(starts).max()) or 1.0
    return Nearness(max(_SAME_LEVEL * scale, _ROUNDING * (zero * scale) ** 0.5), closeness * scale)


@contextmanager
def _stopping(deadline: float) -> Iterator[Callable[[], bool]]:
    """Yield what says whether to stop: when the time is up, or after the first Ctrl-C; a second one is no longer caught."""
    pressed = threading.Event()

    def note(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, before)
        pressed.set()

    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield lambda: time.monotonic() >= deadline
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: pressed.is_set() or time.monotonic() >= deadline
    finally:
        signal.signal(signal.SIGINT, before)


def _shown(progress: ProgressLike, total: int, noun: str, work: Callable[[Callable[[int], None]], Any]) -> Any:
    shown = reporter(progress, total, noun)
    try:
        return work(shown.update)
    finally:
        shown.close()


def _starts(land: Landscape, runs: int, spread: float, source: np.random.Generator) -> Parameters:
    return tuple(
        source.uniform(-1.0, 1.0, size=(runs, *shape)) * (spread / np.sqrt(inputs))
        for shape, inputs in zip(land.parameter_shapes, land.fan_in, strict=True)
    )


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise DataError(f"{name} is {value!r}", fix=f"Pass an integer of {least} or more")
    return int(value)


def _positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 < value < inf:
        raise DataError(f"{name} is {value!r}", fix="Pass a positive number")
    return float(value)
