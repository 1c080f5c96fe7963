"""The certificate of a global minimum: a tree of joint sign prefixes whose leaves are bounded from below exactly.

What a node means, and why such a tree proves a minimum, is said in ``theodolite.checker._tree``, which checks it. The
residual of the best fit on a region is the dual vector of its bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from theodolite._errors import TheodoliteError
from theodolite.relu._fitting import combine
from theodolite.relu._regions import Bound, Prefixes, Regions

__all__ = ["LowerPointError", "Prover"]


class LowerPointError(TheodoliteError):
    """A region was found whose best fit is lower than the minimum that was to be certified."""


@dataclass
class Prover:
    """Builds the trees of one certificate; ``sse`` is the claimed minimum, ``report`` is told how many nodes there are."""

    regions: Regions
    sse: Fraction
    report: Callable[[int], None] = lambda count: None
    nodes: int = 0
    _empty: dict[tuple[int, ...], list[int]] = field(default_factory=dict, repr=False)

    def trees(self) -> list[dict[str, Any]]:
        """Return one tree for each choice of output signs, up to the order of neurons."""
        root = self.regions.root()
        return [self._node(signs, root) for signs in self.regions.output_signs()]

    def count(self, most: int) -> int:
        """Return how many leaves the trees will have, or ``most`` if they have more."""
        total = 0
        for signs in self.regions.output_signs():
            left = [self.regions.root()]
            while left and total < most:
                prefixes = left.pop()
                if self.regions.empty(prefixes) is not None or self.regions.bound(signs, prefixes).sse >= self.sse:
                    total += 1
                elif self.regions.whole(prefixes):
                    raise _lower(signs)
                else:
                    left.extend(self.regions.children(signs, prefixes))
        return total

    def _node(self, signs: tuple[int, ...], prefixes: Prefixes) -> dict[str, Any]:
        self.nodes += 1
        if self.nodes % 64 == 0:
            self.report(self.nodes)
        regions = self.regions
        j = regions.empty(prefixes)
        if j is not None:
            return {"empty": [j, self._farkas(prefixes[j])]}
        bound = regions.bound(signs, prefixes)
        if bound.sse >= self.sse:
            return self._bound(signs, prefixes, bound)
        if regions.whole(prefixes):
            raise _lower(signs)
        return {"children": [self._node(signs, child) for child in regions.children(signs, prefixes)]}

    def _bound(self, signs: tuple[int, ...], prefixes: Prefixes, bound: Bound) -> dict[str, Any]:
        """Return the leaf that bounds a region."""
        regions, depth = self.regions, len(prefixes[0])
        slope = regions.problem.slope
        multipliers = []
        for sign, prefix in zip(signs, prefixes, strict=True):
            pulled = [sign * (1 if side > 0 else slope) * e for side, e in zip(prefix, bound.residual, strict=True)]
            pull = [
                Fraction(sum(factor * row[k] for factor, row in zip(pulled, regions.rows, strict=False)))
                for k in range(regions.problem.width)
            ]
            multipliers.append(self._multipliers(prefix, depth, pull))
        common = lcm(1, *(entry.denominator for part in multipliers for entry in part))
        parts = [[int(entry * common) for entry in part] for part in multipliers]
        return {"bound": [bound.denominator * common, [entry * common for entry in bound.residual], *parts]}

    def _farkas(self, prefix: tuple[int, ...]) -> list[int]:
        """Return multipliers that prove that no weights have these signs strictly."""
        depth = next(k for k in range(1, len(prefix) + 1) if self.regions.cone(prefix[:k]) is None)
        first = prefix[:depth]
        if first not in self._empty:
            last = [Fraction(-first[-1] * entry) for entry in self.regions.rows[depth - 1]]
            found = [*self._multipliers(first, depth - 1, last), Fraction(1)]
            common = lcm(*(entry.denominator for entry in found))
            self._empty[first] = [int(entry * common) for entry in found]
        return self._empty[first] + [0] * (len(prefix) - depth)

    def _multipliers(self, prefix: tuple[int, ...], depth: int, target: list[Fraction]) -> list[Fraction]:
        """Return weights of zero or more with which the first rows, each on its side, add up to ``target``."""
        present = [i for i in range(depth) if prefix[i]]
        turned = [[prefix[i] * entry for entry in self.regions.rows[i]] for i in present]
        vectors = np.array(turned, dtype=object).reshape(len(present), self.regions.problem.width)
        found = combine(vectors, np.array(target, dtype=object))
        assert found is not None, "what is nowhere negative on a cone is in its dual"
        full = [Fraction(0)] * depth
        for place, weight in found.items():
            full[present[place]] = weight
        return full


def _lower(signs: tuple[int, ...]) -> LowerPointError:
    return LowerPointError(
        "The minimum that was to be certified is not the lowest",
        cause=f"a region of parameter space with the output signs {signs} goes below it",
    )
