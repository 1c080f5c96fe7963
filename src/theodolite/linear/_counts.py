"""Index, nullity and dimension at every critical point of a shallow linear network, in integers.

A family is a vector ``taken``: how many directions p_i of each eigenspace of Sigma the network reproduces. Its strata are
labelled by two more integers: ``outer`` (p0: directions that W2 has but W1 does not feed) and ``inner`` (q: directions that
W1 has but W2 does not read). Every function takes families as rows of integers and answers for all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import comb
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Integer

from theodolite._errors import DataError
from theodolite._typing import Array

__all__ = ["Counts", "Generic", "selections_by_size"]

Taken = Integer[np.ndarray, "rows k"]
Numbers = Int[np.ndarray, " rows"]


class Generic(NamedTuple):
    """The stratum of largest dimension of each family: its label, dimension and nullity, and whether it is the only one.

    Where two strata share the largest dimension (``unique`` is false) the one with more ``outer`` is given. The other one
    has ``outer`` and ``inner`` one lower and one higher; its dimension and nullity are the same.
    """

    outer: Array
    inner: Array
    dimension: Array
    nullity: Array
    unique: Array


def selections_by_size(multiplicities: Sequence[int], cap: int) -> list[int]:
    """Return how many vectors 0 <= p_i <= multiplicities[i] have sum s, for s = 0, 1, ..., cap (entries beyond are absent).

    These are the coefficients of prod_i (1 + z + ... + z^m_i), as Python integers of any size.

    >>> selections_by_size((1, 2, 1), 2)
    [1, 3, 4]
    """
    cap = min(cap, sum(multiplicities))
    simple = sum(m == 1 for m in multiplicities)
    counts = [comb(simple, s) for s in range(cap + 1)]
    for m in multiplicities:
        if m > 1:  # times (1 - z^(m+1)) / (1 - z): a sum over a window of m + 1 entries
            sums = list(accumulate(counts))
            counts = [sums[s] - (sums[s - m - 1] if s > m else 0) for s in range(cap + 1)]
    return counts


@dataclass(frozen=True)
class Counts:
    """The integers that decide everything but values: the shape of the network and of Sigma = M M'.

    ``multiplicities`` are those of the positive eigenvalues of Sigma, largest eigenvalue first; ``input_rank`` is rank X.
    The loss is 1/2 ||W2 W1 X - Y||^2 (columns are samples); another reduction changes none of these numbers.
    Raises ``DataError`` where sizes contradict each other or a result could leave 64-bit integers.
    """

    multiplicities: tuple[int, ...]
    hidden: int
    inputs: int
    outputs: int
    input_rank: int

    def __post_init__(self) -> None:
        if not (self.rank <= self.outputs and self.rank <= self.input_rank <= self.inputs and self.hidden >= 0):
            raise DataError(f"Impossible sizes: {self}", cause="rank Sigma <= rank X <= inputs, rank Sigma <= outputs")
        largest = self.hidden + self.inputs + self.outputs
        if 4 * largest * largest >= 2**63:  # every formula below is a sum of few products of sizes, within this bound
            raise DataError(f"A network of sizes {self.inputs}-{self.hidden}-{self.outputs} is beyond 64-bit integers")

    @cached_property
    def rank(self) -> int:
        """The rank of Sigma: how many units can be productive."""
        return sum(self.multiplicities)

    @property
    def outer_room(self) -> int:
        """The dimension of ker Sigma in the outputs: the most that ``outer`` can be."""
        return self.outputs - self.rank

    @property
    def inner_room(self) -> int:
        """The dimension of the inputs' span that the regression map ignores: the most that ``inner`` can be."""
        return self.input_rank - self.rank

    def size(self, taken: Taken) -> Numbers:
        """Return s, how many hidden units are productive: rank(W2 W1 X)."""
        total: Array = taken.sum(axis=1, dtype=np.int64)
        return total

    def index(self, taken: Taken) -> Numbers:
        """Return the number of negative Hessian eigenvalues, the same at every point of a family.

        index = sum over a of p_a * (number of untaken directions with a larger eigenvalue) + (hidden - s)(rank - s).
        """
        s = self.size(taken)
        unused: Array = (self.hidden - s) * (self.rank - s)
        return self.rotations(taken) + unused

    def rotations(self, taken: Taken) -> Numbers:
        """Return the number of pairs of a taken direction and an untaken one with a larger eigenvalue."""
        left = self._multiplicity_row - taken
        above = np.cumsum(left, axis=1) - left
        rotations: Array = np.einsum("ij,ij->i", taken.astype(np.int64), above)
        return rotations

    def stratum_dimension(self, taken: Taken, outer: Array | int, inner: Array | int) -> Numbers:
        """Return the dimension of the strata labelled (outer, inner), one for each family."""
        return self._dimension(self.hidden - self.size(taken), self.turns(taken), outer, inner)

    def stratum_nullity(self, taken: Taken, outer: Array | int, inner: Array | int) -> Numbers:
        """Return the dimension of the kernel of the Hessian on those strata."""
        return self._nullity(self.hidden - self.size(taken), self.turns(taken), outer, inner)

    def nullity_range(self, taken: Taken) -> tuple[Numbers, Numbers]:
        """Return the smallest and the largest nullity over all strata of each family, exactly."""
        # With x = outer_room - outer and y = inner_room - inner, nullity = constant + x*y. The largest x*y is at
        # outer = inner = 0. The smallest is at an end of the line outer + inner = spare, where x*y is concave, or 0 once
        # one of the rooms can be used up.
        spare = self.hidden - self.size(taken)
        a, b = self.outer_room, self.inner_room
        high = self._nullity(spare, self.turns(taken), 0, 0)
        smallest = np.minimum(np.maximum(a - spare, 0) * b, np.maximum(b - spare, 0) * a)
        return high - a * b + smallest, high

    def generic(self, taken: Taken) -> Generic:
        """Return the stratum of largest dimension of each family.

        It is the only one except where spare = hidden - s is below outer_room + inner_room, the two have different parity,
        and both ways of rounding are possible: then two strata tie, with equal dimension and nullity.
        """
        # dimension = constant - x^2 - x*y - y^2 + excess*(x + y) with excess = outer_room + inner_room - spare and
        # x + y >= excess: for excess <= 0 the maximum is x = y = 0, else it lies on x + y = excess with x, y balanced.
        # Both are points without idle units or without room for them, so that the nullity is the dimension.
        spare = self.hidden - self.size(taken)
        a, b = self.outer_room, self.inner_room
        excess = np.maximum(a + b - spare, 0)
        low, high = np.maximum(excess - b, 0), np.minimum(a, excess)
        x = np.clip(excess // 2, low, high)
        unique = (excess % 2 == 0) | (excess // 2 < low) | (excess // 2 + 1 > high)
        outer, inner = a - x, b - (excess - x)
        dimension = self._dimension(spare, self.turns(taken), outer, inner)
        return Generic(outer, inner, dimension, dimension, unique)

    def strata(self, taken: Sequence[int] | Array) -> Iterator[tuple[int, int]]:
        """Yield the labels (outer, inner) of the strata of one family, the one in the closure of all others first."""
        spare = self.hidden - sum(int(p) for p in taken)
        for outer in range(min(self.outer_room, spare) + 1):
            for inner in range(min(self.inner_room, spare - outer) + 1):
                yield outer, inner

    def strata_of_size(self, size: int) -> int:
        """Return how many strata a family with this many productive units has."""
        spare = self.hidden - size
        a, b = self.outer_room, self.inner_room
        return _corner(spare) - _corner(spare - a - 1) - _corner(spare - b - 1) + _corner(spare - a - b - 2)

    def count_strata(self) -> int:
        """Return how many strata all families have together, without listing them."""
        families = selections_by_size(self.multiplicities, self.hidden)
        return sum(count * self.strata_of_size(s) for s, count in enumerate(families))

    def components(self, taken: Taken) -> Numbers:
        """Return how many connected pieces each family is: 2 where every unit is productive and no eigenspace is split.

        The two pieces are told apart by the sign of det(U' W2), with U the taken eigenvectors.
        """
        rigid = (self.size(taken) == self.hidden) & (self.turns(taken) == 0) & (self.hidden > 0)
        return np.where(rigid, 2, 1)

    @cached_property
    def _multiplicity_row(self) -> Array:
        return np.array(self.multiplicities, dtype=np.int64).reshape(1, -1)

    def _dimension(self, spare: Array, turns: Array, outer: Array | int, inner: Array | int) -> Array:
        unseen = self.hidden * (self.inputs - self.input_rank)  # W1 on inputs that no sample has
        hidden_bases = self.hidden**2 - (spare - inner) * (spare - outer)
        dimension: Array = (
            hidden_bases + turns + outer * (self.outer_room - outer) + inner * (self.inner_room - inner) + unseen
        )
        return dimension

    def _nullity(self, spare: Array, turns: Array, outer: Array | int, inner: Array | int) -> Array:
        room = (self.outer_room - outer) + (self.inner_room - inner)
        return self._dimension(spare, turns, outer, inner) + (spare - outer - inner) * room

    def turns(self, taken: Taken) -> Array:
        """Return the dimension of the choices of subspaces within eigenspaces."""
        wide = self._multiplicity_row[0] > 1
        p = taken[:, wide].astype(np.int64)
        turns: Array = (p * (self._multiplicity_row[:, wide] - p)).sum(axis=1)
        return turns


def _corner(n: int) -> int:
    """Return the number of pairs of nonnegative integers with sum at most n."""
    return (n + 1) * (n + 2) // 2 if n >= 0 else 0
