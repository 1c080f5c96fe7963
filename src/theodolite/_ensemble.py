"""``train_ensemble``: thousands of trainings from random starts, and which critical values they lead to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float64

from theodolite._atlas import Atlas
from theodolite._budget import seconds
from theodolite._critical import generator
from theodolite._endings import Endings
from theodolite._errors import DataError
from theodolite._kind import Kind
from theodolite._landscape import Landscape
from theodolite._notebook import facts_html, facts_text
from theodolite._progress import ProgressLike, reporter
from theodolite._typing import Array, Integer, Number, Parameters, Real, Seed

__all__ = ["Ensemble", "EnsembleLevel", "train_ensemble"]

_SAME_LEVEL = 1e-9
"""Values that differ by less than this share of the scale of the loss are one level."""


class EnsembleLevel(msgspec.Struct, frozen=True):
    """A critical value and how many runs ended there; ``low`` and ``high`` bound their share with 95 percent confidence."""

    value: float
    kind: Kind
    runs: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, repr=False)
class Ensemble:
    """Trainings from random starts, and where each of them led.

    ``starts`` and ``ends`` are parameters with one entry per run in front, ``losses`` those of the ends. ``endings`` say which
    local minimum every end leads to. A run has *arrived* if its loss is within ``closeness`` times ``scale`` of that of its
    minimum; ``scale`` is the loss of the network that is zero. Runs that have not arrived are counted as such, and so are those
    that went beyond all bounds, and those that nobody looked at because the time was up.
    """

    landscape: Landscape
    steps: int
    asked: int
    rate: float
    momentum: float
    closeness: float
    scale: float
    starts: Parameters = field(repr=False)
    ends: Parameters = field(repr=False)
    losses: Float64[np.ndarray, " runs"] = field(repr=False)
    endings: Endings = field(repr=False)

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def complete(self) -> bool:
        """Whether all steps were done and all runs were judged."""
        return self.steps == self.asked and bool(self.endings.judged.all())

    @cached_property
    def diverged(self) -> Array:
        """Which runs went beyond all bounds."""
        return np.asarray(~np.isfinite(self.losses))

    @cached_property
    def arrived(self) -> Array:
        """Which runs ended close to the minimum that they lead to."""
        with np.errstate(invalid="ignore"):
            above = self.losses - self.endings.value
            return np.asarray(np.isfinite(above) & (above <= self.closeness * self.scale))

    @property
    def counts(self) -> dict[str, int]:
        """How many runs arrived, were still on their way, diverged, and were not judged: together all of them."""
        judged = self.endings.judged
        way = judged & ~self.arrived & ~self.diverged
        return {
            "arrived": int(self.arrived.sum()),
            "on their way": int(way.sum()),
            "diverged": int(self.diverged.sum()),
            "not judged": int((~judged & ~self.diverged).sum()),
        }

    def levels(self) -> list[EnsembleLevel]:
        """Return the values at which runs arrived, lowest first, one entry for each kind."""
        return [self._level(value, kind, which) for value, kind, which in self._groups()]

    def _groups(self) -> Iterator[tuple[float, Kind, Array]]:
        found = self.endings
        order = np.flatnonzero(self.arrived)
        order = order[np.argsort(found.value[order], kind="stable")]
        cuts = np.flatnonzero(np.diff(found.value[order]) > _SAME_LEVEL * self.scale) + 1
        for group in np.split(order, cuts):
            for code in np.unique(found.kind[group]):
                which = group[found.kind[group] == code]
                yield float(np.median(found.value[which])), Kind.from_code(int(code)), which

    def _level(self, value: float, kind: Kind, which: Array) -> EnsembleLevel:
        from theodolite.probability._simulation import clopper_pearson

        low, high = clopper_pearson(len(which), len(self), 0.95)
        return EnsembleLevel(value, kind, len(which), len(which) / len(self), low, high)

    def against(self, atlas: Atlas) -> list[EnsembleLevel]:
        """Return every minimum of ``atlas`` with the runs that arrived there, none where no run did, lowest first.

        Raises ``DataError`` for the atlas of another landscape.
        """
        if atlas.fingerprint != self.landscape.fingerprint:
            raise DataError(
                "The atlas is about another landscape",
                cause=f"it lists {atlas.specification} on other data or with other options",
                fix="Survey the landscape that was trained",
            )
        found = []
        values = self.endings.value[self.arrived]
        for kept in atlas:
            if kept.kind.is_minimum:
                value = float(kept.value)
                near = np.flatnonzero(np.abs(values - value) <= max(_SAME_LEVEL * self.scale, 1e-9 * abs(value)))
                found.append(self._level(value, kept.kind, near))
        return found

    def best(self) -> Parameters:
        """Return the end of the run with the lowest loss."""
        with np.errstate(invalid="ignore"):
            run = int(np.nanargmin(np.where(self.diverged, inf, self.losses)))
        return tuple(part[run] for part in self.ends)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of what happened, in reading order."""
        yield (
            "trainings",
            f"{len(self):,} of {self.landscape.specification}, {self.steps:,} steps of {self.rate:.3g} each",
        )
        yield "ended", ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count)
        for level in self.levels():
            share = f"{100 * level.share:.3g} % ({100 * level.low:.3g} to {100 * level.high:.3g} %)"
            yield f"{level.value:.8g}", f"{level.kind}: {level.runs:,} runs, {share}"

    def __str__(self) -> str:
        return facts_text(self.facts())

    def __repr__(self) -> str:
        return f"<Ensemble: {len(self):,} trainings of {self.landscape.specification}, {len(self.levels())} levels>"

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


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
    where the loss is convex. ``closeness`` is how far above its minimum a run may have stopped, relative to the loss
    of the zero network, to count as arrived. ``budget`` is for training and judging together.

    Raises ``DataError`` for numbers that cannot be used.

    >>> import theodolite as th
    >>> land = th.ReluLandscape([[1.0], [-1.0]], [1.0, 1.0], hidden=1)
    >>> found = th.train_ensemble(land, 100, rng=0, steps=500)
    >>> [(level.value, level.runs) for level in found.levels()]
    [(0.5, 100)]
    """
    count, most = _whole("runs", runs, 1), _whole("steps", steps, 0)
    speed = land.training_rate() if rate is None else _positive("rate", rate)
    width, close = _positive("spread", spread), _positive("closeness", closeness)
    if isinstance(momentum, bool) or not isinstance(momentum, (int, float, np.number)) or not 0 <= momentum < 1:
        raise DataError(f"momentum is {momentum!r}", fix="Pass a number of at least 0 and below 1")
    deadline = time.monotonic() + (inf if budget is None else seconds(budget))
    starts = _starts(land, count, width, generator(rng))
    ends = tuple(part.copy() for part in starts)
    stop = _Stop(deadline)
    done = _shown(
        progress, most, "steps", lambda report: land.train_many(ends, speed, float(momentum), most, report, stop)
    )
    losses = land.losses_of(ends)
    endings = _shown(progress, count, "runs judged", lambda report: land.endings_of(ends, report, stop))
    zero = tuple(np.zeros(shape) for shape in land.parameter_shapes)
    scale = max(float(land.loss(zero)), float(np.finfo(float).tiny))
    return Ensemble(land, done, most, speed, float(momentum), close, scale, starts, ends, losses, endings)


class _Stop:
    """Says when the time is up; Ctrl-C counts as that."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self) -> bool:
        return time.monotonic() >= self._deadline


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
