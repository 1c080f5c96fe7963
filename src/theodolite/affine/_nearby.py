"""Classification of networks given in floating point: which exactly critical network lies next to this one?

Rounded numbers are hardly ever exactly critical. Each class is a set of equations, so the question is how far the parameters must
be changed, relative to the sizes of their own terms, to satisfy them. Below ``rtol`` they count as satisfied (the most special
class within reach is chosen), above ``CLEAR * rtol`` as violated; between the two the answer is "undecided" wherever it matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theodolite._errors import DataError
from theodolite._evidence import Assumption
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.affine._catalogue import Catalogue, Entry
from theodolite.affine._descents import Descent, calculus, downhill, from_constant, from_kinks, from_squares
from theodolite.affine._families import Family, Layout, families_of, layout
from theodolite.affine._finding import Finding, scaled_gradient
from theodolite.affine._fits import nearest_fit, recentred
from theodolite.affine._kinked import KinkedLoss
from theodolite.affine._problem import Network, Problem
from theodolite.affine._squared import SquaredLoss
from theodolite.affine._structure import Sort, Structure

__all__ = ["CLEAR", "Vicinity", "find_nearby"]

CLEAR = 100.0
"""How many times the tolerance a number must exceed to count as clearly different from zero."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """An exactly critical network near the given one: ``cost`` is the largest relative change, ``doubts`` what is unclear."""

    entry: Entry
    network: Network
    structure: Structure
    cost: float
    doubts: tuple[str, ...] = ()
    inertia_doubt: str = ""


def find_nearby(problem: Problem, network: Network, rtol: float, grain: float) -> Finding:
    """Return what a network with float parameters is, for 0 <= gamma <= 1; ``grain`` is the round-off of the numbers given.

    Kinds change where a breakpoint touches an end of the interval or an output weight vanishes there: on such a boundary
    counts only what is on it up to a few ``grain``; what is merely within the tolerance of it stays open.
    """
    return Vicinity(problem, network, rtol, 8 * grain).finding()


@dataclass(frozen=True, eq=False)
class Vicinity:
    """Everything about one network that the decisions share; sizes without units."""

    problem: Problem
    network: Network
    rtol: float
    grain: float

    @cached_property
    def values(self) -> KinkedLoss | SquaredLoss:
        """The loss and its derivatives."""
        return calculus(self.problem, self.network)

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """The values of w x + b at both ends."""
        p, net = self.problem, self.network
        return net.w * p.start + net.b, net.w * p.end + net.b

    @cached_property
    def terms(self) -> Array:
        """The size of the terms of w x + b, 1 for w = b = 0."""
        size: Array = np.abs(self.network.w) * self.problem.reach + np.abs(self.network.b)
        return np.where(size == 0, 1.0, size)

    @cached_property
    def edges(self) -> tuple[Array, Array]:
        """What rounding of w and b can do to the values at both ends."""
        p, w, size = self.problem, self.network.w, np.abs(self.network.b)
        return self.grain * (np.abs(w * p.start) + size), self.grain * (np.abs(w * p.end) + size)

    @cached_property
    def span(self) -> Array:
        """The largest value of |w x + b| on the interval."""
        return np.maximum(np.abs(self.ends[0]), np.abs(self.ends[1]))

    @cached_property
    def unit(self) -> float:
        """The size of a balanced neuron: the square root (cube root for z squared) of |alpha| T."""
        power = 3 if self.problem.quadratic else 2
        return float((abs(self.problem.alpha) * self.problem.length) ** (1 / power)) or 1.0

    @cached_property
    def flatness(self) -> Array:
        """How much each neuron contributes to f, relative to the rise of the target."""
        span = np.where(self.span == 0, self.unit, self.span)
        return np.abs(self.network.v) * span / (abs(self.problem.alpha) * self.problem.length or 1.0)

    @cached_property
    def terms_of_f(self) -> float:
        """The size of the terms of f(x) - alpha x - beta; neurons that are clearly dead have none."""
        p, net = self.problem, self.network
        inner = self.terms**2 if p.quadratic else self.terms
        if p.gamma == 0 and not p.quadratic:
            inner = np.where(np.maximum(*self.ends) < -CLEAR * self.rtol * self.terms, 0.0, inner)
        return float(np.abs(net.c) + (np.abs(net.v) * inner).sum() + abs(p.alpha) * p.reach + abs(p.beta))

    @cached_property
    def spread(self) -> float:
        """The root of the mean squared residual."""
        return float(np.sqrt(float(self.values.loss / self.problem.length)))

    @cached_property
    def tiny(self) -> Array:
        """Which neurons are so small that w = b = 0 is within reach, though they are not zero."""
        return (self.span > 0) & (self.span <= CLEAR * self.rtol * self.unit)

    def finding(self) -> Finding:
        """Return the kind and how clear it is."""
        loss = self.values.loss
        if not np.isfinite(loss):
            raise DataError("The loss overflows", cause="some parameters are too large for floats", fix="Rescale them")
        if self.terms_of_f == 0 or self.spread <= CLEAR * self.rtol * self.terms_of_f:
            return self._near_fit()
        degenerate = (self.network.w == 0) & (self.network.b == 0)
        counting = degenerate & (self.flatness > CLEAR * self.rtol)
        if counting.any() and not self.problem.quadratic and not self.problem.linear:
            return self._not_critical(misleading=scaled_gradient(self.values, counting) <= self._resolution())
        best = min(self._candidates(), key=lambda candidate: candidate.cost, default=None)
        if best is None or best.cost > CLEAR * self.rtol:
            return self._far(best)
        margin = Assumption(
            f"relative change of the parameters that makes them exactly {best.entry.label}",
            margin=self.rtol / best.cost if best.cost else None,
            tolerance=self.rtol,
        )
        if best.cost > self.rtol:
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
        if self.spread <= self.rtol * self.terms_of_f:
            fit = nearest_fit(self.problem, self.network, CLEAR * self.rtol)
        margin = Assumption(
            "residual relative to its terms",
            margin=self.rtol * self.terms_of_f / self.spread if self.spread else None,
            tolerance=self.rtol,
        )
        if fit is None:
            return self._undecided(
                "the target is fitted almost up to rounding, but no exact fit was found near", margin
            )
        missed = max(float(np.abs(end).max()) for end in _residual_ends(self.problem, fit))
        gap = distance(self.network, fit)
        size = float(np.sqrt(self.network.dot(self.network)))
        if missed > self.rtol * self.terms_of_f or gap > np.sqrt(self.rtol) * (size + self.unit):
            return self._undecided("the target is fitted up to rounding, but the nearest exact fit is not near", margin)
        inertia: tuple[int, int | None] | str = (0, None)
        if ((fit.w == 0) & (fit.b == 0) & (fit.v != 0)).any() and isinstance(self.values, KinkedLoss):
            inertia = "a neuron has w = b = 0 and v != 0, where the loss has no second derivative"
        entry = Entry(Kind.GLOBAL_MINIMUM)
        slope = scaled_gradient(self.values)
        return Finding(entry.kind, self.values.loss, slope, entry, fit, gap, inertia, assumptions=(margin,))

    def _resolution(self) -> float:
        """Return the scaled gradient that rounding alone may cause, times the safety factor."""
        return CLEAR * self.rtol * (1 + self.terms_of_f / self.spread)

    def _far(self, best: Candidate | None) -> Finding:
        """Decide about a network that is near no critical one: either the gradient or the value proves it."""
        values, p = self.values, self.problem
        slope = scaled_gradient(values, self.tiny)
        resolution = self._resolution()
        if slope > resolution:
            check = Assumption("scaled gradient against what rounding may cause", slope / resolution, resolution)
            return self._not_critical((check,))
        catalogue = Catalogue(p, len(self.network.w))
        gap = min(abs(values.loss - value) for value in _values_near(catalogue, float(values.loss)))
        blur = CLEAR * self.rtol * self.terms_of_f * p.length * (self.spread + self.rtol * self.terms_of_f)
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
            assumptions=(Assumption(reason, tolerance=self.rtol), *checks),
        )

    def _candidates(self) -> list[Candidate]:
        p = self.problem
        if p.alpha == 0:
            return []
        if p.quadratic:
            return [self._squared_constant()]
        found = [self._constant()]
        for family, kinks in families_at(p, float(self.values.loss), len(self.network.w)):
            place = layout(p, family, kinks)
            if place is not None:
                found.append(self._kinked(place))
        return found

    def _constant(self) -> Candidate:
        """Return the nearest critical network that is constant."""
        p, net = self.problem, self.network
        sorts, cost = self._idle_sorts()
        still = np.isin(sorts, (Sort.CONSTANT, Sort.DEGENERATE))
        near = self._settled(sorts)
        v = np.where(still, 0.0, net.v)
        network = recentred(p, near.w, near.b, v, p.middle)
        cost_c = abs(network.c - net.c) / self.terms_of_f
        structure = Structure(p, network, sorts, v == 0, np.full(len(sorts), -1))
        low, high, doubt = self._grades(sorts)
        kinds = (Kind.SPURIOUS_MINIMUM, Kind.NON_STRICT_SADDLE, Kind.STRICT_SADDLE)
        if p.gamma != 0:
            low = high = 2
        doubts = () if low == high else (f"{kinds[low]} and {kinds[high]} are equally near",)
        return Candidate(Entry(kinds[high]), network, structure, max(float(cost.max()), float(cost_c)), doubts, doubt)

    def _idle_sorts(self) -> tuple[Array, Array]:
        """Return for each neuron the nearest sort that takes no part, and the relative change it costs."""
        p, net = self.problem, self.network
        low, high = (end / self.terms for end in self.ends)
        level = np.abs(net.w) * p.reach / self.terms
        to_constant = np.maximum(level, self.flatness)
        sorts = np.full(len(net.w), Sort.CONSTANT, dtype=np.int64)
        cost = to_constant
        if p.gamma == 0:
            to_constant = np.where(net.b > 0, to_constant, np.inf)
            to_dead = np.maximum(np.maximum(low, high), 0.0)
            dead = to_dead <= to_constant
            sorts[dead] = Sort.DEAD
            sorts[dead & (self.ends[0] >= -self.edges[0]) & (low > high)] = Sort.START
            sorts[dead & (self.ends[1] >= -self.edges[1]) & (high > low)] = Sort.END
            cost = np.minimum(to_dead, to_constant)
        zero = (net.w == 0) & (net.b == 0)
        sorts[zero] = Sort.DEGENERATE
        return sorts, np.where(zero, self.flatness, cost)

    def _settled(self, sorts: Array) -> Network:
        """Return the neurons with w and b changed to what their sorts demand (v is left)."""
        p, net = self.problem, self.network
        w = np.where(sorts == Sort.CONSTANT, 0.0, net.w)
        b = np.where(sorts == Sort.START, -w * p.start, np.where(sorts == Sort.END, -w * p.end, net.b))
        return Network(w, b, net.v, net.c)

    def _grades(self, sorts: Array) -> tuple[int, int, str]:
        """Return the lowest and the highest kind of a constant network within reach (0 minimum, 1 flat, 2 strict), and doubts.

        The doubt says why index and nullity are open although the kind may not be.
        """
        p, net, rtol = self.problem, self.network, self.rtol
        top = np.maximum(*self.ends) / self.terms
        starting = self.ends[0] > self.ends[1]
        tilt = np.where(starting, 1, -1) * p.alpha * net.v
        signed = np.where(tilt > 0, 0, np.where(tilt < 0, 2, 1))
        limp, vague_v = net.v == 0, self.flatness <= CLEAR * rtol
        on_edge = np.isin(sorts, (Sort.START, Sort.END))
        off_edge = on_edge & (np.maximum(*self.ends) > np.where(starting, *self.edges))
        edge_low = np.where(limp, 1, np.where(vague_v, np.minimum(signed, 1), signed))
        edge_low = np.where(off_edge, 0, edge_low)
        edge_high = np.where(limp, 1, np.where(vague_v, np.maximum(signed, 1), signed))
        near_edge = (sorts == Sort.DEAD) & (top >= -CLEAR * rtol)
        still = np.isin(sorts, (Sort.CONSTANT, Sort.DEGENERATE))
        low = np.where(on_edge, edge_low, np.where(still, 2, 0))
        high = np.where(on_edge | near_edge, edge_high, np.where(still, 2, 0))
        unclear = self.tiny | (self.span <= CLEAR * rtol * self.terms) & ~((net.w == 0) & (net.b == 0))
        high = np.where(unclear, 2, high)
        doubt = ""
        if (near_edge | off_edge | unclear | (on_edge & vague_v & (net.v != 0))).any():
            doubt = "a neuron is too near a class boundary to say whether the loss has a second derivative"
        return int(low.max()), int(high.max()), doubt

    def _kinked(self, place: Layout) -> Candidate:
        """Return the nearest saddle of one family."""
        p, net = self.problem, self.network
        sorts, cost = self._idle_sorts()
        group = np.full(len(sorts), -1)
        to_kink = np.full(len(sorts), np.inf)
        for sign in (1, -1):
            mine = np.flatnonzero(np.sign(net.w) == sign)
            targets = np.flatnonzero(place.signs == sign)
            if not len(mine) or not len(targets):
                continue
            at = -net.b[mine] / net.w[mine]
            slot = np.searchsorted((place.at[targets][1:] + place.at[targets][:-1]) / 2, at)
            group[mine] = targets[slot]
            to_kink[mine] = np.abs(net.w[mine] * place.at[targets[slot]] + net.b[mine]) / self.terms[mine]
        bent = to_kink < cost
        sorts[bent] = Sort.KINK
        group[~bent] = -1
        cost = np.where(bent, to_kink, cost)
        near = self._settled(sorts)
        b = near.b.copy()
        b[bent] = -near.w[bent] * place.at[group[bent]]
        still = np.isin(sorts, (Sort.CONSTANT, Sort.DEGENERATE))
        v = np.where(still, 0.0, net.v)
        amount = np.where(bent, v * np.abs(net.w), 0.0)
        total, size = (np.bincount(group[bent], part[bent], len(place.at)) for part in (amount, np.abs(amount)))
        worst = float(cost.max())
        doubt = ""
        if (size == 0).any():
            worst = np.inf
        else:
            missing = (place.bends - total) / size
            worst = max(worst, float(np.abs(missing).max()))
            v[bent] += missing[group[bent]] * np.abs(v[bent])
        network = recentred(p, near.w, b, v, p.start + place.lengths[0] / 2)
        worst = max(worst, float(abs(network.c - net.c) / self.terms_of_f))
        edge = (sorts == Sort.DEAD) & (np.maximum(*self.ends) / self.terms >= -CLEAR * self.rtol)
        limp = (self.flatness <= CLEAR * self.rtol) & (net.v != 0) & ~still & (sorts != Sort.DEAD)
        if (edge | limp | self.tiny).any():
            doubt = "a neuron is too near a class boundary to say on which side it is"
        structure = Structure(p, network, sorts, network.v == 0, group)
        entry = Entry(Kind.STRICT_SADDLE, place.family, len(place.at))
        return Candidate(entry, network, structure, worst, (), doubt)

    def _squared_constant(self) -> Candidate:
        """Return the nearest critical network of squared neurons."""
        p, net = self.problem, self.network
        shift = net.b + net.w * p.middle
        sizes = np.stack([np.abs(net.v), np.abs(shift), np.abs(net.w) * p.length / 2])
        order = np.argsort(sizes, axis=0)
        columns = np.arange(len(net.w))
        second, first = sizes[order[1], columns], sizes[order[2], columns]
        waking = first > 0
        vague = waking & (first <= CLEAR * self.rtol * self.unit)
        sorts = np.where(waking, order[2] + 1, 0)
        w = np.where(sorts == 3, net.w, 0.0)
        b = np.where(sorts == 2, net.b, np.where(sorts == 3, -w * p.middle, 0.0))
        v = np.where(sorts == 1, net.v, 0.0)
        network = recentred(p, w, b, v, p.middle)
        relative = np.where(vague, first / self.unit, second / np.where(waking, first, 1.0))
        cost = max(float(relative.max()), float(abs(network.c - net.c) / self.terms_of_f))
        doubts: tuple[str, ...] = ()
        if vague.any() and not (waking & ~vague).any():
            doubts = ("whether some neuron is not zero is up to rounding",)
        entry = Entry(Kind.STRICT_SADDLE if waking.any() else Kind.NON_STRICT_SADDLE)
        structure = Structure(p, network, sorts, network.v == 0, np.full(len(sorts), -1))
        doubt = "whether some neuron is zero is up to rounding" if vague.any() else ""
        return Candidate(entry, network, structure, cost, doubts, doubt)


def families_at(problem: Problem, loss: float, hidden: int) -> list[tuple[Family, int]]:
    """Return the families whose loss could be this one up to one part in a thousand."""
    gamma = float(problem.gamma)
    if gamma == 1 or loss <= 0:
        return []
    pieces = (float(problem.plateau) * (1 - gamma) ** 2 / loss) ** 0.25
    g, p = gamma**0.5, (1 + gamma) ** 0.5
    found = []
    for ends, parity in ((2.0, 0), (2 * g, 0), (1 + g, 1)):
        kinks = round((pieces - ends) / p) + 1 if np.isfinite(pieces) else 0
        if kinks % 2 != parity or not 1 <= kinks <= hidden:
            continue
        for family in families_of(problem.gamma, kinks):
            width = {"R": 2.0, "E+": 2.0, "E-": 2 * g}.get(family.name, 1 + g) + (kinks - 1) * p
            if (family, kinks) not in found and abs(width / pieces - 1) < 2.5e-4:
                found.append((family, kinks))
    return found


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
