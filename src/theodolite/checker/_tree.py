r"""A global minimum: a tree of sign prefixes that leaves no region of parameter space without a lower bound.

Write :math:`u_j = |v_j| w_j` and let :math:`s_j` be the sign of :math:`v_j` (either one where it is 0). Row by row
each neuron is on one side, :math:`\sigma_{ij} x_i \cdot u_j \ge 0`; closed regions with non-empty interior cover
everything. On a region the network is linear, :math:`f_i = c + \sum_j s_j a_{ij} x_i \cdot u_j` with :math:`a_{ij}` 1
or the negative slope.

A *bound* is a vector nu over the rows so far and numbers :math:`\lambda_{ij} \ge 0` with, for every neuron,

.. math::  \sum_i \nu_i s_j a_{ij} x_i = \sum_i \lambda_{ij} \sigma_{ij} x_i,

and :math:`\sum_i \nu_i = 0` if there is an output bias. Then, since :math:`|t|^2 \ge 2 \nu t - \nu^2`, the sum of
squares over the region is at least :math:`-2 \nu \cdot y - |\nu|^2`. An *empty* node has :math:`\lambda_i \ge 0`, not
all 0, with :math:`\sum_i \lambda_i \sigma_i x_i = 0` for one neuron: its region has no interior (Gordan). Other nodes
have a child for every choice of signs on the next row. Neurons with the same :math:`s_j` may be exchanged, so that
only choices with decreasing prefixes count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations_with_replacement, product
from math import lcm
from typing import Any

from theodolite.checker._fields import Fields, about, refuse, sequence, whole_number
from theodolite.checker._network import Network, read_point

__all__ = ["Tally", "check_global_minimum"]

_MOST_NODES = 10**8
_MOST_NEURONS = 16
"""A division has up to 2^neurons parts."""


@dataclass
class Tally:
    """How many nodes were checked."""

    bounds: int = 0
    empty: int = 0
    inner: int = 0


@dataclass
class _Tree:
    """The rows in the order of the tree as integers, and what a bound has to reach."""

    rows: list[list[int]]
    targets: list[int]
    unit: int
    slope: Fraction
    offset: bool
    sse: Fraction
    signs: tuple[int, ...]
    tally: Tally
    sides: list[list[int]] = field(default_factory=list)

    def check(self, node: Any, place: str) -> None:
        """Check a node and all nodes below it; ``sides`` holds the signs of all neurons on the rows so far."""
        if self.tally.bounds + self.tally.empty + self.tally.inner >= _MOST_NODES:
            refuse(f"The tree has more than {_MOST_NODES} nodes")
        if not isinstance(node, dict) or len(node) != 1:
            refuse(f"{place} is not a node")
        ((kind, content),) = node.items()
        if kind == "bound":
            self._bound(content, place)
            self.tally.bounds += 1
        elif kind == "empty":
            self._empty(content, place)
            self.tally.empty += 1
        elif kind == "children":
            self.tally.inner += 1
            self._children(content, place)
        else:
            refuse(f"{place} is a node of the unknown kind {kind!r}")

    def _children(self, content: Any, place: str) -> None:
        depth = len(self.sides)
        if depth == len(self.rows):
            refuse(f"{place} has children below the last row")
        choices = self._choices(depth)
        for number, (sides, child) in enumerate(zip(choices, sequence(content, place, len(choices)), strict=True)):
            self.sides.append(sides)
            self.check(child, f"{place}.{number}")
            self.sides.pop()

    def _choices(self, depth: int) -> list[list[int]]:
        """Return the signs that the neurons can have on the next row, up to the order of exchangeable neurons."""
        if not any(self.rows[depth]):
            return [[0] * len(self.signs)]
        return [list(sides) for sides in product((1, -1), repeat=len(self.signs)) if self._decreasing(sides)]

    def _decreasing(self, sides: tuple[int, ...]) -> bool:
        for j in range(len(self.signs) - 1):
            if self.signs[j] == self.signs[j + 1]:
                first = [row[j] for row in self.sides] + [sides[j]]
                second = [row[j + 1] for row in self.sides] + [sides[j + 1]]
                if first < second:
                    return False
        return True

    def _bound(self, content: Any, place: str) -> None:
        depth, width = len(self.sides), len(self.rows[0])
        denominator, nu, *multipliers = sequence(content, place, 2 + len(self.signs))
        below = whole_number(denominator, f"{place}: denominator", 1)
        numbers = [whole_number(entry, f"{place}: nu") for entry in sequence(nu, f"{place}: nu", depth)]
        if self.offset and sum(numbers) != 0:
            refuse(f"{place} bounds nothing", "nu does not add up to 0, as it has to with an output bias")
        p, q = self.slope.numerator, self.slope.denominator
        for j, (sign, given) in enumerate(zip(self.signs, multipliers, strict=True)):
            weights = [
                whole_number(entry, f"{place}: lambda", 0) for entry in sequence(given, f"{place}: lambda", depth)
            ]
            total = [0] * width
            for i, row in enumerate(self.rows[:depth]):
                side = self.sides[i][j]
                if side == 0:
                    if weights[i]:
                        refuse(f"{place} bounds nothing", "a zero row has a multiplier")
                    continue
                factor = numbers[i] * sign * (q if side > 0 else p) - q * weights[i] * side
                if factor:
                    for k, entry in enumerate(row):
                        total[k] += factor * entry
            if any(total):
                refuse(f"{place} bounds nothing", f"nu and lambda do not balance at neuron {j}")
        # -2 nu.y - |nu|^2 >= sse with nu = numbers / below and y = targets / unit
        gain = -2 * below * sum(a * b for a, b in zip(numbers, self.targets, strict=False))
        reached = Fraction(gain, self.unit) - sum(a * a for a in numbers)
        if reached < self.sse * below**2:
            refuse(f"{place} is not bounded by the claimed minimum", f"its bound is {about(reached / below**2)}")

    def _empty(self, content: Any, place: str) -> None:
        neuron, given = sequence(content, place, 2)
        j = whole_number(neuron, f"{place}: neuron", 0)
        if j >= len(self.signs):
            refuse(f"{place} speaks of neuron {j}", f"there are {len(self.signs)}")
        depth = len(self.sides)
        weights = [whole_number(entry, f"{place}: lambda", 0) for entry in sequence(given, f"{place}: lambda", depth)]
        signed = [weight * self.sides[i][j] for i, weight in enumerate(weights)]
        if not any(signed):
            refuse(f"{place} is not proven empty", "all of its multipliers are 0")
        for k in range(len(self.rows[0])):
            if sum(weight * row[k] for weight, row in zip(signed, self.rows, strict=False)):
                refuse(f"{place} is not proven empty", f"its multipliers do not balance for neuron {j}")


def check_global_minimum(fields: Fields, network: Network) -> tuple[Fraction, Tally]:
    """Return the loss of the certified global minimum, and how many nodes prove it."""
    point = read_point(fields, network)
    sse = sum((e * e for e in point.residual(network)), Fraction(0))
    claimed, value = fields.fraction("sse"), fields.fraction("value")
    if sse != claimed:
        refuse(f"The point has the sum of squares {about(sse)}", f"{about(claimed)} is claimed")
    if network.scale * sse != value:
        refuse(f"The loss of the point is {about(network.scale * sse)}", f"{about(value)} is claimed")
    if network.hidden > _MOST_NEURONS:
        refuse(f"The network has {network.hidden} neurons", f"this checker looks at up to {_MOST_NEURONS}")
    rows = len(network.rows)
    order = [whole_number(entry, "order", 0) for entry in sequence(fields.take("order"), "order", rows)]
    if sorted(order) != list(range(rows)):
        refuse("The order of the rows is not a permutation")
    # Scaling all inputs scales the weights, which are free; scaling the targets is undone where bounds are compared.
    common = lcm(*(entry.denominator for row in network.rows for entry in row))
    unit = lcm(*(target.denominator for target in network.targets))
    inputs = [[int(entry * common) for entry in network.rows[i]] for i in order]
    targets = [int(network.targets[i] * unit) for i in order]
    combinations = list(combinations_with_replacement((1, -1), network.hidden))
    trees = sequence(fields.take("trees"), "trees", len(combinations))
    tally = Tally()
    for number, (signs, node) in enumerate(zip(combinations, trees, strict=True)):
        tree = _Tree(inputs, targets, unit, network.slope, network.offset, sse, signs, tally)
        tree.check(node, f"trees[{number}]")
    return value, tally
