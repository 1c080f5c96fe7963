"""The certificate of a global minimum: a tree of joint sign prefixes whose leaves are bounded from below exactly.

What a node means, and why such a tree proves a minimum, is said in ``theodolite.checker._tree``, which checks it. Bounds are
found in floats and made exact: the residual of the best fit on the region is its own dual vector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np

from theodolite._errors import TheodoliteError
from theodolite._typing import Array
from theodolite.relu._fitting import combine, exact_weights
from theodolite.relu._regions import Prefixes, Regions

__all__ = ["LowerPointError", "Prover"]

_CLEAR = 1e-7
"""Bounds that floats put below the minimum by less than this share are computed exactly, to be sure."""


class LowerPointError(TheodoliteError):
    """A region was found whose best fit is lower than the minimum that was to be certified."""


@dataclass
class Prover:
    """Builds the trees of one certificate; ``sse`` is the claimed minimum, ``report`` is told how many nodes there are."""

    regions: Regions
    sse: Fraction
    report: Callable[[int], None] = lambda count: None
    nodes: int = 0

    def trees(self) -> list[dict[str, Any]]:
        """Return one tree for each choice of output signs, up to the order of neurons."""
        root = self.regions.root()
        return [self._node(signs, root) for signs in self.regions.output_signs()]

    def count(self, most: int) -> int:
        """Return how many leaves the trees will have, as floats see it, or ``most`` if they have more."""
        total = 0
        for signs in self.regions.output_signs():
            left = [self.regions.root()]
            while left and total < most:
                prefixes = left.pop()
                if self.regions.empty(prefixes) is not None or self._high(self.regions.bound(signs, prefixes)[0]):
                    total += 1
                elif self.regions.whole(prefixes):
                    raise _lower(signs)
                else:
                    left.extend(self.regions.children(signs, prefixes))
        return total

    def _high(self, bound: float) -> bool:
        return bound >= float(self.sse) * (1 - _CLEAR)

    def _node(self, signs: tuple[int, ...], prefixes: Prefixes) -> dict[str, Any]:
        self.nodes += 1
        if self.nodes % 64 == 0:
            self.report(self.nodes)
        regions = self.regions
        j = regions.empty(prefixes)
        if j is not None:
            return {"empty": [j, self._farkas(prefixes[j])]}
        bound, guess = regions.bound(signs, prefixes)
        node = self._bound(signs, prefixes, guess) if self._high(bound) else None
        if node is not None:
            return node
        if regions.whole(prefixes):
            raise _lower(signs)
        return {"children": [self._node(signs, child) for child in regions.children(signs, prefixes)]}

    def _bound(self, signs: tuple[int, ...], prefixes: Prefixes, guess: Array) -> dict[str, Any] | None:
        """Return the leaf that bounds a region, ``None`` if the region goes below the minimum after all."""
        regions, depth = self.regions, len(prefixes[0])
        columns, targets = regions.columns(signs, prefixes), regions.targets[:depth]
        nu = columns @ exact_weights(columns, regions.free, targets, guess) - targets if columns.size else -targets
        if sum(entry * entry for entry in nu) < self.sse:
            return None
        multipliers = []
        rows = np.array(regions.rows[:depth], dtype=object).reshape(depth, regions.problem.width)
        for sign, prefix in zip(signs, prefixes, strict=True):
            sides = np.array(prefix, dtype=object)
            present = [i for i in range(depth) if prefix[i]]
            pull = np.asarray((sign * regions.slopes(prefix) * nu)[present] @ rows[present])
            found = combine((sides[:, None] * rows)[present], pull)
            assert found is not None, "the residual of a best fit is in the dual cone"
            full = [Fraction(0)] * depth
            for place, weight in found.items():
                full[present[place]] = weight
            multipliers.append(full)
        return {"bound": _over_one_denominator(list(nu), multipliers)}

    def _farkas(self, prefix: tuple[int, ...]) -> list[int]:
        """Return multipliers that prove that no weights have these signs strictly."""
        depth = next(k for k in range(1, len(prefix) + 1) if self.regions.cone(prefix[:k]) is None)
        turned = [tuple(side * entry for entry in row) for side, row in zip(prefix, self.regions.rows, strict=False)]
        present = [i for i in range(depth - 1) if prefix[i]]
        vectors = np.array([turned[i] for i in present], dtype=object).reshape(len(present), self.regions.problem.width)
        against = np.array([-Fraction(entry) for entry in turned[depth - 1]], dtype=object)
        found = combine(vectors, against)
        assert found is not None, "a row that is nowhere positive is in the dual cone"
        common = lcm(*(weight.denominator for weight in found.values())) if found else 1
        full = [0] * len(prefix)
        full[depth - 1] = common
        for place, weight in found.items():
            full[present[place]] = int(weight * common)
        return full


def _lower(signs: tuple[int, ...]) -> LowerPointError:
    return LowerPointError(
        "The minimum that was to be certified is not the lowest",
        cause=f"a region of parameter space with the output signs {signs} goes below it",
    )


def _over_one_denominator(nu: list[Fraction], multipliers: list[list[Fraction]]) -> list[Any]:
    """Return the numbers of a bound over their common denominator."""
    common = lcm(*(entry.denominator for part in (nu, *multipliers) for entry in part))
    return [common, *([int(entry * common) for entry in part] for part in (nu, *multipliers))]
