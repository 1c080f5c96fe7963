"""Several ensembles as plain data for a picture: one strip each, losses at the end beside the levels, all on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from msgspec.structs import replace

from theodolite._atlas import Atlas
from theodolite._certificate import Certificate
from theodolite._ensemble import Ensemble, EnsembleLevel
from theodolite._errors import DataError
from theodolite._kind import Kind
from theodolite._panels import CurvePanel
from theodolite._typing import Array, Parameters
from theodolite.report._axis import Axis, axis_for
from theodolite.report._numbers import number

__all__ = ["BINS", "Strip", "Strips", "percent", "strips_of"]

BINS = 120
"""The losses at the end are counted in this many equal stretches of the axis."""


@dataclass(frozen=True, eq=False)
class Strip:
    """One ensemble; with an atlas its levels are those of the minima listed there, those included that no run reached."""

    ensemble: Ensemble
    name: str
    levels: tuple[EnsembleLevel, ...]
    atlas: Atlas | None
    certificate: Certificate | None

    @property
    def complete(self) -> bool:
        """Whether its levels are all that there are."""
        return self.atlas is not None and self.atlas.complete

    def runs(self, *kinds: Kind) -> int:
        """Return how many runs arrived at levels of some kinds."""
        return sum(level.runs for level in self.levels if level.kind in kinds)

    @property
    def lowest_is_global(self) -> bool:
        """Whether the lowest level is known to be global."""
        return bool(self.levels) and self.levels[0].kind is Kind.GLOBAL_MINIMUM

    def in_words(self) -> list[str]:
        """Return what became of the runs, most wanted first, as short phrases."""
        total = len(self.ensemble)
        words = [
            (self.runs(Kind.GLOBAL_MINIMUM), "global"),
            (self.runs(Kind.LOCAL_MINIMUM), "lowest found"),
            (self.runs(Kind.SPURIOUS_MINIMUM), "in traps"),
            (self.runs(Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE, Kind.SADDLE), "at saddles"),
        ]
        counts = self.ensemble.counts
        words += [(counts[name], name) for name in counts if name != "arrived"]
        first = "lowest found" if self.runs(Kind.LOCAL_MINIMUM) else "global"
        return [f"{percent(runs / total)} {name}" for runs, name in words if runs or name == first]

    def functions(self) -> CurvePanel | None:
        """Return the functions of the trap with most runs and of the lowest minimum, where inputs are numbers."""
        traps = [level for level in self.levels if level.kind is Kind.SPURIOUS_MINIMUM and level.runs]
        named = []
        if traps:
            trap = max(traps, key=lambda level: level.runs)
            named.append((f"the trap of {percent(trap.share)} of the runs, loss {number(trap.value)}", trap, "target"))
        lowest = next((level for level in self.levels if level.kind.is_minimum), None)
        if lowest is not None and all(lowest is not level for _, level, _ in named):
            words = "global minimum" if lowest.kind is Kind.GLOBAL_MINIMUM else "lowest minimum reached"
            none = "" if lowest.runs else ", reached by no run"
            named.append((f"{words}, loss {number(lowest.value)}{none}", lowest, "model"))
        points = [(name, self._point(level)) for name, level, _ in named]
        panel = self.ensemble.landscape.functions_over_data(points)
        if panel is None:
            return None
        roles = {name: role for name, _, role in named}
        curves = tuple(replace(c, name=points[-1][0]) if c.role == "model" else c for c in panel.curves)
        return replace(panel, curves=tuple(replace(c, role=roles.get(c.name, c.role)) for c in curves))

    def _point(self, level: EnsembleLevel) -> Parameters:
        """Return parameters of a level: where a run led, or else what the atlas has."""
        found = self.ensemble.point(level)
        if found is not None or self.atlas is None:
            return found or self.ensemble.best()
        item = next(one for one in self.atlas if abs(float(one.value) - level.value) <= self.ensemble.near.apart)
        return tuple(np.asarray(part, dtype=np.float64) for part in item.representative())


@dataclass(frozen=True, eq=False)
class Strips:
    """Strips on one axis."""

    all: tuple[Strip, ...]
    axis: Axis

    @cached_property
    def largest_share(self) -> float:
        """The largest share of runs at any level."""
        return max((level.share for strip in self.all for level in strip.levels), default=0.0) or 1.0

    def density(self, strip: Strip) -> Array:
        """Return how many runs ended in each stretch of the axis, from below; runs above it count as at its top."""
        ends = strip.ensemble.losses[~strip.ensemble.diverged]
        places = np.clip((self.axis.places(ends) * BINS).astype(np.int64), 0, BINS - 1)
        return np.bincount(places, minlength=BINS)


def percent(share: float) -> str:
    """Return a share in percent, two digits of it, and never 100 % or 0 % of what is not all or none.

    >>> percent(0.623), percent(0.0123), percent(0.0), percent(0.00001), percent(0.9999), percent(1.0)
    ('62 %', '1.2 %', '0 %', '0.001 %', '99.99 %', '100 %')
    """
    size = 100 * share
    if size in (0, 100):
        return f"{size:.0f} %"
    digits = 1
    while size > 99 and float(f"{size:.{digits}f}") == 100:
        digits += 1
    if size > 99:
        return f"{size:.{digits}f} %"
    return f"{size:.0f} %" if size >= 10 else f"{float(f'{size:.2g}'):f}".rstrip("0").rstrip(".") + " %"


def strips_of(
    ensembles: Sequence[Ensemble],
    atlases: Sequence[Atlas | None] | None,
    certificates: Sequence[Certificate | None] | None,
) -> Strips:
    """Return the strips of ``ensembles`` in the order given."""
    if not len(ensembles):
        raise DataError("There are no ensembles to draw", fix="Pass what train_ensemble returned, in a list")
    for name, given in (("atlases", atlases), ("certificates", certificates)):
        if given is not None and len(given) != len(ensembles):
            raise DataError(
                f"{len(given)} {name} were given for {len(ensembles)} ensembles",
                fix="Pass one for each, or None in its place",
            )
    maps = atlases or [None] * len(ensembles)
    proofs = certificates or [None] * len(ensembles)
    found = tuple(
        Strip(
            ensemble,
            ensemble.landscape.specification,
            tuple(_levels(ensemble, atlas)),
            atlas,
            proof,
        )
        for ensemble, atlas, proof in zip(ensembles, maps, proofs, strict=True)
    )
    values = [level.value for strip in found for level in strip.levels]
    ends = [loss for strip in found for loss in _outer_ends(strip.ensemble)]
    axis = axis_for(values or ends)
    if axis.kind == "linear" and values:
        axis = axis_for([*values, *ends])
    return Strips(found, axis)


def _levels(ensemble: Ensemble, atlas: Atlas | None) -> list[EnsembleLevel]:
    """Return the levels of minima in ``atlas``, or all that were reached; and those of saddles near which runs ended."""
    reached = ensemble.levels()
    if atlas is None:
        return reached
    rest = [level for level in reached if not level.kind.is_minimum]
    return sorted([*ensemble.against(atlas), *rest], key=lambda level: level.value)


def _outer_ends(ensemble: Ensemble) -> list[float]:
    """Return losses between which nearly all runs ended: a few that flew far do not stretch the axis."""
    ends = ensemble.losses[~ensemble.diverged]
    return np.quantile(ends, [0.0, 0.99]).tolist() if len(ends) else []
