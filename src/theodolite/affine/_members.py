"""Members of every class, built from their description: rational where the class has rational members."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theodolite._errors import NotCoveredError
from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.affine._catalogue import Entry
from theodolite.affine._families import Layout, layout
from theodolite.affine._mix import Mix, draw
from theodolite.affine._problem import Network, Number, Problem

__all__ = ["Builder", "canonical_mix", "has_members"]


def has_members(problem: Problem, entry: Entry) -> bool:
    """Return whether the set has members in this problem's arithmetic (some families are irrational)."""
    return entry.family is None or layout(problem, entry.family, entry.kinks) is not None


def canonical_mix(problem: Problem, entry: Entry, hidden: int) -> Mix:
    """Return the counts of the canonical member: as few sorts as possible."""
    rest = hidden - entry.kinks
    if entry.kinks:
        spare = {"inactive": rest} if problem.gamma == 0 else {"constant": rest}
        return Mix(along=entry.kinks, **spare)
    if problem.quadratic:
        return Mix(zero=hidden) if entry.kind is Kind.NON_STRICT_SADDLE else Mix(constant=hidden)
    if problem.gamma != 0:
        return Mix(constant=hidden)
    if entry.kind is Kind.SPURIOUS_MINIMUM:
        return Mix(inactive=hidden)
    first = "asleep" if entry.kind is Kind.NON_STRICT_SADDLE else "constant"
    return Mix(**{first: 1, "inactive": hidden - 1})


@dataclass(frozen=True)
class Builder:
    """Builds members; with a source of random numbers they are random, without one they are canonical."""

    problem: Problem
    hidden: int
    source: np.random.Generator | None = None

    def member(self, entry: Entry, mix: Mix | None = None) -> Network:
        """Return a member of a set, of one of its strata if ``mix`` is given."""
        if entry.kind is Kind.GLOBAL_MINIMUM:
            return self._squared_fit() if self.problem.quadratic else self._fit()
        if mix is None:
            if self.source is None:
                mix = canonical_mix(self.problem, entry, self.hidden)
            else:
                mix = draw(self.problem, entry, self.hidden, self.source)
        neurons: list[tuple[Number, Number, Number]] = []
        anchor = self.problem.middle
        if entry.family is not None:
            place = layout(self.problem, entry.family, entry.kinks)
            if place is None:
                raise NotCoveredError(
                    f"{entry.label} has no rational members",
                    cause=f"its breakpoints need square roots of {self.problem.gamma} that are irrational",
                    fix="Pass float parameters, or a negative_slope such as 9/16",
                )
            neurons += self._groups(place, mix)
            anchor = self.problem.start + place.lengths[0] / 2
        for sort in ("inactive", "outward", "inward", "asleep", "constant", "degenerate", "centred", "zero"):
            neurons += [self._neuron(sort) for _ in range(getattr(mix, sort))]
        return self._assembled(neurons, anchor)

    def _assembled(self, neurons: list[tuple[Number, Number, Number]], anchor: Number) -> Network:
        """Return the network of these neurons whose residual vanishes at ``anchor``."""
        p = self.problem
        if self.source is not None:
            neurons = [neurons[k] for k in self.source.permutation(len(neurons))]
        w, b, v = (p.array([neuron[k] for neuron in neurons]) for k in range(3))
        c = p.alpha * anchor + p.beta - (v * _activated(p, w * anchor + b)).sum()
        return Network(w, b, v, c)

    def _groups(self, place: Layout, mix: Mix) -> list[tuple[Number, Number, Number]]:
        """Return kinks whose v |w| add up to the bend of their breakpoint."""
        groups = len(place.at)
        members: list[list[int]] = [[1] for _ in range(groups)]
        for sign, count in ((1, mix.along - groups), (-1, mix.against), (0, mix.limp)):
            for _ in range(count):
                members[self._pick(groups)].append(sign)
        out = []
        for signs, at, sign, bend in zip(members, place.at, place.signs, place.bends, strict=True):
            shares = [number * self._positive() for number in signs[1:]]
            # The first neuron closes the sum and must bend along with it; what the others take is kept below it.
            along = sum((share for share in shares if share > 0), start=self.problem.number(0))
            scale = bend / (2 * along) if along > 0 else bend
            rest = [share * scale for share in shares]
            for amount in (bend - sum(rest), *rest):
                steep = self._positive()
                w = int(sign) * steep
                out.append((w, -w * at, amount / steep))
        return out

    def _neuron(self, sort: str) -> tuple[Number, Number, Number]:
        """Return w, b, v of one neuron that takes no part."""
        p = self.problem
        nothing = p.number(0)
        if p.quadratic:
            if sort == "degenerate":
                return nothing, nothing, self._signed()
            if sort == "constant":
                return nothing, self._signed(), nothing
            if sort == "centred":
                w = self._signed()
                return w, -w * p.middle, nothing
            return nothing, nothing, nothing
        if sort == "inactive":
            if self.source is None:
                return nothing, p.number(-1), nothing
            return *self._line(-self._positive(), -self._positive()), self._signed() * self._unit()
        if sort == "constant":
            b = self._positive() if p.gamma == 0 else self._signed()
            return nothing, b, nothing
        if sort == "degenerate":
            return nothing, nothing, nothing
        at_start = self._pick(2) == 0 if self.source is not None else False
        steep = self._positive()
        w, b = (-steep, steep * p.start) if at_start else (steep, -steep * p.end)
        if sort == "asleep":
            return w, b, nothing
        outward = 1 if (p.alpha > 0) == at_start else -1
        return w, b, (outward if sort == "outward" else -outward) * self._positive() * self._unit()

    def _fit(self) -> Network:
        """Return a network that equals the target."""
        p, neurons = self.problem, list[tuple[Number, Number, Number]]()
        bare = p.alpha == 0 and (self.source is None or self._pick(2) == 0)
        pair = not bare and self.hidden > 1 and self.source is not None and self._pick(2) == 0 and not p.linear
        room = self.hidden - (0 if bare else 2 if pair else 1)
        while room:
            neurons += self._idle(room, level=bare)
            room = self.hidden - (0 if bare else 2 if pair else 1) - len(neurons)
        if not bare:
            w, b, v = (p.array([neuron[k] for neuron in neurons]) for k in range(3))
            ends = [(v * _activated(p, w * x + b)).sum() for x in (p.start, p.end)]
            need = p.alpha - (ends[1] - ends[0]) / p.length
            neurons += self._pair(need) if pair else [self._slanted(need)]
        return self._assembled(neurons, p.middle)

    def _idle(self, room: int, *, level: bool) -> list[tuple[Number, Number, Number]]:
        """Return a few neurons that together bend nothing, nor tilt if ``level``; at most ``room`` of them."""
        p, nothing = self.problem, self.problem.number(0)
        relu = p.gamma == 0
        if self.source is None:
            return [self._neuron("inactive" if relu else "constant")]
        sort = self._pick(6)
        if sort == 0 and room > 1 and not p.linear:
            at, amount = self._inside(), self._signed() * self._unit()
            return [self._kink(at, sign * amount, 1 if level else 0) for sign in (1, -1)]
        if sort == 1:
            w, b, _ = self._kink(self._inside(), nothing)
            return [(w, b, nothing)]
        if sort == 2 and relu:
            return [self._neuron(("inactive", "outward" if p.alpha else "asleep", "asleep")[self._pick(3)])]
        if sort == 3:
            return [(nothing, self._neuron("constant")[1], self._signed() * self._unit())]
        if sort == 4:
            return [(nothing, nothing, self._signed() * self._unit())]
        return [(*self._line(self._positive(), self._positive()), nothing)]

    def _pair(self, need: Number) -> list[tuple[Number, Number, Number]]:
        """Return two opposite kinks at one point that bend nothing together and add the slope ``need``."""
        at, share = self._inside(), need / (1 + self.problem.gamma)
        return [self._kink(at, sign * share, sign) for sign in (1, -1)]

    def _slanted(self, need: Number) -> tuple[Number, Number, Number]:
        """Return a neuron that is affine on the interval and adds the slope ``need``."""
        p = self.problem
        if self.source is None:
            w, b, side = p.number(1), 1 - p.start, 1
        else:
            side = 1 if p.gamma == 0 or self._pick(2) == 0 else -1
            low = self._positive()
            ends = [side * low, side * (low + self._positive())]
            w, b = self._line(*(ends if self._pick(2) else reversed(ends)))
        return w, b, need / (w if side > 0 else w * p.gamma)

    def _squared_fit(self) -> Network:
        p = self.problem
        if p.alpha == 0 and (self.source is None or self.hidden == 1 or self._pick(3) == 0):
            return self._assembled([self._level_square() for _ in range(self.hidden)], p.middle)
        # v1 w1^2 + v2 w2^2 + rest = 0 and 2 (v1 w1 b1 + v2 w2 b2) + rest = alpha, with b measured at the midpoint.
        neurons = []
        curve, tilt = p.number(0), p.number(0)
        for _ in range(self.hidden - 2):
            w, shift, v = (p.number(0),) * 3 if self.source is None else tuple(self._signed() for _ in range(3))
            curve, tilt = curve + v * w**2, tilt + 2 * v * w * shift
            neurons.append((w, shift - w * p.middle, v))
        first, second = self._positive(), self._positive()
        v1 = self._signed()
        v2 = -(curve + v1 * first**2) / second**2
        shift1 = p.alpha / 4 if self.source is None else self._signed()
        if v2 == 0:
            v1, v2 = 2 * v1, -v1 * first**2 / second**2
        shift2 = (p.alpha - tilt - 2 * v1 * first * shift1) / (2 * v2 * second)
        neurons += [(first, shift1 - first * p.middle, v1), (second, shift2 - second * p.middle, v2)]
        return self._assembled(neurons, p.middle)

    def _level_square(self) -> tuple[Number, Number, Number]:
        """Return a squared neuron that adds a constant: one of w and v is zero."""
        nothing = self.problem.number(0)
        if self.source is None:
            return nothing, nothing, nothing
        steep = self._pick(2) == 0
        return (self._signed(), self._signed(), nothing) if steep else (nothing, self._signed(), self._signed())

    def _kink(self, at: Number, amount: Number, sign: int = 0) -> tuple[Number, Number, Number]:
        w = (sign or (1, -1)[self._pick(2)]) * self._positive()
        return w, -w * at, amount / abs(w)

    def _line(self, at_start: Number, at_end: Number) -> tuple[Number, Number]:
        """Return w and b of the line with these values at the ends."""
        p = self.problem
        w = (at_end - at_start) / p.length
        return w, at_start - w * p.start

    def _inside(self) -> Number:
        p = self.problem
        share = Fraction(1 + self._pick(15), 16)
        return p.start + p.length * p.number(share)

    def _unit(self) -> Number:
        return abs(self.problem.alpha) * self.problem.length or self.problem.number(1)

    def _pick(self, choices: int) -> int:
        return 0 if self.source is None else int(self.source.integers(choices))

    def _positive(self) -> Number:
        if self.source is None:
            return self.problem.number(1)
        if self.problem.exact:
            return Fraction(int(self.source.integers(1, 33)), int(self.source.integers(1, 9)))
        return float(self.source.uniform(0.2, 4.0))

    def _signed(self) -> Number:
        return (1, -1)[self._pick(2)] * self._positive()


def _activated(problem: Problem, z: Array) -> Array:
    """Return the activation of ``z``."""
    if problem.quadratic:
        return z * z
    return np.where(z > 0, z, problem.gamma * z)
