"""Classification of networks given in floating point: which exactly critical network lies next to this one?

Rounded numbers are hardly ever exactly critical. Each class is a set of equations, so the question is how far the parameters must
be changed, relative to the sizes of their own terms, to satisfy them. Below ``rtol`` they count as satisfied (the most special
class within reach is chosen), above ``CLEAR * rtol`` as violated; between the two the answer is "undecided" wherever it matters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theodolite._errors import DataError
from theodolite._evidence import Assumption
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.affine._candidates import Candidate, candidates
from theodolite.affine._catalogue import Catalogue, Entry
from theodolite.affine._descents import Descent, calculus, downhill, from_constant, from_kinks, from_squares
from theodolite.affine._families import layout
from theodolite.affine._finding import Finding, scaled_gradient
from theodolite.affine._fits import inertia_near, nearest_fit
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._problem import Network, Problem
from theodolite.affine._sizes import Sizes
from theodolite.affine._squared import SquaredLoss

__all__ = ["find_nearby"]


def find_nearby(problem: Problem, network: Network, rtol: float, grain: float) -> Finding:
    """Return what a network with float parameters is, for 0 <= gamma <= 1; ``grain`` is the round-off of the numbers given.

    Kinds change where a breakpoint touches an end of the interval or an output weight vanishes there: on such a boundary
    counts only what is on it up to a few ``grain``; what is merely within the tolerance of it stays open.
    """
    return Decision(Sizes(problem, network, rtol, 8 * grain)).finding()


@dataclass(frozen=True, eq=False)
class Decision:
    """What one network is, by how far it is from critical ones."""

    sizes: Sizes

    @property
    def problem(self) -> Problem:
        """The problem, in floats."""
        return self.sizes.problem

    @property
    def network(self) -> Network:
        """The network as given."""
        return self.sizes.network

    @property
    def values(self) -> KinkedLoss | SquaredLoss:
        """Its loss and derivatives."""
        return self.sizes.values

    def finding(self) -> Finding:
        """Return the kind and how clear it is."""
        loss = self.values.loss
        if not np.isfinite(loss):
            raise DataError("The loss overflows", cause="some parameters are too large for floats", fix="Rescale them")
        if self.sizes.terms_of_f == 0 or self.sizes.spread <= self.sizes.clear * self.sizes.terms_of_f:
            return self._near_fit()
        degenerate = (self.network.w == 0) & (self.network.b == 0)
        counting = degenerate & (self.sizes.flatness > self.sizes.clear)
        if counting.any() and not self.problem.quadratic and not self.problem.linear:
            return self._not_critical(misleading=scaled_gradient(self.values, counting) <= self._resolution())
        best = min(candidates(self.sizes), key=lambda candidate: candidate.cost, default=None)
        if best is None or best.cost > self.sizes.clear:
            return self._far(best)
        margin = Assumption(
            f"relative change of the parameters that makes them exactly {best.entry.label}",
            margin=self.sizes.rtol / best.cost if best.cost else None,
            tolerance=self.sizes.rtol,
        )
        if best.cost > self.sizes.rtol:
            return self._undecided(f"{best.entry.label} is near, but not within the tolerance", margin)
        if best.doubts:
            return self._undecided("; ".join(best.doubts), margin)
        return self._member(best, margin)

    def _member(self, best: Candidate, margin: Assumption) -> Finding:
        kind = best.entry.kind
        structure = best.structure
        inertia: tuple[int, int] | str
        descent: Descent | None
        radius = None
        if self.problem.quadratic:
            waking, size = int((structure.sorts > 0).sum()), len(structure.sorts)
            inertia, descent = (
                (waking, 3 * size - 2 * waking),
                from_squares(self.problem, best.network, structure.sorts),
            )
        elif best.entry.family is None:
            minimum = kind is Kind.SPURIOUS_MINIMUM
            inertia, descent = structure.inertia(), None if minimum else from_constant(structure)
            radius = structure.radius() if minimum else None
        else:
            place = layout(self.problem, best.entry.family, best.entry.kinks)
            inertia = structure.inertia()
            descent = from_kinks(structure, place.at) if place is not None else None
        return Finding(
            kind,
            self.values.loss,
            scaled_gradient(self.values),
            best.entry,
            best.network,
            distance(self.network, best.network),
            best.inertia_doubt or inertia,
            radius,
            descent,
            (margin,),
        )

    def _near_fit(self) -> Finding:
        """Decide about a network that nearly equals the target."""
        attained = not (self.problem.quadratic and len(self.network.w) == 1 and self.problem.alpha != 0)
        if not attained:
            return self._far(None)
        fit = None
        if self.sizes.spread <= self.sizes.rtol * self.sizes.terms_of_f:
            fit = nearest_fit(self.problem, self.network, self.sizes.clear)
        margin = Assumption(
            "residual relative to its terms",
            margin=self.sizes.rtol * self.sizes.terms_of_f / self.sizes.spread if self.sizes.spread else None,
            tolerance=self.sizes.rtol,
        )
        if fit is None:
            return self._undecided(
                "the target is fitted almost up to rounding, but no exact fit was found near", margin
            )
        missed = max(float(np.abs(end).max()) for end in _residual_ends(self.problem, fit))
        gap = distance(self.network, fit)
        size = float(np.sqrt(self.network.dot(self.network)))
        if missed > self.sizes.rtol * self.sizes.terms_of_f or gap > np.sqrt(self.sizes.rtol) * (
            size + self.sizes.unit
        ):
            return self._undecided("the target is fitted up to rounding, but the nearest exact fit is not near", margin)
        sizes = self.sizes
        inertia: tuple[int, int | None] | str
        inertia = inertia_near(self.problem, self.network, fit, sizes.flatness, sizes.rtol, sizes.clear)
        smooth = not ((fit.w == 0) & (fit.b == 0) & (fit.v != 0)).any() or not isinstance(self.values, KinkedLoss)
        if isinstance(inertia, str) and smooth:
            inertia = (0, None)
        entry = Entry(Kind.GLOBAL_MINIMUM)
        slope = scaled_gradient(self.values)
        return Finding(entry.kind, self.values.loss, slope, entry, fit, gap, inertia, assumptions=(margin,))

    def _resolution(self) -> float:
        """Return the scaled gradient that rounding alone may cause, times the safety factor."""
        return self.sizes.clear * (1 + self.sizes.terms_of_f / self.sizes.spread)

    def _far(self, best: Candidate | None) -> Finding:
        """Decide about a network that is near no critical one: either the gradient or the value proves it."""
        values, p = self.values, self.problem
        slope = scaled_gradient(values, self.sizes.tiny)
        resolution = self._resolution()
        if slope > resolution:
            check = Assumption("scaled gradient against what rounding may cause", slope / resolution, resolution)
            return self._not_critical((check,))
        catalogue = Catalogue(p, len(self.network.w))
        gap = min(abs(values.loss - value) for value in _values_near(catalogue, float(values.loss)))
        blur = (
            self.sizes.clear
            * self.sizes.terms_of_f
            * p.length
            * (self.sizes.spread + self.sizes.rtol * self.sizes.terms_of_f)
        )
        if gap > blur:
            check = Assumption("distance of the loss from every critical value", float(gap / blur), float(blur))
            return self._not_critical((check,))
        near = f"; nearest is {best.entry.label}, at relative distance {best.cost:.2g}" if best is not None else ""
        return self._undecided(f"the gradient is within rounding of zero, but no critical point is near{near}")

    def _not_critical(self, checks: tuple[Assumption, ...] = (), *, misleading: bool = False) -> Finding:
        slope = scaled_gradient(self.values)
        descent = downhill(self.problem, self.network)
        return Finding(
            Kind.NOT_CRITICAL, self.values.loss, slope, descent=descent, assumptions=checks, misleading=misleading
        )

    def _undecided(self, reason: str, *checks: Assumption) -> Finding:
        return Finding(
            Kind.UNDECIDED,
            self.values.loss,
            scaled_gradient(self.values),
            inertia="the kind is undecided",
            assumptions=(Assumption(reason, tolerance=self.sizes.rtol), *checks),
        )


def _values_near(catalogue: Catalogue, loss: float) -> list[float]:
    """Return the critical values next to ``loss``: the first above, the last below."""
    low, high = 0, catalogue.count() - 1
    while low < high:
        middle = (low + high) // 2
        if float(catalogue.value(catalogue.entry(middle))) < loss:
            low = middle + 1
        else:
            high = middle
    return [float(catalogue.value(catalogue.entry(k))) for k in {max(0, low - 1), low}]


def _residual_ends(problem: Problem, network: Network) -> tuple[Array, Array]:
    values = calculus(problem, network)
    if isinstance(values, KinkedLoss):
        return values.residual.ends
    half = problem.length / 2
    r = values.residual
    ends = np.array([r[0] + s * r[1] * half + r[2] * half**2 for s in (-1, 0, 1)])
    return ends, ends


def distance(first: Network, second: Network) -> float:
    """Return an upper bound on the Euclidean distance to the exact point that ``second`` is the rounding of."""
    gap = Network(first.w - second.w, first.b - second.b, first.v - second.v, first.c - second.c)
    rounding = 16 * np.finfo(np.float64).eps * float(np.sqrt(second.dot(second)))
    return float(np.sqrt(gap.dot(gap))) + rounding
