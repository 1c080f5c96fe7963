"""Thousands of trainings from random starts, and which critical values they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from os import PathLike
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float64

from theodolite._atlas import Atlas
from theodolite._certificate import Certificate
from theodolite._endings import Endings, Nearness, grouped
from theodolite._errors import DataError
from theodolite._kind import Kind
from theodolite._landscape import Landscape
from theodolite._notebook import facts_html, facts_text
from theodolite._typing import Array, Parameters

__all__ = ["Ensemble", "EnsembleLevel"]

_SHOWN_AT_MOST = 12
"""Levels beyond these are counted together where an ensemble is printed."""


class EnsembleLevel(msgspec.Struct, frozen=True):
    """A critical value and how many runs arrived there; ``low`` and ``high`` bound their share with 95 percent confidence."""

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
    critical point every end leads to. A run has *arrived* if its loss is at most ``near.close`` above that of its point; points
    whose losses differ by at most ``near.apart`` count as one level. ``steps`` were done of those ``asked`` for.
    """

    landscape: Landscape
    steps: int
    asked: int
    rate: float
    momentum: float
    near: Nearness
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
        """Which runs have a loss beyond all numbers."""
        return np.asarray(~np.isfinite(self.losses))

    @cached_property
    def _close(self) -> Array:
        with np.errstate(invalid="ignore"):
            return np.asarray(np.isfinite(self.losses) & (self.losses - self.endings.value <= self.near.close))

    @cached_property
    def _decided(self) -> Array:
        codes = [kind.code for kind in Kind if kind.is_minimum or kind.is_saddle]
        return np.asarray((self.endings.place >= 0) & np.isin(self.endings.kind, codes))

    @cached_property
    def arrived(self) -> Array:
        """Which runs ended close to a critical point that is proven to be one."""
        return np.asarray(self._close & self._decided)

    @property
    def counts(self) -> dict[str, int]:
        """How many runs arrived, came close to a point that is undecided, were on their way, diverged, or were not judged."""
        rest = self.endings.judged & ~self.diverged & ~self.arrived
        return {
            "arrived": int(self.arrived.sum()),
            "undecided": int((rest & self._close).sum()),
            "on their way": int((rest & ~self._close).sum()),
            "diverged": int(self.diverged.sum()),
            "not judged": int((~self.endings.judged & ~self.diverged).sum()),
        }

    def levels(self) -> list[EnsembleLevel]:
        """Return the values at which runs arrived, lowest first, one entry for each kind."""
        return [self._level(value, kind, len(which)) for value, kind, which in self._groups]

    @cached_property
    def _groups(self) -> list[tuple[float, Kind, Array]]:
        found = self.endings
        groups = []
        for level in grouped(found.value, np.flatnonzero(self.arrived), self.near.apart):
            for code in np.unique(found.kind[level]):
                which = level[found.kind[level] == code]
                groups.append((float(np.median(found.value[which])), Kind.from_code(int(code)), which))
        return groups

    def _level(self, value: float, kind: Kind, runs: int) -> EnsembleLevel:
        from theodolite.probability._simulation import clopper_pearson

        low, high = clopper_pearson(runs, len(self), 0.95)
        return EnsembleLevel(value, kind, runs, runs / len(self), low, high)

    def against(self, atlas: Atlas) -> list[EnsembleLevel]:
        """Return every level of minima in ``atlas`` with the runs that arrived there, none where no run did, lowest first.

        Raises ``DataError`` for the atlas of another landscape.
        """
        if atlas.fingerprint != self.landscape.fingerprint:
            raise DataError(
                "The atlas is about another landscape",
                cause=f"it lists {atlas.specification} on other data or with other options",
                fix="Survey the landscape that was trained",
            )
        minima = [kind.code for kind in Kind if kind.is_minimum]
        reached = np.sort(self.endings.value[self.arrived & np.isin(self.endings.kind, minima)])
        listed = sorted((float(item.value), item.kind.code) for item in atlas if item.kind.is_minimum)
        values, found = np.array([value for value, _ in listed]), []
        for group in grouped(values, np.arange(len(listed)), self.near.apart):
            low, high = values[group[0]] - self.near.apart, values[group[-1]] + self.near.apart
            runs = int(np.searchsorted(reached, high, "right") - np.searchsorted(reached, low, "left"))
            found.append(self._level(float(values[group[0]]), Kind.from_code(listed[group[0]][1]), runs))
        return found

    def point(self, level: EnsembleLevel) -> Parameters | None:
        """Return the critical point that a run of ``level`` leads to; ``None`` where no run arrived there."""
        with np.errstate(invalid="ignore"):
            at = np.flatnonzero(self.arrived & (np.abs(self.endings.value - level.value) <= self.near.apart))
        return self.endings.points[self.endings.place[at[0]]] if len(at) else None

    def best(self) -> Parameters:
        """Return the end of the run with the lowest loss; ``DataError`` where all runs diverged."""
        if self.diverged.all():
            raise DataError(
                "There is no best run", cause="all of them diverged", fix="Train with a smaller rate or momentum"
            )
        run = int(np.argmin(np.where(self.diverged, inf, self.losses)))
        return tuple(np.asarray(part[run]) for part in self.ends)

    def figure(self, atlas: Atlas | None = None) -> Any:
        """Return a matplotlib figure: losses at the end, and the share of runs at every level, those of ``atlas`` if given.

        Raises ``TheodoliteError`` where matplotlib is missing.
        """
        from theodolite.report import draw_ensembles

        return draw_ensembles([self], [atlas])

    def to_html(
        self,
        path: str | PathLike[str] | None = None,
        *,
        atlas: Atlas | None = None,
        certificate: Certificate | None = None,
    ) -> str:
        """Return the page of this ensemble as HTML, and write it to ``path``; see ``theodolite.ensemble_page``."""
        from theodolite.report import write_ensembles

        return write_ensembles([self], path, [atlas], [certificate])

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of what happened, in reading order."""
        early = "" if self.steps == self.asked else f" of {self.asked:,}"
        yield (
            "trainings",
            f"{len(self):,} of {self.landscape.specification}, {self.steps:,}{early} steps of {self.rate:.3g} each",
        )
        yield "ended", ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count)
        levels = self.levels()
        for level in levels[:_SHOWN_AT_MOST]:
            yield self.shown(level), f"{level.kind}: {level_words(level)}"
        if rest := levels[_SHOWN_AT_MOST:]:
            runs = sum(level.runs for level in rest)
            yield "higher", f"{len(rest):,} more level{'' if len(rest) == 1 else 's'}: {_runs(runs)}"

    def shown(self, level: EnsembleLevel) -> str:
        """Return the loss of a level as text: 0 where rounding is all that is left of it."""
        return "0" if abs(level.value) <= self.near.apart else f"{level.value:.8g}"

    def __str__(self) -> str:
        return facts_text(self.facts())

    def __repr__(self) -> str:
        return f"<Ensemble: {len(self):,} trainings of {self.landscape.specification}, {len(self._groups)} levels>"

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


def level_words(level: EnsembleLevel) -> str:
    """Return how many runs arrived at a level, in words."""
    return f"{_runs(level.runs)}, {100 * level.share:.3g} % ({100 * level.low:.3g} to {100 * level.high:.3g} %)"


def _runs(count: int) -> str:
    return f"{count:,} run{'' if count == 1 else 's'}"
