"""Critical sets and their strata: what a survey finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, overload, runtime_checkable

import numpy as np

from theodolite._certificate import Certificate
from theodolite._errors import DataError, NotCoveredError
from theodolite._evidence import Evidence
from theodolite._kind import Kind
from theodolite._notebook import facts_html, facts_text
from theodolite._panels import Panel
from theodolite._typing import Integer, Parameters, Real, Seed

__all__ = ["CriticalSet", "Home", "Piece", "Stratum", "generator"]


@runtime_checkable
class Home(Protocol):
    """What a piece asks of the landscape that it lies in."""

    def representative_of(self, piece: Piece) -> Parameters:
        """Build the canonical member of ``piece``."""

    def sample_of(self, piece: Piece, source: np.random.Generator) -> Parameters:
        """Draw a random member of ``piece``."""

    def strata_of(self, critical_set: CriticalSet) -> Iterator[Stratum]:
        """Yield the strata of ``critical_set``."""

    def certificate_of(self, piece: Piece) -> Certificate:
        """Return the certificate of ``piece``."""

    def panels(self, critical_set: CriticalSet) -> tuple[Panel, ...]:
        """Return the plain data of the figures that explain ``critical_set``."""


def generator(rng: Any) -> np.random.Generator:
    """Return ``rng`` itself if it is a generator, or the generator that this integer seeds."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, (int, np.integer)) or rng < 0:
        raise DataError(f"rng is {rng!r}", fix="Pass an integer of zero or more, or a numpy.random.Generator")
    return np.random.default_rng(int(rng))


@dataclass(frozen=True, repr=False)
class Piece:
    """A set of critical points that share value, kind and label: what strata and critical sets have in common.

    ``index`` and ``nullity`` are those of a generic member, ``None`` where no largest stratum is known to be unique;
    ``dimension`` is that of the largest stratum, ``None`` where unproven. ``bounds`` are rigorous bounds on ``value``, where
    they were asked for. ``key`` is what the landscape
    needs to build members again.
    """

    value: Real
    kind: Kind
    index: int | None
    nullity: int | None
    dimension: int | None
    label: str
    evidence: Evidence
    index_range: tuple[int, int] | None = None
    nullity_range: tuple[int, int] | None = None
    ranges_exact: bool = True
    bounds: tuple[float, float] | None = None
    key: bytes = b""
    landscape: Home | None = field(default=None, repr=False, compare=False)

    def representative(self) -> Parameters:
        """Return the canonical member: the same on every call, and usually not a generic one."""
        return self._home().representative_of(self)

    @overload
    def sample(self, rng: Seed, size: None = None) -> Parameters: ...
    @overload
    def sample(self, rng: Seed, size: Integer) -> list[Parameters]: ...
    def sample(self, rng: Seed, size: Integer | None = None) -> Parameters | list[Parameters]:
        """Draw one random member, or a list of ``size`` of them; the same seed gives the same members."""
        home, source = self._home(), generator(rng)
        if size is None:
            return home.sample_of(self, source)
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 0:
            raise DataError(f"size is {size!r}", fix="Pass how many members to draw, an integer of zero or more")
        return [home.sample_of(self, source) for _ in range(size)]

    def certificate(self) -> Certificate:
        """Return a certificate of this set, which ``theodolite verify`` checks; ``NotCoveredError`` where there is none."""
        return self._home().certificate_of(self)

    def _home(self) -> Home:
        if self.landscape is None:
            raise NotCoveredError(
                f"{self.label} cannot build its members",
                cause="it was loaded from a file without its landscape",
                fix="Load it with load_atlas(path, land), where land is the landscape that was surveyed",
            )
        return self.landscape

    def __repr__(self) -> str:
        index = "unknown" if self.index is None else self.index
        return f"<{type(self).__name__} {self.label}: {self.kind}, loss {float(self.value):.10g}, index {index}>"

    def __str__(self) -> str:
        return facts_text(self.facts())

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known about this set, in reading order."""
        yield "set", f"{self.label}, {self.kind}"
        yield "loss", f"{float(self.value):.10g}"
        if self.bounds is not None:
            yield "bounds", f"{self.bounds[0]!r} to {self.bounds[1]!r}"
        yield "index", _with_range(self.index, self.index_range, self.ranges_exact)
        yield "nullity", _with_range(self.nullity, self.nullity_range, self.ranges_exact)
        yield "dimension", "unknown" if self.dimension is None else str(self.dimension)
        yield "known by", str(self.evidence)

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


@dataclass(frozen=True, repr=False)
class CriticalSet(Piece):
    """Critical points that share value and kind; for linear networks one per selection and kind.

    ``value`` is the loss on the set, ``index_range`` and ``nullity_range`` span its strata: exactly if
    ``ranges_exact``, else as proven outer bounds.
    """

    def strata(self) -> Iterator[Stratum]:
        """Yield the smooth pieces of this set on each of which index and nullity are constant, lazily."""
        return self._home().strata_of(self)

    def panels(self) -> tuple[Panel, ...]:
        """Return the plain data of the figures that explain this set."""
        return self._home().panels(self)

    def attached(self, landscape: Home) -> CriticalSet:
        """Return this set with the landscape it belongs to."""
        return replace(self, landscape=landscape)


@dataclass(frozen=True, repr=False)
class Stratum(Piece):
    """A smooth piece of a critical set on which index and nullity are constant."""


def _with_range(number: int | None, span: tuple[int, int] | None, exact: bool) -> str:
    text = "unknown" if number is None else str(number)
    if span is None or span == (number, number):
        return text
    return f"{text} ({span[0]} to {span[1]} over its strata{'' if exact else ', outer bounds'})"
