"""The answer of ``classify`` and the way out that ``escape`` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from theodolite._critical import CriticalSet
from theodolite._evidence import Evidence
from theodolite._kind import Kind
from theodolite._notebook import facts_html, facts_text
from theodolite._typing import Parameters, Real

__all__ = ["Direction", "Verdict"]


@dataclass(frozen=True, repr=False)
class Direction:
    """A way out of a point that is not a minimum.

    ``vector`` is the tangent of the descent curve at the point, ``order`` the order in t at which the loss falls
    (1: along the gradient, 2: negative curvature, more: a curve), ``curvature`` the second derivative of the loss along
    ``vector`` (``None`` where it does not decide), ``step`` the recommended parameter t of the curve and ``decrease`` by
    how much the loss falls there. ``at(t)`` gives the parameters on the curve, ``at()`` those at ``step``.
    """

    vector: Parameters
    order: int
    curvature: Real | None
    step: float
    decrease: Real
    words: str
    evidence: Evidence
    curve: Callable[[float], Parameters] = field(repr=False, compare=False)

    def at(self, t: Real | None = None) -> Parameters:
        """Return the parameters on the descent curve at ``t``, by default at the recommended step."""
        return self.curve(self.step if t is None else float(t))

    def __repr__(self) -> str:
        return f"<Direction of order {self.order}: {self.words}, decrease {float(self.decrease):.6g}>"

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known about this way out, in reading order."""
        yield "way out", self.words
        yield "order", str(self.order)
        if self.curvature is not None:
            yield "curvature", f"{float(self.curvature):.6g}"
        yield "step", f"{self.step:.6g}"
        yield "decrease", f"{float(self.decrease):.6g}"

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a point of a landscape is, and how that is known.

    ``value`` is the loss there, ``scaled_gradient`` the gradient relative to the size of its own terms (a number without
    units), ``critical_set`` the set that the point belongs or is nearest to, ``nearest`` an exactly critical point of that
    set and ``distance`` how far it is (an upper bound on the distance to the set), ``gap`` the loss above the global
    minimum, ``index`` and ``nullity`` those of the exactly critical point, ``escape`` a way out. ``value_bounds`` and
    ``gap_bounds`` are rigorous bounds on loss and gap, where they were asked for.
    Fields are ``None`` where the theory or the margins leave them open.
    """

    kind: Kind
    value: Real
    scaled_gradient: float
    evidence: Evidence
    critical_set: CriticalSet | None = None
    nearest: Parameters | None = field(default=None, repr=False)
    distance: float | None = None
    gap: Real | None = None
    index: int | None = None
    nullity: int | None = None
    escape: Direction | None = field(default=None, repr=False)
    value_bounds: tuple[float, float] | None = None
    gap_bounds: tuple[float, float] | None = None

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index {self.index}"
        return f"<Verdict: {self.kind}, loss {float(self.value):.10g}{index}>"

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of everything known about the point, in reading order."""
        yield "verdict", f"{self.kind}: {self.kind.meaning}"
        yield "loss", f"{float(self.value):.10g}"
        if self.gap is not None:
            yield "above best", f"{float(self.gap):.6g}"
        yield "gradient", f"{self.scaled_gradient:.3g} (relative to its terms)"
        if self.critical_set is not None:
            yield "set", f"{self.critical_set.label} at loss {float(self.critical_set.value):.10g}"
        if self.distance is not None:
            where = "an exactly critical point" + ("" if self.critical_set is None else " of it")
            told = f"at most {self.distance:.3g} to {where}" if self.distance else f"0: this is {where}"
            yield "distance", told
        if self.index is not None:
            yield "index", str(self.index)
        if self.nullity is not None:
            yield "nullity", str(self.nullity)
        if self.escape is not None:
            yield "way out", f"{self.escape.words}; lowers the loss by {float(self.escape.decrease):.6g}"
        yield "known by", str(self.evidence)

    def __str__(self) -> str:
        return facts_text(self.facts())

    def _repr_html_(self) -> str:
        return facts_html(self.facts())
