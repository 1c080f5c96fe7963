r"""From the solutions on one support to its row: dimension, index and nullity over all strata, in closed form.

A stratum with neurons j on faces F_j of dimension d_j, output weights not 0 for j in A, has the dimension
:math:`\sum_{j \in A} (d_j + 1) + \sum_{j \notin A} d_j - \operatorname{rank} B`, plus 1 for an output bias: weights move in
their faces, output weights with them, and the fit takes away the rank of its columns B. Neurons of a saddle along which the
loss falls lie on a hyperplane through their cell, which takes away 1 more each.
"""

from __future__ import annotations

from collections.abc import Iterable

from theodolite._critical import CriticalSet
from theodolite._kind import Kind
from theodolite._table import Table
from theodolite.relu._keys import Key, Sort
from theodolite.relu._patterns import Patterns
from theodolite.relu._supports import Solution
from theodolite.relu._tables import evidence, loss_of

__all__ = ["minimum_rows"]


def minimum_rows(patterns: Patterns, hidden: int, solutions: Iterable[Solution], boundary: bool) -> Table:
    """Return one row for each support of local minima."""
    return Table.of([_minimum(patterns, hidden, solution, boundary) for solution in solutions])


def key_of(patterns: Patterns, sort: Sort, solution: Solution) -> bytes:
    """Return the key of the row of a solution."""
    neurons = tuple((sign, patterns.signs[face].tobytes()) for face, sign in solution.support.pairs)
    return Key(sort, neurons).packed(patterns.problem)


def _minimum(patterns: Patterns, hidden: int, solution: Solution, boundary: bool) -> CriticalSet:
    sort = Sort.MINIMUM if solution.decided else Sort.MAYBE_MINIMUM
    low, nullity = _nullities(patterns, hidden, solution)
    index = 0 if solution.decided else None
    return CriticalSet(
        value=loss_of(patterns.problem, solution.sse),
        kind=Kind.LOCAL_MINIMUM if solution.decided else Kind.UNDECIDED,
        index=index,
        nullity=nullity if solution.decided else None,
        dimension=_dimension(patterns, hidden, solution),
        label="",
        evidence=evidence(patterns.problem, boundary, solution.margin),
        index_range=(0, 0) if solution.decided else None,
        nullity_range=(low, nullity) if solution.decided and low is not None and nullity is not None else None,
        ranges_exact=low == nullity,
        key=key_of(patterns, sort, solution),
    )


def _dimension(patterns: Patterns, hidden: int, solution: Solution) -> int:
    """Return the dimension of the largest stratum."""
    dims = patterns.dimensions
    active = [int(dims[face]) + 1 for face, _ in solution.support.pairs]
    spare = hidden - len(active)
    best = max([*active, *(int(dims[face]) for face in solution.zeros)], default=0)
    return sum(active) + spare * best + int(patterns.problem.offset) - solution.rank


def _nullities(patterns: Patterns, hidden: int, solution: Solution) -> tuple[int | None, int | None]:
    """Return a lower bound on the nullity over all strata with a Hessian, and the nullity of a generic one of them."""
    pairs, cells = solution.support.pairs, patterns.cells
    idle = [face for face in solution.zeros if face < cells]
    if any(face >= cells for face, _ in pairs) or (not pairs and not idle):
        return None, None
    problem = patterns.problem
    parameters = hidden * (problem.width + 1) + int(problem.offset)
    extra = hidden - len(pairs) if idle and any(patterns.columns(face).any() for face in idle) else 0
    highest = min(problem.samples, solution.rank + extra)
    if pairs or not extra:
        return parameters - highest, parameters - solution.rank
    return parameters - highest, None
