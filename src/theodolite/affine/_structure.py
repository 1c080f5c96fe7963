"""The sort of every neuron of a network with kinked activation, and what follows from it at a critical point."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from theodolite._kind import Kind
from theodolite._typing import Array
from theodolite.affine._problem import Network, Number, Problem

__all__ = ["Sort", "Structure"]


class Sort(IntEnum):
    """What a neuron does on the interval."""

    DEGENERATE = 0
    """w = b = 0"""
    DEAD = 1
    """negative on the whole interval (ReLU only)"""
    START = 2
    """zero at the left end and negative inside (ReLU only)"""
    END = 3
    """zero at the right end and negative inside (ReLU only)"""
    CONSTANT = 4
    """w = 0 and not dead"""
    AFFINE = 5
    """w != 0 and no breakpoint inside"""
    KINK = 6
    """its breakpoint lies strictly inside"""


@dataclass(frozen=True, eq=False)
class Structure:
    """Sorts, which neurons have v = 0, and for kinks the number of their breakpoint, from left to right."""

    problem: Problem
    network: Network
    sorts: Array
    flat: Array
    group: Array

    @classmethod
    def of(cls, problem: Problem, network: Network, breakpoints: Array) -> Structure:
        """Return the structure read off by sign tests; ``breakpoints`` holds those of the kinks, in neuron order."""
        at_start = network.w * problem.start + network.b
        at_end = network.w * problem.end + network.b
        sorts = sort_neurons(problem, network.w, network.b, at_start, at_end)
        group = np.full(len(sorts), -1)
        group[sorts == Sort.KINK] = np.unique(breakpoints, return_inverse=True)[1].ravel()
        return cls(problem, network, sorts, network.v == 0, group)

    @property
    def kinks(self) -> int:
        """The number of distinct breakpoints inside."""
        return int(self.group.max(initial=-1)) + 1

    def bends(self) -> Array:
        """Return the sum of v |w| at each breakpoint."""
        total = self.problem.zeros(self.kinks)
        inner = self.sorts == Sort.KINK
        np.add.at(total, self.group[inner], self.network.v[inner] * np.abs(self.network.w[inner]))
        return total

    def constant_kind(self) -> Kind:
        """Return the kind of a critical point whose network is constant although the target is not."""
        if self.problem.gamma != 0:
            return Kind.STRICT_SADDLE
        if self.livening().any():
            return Kind.STRICT_SADDLE
        asleep = self.flat & np.isin(self.sorts, (Sort.START, Sort.END))
        return Kind.NON_STRICT_SADDLE if asleep.any() else Kind.SPURIOUS_MINIMUM

    def livening(self) -> Array:
        """Return which neurons of a constant network lead down at second order (ReLU)."""
        lively = np.isin(self.sorts, (Sort.CONSTANT, Sort.DEGENERATE))
        tilt = self.problem.alpha * self.network.v
        mask: Array = lively | ((self.sorts == Sort.START) & (tilt < 0)) | ((self.sorts == Sort.END) & (tilt > 0))
        return mask & (lively | ~self.flat)

    def radius(self) -> Number:
        """Return how far w, b and v may change without the loss falling, at a minimum with dead neurons."""
        p, net = self.problem, self.network
        reach = 1 + p.reach
        top = np.maximum(net.w * p.start + net.b, net.w * p.end + net.b)
        dead = self.sorts == Sort.DEAD
        inside = np.where(dead, -top / reach, np.minimum(np.abs(net.w) * p.length / (2 * reach), np.abs(net.v)))
        smallest: Number = inside.min()
        return smallest

    def inertia(self) -> tuple[int, int] | str:
        """Return index and nullity at a critical point that does not fit the target, or why there are none."""
        size = len(self.sorts)
        if self.problem.linear:
            return size, size
        if (self.sorts == Sort.DEGENERATE).any():
            return "a neuron has w = b = 0, where the loss has no second derivative"
        if (np.isin(self.sorts, (Sort.START, Sort.END)) & ~self.flat).any():
            return "a neuron has its breakpoint at an end of the interval, where the loss has no second derivative"
        inner = (self.sorts == Sort.KINK) & ~self.flat
        pull = self.network.v[inner] * self.bends()[self.group[inner]] if inner.any() else np.zeros(0)
        lively = int((self.sorts == Sort.CONSTANT).sum())
        index = int((pull > 0).sum()) + lively
        positive = self.kinks + 1 + int((pull < 0).sum()) + lively
        return index, 3 * size + 1 - index - positive

    def inertia_of_fit(self) -> tuple[int, int] | str:
        """Return index and nullity at a global minimum, or why there are none: the rank of the derivatives of f."""
        p, flat, net = self.problem, self.flat, self.network
        size = len(self.sorts)
        if p.linear:
            tilted = (net.w != 0).any() or (net.v != 0).any()
            return 0, 3 * size - int(tilted)
        if ((self.sorts == Sort.DEGENERATE) & ~flat).any():
            return "a neuron has w = b = 0 and v ≠ 0, where the loss has no second derivative"
        inner = self.sorts == Sort.KINK
        bent = len(np.unique(self.group[inner & ~flat]))
        both = np.zeros((self.kinks, 2), dtype=bool)
        both[self.group[inner], (net.w[inner] > 0).astype(int)] = True
        sloped = (self.sorts == Sort.AFFINE) | ((self.sorts == Sort.CONSTANT) & ~flat)
        rank = 1 + bent + self.kinks + int(sloped.any() or both.all(axis=1).any())
        return 0, 3 * size + 1 - rank


def sort_neurons(problem: Problem, w: Array, b: Array, at_start: Array, at_end: Array) -> Array:
    """Return the sort of each neuron from the signs of its line at both ends."""
    out = np.full(len(w), Sort.AFFINE, dtype=np.int64)
    out[(w == 0) & (b != 0)] = Sort.CONSTANT
    if not problem.linear:
        out[((at_start < 0) & (at_end > 0)) | ((at_start > 0) & (at_end < 0))] = Sort.KINK
    if problem.gamma == 0:
        out[(at_start == 0) & (at_end < 0)] = Sort.START
        out[(at_end == 0) & (at_start < 0)] = Sort.END
        out[(at_start < 0) & (at_end < 0)] = Sort.DEAD
    out[(w == 0) & (b == 0)] = Sort.DEGENERATE
    return out
